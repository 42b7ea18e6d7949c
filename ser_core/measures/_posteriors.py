"""What models were how sure of: the posterior of every clip whose truth is known, reduced to what calibration needs."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from ser_core.measures._answers import by_language, first_hearings, groups, of_group
from ser_core.ratings import Tables

BINS = 10
"""Bins of equal width: confidences above k/10 and up to (k + 1)/10, and 0 with the first."""

NO_POSTERIOR = "not defined: it gives a label without a posterior"
NO_TRUTH = "not defined: no clip that was judged has a known truth"


def judged(tables: Tables) -> Iterator[tuple[dict[str, str], pd.DataFrame, str]]:
    """Of every group of models in every language: its names, its judgements, and why there are none that can be used.

    Judgements have, beside what ``_answers`` gives, ``sure`` (the greatest weight), ``right`` (1.0 or 0.0: whether
    its label is the truth), ``brier`` (of the whole posterior) and ``bin`` (from 0 to ``BINS`` - 1).
    """
    rows = first_hearings(tables)
    for who in groups(rows, "machine"):
        own = of_group(rows, who)
        known = own[own["truth"] != ""]
        said = _reduced(known)
        note = NO_TRUTH if known.empty else NO_POSTERIOR if (said["sure"] == 1).all() else ""
        for languages, part in by_language(said if len(said) else own):
            for tag in languages:
                yield {"group": who[1], "language": tag}, part.iloc[: 0 if note else None], note


def _reduced(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per judgement. Brier: sum_c (q_c - [c is the truth])^2 = sum_c q_c^2 - 2 q_truth + 1."""
    key = ["rater", "stimulus"]
    scored = rows.assign(_squared=rows["weight"] ** 2, _truth=rows["weight"].where(rows["label"] == rows["truth"], 0.0))
    sums = scored.groupby(key)[["_squared", "_truth"]].sum()
    top = rows[rows["decided"]].reset_index(drop=True).rename(columns={"weight": "sure"})
    top["right"] = (top["label"] == top["truth"]).astype(float)
    own = sums.loc[pd.MultiIndex.from_frame(top[key])].reset_index(drop=True) if len(top) else sums.reset_index(drop=True)
    top["brier"] = own["_squared"] - 2 * own["_truth"] + 1
    edges = [n / BINS for n in range(1, BINS)]
    top["bin"] = pd.Series(edges).searchsorted(top["sure"], side="left")
    return top
