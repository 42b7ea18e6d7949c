"""Headphone check: a sound of three parts that only headphones tell apart, several times over.

``huggins``: which part holds a faint tone (Milne et al. 2021, doi 10.3758/s13428-020-01514-0, who found 80 % of those who
wore headphones with it, and let 20 % of the others pass). ``antiphase``: which tone is the softest (Woods et al. 2017, doi
10.3758/s13414-017-1361-2: six rounds, five of which must be right). Somebody who guesses has at least five of six right once
in 56 attempts. The sounds are our own (``sounds.py``). Like every such test it errs both ways, and it cannot tell good
headphones from bad ones.

One trial is one attempt; the attempts left are skipped once one is passed. Where the tone lies is drawn when the order is
drawn, and stays on the server.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field as Described
from pydantic import model_validator

from listening_tests.trial import (
    After,
    Answer,
    Field,
    Form,
    Option,
    Parameters,
    Plays,
    Question,
    Sound,
    Trial,
    TrialType,
    Ui,
    cleaned,
)
from listening_tests.trial_types import _asking, _listening
from listening_tests.trial_types._listening import LISTENING, MUTE, Words

if TYPE_CHECKING:
    from listening_tests.study import Study

ANSWER = (Field("answers", "which of the three parts was chosen, by round: round1, round2, …", "map"), *LISTENING)

NOISES = 20
"""So many noises there are of each kind: enough that nobody knows them by heart, and few enough to be made once for all."""


class HeadphoneCheck(Parameters):
    """Which test, and who passes it."""

    method: Literal["huggins", "antiphase"] = Described(default="huggins", description="which published test")
    rounds: int = Described(default=6, ge=1, le=20, description="how many sounds in an attempt")
    pass_mark: int = Described(default=5, ge=1, description="how many of them must be right")
    retries: int = Described(default=1, ge=0, le=5, description="how many more attempts somebody has who fails")
    on_fail: Literal["end", "continue"] = Described(
        default="end", description="what failing the last attempt brings: the session ends, or it is only noted"
    )

    @model_validator(mode="after")
    def _possible(self) -> HeadphoneCheck:
        if self.pass_mark > self.rounds:
            raise ValueError(f"'pass_mark' ({self.pass_mark}) is more than 'rounds' ({self.rounds}); nobody could pass")
        return self


def form(trial: Trial, words: Words) -> Form:
    """Each round's sound, and which of its three parts it was."""
    rounds = range(1, trial.parameters["rounds"] + 1)
    parts = [Option(str(n), str(n)) for n in (1, 2, 3)]
    key = "headphone_check.huggins" if trial.parameters["method"] == "huggins" else "headphone_check.antiphase"
    return Form(
        [Question(f"round{n}", words.text(key, round=n), options=parts) for n in rounds],
        clips=len(rounds),
        names=[words.text("headphone_check.sound", round=n) for n in rounds],
        plays=Plays(),
    )


def show(trial: Trial, ui: Ui) -> None:
    """What to do, then the rounds."""
    huggins = trial.parameters["method"] == "huggins"
    ui.st.header(ui.text("headphone_check.title"), anchor=False)
    ui.st.markdown(ui.text("headphone_check.text"))
    ui.st.markdown(ui.text("headphone_check.text_huggins") if huggins else ui.text("headphone_check.text_antiphase"))
    ui.player(trial, form(trial, ui))


def check(trial: Trial, answer: Answer) -> str | None:
    """Every round was heard and answered, right or wrong; or its sound could not be played."""
    return _asking.refused(form(trial, MUTE), cleaned(ANSWER, answer))


def simulate(trial: Trial, rng: random.Random) -> dict[str, Any]:
    """Somebody with headphones, who has each round right nineteen times of twenty."""
    given = _asking.simulated(form(trial, MUTE), rng)
    heard = {f"round{n}": str(target) for n, target in enumerate(trial.parameters.get("targets", ()), 1)}
    right = {name: value for name, value in heard.items() if rng.random() < 0.95}
    return {**given, "answers": {**given["answers"], **right}}


def score(trial: Trial, answer: Answer) -> int:
    """How many rounds were right."""
    given = cleaned(ANSWER, answer)["answers"]
    return sum(str(given.get(f"round{n}")) == str(target) for n, target in enumerate(trial.parameters["targets"], 1))


def passed(trial: Trial, answer: Answer) -> bool:
    """Whether enough rounds were right."""
    return score(trial, answer) >= int(trial.parameters["pass_mark"])


def feedback(trial: Trial, answer: Answer, ui: Ui) -> None:
    """Passed, or how many were right; never which, since there may be another attempt."""
    st, rounds = ui.st, trial.parameters["rounds"]
    st.header(ui.text("headphone_check.title"), anchor=False)
    if passed(trial, answer):
        st.success(ui.text("headphone_check.passed"))
    else:
        st.info(ui.text("headphone_check.failed", right=score(trial, answer), rounds=rounds))


def after(trial: Trial, answer: Answer, following: Sequence[Trial]) -> After:
    """Who passes skips the attempts left; who fails the last one may have to leave."""
    left = [t.position for t in following if _attempt_of(t) == _attempt_of(trial)]
    if passed(trial, answer):
        return After(skips=left)
    return After(ends="failed_check" if not left and trial.parameters["on_fail"] == "end" else "")


def _attempt_of(trial: Trial) -> tuple[Any, ...]:
    """What all attempts of one entry of the timeline have in common."""
    own = {name: value for name, value in trial.parameters.items() if name in HeadphoneCheck.model_fields}
    return trial.type, trial.block, trial.block_name, sorted(own.items())


def resolve(parameters: dict[str, Any], study: Study, _: int, rng: random.Random) -> dict[str, Any]:
    """Where the tone lies in each round, and the seed of its noise; each of the three places equally often, if it can be."""
    places = [1 + n % 3 for n in range(parameters["rounds"])]
    rng.shuffle(places)
    return {
        **parameters,
        "targets": places,
        "turned": [rng.choice([n for n in (1, 2, 3) if n != place]) for place in places],
        "seeds": rng.sample(range(NOISES), len(places)),
        "lufs": _listening.loudness_of(study),
    }


def recipe(trial: Trial, n: int) -> str:
    """What the sound of round ``n`` depends on."""
    p = trial.parameters
    part = p["seeds"][n] if p["method"] == "huggins" else p["turned"][n]
    return f"{p['method']} {p['targets'][n]} {part} {p['lufs']}"


def sound(trial: Trial, n: int) -> Sound:
    """The sound of round ``n``, counted from 0; stereo."""
    from listening_tests import sounds

    p = trial.parameters
    if p["method"] == "huggins":
        return sounds.huggins(p["targets"][n], p["lufs"], seed=p["seeds"][n])
    return sounds.antiphase(p["targets"][n], p["turned"][n], p["lufs"])


def times(parameters: Mapping[str, Any]) -> int:
    """The first attempt and the retries."""
    return 1 + int(parameters["retries"])


TRIAL = TrialType(
    "Headphone check",
    show,
    check,
    simulate,
    HeadphoneCheck,
    ANSWER,
    feedback,
    times=times,
    resolve=resolve,
    sound=sound,
    recipe=recipe,
    after=after,
    passed=passed,
)
