"""study.yaml, key by key, and how it is read: every problem at once, each with its line and the nearest right word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from listening_tests import yaml_lines
from listening_tests.trial import Texts, trial_types
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


def read(path: Path) -> tuple[Settings, Lines]:
    """study.yaml and the line of each of its places.

    Raises:
        BadInput: with every key that is unknown, missing or of the wrong type.
    """
    data, lines = yaml_lines.read(path)
    if not isinstance(data, dict):
        raise BadInput(Problem("must be a list of 'key: value' lines, beginning with 'id:'", path))
    try:
        return Settings.model_validate(data), lines
    except ValidationError as error:
        raise BadInput(*problems_of(error, Settings, (), lines, path)) from error


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
    try:
        if "block" in data:
            keys = _BlockKeys.model_validate(data)
            inner = _entries(keys.timeline, (*where, "timeline"), lines, path, problems)
            return Block(keys.block, where, inner, keys.order, dict(keys.max_in_a_row), keys.only)
        kind = data.get("trial")
        if kind not in trial_types():
            what = f"no trial type '{kind}'. {nearest(str(kind), trial_types())}" if kind else "needs 'trial:' or 'block:'"
            problems.append(Problem(what, path, yaml_lines.line_of(lines, where)))
            return None
        placement = _Placement.model_validate({k: v for k, v in data.items() if k in _Placement.model_fields})
        rest = {k: v for k, v in data.items() if k != "trial" and k not in _Placement.model_fields}
        parameters = trial_types()[kind].parameters.model_validate(rest).model_dump(mode="json")
        return Entry(kind, where, parameters, placement.scattered, placement.every, placement.only)
    except ValidationError as error:
        model = _BlockKeys if "block" in data else trial_types()[data["trial"]].parameters
        problems += problems_of(error, model, where, lines, path, of=str(data.get("block") or data.get("trial")))
        return None


def problems_of(
    error: ValidationError,
    model: type[BaseModel],
    where: yaml_lines.Where,
    lines: Lines,
    path: Path,
    *,
    of: str = "",
) -> list[Problem]:
    """What pydantic found, as sentences with lines; an unknown key is told the nearest known one of its place."""
    return [Problem(_sentence(e, model, of), path, yaml_lines.line_of(lines, (*where, *e["loc"]))) for e in error.errors()]


def _sentence(error: Any, model: type[BaseModel], of: str) -> str:
    place = ".".join(str(part) for part in error["loc"])
    begin = f"{of}: " if of else ""
    if error["type"] == "extra_forbidden":
        *outer, key = error["loc"]
        known = [*_keys(model, outer), *(["trial", *_Placement.model_fields] if of and not outer else [])]
        return f"{begin}unknown key '{key}'. {nearest(str(key), known)}"
    if error["type"] == "missing":
        return f"{begin}'{place}' is missing"
    if error["type"] == "literal_error":
        choices = [part.strip("'") for part in error["ctx"]["expected"].replace(" or ", ", ").split(", ")]
        return f"{begin}'{place}': {error['input']!r} is not possible. {nearest(str(error['input']), choices)}"
    return f"{begin}'{place}': {error['msg'][0].lower()}{error['msg'][1:]}, not {error['input']!r}"


def _keys(model: type[BaseModel], outer: Sequence[str | int]) -> list[str]:
    """The keys that may stand at a place, followed through nested models, lists and optional ones."""
    for step in outer:
        if isinstance(step, str) and step in model.model_fields:
            model = next(_models(model.model_fields[step].annotation), model)
    return list(model.model_fields)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
