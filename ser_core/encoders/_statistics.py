"""A clip as one vector: mean and standard deviation over time of the last layer, computed once for each clip and process."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ser_core import audio
from ser_core.encoders._encoder import Encoder
from ser_core.encoders._find import find, hidden_states

Vector = npt.NDArray[np.float64]


def encoder_named(name: str) -> Encoder:
    """The encoder of that name."""
    return find(name)


@lru_cache(maxsize=1 << 16)
def statistics(encoder: str, file: str, sha256: str) -> Vector:
    """float64 [2 * dim]: means, then standard deviations (of all frames, not of a sample of them).

    ``sha256`` only tells two contents of one path apart.

    Raises:
        BadInput: the file cannot be heard (see ``audio.read``).
    """
    frames = hidden_states(encoder, audio.read(file))[-1].astype(np.float64)
    return np.concatenate([frames.mean(axis=0), frames.std(axis=0)])
