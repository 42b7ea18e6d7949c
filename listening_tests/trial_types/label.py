"""Label an utterance: hear the clip to its end, then choose the emotion perceived.

Beside the choice, a study may ask how sure the listener is (1 to 5), for arousal, valence and dominance on nine pictures
each (our own drawings, after the idea of the Self-Assessment Manikin, Bradley & Lang 1994,
doi 10.1016/0005-7916(94)90063-9), and for a comment.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field as Described

from listening_tests.trial import Answer, Field, Form, Option, Question, Trial, TrialType, Ui, cleaned
from listening_tests.trial_types import _listening, _sam
from listening_tests.trial_types._listening import LISTENING, MUTE, Hearing, Words
from ser_core.emotions import CANNOT_SAY
from ser_core.errors import nearest

if TYPE_CHECKING:
    from listening_tests.study import Study

ANSWER = (
    Field("label", "the emotion perceived, or cannot_say"),
    Field("confidence", "how sure the listener is, from 1 (guessed) to 5 (certain)", "number"),
    Field("arousal", "from 1 (calm) to 9 (excited)", "number"),
    Field("valence", "from 1 (unpleasant) to 9 (pleasant)", "number"),
    Field("dominance", "from 1 (submissive) to 9 (dominant)", "number"),
    Field("comment", "what the listener wanted to add"),
    *LISTENING,
)


_DIMENSIONS = {
    "arousal": ("dimension.arousal", "dimension.arousal.low", "dimension.arousal.high"),
    "valence": ("dimension.valence", "dimension.valence.low", "dimension.valence.high"),
    "dominance": ("dimension.dominance", "dimension.dominance.low", "dimension.dominance.high"),
}


class Label(Hearing):
    """What a study may set for labelling."""

    choices: list[str] = Described(default=[], description="the emotions to choose from, in this order; empty = the study's")
    choice_order: Literal["fixed", "shuffled"] = Described(
        default="fixed",
        description="shuffled: each listener sees the choices in an order of their own, the same in all trials",
    )
    cannot_say: bool = Described(default=True, description="whether 'I cannot say' is offered; false = a forced choice")
    confidence: bool = Described(default=False, description="whether to ask how sure the listener is")
    dimensions: list[Literal["arousal", "valence", "dominance"]] = Described(
        default=[], description="which of these to rate on nine pictures, in this order"
    )
    comment: bool = Described(default=False, description="whether a comment may be added")


def choices(trial: Trial) -> list[str]:
    """What the listener may answer, in the order shown."""
    return [*trial.parameters["choices"], *([CANNOT_SAY] if trial.parameters["cannot_say"] else [])]


def questions(trial: Trial, words: Words) -> list[Question]:
    """Everything that is asked of one clip; nobody is asked how sure they are of not being able to say."""
    offered = [Option(value, words.label(value)) for value in choices(trial)]
    asked = [Question("label", words.text("label.question"), options=offered)]
    if trial.parameters["confidence"]:
        only = {"label": list(trial.parameters["choices"])}
        low, high = words.text("confidence.low"), words.text("confidence.high")
        steps = [Option(str(n), str(n)) for n in range(1, 6)]
        asked.append(
            Question("confidence", words.text("confidence.question"), "scale", steps, False, low, high, only_if=only)
        )
    asked += [_dimension(name, words) for name in trial.parameters["dimensions"]]
    if trial.parameters["comment"]:
        asked.append(Question("comment", words.text("comment.question"), "long_text", optional=True))
    return asked


def _dimension(name: str, words: Words) -> Question:
    steps = [Option(str(n), str(n), _sam.picture(name, n)) for n in range(1, 10)]
    prompt, low, high = (words.text(key) for key in _DIMENSIONS[name])
    return Question(name, prompt, "scale", steps, low=low, high=high)


def form(trial: Trial, words: Words) -> Form:
    """The questions below one clip."""
    return Form(questions(trial, words), plays=_listening.plays(trial))


def show(trial: Trial, ui: Ui) -> None:
    """The player with its questions."""
    ui.player(trial, form(trial, ui))


def check(trial: Trial, answer: Answer) -> str | None:
    """What was offered, after the clip was heard as it must be; or a clip that failed."""
    return _listening.wrong(form(trial, MUTE), cleaned(ANSWER, answer))


def simulate(trial: Trial, rng: random.Random) -> dict[str, Any]:
    """Any choice at random, after as many hearings as the study asks for."""
    return cleaned(ANSWER, _listening.simulated(form(trial, MUTE), rng))


def resolve(parameters: dict[str, Any], study: Study, seed: int, _: random.Random) -> dict[str, Any]:
    """The choices in the order in which this listener sees them, in every trial and every block.

    The order is drawn over the emotions of the study, so that blocks with fewer choices keep it too.
    """
    named = list(parameters["choices"]) or list(study.emotions)
    if parameters["choice_order"] == "shuffled":
        order = sorted({*study.emotions, *named})
        random.Random(f"{seed}|choices").shuffle(order)
        named.sort(key=order.index)
    return {**parameters, "choices": named}


def fits(parameters: Mapping[str, Any], study: Study) -> list[str]:
    """The choices are emotions of the study, at least two, and nothing is asked twice."""
    named = list(parameters["choices"])
    problems = [
        f"choice '{label}' is none of the study's emotions. {nearest(str(label), study.emotions)}"
        for label in named
        if label not in study.emotions
    ]
    for name in ("choices", "dimensions"):
        values = parameters[name]
        problems += [f"'{value}' stands twice in '{name}'" for value in sorted({v for v in values if values.count(v) > 1})]
    if named and len(named) + parameters["cannot_say"] < 2:
        problems.append("there is only one answer to choose; name more choices")
    return problems


TRIAL = TrialType(
    "Label",
    show,
    check,
    simulate,
    Label,
    ANSWER,
    hears=True,
    rates=True,
    resolve=resolve,
    fits=fits,
)
