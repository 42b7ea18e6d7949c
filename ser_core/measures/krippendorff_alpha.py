"""Krippendorff's alpha: how far listeners agree on labels beyond chance, where each has heard only some of the clips.

    alpha = 1 - D_o / D_e,    D_o = (1/n) sum_u m_u (1 - agree_u),    D_e = sum_{c != k} n_c n_k / (n (n - 1))

over the clips u that at least two listeners judged: m_u answers each, n together, n_c of them label c, and agree_u the share
of the pairs of listeners of the clip who agree. 1 is perfect agreement, 0 what chance gives, less is worse than chance; -1
is the limit of two listeners who never agree. Labels are names without an order (nominal).

Clips that one listener heard say nothing of agreement and are left out. The first to be read where listeners heard
different clips: Fleiss' kappa must leave out all that not everybody heard.

Source: K. Krippendorff, Content Analysis, 4th ed., 2018, chapter 12. A. F. Hayes, K. Krippendorff, Communication Methods and
Measures 1, 2007.
"""

from __future__ import annotations

import pandas as pd

from ser_core.measures import _votes
from ser_core.measures._answers import Array, answers
from ser_core.measures._measure import TableMeasure
from ser_core.metrics._confusion import share
from ser_core.ratings import Tables

COLUMNS = _votes.columns("alpha of nominal labels, at most 1; 0 is chance")


def alpha(votes: _votes.Votes) -> Array:
    """Alpha of each draw, ``[draw]``; NaN where all its answers are the same."""
    n = votes.said.sum(axis=0)
    differ = (votes.often * votes.listeners * (1 - votes.agree)).sum(axis=0)
    unlike = n**2 - (votes.said**2).sum(axis=0)
    return 1 - share(differ * (n - 1), unlike)


def _used(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    heard = rows.groupby("stimulus")["rater"].transform("size")
    kept = rows[heard > 1]
    if kept.empty:
        return kept, "not defined: no clip was judged by two raters"
    if kept["stimulus"].nunique() == 1:
        return kept.iloc[:0], "not defined: of a single clip, agreement and what chance gives are the same"
    return kept, ""


def _table(tables: Tables, *, seed: int = 0, draws: int = 1000) -> pd.DataFrame:
    return _votes.table(answers(tables), alpha, _used, declared=COLUMNS, seed=seed, draws=draws, name="krippendorff_alpha")


MEASURE = TableMeasure(
    title="Krippendorff's alpha",
    help="agreement of raters on labels beyond chance, whichever clips each has heard",
    bounds=(-1, 1),
    source="K. Krippendorff, Content Analysis, 4th ed., 2018, chapter 12",
    columns=COLUMNS,
    table=_table,
)
