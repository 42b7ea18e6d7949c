"""Under which conditions the same listeners judged: columns of the clips or the answers with a few values each."""

from __future__ import annotations

from ser_core.lazy_tables import columns, different
from ser_core.made_up import COLUMN
from ser_core.tables import RATINGS, STIMULI, Tables

MOST_VALUES = 12
"""A column of more values is no condition of an experiment but a measurement or an id."""

_OF_THE_TABLES = {column.name for column in (*STIMULI.columns, *RATINGS.columns)} - {"corpus", "speaker"}
_ANSWERS = {"confidence", "arousal", "valence", "dominance", "comment", "plays", "response_s", "position", "answered_at"}
_NONE = _OF_THE_TABLES | _ANSWERS | {COLUMN}


def conditions(tables: Tables) -> list[str]:
    """Columns between whose values the same listeners can be compared (``compare --pair-by``), those of clips first.

    >>> from ser_core.ratings import RATERS, frame
    >>> clips = frame(STIMULI, [{"stimulus": n, "language": "de", "noise": noise} for n, noise in ("a0", "b9")])
    >>> conditions(Tables(clips, frame(RATERS, []), frame(RATINGS, [])))
    ['noise']
    """
    clips = tables.stimuli
    own = [(str(name), clips[name].unique()) for name in clips if name not in _NONE]
    said = [(name, different(tables, name)[1]) for name in columns(tables) if name not in _NONE]
    known = [(name, {*map(str, values)} - {"", "nan"}) for name, values in (*own, *said)]
    return list(dict.fromkeys(name for name, values in known if 1 < len(values) <= MOST_VALUES))
