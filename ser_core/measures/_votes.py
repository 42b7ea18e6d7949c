"""What clips' listeners have in common, clip by clip and draw by draw: what alpha and Fleiss' kappa are made of.

With k_c the listeners (weighted by how often a draw holds them) who gave label c to a clip, and m of them in all, the clip
has m^2 - sum_i r_i^2 ordered pairs of different listeners, and sum_c (k_c^2 - sum of r_i^2 within c) of them agree: a
listener who is drawn twice makes no pair with himself. Nothing is formed pair by pair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ser_core.measures._answers import POOLED, Array, by_language, coded, ends, groups, of_group
from ser_core.measures._measure import (
    CI_HIGH,
    CI_LOW,
    CLIPS,
    GROUP,
    JUDGEMENTS,
    LANGUAGE,
    NOTE,
    RATER_TYPE,
    RATERS,
    as_table,
    value,
)
from ser_core.statistics import bootstrap
from ser_core.statistics.handy import matrix
from ser_core.tables import Column


@dataclass(frozen=True)
class Votes:
    """Clips that at least two listeners of a draw judged; elsewhere all is 0.

    Attributes:
        often: how often the draw holds the clip, ``[clip, draw]``.
        listeners: ``[clip, draw]``.
        agree: the share of its pairs that agree, ``[clip, draw]``.
        said: how often each label was given, ``[label, draw]``.
    """

    often: Array
    listeners: Array
    agree: Array
    said: Array


def votes(judgements: bootstrap.Judgements) -> Callable[[Array, Array], Votes]:
    """What makes the votes of draws from how often each holds raters, ``[draw, rater]``, and clips, ``[draw, clip]``."""
    from scipy.sparse import csr_array

    cells, cell = np.unique(judgements.clip * judgements.shape[1] + judgements.label, return_inverse=True)
    clip, label = np.divmod(cells, judgements.shape[1])
    raters, clips = len(judgements.rater_stratum), len(judgements.clip_stratum)
    gave = matrix(cell, judgements.rater, (len(cells), raters))
    of_clip = csr_array((np.ones(len(clip)), (clip, np.arange(len(clip)))), shape=(clips, len(clip)))
    of_label = csr_array((np.ones(len(label)), (label, np.arange(len(label)))), shape=(judgements.shape[1], len(label)))

    def drawn(raters: Array, clips: Array) -> Votes:
        number, itself = gave @ raters.T, gave @ (raters**2).T
        listeners, alone = of_clip @ number, of_clip @ itself
        pairs, same = listeners**2 - alone, of_clip @ (number**2 - itself)
        several = pairs > 0
        often = np.where(several, clips.T, 0.0)
        agree = np.divide(same, pairs, out=np.zeros_like(pairs), where=several)
        return Votes(often, np.where(several, listeners, 0.0), agree, of_label @ (number * often[clip]))

    return drawn


def columns(what: str) -> tuple[Column, ...]:
    """Of a measure of agreement within a group."""
    return (GROUP, RATER_TYPE, LANGUAGE, value(what), CI_LOW, CI_HIGH, RATERS, CLIPS, JUDGEMENTS, NOTE)


Used = Callable[[pd.DataFrame], tuple[pd.DataFrame, str]]
"""Answers of one group in one language -> those that the measure can use, and what to note of them or why there are none."""


def table(
    rows: pd.DataFrame,
    formula: Callable[[Votes], Array],
    used: Used,
    *,
    declared: tuple[Column, ...],
    seed: int,
    draws: int,
    name: str,
) -> pd.DataFrame:
    """Agreement within each group, and among all of one type where it has several groups, in each language and over all."""
    found = groups(rows)
    together = [(kind, "") for kind in ("human", "machine") if sum(k == kind for k, _ in found) > 1]
    made: list[dict[str, Any]] = []
    for who in sorted([*found, *together]):
        for languages, part in by_language(of_group(rows, who)):
            kept, note = used(part[~part["pooled"]])
            note = POOLED if part["pooled"].all() else note
            result: dict[str, Any] = {
                "raters": kept["rater"].nunique(),
                "clips": kept["stimulus"].nunique(),
                "judgements": len(kept),
            }
            result |= {"note": note} if kept.empty else _result(kept, formula, (name, *who), seed=seed, draws=draws)
            result["note"] = result.get("note") or note
            made += [{"rater_type": who[0], "group": who[1], "language": tag, **result} for tag in languages]
    return as_table(declared, made)


def _result(
    rows: pd.DataFrame, formula: Callable[[Votes], Array], names: tuple[str, ...], *, seed: int, draws: int
) -> dict[str, Any]:
    if rows["label"].nunique() == 1:
        return {"note": "not defined: all answers are the same, so nothing tells agreement from chance"}
    judgements = coded(rows)
    raters, clips = len(judgements.rater_stratum), len(judgements.clip_stratum)
    counted = votes(judgements)
    whole = formula(counted(np.ones((1, raters)), np.ones((1, clips))))
    found = {"value": float(whole[0])}
    if draws and bootstrap.can_vary(judgements):
        rng = bootstrap.generator(seed, *names, *sorted(rows["language"].unique()))
        r, c = bootstrap.all_crossed(judgements, draws=draws, rng=rng, width=raters + 3 * len(rows))
        parts = bootstrap.chunks(draws, raters + 3 * min(len(rows), clips * judgements.shape[1]))
        found |= ends(np.concatenate([formula(counted(r[part], c[part])) for part in parts]))
    return found
