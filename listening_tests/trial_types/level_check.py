"""Level check: the participant sets the volume of their device while a noise goes on.

The noise has the spectrum of speech and the loudness that the study's ``loudness`` asks of its clips (see ``sounds.py``), so
that a volume which is comfortable for it is comfortable for them; where clips are played as recorded, it has -23 LUFS, and
says little of them. What the volume is, no page can know; it should not be changed afterwards.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from listening_tests.trial import Answer, Field, Form, Option, Plays, Question, Sound, Trial, TrialType, Ui, cleaned
from listening_tests.trial_types import _listening
from listening_tests.trial_types._listening import LISTENING, MUTE, Words

if TYPE_CHECKING:
    from listening_tests.study import Study

ANSWER = (Field("level", "comfortable: the participant has set the volume"), *LISTENING)
SEED = 1
"""Everybody hears the same noise."""


def form(_: Trial, words: Words) -> Form:
    """The noise, and one answer to confirm with."""
    done = Option("comfortable", words.text("level_check.done"))
    return Form(
        [Question("level", words.text("level_check.question"), options=[done])], plays=Plays(to_end=False), loop=True
    )


def show(trial: Trial, ui: Ui) -> None:
    """What to do, then the noise."""
    ui.st.header(ui.text("level_check.title"), anchor=False)
    ui.st.markdown(ui.text("level_check.text"))
    ui.player(trial, form(trial, ui))


def check(trial: Trial, answer: Answer) -> str | None:
    """The noise was started and the volume confirmed; or it could not be played."""
    return _listening.wrong(form(trial, MUTE), cleaned(ANSWER, answer))


def simulate(trial: Trial, rng: random.Random) -> dict[str, Any]:
    """The volume is comfortable."""
    return cleaned(ANSWER, _listening.simulated(form(trial, MUTE), rng))


def resolve(parameters: dict[str, Any], study: Study, _: int, __: random.Random) -> dict[str, Any]:
    """As loud as the clips are played."""
    return {**parameters, "lufs": _listening.loudness_of(study)}


def recipe(trial: Trial, _: int) -> str:
    """The noise is the same for all; only its loudness is the study's."""
    return f"noise {SEED} {trial.parameters['lufs']}"


def sound(trial: Trial, _: int) -> Sound:
    """The noise; four seconds that join without a seam."""
    from listening_tests import sounds

    return sounds.speech_noise(trial.parameters["lufs"], seed=SEED)


TRIAL = TrialType("Level check", show, check, simulate, answer=ANSWER, resolve=resolve, sound=sound, recipe=recipe)
