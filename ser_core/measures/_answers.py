"""What measures on tables read: the answers to whole clips, one for each rater and clip, and their groups and languages.

Of a clip that somebody heard again the first hearing counts, since the second one knows the first. A posterior counts as
its most probable label. ``cannot_say`` is an answer like any other, unless a measure says that it leaves it out. Raters of
type truth are no raters here.

A person whose answers have weights below 1 is no listener, but the votes of many together (as CREMA-D publishes them): who
agrees with whom cannot be told from them, so that measures of single listeners leave such a rater out and say so. Raters
made of a paper's counts (``published_counts``) answered no single clip and are left out of every measure here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.counting import described, judgements
from ser_core.emotions import in_order
from ser_core.ratings import Tables, decide
from ser_core.statistics import bootstrap, drawn_values
from ser_core.tables import PUBLISHED_COUNTS

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
_WHO = ["rater_type", "group"]
POOLED = "not defined: its raters are the votes of many people together, who cannot be told apart"


def first_hearings(tables: Tables) -> pd.DataFrame:
    """Rows of ratings of whole clips at the first hearing, in one order; posteriors have a row for each label.

    Columns of the ratings table and ``group, rater_type, language, corpus, truth, pooled`` (the votes of many together).
    """
    rows = tables.ratings[tables.ratings["start_s"].isna()]
    rows = described(rows, tables)
    rows = rows[(rows["rater_type"] != "truth") & ~rows["rater"].isin(_printed(tables))].assign(
        _length=rows["repeat"].str.len()
    )
    rows = rows.sort_values([*_WHO, "rater", "stimulus", "_length", "repeat", "label"], ignore_index=True)
    first = rows.groupby(["rater", "stimulus"])["repeat"].transform("first")
    pooled = (rows["rater_type"] == "human") & (rows["weight"] < 1)
    rows = rows.assign(pooled=pooled.groupby(rows["rater"]).transform("any"))
    return rows[rows["repeat"] == first].drop(columns="_length").reset_index(drop=True)


def _printed(tables: Tables) -> pd.Series:
    """Raters that stand for all whose counts a paper prints: of nobody's single answers to single clips."""
    raters = tables.raters
    return raters.loc[raters[PUBLISHED_COUNTS] != "", "rater"] if PUBLISHED_COUNTS in raters else raters["rater"].iloc[:0]


def answers(tables: Tables) -> pd.DataFrame:
    """One row for each rater and clip with the ``label`` that was said; columns as ``first_hearings``."""
    return decide(first_hearings(tables))


def groups(rows: pd.DataFrame, *types: str) -> list[tuple[str, str]]:
    """``(rater_type, group)`` of everybody in ``rows``, of these types if any are named, in their order."""
    found = rows[_WHO].drop_duplicates().sort_values(_WHO).itertuples(index=False, name=None)
    return [(kind, group) for kind, group in found if not types or kind in types]


def of_group(rows: pd.DataFrame, who: tuple[str, str]) -> pd.DataFrame:
    """Rows of one group, or with an empty one of everybody of that type."""
    kind, group = who
    own = rows["rater_type"] == kind
    return rows[own & (rows["group"] == group)] if group else rows[own]


def by_language(rows: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """Rows of all languages, and of each where there are several, with the languages that a result of them stands for.

    >>> [(names, len(part)) for names, part in by_language(pd.DataFrame({"language": ["de", "de"]}))]
    [(('', 'de'), 2)]
    """
    tags = sorted(rows["language"].unique())
    yield ("", *tags) if len(tags) == 1 else ("",), rows
    if len(tags) > 1:
        yield from (((tag,), rows[rows["language"] == tag]) for tag in tags)


def coded(rows: pd.DataFrame) -> bootstrap.Judgements:
    """Answers as codes, in the order of their rows; who may stand for whom, as ``counting.judgements`` says."""
    names = ("rater", "stimulus", "truth", "label", "language", "group")
    part = np.column_stack([pd.factorize(rows[name], sort=True)[0] for name in names])
    truths, labels = part[:, 2:4].max(axis=0) + 1
    return judgements(part, (int(truths), int(labels)))


def clip_strata(clips: pd.DataFrame) -> Codes:
    """Which clips, one row each, may stand for each other: those of one language and truth."""
    return np.asarray(clips.groupby(["language", "truth"]).ngroup(), dtype=np.int64)


def labels_of(rows: pd.DataFrame) -> list[str]:
    """Every truth and label in ``rows``, in the order of all tables; of clips without a truth the empty one, last."""
    return in_order(set(rows["truth"]) | set(rows["label"]))


def mean_interval(rows: pd.DataFrame, values: Array, *names: str, seed: int, draws: int) -> dict[str, float]:
    """Ends of the interval of the mean of one value for each answer, as columns of a table; none where nothing can vary."""
    said = coded(rows)
    if draws < 1 or not bootstrap.can_vary(said):
        return {}
    return ends(drawn_values.means(said, values, draws=draws, rng=bootstrap.generator(seed, *names)))


def ends(drawn: Array) -> dict[str, float]:
    """The interval of drawn values as the columns of a table."""
    low, high = bootstrap.interval(drawn)
    return {"ci_low": float(low), "ci_high": float(high)}
