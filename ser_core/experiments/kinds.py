"""The kinds of models of an experiment: each encoder with each point of the grid, its method's config checked."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ser_core.encoders._find import find
from ser_core.errors import BadInput
from ser_core.experiments.config import Experiment
from ser_core.experiments.grid import ALL, Point, points
from ser_core.methods._find import find_method
from ser_core.methods._method import Ears, Method, configured, settable
from ser_core.run_plan import revision_here
from ser_core.yaml_lines import Where

Say = Callable[..., None]
"""``say(place, *what is wrong there)``"""
ELSEWHERE = {"encoder": "encoders", "seed": "seeds"}
"""Settings of methods that an experiment has keys of its own for."""


@dataclass(frozen=True)
class Kind:
    """One kind of model; those of one kind differ in seed and in what they learn from."""

    encoder: str
    method: str
    config: Any
    """With the first seed."""
    settings: tuple[str, ...]
    """Which of mono, cross, ... it is for."""
    places: Mapping[str, Where] = field(default_factory=dict, compare=False)
    """Where in the file its method stands, and each setting that was chosen."""

    def place(self, what: str) -> Where:
        """Where in the file stands what a sentence is about: the setting that it names, else the method."""
        named = (key for key in self.places if re.search(rf"\b{re.escape(key)}\b", what))
        return self.places[next(named, "method")]

    @cached_property
    def layer(self) -> int | None:
        """The layer that it hears, from 0; None if its method has none to choose."""
        layer = getattr(self.config, "layer", None)
        return None if layer is None else find(self.encoder).layer(layer)

    @cached_property
    def words(self) -> str:
        """What differs from the method's defaults, but for encoder and layer."""
        usual = settable(find_method(self.method))
        chosen = {key: getattr(self.config, key) for key in usual if key not in ("encoder", "layer")}
        return " ".join(f"{key}={_written(value)}" for key, value in chosen.items() if value != usual[key])

    @cached_property
    def name(self) -> str:
        """All that tells it from others."""
        layer = "" if self.layer is None else f"layer={self.layer}"
        return " ".join(filter(None, (self.encoder, self.method, layer, self.words)))

    @property
    def ears(self) -> Ears | None:
        """What it asks of its encoder."""
        return find_method(self.method).hears(self.config)

    def seeded(self, seed: int) -> Any:
        """Its config with another seed."""
        return dataclasses.replace(self.config, seed=seed)


def _written(value: object) -> str:
    """A value without blanks.

    >>> _written((128, 16)), _written(0.5), _written("lora adapter")
    ('128,16', '0.5', 'lora+adapter')
    """
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else "+".join(str(value).split())


def kinds(experiment: Experiment, say: Say) -> tuple[list[Kind], dict[str, str]]:
    """Every kind, encoder by encoder, and each encoder's revision; what is wrong is said."""
    found, wrong = points(experiment)
    for place, what in wrong:
        say(place, what)
    fitting = [(point, method) for point in found if (method := _method(point, say))]
    made: list[tuple[Kind, Point]] = []
    revisions: dict[str, str] = {}
    for encoder in experiment.encoders:
        try:
            revisions[encoder] = revision_here(encoder)
        except BadInput as bad:
            say(("encoders", encoder), *(p.what for p in bad.problems))
            continue
        own = [(point, method) for point, method in fitting if encoder in point.encoders]
        made += [(kind, point) for point, method in own for kind in _of(experiment, encoder, point, method, say)]
    _twice(made, say)
    return [kind for kind, _ in made], revisions


def _method(point: Point, say: Say) -> Method | None:
    """The method of a point, if it can be learned, chosen an encoder for, and gone on with where that is asked."""
    place = point.places["method"]
    try:
        method = find_method(point.method)
    except BadInput as bad:
        say(place, *(p.what for p in bad.problems))
        return None
    if method.marks or not method.learns:
        how = "marks parts of clips" if method.marks else "comes trained"
        say(place, f"'{point.method}' {how}; an experiment trains models that rate whole clips")
    elif "encoder" not in settable(method):
        say(place, f"'{point.method}' has no encoder to choose; an experiment compares models on encoders, such as 'probe'")
    elif "two_stage" in point.settings and method.further is None:
        what = f"two_stage goes on from a fitted model, which '{point.method}' cannot; leave it out, or take 'tuned'"
        say(point.places.get("settings", ("settings",)), what)
    else:
        return method
    return None


def _of(experiment: Experiment, encoder: str, point: Point, method: Method, say: Say) -> Iterator[Kind]:
    """The kinds of a point with an encoder: several where it stands for all layers."""
    for key, there in ELSEWHERE.items():
        if key in point.chosen:
            say(_place(point, key), f"'{key}' is no setting here; it stands under '{there}:' of the experiment")
            return
    chosen = dict(point.chosen)
    if "preset" in settable(method):
        chosen.setdefault("preset", experiment.preset)
    every = chosen.get("layer") == ALL and "layer" in settable(method)
    for layer in range(find(encoder).layers) if every else [chosen.get("layer")]:
        if every:
            chosen["layer"] = layer
        try:
            config = configured(method, {**chosen, "encoder": encoder}, seed=experiment.seeds[0])
            places = {key: point.places[key] for key in (*point.chosen, "method") if key in point.places}
            kind = Kind(encoder, point.method, config, point.settings, places)
            assert kind.ears is None or kind.layer is None or kind.layer >= 0  # or they say which layer there is not
            yield kind
        except BadInput as bad:
            for problem in bad.problems:
                say(_place(point, *_named(problem.what, point.chosen)), f"{encoder}: {problem.what}")


def _named(what: str, chosen: Mapping[str, Any]) -> list[str]:
    """The settings that a sentence names."""
    return [key for key in chosen if re.search(rf"\b{re.escape(key)}\b", what)]


def _place(point: Point, *keys: str) -> Where:
    return point.places[keys[0]] if keys else point.places["method"]


def _twice(made: list[tuple[Kind, Point]], say: Say) -> None:
    known: dict[tuple[str, str], None] = {}
    for kind, point in made:
        for setting in kind.settings:
            if (kind.name, setting) in known:
                place = next((place for place in point.places.values() if place[0] == "grid"), ("method",))
                say(place, f"{kind.name} ({setting}) stands twice in the grid")
                break
            known[kind.name, setting] = None
