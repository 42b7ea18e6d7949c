"""Ratings that are read as numbers: whole clips, one label of weight 1 each, as nearly all that people say is.

Ten million fields hold a few thousand different texts, and whether these are right is soon seen. Where everything is, no row
need be looked at; where anything is not, or is another kind of rating, the rows are read and told as ``checks.py`` does.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

from ser_core.checks import number
from ser_core.coded import Coded, Codes, rows_of
from ser_core.emotions import CANNOT_SAY, EMOTIONS, in_order
from ser_core.lazy_tables import Choices
from ser_core.table_files import read_categories
from ser_core.tables import RATINGS

_TOLD = {column.name for column in RATINGS.columns} | {"part"}
_FULL = 8
"""To count every rater, clip and hearing is quicker than to look for each, unless there are this many times more of them."""


def read(path: Path, stimuli: pd.DataFrame, raters: pd.DataFrame) -> Choices | None:
    """The ratings of a file, checked; None if it holds anything but choices for whole clips, or anything wrong.

    Args:
        path: the table of ratings; only a CSV is read as numbers.
        stimuli, raters: the checked tables beside it.

    Raises:
        BadInput: it is no table of ratings.
    """
    if path.suffix != ".csv":
        return None
    said = read_categories(path, RATINGS)
    if not len(said) or not _are_choices(said):
        return None
    rater, clip = (_rows(said[name], of[name]) for name, of in (("rater", raters), ("stimulus", stimuli)))
    repeat: Codes = np.zeros(len(said), dtype=np.int64)
    if "repeat" in said:
        repeat = np.asarray(said["repeat"].cat.codes, dtype=np.int64)
    if rater.min() < 0 or clip.min() < 0 or not _differ(rater, clip, repeat):
        return None
    labels = in_order(list(said["label"].cat.categories))
    label = _rows(said["label"], pd.Series(labels))
    one = np.broadcast_to(1.0, len(said))
    numbers = Coded(rater, clip, label, repeat, one, one == 1, tuple(labels))
    return Choices(stimuli, raters, numbers, said)


def _are_choices(said: pd.DataFrame) -> bool:
    """Whether every text of every column is one that a choice for a whole clip may have."""
    known = {name: set(said[name].cat.categories) for name in _TOLD & set(said)}
    whole = all(known.get(name, set()) <= {""} for name in ("start_s", "end_s", "part"))
    full = all("" not in known[column.name] for column in RATINGS.columns if column.required)
    one = (number(pd.Series(list(known["weight"]), dtype="str")) == 1).all()
    return whole and full and bool(one) and known["label"] <= {*EMOTIONS, CANNOT_SAY}


def _differ(rater: Codes, clip: Codes, repeat: Codes) -> bool:
    """Whether no rater judged a clip twice in one hearing."""
    size = [int(codes.max()) + 1 for codes in (rater, clip, repeat)]
    unit = np.ravel_multi_index((rater, clip, repeat), size)
    if math.prod(size) <= _FULL * len(unit):
        return int(np.bincount(unit).max()) == 1
    return bool(pd.Series(unit).is_unique)


def _rows(column: pd.Series, known: pd.Series) -> Codes:
    """In which row of ``known`` each field of a column of categories stands, -1 where it does not."""
    return rows_of(pd.Series(column.cat.categories), known)[column.cat.codes.to_numpy()]
