"""What in the tables was made and not recorded, so that no table, figure or file of it passes for people's own.

A column ``synthetic`` of the clips or ``simulated`` of the raters says 'yes'.
"""

from __future__ import annotations

import numpy as np
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


def row_by_row(rows: pd.DataFrame, tables: Tables, *, who: str = "rater") -> pd.DataFrame:
    """Rows of raters and clips with what was made up of each in a last column; as they are where nothing was.

    A table of single answers is handed on without the tables of raters and clips, which say it.

    Args:
        rows: with a column ``who`` of raters; also ``stimulus``, or there are no clips in it.
        tables: whose raters and clips they are.
        who: the column that names the rater.

    >>> from ser_core.ratings import RATERS, RATINGS, STIMULI, frame
    >>> people = frame(RATERS, [{"rater": n, "rater_type": "human", "simulated": s} for n, s in (("a", "yes"), ("b", "no"))])
    >>> said = frame(RATINGS, [{"rater": n, "stimulus": "c", "label": "sad", "weight": 1} for n in "ab"])
    >>> row_by_row(said, Tables(frame(STIMULI, []), people, said))["made_up"].tolist()
    ['simulated listeners', '']
    """
    own = rows.drop(columns=[COLUMN], errors="ignore")
    if not words(tables):
        return own
    made = []
    for (name, table, column, _), key, of in zip(_KINDS, ("rater", "stimulus"), (who, "stimulus"), strict=True):
        data = _rows(tables, table)
        named = data.loc[_yes(data, column), key] if column in data else data[key].iloc[:0]
        met = own[of].isin(named).to_numpy(dtype=bool) if of in own else np.zeros(len(own), dtype=bool)
        made.append((name, met))
    (one, first), (other, second) = made
    said = pd.Series(["", one, other, f"{one}, {other}"], dtype="str")
    return own.assign(**{COLUMN: said.take(first + 2 * second).set_axis(own.index)})


def number(data: pd.DataFrame, column: str) -> int:
    """How many rows say 'yes' in the column, which need not be there."""
    return int(_yes(data, column).sum()) if column in data else 0


def _yes(data: pd.DataFrame, column: str) -> pd.Series:
    return data[column].str.lower() == "yes"


def _rows(tables: Tables, table: str) -> pd.DataFrame:
    people = tables.raters[tables.raters["rater_type"] == "human"]
    return {"raters": people, "stimuli": tables.stimuli}[table]
