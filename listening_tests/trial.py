"""What a trial is, and what a type of trial must say of itself.

A trial type is one file in ``trial_types/`` that defines ``TRIAL``. It declares the parameters a study may set and the
answers it yields, draws itself on the ``ui`` it is given (it never reaches for Streamlit), checks an answer on the server,
and can answer by itself, so that a whole study runs without people.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, Protocol

from ser_core.registry import discover

Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """Something a study may set for a trial: its default says its type; ``help`` says what it does."""

    name: str
    default: Any
    help: str


@dataclass(frozen=True)
class Field:
    """Something that an answer holds; units stand in the name."""

    name: str
    help: str
    kind: Literal["text", "number", "flag"] = "text"


@dataclass(frozen=True)
class Trial:
    """One step of one participant's session; ``key`` is random, and all that the browser learns of its clip."""

    position: int
    type: str
    block: int
    stimulus: str
    key: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


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
        """The participant's language version of a text of the study."""

    def player(self, trial: Trial, choices: list[str]) -> None:
        """Play the trial's clip, let the participant choose, and submit the answer."""

    def submit(self, trial: Trial, answer: Answer) -> None:
        """Commit the answer; the next run of the page shows the next trial."""

    def consent(self, trial: Trial, agreed: bool) -> None:
        """Keep what the participant said to the study's text; a yes also opens the next trial."""

    @property
    def study(self) -> Any:
        """The study the trial belongs to."""

    @property
    def completion_code(self) -> str:
        """What the participant shows to prove that they finished."""


@dataclass(frozen=True)
class TrialType:
    """A kind of trial. ``check`` returns None, or what is wrong with an answer, as a key of the language files."""

    title: str
    show: Callable[[Trial, Ui], None]
    check: Callable[[Trial, Answer], str | None]
    simulate: Callable[[Trial, random.Random], dict[str, Any]]
    parameters: tuple[Parameter, ...] = ()
    answer: tuple[Field, ...] = ()
    feedback: Callable[[Trial, Answer, Ui], None] | None = None  # shown once, after the answer was stored
    hears: bool = False  # one trial for each clip of the part named by the parameter `part`
    rates: bool = False  # its answers become ratings


def cleaned(fields: tuple[Field, ...], answer: Answer) -> dict[str, Any]:
    """The part of an answer that is declared, each field of its kind: a browser may send anything.

    >>> cleaned((Field("label", ""), Field("plays", "", "number")), {"label": 3, "plays": 2, "planted": "x"})
    {'label': '', 'plays': 2}
    """
    return {field.name: _KINDS[field.kind](answer.get(field.name)) for field in fields}


def _text(value: Any) -> str:
    return value[:_LONGEST].encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9  # NaN is not less either
    return value if fits else None


_LONGEST = 2000  # characters
_KINDS: dict[str, Callable[[Any], Any]] = {"text": _text, "number": _number, "flag": lambda value: value is True}


@cache
def trial_types() -> dict[str, TrialType]:
    """Every trial type there is, by name."""
    return discover("listening_tests.trial_types", "TRIAL")
