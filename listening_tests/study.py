"""A study: a folder with ``study.yaml`` and ``stimuli.csv``, checked whole before anyone hears a clip.

``load`` either returns a study that can be trusted, or raises ``BadInput`` with everything that is wrong with it, each with
file and line.
"""

from __future__ import annotations

import csv
import hashlib
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pandas as pd

from listening_tests import screening, settings, study_checks
from listening_tests.settings import Block, Entry, Settings
from listening_tests.trial import Texts
from ser_core import places, ratings, yaml_lines
from ser_core.errors import BadInput, Problem
from ser_core.languages import base, is_dialect

_LOCKS: dict[Path, threading.Lock] = {}


@dataclass(frozen=True, eq=False)
class Study:
    """A checked study.

    ``version`` is the SHA-256 of all that it consists of: edit anything, and it is another version. ``text`` is study.yaml
    as it was read, ``tables`` the further tables that its timeline names. ``stimuli`` has, beside the table's own columns,
    ``part`` and ``gain_db`` (0 = played as it is).
    """

    folder: Path
    version: str
    settings: Settings
    timeline: tuple[Entry | Block, ...]
    stimuli: pd.DataFrame
    text: str
    tables: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The study's name in links and tables."""
        return self.settings.id

    @property
    def title(self) -> Texts:
        """The study's title by interface language."""
        return self.settings.title

    @property
    def emotions(self) -> tuple[str, ...]:
        """The labels that listeners choose from."""
        return tuple(self.settings.emotions)

    @property
    def languages(self) -> tuple[str, ...]:
        """Interface languages, the first being what others fall back on."""
        return tuple(self.settings.languages)

    @property
    def synthetic(self) -> bool:
        """Whether the voices are synthetic; every page and figure then says so."""
        return self.settings.synthetic

    @property
    def training(self) -> Path | None:
        """The stimuli that models may learn from, if the study brings any."""
        return self.folder / self.settings.training if self.settings.training else None

    @property
    def spoken(self) -> tuple[str, ...]:
        """The languages (without dialects) that are spoken in the clips."""
        return tuple(sorted({base(tag) for tag in self.stimuli["language"]}))

    @property
    def dialects(self) -> tuple[str, ...]:
        """The dialects that are spoken in the clips."""
        return tuple(sorted({tag for tag in self.stimuli["language"] if is_dialect(tag)}))

    def group(self, background: Mapping[str, str]) -> str:
        """The group of a listener who said this in the background form; the first whose rule fits."""
        fitting = (g.name for g in self.settings.groups if screening.rule(g.rule)(background))
        return next(fitting, OTHERS)

    def quota(self, group: str) -> int:
        """How many listeners of this group are wanted; 0 = any number."""
        return next((g.quota for g in self.settings.groups if g.name == group), 0)

    def duration_s(self, stimulus: str) -> float:
        """How long a clip is."""
        return float(self.stimuli.loc[self.stimuli["stimulus"] == stimulus, "duration_s"].iloc[0])

    def path(self, stimulus: str) -> Path:
        """Where a clip lies."""
        row = self.stimuli.loc[self.stimuli["stimulus"] == stimulus].iloc[0]
        return self.folder / str(row["file"])


OTHERS = "other listeners"
"""The group of those who fit none."""


def find(study_id: str) -> Study | None:
    """The study with this id, or None.

    Raises:
        BadInput: there is one, and it is broken; or there are two, and nobody can say which is meant.
    """
    found = _called(study_id)
    if len(found) > 1:
        raise BadInput(_twins(study_id, found[0], found[1]))
    return load(found[0]) if found else None


def chosen(folder: str | Path) -> Study:
    """The study in ``folder``, for commands that read or write what its id names.

    Raises:
        BadInput: with every problem; or another study that the app knows has the same id.
    """
    study = load(folder)
    others = [other for other in _called(study.id) if other.resolve() != Path(folder).resolve()]
    if others:
        raise BadInput(_twins(study.id, Path(folder), others[0]))
    return study


def _twins(study_id: str, one: Path, other: Path) -> Problem:
    what = f"has the id '{study_id}', as {other} has; their links and answers would be mixed up. Give each its own"
    return Problem(what, one / "study.yaml", 1)


def _called(study_id: str) -> list[Path]:
    paths = [folder / "study.yaml" for folder in places.studies()]
    return [path.parent for path in paths if _id_of(path, _stamp(str(path))) == study_id]


@lru_cache(maxsize=256)  # asked at every click of every listener; a new time of the file is another question
def _id_of(path: Path, _: tuple[str, int, int]) -> str | None:
    try:
        data, _lines = yaml_lines.read(path)
    except BadInput:
        return None
    return data.get("id") if isinstance(data, dict) else None


def load(folder: str | Path) -> Study:
    """Read and check a study.

    Raises:
        BadInput: with every problem.
    """
    folder = Path(folder)
    with _LOCKS.setdefault(folder, threading.Lock()):  # a crowd of listeners waits for one check, and only of this study
        found = _load(folder, _signature(folder))
    if isinstance(found, Study):
        return found
    raise BadInput(*found)


def _signature(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes when any file of the folder does; much cheaper than to hash all sound at each click."""
    inside = [os.path.join(top, name) for top, _, names in os.walk(folder) for name in names]
    return tuple(_stamp(path) for path in sorted({*inside, *_clips_of(folder)}))


def _stamp(path: str) -> tuple[str, int, int]:
    try:
        stat = os.stat(path)
    except OSError:  # gone, or an editor's lock that points to nothing
        return (path, 0, 0)
    return (path, stat.st_mtime_ns, stat.st_size)


def _clips_of(folder: Path) -> tuple[str, ...]:
    """The files that stimuli.csv names, wherever they lie."""
    table = folder / "stimuli.csv"
    return _named(table, _stamp(str(table)))


@lru_cache(maxsize=64)
def _named(table: Path, _: tuple[str, int, int]) -> tuple[str, ...]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            return tuple(str(table.parent / row["file"]) for row in csv.DictReader(file) if row.get("file"))
    except (OSError, UnicodeDecodeError, csv.Error):
        return ()  # what is wrong with the table is said when it is read in earnest


@lru_cache(maxsize=16)
def _load(folder: Path, _: tuple[tuple[str, int, int], ...]) -> Study | tuple[Problem, ...]:
    """The study, or all that is wrong with it; kept either way, since a broken study is asked for as often as a good one."""
    path, problems = folder / "study.yaml", list[Problem]()
    found = clips = None
    try:
        found, lines, wrong = settings.read(path)
        problems += wrong
        problems += study_checks.settings_of(found, lines, path)
        entries, wrong = settings.timeline(found, lines, path)
        problems += wrong
    except BadInput as bad:
        problems += bad.problems
    try:
        clips = ratings.read_table(folder / "stimuli.csv", ratings.STIMULI)
        clips, wrong = study_checks.clips_of(clips, folder / "stimuli.csv")
        problems += wrong
    except BadInput as bad:
        problems += bad.problems
    if found is None or clips is None:
        return _by_line(problems)
    problems += study_checks.together(found, clips, folder)
    text = path.read_text(encoding="utf-8")
    tables = study_checks.tables_of(entries, folder)
    study = Study(folder, _version(folder, found, clips, tables), found, entries, clips, text, tables)
    problems += study_checks.timeline_of(study, lines, path)
    if problems:
        return _by_line(problems)
    return study_checks.with_gains(study)


def _by_line(problems: list[Problem]) -> tuple[Problem, ...]:
    """Each problem once, file by file, from the first line to the last."""
    files = list(dict.fromkeys(p.file for p in problems))
    return tuple(sorted(dict.fromkeys(problems), key=lambda p: (files.index(p.file), p.line or 0)))


def restore(folder: Path, version: str, text: str, stimuli: pd.DataFrame, tables: Mapping[str, str] | None = None) -> Study:
    """A study as it was at a version that was checked then: from study.yaml's text, the table of clips, and the others."""
    data, lines = yaml_lines.parse(text, folder / "study.yaml")
    found = Settings.model_validate(data)
    entries, _ = settings.timeline(found, lines, folder / "study.yaml")
    return Study(folder, version, found, entries, stimuli, text, tables or {})


def _version(folder: Path, found: Settings, clips: pd.DataFrame, named: Iterable[str]) -> str:
    tables = {*folder.glob("*.csv"), *(folder / name for name in (found.training, *named) if name)}
    parts = [path.read_bytes() for path in [folder / "study.yaml", *sorted(tables)] if path.is_file()]
    return hashlib.sha256(b"\0".join([*parts, *(s.encode() for s in clips["sha256"])])).hexdigest()
