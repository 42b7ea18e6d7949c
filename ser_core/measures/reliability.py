"""Reliability: how often a model is right in the clips of which it is so and so sure, bin by bin.

The greatest posteriors fall into 10 bins of equal width; ``value`` is the share of right answers in a bin and ``confidence``
the mean posterior there. Below the diagonal (``value`` < ``confidence``) a model is too sure. Bins without a clip have no
row.

Source: M. H. DeGroot, S. E. Fienberg, The comparison and evaluation of forecasters, The Statistician 32, 1983.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from ser_core.measures._answers import mean_interval
from ser_core.measures._measure import (
    CI_HIGH,
    CI_LOW,
    CLIPS,
    JUDGEMENTS,
    LANGUAGE,
    NOTE,
    TableMeasure,
    as_table,
    value,
)
from ser_core.measures._posteriors import BINS, judged
from ser_core.ratings import Tables
from ser_core.tables import Column

COLUMNS = (
    Column("group", "the models"), LANGUAGE,
    Column("low", "the greatest posterior is more than this (in the first bin, or equal)", "number"),
    Column("high", "and at most this", "number"),
    value("share of right answers, from 0 to 1"), CI_LOW, CI_HIGH,
    Column("confidence", "mean of the greatest posteriors", "number"), CLIPS, JUDGEMENTS, NOTE,
)  # fmt: skip


def _table(tables: Tables, *, seed: int = 0, draws: int = 1000) -> pd.DataFrame:
    made: list[dict[str, Any]] = []
    for names, said, note in judged(tables):
        if not len(said):
            made.append({**names, "clips": 0, "judgements": 0, "note": note})
        for n in sorted(said["bin"].unique()):
            part = said[said["bin"] == n]
            row = {**names, "low": n / BINS, "high": (n + 1) / BINS}
            row |= {"value": part["right"].mean(), "confidence": part["sure"].mean()}
            row |= {"clips": part["stimulus"].nunique(), "judgements": len(part)}
            who = ("reliability", names["group"], str(n), *sorted(part["language"].unique()))
            made.append(row | mean_interval(part, part["right"].to_numpy(), *who, seed=seed, draws=draws))
    return as_table(COLUMNS, made)


MEASURE = TableMeasure(
    title="Reliability",
    help="how often models are right in the clips of which they are so and so sure",
    bounds=(0, 1),
    source="M. H. DeGroot, S. E. Fienberg, The Statistician 32, 1983",
    columns=COLUMNS,
    table=_table,
)
