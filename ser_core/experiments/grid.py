"""A grid of an experiment: from lists of values to the kinds of models that they make together.

A grid is a mapping from keys to values or lists of values, and stands for every combination of them; a list of grids
stands for all that each of them makes. Its keys are ``with.KEY`` (a setting of the method), ``method``, and two that
say for which of the experiment's a grid is: ``settings`` (mono, cross, ...) and ``encoders``. ``with.layer: all`` is every
layer of the encoder.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ser_core.errors import nearest
from ser_core.experiments.config import Experiment
from ser_core.yaml_lines import Where

WITH = "with."
ONLY = ("settings", "encoders")
"""Keys that say for which of the experiment's a grid is."""
ALL = "all"
"""Of ``with.layer``: each of them."""

Wrong = tuple[Where, str]
"""A place in the file, and what is wrong there."""


@dataclass(frozen=True)
class Point:
    """One kind of model: a method and what is set of it."""

    method: str
    chosen: Mapping[str, Any]
    settings: tuple[str, ...]
    encoders: tuple[str, ...]
    places: Mapping[str, Where]
    """Where in the file each thing that was set stands, ``method`` among them."""


def points(experiment: Experiment) -> tuple[list[Point], list[Wrong]]:
    """Every combination of every grid, in the order written, and what is wrong with the grids' own keys.

    >>> told = {"name": "x", "stimuli": ["a.csv"], "encoders": {"logmel": ""}, "method": "probe", "with": {"penalty": 2}}
    >>> found, wrong = points(Experiment.model_validate(told | {"grid": {"with.layer": [0, 1]}}))
    >>> [(point.method, point.chosen) for point in found]
    [('probe', {'penalty': 2, 'layer': 0}), ('probe', {'penalty': 2, 'layer': 1})]
    """
    single = isinstance(experiment.grid, dict)
    grids: list[dict[str, Any]] = [experiment.grid] if isinstance(experiment.grid, dict) else experiment.grid
    found: list[Point] = []
    wrong: list[Wrong] = []
    for number, grid in enumerate(grids or [{}]):
        where: Where = ("grid",) if single else ("grid", number)
        here = list(_wrong(experiment, grid, where))
        wrong += here
        found += [] if here else _points(experiment, grid, where)
    return found, wrong


def _wrong(experiment: Experiment, grid: dict[str, Any], where: Where) -> Iterator[Wrong]:
    for key, values in grid.items():
        place = (*where, key)
        if key not in ("method", *ONLY) and not key.startswith(WITH):
            own = [WITH + name for name in experiment.settings_of_method]
            yield place, f"unknown key '{key}' of a grid. {nearest(key, ['method', *ONLY, 'with.layer', *own])}"
        elif values in ([], None):
            yield place, f"'{key}' has no value to try"
        elif key in ONLY:
            there = list(getattr(experiment, key))
            for strange in (word for word in _list(values) if word not in there):
                yield place, f"'{strange}' is none of the experiment's {key}. {nearest(str(strange), there)}"
    if not experiment.method and "method" not in grid:
        yield where, "'method' is missing: name one for the experiment, or in each grid"


def _points(experiment: Experiment, grid: dict[str, Any], where: Where) -> Iterator[Point]:
    told = {WITH + key: value for key, value in experiment.settings_of_method.items()}
    axes = {key: [value] for key, value in told.items()} | {
        key: _list(values) for key, values in grid.items() if key not in ONLY
    }
    settings, encoders = (tuple(_list(grid.get(key, list(getattr(experiment, key))))) for key in ONLY)
    places: dict[str, Where] = {"method": ("method",), **{key: ("with", key.removeprefix(WITH)) for key in told}}
    places |= {key: (*where, key) for key in grid}
    for values in itertools.product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        method = str(chosen.pop("method", experiment.method))
        yield Point(
            method,
            {key.removeprefix(WITH): value for key, value in chosen.items()},
            settings,
            encoders,
            {key.removeprefix(WITH): place for key, place in places.items()},
        )


def _list(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]
