"""Tables whose ratings are known as numbers; their texts are written out only for who asks for ``ratings``.

``Part`` is some ratings of other tables, ``Together`` the ratings of several, and ``Choices`` ratings that were read as
numbers (``choices.py``). A million ratings are ten million short texts, so that to choose among them, to put people and
models beside each other and to count takes a fraction of the time without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.coded import Coded, Codes, Mask, coded, rows_of
from ser_core.emotions import in_order
from ser_core.tables import RATINGS, Tables, frame


class _Lazy(Tables):
    """Tables whose ratings are written out when asked for; a column or some rows come without the rest."""

    def __init__(self, stimuli: pd.DataFrame, raters: pd.DataFrame, numbers: Coded) -> None:
        self.__dict__.update(stimuli=stimuli, raters=raters, _coded=numbers)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.stimuli)} stimuli, {len(self.raters)} raters, {len(coded(self))} ratings)"

    @cached_property
    def ratings(self) -> pd.DataFrame:  # type: ignore[override]
        """The ratings table."""
        return self._written()

    def _written(self) -> pd.DataFrame:
        raise NotImplementedError

    def _names(self) -> list[str]:
        """The columns of ``ratings``."""
        raise NotImplementedError

    def _different(self, name: str) -> tuple[Codes, pd.Index]:
        """Which of its different texts each field of a column holds, and these."""
        raise NotImplementedError

    def _rows(self, at: Codes) -> pd.DataFrame:
        """Some rows of ``ratings`` by their place."""
        raise NotImplementedError


class Part(_Lazy):
    """Some ratings of other tables, with the clips and raters that they are of."""

    _whole: Tables
    _left: Mask
    _judgements: bool

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
        super().__init__(stimuli, raters, _Chosen(of, left, rater, clip))
        self.__dict__.update(_whole=whole, _left=left, _judgements=judgements)

    @property
    def of(self) -> tuple[Tables, Mask] | None:
        """The other tables and which of their ratings these are, if they hold these judgements undivided."""
        return (self._whole, self._left) if self._judgements else None

    def _written(self) -> pd.DataFrame:
        return pd.DataFrame(self._whole.ratings[self._left].reset_index(drop=True))

    def _names(self) -> list[str]:
        return columns(self._whole)

    def _different(self, name: str) -> tuple[Codes, pd.Index]:
        code, known = different(self._whole, name)
        met, code = _met(pd.DataFrame({name: known}), code[self._left])
        return code, pd.Index(met[name])

    def _rows(self, at: Codes) -> pd.DataFrame:
        return rows_at(self._whole, np.flatnonzero(self._left)[at]).set_axis(at)


class Together(_Lazy):
    """Ratings of several tables one after the other; no rater gave ratings in two of them."""

    _parts: tuple[Tables, ...]

    def __init__(self, stimuli: pd.DataFrame, raters: pd.DataFrame, parts: Sequence[Tables]) -> None:
        """Put the ratings of checked tables together; ``stimuli`` and ``raters`` hold those of all."""
        labels = in_order({label for part in parts for label in coded(part).labels})
        moved = [
            (
                rows_of(part.raters["rater"], raters["rater"])[said.rater],
                rows_of(part.stimuli["stimulus"], stimuli["stimulus"])[said.clip],
                np.array([labels.index(label) for label in said.labels], dtype=np.int64)[said.label],
                said.repeat,
                said.weight,
                said.whole,
            )
            for part, said in ((part, coded(part)) for part in parts)
        ]
        numbers: list[Any] = [np.concatenate(column) for column in zip(*moved, strict=True)]
        super().__init__(stimuli, raters, Coded(*numbers, tuple(labels)))  # type: ignore[call-arg]
        self.__dict__["_parts"] = tuple(parts)

    def _written(self) -> pd.DataFrame:
        return frame(RATINGS, pd.concat([part.ratings for part in self._parts], ignore_index=True))

    def _names(self) -> list[str]:
        every = [name for part in self._parts for name in columns(part)]
        return list(dict.fromkeys(every))

    def _different(self, name: str) -> tuple[Codes, pd.Index]:
        found = [different(part, name) for part in self._parts]
        known = pd.Index(dict.fromkeys(text for _, texts in found for text in texts), dtype="str")
        return np.concatenate([known.get_indexer(texts)[code] for code, texts in found]), known

    def _rows(self, at: Codes) -> pd.DataFrame:
        first = np.cumsum([0, *(len(coded(part)) for part in self._parts)])
        which = np.searchsorted(first, at, side="right") - 1
        found = [rows_at(part, at[which == n] - first[n]) for n, part in enumerate(self._parts)]
        rows = frame(RATINGS, pd.concat(found, ignore_index=True))
        return rows.set_axis(np.concatenate([at[which == n] for n in range(len(found))])).loc[at]


class Choices(_Lazy):
    """Ratings of whole clips with one label each, every column as categories."""

    _said: pd.DataFrame

    def __init__(self, stimuli: pd.DataFrame, raters: pd.DataFrame, numbers: Coded, said: pd.DataFrame) -> None:
        """Hold ``said``, the checked ratings as categories, beside the numbers made of them."""
        super().__init__(stimuli, raters, numbers)
        self.__dict__["_said"] = said

    def _written(self) -> pd.DataFrame:
        return self._rows(np.arange(len(coded(self))))

    def _names(self) -> list[str]:
        declared = [column.name for column in RATINGS.columns]
        return [*declared, *self._said.columns.difference(declared, sort=False)]

    def _different(self, name: str) -> tuple[Codes, pd.Index]:
        said = self._said
        if name not in said:  # a column that a file need not have
            return np.zeros(len(said), dtype=np.int64), pd.Index([""])
        return np.asarray(said[name].cat.codes, dtype=np.int64), said[name].cat.categories

    def _rows(self, at: Codes) -> pd.DataFrame:
        rows = self._said.iloc[at]
        texts = {name: rows[name].astype("str") for name in rows.columns.difference(list(RATINGS.numbers))}
        numbers = dict.fromkeys(RATINGS.numbers & set(rows.columns), np.nan) | {"weight": 1.0}
        return frame(RATINGS, rows.assign(**texts, **numbers))


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


def columns(tables: Tables) -> list[str]:
    """The columns of the ratings."""
    return tables._names() if isinstance(tables, _Lazy) else list(tables.ratings.columns)


def different(tables: Tables, name: str) -> tuple[Codes, npt.NDArray[np.object_]]:
    """Which of its different texts each rating holds in a column of text, ``[rating]``, and these, each of which is met.

    Without such a column that is one empty text.
    """
    if name not in columns(tables):
        return np.zeros(len(coded(tables)), dtype=np.int64), np.array([""], dtype=object)
    code, known = tables._different(name) if isinstance(tables, _Lazy) else pd.factorize(tables.ratings[name])
    return np.asarray(code, dtype=np.int64), np.asarray(known, dtype=object)


def rows_at(tables: Tables, at: Codes) -> pd.DataFrame:
    """Some rows of the ratings by their place, without writing out the others."""
    return tables._rows(at) if isinstance(tables, _Lazy) else tables.ratings.iloc[at]


def _met(table: pd.DataFrame, codes: Codes) -> tuple[pd.DataFrame, Codes]:
    """The rows of a table that are met, and the codes among these."""
    met = np.zeros(len(table), dtype=bool)
    met[codes] = True
    return table[met].reset_index(drop=True), (np.cumsum(met) - 1)[codes]
