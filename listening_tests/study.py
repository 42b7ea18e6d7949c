"""A study: a folder with ``study.yaml`` and ``stimuli.csv``, checked whole before anyone hears a clip.

``load`` either returns a study that can be trusted, or raises ``BadInput`` with everything that is wrong with it, each with
file and line.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from listening_tests import languages, yaml_lines
from listening_tests.trial import trial_types
from ser_core import audio, places, ratings
from ser_core.emotions import EMOTIONS
from ser_core.errors import BadInput, Problem, nearest
from ser_core.languages import base, is_tag

Texts = dict[str, str]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Consent(_Strict):
    """What a participant agrees to; a changed text needs a new version."""

    version: str
    text: Texts


class Group(_Strict):
    """Listeners that are compared as one group: those with this native language; the first that fits counts."""

    name: str
    native: str


class Settings(_Strict):
    """study.yaml, key by key."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    title: Texts
    languages: list[str] = Field(min_length=1)
    emotions: list[str] = Field(min_length=2)
    consent: Consent
    groups: list[Group] = []
    timeline: list[dict[str, Any]] = Field(min_length=1)
    training: str = ""
    synthetic: bool = False
    contact: str = ""


@dataclass(frozen=True, eq=False)
class Study:
    """A checked study. ``version`` is the SHA-256 of all that it consists of: edit anything, and it is another version."""

    folder: Path
    version: str
    settings: Settings
    stimuli: pd.DataFrame

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
        return tuple(sorted({tag for tag in self.stimuli["language"] if tag != base(tag)}))

    def group(self, native_languages: str) -> str:
        """The group of a listener with these native languages (tags with blanks between)."""
        own = {base(tag) for tag in native_languages.split()}
        fitting = (g.name for g in self.settings.groups if base(g.native) in own)
        return next(fitting, "other listeners")

    def path(self, stimulus: str) -> Path:
        """Where a clip lies."""
        row = self.stimuli.loc[self.stimuli["stimulus"] == stimulus].iloc[0]
        return self.folder / str(row["file"])


def find(study_id: str) -> Study | None:
    """The study with this id, or None.

    Raises:
        BadInput: there is one, and it is broken.
    """
    for folder in places.studies():
        path = folder / "study.yaml"
        if _id_of(path, path.stat().st_mtime_ns) == study_id:
            return load(folder)
    return None


@lru_cache(maxsize=256)  # asked at every click of every listener; a new time of the file is another question
def _id_of(path: Path, _: int) -> str | None:
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
    return _load(folder, _signature(folder))


def _signature(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes when any file of the folder does; much cheaper than to hash all sound at each click."""
    found = []
    for top, _, names in os.walk(folder):
        for name in names:
            stat = os.stat(os.path.join(top, name))
            found.append((os.path.join(top, name), stat.st_mtime_ns, stat.st_size))
    return tuple(sorted(found))


@lru_cache(maxsize=16)
def _load(folder: Path, _: tuple[tuple[str, int, int], ...]) -> Study:
    problems: list[Problem] = []
    settings = stimuli = None
    lines: dict[yaml_lines.Where, int] = {}
    try:
        settings, lines = _settings(folder / "study.yaml")
        problems += _check_settings(settings, lines, folder / "study.yaml")
    except BadInput as bad:
        problems += bad.problems
    try:
        stimuli = ratings.read_table(folder / "stimuli.csv", ratings.STIMULI)
        stimuli, wrong = _check_clips(stimuli, folder / "stimuli.csv")
        problems += wrong
    except BadInput as bad:
        problems += bad.problems
    if settings is not None and stimuli is not None:
        problems += _check_together(settings, stimuli, folder)
        problems += _check_timeline(settings, stimuli, lines, folder / "study.yaml")
    if problems or settings is None or stimuli is None:
        raise BadInput(*problems)
    return Study(folder, _version(folder, stimuli), settings, stimuli)


def _version(folder: Path, stimuli: pd.DataFrame) -> str:
    parts = [(folder / "study.yaml").read_bytes(), (folder / "stimuli.csv").read_bytes()]
    return hashlib.sha256(b"\0".join([*parts, *(s.encode() for s in stimuli["sha256"])])).hexdigest()


def _settings(path: Path) -> tuple[Settings, dict[yaml_lines.Where, int]]:
    data, lines = yaml_lines.read(path)
    if not isinstance(data, dict):
        raise BadInput(Problem("must be a list of 'key: value' lines, beginning with 'id:'", path))
    try:
        return Settings.model_validate(data), lines
    except ValidationError as error:
        raise BadInput(
            *(Problem(_sentence(e), path, yaml_lines.line_of(lines, e["loc"])) for e in error.errors())
        ) from error


def _sentence(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        known = {2: Consent, 3: Group}.get(len(error["loc"]), Settings).__annotations__
        return f"unknown key '{error['loc'][-1]}'. {nearest(str(error['loc'][-1]), known)}"
    if error["type"] == "missing":
        return f"'{place}' is missing"
    return f"'{place}': {error['msg'][0].lower()}{error['msg'][1:]}, not {error['input']!r}"


def _check_settings(settings: Settings, lines: dict[yaml_lines.Where, int], path: Path) -> list[Problem]:
    def at(what: str, *where: str | int) -> Problem:
        return Problem(what, path, yaml_lines.line_of(lines, where))

    known = languages.available()
    problems = [
        at(f"no interface language '{tag}'. {nearest(tag, known)}", "languages", i)
        for i, tag in enumerate(settings.languages)
        if tag not in known
    ]
    problems += [
        at(f"unknown emotion '{label}'. {nearest(label, EMOTIONS)}", "emotions", i)
        for i, label in enumerate(settings.emotions)
        if label not in EMOTIONS
    ]
    for name, texts in (("title", settings.title), ("consent", settings.consent.text)):
        missing = [tag for tag in settings.languages if not texts.get(tag, "").strip()]
        problems += [at(f"the {name} has no text for the interface language '{tag}'", name) for tag in missing]
    problems += [
        at(f"group '{g.name}': '{g.native}' is not a BCP 47 language tag like de or cmn", "groups", i)
        for i, g in enumerate(settings.groups)
        if not is_tag(g.native)
    ]
    return problems


def _check_clips(stimuli: pd.DataFrame, path: Path) -> tuple[pd.DataFrame, list[Problem]]:
    problems, facts = [], []
    if stimuli.empty:
        problems.append(Problem("holds no clip", path))
    for i, row in enumerate(stimuli.to_dict("records")):
        try:
            facts.append(_check_clip(path.parent, row))
        except BadInput as bad:
            facts.append((row["sha256"], row["duration_s"]))
            line = ratings.line_of(path, i)
            problems += [Problem(f"clip '{row['stimulus']}': {p.what}", path, line) for p in bad.problems]
    sums, durations = zip(*facts, strict=True) if facts else ((), ())
    part = stimuli["part"].replace("", "test") if "part" in stimuli else "test"
    return stimuli.assign(sha256=list(sums), duration_s=list(durations), part=part), problems


def _check_clip(folder: Path, row: Mapping[Any, Any]) -> tuple[str, float]:
    if not row["file"]:
        raise BadInput("'file' is empty; listeners need something to hear")
    file = folder / row["file"]
    try:
        facts = audio.inspect(file)
    except BadInput as bad:
        raise BadInput(*(f"{row['file']}: {p.what}" for p in bad.problems)) from bad
    found = audio.sha256(file)
    if row["sha256"] and row["sha256"] != found:
        raise BadInput(f"{row['file']} is not the file this table was made for: its SHA-256 is {found}")
    return found, facts.duration_s


def _check_together(settings: Settings, stimuli: pd.DataFrame, folder: Path) -> list[Problem]:
    path = folder / "stimuli.csv"
    problems = []
    for i, (label, clip) in enumerate(zip(stimuli["truth"], stimuli["stimulus"], strict=True)):
        if label and label not in settings.emotions:
            what = f"clip '{clip}' is '{label}', which study.yaml's emotions do not hold"
            problems.append(Problem(what, path, ratings.line_of(path, i)))
    if settings.training and not (folder / settings.training).is_file():
        problems.append(Problem(f"'training' names {settings.training}, which is missing", folder / "study.yaml"))
    return problems


def _check_timeline(
    settings: Settings, stimuli: pd.DataFrame, lines: dict[yaml_lines.Where, int], path: Path
) -> list[Problem]:
    problems = []
    parts = set(stimuli["part"])
    for i, entry in enumerate(settings.timeline):
        line = yaml_lines.line_of(lines, ("timeline", i))
        problems += [Problem(what, path, line) for what in _check_entry(entry, parts)]
    kinds = [entry.get("trial") for entry in settings.timeline]
    line = yaml_lines.line_of(lines, ("timeline",))
    if kinds[0] != "consent":
        problems.append(Problem("the timeline must begin with consent: nothing may be asked before", path, line))
    if kinds[-1] != "debrief":
        problems.append(Problem("the timeline must end with debrief, which gives the completion code", path, line))
    if not any(trial_types()[k].rates for k in kinds if k in trial_types()):
        problems.append(Problem("no trial of the timeline asks for a rating; add '- {trial: label}'", path, line))
    return problems


def _check_entry(entry: dict[str, Any], parts: set[str]) -> list[str]:
    kind = entry.get("trial")
    if kind not in trial_types():
        return [f"no trial type '{kind}'. {nearest(str(kind), trial_types())}"]
    known = {p.name: p for p in trial_types()[kind].parameters}
    problems = [
        f"{kind} has no parameter '{name}'. {nearest(name, [*known, 'trial'])}"
        for name in entry
        if name != "trial" and name not in known
    ]
    problems += [
        f"{kind}: '{name}' must be like {known[name].default!r}, not {value!r}"
        for name, value in entry.items()
        if name in known and type(value) is not type(known[name].default)
    ]
    if trial_types()[kind].hears and (part := entry.get("part", known["part"].default)) not in parts:
        problems.append(f"{kind}: stimuli.csv has no clip with part '{part}'. {nearest(str(part), parts)}")
    return problems
