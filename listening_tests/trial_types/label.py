"""Label an utterance: hear the clip to its end at least once, then choose one emotion or "cannot say"."""

from __future__ import annotations

import random
from typing import Any

from listening_tests.trial import Answer, Field, Parameter, Trial, TrialType, Ui
from ser_core.emotions import CANNOT_SAY

PARAMETERS = (
    Parameter("part", "test", "which clips: those with this `part` in stimuli.csv"),
    Parameter("shuffled", True, "whether each listener hears the clips in an order of their own"),
    Parameter("choices", [], "the emotions to choose from, in this order; empty = the study's emotions"),
    Parameter("cannot_say", True, "whether 'I cannot say' is offered"),
)
ANSWER = (
    Field("label", "the emotion perceived, or cannot_say"),
    Field("plays", "how many times the clip was started", "number"),
    Field("completions", "how many times it was heard to its end", "number"),
    Field("coverage_s", "seconds of the clip that were played at least once", "number"),
    Field("response_s", "seconds from the first audible sample to the choice that counts", "number"),
    Field("failed", "why the clip could not be played, if so; the answer then has no label"),
)


def choices(trial: Trial) -> list[str]:
    """What the listener may answer, in the order shown."""
    return [*trial.parameters["choices"], *([CANNOT_SAY] if trial.parameters["cannot_say"] else [])]


def show(trial: Trial, ui: Ui) -> None:
    """The question, the player, the choices."""
    ui.st.subheader(ui.text("label.question"), anchor=False)
    ui.player(trial, choices(trial))


def check(trial: Trial, answer: Answer) -> str | None:
    """A choice that was offered, after the whole clip was heard; or a clip that failed."""
    if answer.get("failed") and not answer.get("label"):
        return None
    if answer.get("label") not in choices(trial):
        return "not_a_choice"
    return None if (answer.get("completions") or 0) >= 1 else "not_heard"


def simulate(trial: Trial, rng: random.Random) -> dict[str, Any]:
    """Any choice, at random, after one hearing."""
    return {
        "label": rng.choice(choices(trial)),
        "plays": 1,
        "completions": 1,
        "coverage_s": None,
        "response_s": round(rng.uniform(1, 6), 3),
        "failed": "",
    }


TRIAL = TrialType("Label", show, check, simulate, PARAMETERS, ANSWER, hears=True, rates=True)
