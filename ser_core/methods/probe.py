"""A linear probe on any encoder: what it makes of a clip at one layer, pooled over frames, and one softmax layer on top.

The features are standardised with the mean and standard deviation of the training part alone. The layer is fitted by
L-BFGS to the penalised likelihood (one optimum, found from zero, so there is no luck in it), classes weighted so that a
rare emotion counts as much as a frequent one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.encoders._find import find
from ser_core.errors import BadInput
from ser_core.methods._heard import heard
from ser_core.methods._method import Ears, Method, Rated, emotions_of, posterior

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fitting:
    """How the softmax layer is fitted, whatever it hears."""

    seed: int = 0
    """Kept because every method has one; the optimum is the same for all seeds."""
    penalty: float = 1.0
    """Weight of the squared weights beside the summed log-likelihood; larger is smoother."""
    max_iterations: int = 1000
    """Steps of L-BFGS at most."""

    def __post_init__(self) -> None:
        """Refuse what cannot be fitted."""
        if not self.penalty > 0:
            raise BadInput(f"penalty must be more than 0, not {self.penalty}.")
        if self.max_iterations < 1:
            raise BadInput(f"max_iterations must be at least 1, not {self.max_iterations}.")


@dataclass(frozen=True)
class Config(Fitting):
    """What the probe hears, and how it is fitted."""

    encoder: str = "logmel"
    """Its name."""
    layer: int = -1
    """Whose frames; negative: from the end."""
    pooling: Literal["mean", "mean_std"] = "mean_std"
    """Means over a clip's frames; or means and deviations."""

    def __post_init__(self) -> None:
        """Refuse what cannot be fitted, and an encoder or layer that there is not."""
        super().__post_init__()
        find(self.encoder).layer(self.layer)


@dataclass(frozen=True)
class Model:
    """What was learned: the scale of each feature, and the layer."""

    config: Config
    labels: tuple[str, ...]
    mean: Vector
    scale: Vector
    probe: Any


def fit(train: pd.DataFrame, dev: pd.DataFrame, config: Config) -> Model:
    """Fit scale and layer to the training part; ``dev`` is not needed, nothing is stopped early.

    Raises:
        BadInput: only one emotion to learn, or clips that cannot be heard.
    """
    from sklearn.linear_model import LogisticRegression

    labels = emotions_of(train)
    if len(labels) < 2:
        raise BadInput(f"a probe needs at least two emotions to tell apart; the training part holds only {labels[0]}.")
    vectors = _vectors(config, train)
    mean, spread = vectors.mean(axis=0), vectors.std(axis=0)
    scale = np.where(spread > 1e-8, spread, 1.0)  # a number that never changes says nothing, and must not divide by 0
    probe = LogisticRegression(C=1 / config.penalty, max_iter=config.max_iterations, class_weight="balanced")
    probe.fit((vectors - mean) / scale, [labels.index(truth) for truth in train["truth"]])
    return Model(config, labels, mean, scale, probe)


def predict(model: Model, stimuli: pd.DataFrame) -> Rated:
    """The softmax of the layer for every clip.

    Raises:
        BadInput: clips that cannot be heard.
    """
    scaled = (_vectors(model.config, stimuli) - model.mean) / model.scale
    return posterior(stimuli, model.labels, model.probe.predict_proba(scaled))


def hears(config: Config) -> Ears:
    """Means of all layers, for that is how they are kept; the layer is taken from them."""
    return Ears(config.encoder, config.pooling)


def _vectors(config: Config, clips: pd.DataFrame) -> Vector:
    return heard(hears(config), clips).layer(config.layer).astype(np.float64)


METHOD = Method(title="Linear probe on any encoder", config=Config, fit=fit, predict=predict, hears=hears)
