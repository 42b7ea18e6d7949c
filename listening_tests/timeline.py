"""From a study to one participant's ordered trials.

Two draws, each once, kept in the database: ``opening`` when the link is first opened (consent, what is asked before), and
``rest`` when the background form was answered, because groups, quotas and coverage follow from it. What was really shown is
what is exported. ``key``s are random each time, all else follows from the listener's seed and place.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from listening_tests import screening
from listening_tests.settings import Block, Entry
from listening_tests.study import Study
from listening_tests.trial import Trial, trial_types


@dataclass(frozen=True)
class Listener:
    """What the order depends on: the seed, what was said in the background form, how many listeners of the group came
    before (``place``, from 0), and how often each clip is covered in the group already."""

    seed: int
    background: Mapping[str, str] = field(default_factory=dict)
    place: int = 0
    coverage: Mapping[str, int] = field(default_factory=dict)


def opening(study: Study, listener: Listener) -> tuple[Trial, ...]:
    """The trials up to the background form (up to the consent, where the study has none), in order."""
    return _numbered(_block(study.timeline[: _cut(study)], study, listener), 0)


def rest(study: Study, listener: Listener) -> tuple[Trial, ...]:
    """The trials after ``opening``, in order."""
    first = len(opening(study, listener))
    return _numbered(_block(study.timeline[_cut(study) :], study, listener), first)


def draw(study: Study, listener: Listener) -> tuple[Trial, ...]:
    """All trials of a listener, in order."""
    return (*opening(study, listener), *rest(study, listener))


def _cut(study: Study) -> int:
    names = [entry.trial if isinstance(entry, Entry) else "" for entry in study.timeline]
    return names.index("background") + 1 if "background" in names else 1


def _numbered(trials: Iterable[Trial], first: int) -> tuple[Trial, ...]:
    return tuple(replace(trial, position=first + i) for i, trial in enumerate(trials))


def _block(entries: Sequence[Entry | Block], study: Study, listener: Listener) -> list[Trial]:
    trials: list[Trial] = []
    for entry in entries:
        if not screening.rule(entry.only)(listener.background):
            continue
        trials += _block(entry.timeline, study, listener) if isinstance(entry, Block) else _trials(entry, study, listener)
    return trials


def _trials(entry: Entry, study: Study, listener: Listener) -> list[Trial]:
    kind = trial_types()[entry.trial]
    rng = random.Random(f"{listener.seed}|{entry.where}")
    made = []
    for stimulus in _clips(entry, study, rng) if kind.hears else [""] * kind.times(entry.parameters):
        parameters = dict(entry.parameters)
        if kind.resolve:
            parameters = kind.resolve(parameters, study, listener.seed, rng)
        made.append(Trial(0, entry.trial, int(entry.where[1]), stimulus, secrets.token_urlsafe(16), parameters))
    return made


def _clips(entry: Entry, study: Study, rng: random.Random) -> list[str]:
    clips: list[str] = study.stimuli.loc[study.stimuli["part"] == entry.parameters["part"], "stimulus"].tolist()
    if entry.parameters["shuffled"]:
        rng.shuffle(clips)
    return clips
