"""Questions that a study words itself: how study.yaml writes them, what may be wrong with them, how they are asked.

Their answers stand in the map ``answers`` under the question's name, so that no name of a study's can be taken for one of
ours.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field as Described

from listening_tests.trial import Answer, Form, Option, Parameters, Question, Texts
from listening_tests.trial_types import _listening
from listening_tests.trial_types._listening import MUTE, Words
from ser_core.errors import nearest


class Choice(Parameters):
    """One answer to choose from."""

    value: str = Described(pattern=r"^\S+$", description="what is stored: a word without blanks")
    label: Texts = Described(default={}, description="what is shown, by interface language; empty = the value")


class Scale(Parameters):
    """Points between two ends, or named options in a row."""

    name: str = Described(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", description="under which the answer is stored")
    text: Texts = Described(description="the question, by interface language")
    options: list[Choice] = Described(default=[], description="named points; or else:")
    points: int = Described(default=5, ge=2, le=11, description="how many points, from 1")
    low: Texts = Described(default={}, description="what the lowest point means, by interface language")
    high: Texts = Described(default={}, description="what the highest point means, by interface language")
    optional: bool = Described(default=False, description="whether it may be left out")


class Asked(Scale):
    """One question of a questionnaire."""

    kind: Literal["text", "long_text", "number", "choice", "several", "likert"] = Described(
        description="a line, a long text, a number, one of the options, any of the options, or points between two ends"
    )
    minimum: float | None = Described(default=None, description="the smallest number that is taken")
    maximum: float | None = Described(default=None, description="the largest number that is taken")
    only_if: dict[str, list[str]] = Described(
        default={}, description="asked only where an earlier question has one of these values"
    )


def question(asked: Scale, words: Words) -> Question:
    """The question as the player asks it."""
    kind = asked.kind if isinstance(asked, Asked) else "likert"
    options = [Option(c.value, words.own(c.label) if c.label else c.value) for c in asked.options]
    if kind == "likert" and not options:
        options = [Option(str(n), str(n)) for n in range(1, asked.points + 1)]
    return Question(
        asked.name,
        words.own(asked.text),
        "scale" if kind == "likert" else kind,
        options if kind in ("likert", "choice", "several") else (),
        asked.optional,
        words.own(asked.low) if asked.low else "",
        words.own(asked.high) if asked.high else "",
        asked.minimum if isinstance(asked, Asked) else None,
        asked.maximum if isinstance(asked, Asked) else None,
        asked.only_if if isinstance(asked, Asked) else {},
    )


def refused(form: Form, answer: Answer) -> str | None:
    """None, or what is wrong with a cleaned answer whose answers stand in the map ``answers``."""
    if not set(answer["answers"]) <= {question.name for question in form.questions}:
        return "not_asked"
    return _listening.wrong(form, answer, answer["answers"])


def simulated(form: Form, rng: random.Random) -> dict[str, Any]:
    """Listening, and answers at random in the map ``answers``."""
    return {"answers": _listening.chosen(form.questions, rng), **_listening.listened(form, rng)}


def wrong(scales: Sequence[Scale], interfaces: Iterable[str]) -> list[str]:
    """What is wrong with questions beyond the types of their keys, as sentences."""
    interfaces = list(interfaces)
    names = [scale.name for scale in scales]
    problems = [f"two questions are called '{name}'" for name in sorted({n for n in names if names.count(n) > 1})]
    for i, scale in enumerate(scales):
        texts = {name: getattr(scale, name) for name in ("low", "high") if getattr(scale, name)}
        texts |= {f"label of '{c.value}'": c.label for c in scale.options if c.label}
        whats = [*missing({"text": scale.text, **texts}, interfaces), *_options(scale)]
        if isinstance(scale, Asked):
            whats += [*_range(scale), *_rules(scale, {s.name: s for s in scales[:i] if isinstance(s, Asked)})]
        problems += [f"question '{scale.name}': {what}" for what in whats]
    return problems


def missing(texts: Mapping[str, Texts], interfaces: Iterable[str]) -> list[str]:
    """Interface languages of the study in which a text is missing."""
    return [
        f"'{name}' has no text for the interface language '{tag}'"
        for tag in interfaces
        for name, versions in texts.items()
        if not versions.get(tag, "").strip()
    ]


def _options(scale: Scale) -> list[str]:
    kind = scale.kind if isinstance(scale, Asked) else "likert"
    values = [choice.value for choice in scale.options]
    problems = [f"the option '{value}' stands twice" for value in sorted({v for v in values if values.count(v) > 1})]
    if kind in ("choice", "several") and len(values) < (2 if kind == "choice" else 1):
        problems.append(f"a question of the kind '{kind}' needs 'options' to choose from")
    if kind in ("text", "long_text", "number") and values:
        problems.append(f"a question of the kind '{kind}' has no options; did you mean kind: choice?")
    if kind == "likert" and len(values) == 1:
        problems.append("a scale needs at least two options")
    return problems


def _range(asked: Asked) -> list[str]:
    if asked.kind != "number":
        named = [name for name in ("minimum", "maximum") if getattr(asked, name) is not None]
        return [f"'{name}' is for questions of the kind 'number'" for name in named]
    both = asked.minimum is not None and asked.maximum is not None
    if both and (asked.minimum or 0) > (asked.maximum or 0):
        return [f"'minimum' ({asked.minimum}) is more than 'maximum' ({asked.maximum})"]
    return []


def _rules(asked: Asked, earlier: Mapping[str, Asked]) -> list[str]:
    problems = []
    for name, values in asked.only_if.items():
        if name not in earlier:
            problems.append(f"'only_if' names no earlier question '{name}'. {nearest(name, earlier)}")
            continue
        if earlier[name].kind in ("text", "long_text"):
            problems.append(f"'only_if': '{name}' is answered in free words; a rule needs a question with options")
            continue
        offered = [option.value for option in question(earlier[name], MUTE).options]
        if not values:
            problems.append(f"'only_if' names no value of '{name}', so that it is never asked")
        if offered:
            problems += [
                f"'only_if': '{name}' has no value '{value}'. {nearest(value, offered)}"
                for value in values
                if value not in offered
            ]
    return problems
