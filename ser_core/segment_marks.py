"""From the three tables to marks: who said of which part of a clip that it carries an emotion.

A *marking* is what one rater did with one clip: any number of parts; "no single part" is a marking without any. A part
counts as marked if its label is not ``neutral``; what is not marked counts as neutral, so a person who marked one part and a
model that cut the whole clip into parts say the same kind of thing. Parts of one label that touch or overlap are one part.
Times are seconds from the start of the clip.

The truth takes part as one more rater: raters of type ``truth``, and for clips that they did not mark, what the stimuli
table says (``truth_start_s``, ``truth_end_s``; its rater id is empty). Who heard a clip again counts with the first hearing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ser_core import languages, segments
from ser_core.emotions import NEUTRAL, in_order
from ser_core.errors import BadInput
from ser_core.tables import MARKED_PARTS, RATER_TYPES, Tables

TOUCH_S = 1e-6
"""Two parts that lie no further apart touch: the end of one frame is the start of the next, but for the last bits."""
EDGE_S = 0.001
"""Durations are often written with three decimals; a mark that comes this near to an end of its clip reaches it."""


@dataclass(frozen=True)
class Marks:
    """Markings and their parts, in an order that does not depend on the order of the tables.

    Attributes:
        markings: one row per marking: ``rater_type, group, rater, stimulus, language, truth, duration_s`` and ``marking``,
            its number from 0; ``duration_s`` is NaN where the length of the clip is not known.
        parts: one row per marked part: ``marking, label, start_s, end_s``; parts of one label lie apart.
        left_out: sentences on what was not counted, for the reader.
    """

    markings: pd.DataFrame
    parts: pd.DataFrame
    left_out: tuple[str, ...]

    def places(self) -> pd.DataFrame:
        """The parts whatever their label, ``marking, start_s, end_s``: those that touch or overlap are one."""
        return merged(self.parts, ["marking"])


def marks(tables: Tables) -> Marks:
    """The markings in tables that were checked.

    Raises:
        BadInput: nobody marked a part of any clip.
    """
    rows = segments.parts(tables)
    lost = np.where(rows["start_s"].isna(), rows["_how"] == MARKED_PARTS, rows["end_s"].isna())  # whole, of unknown length
    rows, left_out = rows[~lost], _said(int(lost.sum()), "without the part that was marked left out.")
    if rows["start_s"].isna().all():
        raise BadInput(
            "nobody marked a part of a clip: no row of the ratings has 'start_s' and 'end_s'. People mark parts in trials "
            "of the type clip, and so do the models of ser_core/diarization"
        )
    rows, again = _first_hearing(rows)
    rows = rows.merge(tables.raters[["rater", "rater_type", "group"]], on="rater", validate="many_to_one")
    rows["group"] = rows["group"].where(rows["group"] != "", rows["rater_type"])
    rows = pd.concat([rows, _truth_of_corpus(tables.stimuli, rows)], ignore_index=True)
    clips = tables.stimuli[["stimulus", "language", "truth", "duration_s"]]
    rows = rows.merge(clips.assign(language=clips["language"].map(languages.normal)), on="stimulus", validate="many_to_one")
    rows["_type"] = rows["rater_type"].map({name: n for n, name in enumerate(RATER_TYPES)})
    rows = rows.sort_values(["_type", "group", "rater", "stimulus", "start_s", "end_s", "label"], ignore_index=True)
    who = ["rater_type", "group", "rater", "stimulus"]
    rows["marking"] = rows.groupby(who, sort=False).ngroup()
    rows["end_s"] = np.fmin(rows["end_s"], rows["duration_s"])  # the tables allow a millisecond beyond the end
    markings = rows.drop_duplicates("marking")[[*who, "language", "truth", "duration_s", "marking"]].reset_index(drop=True)
    left_out += again + _said(int(markings["duration_s"].isna().sum()), "of clips of unknown length left out of agreement.")
    parts = merged(rows[(rows["label"] != NEUTRAL) & rows["start_s"].notna()], ["marking", "label"])
    return Marks(markings, parts, left_out)


def merged(parts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Parts of equal ``by`` that touch or overlap made one; columns ``by``, ``start_s``, ``end_s``, in that order.

    >>> merged(pd.DataFrame({"marking": [0, 0, 0], "start_s": [1, 0, 3], "end_s": [2, 1.5, 4]}), ["marking"]).values.tolist()
    [[0.0, 0.0, 2.0], [0.0, 3.0, 4.0]]
    """
    ordered = parts.sort_values([*by, "start_s", "end_s"], ignore_index=True)
    reach = ordered.groupby(list(by))["end_s"].cummax()
    same = ordered[list(by)].eq(ordered[list(by)].shift()).all(axis=1)
    begins = ~same | (ordered["start_s"] > reach.shift() + TOUCH_S)
    grouped = ordered.assign(end_s=reach).groupby(begins.cumsum())
    made = grouped.agg({**dict.fromkeys(by, "first"), "start_s": "first", "end_s": "last"})
    return pd.DataFrame(made.reset_index(drop=True))


def margins(table: pd.DataFrame, columns: Sequence[str] = ("language", "emotion")) -> pd.DataFrame:
    """Every row once for each way of leaving columns empty, which stands for "over all of it"; none twice.

    >>> margins(pd.DataFrame({"language": ["de"], "emotion": ["sad"]})).values.tolist()
    [['', ''], ['de', ''], ['', 'sad'], ['de', 'sad']]
    """
    parts = [table]
    for column in columns:
        parts = [p.assign(**{column: ""}) for p in parts] + [p[p[column] != ""] for p in parts]
    return pd.concat(parts, ignore_index=True)


def emotion_order(column: pd.Series) -> pd.Series:
    """The place of each emotion in the order of every table; the empty one, which stands for all, comes first."""
    return column.map({"": -1} | {label: n for n, label in enumerate(in_order(set(column) - {""}))})


def _first_hearing(rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    heard = rows[["rater", "stimulus", "repeat"]].drop_duplicates()
    heard = heard.assign(_length=heard["repeat"].str.len()).sort_values(["_length", "repeat"])  # "2" before "10"
    first = heard.drop_duplicates(["rater", "stimulus"])
    again = len(heard) - len(first)
    kept = rows.merge(first[["rater", "stimulus", "repeat"]], on=["rater", "stimulus", "repeat"])
    return kept, _said(again, "of a clip heard again left out; the first hearing counts.")


def _said(number: int, why: str) -> tuple[str, ...]:
    return (f"{number:,} marking{'s' if number > 1 else ''} {why}",) if number else ()


def _truth_of_corpus(stimuli: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    marked = set(rows.loc[rows["rater_type"] == "truth", "stimulus"])
    known = stimuli[stimuli["truth_start_s"].notna() & (stimuli["truth"] != "") & ~stimuli["stimulus"].isin(marked)]
    known = known.rename(columns={"truth_start_s": "start_s", "truth_end_s": "end_s", "truth": "label"})
    return known[["stimulus", "start_s", "end_s", "label"]].assign(rater="", rater_type="truth", group="truth")
