"""Attention: the page itself says which answer to choose, among those of the study.

It plays nothing, so that it can stand anywhere; with ``scattered`` or ``every`` in study.yaml it comes unforeseen.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field as Described

from listening_tests.trial import After, Answer, Field, Form, Option, Parameters, Question, Trial, TrialType, Ui, cleaned
from listening_tests.trial_types import _listening
from listening_tests.trial_types._listening import LISTENING, MUTE, Words
from ser_core.errors import nearest

if TYPE_CHECKING:
    from listening_tests.study import Study

ANSWER = (Field("chosen", "the answer that was chosen; right if it is the one the page named"), *LISTENING)


class Attention(Parameters):
    """Which answers are shown, which one is named, and what follows from a wrong one."""

    choices: list[str] = Described(default=[], description="the answers shown; empty = the study's emotions")
    answer: str = Described(default="", description="the one to choose; empty = drawn for each listener and time")
    count: int = Described(default=1, ge=1, le=100, description="how many such pages")
    on_fail: Literal["continue", "end"] = Described(
        default="continue", description="what a wrong answer brings: it is only noted, or the session ends"
    )


def form(trial: Trial, words: Words) -> Form:
    """The instruction as the question."""
    offered = [Option(value, words.label(value)) for value in trial.parameters["choices"]]
    prompt = words.text("attention.question", answer=words.label(trial.parameters["answer"]))
    return Form([Question("chosen", prompt, options=offered)], clips=0)


def show(trial: Trial, ui: Ui) -> None:
    """The player, without a sound."""
    ui.player(trial, form(trial, ui))


def check(trial: Trial, answer: Answer) -> str | None:
    """Any of the answers shown, right or wrong."""
    return _listening.wrong(form(trial, MUTE), cleaned(ANSWER, answer))


def simulate(trial: Trial, rng: random.Random) -> dict[str, Any]:
    """The answer that the page names."""
    given = cleaned(ANSWER, _listening.simulated(form(trial, MUTE), rng))
    return {**given, "chosen": trial.parameters["answer"]}


def passed(trial: Trial, answer: Answer) -> bool:
    """Whether the answer is the one that the page named."""
    return bool(answer.get("chosen") == trial.parameters["answer"])


def after(trial: Trial, answer: Answer, _: Sequence[Trial]) -> After:
    """A wrong answer ends the session, if the study says so."""
    return After(ends="" if passed(trial, answer) or trial.parameters["on_fail"] == "continue" else "failed_check")


def resolve(parameters: dict[str, Any], study: Study, _: int, rng: random.Random) -> dict[str, Any]:
    """The answers to be shown, and the one to be named."""
    choices = list(parameters["choices"]) or list(study.emotions)
    return {**parameters, "choices": choices, "answer": parameters["answer"] or rng.choice(choices)}


def fits(parameters: Mapping[str, Any], study: Study) -> list[str]:
    """The answers are emotions of the study, at least two, and the one to choose is among them."""
    choices = list(parameters["choices"]) or list(study.emotions)
    problems = [
        f"choice '{label}' is none of the study's emotions. {nearest(label, study.emotions)}"
        for label in choices
        if label not in study.emotions
    ]
    if len(set(choices)) < 2:
        problems.append("there is only one answer to choose; name more choices")
    if parameters["answer"] and parameters["answer"] not in choices:
        problems.append(f"'answer' is none of the choices. {nearest(parameters['answer'], choices)}")
    return problems


TRIAL = TrialType(
    "Attention",
    show,
    check,
    simulate,
    Attention,
    ANSWER,
    times=lambda parameters: int(parameters["count"]),
    resolve=resolve,
    after=after,
    fits=fits,
    passed=passed,
)
