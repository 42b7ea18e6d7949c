"""Divergence of labels: how far what a model says of a clip lies from how people's votes are spread over the labels.

The Jensen-Shannon divergence of the two distributions P (people) and Q (a model, or other people) over labels, in bits:

    JSD = H((P + Q) / 2) - (H(P) + H(Q)) / 2,    H(P) = - sum_c p_c log2 p_c

0 if they are the same, 1 if they have no label in common. P holds the share of votes for each label, Q the mean posterior of
the group's models: a model that is as unsure as people are divided comes nearer than one that is certain of the majority.
``cannot_say`` is left out of the votes. A model without a posterior has all of its weight on its choice.

What misleads: of few votes P is coarse, and the divergence too great even from the distribution that they were drawn from.
Compare models on the same clips and votes, not with 0. The interval of the mean is therefore over clips only: drawing
listeners again would make the votes coarser still, and every draw greater than the value.

Source: J. Lin, Divergence measures based on the Shannon entropy, IEEE Transactions on Information Theory 37(1), 1991.

>>> divergence(np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([[0.5, 0.5], [0.0, 1.0]])).tolist()
[0.0, 1.0]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from ser_core.emotions import CANNOT_SAY
from ser_core.measures._answers import Array, by_language, clip_strata, ends, first_hearings, groups, of_group
from ser_core.measures._measure import (
    AGAINST_TYPE,
    CI_HIGH,
    CI_LOW,
    CLIPS,
    LANGUAGE,
    NOTE,
    TableMeasure,
    as_table,
    value,
)
from ser_core.ratings import Tables
from ser_core.statistics import bootstrap
from ser_core.tables import Column

COLUMNS = (
    Column("group", "the people whose votes they are"), Column("against", "the models, or other people"), AGAINST_TYPE,
    LANGUAGE, Column("stimulus", "one clip; empty = the mean over clips"),
    value("Jensen-Shannon divergence in bits, from 0 (the same) to 1"),
    CI_LOW, CI_HIGH, CLIPS, Column("votes", "how many people's answers a clip has, or has on average", "number"), NOTE,
)  # fmt: skip


def divergence(p: Array, q: Array) -> Array:
    """Jensen-Shannon divergence of distributions ``[..., label]`` -> ``[...]`` in [0, 1]."""
    between = _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2
    return np.asarray(np.clip(between, 0, 1))  # rounding


def _entropy(p: Array) -> Array:
    from scipy.special import entr

    return np.asarray(entr(p).sum(axis=-1) / np.log(2))


def _spread(rows: pd.DataFrame) -> pd.DataFrame:
    """What a group says of each clip: the mean over its raters of their weights, ``[stimulus, label]``, and ``_votes``.

    A listener has one vote; the votes of many together tell their number for each label in a column ``votes``.
    """
    said = rows[rows["label"] != CANNOT_SAY]
    total = said.groupby(["rater", "stimulus"])["weight"].transform("sum")
    share = (said["weight"] / total.where(total > 0)).groupby([said["stimulus"], said["label"]]).sum().unstack(fill_value=0)
    known = said[total > 0]
    votes = known["votes"].groupby([known["rater"], known["stimulus"]]).sum(min_count=1).fillna(1).groupby("stimulus")
    return share.loc[votes.size().index].div(votes.size(), axis=0).assign(_votes=votes.sum())


def _rows(
    rows: pd.DataFrame, people: tuple[str, str], other: tuple[str, str], seed: int, draws: int
) -> Iterator[dict[str, Any]]:
    p, q = _spread(of_group(rows, people)), _spread(of_group(rows, other))
    clips = p.index.intersection(q.index)
    labels = sorted((set(p.columns) | set(q.columns)) - {"_votes"})
    shares = [s.loc[clips].reindex(columns=labels, fill_value=0.0).to_numpy() for s in (p, q)]
    facts = rows.drop_duplicates("stimulus").set_index("stimulus")[["language", "truth"]]
    each = (
        facts.loc[clips]
        .assign(value=divergence(*shares), votes=p.loc[clips, "_votes"])
        .rename_axis("stimulus")
        .reset_index()
    )
    who = {"group": people[1], "against_type": other[0], "against": other[1]}
    if each.empty:
        yield {**who, "language": "", "clips": 0, "note": "not defined: they named an emotion of no clip in common"}
        return
    for languages, part in by_language(each):
        mean = {"value": part["value"].mean(), "clips": len(part), "votes": part["votes"].mean()}
        names = ("label_divergence", *people, *other, *sorted(part["language"].unique()))
        mean |= _interval(part, bootstrap.generator(seed, *names), draws)
        yield from ({**who, "language": tag, **mean} for tag in languages)
    yield from ({**who, "clips": 1, **row} for row in each.drop(columns="truth").to_dict("records"))


def _interval(clips: pd.DataFrame, rng: np.random.Generator, draws: int) -> dict[str, float]:
    stratum = clip_strata(clips)
    if not draws or np.bincount(stratum).max() < 2:
        return {}
    values = clips["value"].to_numpy()
    runs = bootstrap.chunks(draws, len(stratum))
    drawn = [bootstrap.weights(stratum, draws=run.stop - run.start, rng=rng) @ values for run in runs]
    return ends(np.concatenate(drawn) / len(values))


def _table(tables: Tables, *, seed: int = 0, draws: int = 1000) -> pd.DataFrame:
    rows = first_hearings(tables)
    people = groups(rows, "human")
    pairs = [(one, other) for n, one in enumerate(people) for other in [*people[n + 1 :], *groups(rows, "machine")]]
    made = as_table(COLUMNS, [row for pair in pairs for row in _rows(rows, *pair, seed, draws)])
    return made.sort_values("stimulus", key=lambda stimulus: stimulus != "", kind="stable", ignore_index=True)


MEASURE = TableMeasure(
    title="Divergence of labels",
    help="how far a model's posterior lies from how people's votes are spread over the labels of a clip",
    bounds=(0, 1),
    source="J. Lin, IEEE Transactions on Information Theory 37(1), 1991",
    columns=COLUMNS,
    table=_table,
)
