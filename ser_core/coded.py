"""The ratings as numbers: which row of the raters and of the clips each belongs to, and which label it gives.

A million texts are turned into numbers once for each set of tables; counting, choosing and drawing anew then add small
numbers. Whoever takes some of the ratings (``Part``) takes their numbers along, and the texts only when asked for them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.emotions import in_order
from ser_core.tables import Tables

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
T = TypeVar("T")


@dataclass(frozen=True)
class Coded:
    """Ratings as numbers from 0, one entry per rating.

    Attributes:
        rater: row of the raters table.
        clip: row of the stimuli table.
        label: place in ``labels``.
        repeat: which hearing, as any number.
        weight: as in the table.
        whole: whether the whole clip was rated, and no part of it.
        labels: in the order of every table.
    """

    rater: Codes
    clip: Codes
    label: Codes
    repeat: Codes
    weight: npt.NDArray[np.float64]
    whole: Mask
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rater)

    def taken(self, rows: Mask | Codes) -> Coded:
        """Some of the ratings."""
        taken = {field.name: getattr(self, field.name)[rows] for field in fields(self)[:-1]}
        return Coded(**taken, labels=self.labels)

    def decided(self) -> Codes:
        """Which ratings are judgements of whole clips, one for each rater, clip and hearing, in their order.

        As ``ratings.decide`` has it: the label of greatest weight, of equal ones the first in the order of every table.
        Raters all of whose weights are 1 leave nothing to weigh up, so only the others are sorted.
        """
        unsure = self.whole & (self.weight < 1)
        if not unsure.any():
            return np.flatnonzero(self.whole)
        weighed = np.zeros(self.rater.max() + 1, dtype=bool)
        weighed[self.rater[unsure]] = True
        of_these = weighed[self.rater]
        at = np.flatnonzero(self.whole & of_these)
        some = self.taken(at)
        order = np.lexsort((some.label, -some.weight, some.repeat, some.clip, some.rater))
        unit = np.column_stack([some.rater, some.clip, some.repeat])[order]
        first = np.ones(len(order), dtype=bool)
        first[1:] = (unit[1:] != unit[:-1]).any(axis=1)
        return np.sort(np.concatenate([np.flatnonzero(self.whole & ~of_these), at[order[first]]]))


def once(tables: Tables, name: str, make: Callable[[Tables], T]) -> T:
    """What is made of checked tables, made when it is first asked for; tables are frozen, so it stays right."""
    if name not in tables.__dict__:
        tables.__dict__[name] = make(tables)
    found: T = tables.__dict__[name]
    return found


def coded(tables: Tables) -> Coded:
    """The numbers of checked tables; made once for each."""
    return once(tables, "_coded", _coded)


def _coded(tables: Tables) -> Coded:
    rows = tables.ratings
    label, labels = pd.factorize(rows["label"])
    order = in_order(set(labels))
    return Coded(
        rater=rows_of(rows["rater"], tables.raters["rater"]),
        clip=rows_of(rows["stimulus"], tables.stimuli["stimulus"]),
        label=np.array([order.index(known) for known in labels], dtype=np.int64)[label],
        repeat=np.asarray(pd.factorize(rows["repeat"])[0], dtype=np.int64),
        weight=rows["weight"].to_numpy(dtype=float),
        whole=rows["start_s"].isna().to_numpy(),
        labels=tuple(order),
    )


def rows_of(names: pd.Series, known: pd.Series) -> Codes:
    """In which row of ``known`` each name stands, -1 where it does not.

    >>> rows_of(pd.Series(["b", "a", "b", "c"]), pd.Series(["a", "b"])).tolist()
    [1, 0, 1, -1]
    """
    at, different = pd.factorize(names)
    return np.asarray(pd.Index(known).get_indexer(pd.Index(different)), dtype=np.int64)[at]


class _Chosen(Coded):
    """Some of the ratings of others, renumbered; what is seldom asked for is taken when it is."""

    def __init__(self, whole: Coded, left: Mask, rater: Codes, clip: Codes) -> None:
        self.__dict__.update(rater=rater, clip=clip, labels=whole.labels, _of=(whole, left))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        whole, left = self.__dict__["_of"]
        found = self.__dict__[name] = getattr(whole, name)[left]
        return found


class Part(Tables):
    """Some ratings of other tables, with the clips and raters that they are of; the texts are taken when asked for."""

    def __init__(self, whole: Tables, left: Mask, *, judgements: bool = False) -> None:
        """Take the ratings ``[rating]`` that are left of ``whole``.

        Args:
            whole: checked tables.
            left: which ratings.
            judgements: whether all rows of a judgement go or stay together: what was counted then need not be decided again.
        """
        of = coded(whole)
        stimuli, clip = _met(whole.stimuli, of.clip[left])
        raters, rater = _met(whole.raters, of.rater[left])
        held = {"_coded": _Chosen(of, left, rater, clip), "_of": (whole, left), "_judgements": judgements}
        self.__dict__.update(stimuli=stimuli, raters=raters, **held)

    @property
    def of(self) -> tuple[Tables, Mask] | None:
        """The other tables and which of their ratings these are, if they hold these judgements undivided."""
        return self.__dict__["_of"] if self.__dict__["_judgements"] else None

    def __repr__(self) -> str:
        return f"Part({len(self.stimuli)} stimuli, {len(self.raters)} raters, {len(coded(self))} ratings)"

    @cached_property
    def ratings(self) -> pd.DataFrame:  # type: ignore[override]
        """The rows of the ratings table that are left."""
        whole, left = self.__dict__["_of"]
        return pd.DataFrame(whole.ratings[left].reset_index(drop=True))


def has_column(tables: Tables, name: str) -> bool:
    """Whether the ratings have a column, without taking any of a ``Part``."""
    return has_column(tables.__dict__["_of"][0], name) if isinstance(tables, Part) else name in tables.ratings


def column(tables: Tables, name: str) -> pd.Series:
    """A column of the ratings, without taking the others of a ``Part``; empty texts where there is none."""
    if isinstance(tables, Part):
        whole, left = tables.__dict__["_of"]
        return pd.Series(column(whole, name)[left].reset_index(drop=True))
    rows = tables.ratings
    return rows[name] if name in rows else pd.Series("", rows.index, dtype="str")


def rows_at(tables: Tables, at: Codes) -> pd.DataFrame:
    """Some rows of the ratings by their place, without taking the others of a ``Part``."""
    if isinstance(tables, Part):
        whole, left = tables.__dict__["_of"]
        return rows_at(whole, np.flatnonzero(left)[at]).set_axis(at)
    return tables.ratings.iloc[at]


def _met(table: pd.DataFrame, codes: Codes) -> tuple[pd.DataFrame, Codes]:
    """The rows of a table that are met, and the codes among these."""
    met = np.zeros(len(table), dtype=bool)
    met[codes] = True
    return table[met].reset_index(drop=True), (np.cumsum(met) - 1)[codes]
