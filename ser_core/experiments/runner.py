"""An experiment is run: clips are checked and heard, models learn and rate, and a folder tells all of it.

The folder is made in a hidden one beside it and renamed when it is whole (``engine/workshop.py``). What is finished of an
experiment that was cut off waits there: shards of models that have learned, and of one that was learning, what its method
keeps. The same file gives the same ratings byte for byte, on one worker or many, and if it was cut off and gone on with.

Models that a method makes as one program go together in shards of ``TOGETHER``; others are a shard each.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from ser_core import languages, made_up, ratings, scores
from ser_core.cli import several
from ser_core.engine._engine import CutOff, Engine, Shard
from ser_core.engine.local import Local
from ser_core.engine.stages import Results as Stage
from ser_core.engine.stages import cut, work_through
from ser_core.engine.tasks import Check, Hear, Heard, Measured
from ser_core.engine.workshop import Workshop, workshop
from ser_core.errors import BadInput
from ser_core.experiment_folders import ASKED, INTERVALS_FILE, LISTENED, RESOLVED
from ser_core.experiment_tables import CURVES, FINDINGS, INTERVALS, MODELS
from ser_core.experiments import layouts, record
from ser_core.experiments.layouts import Laid
from ser_core.experiments.plan import Planned
from ser_core.experiments.results import Outcome, Results, written
from ser_core.experiments.tasks import Item, Kept, Learn, Learned, Listen, Said
from ser_core.methods._find import find_method
from ser_core.methods._method import Ears
from ser_core.run_plan import SHARD, cores
from ser_core.stimuli import for_folder
from ser_core.tables import Tables

TOGETHER = 256
"""Models of one shard, of a method that makes several at once."""


@dataclass(frozen=True)
class Done:
    """A finished experiment."""

    folder: Path
    models: pd.DataFrame
    """``experiment_tables.MODELS``"""
    config: dict[str, Any]
    diverged: dict[int, str]
    """By the number of a model that there is not: why."""


def execute(plan: Planned, *, engine: Engine | None = None, threads: int | None = None, fresh: bool = False) -> Done:
    """Do what the plan says and write its folder, from where an earlier run of it was cut off.

    Args:
        plan: an experiment that was found good.
        engine: where to compute; by default in this process.
        threads: with how many each worker computes on a CPU; part of the plan; by default the cores of this machine.
        fresh: begin anew, whatever was finished before.

    Raises:
        BadInput: the folder exists, or a clip is wrong; nothing is left behind.
        CutOff: it cannot go on; what is finished is kept, and the same plan goes on from there.
    """
    engine, threads = engine or Local(workers=1), cores() if threads is None else threads
    if threads < 1:
        raise BadInput(f"a worker computes with at least 1 thread, not {threads}.")
    try:
        seen = [Path(plan.clips["file"].iloc[0]), *filter(Path.is_dir, [plan.out.parent])]
        where = engine.begin(seen, threads=threads)
        with workshop(plan.out, record.decided(plan, threads), fresh=fresh) as shop:
            models, places = several(len(plan.learnings), "model"), several(len(plan.jobs), "place")
            shop.log(f"{plan.experiment.name}: {models}, tested in {places}")
            shop.log(f"on {where}")
            for finding in plan.findings:
                shop.log(f"{finding.severity}: {finding.what}")
            return _Making(plan, engine, shop, threads).run()
    finally:
        engine.close()


@dataclass
class _Making:
    """An experiment that is being run: check, hear, learn, listen, write."""

    plan: Planned
    engine: Engine
    shop: Workshop
    threads: int
    revisions: dict[str, str] = field(default_factory=dict)
    forwards: list[dict[str, Any]] = field(default_factory=list)

    def run(self) -> Done:
        began = time.monotonic()
        self._check()
        self.revisions |= self.plan.revisions
        for number, (ears, clips) in enumerate(self.plan.heard().items()):
            self._hear(f"hear{number}", ears, clips)
        kept, outcomes = self._learn()
        results = Results(self.plan, self.revisions, outcomes)
        self._diverged(results.diverged)
        said = self._listen(results, kept)
        laid = self._project(results, kept)
        models = results.with_listened(said) if said else results.models
        ran = record.Ran(self.shop.device, self.engine, self.threads, self.revisions, self.forwards, len(kept))
        config = record.resolved(self.plan, ran, took_s=time.monotonic() - began)
        self._write(results, models, said, laid, config)
        return Done(self.plan.out, models, config, results.diverged)

    def _work(self, stage: str, function: Any, shards: list[Shard], what: str) -> Stage:
        return work_through(stage, function, shards, engine=self.engine, shop=self.shop, what=what)

    # --- clips ---

    def _check(self) -> None:
        """Decode every clip; the tables get their lengths."""
        plan = self.plan
        rows = pd.concat([plan.clips, plan.listened], ignore_index=True)
        pairs = list(zip(rows["file"], rows["sha256"], strict=True))
        shards = [Shard(n, pairs[p], tuple(rows["stimulus"].iloc[p])) for n, p in enumerate(cut(len(rows), SHARD))]
        measured: list[Measured] = [m for shard in self._work("check", Check(), shards, "checking clips") for m in shard]
        if problems := [problem for found in measured for problem in found.problems]:
            raise BadInput(*dict.fromkeys(problems))
        lengths = [found.duration_s for found in measured]
        count = len(plan.clips)
        clips, listened = plan.clips.assign(duration_s=lengths[:count]), plan.listened.assign(duration_s=lengths[count:])
        self.plan = replace(plan, clips=clips, listened=listened)

    def _hear(self, stage: str, ears: Ears, clips: pd.DataFrame) -> None:
        parts = enumerate(clips.iloc[part] for part in cut(len(clips), SHARD))
        shards = [Shard(n, part[["file", "sha256"]], tuple(part["stimulus"])) for n, part in parts]
        what = f"hearing with {ears.encoder}"
        found: list[Heard] = list(self._work(stage, Hear(ears, self.threads), shards, what))
        if left_out := [problem for shard in found for problem in shard.left_out]:
            raise BadInput(*left_out)
        revisions = sorted({shard.revision for shard in found})
        if len(revisions) > 1:
            what = f"workers have different files of {ears.encoder} ({', '.join(revisions)}); give all the same"
            raise CutOff(f"{what}, and begin --fresh.")
        self.revisions[ears.encoder] = revisions[0]
        known, made = sum(shard.known for shard in found), sum(shard.made for shard in found)
        self.forwards.append({"encoder": ears.encoder, "keeps": _kept_of(ears), "clips": len(clips), "heard": made})
        self.shop.log(f"{ears.encoder}: {known} clips known, {made} heard{f' on {self.shop.device}' if made else ''}")

    # --- models ---

    def _learn(self) -> tuple[list[Kept], list[Outcome]]:
        """Where each learning's model was kept, and what it said; those of a second stage after all others."""
        kept: dict[int, Kept] = {}
        outcomes: dict[int, Outcome] = {}
        for stage, numbers in (("learn", self._numbers(second=False)), ("further", self._numbers(second=True))):
            blocks = list(self._blocks(numbers))
            if not blocks:
                continue
            items = [[self._item(number, kept) for number in block] for block in blocks]
            shards = [Shard(n, i, tuple(item.name for item in i), "models") for n, i in enumerate(items)]
            done = self._work(stage, Learn(self.plan.clips, self.threads, self._folder), shards, "learning (models)")
            for block, file, learned in zip(blocks, done.files, done, strict=True):
                for position, number in enumerate(block):
                    kept[number] = Kept(file.absolute(), position)
                    outcomes[number] = _outcome(learned, position)
        ordered = range(len(self.plan.learnings))
        return [kept[number] for number in ordered], [outcomes[number] for number in ordered]

    @property
    def _folder(self) -> Path:
        return (self.shop.folder / "learning").absolute()

    def _numbers(self, *, second: bool) -> list[int]:
        return [n for n, learning in enumerate(self.plan.learnings) if (learning.after is not None) == second]

    def _blocks(self, numbers: list[int]) -> Iterator[list[int]]:
        """Numbers of learnings that are one shard."""
        learnings = self.plan.learnings

        def alike(number: int) -> tuple[str, str, bool]:
            one = learnings[number]
            together = find_method(one.kind.method).fit_many is not None and one.after is None
            return one.kind.encoder, one.kind.method, together

        for (*_, together), group in groupby(numbers, key=alike):
            block = list(group)
            size = TOGETHER if together else 1
            yield from (block[part] for part in cut(len(block), size))

    def _item(self, number: int, kept: dict[int, Kept]) -> Item:
        learning = self.plan.learnings[number]
        name = f"{learning.kind.name}, model {number + 1} of {len(self.plan.learnings)}"
        after = None if learning.after is None else kept[learning.after]
        what = (learning.kind.method, learning.config, learning.train, learning.dev)
        return Item(name, number, *what, self._rates.get(number, ()), after, learning.unlabelled)

    @cached_property
    def _rates(self) -> dict[int, tuple[str, ...]]:
        """The dev and test clips of each learning that is tested anywhere."""
        asked: dict[int, dict[str, None]] = {}
        for job in self.plan.jobs:
            own = asked.setdefault(job.learning, dict.fromkeys(self.plan.learnings[job.learning].dev))
            own |= dict.fromkeys(job.task.test)
        return {number: tuple(ids) for number, ids in asked.items()}

    def _diverged(self, lost: dict[int, str]) -> None:
        """Say so; the others go on.

        Raises:
            BadInput: there are none.
        """
        if len(lost) == len(self.plan.jobs):
            raise BadInput(*(f"every model diverged: {what}" for what in dict.fromkeys(lost.values())))
        for number, what in lost.items():
            job = self.plan.jobs[number]
            self.shop.log(f"model {number} diverged: {job.kind.name}, {job.task.setting} {job.task.name}: {what}")

    def _listen(self, results: Results, kept: list[Kept]) -> dict[int, Said]:
        """What chosen models say of listeners' clips in the language that they are tested in, dialects included."""
        clips = self.plan.listened
        if clips.empty:
            return {}
        spoken = clips["language"].map(languages.base)
        asked: dict[int, tuple[str, ...]] = {}
        for number in results.models.loc[results.models["chosen"] == "yes", "model"].astype(int):
            own = clips.loc[spoken == languages.base(self.plan.jobs[number].task.target.language), "stimulus"]
            asked |= {number: tuple(own)} if len(own) else {}
        jobs = {number: self.plan.jobs[number] for number in asked}
        content = [(job.kind.method, kept[job.learning], asked[number]) for number, job in jobs.items()]
        shards = [Shard(place, one, one[-1]) for place, one in enumerate(content)]
        said = self._work(LISTENED, Listen(clips, self.threads), shards, "rating what listeners heard")
        return dict(zip(asked, said, strict=True))

    def _project(self, results: Results, kept: list[Kept]) -> dict[int, Laid]:
        """Where chosen models lay clips, by the number of the model."""
        plan = self.plan
        shards = layouts.shards(plan, results.models, kept)
        for number, (ears, clips) in enumerate(layouts.unheard(plan, shards).items()):
            self._hear(f"layouts-hear{number}", ears, clips)
        ways = layouts.Project(plan.clips, self.threads, tuple(plan.experiment.projections))
        laid = self._work("layouts", ways, shards, "laying out clips (models)")
        return {int(shard.clips[0]): one for shard, one in zip(shards, laid, strict=True)}

    # --- files ---

    def _write(
        self, results: Results, models: pd.DataFrame, said: dict[int, Said], laid: dict[int, Laid], config: dict[str, Any]
    ) -> None:
        run, out = self.shop.run, self.plan.out
        tables = results.tables()
        _save(tables, run, out)
        said_of_clips = made_up.words(tables)
        files = {
            **scores.score(tables, said=()).files,
            "models.csv": written(MODELS, models, said_of_clips),
            "curves.csv": written(CURVES, results.curves(), said_of_clips),
            "findings.csv": written(FINDINGS, results.findings(), said_of_clips),
            INTERVALS_FILE: written(INTERVALS, results.intervals(), said_of_clips),
            **layouts.files(laid, said_of_clips),
            ASKED: self.plan.file.read_bytes(),
            RESOLVED: _yaml(config),
        }
        for name, content in files.items():
            ratings.write_whole(run / name, content)
        if said:
            folder = ratings.make_folder(run / LISTENED)
            _save(results.listened_tables(said), folder, out / LISTENED)
            ratings.write_whole(folder / RESOLVED, _yaml({**config, "run": f"{out.name}/{LISTENED}"}))
        self.shop.log(f"{len(tables.raters)} raters, {len(tables.ratings)} ratings")


def _outcome(learned: Learned, position: int) -> Outcome:
    one = learned.models[position]
    return Outcome(one.told, one.said, one.seconds, learned.device, one.diverged)


def _kept_of(ears: Ears) -> str:
    return ears.pooling if ears.layer is None else f"{ears.pooling} of layer {ears.layer}"


def _save(tables: Tables, folder: Path, out: Path) -> None:
    ratings.write(Tables(for_folder(tables.stimuli, out), tables.raters, tables.ratings), folder)


def _yaml(config: dict[str, Any]) -> bytes:
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=120).encode()
