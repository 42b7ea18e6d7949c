"""Cohen's kappa: how far two raters agree on labels beyond chance, among people, among models, and between them.

    kappa = (p_o - p_e) / (1 - p_e),    p_e = sum_c p_c q_c

of two raters on the clips that both judged (``p_o`` the share with the same label, p_c and q_c the shares of label c of
either). 1 is perfect agreement, 0 what chance gives, less is worse. Two kinds of rows:

``raters``: the mean over pairs of one rater of each group, or of two raters of one group; pairs with fewer than 10 clips in
common are left out. ``votes``: of the two groups as one rater each, by the most frequent label of each clip; clips where two
labels tie are left out.

Source: J. Cohen, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20, 1960. R. J.
Light, Psychological Bulletin 76, 1971 (the mean over pairs).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement
from typing import Any

import pandas as pd

from ser_core.measures import _pairs
from ser_core.measures._answers import POOLED, answers, by_language, groups, of_group
from ser_core.measures._measure import AGAINST, AGAINST_TYPE, GROUP, LANGUAGE, RATER_TYPE, TableMeasure, as_table
from ser_core.ratings import Tables
from ser_core.tables import Column

KIND = Column("kind", "raters: mean over pairs of raters; votes: of the most frequent labels of two groups")
COLUMNS = (KIND, GROUP, RATER_TYPE, AGAINST, AGAINST_TYPE, LANGUAGE, *_pairs.columns("kappa, from -1 to 1; 0 is chance"))


def of_groups(rows: pd.DataFrame, name: str, *, seed: int, draws: int) -> Iterator[dict[str, Any]]:
    """Mean kappa of every two groups and of each with itself, in each language and over all."""
    for one, other in combinations_with_replacement(groups(rows), 2):
        both = pd.concat([of_group(rows, one).assign(side=0), of_group(rows, other).assign(side=1)][: 1 + (one != other)])
        for languages, part in by_language(both):
            if part["pooled"].any():
                found: dict[str, Any] = {"pairs": 0, "undefined": 0, "clips": 0, "note": POOLED}
            else:
                found = _pairs.mean_kappa(part, (name, *one, *other), own=one == other, seed=seed, draws=draws)
            who = {"rater_type": one[0], "group": one[1], "against_type": other[0], "against": other[1]}
            yield from ({**who, "language": tag, **found} for tag in languages)


def _majorities(rows: pd.DataFrame) -> pd.DataFrame:
    """Each group as one rater, with its most frequent label of each clip that has one."""
    key = ["rater_type", "group", "stimulus"]
    counts = rows.groupby([*key, "language", "truth", "label"]).size().rename("_count").reset_index()
    counts["pooled"] = False  # votes are what is wanted here
    counts["rater"] = counts["rater_type"].astype("str") + " " + counts["group"].astype("str")
    top = counts[counts["_count"] == counts.groupby(key)["_count"].transform("max")]
    return top[~top.duplicated(key, keep=False)]


def _table(tables: Tables, *, seed: int = 0, draws: int = 1000) -> pd.DataFrame:
    rows = answers(tables)
    raters = of_groups(rows, "cohen_kappa", seed=seed, draws=draws)
    votes = of_groups(_majorities(rows), "cohen_kappa votes", seed=seed, draws=draws)
    made = [{"kind": "raters", **row} for row in raters]
    made += [{"kind": "votes", **row} for row in votes if row["group"] != row["against"]]
    return as_table(COLUMNS, made)


MEASURE = TableMeasure(
    title="Cohen's kappa",
    help="agreement of pairs of raters on labels beyond chance, and of the votes of two groups",
    bounds=(-1, 1),
    source="J. Cohen, Educational and Psychological Measurement 20, 1960",
    columns=COLUMNS,
    table=_table,
)
