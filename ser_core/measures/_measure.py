"""What a measure on tables is: a few words for the reader, the columns of its table, and one function that makes it.

A measure of counts (``metrics/_metric.py``) needs only who said what of which truth. These need more: who heard the same
clip, a model's whole posterior, how sure a listener was, how long it took. ``compare`` writes each as ``<name>.csv``.

Where nothing can be said, a row has no value and says why in ``note``. An empty field is all of it: no language, all
languages; no group, everybody of that type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from ser_core.registry import discover
from ser_core.tables import Column, Table, Tables, frame


class Make(Protocol):
    """What makes the table of a measure."""

    def __call__(self, tables: Tables, *, seed: int = 0, draws: int = 1000) -> pd.DataFrame:
        """The columns that the measure declares; ``draws`` of the bootstrap, 0 leaves intervals empty."""


@dataclass(frozen=True)
class TableMeasure:
    """One measure on the three tables.

    Attributes:
        title: its name for a reader.
        help: what it says, in one sentence.
        bounds: smallest and greatest ``value`` it can have.
        source: the paper.
        columns: of its table, in their order, with what they mean; ``value``, ``note`` and the ends of its interval among
            them. With a column ``stimulus``, rows that name one are details, which a report leaves to the file.
        table: makes it from checked tables.
    """

    title: str
    help: str
    bounds: tuple[float, float]
    source: str
    columns: tuple[Column, ...]
    table: Make


GROUP = Column("group", "what the raters are compared as; empty = all of this type together")
RATER_TYPE = Column("rater_type", "human or machine")
AGAINST = Column("against", "the other group; the same one = its raters among each other")
AGAINST_TYPE = Column("against_type", "human or machine")
LANGUAGE = Column("language", "what is spoken in the clips; empty = all of them")
CI_LOW = Column("ci_low", "lower end of its 95 % interval, bootstrapped over raters and clips", "number")
CI_HIGH = Column("ci_high", "upper end", "number")
RATERS = Column("raters", "how many raters it rests on", "number")
CLIPS = Column("clips", "how many clips it rests on", "number")
JUDGEMENTS = Column("judgements", "how many judgements it rests on", "number")
PAIRS = Column("pairs", "how many pairs of raters it rests on", "number")
UNDEFINED = Column("undefined", "how many pairs it leaves out: too few clips in common, or one answer throughout", "number")
NOTE = Column("note", "why there is no value, or what to know of it")

_COUNTS = {column.name for column in (RATERS, CLIPS, JUDGEMENTS, PAIRS, UNDEFINED)} | {"right", "wrong", "without"}


def value(what: str) -> Column:
    """The column ``value``: what it is, with its range."""
    return Column("value", what, "number")


def as_table(columns: tuple[Column, ...], rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a table of these columns; a text that a row lacks is empty, a number NaN, and counts are whole numbers."""
    empty = {column.name: "" for column in columns if column.kind == "text"}
    data = pd.DataFrame([empty | dict(row) for row in rows], columns=[column.name for column in columns])
    data = frame(Table("", (), columns), data)
    return data.astype({name: "int64" for name in data.columns if name in _COUNTS})


def measures() -> dict[str, TableMeasure]:
    """Every measure on tables by its name, which is also that of its file.

    >>> "krippendorff_alpha" in measures()
    True
    """
    return discover("ser_core.measures", "MEASURE")
