"""A linear softmax on each frame of any encoder, trained on the clips at hand: the simplest model that can learn where.

A training frame is what its middle lies in: between ``truth_start_s`` and ``truth_end_s`` the clip's emotion, outside
neutral. Of a clip that tells no interval every frame counts as its emotion: a weak label, for people show an emotion in a
part and pause in between, so that a head which learned from such clips alone marks too much.

Frames are standardised with mean and deviation of the training frames. The head is fitted by L-BFGS to the penalised
likelihood (one optimum, found from zero), classes weighted so that a rare one counts as much as a frequent one. It is fitted
on one thread, so that the sums, and with them all bits, do not depend on how many a machine has.

Where there are more than ``max_frames``, each clip gives an equal number of its own, drawn by seed and content; so memory
does not grow with the number of clips, and a clip's draw does not depend on the others beyond their number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.diarization._marked import Frames, marked
from ser_core.diarization._segments import Segmentation, Vector, frame_edges
from ser_core.emotions import NEUTRAL, in_order
from ser_core.encoders._find import find
from ser_core.errors import BadInput
from ser_core.features import Features
from ser_core.methods._heard import heard
from ser_core.methods._method import Ears, Method, Rated


@dataclass(frozen=True)
class Config(Segmentation):
    """Which frames it hears, how it learns, and how segments are made."""

    encoder: str = "logmel"
    """Its name. One that says the same at every frame of a clip (byol-s-512, layer 1) can tell no parts."""
    layer: int = -1
    """Whose frames; negative: from the end."""
    penalty: float = 1.0
    """Weight of the squared weights beside the summed log-likelihood; larger is smoother."""
    max_iterations: int = 2000
    """Steps of L-BFGS at most."""
    max_frames: int = 50_000
    """Training frames at most (but at least one of each clip). 50,000 of 1024 numbers take 400 MB, and as much in copies."""
    seed: int = 0
    """Of the draw of frames."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        super().__post_init__()
        find(self.encoder).layer(self.layer)
        if not self.penalty > 0:
            raise BadInput(f"penalty must be more than 0, not {self.penalty}.")
        for name, value in (("max_iterations", self.max_iterations), ("max_frames", self.max_frames)):
            if value < 1:
                raise BadInput(f"{name} must be at least 1, not {value}.")


@dataclass(frozen=True)
class Model:
    """What was learned: logits are (frame - mean) / scale @ weights + bias."""

    config: Config
    labels: tuple[str, ...]
    mean: Vector
    scale: Vector
    weights: Vector
    """[dim, label]"""
    bias: Vector


def fit(train: pd.DataFrame, dev: pd.DataFrame, config: Config) -> Model:
    """Fit scale and head to the training frames; ``dev`` is not needed, nothing is stopped early.

    Raises:
        BadInput: only one label to learn, or clips that cannot be heard.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    x, names = _training_frames(train, heard(_hears(config), train), config)
    labels = tuple(in_order(set(names)))
    if len(labels) < 2:
        raise BadInput(f"a frame head needs at least two labels to tell apart; the training frames are all {labels[0]}.")
    with threadpool_limits(limits=1):
        mean, spread = x.mean(axis=0), x.std(axis=0)
        scale = np.where(spread > 1e-8, spread, 1.0)  # a number that never changes says nothing, and must not divide by 0
        head = LogisticRegression(C=1 / config.penalty, max_iter=config.max_iterations, class_weight="balanced")
        x -= mean
        x /= scale
        head.fit(x, [labels.index(name) for name in names])
    weights, bias = head.coef_, head.intercept_
    if len(labels) == 2:  # of two labels sklearn keeps one row: the second's logit less the first's
        weights, bias = np.vstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return Model(config, labels, mean, scale, weights.T, bias)


def predict(model: Model, stimuli: pd.DataFrame) -> Rated:
    """The softmax of every frame, and the segments.

    Raises:
        BadInput: clips that cannot be heard, all of them.
    """
    found, lengths_s = heard(_hears(model.config), stimuli), stimuli["duration_s"].astype(float).to_list()

    def frames_of(row: int) -> Frames:
        logits = (found[row].astype(np.float64) - model.mean) / model.scale @ model.weights + model.bias
        likely = np.exp(logits - logits.max(axis=1, keepdims=True))
        return frame_edges(len(logits), lengths_s[row]), likely / likely.sum(axis=1, keepdims=True)

    return marked(stimuli, frames_of, labels=model.labels, how=model.config)


def frame_labels(clip: Mapping[Any, Any], edges_s: Vector) -> list[str]:
    """What each frame of a training clip is.

    >>> frame_labels({"truth": "sad", "truth_start_s": 0.4, "truth_end_s": 1.0}, np.array([0.0, 0.5, 1.0, 1.5]))
    ['neutral', 'sad', 'neutral']
    """
    start, end, truth = float(clip["truth_start_s"]), float(clip["truth_end_s"]), str(clip["truth"])
    if np.isnan(start):
        return [truth] * (len(edges_s) - 1)
    middles = (edges_s[1:] + edges_s[:-1]) / 2
    return [truth if start <= middle < end else NEUTRAL for middle in middles]


def _training_frames(train: pd.DataFrame, found: Features, config: Config) -> tuple[Vector, list[str]]:
    """[frame, dim] and the label of each."""
    most = max(config.max_frames // len(train), 1)
    taken: list[npt.NDArray[np.floating]] = []
    names: list[str] = []
    for row, clip in enumerate(train.to_dict("records")):
        values = found[row]
        labels = frame_labels(clip, frame_edges(len(values), float(clip["duration_s"])))
        which = np.arange(len(values))
        if len(values) > most:
            draw = np.random.default_rng([config.seed, int(str(clip["sha256"])[:15], 16)])
            which = np.sort(draw.choice(which, most, replace=False))
        taken.append(values[which])
        names += [labels[n] for n in which]
    return np.concatenate(taken).astype(np.float64), names


def _hears(config: Config) -> Ears:
    return Ears(config.encoder, "frames", config.layer)


METHOD = Method(title="Linear frame head", config=Config, fit=fit, predict=predict, hears=_hears, marks=True)
