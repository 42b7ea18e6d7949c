"""What the three tables are: their columns, in their order, with the meaning that the codebook gives.

Conventions
    Text columns hold text as it was written: ``007``, ``2_493.01``, ``nan`` and ``no`` are ids like any other, and an
    empty field is the empty string. Number columns are float64, an empty field is NaN. Times are seconds from the start
    of the clip. ``start_s`` and ``end_s`` both empty mean the whole clip.
    A person's choice has weight 1. A model's posterior has one row per label, and the weights of one clip sum to 1.
    A rater who heard a clip again has a second rating with another ``repeat``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

RATER_TYPES = ("human", "machine", "truth")
SETTINGS = ("mono", "cross", "trans", "two_stage", "transfer", "multi_source")
MARKED_PARTS, MARKED_WHOLE, MARKED_NONE = "segment", "whole", "none"
"""How a clip was marked, in the column ``part`` of people's ratings: which parts, the whole clip, or no single part."""
PUBLISHED_COUNTS = "published_counts"
"""Further column of raters, not empty where one row stands for all listeners (or folds) whose counts a paper prints."""


@dataclass(frozen=True)
class Column:
    """One column: what it holds, and whether a row may leave it empty."""

    name: str
    help: str
    kind: Literal["text", "number"] = "text"
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One of the three tables: its columns in their order, and those that together name a row."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def numbers(self) -> set[str]:
        """Names of the columns that hold numbers."""
        return {c.name for c in self.columns if c.kind == "number"}


STIMULI = Table(
    "stimuli",
    ("stimulus",),
    (
        Column("stimulus", "id of the clip", required=True),
        Column("file", "where the clip lies, from the folder of this table; empty where only judgements are known"),
        Column("sha256", "SHA-256 of the file, in hexadecimal"),
        Column("corpus", "the corpus it comes from"),
        Column("language", "BCP 47 tag of what is spoken, dialect included: de, cmn, cmn-x-tianjin", required=True),
        Column("speaker", "id of the voice, unique within the corpus"),
        Column("duration_s", "length in seconds", "number"),
        Column("truth", "the emotion the speaker was asked for; empty if nobody knows"),
        Column("truth_start_s", "where that emotion starts, in seconds, if the corpus says so", "number"),
        Column("truth_end_s", "where it ends, in seconds", "number"),
    ),
)
RATERS = Table(
    "raters",
    ("rater",),
    (
        Column("rater", "id of the listener or model", required=True),
        Column("rater_type", "human, machine or truth", required=True),
        Column("group", "what the rater is compared as, for example 'CN listeners'"),
        Column("native_languages", "people: BCP 47 tags with blanks between them"),
        Column("dialects", "people: BCP 47 tags of the dialects they grew up with, with blanks between them"),
        Column("proficiency", "people: other languages with their level, for example 'en:C1 fr:A2'"),
        Column("encoder", "machines: what turned sound into features"),
        Column("revision", "machines: which version of the encoder"),
        Column("method", "machines: what turned features into labels"),
        Column("setting", "machines: mono, cross, trans, two_stage, transfer or multi_source"),
        Column("source", "machines: language trained on"),
        Column("target", "machines: language tested on"),
        Column("fold", "machines: fold of the cross-validation"),
        Column("seed", "machines: seed of the run"),
        Column("run", "machines: id of the run that wrote the ratings"),
    ),
)
RATINGS = Table(
    "ratings",
    ("rater", "stimulus", "start_s", "end_s", "label", "repeat"),
    (
        Column("rater", "who rated; an id of the raters table", required=True),
        Column("stimulus", "which clip; an id of the stimuli table", required=True),
        Column("start_s", "start of the rated part in seconds; empty = the whole clip", "number"),
        Column("end_s", "end of the rated part in seconds; empty = the whole clip", "number"),
        Column("label", "the emotion perceived, or cannot_say", required=True),
        Column("weight", "1 for a choice; the posterior probability of this label for a model", "number", required=True),
        Column("repeat", "which hearing of the same clip this is, if it was heard more than once"),
    ),
)
TABLES = (STIMULI, RATERS, RATINGS)


@dataclass(frozen=True)
class Tables:
    """The three tables together, as data frames; ``check`` them once, then trust them."""

    stimuli: pd.DataFrame
    raters: pd.DataFrame
    ratings: pd.DataFrame

    def __repr__(self) -> str:
        return f"Tables({len(self.stimuli)} stimuli, {len(self.raters)} raters, {len(self.ratings)} ratings)"


def only(tables: Tables, ratings: pd.Series) -> Tables:
    """The ratings that are chosen, ``[rating]`` of bool; clips and raters of whom none is left are gone too."""
    rows = tables.ratings[ratings].reset_index(drop=True)
    clips = tables.stimuli[tables.stimuli["stimulus"].isin(rows["stimulus"])].reset_index(drop=True)
    raters = tables.raters[tables.raters["rater"].isin(rows["rater"])].reset_index(drop=True)
    return Tables(clips, raters, rows)


def frame(table: Table, rows: list[Mapping[str, Any]] | pd.DataFrame) -> pd.DataFrame:
    """A data frame of the table's columns in their order, further columns after them, every kind as declared.

    >>> frame(RATINGS, [{"rater": "007", "stimulus": "a", "label": "sad", "weight": 1}]).loc[0, "rater"]
    '007'
    """
    data = rows.copy() if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows)
    names = [c.name for c in table.columns]
    for column in table.columns:
        if column.name not in data:
            data[column.name] = np.nan if column.kind == "number" else ""
    for name in data.columns:
        data[name] = data[name].astype("float64") if name in table.numbers else data[name].fillna("").astype("str")
    return data[[*names, *(n for n in data.columns if n not in names)]]


def marked_as(ratings: pd.DataFrame) -> pd.Series:
    """How the clip of each row was marked, in the words above; empty where the table does not say so.

    >>> marked_as(frame(RATINGS, [{"rater": "a", "part": "whole"}, {"rater": "a", "part": ""}])).tolist()
    ['whole', '']
    """
    said = ratings["part"] if "part" in ratings else pd.Series("", ratings.index)
    return said.where(said.isin((MARKED_PARTS, MARKED_WHOLE, MARKED_NONE)), "")


def codebook() -> pd.DataFrame:
    """What every column of the three tables means."""
    return pd.DataFrame(
        [(t.name, c.name, c.kind, "yes" if c.required else "no", c.help) for t in TABLES for c in t.columns],
        columns=["table", "column", "kind", "required", "meaning"],
    )
