"""The most frequent emotion of the training part, whatever is heard: what any other method must beat.

Its posterior is the share of each emotion in training. Of equally frequent ones, the first in canonical order wins, as
``ratings.decide`` has it for every rater.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ser_core.methods._method import Method, Rated, emotions_of, posterior


@dataclass(frozen=True)
class Config:
    """Nothing to choose; the seed is kept because every method has one, and changes nothing."""

    seed: int = 0


@dataclass(frozen=True)
class Model:
    """The emotions of the training part and their shares."""

    labels: tuple[str, ...]
    shares: tuple[float, ...]


def fit(train: pd.DataFrame, dev: pd.DataFrame, config: Config) -> Model:
    """Count the emotions of the training part."""
    labels = emotions_of(train)
    counts = train["truth"].value_counts()
    return Model(labels, tuple(float(counts[label]) / len(train) for label in labels))


def predict(model: Model, stimuli: pd.DataFrame) -> Rated:
    """The same posterior for every clip."""
    return posterior(stimuli, model.labels, np.tile(model.shares, (len(stimuli), 1)))


METHOD = Method(title="Majority of the training part", config=Config, fit=fit, predict=predict)
