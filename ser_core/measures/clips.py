"""Clip by clip: who recognised it, what most heard in it, and how far people and models part.

``value`` is the total variation distance between what people and what models answered, 0 where both gave the same labels
equally often and 1 where they never gave the same:

    value = 1/2 * sum over labels |share of people's judgements - share of models' judgements|

Every judgement of a whole clip counts once, a model's posterior as its most probable label. Two listeners cannot part from
a model by a third: read it beside the numbers of judgements.

Source: D. A. Levin, Y. Peres, Markov Chains and Mixing Times, 2nd edition 2017, section 4.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ser_core.counting import Counted, count
from ser_core.measures._measure import LANGUAGE, NOTE, TableMeasure, value
from ser_core.metrics._confusion import Array, share
from ser_core.tables import Column, Table, Tables, frame

COLUMNS = (
    Column("stimulus", "the clip"),
    LANGUAGE,
    Column("truth", "the emotion that was asked for"),
    Column("people", "judgements of people", "number"),
    Column("people_right", "share of them that are right", "number"),
    Column("people_label", "what most of them said; of equally many, the first in the order of every table"),
    Column("models", "judgements of models", "number"),
    Column("models_right", "share of them that are right", "number"),
    Column("models_label", "what most of them said"),
    value("how far people and models part: total variation distance of their answers, 0 to 1"),
    Column("ci_low", "empty: the distance of so few judgements is told without an interval", "number"),
    Column("ci_high", "empty", "number"),
    NOTE,
)


def table(tables: Tables, *, seed: int = 0, draws: int = 1000) -> pd.DataFrame:
    """One row for each clip that anybody judged, in the order of the clips' names; no chance in it.

    >>> from ser_core.ratings import RATERS, RATINGS, STIMULI, frame
    >>> clip = frame(STIMULI, [{"stimulus": "a", "language": "de", "truth": "sad"}])
    >>> who = frame(RATERS, [{"rater": n, "rater_type": t} for n, t in (("p", "human"), ("q", "human"), ("m", "machine"))])
    >>> heard = {"p": "sad", "q": "calm", "m": "sad"}
    >>> said = frame(RATINGS, [{"rater": n, "stimulus": "a", "label": heard[n], "weight": 1} for n in heard])
    >>> table(Tables(clip, who, said))[["people_right", "models_right", "value"]].values.tolist()
    [[0.5, 1.0, 0.5]]
    """
    counted = count(tables)
    people, models = (_votes(counted, kind) for kind in ("human", "machine"))
    sums = [votes.sum(axis=1) for votes in (people, models)]
    both = (sums[0] > 0) & (sums[1] > 0)
    shares = [share(votes, of[:, None]) for votes, of in zip((people, models), sums, strict=True)]
    only = np.where(sums[0] > 0, "judged by people only", "judged by models only")
    rows = counted.clips[["stimulus", "language", "truth"]].assign(
        **_of("people", people, counted),
        **_of("models", models, counted),
        value=np.where(both, np.abs(shares[0] - shares[1]).sum(axis=1) / 2, np.nan),
        note=np.where(both, "", only),
    )
    return frame(Table("", (), COLUMNS), rows).astype({"people": "int64", "models": "int64"})


def _votes(counted: Counted, kind: str) -> Array:
    """How often raters of one type gave each label to each clip, ``[clip, label]``."""
    own = (counted.raters["rater_type"] == kind).to_numpy(dtype=bool)[counted.rater]
    size = len(counted.clips), len(counted.labels)
    at = counted.clip[own] * size[1] + counted.label[own]
    return np.bincount(at, minlength=size[0] * size[1]).reshape(size).astype(float)


def _of(who: str, votes: Array, counted: Counted) -> dict[str, Any]:
    number = votes.sum(axis=1)
    right = share(votes[np.arange(len(votes)), counted.truth], number)
    said = np.array(counted.labels, dtype=object)[votes.argmax(axis=1)] if votes.size else np.array([], dtype=object)
    return {who: number, f"{who}_right": right, f"{who}_label": np.where(number > 0, said, "")}


MEASURE = TableMeasure(
    title="Clip by clip",
    help="how many recognised each clip, what most heard in it, and how far people and models part",
    bounds=(0, 1),
    source="Levin and Peres 2017, section 4.1",
    columns=COLUMNS,
    table=table,
)
