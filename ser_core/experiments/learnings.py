"""What each model of an experiment learns and where it is tested, and what methods say of it before a clip is heard.

A *learning* is what one model learns: config, training and dev clips, and the learning that it goes on from in a second
stage. A *job* tests one of them: tasks that learn from the same clips and are stopped by the same are one learning, tested
in several places. With dev clips of the source, a cross-lingual model is the monolingual one, tested abroad.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd

from ser_core.experiments.config import Experiment
from ser_core.experiments.kinds import Kind
from ser_core.methods._find import find_method
from ser_core.methods._method import Lesson
from ser_core.settings import Task
from ser_core.yaml_lines import Where

Ids = tuple[str, ...]


@dataclass(frozen=True)
class Learning:
    """What one model learns."""

    kind: Kind
    config: Any
    train: Ids
    dev: Ids
    after: int | None = None
    """Number of the learning that it goes on from."""
    unlabelled: Ids = ()
    """What it adapts to without labels."""

    @property
    def clips(self) -> Ids:
        """All that it is given."""
        return (*self.train, *self.dev, *self.unlabelled)


@dataclass(frozen=True)
class Job:
    """One model tested in one place: a row of ``models.csv``."""

    kind: Kind
    task: Task
    seed: int
    learning: int


def learnings_of(
    experiment: Experiment, models: list[Kind], tasks: dict[str, list[Task]]
) -> tuple[tuple[Learning, ...], tuple[Job, ...]]:
    """All that is learned and tested: encoder by encoder, kind by kind, task by task, seed by seed; equal learnings once."""
    known: dict[Any, int] = {}
    learnings: list[Learning] = []
    parts: dict[Ids, Ids] = {}

    def number(kind: Kind, seed: int, train: Ids, dev: Ids, *, after: int | None = None, unlabelled: Ids = ()) -> int:
        key = (kind.name, seed, train, dev, after, unlabelled)
        if key not in known:
            known[key] = len(learnings)
            train, dev = parts.setdefault(train, train), parts.setdefault(dev, dev)  # one object, sent once
            learnings.append(Learning(kind, kind.seeded(seed), train, dev, after, unlabelled))
        return known[key]

    jobs: list[Job] = []
    for kind in models:
        adapts = find_method(kind.method).adapts
        for task in (t for t in tasks[kind.encoder] if t.setting in kind.settings):
            for seed in experiment.seeds:
                learned = number(kind, seed, task.train, task.dev, unlabelled=task.unlabelled if adapts else ())
                if task.then_train:
                    learned = number(kind, seed, task.then_train, task.then_dev, after=learned)
                jobs.append(Job(kind, task, seed, learned))
    return tuple(learnings), tuple(jobs)


def refused(learnings: Sequence[Learning], jobs: Sequence[Job], clips: pd.DataFrame) -> Iterator[tuple[Where, str]]:
    """Lessons that a method refuses, which would end an experiment at the first model that learns one.

    Args:
        learnings: what each model learns; a second stage is not asked, for its first one was.
        jobs: where they are tested, for the names of places.
        clips: all of these.

    Yields:
        Where in the file, and what is wrong; once for each kind of model, whatever the folds and seeds.
    """
    by_id = clips.set_index("stimulus")

    @lru_cache(maxsize=8)  # many learn from one part, one after the other
    def table(ids: Ids) -> pd.DataFrame:
        return by_id.loc[list(ids)].reset_index()

    names = {job.learning: f"{job.task.setting} {job.task.name}, fold {job.task.fold}" for job in reversed(jobs)}
    found: dict[tuple[str, Where, str], list[int]] = {}
    for number, learning in enumerate(learnings):
        refuses = find_method(learning.kind.method).refuses
        if refuses and learning.after is None:
            for problem in refuses(Lesson(table(learning.train), table(learning.dev), learning.config)):
                key = (learning.kind.name, learning.kind.place(problem.what), problem.what)
                found.setdefault(key, []).append(number)
    for (kind, place, what), numbers in found.items():
        first = names.get(numbers[0], "its first stage")
        more = f" and {len(numbers) - 1} more" if len(numbers) > 1 else ""
        yield place, f"{kind} ({first}{more}): {what}"
