"""Response times of people: how long it took from the first audible sample to the answer that counts.

The median in seconds, and the quartiles, over all answers of a group and over its right and wrong ones, of all emotions and
of each that was spoken. The median, because times have a long tail to the right: a listener who was called away is not a
slow one. A time includes the clip as far as it was heard, so that groups are compared on the same clips. Nobody answers
before the sound: times below 0 are left out and counted, and an infinite one is none.

Read from the column ``response_s`` of the ratings, which an export has; ``cannot_say`` is a wrong answer. Clips without a
truth count among all answers only.

Source: R. Ratcliff, Methods for dealing with reaction time outliers, Psychological Bulletin 114, 1993.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from ser_core.cli import several
from ser_core.emotions import in_order
from ser_core.measures._answers import answers, by_language, coded, ends, groups, of_group
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
from ser_core.ratings import Tables
from ser_core.statistics import bootstrap, drawn_values
from ser_core.tables import Column

COLUMNS = (
    Column("group", "the people"), LANGUAGE, Column("emotion", "the truth of the clips; empty = all of them"),
    Column("answers", "right or wrong ones; empty = all of them"), value("median in seconds"), CI_LOW, CI_HIGH,
    Column("quartile_1", "a quarter of the answers took at most this many seconds", "number"),
    Column("quartile_3", "three quarters did", "number"), RATERS, CLIPS, JUDGEMENTS, NOTE,
)  # fmt: skip


def _result(rows: pd.DataFrame, names: tuple[str, ...], *, seed: int, draws: int) -> dict[str, Any]:
    said = rows[rows["_time"].notna()].sort_values(["_time", "rater", "stimulus"])
    found: dict[str, Any] = {"raters": said["rater"].nunique(), "clips": said["stimulus"].nunique(), "judgements": len(said)}
    early = int(rows["_early"].sum())
    if early:
        found["note"] = f"{several(early, 'answer')} left out, given before the sound began: the time is below 0"
    if said.empty and not early:
        return {**found, "note": "not defined: " + ("no answer has a time" if len(rows) else "there is no such answer")}
    if said.empty:
        return found
    first, middle, third = np.quantile(said["_time"], [0.25, 0.5, 0.75])
    found |= {"value": middle, "quartile_1": first, "quartile_3": third}
    judgements = coded(said)
    if draws and bootstrap.can_vary(judgements):
        times = said["_time"].to_numpy()
        rng = bootstrap.generator(seed, *names, *sorted(said["language"].unique()))
        found |= ends(drawn_values.medians(judgements, times, draws=draws, rng=rng))
    return found


def _cells(rows: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    if rows["_time"].isna().all():
        yield "", "", rows
        return
    for emotion in ["", *in_order(set(rows["truth"]) - {""})]:
        part = rows[rows["truth"] == emotion] if emotion else rows
        right, known = part["label"] == part["truth"], part["truth"] != ""
        yield from (
            (emotion, name, part[which])
            for name, which in (("", known | ~known), ("right", right), ("wrong", known & ~right))
        )


def _table(tables: Tables, *, seed: int = 0, draws: int = 1000) -> pd.DataFrame:
    rows = answers(tables)
    early = rows["response_s"] < 0
    rows = rows.assign(_time=rows["response_s"].mask(early), _early=early)
    made = []
    for who in groups(rows, "human"):
        for languages, part in by_language(of_group(rows, who)):
            for emotion, kind, cell in _cells(part):
                found = _result(cell, ("response_time", *who, emotion, kind), seed=seed, draws=draws)
                made += [
                    {"group": who[1], "language": tag, "emotion": emotion, "answers": kind, **found} for tag in languages
                ]
    return as_table(COLUMNS, made)


MEASURE = TableMeasure(
    title="Response times of people",
    help="median seconds from the first audible sample to the answer, of right and wrong answers",
    bounds=(0, float("inf")),
    source="R. Ratcliff, Psychological Bulletin 114, 1993",
    columns=COLUMNS,
    table=_table,
)
