"""The loudest stretch of a clip, given the most frequent emotion of the training part: what any other model must beat.

It looks at no voice. Of all stretches that are ``share`` of the clip long, it takes the one with the most energy (of equal
ones the first); there its posteriors are the shares of the emotions among the training clips that are not neutral, elsewhere
it says neutral and is sure of it. Frames last 20 ms (the last one what is left).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import audio
from ser_core.diarization._marked import Frames, marked
from ser_core.diarization._segments import Segmentation, frame_edges
from ser_core.emotions import NEUTRAL, in_order
from ser_core.errors import BadInput
from ser_core.methods._method import Method, Rated, emotions_of

HOP_S = 0.02

_HOP = round(HOP_S * audio.RATE_HZ)


@dataclass(frozen=True)
class Config(Segmentation):
    """How long the stretch is, and how segments are made."""

    share: float = 0.5
    """Of the clip's length, in (0, 1]."""
    seed: int = 0
    """Kept because every method has one; nothing is drawn."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        super().__post_init__()
        if not 0 < self.share <= 1:
            raise BadInput(f"share must be more than 0 and at most 1, not {self.share}.")


@dataclass(frozen=True)
class Model:
    """What was counted: labels in canonical order, neutral among them, and the share of each (neutral: 0)."""

    config: Config
    labels: tuple[str, ...]
    shares: tuple[float, ...]


def fit(train: pd.DataFrame, dev: pd.DataFrame, config: Config) -> Model:
    """Count the emotions of the training part.

    Raises:
        BadInput: all of it is neutral.
    """
    emotional = train[train["truth"] != NEUTRAL]
    if emotional.empty:
        raise BadInput("all training clips are neutral; there is no emotion to mark.")
    labels = tuple(in_order({*emotions_of(emotional), NEUTRAL}))
    counts = emotional["truth"].value_counts()
    return Model(config, labels, tuple(float(counts.get(label, 0)) / len(emotional) for label in labels))


def predict(model: Model, stimuli: pd.DataFrame) -> Rated:
    """The loudest stretch of each clip.

    Raises:
        BadInput: clips that cannot be heard, all of them.
    """
    files, lengths_s = stimuli["file"].to_list(), stimuli["duration_s"].astype(float).to_list()

    def frames_of(row: int) -> Frames:
        sums = energy(files[row])
        posteriors = np.zeros((len(sums), len(model.labels)))
        posteriors[:, model.labels.index(NEUTRAL)] = 1
        posteriors[loudest(sums, model.config.share)] = model.shares
        return frame_edges(len(sums), lengths_s[row], hop_s=HOP_S), posteriors

    return marked(stimuli, frames_of, labels=model.labels, how=model.config)


def energy(path: str | Path) -> npt.NDArray[np.float64]:
    """Sum of squares of each 20 ms, [frame], in the memory of a block; at least one frame.

    Raises:
        BadInput: the clip cannot be heard.
    """
    sums, rest = [], np.empty(0)
    for block in audio.stream(path):
        samples = np.concatenate([rest, block.astype(np.float64)])
        whole = len(samples) // _HOP * _HOP
        sums.append((samples[:whole] ** 2).reshape(-1, _HOP).sum(axis=1))
        rest = samples[whole:]
    if len(rest):
        sums.append(np.array([(rest**2).sum()]))
    return np.concatenate(sums)


def loudest(sums: npt.NDArray[np.float64], share: float) -> slice:
    """The frames of the stretch.

    >>> loudest(np.array([0.0, 1.0, 3.0, 2.0, 0.0, 0.0]), 0.5)
    slice(1, 4, None)
    """
    count = max(round(share * len(sums)), 1)
    until = np.concatenate([[0.0], np.cumsum(sums)])
    begin = int(np.argmax(until[count:] - until[:-count]))
    return slice(begin, begin + count)


METHOD = Method(title="The loudest stretch (baseline)", config=Config, fit=fit, predict=predict, marks=True)
