"""study.yaml, key by key, and how it is read: every problem at once, each with its line and the nearest right word."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from listening_tests.trial import Texts, trial_types
from ser_core import yaml_lines
from ser_core.config_problems import problems_of
from ser_core.emotions import EMOTIONS
from ser_core.errors import BadInput, Problem, nearest

Order = Literal["fixed", "shuffled", "latin_square", "mixed"]
Runs = dict[str, Annotated[int, Field(ge=1)]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Consent(_Strict):
    """What a participant agrees to; a changed text needs a new version."""

    version: str
    text: Texts


class Group(_Strict):
    """Listeners that are compared as one group; the first that fits counts.

    ``native`` names their native language, or ``who`` says more of them (see ``screening.py``). ``quota`` is how many are
    wanted; 0 = any number.
    """

    name: str = Field(min_length=1)
    native: str = ""
    who: str = ""
    quota: int = Field(0, ge=0)

    @property
    def rule(self) -> str:
        """Who belongs to the group, as an expression."""
        return self.who or f"native({self.native})"


class Loudness(_Strict):
    """How loud clips are played: to this loudness (ITU-R BS.1770), with one gain per clip, per speaker or per corpus."""

    target_lufs: float = Field(-23.0, ge=-60, le=-5)
    per: Literal["clip", "speaker", "corpus"] = "clip"


class Recruitment(_Strict):
    """A service that sends participants: which parameter of the link holds its id for them, and where they are sent back.

    In the addresses, ``{id}`` stands for that id and ``{code}`` for our completion code.
    """

    id_parameter: str = Field("PROLIFIC_PID", pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    completion_url: str = Field("", pattern=r"^(https?://\S+)?$")
    ended_url: str = Field("", pattern=r"^(https?://\S+)?$")
    declined_url: str = Field("", pattern=r"^(https?://\S+)?$")

    @field_validator("id_parameter")
    @classmethod
    def _free(cls, name: str) -> str:
        if name in ("study", "token", "join", "preview"):
            raise ValueError(f"'{name}' stands in our own links; let the service use another name")
        return name


class Settings(_Strict):
    """study.yaml, key by key."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    title: Texts
    languages: list[str] = Field(min_length=1)
    emotions: list[str] = Field(min_length=2)
    consent: Consent
    groups: list[Group] = []
    only_groups: bool = False
    timeline: list[dict[str, Any]] = Field(min_length=1)
    loudness: Loudness | None = None
    training: str = ""
    synthetic: bool = False
    contact: str = ""
    responsible: str = ""
    retention_days: int = Field(0, ge=0)
    drop_out_h: float = Field(24, gt=0)
    resume_h: float = Field(0, ge=0)
    recruitment: Recruitment | None = None


@dataclass(frozen=True)
class Entry:
    """One entry of the timeline: a type of trial with its complete parameters, and where its trials are put.

    ``scattered``: at random places among the trials of its block. ``every``: after each so many trials of its block.
    ``only``: just for listeners who fit this expression.
    """

    trial: str
    where: yaml_lines.Where
    parameters: Mapping[str, Any]
    scattered: bool = False
    every: int = 0
    only: str = ""


@dataclass(frozen=True)
class Block:
    """Entries and blocks that belong together, and their order: as written, shuffled, by a Latin square over listeners, or
    all trials mixed. ``max_in_a_row`` limits how many trials in a row may share a value of a column of stimuli.csv."""

    block: str
    where: yaml_lines.Where
    timeline: tuple[Entry | Block, ...]
    order: Order = "fixed"
    max_in_a_row: Mapping[str, int] | None = None
    only: str = ""


class _Placement(_Strict):
    scattered: bool = False
    every: int = Field(0, ge=0)
    only: str = ""


class _BlockKeys(_Strict):
    block: str = Field(min_length=1)
    order: Order = "fixed"
    max_in_a_row: Runs = {}
    only: str = ""
    timeline: list[dict[str, Any]] = Field(min_length=1)


Lines = dict[yaml_lines.Where, int]
_Model = TypeVar("_Model", bound=BaseModel)


def read(path: Path) -> tuple[Settings, Lines, list[Problem]]:
    """study.yaml, the line of each of its places, and every key that is unknown, missing or of the wrong type.

    What is wrong is left out or has a neutral value in its place, so that all else can still be checked.

    Raises:
        BadInput: it cannot be read, or not be mended.
    """
    data, lines = yaml_lines.read(path)
    if not isinstance(data, dict):
        raise BadInput(Problem("must be a list of 'key: value' lines, beginning with 'id:'", path))
    problems: list[Problem] = []
    for _ in range(2):  # what was put in the place of the wrong is right
        try:
            return Settings.model_validate(data), lines, problems
        except ValidationError as error:
            problems += problems_of(error, Settings, (), lines, path)
            data = _mended(data, [e["loc"] for e in error.errors()])
    raise BadInput(*problems)


def _mended(data: dict[str, Any], wrong: list[tuple[str | int, ...]]) -> dict[str, Any]:
    languages = [tag for tag in _list(data.get("languages")) if isinstance(tag, str)] or ["en"]
    texts = dict.fromkeys(languages, "?")
    neutral: dict[str, Any] = {"id": "x", "title": texts, "languages": languages, "emotions": list(EMOTIONS), "timeline": []}
    neutral["timeline"] = [{"trial": kind} for kind in ("consent", "background", "label", "debrief")]
    neutral["consent"] = {"version": "?", "text": texts}
    mended = copy.deepcopy(data)
    for loc in wrong:
        top, *inner = loc
        if top == "timeline" and inner:
            mended["timeline"][inner[0]] = {}
        elif top == "emotions" and inner:
            mended["emotions"] = [label for label in data["emotions"] if isinstance(label, str)]
        elif top == "consent" and inner and inner[0] not in neutral["consent"]:
            del mended["consent"][inner[0]]
        elif top == "consent" and inner:
            mended["consent"][inner[0]] = neutral["consent"][inner[0]]
        elif top == "groups" and len(inner) == 2:
            mended["groups"][inner[0]].pop(inner[1], None)
            mended["groups"][inner[0]].setdefault("name", f"?{inner[0]}")
        elif top in neutral:
            mended[str(top)] = neutral[str(top)]
        else:
            mended.pop(str(top), None)
    return mended


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def timeline(settings: Settings, lines: Lines, path: Path) -> tuple[tuple[Entry | Block, ...], list[Problem]]:
    """The timeline as entries and blocks with complete parameters, and what is wrong with it."""
    problems: list[Problem] = []
    return _entries(settings.timeline, ("timeline",), lines, path, problems), problems


def leaves(entries: Sequence[Entry | Block]) -> Iterator[Entry]:
    """Every entry of a timeline, in the order written."""
    for entry in entries:
        if isinstance(entry, Block):
            yield from leaves(entry.timeline)
        else:
            yield entry


def blocks(entries: Sequence[Entry | Block]) -> Iterator[Block]:
    """Every block of a timeline, outer before inner."""
    for entry in entries:
        if isinstance(entry, Block):
            yield entry
            yield from blocks(entry.timeline)


def _entries(
    data: list[Any], where: yaml_lines.Where, lines: Lines, path: Path, problems: list[Problem]
) -> tuple[Entry | Block, ...]:
    found = (_entry(item, (*where, i), lines, path, problems) for i, item in enumerate(data))
    return tuple(entry for entry in found if entry is not None)


def _entry(
    data: dict[str, Any], where: yaml_lines.Where, lines: Lines, path: Path, problems: list[Problem]
) -> Entry | Block | None:
    if not data:  # something else stood here, which was said already
        return None

    def valid(model: type[_Model], given: dict[str, Any], of: str, **neutral: Any) -> _Model | None:
        """The model; where something is wrong, it is told and left out, so that the rest can still be checked."""
        try:
            return model.model_validate(given)
        except ValidationError as error:
            problems.extend(problems_of(error, model, where, lines, path, of=of, also=("trial", *_Placement.model_fields)))
            wrong = {e["loc"][0] for e in error.errors() if e["loc"]}
        try:
            return model.model_validate({**neutral, **_without(given, wrong)})
        except ValidationError:
            return None

    if "block" in data:
        keys = valid(_BlockKeys, data, str(data["block"]), block="?", timeline=[{}])
        if keys is None:
            return None
        inner = _entries(keys.timeline, (*where, "timeline"), lines, path, problems)
        return Block(keys.block, where, inner, keys.order, dict(keys.max_in_a_row), keys.only)
    kind = data.get("trial")
    if not isinstance(kind, str) or kind not in trial_types():
        problems.append(Problem(_no_trial(data), path, yaml_lines.line_of(lines, where)))
        return None
    placement = valid(_Placement, {k: v for k, v in data.items() if k in _Placement.model_fields}, kind)
    parameters = valid(trial_types()[kind].parameters, _without(data, {"trial", *_Placement.model_fields}), kind)
    if placement is None or parameters is None:
        return None
    complete = parameters.model_dump(mode="json")
    return Entry(kind, where, complete, placement.scattered, placement.every, placement.only)


def _without(data: dict[str, Any], keys: Iterable[Any]) -> dict[str, Any]:
    """The data without some keys; of a block's timeline, the entries that are entries."""
    left = set(keys)
    kept = {key: value for key, value in data.items() if key not in left}
    if "timeline" in left and isinstance(data.get("timeline"), list) and data["timeline"]:
        kept["timeline"] = [item if isinstance(item, dict) else {} for item in data["timeline"]]
    return kept


def _no_trial(data: dict[str, Any]) -> str:
    if "trial" in data:
        return f"no trial type '{data['trial']}'. {nearest(str(data['trial']), trial_types())}"
    for key in data:
        if (guess := nearest(str(key), ("trial", "block"))).startswith("Did"):
            return f"unknown key '{key}'. {guess}"
    return "needs 'trial:' or 'block:'"
