"""Cell by cell, how the confusion tables of two groups differ, and which cells differ by more than chance.

A cell is an emotion spoken and a label given. The unit is a rater: each has the share of their own judgements of this
emotion that fell on this label, and each counts the same. ``value`` is the mean share of group a less that of group b, with
the 95 % interval and the two-sided p value of Welch's t-test. Each matrix (two groups in one language) is a family of
its own, corrected by Holm's method. A single model is one rater: its cells differ or not, but nothing can be tested.

The tests treat the cells of one row as if they were independent, though their shares sum to 1; Holm's bound holds whatever
their dependence. Shares of few judgements are far from normal: ``statistics/welch.py`` says what Welch's test asks for.

Source: B. L. Welch, Biometrika 34, 1947; S. Holm, Scandinavian Journal of Statistics 6, 1979.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.counting import Counted, count
from ser_core.measures._measure import LANGUAGE, NOTE, TableMeasure, as_table, value
from ser_core.metrics._confusion import share
from ser_core.statistics.correction import holm
from ser_core.tables import Column, Tables

COLUMNS = (
    Column("a", "one group"),
    Column("b", "the other"),
    LANGUAGE,
    Column("truth", "the emotion that was asked for"),
    Column("label", "what was answered"),
    value("mean share of group a less that of group b, -1 to 1"),
    Column("mean_a", "mean share of this label among the judgements of this emotion, over the raters of group a", "number"),
    Column("mean_b", "the same of group b", "number"),
    Column("n_a", "raters of group a who judged this emotion", "number"),
    Column("n_b", "the same of group b", "number"),
    Column("t", "Welch's t", "number"),
    Column("df", "its degrees of freedom", "number"),
    Column("p", "two-sided", "number"),
    Column("p_holm", "the same, corrected over the cells of this matrix", "number"),
    Column("ci_low", "lower end of the 95 % interval of the difference, by Welch", "number"),
    Column("ci_high", "upper end", "number"),
    NOTE,
)

Shares = npt.NDArray[np.float64]


def table(tables: Tables, *, seed: int = 0, draws: int = 1000) -> pd.DataFrame:
    """One row for each cell of each two groups in each language and over all of them; no chance in it."""
    counted = count(tables)
    return _of(counted, sorted(set(counted.subjects["language"])))


def in_language(counted: Counted, language: str) -> pd.DataFrame:
    """The rows of ``table`` of one language (empty: of all of them together)."""
    return _of(counted, [language])


def _of(counted: Counted, languages: list[str]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for language, groups in _groups(counted, languages):
        played = counted.played(language)
        for (a, of_a), (b, of_b) in combinations(groups, 2):
            rows += [{"a": a, "b": b, "language": language, **row} for row in _matrix(counted, played, of_a, of_b)]
    return as_table(COLUMNS, rows).astype({"n_a": "int64", "n_b": "int64"})


def _groups(counted: Counted, languages: list[str]) -> Iterator[tuple[str, list[tuple[str, Shares]]]]:
    """Each language with its groups, people's first, and the shares of each of their raters, ``[rater, truth, label]``."""
    who = counted.subjects
    shares = share(counted.counts, counted.counts.sum(axis=-1, keepdims=True))
    single = who[(who["rater"] != "") & (who["corpus"] == "")]
    for language in languages:
        by_group = single[single["language"] == language].groupby(["rater_type", "group"], sort=True)
        yield language, [(str(group), shares[rows.index]) for (_, group), rows in by_group]


def _matrix(counted: Counted, played: npt.NDArray[np.bool_], a: Shares, b: Shares) -> list[dict[str, Any]]:
    rows = []
    for truth in np.flatnonzero(played):
        of_a, of_b = (group[~np.isnan(group[:, truth, 0]), truth] for group in (a, b))  # [rater, label]
        cells = _tests(of_a, of_b)
        named = [{"truth": counted.truths[truth], "label": label} for label in counted.labels]
        rows += [name | cell for name, cell in zip(named, cells, strict=True)]
    corrected = holm([row["p"] for row in rows])
    return [{**row, "p_holm": float(p)} for row, p in zip(rows, corrected, strict=True)]


def _tests(a: Shares, b: Shares) -> list[dict[str, Any]]:
    """Welch's test of every label at once, ``a`` and ``b`` being ``[rater, label]``."""
    sizes = {"n_a": len(a), "n_b": len(b)}
    means = [group.mean(axis=0) if len(group) else np.full(group.shape[1], np.nan) for group in (a, b)]
    described = [{**sizes, "mean_a": x, "mean_b": y, "value": x - y} for x, y in zip(*means, strict=True)]
    few = next((name for name, group in (("a", a), ("b", b)) if len(group) < 2), "")
    if few:
        note = f"not tested: group {few} has {sizes[f'n_{few}']} rater{'s' if sizes[f'n_{few}'] != 1 else ''} here, want 2"
        return [{**cell, "p": math.nan, "note": note} for cell in described]
    from scipy.stats import ttest_ind

    constant = (np.ptp(a, axis=0) == 0) & (np.ptp(b, axis=0) == 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of the constant ones, which are left out below
        result = ttest_ind(a, b, equal_var=False)
        low, high = result.confidence_interval(0.95)
    columns = {"t": result.statistic, "df": result.df, "p": result.pvalue, "ci_low": low, "ci_high": high}
    unknown = {**dict.fromkeys(columns, math.nan), "note": "not tested: no rater differs from their group"}
    return [
        {**cell, **(unknown if constant[n] else {name: float(column[n]) for name, column in columns.items()})}
        for n, cell in enumerate(described)
    ]


MEASURE = TableMeasure(
    title="Difference of confusions",
    help="cell by cell, the share of one group less that of another, and which cells differ by more than chance",
    bounds=(-1, 1),
    source="Welch 1947; Holm 1979",
    columns=COLUMNS,
    table=table,
)
