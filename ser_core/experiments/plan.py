"""An experiment resolved: clips, folds, every model that is trained and tested, and all that is wrong, before one is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core import audio, places, ratings, shots, splits
from ser_core.audit import SHOWN, SPLITS, Finding, audit
from ser_core.cli import several
from ser_core.errors import BadInput, Problem
from ser_core.experiments import config
from ser_core.experiments.config import Experiment
from ser_core.experiments.kinds import kinds
from ser_core.experiments.learnings import Job, Learning, learnings_of, refused
from ser_core.methods._method import Ears
from ser_core.noisy import Copies, babble_of_tests, copies_of, noise_among, origins, repeated, strange, with_noise
from ser_core.run_checks import shared_speakers
from ser_core.run_plan import PRACTICE
from ser_core.settings import Task, no_corpus, tasks
from ser_core.shots import Shots
from ser_core.stimuli import load, load_all
from ser_core.yaml_lines import Where, line_of

NO_CLIPS = ratings.frame(ratings.STIMULI, [])


@dataclass(frozen=True)
class Planned:
    """An experiment whose every part was found good."""

    experiment: Experiment
    file: Path
    out: Path
    """The folder that is made of it."""
    clips: pd.DataFrame
    """What is learned from or tested on; with ``sha256``."""
    listened: pd.DataFrame
    """The clips that listeners heard, likewise; may be empty."""
    learnings: tuple[Learning, ...]
    jobs: tuple[Job, ...]
    findings: tuple[Finding, ...]
    revisions: dict[str, str]
    """Of each encoder, as it is here now."""
    read: dict[str, str]
    """sha256 of the experiment's file and of each table as it was read."""

    def heard(self) -> dict[Ears, pd.DataFrame]:
        """By what is asked of an encoder, the clips that it must hear, each content once."""
        wanted: dict[Ears, set[str]] = {}
        tested = {job.learning: set[str]() for job in self.jobs}
        for job in self.jobs:
            tested[job.learning] |= set(job.task.test)
        for number, learning in enumerate(self.learnings):
            if ears := learning.kind.ears:
                wanted.setdefault(ears, set()).update(learning.clips, tested.get(number, ()))
        different = {
            ears: pd.concat([self.clips[self.clips["stimulus"].isin(ids)], self.listened], ignore_index=True)
            for ears, ids in wanted.items()
        }
        return {ears: clips.drop_duplicates("sha256", ignore_index=True) for ears, clips in different.items()}


def resolve(file: Path, out: Path | None = None, *, only_check: bool = False) -> Planned:
    """Read an experiment's file and all that it names.

    Args:
        file: the experiment.
        out: the folder to make; None: that of its name among the runs.
        only_check: it is not to be made now, and may be there already.

    Raises:
        BadInput: all that is wrong, each with its line.
    """
    read = {str(file): audio.sha256(file)} if file.is_file() else {}
    experiment, lines, problems = config.read(file)
    found = _Found(file, lines, problems)
    out = out or places.runs() / experiment.name
    if os.path.lexists(out) and not only_check:
        found.problems.append(Problem("exists already; an experiment never writes over another. Choose another --out", out))
    clips, listened = found.tables(experiment, read)
    copies = found.copies(experiment, read)
    models, revisions = kinds(experiment, found.say)
    wanted = [s for s in experiment.settings if any(s in kind.settings for kind in models)]
    tasks = found.tasks(experiment, clips, copies, wanted)
    if found.problems:
        raise BadInput(*dict.fromkeys(found.problems))
    learnings, jobs = learnings_of(experiment, models, tasks)
    needed = {id_ for learning in learnings for id_ in learning.clips}
    needed |= {id_ for job in jobs for id_ in job.task.test}
    every = pd.concat([clips, copies], ignore_index=True) if len(copies) else clips
    used = every[every["stimulus"].isin(needed)].reset_index(drop=True)
    for place, what in refused(learnings, jobs, used):
        found.say(place, what)
    if found.problems:
        raise BadInput(*found.problems)
    found.findings += audit(clips[clips["truth"].isin(experiment.emotions)].drop(columns=list(SPLITS), errors="ignore"))
    found.findings += _shared_voices(listened, used)
    order = sorted(found.findings, key=lambda finding: ("alarm", "warning", "note").index(finding.severity))
    return Planned(experiment, file, out, used, listened, learnings, jobs, tuple(order), revisions, read)


@dataclass
class _Found:
    """What is found on the way."""

    file: Path
    lines: dict[Where, int]
    problems: list[Problem]
    findings: list[Finding] = field(default_factory=list)

    def say(self, place: Where, *whats: str) -> None:
        self.problems += [Problem(what, self.file, line_of(self.lines, place)) for what in whats]

    def tables(self, experiment: Experiment, read: dict[str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """What models may learn from and be tested on, and what listeners heard, which is left out of the former."""
        clips = self._load("stimuli", experiment.stimuli, read)
        listened = self._load("listened", [experiment.listened], read) if experiment.listened else clips.iloc[:0]
        listened = listened[listened["part"] != PRACTICE] if "part" in listened else listened
        made_of = origins(clips)
        theirs = made_of.isin(origins(listened)) | (clips["sha256"].isin(listened["sha256"]) & (clips["sha256"] != ""))
        if theirs.any():
            what = (
                f"kept out of all that is learned and tested, because listeners heard them: {several(theirs.sum(), 'clip')}"
            )
            self.findings.append(Finding("note", "listened", what, tuple(clips.loc[theirs, "stimulus"].iloc[:SHOWN])))
        if clips[~theirs].empty and not self.problems:
            self.say(("stimuli",), "there is no clip to learn from: the tables are empty, or listeners heard all of it")
        if twice := repeated(clips[~theirs]):
            what = (
                f"the tables hold copies with noise beside what these were made of, such as '{twice[0]}': a model would be"
            )
            self.say(("stimuli",), f"{what} tested on what it learned; name tables of copies under 'noisy'")
        self.findings += noise_among(clips[~theirs])
        return clips[~theirs], listened.reset_index(drop=True)

    def _load(self, key: str, names: list[str], read: dict[str, str]) -> pd.DataFrame:
        paths = [Path(os.path.normpath(self.file.parent / name)) for name in names]
        missing = [number for number, path in enumerate(paths) if not path.is_file()]
        for number in missing:
            self.say((key, number), f"there is no table {paths[number]}; tables are told from the folder of this file")
        there = [path for path in paths if path.is_file()]
        try:
            read |= {str(path): audio.sha256(path) for path in there}
            table = load_all(there) if len(there) > 1 else load(there[0]) if there else NO_CLIPS
            if missing:
                return NO_CLIPS  # what some of the tables lack, the others may have
            if nameless := int((table["file"] == "").sum()):
                what = f"{nameless} of {len(table)} rows of '{key}' name no file, and are left out"
                self.findings.append(Finding("note", "no file", what))
            return _hashed(table[table["file"] != ""].reset_index(drop=True))
        except BadInput as bad:
            self.problems += bad.problems
            return NO_CLIPS

    def copies(self, experiment: Experiment, read: dict[str, str]) -> pd.DataFrame:
        """Copies of clips with noise in them; none where none are asked for."""
        if experiment.noise_in != "test" and not experiment.noisy:
            self.say(("noise_in",), "there is no noise to learn from: name tables of noisy clips under 'noisy'")
        before = len(self.problems)
        found = self._load("noisy", experiment.noisy, read) if experiment.noisy else NO_CLIPS
        if experiment.noisy and found.empty and len(self.problems) == before:
            self.say(("noisy",), "there is no noisy clip: the tables are empty")
        return found

    def tasks(
        self, experiment: Experiment, clips: pd.DataFrame, copies: pd.DataFrame, settings: Sequence[str]
    ) -> dict[str, list[Task]]:
        """What is learned and tested with each encoder."""
        few, copied = self._few(experiment), self._copied(experiment, copies, clips)
        try:
            scheme = config.scheme(experiment)
        except BadInput as bad:
            for problem in bad.problems:
                self.say(
                    ("emotions",) if problem.what.startswith(("emotions", "unknown emotion")) else ("splits",), problem.what
                )
            return {}
        if clips.empty or few is None or copied is None or self._wrong_in("splits"):
            return {}
        try:
            cut = splits.folds(clips, scheme)
        except BadInput as bad:
            self.say(("splits",) if ("splits",) in self.lines else ("stimuli",), *(p.what for p in bad.problems))
            return {}
        self.findings += cut.findings
        found: dict[str, list[Task]] = {}
        ends = {"sources": experiment.sources, "targets": experiment.targets}
        wrong = [((key, n), no_corpus(name, clips["corpus"])) for key, names in ends.items() for n, name in enumerate(names)]
        for place, said in wrong:
            self.say(place, *said)
        if any(said for _, said in wrong):
            return {}
        for encoder, language in experiment.encoders.items():
            how: dict[str, Any] = {"dev_from": experiment.dev_from, "encoder_language": language, **ends}
            try:
                whole = tasks(cut, clips, settings, **how)
            except BadInput as bad:
                self.say(("encoders", encoder), *(f"{encoder}: {p.what}" for p in bad.problems))
                continue
            found[encoder] = self._further(experiment, whole, clips, few, copied)
        return found

    def _further(
        self, experiment: Experiment, tasks: list[Task], clips: pd.DataFrame, few: Shots, copied: Copies
    ) -> list[Task]:
        """The tasks with their shots, under each condition."""
        try:
            drawn, findings = shots.drawn(tasks, clips, few)
            self.findings += [finding for finding in findings if finding not in self.findings]
        except BadInput as bad:
            self.say(("shots",), *(p.what for p in bad.problems))
            return []
        try:
            return with_noise(drawn, copied, experiment.noise_in)
        except BadInput as bad:
            self.say(("noisy",), *(p.what for p in bad.problems))
            return []

    def _wrong_in(self, key: str) -> bool:
        """Whether something below a key of the file was left out as wrong: what stands in its place nobody has asked for."""
        told = {line for place, line in self.lines.items() if place[:1] == (key,)}
        return any(problem.file == self.file and problem.line in told for problem in self.problems)

    def _few(self, experiment: Experiment) -> Shots | None:
        try:
            return None if self._wrong_in("shots") else config.shots(experiment)
        except BadInput as bad:
            self.say(("shots",), *(p.what for p in bad.problems))
            return None

    def _copied(self, experiment: Experiment, copies: pd.DataFrame, clips: pd.DataFrame) -> Copies | None:
        try:
            found = copies_of(copies) if len(copies) else {}
        except BadInput as bad:
            self.say(("noisy",), *(p.what for p in bad.problems))
            return None
        wrong = strange(copies, clips) if found else []
        self.say(("noisy",), *wrong)
        self.findings += babble_of_tests(copies) if experiment.noise_in == "both" else []
        return None if wrong else found


def _hashed(clips: pd.DataFrame) -> pd.DataFrame:
    """Clips with the hash of their content where the table says none.

    Raises:
        BadInput: a file cannot be read; every one.
    """
    hashes: list[str] = []
    problems: list[Problem] = []
    for file, known in zip(clips["file"], clips["sha256"], strict=True):
        try:
            hashes.append(known if known and os.path.isfile(file) else audio.sha256(file))
        except BadInput as bad:
            problems += bad.problems
    if problems:
        raise BadInput(*problems)
    return clips.assign(sha256=hashes)


def _shared_voices(listened: pd.DataFrame, used: pd.DataFrame) -> list[Finding]:
    shared = shared_speakers(listened, used)
    if not shared:
        return []
    named = ", ".join(shared[:SHOWN]) + (f" and {len(shared) - SHOWN} more" if len(shared) > SHOWN else "")
    who = f"{several(len(shared), 'speaker')} {'is' if len(shared) == 1 else 'are'}"
    what = f"{who} among the clips that listeners heard and among those of the models: {named}"
    return [Finding("warning", "listened speakers", what)]
