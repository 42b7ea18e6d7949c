"""A small head on one layer of a frozen encoder, as in the papers' layer-wise experiments: ``probing`` says how it learns.

Unlike ``probe``, which is fitted to its one optimum, it is trained by epochs and stopped by the dev part; without one it
learns for all its epochs. Many of them (layers x folds x seeds) are trained as one program (``fit_many``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from ser_core import probing
from ser_core.diverged import Diverged
from ser_core.encoders._find import find
from ser_core.errors import BadInput
from ser_core.methods._heard import heard
from ser_core.methods._learning import Learning, refused
from ser_core.methods._many import alone, astray, many, pool, told
from ser_core.methods._method import Ears, Lesson, Method, Rated, Told, emotions_of, posterior
from ser_core.probing import PRESETS, Fitted, Probe, Recipe


@dataclass(frozen=True)
class Config(Learning):
    """What the head hears, and how it learns."""

    encoder: str = "logmel"
    """Its name."""
    layer: int = -1
    """Whose frames; negative: from the end."""
    pooling: Literal["mean", "mean_std"] = "mean"
    """Means over a clip's frames; or means and deviations."""

    def __post_init__(self) -> None:
        """Refuse an encoder or layer that there is not, and what cannot be learned with; all of it at once."""
        if problems := refused(super().__post_init__, lambda: find(self.encoder).layer(self.layer), lambda: self.recipe):
            raise BadInput(*problems)

    @property
    def recipe(self) -> Recipe:
        """How it learns."""
        return self.recipe_of(PRESETS)


@dataclass(frozen=True)
class Model:
    """The emotions, and the head that tells them apart."""

    config: Config
    labels: tuple[str, ...]
    head: Fitted


def fit(train: pd.DataFrame, dev: pd.DataFrame, config: Config) -> Model:
    """Train one head.

    Raises:
        BadInput: only one emotion to learn, a dev clip of an emotion that is not learned, or clips that cannot be heard.
        Diverged: the loss is no number any more.
    """
    return alone(fit_many([Lesson(train, dev, config)]))


def fit_many(lessons: Sequence[Lesson]) -> list[Model | Diverged]:
    """Train the heads that share encoder, pooling, recipe and emotions as one program; layers, seeds and clips may differ.

    Raises:
        BadInput: as ``fit``; of all lessons at once. A model that diverged stands among the others as what ``fit`` raises.
    """
    return many(lessons, _shared, _together)


def predict(model: Model, stimuli: pd.DataFrame) -> Rated:
    """The softmax of the head for every clip.

    Raises:
        BadInput: clips that cannot be heard.
    """
    vectors = heard(hears(model.config), stimuli).layer(model.config.layer)
    return posterior(stimuli, model.labels, model.head.posterior(vectors))


def hears(config: Config) -> Ears:
    """Means of all layers, for that is how they are kept; the layer is taken from them."""
    return Ears(config.encoder, config.pooling)


def tells(model: Model) -> Told:
    """How the head learned."""
    return told(model.head, model.config.recipe)


def _shared(lesson: Lesson) -> tuple[str, str, Recipe, tuple[str, ...]]:
    """What heads of one program have in common."""
    config: Config = lesson.config
    return config.encoder, config.pooling, config.recipe, emotions_of(lesson.train)


def _together(lessons: Sequence[Lesson]) -> list[Model | Diverged]:
    """Heads that share what ``_shared`` says."""
    from ser_core.features import device_named

    config, labels = lessons[0].config, emotions_of(lessons[0].train)
    pooled = pool(lessons, labels)
    number = [find(config.encoder).layer(lesson.config.layer) for lesson in lessons]
    layers = sorted(set(number))
    known = heard(hears(config), pooled.clips)
    probes = [
        Probe(layers.index(layer), lesson.config.seed, *pooled.parts(lesson))
        for layer, lesson in zip(number, lessons, strict=True)
    ]
    bank = np.stack([known.layer(layer) for layer in layers])
    heads = probing.fit(bank, pooled.truth, probes, config.recipe, device=device_named("auto"))
    return [
        astray(head, config.recipe) or Model(lesson.config, labels, head)
        for lesson, head in zip(lessons, heads, strict=True)
    ]


METHOD = Method(
    title="Layer probe, trained by epochs",
    config=Config,
    fit=fit,
    predict=predict,
    hears=hears,
    fit_many=fit_many,
    tells=tells,
)
