"""What a file of this folder declares: one foreign format, of listeners' judgements, of whole tests, or of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ser_core.emotions import CANNOT_SAY, EMOTIONS, canonical
from ser_core.errors import BadInput, Problem, nearest
from ser_core.ratings import Tables


@dataclass(frozen=True)
class Options:
    """What may be said beside the source; what a format needs, and what it cannot use, it says itself.

    Attributes:
        language: BCP 47 tag of what is spoken in the clips; empty = not said.
        emotions: canonical label by the format's own value, beyond the words of the field.
        study: the study's folder that the judgements were given in, if it was imported too.
        audio: where the clips lie.
        copies: whether clips are copied into the study's folder.
        questionnaire_first: whether a questionnaire that the format asks last is asked first.
    """

    language: str = ""
    emotions: Mapping[str, str] = field(default_factory=dict)
    study: Path | None = None
    audio: Path | None = None
    copies: bool = True
    questionnaire_first: bool = False


@dataclass(frozen=True)
class Imported:
    """The three tables, and sentences on what they cannot say, for whoever counts with them."""

    tables: Tables
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Importer:
    """A title, and how to turn the format into ours (``BadInput`` where that fails).

    Attributes:
        read: judgements, from the format's folder or file, as the three tables.
        study: a test, from its file, as a study in a folder that does not exist yet; returns what is printed of it.
        uses: names of the ``Options`` that it reads.
    """

    title: str
    read: Callable[[Path, Options], Imported] | None = None
    study: Callable[[Path, Path, Options], str] | None = None
    uses: Sequence[str] = ()


def emotion(value: str, options: Options) -> str | None:
    """The canonical label of a format's value: as the caller says, else a word of the field; None = no emotion.

    >>> emotion("Joy", Options()), emotion("3", Options(emotions={"3": "sad"})), emotion("3", Options())
    ('happy', 'sad', None)
    """
    if value in options.emotions:
        return options.emotions[value]
    try:
        return canonical(value)
    except KeyError:
        return None


def emotions(pairs: Sequence[str]) -> dict[str, str]:
    """``VALUE=EMOTION`` as it is typed, as a table.

    Raises:
        BadInput: with every pair that is none, names no emotion, or contradicts another.

    >>> emotions(["1=anger", "none=cannot_say"])
    {'1': 'angry', 'none': 'cannot_say'}
    """
    found: dict[str, str] = {}
    problems = []
    for pair in pairs:
        value, sign, word = pair.rpartition("=")
        try:
            label = canonical(word)
        except KeyError:
            label = ""
        if not sign or not value:
            problems.append(Problem(f"--map '{pair}': write VALUE=EMOTION, for example --map 1=angry"))
        elif not label:
            problems.append(Problem(f"--map '{pair}': unknown emotion '{word}'. {nearest(word, (*EMOTIONS, CANNOT_SAY))}"))
        elif found.setdefault(value, label) != label:
            problems.append(Problem(f"--map: '{value}' is said to be '{found[value]}' and '{label}'"))
    if problems:
        raise BadInput(*problems)
    return found
