"""Rate a clip on scales of the study: each with options of its own, or with points between two ends."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field as Described

from listening_tests.trial import Answer, Field, Form, Texts, Trial, TrialType, Ui, cleaned
from listening_tests.trial_types import _asking, _listening
from listening_tests.trial_types._listening import LISTENING, MUTE, Hearing, Words
from listening_tests.trial_types._prose import prose

if TYPE_CHECKING:
    from listening_tests.study import Study

ANSWER = (Field("answers", "the value chosen on each scale, by the scale's name", "map"), *LISTENING)


class Likert(Hearing):
    """Which clips are rated, and on what."""

    title: Texts = Described(default={}, description="what is said above the scales, by interface language")
    scales: list[_asking.Scale] = Described(default=[], description="the scales, in this order")


def form(trial: Trial, words: Words) -> Form:
    """The scales below one clip."""
    scales = [_asking.question(_asking.Scale.model_validate(s), words) for s in trial.parameters["scales"]]
    return Form(scales, plays=_listening.plays(trial))


def show(trial: Trial, ui: Ui) -> None:
    """What is asked, then the player with the scales."""
    if trial.parameters["title"]:
        ui.st.subheader(prose(ui.own(trial.parameters["title"])), anchor=False)
    ui.player(trial, form(trial, ui))


def check(trial: Trial, answer: Answer) -> str | None:
    """Every scale has a value that it offers, after the clip was heard as it must be; or the clip failed."""
    return _asking.refused(form(trial, MUTE), cleaned(ANSWER, answer))


def simulate(trial: Trial, rng: random.Random) -> dict[str, Any]:
    """Any value at random on each scale."""
    return _asking.simulated(form(trial, MUTE), rng)


def fits(parameters: Mapping[str, Any], study: Study) -> list[str]:
    """There is a scale, and each is complete in every language of the study."""
    if not parameters["scales"]:
        return ["needs at least one scale in 'scales'"]
    scales = [_asking.Scale.model_validate(s) for s in parameters["scales"]]
    title = {"title": parameters["title"]} if parameters["title"] else {}
    return [*_asking.missing(title, study.languages), *_asking.wrong(scales, study.languages)]


TRIAL = TrialType("Scales", show, check, simulate, Likert, ANSWER, hears=True, fits=fits)
