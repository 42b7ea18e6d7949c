"""A run: models are fitted on training tables and rate a study's clips, and a folder tells all of it.

A run folder holds the three tables with their codebook, ``config.yaml`` (everything that decided the numbers, resolved),
``log.txt`` and, of a method that marks parts, ``posteriors.parquet`` (``run_tables.py``). It is made in a hidden folder
beside it and renamed when it is whole (``engine/workshop.py``). One model is fitted for each language of the training
tables, and rates every clip: ``mono`` where the clip's language is the one it was trained on, else ``cross``. A method that
comes trained is one model, of the language that it says.

Clips are checked, heard and rated in shards of a fixed size, which workers of an engine are given. Ratings of the same plan
are equal byte for byte, on one worker or many, and if the run was cut off and gone on with. Weights are rounded to six
digits, so that the last bits of a sum, which depend on a processor's order of adding, do not reach the table.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from ser_core import languages, places, ratings, run_record
from ser_core.engine._engine import CutOff, Engine, Shard
from ser_core.engine.local import Local
from ser_core.engine.stages import Results, cut, work_through
from ser_core.engine.tasks import Check, Fit, Hear, Heard, Measured, Rate
from ser_core.engine.workshop import Workshop, workshop
from ser_core.errors import BadInput, Problem
from ser_core.experiment_folders import LISTENED
from ser_core.run_checks import by_language, checked, shared_speakers
from ser_core.run_plan import Plan, Resolved, resolve
from ser_core.run_tables import Spoken
from ser_core.stimuli import for_folder
from ser_core.table_files import read_raw

__all__ = ["Plan", "Run", "execute", "of"]


@dataclass(frozen=True)
class Run:
    """A finished run."""

    id: str
    folder: Path
    config: dict[str, Any]
    tables: ratings.Tables


def execute(plan: Plan, out: str | Path, *, engine: Engine | None = None, fresh: bool = False) -> Run:
    """Do what the plan says and write the run folder ``out``, from where an earlier run of this plan was cut off.

    Args:
        plan: what to do.
        out: the folder to make.
        engine: where to compute; by default in this process.
        fresh: begin anew, whatever was finished before.

    Raises:
        BadInput: the folder exists, a table or clip is wrong, or the comparison would not be fair; nothing is left behind.
        CutOff: it cannot go on; what is finished is kept, and the same plan goes on from there.
    """
    out, engine = Path(out), engine or Local(workers=1)
    told = resolve(plan, out)
    try:
        where = engine.begin(
            [Path(told.clips["file"].iloc[0]), *map(Path, told.train["file"].iloc[:1])], threads=plan.threads
        )
        with workshop(out, run_record.decided(told), fresh=fresh) as shop:
            shop.log(
                f"{told.method.title}: {len(told.clips)} clips to rate, {len(told.train)} to learn from, seed {plan.seed}"
            )
            shop.log(f"on {where}")
            return _Making(told, engine, shop, out).run()
    finally:
        engine.close()


def of(stimuli: pd.DataFrame) -> list[Run]:
    """The finished runs that belong to a study: those that rated only clips of it, by id and content.

    Of an experiment, that is what its chosen models said of the clips that listeners heard.

    Args:
        stimuli: the study's clips; rows without ``sha256`` belong to no run.
    """
    known = {pair for pair in zip(stimuli["stimulus"], stimuli["sha256"], strict=True) if pair[1]}
    folders = sorted([*places.runs().glob("[!.]*/config.yaml"), *places.runs().glob(f"[!.]*/{LISTENED}/config.yaml")])
    return [run for file in folders for run in _run_of(file.parent, known)]


def _run_of(folder: Path, known: set[tuple[str, str]]) -> Iterator[Run]:
    if not (folder / "stimuli.csv").exists():
        return
    clips = read_raw(folder / "stimuli.csv", ratings.STIMULI)
    if "sha256" in clips and set(zip(clips["stimulus"], clips["sha256"], strict=True)) <= known:
        yield Run(
            folder.relative_to(places.runs()).as_posix(), folder, _config(folder / "config.yaml"), ratings.read(folder)
        )


def _config(file: Path) -> dict[str, Any]:
    with suppress(yaml.YAMLError, UnicodeDecodeError):
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    raise BadInput(Problem("is damaged: it does not tell of a run", file))


@dataclass
class _Making:
    """A run that is being made: check, hear, fit, rate, write."""

    told: Resolved
    engine: Engine
    shop: Workshop
    out: Path

    def run(self) -> Run:
        self.told = told = checked(self.told, self._measured)
        if shared := shared_speakers(told.clips, told.train):
            self.shop.log(f"the same speakers are in training and among the clips to rate: {', '.join(shared)}")
        revision = self._hear() if told.ears else ""
        sources, said = self._rate()
        spoken = Spoken(told, self.out.name, sources, revision, said)
        tables = spoken.tables()
        ratings.write(dataclasses.replace(tables, stimuli=for_folder(tables.stimuli, self.out)), self.shop.run)
        spoken.write_posteriors(self.shop.run)
        engine = {"name": self.engine.name, "workers": self.engine.workers}
        config = run_record.config(told, self.out.name, engine=engine, devices=self.shop.devices, revision=revision)
        text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=120)
        ratings.write_whole(self.shop.run / "config.yaml", text.encode())
        self.shop.log(f"{len(tables.raters)} raters, {len(tables.ratings)} ratings")
        return Run(self.out.name, self.out, config, tables)

    def _work(self, stage: str, function: Any, shards: list[Shard], what: str) -> Results:
        return work_through(stage, function, shards, engine=self.engine, shop=self.shop, what=what)

    def _measured(self, rows: pd.DataFrame) -> list[Measured]:
        pairs = list(zip(rows["file"].astype(str), rows["sha256"].astype(str), strict=True))
        parts = enumerate(cut(len(rows), self.told.plan.shard))
        shards = [Shard(n, pairs[part], tuple(rows["stimulus"].iloc[part])) for n, part in parts]
        return [found for shard in self._work("check", Check(), shards, "checking clips") for found in shard]

    def _hear(self) -> str:
        """Let the encoder hear each content once; its revision."""
        told = self.told
        assert told.ears is not None
        different = pd.concat([told.clips, told.train], ignore_index=True).drop_duplicates("sha256")
        parts = enumerate(different.iloc[part] for part in cut(len(different), told.plan.shard))
        shards = [Shard(n, part[["file", "sha256"]], tuple(part["stimulus"])) for n, part in parts]
        encoder = told.ears.encoder
        heard: list[Heard] = list(self._work("hear", Hear(told.ears, told.plan.threads), shards, f"hearing with {encoder}"))
        if left_out := [problem for shard in heard for problem in shard.left_out]:
            raise BadInput(*left_out)
        revisions = sorted({shard.revision for shard in heard})
        if len(revisions) > 1:
            raise CutOff(
                f"workers have different files of {encoder} ({', '.join(revisions)}); give all the same, and begin --fresh."
            )
        known, made = sum(shard.known for shard in heard), sum(shard.made for shard in heard)
        self.shop.log(f"{encoder}: {known} clips known, {made} heard{f' on {self.shop.device}' if made else ''}")
        return revisions[0]

    def _rate(self) -> tuple[tuple[str, ...], Results]:
        """The language of each model, and what all of them say."""
        told, threads = self.told, self.told.plan.threads
        parts = by_language(told.train) if told.method.learns else [(languages.normal(told.method.trained_on), told.train)]
        for source, part in parts if told.method.learns else []:
            self.shop.log(f"fitting on {source}: {run_record.counts(part)}")
        lessons = [
            Shard(n, part.drop(columns=["_table", "_row"]), tuple(part["stimulus"])) for n, (_, part) in enumerate(parts)
        ]
        models = self._work("fit", Fit(told.method, told.config, threads), lessons, "learning")
        clips = told.clips.drop(columns=["_table", "_row"])
        cuts = [clips.iloc[part] for part in cut(len(clips), told.plan.shard)]
        content = [(which, part) for which in range(len(parts)) for part in cuts]
        shards = [Shard(n, one, tuple(one[1]["stimulus"])) for n, one in enumerate(content)]
        said = self._work("rate", Rate(told.method, tuple(models), threads), shards, "rating clips")
        return tuple(source for source, _ in parts), said
