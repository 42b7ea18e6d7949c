"""A few labelled clips of the target: how many does a model need that learned in another corpus?

A task of the settings ``transfer`` and ``multi_source`` becomes one for each number of shots and each trial. Shots are drawn
evenly from the emotions; where their number cannot be divided by that of the emotions, some have one more. A larger number
holds the clips of a smaller one of the same trial, so that curves rise by what is added and not by another draw. None at
all, and all of them, leave nothing to draw: these have one trial.

Shots of ``other`` voices come from the training part of the target's fold, so nobody who speaks in the test is heard before.
Shots of the ``tested`` voices come from the test part itself; the clips of the largest number are tested at no number, so
all numbers are tested on the same clips. TMLR submission 9566 has both, as its protocols b and a; its abstract tells a.

What is drawn follows from seed, trial and the ids of the clips alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import pandas as pd

from ser_core.audit import Finding
from ser_core.emotions import in_order
from ser_core.errors import BadInput, Problem
from ser_core.settings import Task
from ser_core.splits import shuffled

FEW = ("transfer", "multi_source")
"""Settings whose models may be given shots."""
ALL = "all"
EACH = "each"
"""Behind a number of shots that is that of each emotion."""
Count = int | Literal["all"]


@dataclass(frozen=True)
class Shots:
    """How many labelled clips of the target, of whom, and how often they are drawn."""

    counts: tuple[Count, ...] = (0,)
    of: Literal["total", "emotion"] = "total"
    """Whether a number is that of all clips, or of each emotion."""
    voices: Literal["other", "tested"] = "other"
    too_few: Literal["refuse", "cap"] = "refuse"
    """What to do where the target has fewer clips of an emotion than are asked for."""
    trials: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn; all of it at once."""
        problems = [f"a number of shots must be 0 or more, or all, not {c}." for c in self.counts if c != ALL and int(c) < 0]
        if not self.counts or len(set(self.counts)) < len(self.counts):
            problems.append("shots need one or more numbers, each once.")
        if self.trials < 1:
            problems.append(f"trials must be 1 or more, not {self.trials}.")
        if self.voices == "tested" and ALL in self.counts:
            problems.append("all clips of the tested voices cannot be shots: none would be left to test.")
        if problems:
            raise BadInput(*problems)


def share(count: int, emotions: Sequence[str], *, of: str, order: Sequence[str]) -> dict[str, int]:
    """How many shots of each emotion.

    Args:
        count: how many.
        emotions: the classes.
        of: whether ``count`` is the ``total``, or that of each ``emotion``.
        order: the emotions, those first that are to have one more.

    >>> share(10, ["angry", "happy", "sad"], of="total", order=["sad", "angry", "happy"])
    {'angry': 3, 'happy': 3, 'sad': 4}
    """
    if of == "emotion":
        return dict.fromkeys(emotions, count)
    each, rest = divmod(count, len(emotions))
    more = set(order[:rest])
    return {emotion: each + (emotion in more) for emotion in emotions}


def drawn(tasks: Sequence[Task], clips: pd.DataFrame, shots: Shots) -> tuple[list[Task], tuple[Finding, ...]]:
    """The tasks with their shots; those of other settings as they are.

    Args:
        tasks: of ``settings.tasks``.
        clips: the stimuli table they were made from.
        shots: what is to be drawn.

    Returns:
        The tasks, and what is not as asked.

    Raises:
        BadInput: a target has fewer clips than asked for, where that is refused, or none is left to test; each place once.
    """
    truths = dict(zip(clips["stimulus"], clips["truth"], strict=True))
    found: list[Task] = []
    capped: dict[str, None] = {}
    problems: dict[str, None] = {}
    for task in tasks:
        if task.setting not in FEW:
            found.append(task)
            continue
        place = _Place(task, truths, shots)
        made = list(place.tasks())
        found += made
        few = capped if shots.too_few == "cap" else problems
        few |= dict.fromkeys(place.lacks())
        if any({truths[id_] for id_ in one.test} != {truths[id_] for id_ in task.test} for one in made):
            problems[f"{task.target}: shots of the tested voices leave no clip of some emotion to test; take fewer"] = None
    if problems:
        raise BadInput(*(Problem(what) for what in problems))
    return found, tuple(Finding("warning", "shots", f"{what}: all there are were taken") for what in capped)


@dataclass(frozen=True)
class _Place:
    """A task, and where its shots come from."""

    task: Task
    truths: Mapping[str, str]
    shots: Shots

    @cached_property
    def there(self) -> dict[str, list[str]]:
        """By emotion, what may be drawn."""
        found: dict[str, list[str]] = {}
        for id_ in sorted(self.task.unlabelled if self.shots.voices == "other" else self.task.test):
            found.setdefault(self.truths[id_], []).append(id_)
        return {emotion: found[emotion] for emotion in in_order(set(found))}

    def lacks(self) -> Iterator[str]:
        """Numbers of shots that there are not."""
        for count in (n for n in self.shots.counts if n != ALL):
            wanted = share(int(count), list(self.there), of=self.shots.of, order=list(self.there))
            if few := [emotion for emotion, n in wanted.items() if n > len(self.there[emotion])]:
                have = ", ".join(f"{len(self.there[emotion])} {emotion}" for emotion in few)
                each = " of each emotion" if self.shots.of == "emotion" else ""
                yield f"{self.task.target}: {count} shots{each} are more than a fold has ({have})"

    def tasks(self) -> Iterator[Task]:
        """One for each number of shots and each trial."""
        for count in self.shots.counts:
            for trial in range(1 if count in (0, ALL) else self.shots.trials):
                yield self._with(count, trial)

    def _with(self, count: Count, trial: int) -> Task:
        task, own = self.task, self._own(count, trial)
        each = self.shots.of == "emotion" and count not in (0, ALL)
        taught = replace(
            task, shots=f"{count} {EACH}" if each else str(count), trial=trial, own=own, train=(*task.train, *own)
        )
        if self.shots.voices == "other":
            return replace(taught, unlabelled=_without(task.unlabelled, own))
        most = max((int(n) for n in self.shots.counts), default=0)
        return replace(taught, test=_without(task.test, self._own(most, trial)))

    def _own(self, count: Count, trial: int) -> tuple[str, ...]:
        if count == ALL:
            return tuple(id_ for ids in self.there.values() for id_ in ids)
        name = f"shots {self.task.target} {self.task.fold} {trial}"
        order = shuffled(list(self.there), name, seed=self.shots.seed)
        wanted = share(int(count), list(self.there), of=self.shots.of, order=order)
        mixed = {emotion: shuffled(ids, f"{name} {emotion}", seed=self.shots.seed) for emotion, ids in self.there.items()}
        return tuple(sorted(id_ for emotion, ids in mixed.items() for id_ in ids[: wanted[emotion]]))


def _without(ids: tuple[str, ...], taken: tuple[str, ...]) -> tuple[str, ...]:
    known = set(taken)
    return tuple(id_ for id_ in ids if id_ not in known)
