"""What a trial is, and what a type of trial must say of itself.

A trial type is one file in ``trial_types/`` that defines ``TRIAL``. It declares the parameters a study may set (a
``Parameters`` model) and the answers it yields, draws itself on the ``ui`` it is given (it never reaches for Streamlit),
checks an answer on the server, and can answer by itself, so that a whole study runs without people.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from ser_core.registry import discover

if TYPE_CHECKING:  # a study is checked with the trial types there are, so it imports this module
    from listening_tests.study import Study

Answer = Mapping[str, Any]
Texts = dict[str, str]
"""A text of the study by interface language."""


class Parameters(BaseModel):
    """What a study may set for a trial; a subclass names each with its type, default and ``Field(description=...)``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


@dataclass(frozen=True)
class Field:
    """Something that an answer holds; units stand in the name."""

    name: str
    help: str
    kind: Literal["text", "number", "flag", "list", "map"] = "text"


@dataclass(frozen=True)
class Trial:
    """One step of one participant's session; ``key`` is random, and all that the browser learns of its clip.

    ``repeat`` counts the hearings of a clip that is planned to be heard again: 1, 2, …; 0 = heard once. ``other`` is the
    second clip of a pair. ``parameters`` are the type's, complete, after ``TrialType.resolve``.
    """

    position: int
    type: str
    block: int
    stimulus: str
    key: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    other: str = ""
    block_name: str = ""
    repeat: int = 0


@dataclass(frozen=True)
class Option:
    """One answer to choose: ``value`` is stored, ``label`` shown, ``picture`` (SVG path data we drew) beside it.

    A picture is drawn in a box of 64 x 64: stroked in the text's colour, 2 wide, with round ends, and not filled.
    """

    value: str
    label: str
    picture: str = ""


@dataclass(frozen=True)
class Question:
    """Something the player asks, already in the participant's language; the answer is stored under ``name``.

    ``kind``: ``choice`` (one of the options), ``several`` (any of them; stored as values with blanks between), ``scale``
    (options in a row from ``low`` to ``high``), ``text``, ``long_text``, ``number``. ``only_if`` maps the name of an
    earlier question to the values at which this one is asked; an answer to one that is not asked any more is not sent. The
    player stores what was typed, never an index. All answers also come as a map ``answers``, for types whose questions a
    study names.
    """

    name: str
    prompt: str = ""
    kind: Literal["choice", "several", "scale", "text", "long_text", "number"] = "choice"
    options: Sequence[Option] = ()
    optional: bool = False
    low: str = ""
    high: str = ""
    minimum: float | None = None
    maximum: float | None = None
    only_if: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Plays:
    """How often a clip must and may be heard: ``least`` times (to its end, if ``to_end``), at most ``most`` (0 = any).

    A play is a start of the clip; hearing only the marked part, or going on after a stop, is none.
    """

    least: int = 1
    most: int = 0
    to_end: bool = True


@dataclass(frozen=True)
class Segment:
    """What part of the clip may be marked; ``longest_s`` 0 = up to the whole clip. ``whole`` and ``none`` offer
    "the whole clip" and "no single part" as answers of their own."""

    shortest_s: float = 0.1
    longest_s: float = 0.0
    count: int = 1
    whole: bool = True
    none: bool = True


@dataclass(frozen=True)
class Form:
    """What the player shows for one trial: clips to hear, questions to answer, perhaps a part to mark.

    ``clips``: how many sounds (their addresses are the trial's key and number); ``names`` labels them where there are
    several. ``loop`` repeats a sound until it is stopped (level check).
    """

    questions: Sequence[Question] = ()
    clips: int = 1
    names: Sequence[str] = ()
    plays: Plays = Plays()
    segment: Segment | None = None
    loop: bool = False


class Ui(Protocol):
    """Where a trial draws itself: Streamlit's commands, the participant's words, and one way out."""

    st: Any
    """Streamlit, or whatever draws in its place."""
    interface: str
    """The participant's interface language."""

    def text(self, key: str, **values: Any) -> str:
        """A sentence in the participant's language."""

    def label(self, emotion: str) -> str:
        """An emotion's name in the participant's language."""

    def language(self, tag: str) -> str:
        """The name of a spoken language, in the participant's language."""

    def own(self, texts: Mapping[str, str]) -> str:
        """The participant's language version of a text of the study; the study's first language where it has none."""

    def player(self, trial: Trial, form: Form) -> None:
        """Show the form, play its clips, and submit the answer when it is complete."""

    def submit(self, trial: Trial, answer: Answer) -> None:
        """Commit the answer; the next run of the page shows the next trial."""

    def consent(self, trial: Trial, agreed: bool) -> None:
        """Keep what the participant said to the study's text; a yes also opens the next trial."""

    @property
    def study(self) -> Study:
        """The study the trial belongs to, as it was when the participant began."""

    @property
    def following(self) -> str:
        """The type of the trial that is due now, for who tells something about the one before; empty if none is."""

    @property
    def privacy(self) -> str:
        """A link to what happens to the participant's data, as Markdown."""

    @property
    def completion_code(self) -> str:
        """What the participant shows to prove that they finished."""

    @property
    def completion_url(self) -> str:
        """Where a finished participant is sent back to, such as Prolific; empty if nowhere."""

    @property
    def declined_url(self) -> str:
        """Where somebody is sent back to who does not want to take part; empty if nowhere."""


@dataclass(frozen=True)
class After:
    """What an answer brings about: positions that need no answer any more, and why the session ends, if it does."""

    skips: Sequence[int] = ()
    ends: str = ""


Sound = tuple[npt.NDArray[np.float32], int]
"""Samples in [-1, 1] and their rate in Hz: mono ``[samples]``, or ``[samples, 2]`` (left, right), which must stay stereo on
the way to the ear: the headphone check is nothing but a difference between the two sides."""


@dataclass(frozen=True)
class TrialType:
    """A kind of trial.

    Attributes:
        check: None, or what is wrong with an answer, as a key of the language files.
        simulate: an answer that ``check`` takes.
        feedback: shown once, after the answer was stored.
        hears: one trial for each clip of the part named by the parameter ``part`` (or for each of ``pairs``).
        rates: its answers become ratings.
        times: how many trials one entry of the timeline makes, for a type that hears nothing of ``stimuli.csv``.
        pairs: the pairs of clips that one entry makes trials of.
        about: parameters that follow from what is heard, given the parameters, the study, the clip and a pair's other one.
        resolve: parameters made complete when a listener's order is drawn: given the parameters, the study, the listener's
            seed (the same for all trials) and a generator for this trial.
        sound: a sound that the server makes for the trial (number ``n`` of its clips), instead of a clip of the study.
        recipe: names what ``sound`` makes, so that trials that sound the same share one file; raises as ``sound`` does.
        after: what the answer brings about, given the trials that follow.
        fits: what is wrong with the parameters in this study, as sentences; beyond what their types say.
        passed: for a check of the listener: whether this answer passes it.
    """

    title: str
    show: Callable[[Trial, Ui], None]
    check: Callable[[Trial, Answer], str | None]
    simulate: Callable[[Trial, random.Random], dict[str, Any]]
    parameters: type[Parameters] = Parameters
    answer: tuple[Field, ...] = ()
    feedback: Callable[[Trial, Answer, Ui], None] | None = None
    hears: bool = False
    rates: bool = False
    times: Callable[[Mapping[str, Any]], int] = lambda _: 1
    pairs: Callable[[Mapping[str, Any], Study], list[tuple[str, str]]] | None = None
    about: Callable[[dict[str, Any], Study, str, str], dict[str, Any]] | None = None
    resolve: Callable[[dict[str, Any], Study, int, random.Random], dict[str, Any]] | None = None
    sound: Callable[[Trial, int], Sound] | None = None
    recipe: Callable[[Trial, int], str] | None = None
    after: Callable[[Trial, Answer, Sequence[Trial]], After] | None = None
    fits: Callable[[Mapping[str, Any], Study], list[str]] | None = None
    passed: Callable[[Trial, Answer], bool] | None = None


def cleaned(fields: tuple[Field, ...], answer: Answer) -> dict[str, Any]:
    """The part of an answer that is declared, each field of its kind: a browser may send anything.

    >>> cleaned((Field("label", ""), Field("plays", "", "number")), {"label": 3, "plays": 2, "planted": "x"})
    {'label': '', 'plays': 2}
    """
    return {field.name: _KINDS[field.kind](answer.get(field.name)) for field in fields}


def _text(value: Any) -> str:
    return value[:_LONGEST].encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", value):  # the value of an option is text
        value = float(value) if "." in value else int(value)
    fits = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9  # NaN is not less either
    return value if fits else None


def _list(value: Any) -> list[Any]:
    """A flat list of numbers, texts, or lists of numbers (such as ``[[0.1, 0.5]]``); all else is dropped."""
    items = value[:_MOST] if isinstance(value, list) else []
    plain = [_plain(item) for item in items]
    return [item for item in plain if item is not None]


def _map(value: Any) -> dict[str, Any]:
    """Texts and numbers by name."""
    pairs = list(value.items())[:_MOST] if isinstance(value, dict) else []
    return {_text(k): v for k, item in pairs if isinstance(k, str) and (v := _plain(item)) is not None}


def _plain(item: Any) -> Any:
    if isinstance(item, str):
        return _text(item)
    if isinstance(item, list):
        numbers = [_number(value) for value in item[:8]]
        return None if None in numbers else numbers
    return _number(item)


_LONGEST = 2000  # characters
_MOST = 400  # items
_KINDS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "number": _number,
    "flag": lambda value: value is True,
    "list": _list,
    "map": _map,
}


@cache
def trial_types() -> dict[str, TrialType]:
    """Every trial type there is, by name."""
    return discover("listening_tests.trial_types", "TRIAL")
