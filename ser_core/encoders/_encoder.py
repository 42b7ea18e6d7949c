"""What an encoder file declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

HiddenStates = npt.NDArray[np.float32]
"""[layer, frame, dim]."""


@dataclass(frozen=True)
class Encoder:
    """A frozen function from sound to frames, with enough said about it that a result can be traced to it."""

    title: str
    licence: str
    revision: str
    """Changes whenever the same clip would give other numbers."""
    layers: int
    dim: int
    hidden_states: Callable[[npt.NDArray[np.float32]], HiddenStates]
    """float32 mono [samples] at 16 kHz -> [layer, frame, dim]; the same clip always gives the same numbers."""
