"""An experiment's file, key by key, and how it is read: every problem with its line and the nearest right word.

A *preset* decides at once where a paper's text and its authors' code differ, or where it is silent; what the file says by
name counts more. Han et al. 2025: the code stopped cross-lingual models by clips of the target, spoken by the voices of the
test; what it did otherwise in training is the preset of the same name of the methods (``layer_probe``, ``tuned``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ser_core import languages, yaml_lines
from ser_core.config_problems import problems_of
from ser_core.errors import BadInput, Problem
from ser_core.shots import FEW, Shots
from ser_core.splits import FOUR, Scheme
from ser_core.yaml_lines import Where

Setting = Literal["mono", "cross", "trans", "two_stage", "transfer", "multi_source"]
Preset = Literal["paper", "as_run"]
_USUAL, _SHOTS = Scheme(), Shots()


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Splits(_Strict):
    """How corpora are cut into folds; see ``splits.Scheme``, which also refuses what cannot be."""

    folds: int | Literal["speakers"] = _USUAL.folds
    train: int = _USUAL.train
    dev: int = _USUAL.dev
    test: int = _USUAL.test
    by: Literal["speaker", "utterance", "where_needed", "given"] = _USUAL.by
    dev_speakers: Literal["own", "test"] = _USUAL.dev_speakers
    balance: bool = _USUAL.balance
    seed: Annotated[int, Field(ge=0)] = _USUAL.seed


class FewShots(_Strict):
    """Labelled clips of the target; see ``shots.Shots``, which also refuses what cannot be."""

    counts: list[int | Literal["all"]] = list(_SHOTS.counts)
    of: Literal["total", "emotion"] = _SHOTS.of
    voices: Literal["other", "tested"] = _SHOTS.voices
    too_few: Literal["refuse", "cap"] = _SHOTS.too_few
    trials: int = _SHOTS.trials


class Experiment(_Strict):
    """The file, key by key."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Of the folder below ``data/runs`` that is written."""
    stimuli: list[str] = Field(min_length=1)
    """Tables of clips, told from the folder of the file."""
    encoders: dict[str, str] = Field(min_length=1)
    """The language (BCP 47) that each was pretrained on; empty: not told."""
    emotions: list[str] = list(FOUR)
    settings: list[Setting] = Field(["mono"], min_length=1)
    dev_from: Literal["source", "target"] = "source"
    """Whose clips stop a model that is tested in another corpus."""
    sources: list[str] = []
    """Corpora to learn in; none: all."""
    targets: list[str] = []
    """Corpora to be tested in; none: all."""
    splits: Splits = Splits()
    shots: FewShots = FewShots()
    """Labelled clips of the target, in the settings transfer and multi_source."""
    method: str = ""
    """A file of ``ser_core/methods``; may stand in the grid instead."""
    settings_of_method: dict[str, Any] = Field({}, alias="with")
    """What of the method is not left as it is by itself."""
    grid: dict[str, Any] | list[dict[str, Any]] = {}
    """See ``grid.py``."""
    seeds: list[int] = Field([0], min_length=1)
    preset: Preset = "paper"
    listened: str = ""
    """A table of the very clips that listeners heard, told from the folder of the file."""
    noisy: list[str] = []
    """Tables of copies with noise (``python -m ser_core noise``), told from the folder of the file."""
    noise_in: Literal["test", "both"] = "test"
    """Where clips are noisy: in the test only, or in training and dev, too."""
    projections: list[Literal["pca", "tsne"]] = ["pca"]
    """How clips are laid out before and after chosen models, of methods that tell where they lay them; none: not at all."""

    @field_validator("encoders")
    @classmethod
    def _tags(cls, encoders: dict[str, str]) -> dict[str, str]:
        for name, tag in encoders.items():
            if tag and not languages.is_tag(tag):
                raise ValueError(f"'{tag}' of {name} is not a BCP 47 language tag like de or cmn")
        return encoders

    @field_validator("grid", mode="before")
    @classmethod
    def _grids(cls, grid: Any) -> Any:
        if not all(isinstance(each, dict) for each in (grid if isinstance(grid, list) else [grid])):
            raise ValueError("must hold lines of 'key: values', or be a list of such")
        return grid

    @field_validator("seeds", "settings", "stimuli", "emotions", "sources", "targets", "noisy", "projections")
    @classmethod
    def _each_once(cls, values: list[Any]) -> list[Any]:
        if twice := [value for n, value in enumerate(values) if value in values[:n]]:
            raise ValueError(f"{twice[0]!r} stands twice")
        return values

    @field_validator("seeds")
    @classmethod
    def _from_zero(cls, seeds: list[int]) -> list[int]:
        if below := [seed for seed in seeds if seed < 0]:
            raise ValueError(f"a seed must be 0 or more, not {below[0]}")
        return seeds


DISPUTED: dict[str, dict[str, Any]] = {"paper": {}, "as_run": {"dev_from": "target", "splits": {"dev_speakers": "test"}}}
"""What each preset says of an experiment, where its file says nothing."""


Lines = dict[Where, int]
_NESTED = ("splits", "shots")
_NEUTRAL = {"name": "x", "settings": ["mono"]}


def read(path: Path) -> tuple[Experiment, Lines, list[Problem]]:
    """An experiment's file with its preset's choices, the line of each place in it, and what is wrong with its keys.

    What is wrong is left out, so that all else can still be checked.

    Raises:
        BadInput: it cannot be read, or not be mended.
    """
    data, lines = yaml_lines.read(path)
    if not isinstance(data, dict):
        raise BadInput(Problem("must be a list of 'key: value' lines, beginning with 'name:'", path))
    data = {key: _told(key, value) for key, value in data.items()}
    problems: list[Problem] = []
    for _ in range(2):
        try:
            return _with_preset(Experiment.model_validate(data)), lines, problems
        except ValidationError as error:
            problems = problems or list(dict.fromkeys(problems_of(error, Experiment, (), lines, path)))
            data = _mended(data, [e["loc"] for e in error.errors()])
    raise BadInput(*problems)


def _mended(data: dict[str, Any], wrong: list[tuple[int | str, ...]]) -> dict[str, Any]:
    mended = {**data, **{key: dict(data[key]) for key in _NESTED if isinstance(data.get(key), dict)}}
    for top, *inner in wrong:
        if top in _NESTED and inner:
            mended[str(top)].pop(inner[0], None)
        elif top in _NEUTRAL:
            mended[str(top)] = _NEUTRAL[str(top)]
        else:
            mended.pop(str(top), None)
    return mended


def _with_preset(found: Experiment) -> Experiment:
    chosen = DISPUTED[found.preset]
    cut = found.splits.model_copy(update=_untold(found.splits, chosen.get("splits", {})))
    return found.model_copy(update={**_untold(found, chosen), "splits": cut})


def _told(key: str, value: Any) -> Any:
    """An encoder of which no language is told may stand with nothing behind its name."""
    if key == "encoders" and isinstance(value, dict):
        return {name: "" if tag is None else tag for name, tag in value.items()}
    return value


def _untold(of: BaseModel, chosen: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in chosen.items() if key not in of.model_fields_set and key != "splits"}


def shots(experiment: Experiment) -> Shots:
    """What its models may learn of the target.

    Raises:
        BadInput: as ``Shots``, or there are shots and no setting that has any.
    """
    told = experiment.shots
    if told.model_fields_set and not set(FEW) & set(experiment.settings):
        raise BadInput(f"shots are for the settings {' and '.join(FEW)}, of which the experiment has none.")
    return Shots(**{**told.model_dump(), "counts": tuple(told.counts)}, seed=experiment.splits.seed)


def scheme(experiment: Experiment) -> Scheme:
    """How its corpora are cut.

    Raises:
        BadInput: as ``Scheme``, or folds are asked for where parts are given.
    """
    cut = experiment.splits
    if cut.by == "given" and "folds" in cut.model_fields_set:
        raise BadInput(f"folds: {cut.folds} says nothing where parts are given, which make one fold; leave it out.")
    return Scheme(**experiment.splits.model_dump(), emotions=tuple(experiment.emotions))
