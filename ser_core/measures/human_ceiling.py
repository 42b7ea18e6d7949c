"""Human ceiling: how often one listener says what most of the other listeners say.

For each answer of listener i to clip u, with the votes of all others of the group,

    credit = 1 / (number of labels tied for the most votes) if the answer is one of them, else 0

and the value is the mean over all answers: what nobody can be expected to surpass who is measured by what a group of people
hears. For a model, or a listener of another group, the same majorities are taken: each listener of the group is left out in
turn, so that a model stands against as many votes as a listener does. A model that has the value of the group among itself
(``against`` = ``group``) agrees with people as well as one of them.

Clips count where at least two others voted. ``cannot_say`` is a vote like any other. No truth is needed. The interval is of
the mean over listeners and clips; the majorities are held as they are.

Source: the lower bound of the noise ceiling of H. Nili et al., A toolbox for representational similarity analysis, PLoS
Computational Biology 10(4), 2014 (each subject against the mean of the others), with votes for labels in place of means.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from ser_core.emotions import in_order
from ser_core.measures._answers import POOLED, Array, answers, by_language, groups, mean_interval, of_group
from ser_core.measures._measure import (
    CI_HIGH,
    CI_LOW,
    CLIPS,
    GROUP,
    JUDGEMENTS,
    LANGUAGE,
    NOTE,
    RATER_TYPE,
    RATERS,
    TableMeasure,
    as_table,
    value,
)
from ser_core.metrics._confusion import share
from ser_core.ratings import Tables
from ser_core.tables import Column

OTHERS = 2
"""So many others make a majority; one other is only another listener."""

VOTERS = Column("against", "the group of people whose majority it is; the same group = one listener against the others")
COLUMNS = (
    GROUP, RATER_TYPE, VOTERS, LANGUAGE, value("share of answers that are the majority's, from 0 to 1"), CI_LOW, CI_HIGH,
    RATERS, CLIPS, JUDGEMENTS, NOTE,
)  # fmt: skip


def credits(votes: Array) -> Array:
    """What each answer earns against the votes of a clip, ``[..., label]`` -> ``[..., label]`` in [0, 1].

    >>> credits(np.array([2.0, 2.0, 1.0])).tolist()
    [0.5, 0.5, 0.0]
    """
    top = votes == votes.max(axis=-1, keepdims=True)
    return np.asarray(top / top.sum(axis=-1, keepdims=True))


def _earned(rows: pd.DataFrame, voters: pd.DataFrame, *, own: bool) -> pd.Series:
    """The credit of each of the rows, of those that enough others voted on; with the index of ``rows``."""
    size = len(voters["stimulus"].cat.categories), len(voters["label"].cat.categories)
    at = np.ravel_multi_index((voters["stimulus"].cat.codes, voters["label"].cat.codes), size)
    votes = np.bincount(at, minlength=int(np.prod(size))).reshape(size).astype(float)
    earned, without = np.zeros(size), np.eye(size[1])  # [clip, label]
    if own:
        for label in range(size[1]):
            earned[:, label] = credits(votes - without[label])[:, label]
    else:  # the mean over who is left out: of each label as many as gave it
        given = in_order(list(voters["label"].cat.categories))
        for left_out in voters["label"].cat.categories.get_indexer(pd.Index(given)):
            number = votes[:, left_out, None]
            earned += number * np.where(number > 0, credits(votes - without[left_out]), 0.0)
        earned = share(earned, votes.sum(axis=1, keepdims=True))
    clip, said = rows["stimulus"].cat.codes.to_numpy(), rows["label"].cat.codes.to_numpy()
    enough = votes.sum(axis=1)[clip] > OTHERS
    return pd.Series(earned[clip, said][enough], rows.index[enough])


def _rows(
    rows: pd.DataFrame, who: tuple[str, str], voters: tuple[str, str], seed: int, draws: int
) -> Iterator[dict[str, Any]]:
    own = who == voters
    voted = of_group(rows, voters)
    for languages, part in by_language(of_group(rows, who)):
        pooled = bool(part["pooled"].any() or voted["pooled"].any())
        earned = _earned(part.iloc[: 0 if pooled else None], voted, own=own)
        used = part.loc[earned.index]
        found: dict[str, Any] = {"judgements": len(used)}
        found |= {"raters": used["rater"].nunique(), "clips": used["stimulus"].nunique()}
        if used.empty:
            people = "three listeners of the group" if own else f"three listeners of '{voters[1]}'"
            found["note"] = POOLED if pooled else f"not defined: no clip that was judged here has answers of {people}"
        else:
            names = ("human_ceiling", *who, *voters, *sorted(used["language"].unique()))
            found["value"] = float(earned.mean())
            found |= mean_interval(used, earned.to_numpy(), *names, seed=seed, draws=draws)
        for tag in languages:
            yield {"rater_type": who[0], "group": who[1], "against": voters[1], "language": tag, **found}


def _table(tables: Tables, *, seed: int = 0, draws: int = 1000) -> pd.DataFrame:
    rows = answers(tables)
    people = groups(rows, "human")
    made = [row for voters in people for who in groups(rows) for row in _rows(rows, who, voters, seed, draws)]
    return as_table(COLUMNS, made)


MEASURE = TableMeasure(
    title="Human ceiling",
    help="how often a listener, or a model, says what most of the other listeners say",
    bounds=(0, 1),
    source="after the noise ceiling of H. Nili et al., PLoS Computational Biology 10(4), 2014",
    columns=COLUMNS,
    table=_table,
)
