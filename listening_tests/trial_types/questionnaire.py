"""A questionnaire: texts, numbers, choices, several choices and scales, with rules on what is asked of whom."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field as Described

from listening_tests.trial import Answer, Field, Form, Parameters, Texts, Trial, TrialType, Ui, cleaned
from listening_tests.trial_types import _asking
from listening_tests.trial_types._listening import LISTENING, MUTE, Words
from listening_tests.trial_types._prose import prose

if TYPE_CHECKING:
    from listening_tests.study import Study

ANSWER = (
    Field("answers", "what was answered, by the question's name; several choices stand with blanks between them", "map"),
    *LISTENING,
)


class Questionnaire(Parameters):
    """The questions of one page."""

    title: Texts = Described(default={}, description="the heading, by interface language")
    questions: list[_asking.Asked] = Described(default=[], description="the questions, in this order")


def form(trial: Trial, words: Words) -> Form:
    """The questions; nothing is played."""
    asked = [_asking.question(_asking.Asked.model_validate(q), words) for q in trial.parameters["questions"]]
    return Form(asked, clips=0)


def show(trial: Trial, ui: Ui) -> None:
    """The heading, then the questions."""
    if trial.parameters["title"]:
        ui.st.header(prose(ui.own(trial.parameters["title"])), anchor=False)
    ui.player(trial, form(trial, ui))


def check(trial: Trial, answer: Answer) -> str | None:
    """Every question that applies is answered with what it allows, and no other."""
    return _asking.refused(form(trial, MUTE), cleaned(ANSWER, answer))


def simulate(trial: Trial, rng: random.Random) -> dict[str, Any]:
    """Any answer at random to each question that applies."""
    return _asking.simulated(form(trial, MUTE), rng)


def fits(parameters: Mapping[str, Any], study: Study) -> list[str]:
    """There is a question, and each is complete in every language of the study."""
    if not parameters["questions"]:
        return ["needs at least one question in 'questions'"]
    asked = [_asking.Asked.model_validate(q) for q in parameters["questions"]]
    title = {"title": parameters["title"]} if parameters["title"] else {}
    return [*_asking.missing(title, study.languages), *_asking.wrong(asked, study.languages)]


TRIAL = TrialType("Questionnaire", show, check, simulate, Questionnaire, ANSWER, fits=fits)
