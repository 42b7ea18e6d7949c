"""A linear probe on log-mel statistics: the mean and spread of 64 bands over a clip, and one softmax layer on top.

The features are standardised with the mean and standard deviation of the training part alone. The layer is fitted by
L-BFGS to the penalised likelihood (one optimum, found from zero, so there is no luck in it), classes weighted so that a
rare emotion counts as much as a frequent one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.errors import BadInput
from ser_core.features import features
from ser_core.methods._method import Ears, Method, Rated, emotions_of, posterior

Vector = npt.NDArray[np.float64]

_EARS = Ears("logmel", "mean_std")


@dataclass(frozen=True)
class Config:
    """Hyper-parameters of the probe."""

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
class Model:
    """What was learned: the scale of each feature, and the layer."""

    labels: tuple[str, ...]
    mean: Vector
    scale: Vector
    probe: Any


def fit(train: pd.DataFrame, dev: pd.DataFrame, config: Config) -> Model:
    """Fit scale and layer to the training part; ``dev`` is not needed, nothing is stopped early.

    Raises:
        BadInput: only one emotion to learn, or a clip that cannot be heard.
    """
    from sklearn.linear_model import LogisticRegression

    labels = emotions_of(train)
    if len(labels) < 2:
        raise BadInput(f"a probe needs at least two emotions to tell apart; the training part holds only {labels[0]}.")
    features = _features(train)
    mean, spread = features.mean(axis=0), features.std(axis=0)
    scale = np.where(spread > 1e-8, spread, 1.0)  # a band that never changes says nothing, and must not divide by 0
    probe = LogisticRegression(C=1 / config.penalty, max_iter=config.max_iterations, class_weight="balanced")
    probe.fit((features - mean) / scale, [labels.index(truth) for truth in train["truth"]])
    return Model(labels, mean, scale, probe)


def predict(model: Model, stimuli: pd.DataFrame) -> Rated:
    """The softmax of the layer for every clip."""
    scaled = (_features(stimuli) - model.mean) / model.scale
    return posterior(stimuli, model.labels, model.probe.predict_proba(scaled))


def _features(clips: pd.DataFrame) -> Vector:
    heard = features(_EARS.encoder, clips, pooling=_EARS.pooling)
    if heard.left_out:
        raise BadInput(*heard.left_out)
    return heard.layer(-1).astype(np.float64)


def _hears(config: Config) -> Ears:
    return _EARS


METHOD = Method(title="Linear probe on log-mel statistics", config=Config, fit=fit, predict=predict, hears=_hears)
