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
import numpy.typing as npt
import pandas as pd

from ser_core.counting import count
from ser_core.measures._measure import LANGUAGE, NOTE, TableMeasure, as_table, value
from ser_core.tables import Column, Tables

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
    judged = counted.judged
    clips = judged[["stimulus", "language", "truth"]].drop_duplicates().sort_values("stimulus").to_dict("records")
    votes = {kind: _votes(judged[judged["rater_type"] == kind], counted.labels) for kind in ("human", "machine")}
    none = np.zeros(len(counted.labels))
    rows: list[dict[Any, Any]] = []
    for clip in clips:
        people, models = (votes[kind].get(clip["stimulus"], none) for kind in ("human", "machine"))
        both = people.sum() > 0 and models.sum() > 0
        apart = np.abs(people / people.sum() - models / models.sum()).sum() / 2 if both else np.nan
        rows.append(
            {
                **clip,
                **_of("people", people, counted.labels, str(clip["truth"])),
                **_of("models", models, counted.labels, str(clip["truth"])),
                "value": apart,
                "note": "" if both else f"judged by {'people' if people.sum() else 'models'} only",
            }
        )
    made = as_table(COLUMNS, rows)
    return made.astype({"people": "int64", "models": "int64"})


def _votes(judged: pd.DataFrame, labels: list[str]) -> dict[str, npt.NDArray[np.float64]]:
    wide = pd.crosstab(judged["stimulus"], judged["label"]).reindex(columns=labels, fill_value=0)
    return dict(zip(wide.index, wide.to_numpy(dtype=float), strict=True))


def _of(who: str, votes: npt.NDArray[np.float64], labels: list[str], truth: str) -> dict[str, object]:
    if not votes.sum():
        return {who: 0, f"{who}_label": ""}
    right = float(votes[labels.index(truth)] / votes.sum())
    return {who: int(votes.sum()), f"{who}_right": right, f"{who}_label": labels[int(votes.argmax())]}


MEASURE = TableMeasure(
    title="Clip by clip",
    help="how many recognised each clip, what most heard in it, and how far people and models part",
    bounds=(0, 1),
    source="Levin and Peres 2017, section 4.1",
    columns=COLUMNS,
    table=table,
)
