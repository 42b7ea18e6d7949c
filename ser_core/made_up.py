"""What in the tables was made and not recorded, so that no table, figure or file of it passes for people's own.

A column ``synthetic`` of the clips or ``simulated`` of the raters says 'yes'.
"""

from __future__ import annotations

import pandas as pd

from ser_core.tables import Tables

COLUMN = "made_up"
"""The last column of a file that rests on anything made up; files of real data do not have it."""

_KINDS = (
    ("simulated listeners", "raters", "simulated", "listeners are simulated, who heard nothing"),
    ("synthetic voices", "stimuli", "synthetic", "clips are synthetic voices"),
)


def sentences(tables: Tables) -> tuple[str, ...]:
    """What was made, as sentences for a banner.

    >>> from ser_core.ratings import RATERS, RATINGS, STIMULI, frame
    >>> made = frame(STIMULI, [{"stimulus": "a", "language": "de", "synthetic": "yes"}])
    >>> sentences(Tables(made, frame(RATERS, []), frame(RATINGS, [])))
    ('1 of 1 clips are synthetic voices.',)
    """
    counted = ((_rows(tables, table), column, what) for _, table, column, what in _KINDS)
    numbers = ((number(data, column), len(data), what) for data, column, what in counted)
    return tuple(f"{made:,} of {of:,} {what}." for made, of, what in numbers if made)


def words(tables: Tables) -> str:
    """What was made, in the few words that every figure and file carries; empty where all is real.

    >>> from ser_core.ratings import RATERS, RATINGS, STIMULI, frame
    >>> people = frame(RATERS, [{"rater": "a", "rater_type": "human", "simulated": "yes"}])
    >>> words(Tables(frame(STIMULI, []), people, frame(RATINGS, [])))
    'simulated listeners'
    """
    return ", ".join(name for name, table, column, _ in _KINDS if number(_rows(tables, table), column))


def stamped(data: pd.DataFrame, said: str) -> pd.DataFrame:
    """The rows with what was made of them in a last column; as they are where nothing was."""
    return data.assign(**{COLUMN: said}) if said else data


def number(data: pd.DataFrame, column: str) -> int:
    """How many rows say 'yes' in the column, which need not be there."""
    return int((data[column].str.lower() == "yes").sum()) if column in data else 0


def _rows(tables: Tables, table: str) -> pd.DataFrame:
    people = tables.raters[tables.raters["rater_type"] == "human"]
    return {"raters": people, "stimuli": tables.stimuli}[table]
