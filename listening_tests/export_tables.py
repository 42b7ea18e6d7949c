"""What an export holds beside the columns that people and models share: further columns, and three tables of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from listening_tests.trial import trial_types
from ser_core import ratings
from ser_core.further_columns import FURTHER, MADE_UP
from ser_core.tables import Column, Table

TRIALS = Table(
    "trials",
    ("participant", "position"),
    (
        Column("participant", "the rater's id", required=True),
        Column("position", "place in the order really shown, from 0", required=True),
        Column("block", "number of the entry of the timeline, from 0"),
        Column("block_name", "the block of the timeline, if it is in one"),
        Column("type", "the type of the trial", required=True),
        Column("stimulus", "the clip, or the first of two; empty if none is heard"),
        Column("sha256", "SHA-256 of the clip's file when the order was drawn"),
        Column("other", "the second clip of a pair"),
        Column("other_sha256", "SHA-256 of the second clip's file when the order was drawn"),
        Column("repeat", "which hearing of the same clip it is, if it was planned to be heard again"),
        Column("state", "answered, skipped (needed no answer any more), or open", required=True),
        Column("answered_at", "when the answer was stored, UTC"),
        Column("passed", "checks of the listener: whether the answer passes, yes or no"),
        Column("parameters", "everything that was set for the trial, as JSON: the order of the choices, say"),
    ),
)
ANSWERS = Table(
    "answers",
    ("participant", "position", "field"),
    (
        Column("participant", "the rater's id", required=True),
        Column("position", "place in the order really shown, from 0", required=True),
        Column("block_name", "the block of the timeline, if it is in one"),
        Column("type", "the type of the trial", required=True),
        Column("stimulus", "the clip, or the first of two"),
        Column("other", "the second clip of a pair"),
        Column("repeat", "which hearing of the same clip it is, if it was planned to be heard again"),
        Column("answered_at", "when the answer was stored, UTC"),
        Column("field", "what was answered; 'answers.NAME' is the study's own question NAME", required=True),
        Column("value", "the answer, texts as they were typed; lists as JSON. What was left empty has no row"),
    ),
)
CONSENTS = Table(
    "consents",
    ("participant", "answered_at"),
    (
        Column("participant", "the rater's id", required=True),
        Column("text_version", "the study's version of the text", required=True),
        Column("text_sha256", "SHA-256 of the text that was shown", required=True),
        Column("language", "its language", required=True),
        Column("agreed", "yes or no", required=True),
        Column("answered_at", "when, UTC", required=True),
    ),
)
OWN = (TRIALS, ANSWERS, CONSENTS)


def codebook(shown: Mapping[str, pd.DataFrame], *, types: Sequence[str], spreadsheets: bool) -> pd.DataFrame:
    """What every column of the export means, the fields of every type of answer, and what the copies for spreadsheets are.

    Args:
        shown: the tables of the export by name; what the study's own ``stimuli.csv`` brings along is said to be its own.
        types: the types of trial in it.
        spreadsheets: whether there are such copies.
    """
    rows = [
        (name, column.name, "text", "no", column.help)
        for name, columns in FURTHER.items()
        for column in columns
        if column.name in shown[name]
    ]
    known = {c.name for c in (*ratings.STIMULI.columns, *FURTHER["stimuli"])}
    rows += [
        ("stimuli", name, "text", "no", "a column of the study's own stimuli.csv")
        for name in shown["stimuli"].columns
        if name not in known
    ]
    rows += [(t.name, c.name, c.kind, "yes" if c.required else "no", c.help) for t in OWN for c in t.columns]
    rows += [(t.name, MADE_UP.name, MADE_UP.kind, "no", MADE_UP.help) for t in OWN if MADE_UP.name in shown[t.name]]
    rows += [
        ("answers", f"field {field.name} of {kind}", field.kind, "no", field.help)
        for kind in types
        for field in trial_types()[kind].answer
    ]
    if spreadsheets:
        rows.append(("*.spreadsheet.csv", "", "", "", SPREADSHEETS))
    shared = ratings.codebook()
    return pd.concat([shared, pd.DataFrame(rows, columns=shared.columns)], ignore_index=True)


SPREADSHEETS = (
    "for looking at in Excel or LibreOffice, not for computing: where a text could be taken for a formula (it begins with "
    "= + - @, a tab or a line break, or a part of it after a separator does), an apostrophe stands before it. The tables of "
    "the same name without .spreadsheet hold every text as it was typed"
)
