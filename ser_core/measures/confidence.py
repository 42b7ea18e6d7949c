"""Confidence of people: whether they are surer of their right answers than of their wrong ones.

    value = P(confidence of a right answer > of a wrong one) + P(equal) / 2

over all right and all wrong answers of a group: the area under the type-2 ROC curve. 1 if every right answer was given with
more confidence than every wrong one, 0.5 if confidence tells nothing, less if it misleads. Beside it the mean confidence of
all, right and wrong answers, on the study's scale (from 1, guessed, to 5, certain).

Read from the column ``confidence`` of the ratings, which an export has where listeners were asked; ``cannot_say`` is a wrong
answer. What misleads: listeners who use the scale differently make the value of a group smaller than their mean, and easy
clips among hard ones make it greater.

Source: S. M. Fleming, H. C. Lau, How to measure metacognition, Frontiers in Human Neuroscience 8:443, 2014.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ser_core.measures._answers import Array, answers, by_language, coded, ends, groups, of_group
from ser_core.measures._measure import (
    CI_HIGH,
    CI_LOW,
    CLIPS,
    LANGUAGE,
    NOTE,
    RATERS,
    TableMeasure,
    as_table,
    value,
)
from ser_core.metrics._confusion import share
from ser_core.ratings import Tables
from ser_core.statistics import bootstrap
from ser_core.tables import Column

COLUMNS = (
    Column("group", "the people"), LANGUAGE,
    value("area under the type-2 ROC curve, from 0 to 1; 0.5: confidence tells nothing"),
    CI_LOW, CI_HIGH,
    Column("mean", "mean confidence", "number"), Column("mean_right", "of right answers", "number"),
    Column("mean_wrong", "of wrong answers", "number"),
    RATERS, CLIPS, Column("right", "how many right answers have a confidence", "number"),
    Column("wrong", "how many wrong ones", "number"), Column("without", "how many answers have none", "number"), NOTE,
)  # fmt: skip
_RIGHT, _WRONG = "right", "wrong"


def area(counts: Array) -> Array:
    """Counts ``[..., right or wrong, level]`` of answers, levels ascending -> area under the type-2 ROC curve ``[...]``.

    >>> float(area(np.array([[0.0, 1.0, 3.0], [2.0, 1.0, 1.0]])))
    0.8125
    """
    right, wrong = counts[..., 0, :], counts[..., 1, :]
    below = np.cumsum(wrong, axis=-1) - wrong
    pairs = right.sum(axis=-1) * wrong.sum(axis=-1)
    won = (right * (below + wrong / 2)).sum(axis=-1)
    return share(won, pairs)


def _result(rows: pd.DataFrame, names: tuple[str, ...], *, seed: int, draws: int) -> dict[str, Any]:
    said = rows[rows["_confidence"].notna()]
    mean = said.groupby("_right")["_confidence"].mean()
    number_of = said["_right"].value_counts()
    found = {
        "mean": said["_confidence"].mean(),
        "mean_right": mean.get(_RIGHT, np.nan),
        "mean_wrong": mean.get(_WRONG, np.nan),
        "raters": said["rater"].nunique(),
        "clips": said["stimulus"].nunique(),
        "right": int(number_of.get(_RIGHT, 0)),
        "wrong": int(number_of.get(_WRONG, 0)),
        "without": len(rows) - len(said),
    }
    if said.empty:
        return {**found, "note": "not defined: no listener said how sure an answer was"}
    if len(mean) < 2:
        return {**found, "note": f"not defined: all answers are {mean.index[0]}"}
    judgements = coded(said.assign(label=said["_right"]))
    levels, level = np.unique(said["_confidence"], return_inverse=True)
    judgements = replace(judgements, truth=np.where(said["_right"] == _WRONG, 1, 0), label=level, shape=(2, len(levels)))
    counts = np.zeros((2, len(levels)))
    np.add.at(counts, (judgements.truth, judgements.label), 1)
    found["value"] = float(area(counts))
    if draws and bootstrap.can_vary(judgements):
        rng = bootstrap.generator(seed, *names, *sorted(said["language"].unique()))
        found |= ends(area(bootstrap.confusions(judgements, draws=draws, rng=rng)))
    return found


def _table(tables: Tables, *, seed: int = 0, draws: int = 1000) -> pd.DataFrame:
    rows = answers(tables)
    rows = rows[rows["truth"] != ""]
    right = pd.Categorical.from_codes(np.asarray(rows["label"] != rows["truth"], dtype=int), pd.Index([_RIGHT, _WRONG]))
    rows = rows.assign(_confidence=rows["confidence"], _right=right)
    made = []
    for who in groups(rows, "human"):
        for languages, part in by_language(of_group(rows, who)):
            found = _result(part, ("confidence", *who), seed=seed, draws=draws)
            made += [{"group": who[1], "language": tag, **found} for tag in languages]
    return as_table(COLUMNS, made)


MEASURE = TableMeasure(
    title="Confidence of people",
    help="whether listeners are surer of their right answers than of their wrong ones",
    bounds=(0, 1),
    source="S. M. Fleming, H. C. Lau, Frontiers in Human Neuroscience 8:443, 2014",
    columns=COLUMNS,
    table=_table,
)
