"""A linear probe on log-mel statistics: the mean and spread of 64 bands over a clip. ``probe.py`` says how it is fitted."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd

from ser_core.methods import probe
from ser_core.methods._method import Ears, Method
from ser_core.methods.probe import Fitting, Model


def fit(train: pd.DataFrame, dev: pd.DataFrame, config: Fitting) -> Model:
    """Fit scale and layer to the training part.

    Raises:
        BadInput: as ``probe.fit``.
    """
    return probe.fit(train, dev, _as_probe(config))


def _as_probe(config: Fitting) -> probe.Config:
    return probe.Config(encoder="logmel", pooling="mean_std", **asdict(config))


def _hears(config: Fitting) -> Ears:
    return probe.hears(_as_probe(config))


METHOD = Method(title="Linear probe on log-mel statistics", config=Fitting, fit=fit, predict=probe.predict, hears=_hears)
