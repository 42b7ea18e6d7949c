"""Fleiss' kappa: how far listeners agree on labels beyond chance, on the clips that every one of them heard.

    kappa = (P - P_e) / (1 - P_e),    P = mean over clips of the share of pairs of listeners who agree,    P_e = sum_c p_c^2

with p_c the share of label c among all answers. 1 is perfect agreement, 0 what chance gives, -1 / (m - 1) the least that m
listeners can reach. It needs the same number of answers to each clip: clips that not every rater of the group judged are
left out, and ``note`` says how many; where that leaves few, read Krippendorff's alpha.

Source: J. L. Fleiss, Measuring nominal scale agreement among many raters, Psychological Bulletin 76, 1971.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ser_core.measures import _votes
from ser_core.measures._answers import Array, answers
from ser_core.measures._measure import TableMeasure
from ser_core.metrics._confusion import share
from ser_core.ratings import Tables

COLUMNS = _votes.columns("kappa, from -1 to 1; 0 is chance")


def kappa(votes: _votes.Votes) -> Array:
    """Kappa of each draw, ``[draw]``; NaN where all its answers are the same."""
    clips, answered = votes.often.sum(axis=0), votes.said.sum(axis=0)
    agree = share((votes.often * votes.agree).sum(axis=0), clips)
    chance = share((votes.said**2).sum(axis=0), answered**2)
    return share(agree - chance, np.where(chance < 1 - 1e-12, 1 - chance, 0.0))  # 0 where it is unknown, too


def _used(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    raters, clips = rows["rater"].nunique(), rows["stimulus"].nunique()
    kept = rows[rows.groupby("stimulus")["rater"].transform("size") == raters]
    left = clips - kept["stimulus"].nunique()
    if raters < 2:
        return kept.iloc[:0], "not defined: there is one rater"
    if kept.empty:
        return kept, f"not defined: none of {clips:,} clips was judged by all {raters:,} raters; see Krippendorff's alpha"
    if kept["stimulus"].nunique() == 1:
        return kept.iloc[:0], "not defined: a single clip was judged by all raters"
    return kept, f"{left:,} of {clips:,} clips left out, which not every rater judged" if left else ""


def _table(tables: Tables, *, seed: int = 0, draws: int = 1000) -> pd.DataFrame:
    return _votes.table(answers(tables), kappa, _used, declared=COLUMNS, seed=seed, draws=draws, name="fleiss_kappa")


MEASURE = TableMeasure(
    title="Fleiss' kappa",
    help="agreement of raters on labels beyond chance, on the clips that every one of them heard",
    bounds=(-1, 1),
    source="J. L. Fleiss, Psychological Bulletin 76, 1971",
    columns=COLUMNS,
    table=_table,
)
