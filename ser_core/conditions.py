"""Under which conditions the same listeners judged: columns of the clips or the answers with a few values each."""

from __future__ import annotations

from ser_core.tables import RATINGS, STIMULI, Tables

MOST_VALUES = 12
"""A column of more values is no condition of an experiment but a measurement or an id."""

_OF_THE_TABLES = {column.name for column in (*STIMULI.columns, *RATINGS.columns)} - {"corpus", "speaker"}
_ANSWERS = {"confidence", "arousal", "valence", "dominance", "comment", "plays", "response_s", "position", "answered_at"}


def conditions(tables: Tables) -> list[str]:
    """Columns between whose values the same listeners can be compared (``compare --pair-by``), those of clips first.

    >>> from ser_core.ratings import RATERS, frame
    >>> clips = frame(STIMULI, [{"stimulus": n, "language": "de", "noise": noise} for n, noise in ("a0", "b9")])
    >>> conditions(Tables(clips, frame(RATERS, []), frame(RATINGS, [])))
    ['noise']
    """
    found: list[str] = []
    for data in (tables.stimuli, tables.ratings):
        for name in data.columns.difference([*_OF_THE_TABLES, *_ANSWERS, *found], sort=False):
            values = set(data[name].astype("str").unique()) - {"", "nan"}
            found += [str(name)] if 1 < len(values) <= MOST_VALUES else []
    return found
