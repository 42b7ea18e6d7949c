"""The ratings as numbers: which row of the raters and of the clips each belongs to, and which label it gives.

A million texts are turned into numbers once for each set of tables; counting, choosing and drawing anew then add small
numbers. Tables of which the numbers are known without the texts are in ``lazy_tables.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TypeVar

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
