"""Calibration: whether a model is right as often as its posterior says.

    ece   = sum_b (n_b / n) |accuracy_b - confidence_b|,    over 10 bins of equal width of the greatest posterior
    brier = mean over judgements of sum_c (q_c - [c is the truth])^2

with confidence_b the mean of the greatest posteriors in bin b and accuracy_b the share of them that are right; the bins
themselves stand in ``reliability.csv``. ``ece`` is 0 for a model that is right in 70 % of the clips of which it is 70 %
sure, and so on; ``brier`` is 0 for certainty of the truth and 2 for certainty of another label, and falls with better
discrimination too. A truth that the model does not know counts as a posterior of 0.

What misleads: ``ece`` is too great where bins hold few clips, and depends on their number; it has no interval, since every
draw of a bootstrap would be too great once more. Compare models on the same clips.

Sources: M. P. Naeini, G. F. Cooper, M. Hauskrecht, Obtaining well calibrated probabilities using Bayesian binning, AAAI
2015. G. W. Brier, Verification of forecasts expressed in terms of probability, Monthly Weather Review 78, 1950.
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
    RATERS,
    TableMeasure,
    as_table,
    value,
)
from ser_core.measures._posteriors import judged
from ser_core.ratings import Tables
from ser_core.tables import Column

COLUMNS = (
    Column("metric", "ece or brier"), Column("group", "the models"), LANGUAGE,
    value("ece from 0 to 1, brier from 0 to 2; 0 is best"), CI_LOW, CI_HIGH,
    Column("accuracy", "share of right answers", "number"),
    Column("confidence", "mean of the greatest posteriors; above accuracy, the model is too sure", "number"),
    RATERS, CLIPS, JUDGEMENTS, NOTE,
)  # fmt: skip


def ece(said: pd.DataFrame) -> float:
    """Expected calibration error of judgements with ``bin``, ``sure`` and ``right``.

    >>> ece(pd.DataFrame({"bin": [9, 9, 5, 5], "sure": [0.95, 0.95, 0.6, 0.6], "right": [1.0, 1.0, 1.0, 0.0]}))
    0.075
    """
    bins = said.groupby("bin")
    gaps = (bins["right"].mean() - bins["sure"].mean()).abs() * bins.size()
    return round(float(gaps.sum()) / len(said), 15)  # the last digit depends on the order of the rows


def _table(tables: Tables, *, seed: int = 0, draws: int = 1000) -> pd.DataFrame:
    made: list[dict[str, Any]] = []
    for names, said, note in judged(tables):
        shared = {**names, "note": note, "judgements": len(said)}
        shared |= {"raters": said["rater"].nunique(), "clips": said["stimulus"].nunique()}
        for metric in ("ece", "brier"):
            row: dict[str, Any] = {"metric": metric, **shared}
            if len(said):
                row |= {"accuracy": said["right"].mean(), "confidence": said["sure"].mean()}
                row["value"] = ece(said) if metric == "ece" else said["brier"].mean()
            if len(said) and metric == "brier":
                who = ("calibration", names["group"], *sorted(said["language"].unique()))
                row |= mean_interval(said, said["brier"].to_numpy(), *who, seed=seed, draws=draws)
            made.append(row)
    return as_table(COLUMNS, made)


MEASURE = TableMeasure(
    title="Calibration",
    help="whether models are right as often as their posteriors say",
    bounds=(0, 2),
    source="M. P. Naeini, G. F. Cooper, M. Hauskrecht, AAAI 2015; G. W. Brier, Monthly Weather Review 78, 1950",
    columns=COLUMNS,
    table=_table,
)
