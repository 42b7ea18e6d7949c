"""A linear head on a weighted sum of all layers of a frozen encoder: how good is the encoder, and which layers are heard?

The weights of the layers are a softmax and learn along with the head; features are averaged over time, and each number of
each layer is standardised by the training clips. ``probing_mixed`` has the formulas, and trains many as one program.

    TMLR submission 9566: Adam at 1e-3, weight decay 1e-4, 200 epochs of batches of 128, the last weights; with few clips of
    the target, 50 epochs of batches of 256 (preset ``few_shot``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from ser_core import probing_mixed
from ser_core.diverged import Diverged
from ser_core.encoders._find import find
from ser_core.errors import BadInput
from ser_core.methods._heard import heard
from ser_core.methods._learning import refused
from ser_core.methods._many import alone, astray, many, pool, told
from ser_core.methods._method import Ears, Lesson, Method, Rated, Told, emotions_of, posterior
from ser_core.probing import Probe, Vector
from ser_core.probing_mixed import PRESETS, Mixed, MixRecipe

ALL = "all"


@dataclass(frozen=True)
class Config:
    """What the head hears, and how it learns; what is left empty is the preset's."""

    seed: int = 0
    """Of the weights that it starts from, and of the order of clips."""
    preset: Literal["paper", "as_run", "few_shot"] = "paper"
    """TMLR submission 9566: within corpora, as its text and its code have it; or with few clips of the target."""
    encoder: str = "logmel"
    """Its name."""
    pooling: Literal["mean", "mean_std"] = "mean"
    """Means over a clip's frames; or means and deviations."""
    layers: str | int | tuple[int, ...] = ALL
    """Which are weighed: all, or numbers such as 0,6,-1 (negative: from the end)."""
    learning_rate: float | None = None
    weight_decay: float | None = None
    """Part of the gradient, as in torch's Adam; of the layers' weights, too."""
    batch: int | None = None
    """Clips of one step of the optimizer."""
    epochs: int | None = None
    """At most."""
    patience: int | None = None
    """Epochs without a lower dev loss after which it is over, unless the last weights are kept."""
    keep: Literal["last", "loss", "accuracy"] | None = None
    """Kept are the last weights, whatever dev clips say; of the lowest dev loss; or of the first highest dev accuracy."""

    def __post_init__(self) -> None:
        """Refuse an encoder or layers that there are not, and what cannot be learned with; all of it at once."""
        if not isinstance(self.layers, str):
            numbers = self.layers if isinstance(self.layers, tuple) else (self.layers,)
            object.__setattr__(self, "layers", ",".join(map(str, numbers)))
        if problems := refused(self._seeded, lambda: self.numbers, lambda: self.recipe):
            raise BadInput(*problems)

    def _seeded(self) -> None:
        if self.seed < 0:
            raise BadInput(f"seed must be 0 or more, not {self.seed}.")

    @property
    def numbers(self) -> tuple[int, ...]:
        """The layers that are weighed, from 0."""
        encoder, words = find(self.encoder), str(self.layers).replace(",", " ").split()
        if words == [ALL]:
            return tuple(range(encoder.layers))
        if not words or any(not word.removeprefix("-").isdecimal() for word in words):
            raise BadInput(f"layers must be {ALL}, or numbers such as 0,6,-1, not '{self.layers}'.")
        found = [encoder.layer(int(word)) for word in words]
        if twice := [number for n, number in enumerate(found) if number in found[:n]]:
            raise BadInput(f"layers are weighed once each; layer {twice[0]} stands twice in '{self.layers}'.")
        return tuple(sorted(found))

    @property
    def recipe(self) -> MixRecipe:
        """How it learns."""
        preset = PRESETS[self.preset]
        chosen = {field.name: getattr(self, field.name, None) for field in dataclasses.fields(preset)}
        return dataclasses.replace(preset, **{name: value for name, value in chosen.items() if value is not None})


@dataclass(frozen=True)
class Model:
    """The emotions, and the head that tells them apart."""

    config: Config
    labels: tuple[str, ...]
    mixed: Mixed


def fit(train: pd.DataFrame, dev: pd.DataFrame, config: Config) -> Model:
    """Train one head; without dev clips for all epochs.

    Raises:
        BadInput: only one emotion to learn, a dev clip of an emotion that is not learned, or clips that cannot be heard.
        Diverged: the loss is no number any more.
    """
    return alone(fit_many([Lesson(train, dev, config)]))


def fit_many(lessons: Sequence[Lesson]) -> list[Model | Diverged]:
    """Train the heads that share encoder, layers, recipe and emotions as one program; seeds and clips may differ.

    It is fastest where training parts of one length begin with the same clips, as those of one source with other shots do.

    Raises:
        BadInput: as ``fit``; of all lessons at once. A model that diverged stands among the others as what ``fit`` raises.
    """
    return many(lessons, _shared, _together)


def predict(model: Model, stimuli: pd.DataFrame) -> Rated:
    """The softmax of the head for every clip.

    Raises:
        BadInput: clips that cannot be heard.
    """
    return posterior(stimuli, model.labels, model.mixed.head.posterior(represented(model, stimuli)))


def represented(model: Model, stimuli: pd.DataFrame) -> Vector:
    """What the head hears of clips, the weighted sum of their layers: [clip, dim].

    Raises:
        BadInput: clips that cannot be heard.
    """
    return model.mixed.hears(_layers(model.config, stimuli))


def hears(config: Config) -> Ears:
    """Means of all layers, for that is how they are kept."""
    return Ears(config.encoder, config.pooling)


def tells(model: Model) -> Told:
    """How the head learned, and how much it hears each layer."""
    mix, numbers = model.mixed.head.mix, model.config.numbers
    assert mix is not None
    weights = " ".join(f"{number}:{weight:.3f}" for number, weight in zip(numbers, mix, strict=True))
    most = f"layer {numbers[int(mix.argmax())]} is heard most; weights of layers {weights}"
    note = most if len(numbers) > 1 else f"there is one layer alone ({numbers[0]}) and nothing to weigh"
    return told(model.mixed.head, model.config.recipe, others=len(mix), notes=(note,))


def _layers(config: Config, clips: pd.DataFrame) -> Iterator[Vector]:
    known = heard(hears(config), clips)
    return (known.layer(number) for number in config.numbers)


def _shared(lesson: Lesson) -> tuple[str, str, tuple[int, ...], MixRecipe, tuple[str, ...]]:
    """What heads of one program have in common."""
    config: Config = lesson.config
    return config.encoder, config.pooling, config.numbers, config.recipe, emotions_of(lesson.train)


def _together(lessons: Sequence[Lesson]) -> list[Model | Diverged]:
    """Heads that share what ``_shared`` says."""
    from ser_core.features import device_named

    config, labels = lessons[0].config, emotions_of(lessons[0].train)
    pooled = pool(lessons, labels)
    probes = [Probe(0, lesson.config.seed, *pooled.parts(lesson)) for lesson in lessons]
    layers = list(_layers(config, pooled.clips))
    found = probing_mixed.fit(layers, pooled.truth, probes, config.recipe, device=device_named("auto"))
    return [
        astray(mixed.head, config.recipe) or Model(lesson.config, labels, mixed)
        for lesson, mixed in zip(lessons, found, strict=True)
    ]


METHOD = Method(
    title="Linear probe on weighted layers",
    config=Config,
    fit=fit,
    predict=predict,
    hears=hears,
    fit_many=fit_many,
    tells=tells,
)
