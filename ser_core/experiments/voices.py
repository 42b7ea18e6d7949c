"""Whose voices a model knew: whether those of its test taught it, or spoke the clips that stopped it.

What is said of a model follows from the clips that it was given and not from how a corpus was to be cut, so it holds for
parts that are given, few shots, clips without labels, and a speaker of two languages. A voice is a speaker of a corpus.
Clips that say no speaker count as one voice of their corpus: nobody can know that they are several.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from ser_core.experiments.learnings import Ids, Job
from ser_core.experiments.plan import Planned

Voice = tuple[str, str]
"""Corpus and speaker."""


@dataclass(frozen=True)
class Voices:
    """The voices of an experiment's models."""

    plan: Planned
    _known: dict[Ids, frozenset[Voice]] = field(default_factory=dict)

    def disjoint(self, job: Job) -> str:
        """``speaker``; or ``utterance`` where a voice of the test taught the model, with labels or without."""
        learned = self.plan.learnings[job.learning]
        before = () if learned.after is None else self.plan.learnings[learned.after].train
        return "utterance" if self._heard(job.task.test, learned.train, before, learned.unlabelled) else "speaker"

    def dev_from(self, job: Job) -> str:
        """Whose clips stopped the last stage of a model, and whether voices of the test spoke them."""
        task, dev = job.task, self.plan.learnings[job.learning].dev
        target = task.dev_from == "target" or task.source == task.target or task.setting == "two_stage"
        return ("target" if target else "source") + (", the test's speakers" if self._heard(task.test, dev) else "")

    def _heard(self, test: Ids, *parts: Ids) -> bool:
        return any(self._of(part) & self._of(test) for part in parts)

    def _of(self, ids: Ids) -> frozenset[Voice]:
        if ids not in self._known:
            self._known[ids] = frozenset(self._voices[id_] for id_ in ids)
        return self._known[ids]

    @cached_property
    def _voices(self) -> dict[str, Voice]:
        clips = self.plan.clips
        return dict(zip(clips["stimulus"], zip(clips["corpus"], clips["speaker"], strict=True), strict=True))
