"""What a method file declares: how a model is fitted, and how it rates clips as a listener would.

Frames of clips that methods are given are stimuli tables (``ser_core.stimuli.load``: ``file`` is absolute) with ``sha256``
filled in, and, for training, ``truth`` too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.emotions import in_order


@dataclass(frozen=True)
class Method:
    """A way from clips to ratings.

    ``predict`` gives ``stimulus, label, weight``: for each clip one row per emotion of the training part, in canonical
    order, weights summing to 1.
    """

    title: str
    config: type
    """A frozen dataclass of hyper-parameters with defaults, ``seed`` among them; it refuses values that make no sense."""
    fit: Callable[[pd.DataFrame, pd.DataFrame, Any], Any]
    """``fit(train, dev, config) -> model``; ``dev`` may be empty."""
    predict: Callable[[Any, pd.DataFrame], pd.DataFrame]
    """``predict(model, stimuli) -> ratings``."""
    encoder: str = ""
    """Name of the encoder through which it hears; empty for one that does not listen."""
    pooling: str = "mean"
    """How it takes a clip's frames together (``features.POOLINGS``)."""


def emotions_of(train: pd.DataFrame) -> tuple[str, ...]:
    """The emotions of a training part, in canonical order."""
    return tuple(in_order(set(train["truth"])))


def posterior(stimuli: pd.DataFrame, labels: tuple[str, ...], weights: npt.ArrayLike) -> pd.DataFrame:
    """``stimulus, label, weight`` from weights of shape [stimulus, label].

    >>> posterior(pd.DataFrame({"stimulus": ["a"]}), ("angry", "sad"), [[0.25, 0.75]]).values.tolist()
    [['a', 'angry', 0.25], ['a', 'sad', 0.75]]
    """
    shape = (len(stimuli), len(labels))
    return pd.DataFrame(
        {
            "stimulus": np.repeat(stimuli["stimulus"].to_numpy(dtype="object"), shape[1]),
            "label": np.tile(np.array(labels, dtype="object"), shape[0]),
            "weight": np.asarray(weights, dtype=np.float64).reshape(shape).ravel(),
        }
    )
