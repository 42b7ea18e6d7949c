"""What trial types that play clips share: which clips and how often, what the player reports, and the check of all of it.

The player sends an answer of which nothing is believed: every function here takes whatever came, cleans it by what the
type declares, and only then compares it with what was asked.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import Field as Described
from pydantic import model_validator

from listening_tests.trial import Answer, Field, Form, Parameters, Plays, Question, Trial

if TYPE_CHECKING:
    from listening_tests.study import Study

LISTENING: tuple[Field, ...] = (
    Field("plays", "how many times a sound was started, of all sounds of the trial together", "number"),
    Field("completions", "how many times a sound was heard to its end", "number"),
    Field("coverage_s", "seconds of the sounds that were played at least once", "number"),
    Field("response_s", "seconds from the first audible sample to the choice that counts", "number"),
    Field("failed", "why a sound could not be played, if so; the trial then has no answer"),
    Field("log", "[seconds since the trial was loaded, sound, code, position in s]; codes: 0 start, 1 stop, 2 ended, "
          "3 moved by hand, 4 the marked part was played", "list"),
    Field("touch", "whether the answer was given on a touch screen", "flag"),
    Field("clips", "[plays, completions, coverage in s] of each sound, in the order shown", "list"),
)  # fmt: skip
"""What the player reports of the listening in every trial."""


class Words(Protocol):
    """What words a form is written in: a ``Ui``, or ``MUTE``."""

    def text(self, key: str, **values: Any) -> str:
        """A sentence."""

    def label(self, emotion: str) -> str:
        """An emotion's name."""

    def own(self, texts: Mapping[str, str]) -> str:
        """The version of a text of the study."""


class _Mute:
    """Says nothing: for a form whose questions and values are wanted, and not its words."""

    def text(self, key: str, **values: Any) -> str:
        return ""

    def label(self, emotion: str) -> str:
        return ""

    def own(self, texts: Mapping[str, str]) -> str:
        return ""


MUTE: Words = _Mute()


class Hearings(Parameters):
    """How often each clip must and may be heard."""

    least: int = Described(default=1, ge=1, description="each clip is heard at least so many times before the answer counts")
    most: int = Described(
        default=0, ge=0, description="the player starts a clip at most so many times; 0 = as often as wished"
    )
    to_end: bool = Described(default=True, description="whether only hearings to the end count as heard")

    @model_validator(mode="after")
    def _possible(self) -> Hearings:
        if 0 < self.most < self.least:
            raise ValueError(f"'most' ({self.most}) is less than 'least' ({self.least})")
        return self


class Hearing(Parameters):
    """Which clips of ``stimuli.csv`` a listener hears, in what order, and how often each."""

    part: str = Described(default="test", min_length=1, description="which clips: those with this `part` in stimuli.csv")
    shuffled: bool = Described(default=True, description="whether each listener hears the clips in an order of their own")
    max_in_a_row: dict[str, int] = Described(
        default={}, description="for a column of stimuli.csv: at most so many clips of the same value one after another"
    )
    per_listener: int = Described(default=0, ge=0, description="how many of the clips each listener hears; 0 = all")
    balanced_by: list[str] = Described(
        default=["truth"], description="columns of stimuli.csv; a listener's share holds as much of each value as the whole"
    )
    repeats: int = Described(default=0, ge=0, description="how many of the clips are heard a second time")
    plays: Hearings = Described(default=Hearings(), description="how often each clip must and may be heard")


def loudness_of(study: Study) -> float:
    """How loud the study's clips are played, in LUFS; what EBU R 128 asks for, where they are played as recorded."""
    wanted = study.settings.loudness
    return -23.0 if wanted is None else float(wanted.target_lufs)


def plays(trial: Trial) -> Plays:
    """The trial's rule of hearing, for the player."""
    return Plays(**trial.parameters["plays"])


def heard(answer: Answer, form: Form) -> str | None:
    """None, or why the sounds of the form were not heard as they must be.

    ``plays`` counts the starts of a sound; hearing only the marked part counts as none.
    """
    own = answer.get("clips") or []
    counts = [c for c in own if isinstance(c, list) and len(c) == 3]
    if not own and form.clips == 1:  # one sound: the sums say the same
        counts = [[answer.get("plays"), answer.get("completions"), answer.get("coverage_s")]]
    if len(counts) != form.clips:
        return "not_heard" if form.clips else None
    rule = form.plays
    if any(_count(c[1 if rule.to_end else 0]) < rule.least for c in counts):
        return "not_heard"
    return "heard_too_often" if rule.most and any(_count(c[0]) > rule.most for c in counts) else None


def _count(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def said(value: Any) -> bool:
    """Whether something was answered at all."""
    return bool(value.strip()) if isinstance(value, str) else value is not None


def asked(question: Question, answers: Mapping[str, Any]) -> bool:
    """Whether the answers so far make this question one that is asked."""
    return all(_among(answers.get(name), values) for name, values in question.only_if.items())


def _among(value: Any, wanted: Sequence[str]) -> bool:
    """A number is compared as it is written; of several values one is enough."""
    words = [value, *value.split()] if isinstance(value, str) else [] if value is None else [str(value)]
    return any(word in wanted for word in words)


def answered(questions: Sequence[Question], answers: Mapping[str, Any]) -> str | None:
    """None, or what is wrong with the answers to these questions; what was not asked must not be answered either."""
    for question in questions:
        value = answers.get(question.name)
        if not asked(question, answers):
            if said(value):
                return "not_asked"
        elif not said(value):
            if not question.optional:
                return "not_answered"
        elif wrong := _WRONG[question.kind](question, value):
            return wrong
    return None


def _one(question: Question, value: Any) -> str | None:
    values = [option.value for option in question.options]
    step = None if isinstance(value, str) else number(value)
    if value in values or (step is not None and step in map(number, values)):
        return None  # the player sends the steps of a scale as numbers: 7 for "7", and for "07" too
    return "not_a_choice"


def _some(question: Question, value: Any) -> str | None:
    words = str(value).split()
    fits = len(words) == len(set(words)) and set(words) <= {option.value for option in question.options}
    return None if fits else "not_a_choice"


def _words(_: Question, value: Any) -> str | None:
    return None if isinstance(value, str) else "not_answered"


def number(value: Any) -> float | None:
    """A number, or a text that is one; else None."""
    try:
        found = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None
    return found if found is not None and abs(found) < 1e12 else None  # NaN is not less either


def _amount(question: Question, value: Any) -> str | None:
    found = number(value)
    if found is None:
        return "not_a_number"
    low = -1e12 if question.minimum is None else question.minimum
    high = 1e12 if question.maximum is None else question.maximum
    return None if low <= found <= high else "number_out_of_range"


_WRONG = {"choice": _one, "scale": _one, "several": _some, "text": _words, "long_text": _words, "number": _amount}


def failed(form: Form, answer: Answer, answers: Mapping[str, Any]) -> bool:
    """Whether the answer only says that a sound could not be played; it is kept, and rates nothing."""
    nothing = not any(said(answers.get(q.name)) for q in form.questions)
    return bool(form.clips and answer.get("failed") and nothing)


def listened(form: Form, rng: random.Random) -> dict[str, Any]:
    """What the player would report of somebody who hears every sound of the form as often as they must."""
    return {
        "plays": form.plays.least * form.clips,
        "completions": form.plays.least * form.clips,
        "coverage_s": None,
        "response_s": round(rng.uniform(1, 6), 3),
        "failed": "",
        "log": [],
        "touch": False,
        "clips": [[form.plays.least, form.plays.least, 0.0] for _ in range(form.clips)],
    }


def chosen(questions: Sequence[Question], rng: random.Random) -> dict[str, Any]:
    """Any answer at random to every question that is asked, in order; what is optional stays empty."""
    answers: dict[str, Any] = {}
    for question in questions:
        if asked(question, answers) and not question.optional:
            answers[question.name] = _any(question, rng)
    return answers


def _any(question: Question, rng: random.Random) -> Any:
    if question.options:
        return rng.choice(list(question.options)).value
    if question.kind == "number":
        low = question.minimum if question.minimum is not None else min(0.0, question.maximum or 0.0)
        high = question.maximum if question.maximum is not None else max(low, 100.0)
        return min(max(round(rng.uniform(low, high)), low), high)
    return "simulated"


def wrong(form: Form, answer: Answer, answers: Mapping[str, Any] | None = None) -> str | None:
    """None, or what is wrong with a cleaned answer to a form.

    Args:
        form: what was asked.
        answer: what came, cleaned.
        answers: where the answers to the questions stand, if not in ``answer`` itself.
    """
    given = answer if answers is None else answers
    if failed(form, answer, given):
        return None
    return answered(form.questions, given) or heard(answer, form)


def simulated(form: Form, rng: random.Random) -> dict[str, Any]:
    """Listening and answers of somebody who listens as they must and answers at random."""
    return {**chosen(form.questions, rng), **listened(form, rng)}
