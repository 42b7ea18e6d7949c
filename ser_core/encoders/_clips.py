"""Clips at the door of an encoder: tensors, none of them empty, none of them touched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ser_core.encoders._encoder import Samples
from ser_core.errors import BadInput

if TYPE_CHECKING:
    import torch


def heard(clips: Sequence[Samples]) -> list[torch.Tensor]:
    """float32 [samples] on the CPU, sharing memory with ``clips``.

    Raises:
        BadInput: a clip has no samples, or is not one channel of numbers.
    """
    import torch

    for number, clip in enumerate(clips):
        if clip.ndim != 1 or not len(clip):
            raise BadInput(f"clip {number} of a batch has the shape {clip.shape}; an encoder hears [samples], at least one.")
    return [torch.from_numpy(np.ascontiguousarray(clip, np.float32)) for clip in clips]
