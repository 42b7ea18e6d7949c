"""Clip an utterance: label it, then mark on the waveform the part that shows the emotion most.

"The whole clip" and "no single part" are answers of their own, where the study offers them: a mark that nobody moved is no
answer. Whoever cannot name an emotion can still say that no single part shows one.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import Field as Described
from pydantic import model_validator

from listening_tests.trial import Answer, Field, Form, Parameters, Segment, Trial, TrialType, Ui, cleaned
from listening_tests.trial_types import _listening, label
from listening_tests.trial_types._listening import MUTE, Words

if TYPE_CHECKING:
    from listening_tests.study import Study

ANSWER = (
    Field("part", "what was marked: segment, whole (the whole clip) or none (no single part)"),
    Field("segments", "[start, end] of each marked part in s from the beginning of the clip, in order", "list"),
    *label.ANSWER,
)
TOLERANCE_S = 0.02
"""A mark may be off by this much: browsers and codecs disagree on where a clip ends."""


class Parts(Parameters):
    """What may be marked."""

    shortest_s: float = Described(default=0.1, ge=0, description="a marked part is at least so long")
    longest_s: float = Described(default=0.0, ge=0, description="and at most so long; 0 = up to the whole clip")
    count: int = Described(default=1, ge=1, le=20, description="how many parts may be marked")
    whole: bool = Described(default=True, description="whether 'the whole clip' is offered as an answer")
    none: bool = Described(default=True, description="whether 'no single part' is offered as an answer")

    @model_validator(mode="after")
    def _possible(self) -> Parts:
        if 0 < self.longest_s < self.shortest_s:
            raise ValueError(f"'longest_s' ({self.longest_s}) is less than 'shortest_s' ({self.shortest_s})")
        return self


class Clip(label.Label):
    """As for labelling, and what may be marked."""

    segment: Parts = Described(default=Parts(), description="what part of the clip may be marked")


def form(trial: Trial, words: Words) -> Form:
    """The questions of labelling, and the mark."""
    return replace(label.form(trial, words), segment=Segment(**trial.parameters["segment"]))


def show(trial: Trial, ui: Ui) -> None:
    """The player with its questions and the waveform."""
    ui.player(trial, form(trial, ui))


def check(trial: Trial, answer: Answer) -> str | None:
    """As for labelling, and the mark is one that the study allows."""
    given, asked = cleaned(ANSWER, answer), form(trial, MUTE)
    if _listening.failed(asked, given, given):
        return None if not (given["part"] or given["segments"]) else "not_a_segment"
    return _listening.wrong(asked, given) or _marked(trial, given)


def _marked(trial: Trial, answer: Answer) -> str | None:
    rule = Segment(**trial.parameters["segment"])
    part, segments = answer["part"], answer["segments"]
    if part in ("whole", "none"):
        return None if getattr(rule, part) and not segments else "not_a_segment"
    if part != "segment" or not 1 <= len(segments) <= rule.count:
        return "no_segment"
    if not all(_is_pair(pair) for pair in segments):
        return "not_a_segment"
    return _fits(segments, rule, float(trial.parameters.get("duration_s") or 0.0))


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2


def _fits(segments: list[list[float]], rule: Segment, duration_s: float) -> str | None:
    """Inside the clip, one after the other, and as long as they may be; ``duration_s`` 0 = unknown."""
    ends = [0.0, *(end for _, end in segments)]
    inside = duration_s <= 0 or ends[-1] <= duration_s + TOLERANCE_S
    if not inside or any(start < before - 1e-9 for (start, _), before in zip(segments, ends, strict=False)):
        return "not_a_segment"
    lengths = [end - start for start, end in segments]
    if min(lengths) <= 0 or min(lengths) < rule.shortest_s - TOLERANCE_S:
        return "segment_too_short"
    return "segment_too_long" if 0 < rule.longest_s < max(lengths) - TOLERANCE_S else None


def simulate(trial: Trial, rng: random.Random) -> dict[str, Any]:
    """A label, and any of the answers that the study allows."""
    rule = Segment(**trial.parameters["segment"])
    duration_s = float(trial.parameters.get("duration_s") or max(1.0, rule.shortest_s))
    longest_s = min(rule.longest_s or duration_s, duration_s)
    shortest_s = min(rule.shortest_s, longest_s)
    offered = [name for name in ("whole", "none") if getattr(rule, name)]
    part = rng.choice(offered if offered and duration_s < rule.shortest_s else ["segment", *offered])
    segments = []
    if part == "segment":
        length_s = round(max(rng.uniform(shortest_s, longest_s), 0.001), 3)
        start_s = round(max(rng.uniform(0, duration_s - length_s), 0.0), 3)
        segments = [[start_s, round(start_s + length_s, 3)]]
    return {**label.simulate(trial, rng), "part": part, "segments": segments}


def about(parameters: dict[str, Any], study: Study, stimulus: str, _: str) -> dict[str, Any]:
    """How long the clip is: nothing can be marked beyond its end."""
    return {**parameters, "duration_s": study.duration_s(stimulus)}


def fits(parameters: Mapping[str, Any], study: Study) -> list[str]:
    """As for labelling; and no clip is shorter than what is to be marked in it, if a part is the only answer."""
    rule = Segment(**parameters["segment"])
    problems = label.fits(parameters, study)
    clips = study.stimuli[study.stimuli["part"] == parameters["part"]]
    short = clips.loc[clips["duration_s"].astype(float) < rule.shortest_s, "stimulus"]
    if not (rule.whole or rule.none):
        problems += [f"clip '{clip}' is shorter than 'shortest_s' ({rule.shortest_s})" for clip in short]
    return problems


TRIAL = TrialType(
    "Label and mark a part",
    show,
    check,
    simulate,
    Clip,
    ANSWER,
    hears=True,
    rates=True,
    about=about,
    resolve=label.resolve,
    fits=fits,
)
