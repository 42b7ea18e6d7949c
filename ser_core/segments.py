"""Which part of a clip shows the emotion: every rater's parts against the corpus's, by EDER (``metrics/eder.py``).

What counts as an answer about parts is a row of ratings with ``start_s`` and ``end_s``, whoever gave it. People's exports
say beside it, in the column ``part``, how a clip was marked: ``segment``, ``whole`` (its row goes from 0 s to the end) or
``none`` (no single part, whatever the label: nothing of the clip was said to show an emotion). A label of a whole clip that
nobody was asked to mark has no ``part`` and never becomes a part.

What a person did not mark is neutral; what a model said nothing of follows ``tail``. Several parts of a clip may overlap in
different emotions; a part with a posterior counts as its most probable label. A clip is scored where its truth has a place
in time and is an emotion; the rest is named in ``left_out``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from ser_core import ratings
from ser_core.coded import coded, once
from ser_core.counting import JUDGED, Judged, described, leave_out, numbered
from ser_core.emotions import NEUTRAL, in_order
from ser_core.errors import BadInput, Problem
from ser_core.lazy_tables import Part, columns, different, rows_at
from ser_core.metrics.eder import Compat, Interval, Tail, eder
from ser_core.tables import MARKED_NONE, MARKED_PARTS, MARKED_WHOLE, marked_as

SEGMENTS = ("rater", "stimulus", "eder", "me_s", "fa_s", "ol_s", "cf_s", "duration_s")
_UNIT = ["rater", "stimulus", "repeat"]
_NAMED = 3
"""How many of the clips that are left out a sentence names."""


@dataclass(frozen=True)
class Marked(Judged):
    """Markings as judgements: ``label`` is empty.

    Attributes:
        markings: one row for each: the columns of ``Judged.judged``, ``repeat`` and those of ``SEGMENTS``.
    """

    markings: pd.DataFrame

    @property
    def judged(self) -> pd.DataFrame:  # type: ignore[override]
        """The markings."""
        return self.markings


def segments(tables: ratings.Tables, *, tail: Tail = "neutral", compat: Compat = "") -> pd.DataFrame:
    """One row for each rater and clip that was marked (each hearing, where it was heard again); columns ``SEGMENTS``.

    With ``tail="error"`` the time of which nothing was said is what ``eder * duration_s`` has beyond the four kinds.

    Args:
        tables: checked tables.
        tail: what becomes of time of which a model said nothing (see ``metrics/eder.py``).
        compat: ``speechbrain`` for its arithmetic.

    Raises:
        BadInput: with ``compat``, every marking that SpeechBrain's arithmetic cannot do.
    """
    return marked(tables, tail=tail, compat=compat).judged[list(SEGMENTS)]


def marked(tables: ratings.Tables, *, tail: Tail = "neutral", compat: Compat = "") -> Marked:
    """Every marking as a judgement, with its EDER.

    Raises:
        BadInput: as ``segments``.
    """
    return once(tables, f"_marked {tail} {compat}", partial(_marked, tail=tail, compat=compat))


def _marked(tables: ratings.Tables, *, tail: Tail, compat: Compat) -> Marked:
    if isinstance(tables, Part) and tables.of and "part" not in columns(tables) and coded(tables.of[0]).whole.all():
        return marked(tables.of[0], tail=tail, compat=compat)  # where nothing was marked, nothing is in any part
    rows = parts(tables)
    units = rows.drop_duplicates(_UNIT)[[*_UNIT, "start_s", "_how"]].sort_values(_UNIT, ignore_index=True)
    units = described(units, tables)
    lost = units["start_s"].isna() & (units["_how"] == MARKED_PARTS)
    facts = tables.stimuli.set_index("stimulus")
    for name in ("truth_start_s", "truth_end_s", "duration_s"):
        units[name] = units["stimulus"].map(facts[name])
    neutral, placeless = units["truth"] == NEUTRAL, units["truth_start_s"].isna()
    endless = units["duration_s"].isna()
    left, said = leave_out(
        [
            (rule.to_numpy(), why)
            for rule, why in (
                (units["rater_type"] == "truth", "of raters of type truth"),
                (lost, f"without the part that was marked ({_some(units, lost)})"),
                (neutral, f"of clips whose truth is neutral ({_some(units, neutral)})"),
                (placeless, f"of clips whose truth has no place in time ({_some(units, placeless & ~neutral)})"),
                (endless, f"of clips of unknown length ({_some(units, endless & ~placeless & ~neutral)})"),
            )
        ],
        "marking",
    )
    units = units[left]
    scored = units.assign(label="").join(_scored(units, rows, tail, compat))
    names = [*JUDGED, "repeat", *SEGMENTS[2:]]
    found, truths = scored[names].reset_index(drop=True), in_order(set(units["truth"]))
    return Marked(*numbered(found), np.zeros(len(found), dtype=np.int64), truths, [""], said, found)


def _some(units: pd.DataFrame, rule: pd.Series) -> str:
    clips = sorted(set(units.loc[rule, "stimulus"]))
    return ", ".join(clips[:_NAMED]) + (f" and {len(clips) - _NAMED:,} more" if len(clips) > _NAMED else "")


def parts(tables: ratings.Tables) -> pd.DataFrame:
    """The rows that answer about parts, one for each label that holds; of what has no part one without times.

    Column ``_how`` is how the clip was marked (``tables.marked_as``).
    """
    told = ~coded(tables).whole
    code, known = different(tables, "part")
    told |= np.isin(known, (MARKED_PARTS, MARKED_WHOLE, MARKED_NONE))[code]
    rows = rows_at(tables, np.flatnonzero(told))
    rows = rows.assign(_how=marked_as(rows))
    has_parts = rows.groupby(_UNIT)["start_s"].transform("count") > 0
    rows = rows[rows["start_s"].notna() | ~has_parts]
    whole = (rows["_how"] == MARKED_WHOLE) & rows["start_s"].isna()
    length_s = rows["stimulus"].map(tables.stimuli.set_index("stimulus")["duration_s"])
    rows = rows.assign(start_s=rows["start_s"].mask(whole, 0.0), end_s=rows["end_s"].mask(whole, length_s))
    top = rows.groupby([*_UNIT, "start_s", "end_s"], dropna=False)["weight"].transform("max")
    return pd.concat([rows[(top == 1) & (rows["weight"] == 1)], ratings.decide(rows[top < 1])])


def _scored(units: pd.DataFrame, rows: pd.DataFrame, tail: Tail, compat: Compat) -> pd.DataFrame:
    """EDER of each unit and its seconds, with the index of ``units``."""
    said = dict(_said(rows))
    found: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for unit in units.to_dict("records"):
        key = tuple(unit[name] for name in _UNIT)
        truth = [(unit["truth_start_s"], unit["truth_end_s"], unit["truth"])]
        rest: Tail = "neutral" if unit["rater_type"] == "human" else tail
        try:
            error = asdict(eder(said[key], truth, unit["duration_s"], tail=rest, compat=compat))
        except BadInput as bad:
            problems += [Problem(f"rater '{key[0]}', stimulus '{key[1]}': {p.what}") for p in bad.problems]
            continue
        found.append({"eder": error.pop("rate"), **error})
    if problems:
        raise BadInput(*problems)
    columns = ["eder", "me_s", "fa_s", "ol_s", "cf_s"]
    return pd.DataFrame(found, index=units.index, columns=columns, dtype=float)


def _said(rows: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], list[Interval]]]:
    """For each rater, clip and hearing what was said of its parts."""
    rows = rows.sort_values([*_UNIT, "start_s", "end_s", "label"])
    columns = (rows[name].tolist() for name in (*_UNIT, "start_s", "end_s", "label"))
    for key, unit in groupby(zip(*columns, strict=True), key=lambda row: row[:3]):
        yield key, [(start, end, label) for *_, start, end, label in unit if not np.isnan(start)]
