"""A study: a folder with ``study.yaml`` and ``stimuli.csv``, checked whole before anyone hears a clip.

``load`` either returns a study that can be trusted, or raises ``BadInput`` with everything that is wrong with it, each with
file and line.
"""

from __future__ import annotations

import csv
import hashlib
import os
import threading
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
from ser_core.languages import base, is_dialect, is_tag, normal

Texts = dict[str, str]
_LOCKS: dict[Path, threading.Lock] = {}


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
        return tuple(sorted({tag for tag in self.stimuli["language"] if is_dialect(tag)}))

    def group(self, background: Mapping[str, str]) -> str:
        """The group of a listener who said this of their ``native_languages`` and ``dialects``; the first that fits.

        A group of a dialect takes those who grew up with it, a group of a language all its native speakers.
        """
        tags = f"{background.get('native_languages', '')} {background.get('dialects', '')}".split()
        own = {normal(tag) for tag in tags} | {base(tag) for tag in background.get("native_languages", "").split()}
        fitting = (
            g.name for g in self.settings.groups if (normal(g.native) if is_dialect(g.native) else base(g.native)) in own
        )
        return next(fitting, "other listeners")

    def path(self, stimulus: str) -> Path:
        """Where a clip lies."""
        row = self.stimuli.loc[self.stimuli["stimulus"] == stimulus].iloc[0]
        return self.folder / str(row["file"])


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
        return tuple(problems)
    return Study(folder, _version(folder, settings, stimuli), settings, stimuli)


def _version(folder: Path, settings: Settings, stimuli: pd.DataFrame) -> str:
    names = ["study.yaml", "stimuli.csv", *([settings.training] if settings.training else [])]
    parts = [(folder / name).read_bytes() for name in names]
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
    problems += [
        at(f"'{value}' stands twice", name)
        for name, values in (("emotions", settings.emotions), ("languages", settings.languages))
        for value in sorted({v for v in values if values.count(v) > 1})
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
    problems += _twice(path, [row["stimulus"] for row in stimuli.to_dict("records")], [digest for digest, _ in facts])
    sums, durations = zip(*facts, strict=True) if facts else ((), ())
    part = stimuli["part"].replace("", "test") if "part" in stimuli else "test"
    return stimuli.assign(sha256=list(sums), duration_s=list(durations), part=part), problems


def _twice(path: Path, clips: list[str], digests: list[str]) -> list[Problem]:
    """Clips of the same content: a listener would hear one of them twice and nobody would know."""
    first: dict[str, str] = {}
    problems = []
    for i, (clip, digest) in enumerate(zip(clips, digests, strict=True)):
        if digest and first.setdefault(digest, clip) != clip:
            what = f"clip '{clip}' has the same content as clip '{first[digest]}'; remove one of them"
            problems.append(Problem(what, path, ratings.line_of(path, i)))
    return problems


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
    elif settings.training:
        try:
            ratings.read_table(folder / settings.training, ratings.STIMULI)
        except BadInput as bad:
            problems += bad.problems
    return problems


def _check_timeline(
    settings: Settings, stimuli: pd.DataFrame, lines: dict[yaml_lines.Where, int], path: Path
) -> list[Problem]:
    problems = []
    parts = set(stimuli["part"])
    for i, entry in enumerate(settings.timeline):
        line = yaml_lines.line_of(lines, ("timeline", i))
        problems += [Problem(what, path, line) for what in _check_entry(entry, parts, settings)]
    for i, entry in enumerate(settings.timeline):
        line = yaml_lines.line_of(lines, ("timeline", i))
        problems += [Problem(what, path, line) for what in _check_place(entry, i, len(settings.timeline))]
        problems += [Problem(what, path, line) for what in _check_feedback(entry, stimuli)]
    kinds = [str(entry.get("trial")) for entry in settings.timeline]
    problems += [
        Problem(
            f"{kind} stands {kinds.count(kind)} times in the timeline; once is enough",
            path,
            yaml_lines.line_of(lines, ("timeline",)),
        )
        for kind in sorted(set(kinds))
        if kind in trial_types() and not trial_types()[kind].hears and kinds.count(kind) > 1
    ]
    line = yaml_lines.line_of(lines, ("timeline",))
    if kinds[0] != "consent":
        problems.append(Problem("the timeline must begin with consent: nothing may be asked before", path, line))
    if kinds[-1] != "debrief":
        problems.append(Problem("the timeline must end with debrief, which gives the completion code", path, line))
    if not any(trial_types()[k].rates for k in kinds if k in trial_types()):
        problems.append(Problem("no trial of the timeline asks for a rating; add '- {trial: label}'", path, line))
    return problems


def _check_place(entry: dict[str, Any], index: int, length: int) -> list[str]:
    places_of = {"consent": 0, "debrief": length - 1}
    kind = str(entry.get("trial"))
    return (
        [f"{kind} can only stand {'first' if kind == 'consent' else 'last'}"] if places_of.get(kind, index) != index else []
    )


def _check_feedback(entry: dict[str, Any], stimuli: pd.DataFrame) -> list[str]:
    kind = trial_types().get(str(entry.get("trial")))
    if kind is None or kind.feedback is None:
        return []
    part = entry.get("part", next(p.default for p in kind.parameters if p.name == "part"))
    unknown = stimuli.loc[(stimuli["part"] == part) & (stimuli["truth"] == ""), "stimulus"]
    return [f"{entry['trial']} tells what was meant, but clip '{clip}' has no 'truth' in stimuli.csv" for clip in unknown]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _check_entry(entry: dict[str, Any], parts: set[str], settings: Settings) -> list[str]:
    kind = str(entry.get("trial"))
    if kind not in trial_types():
        return [f"no trial type '{kind}'. {nearest(kind, trial_types())}"]
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
    problems += [
        f"{kind}: choice '{label}' is none of the study's emotions. {nearest(str(label), settings.emotions)}"
        for label in _listed(entry.get("choices"))
        if label not in settings.emotions
    ]
    choices = _listed(entry.get("choices"))
    if choices and len(choices) + (entry.get("cannot_say", True) is True) < 2:
        problems.append(f"{kind}: there is only one answer to choose; name more choices")
    if trial_types()[kind].hears and (part := str(entry.get("part", known["part"].default))) not in parts:
        problems.append(f"{kind}: stimuli.csv has no clip with part '{part}'. {nearest(str(part), parts)}")
    return problems
