"""Clips to learn from: frames that lie on the disk, cut into what is computed at once.

No clip is padded, so what is computed together is bounded by frames, not by clips. Clips of a batch are sorted by length
before they are cut, the longest first: then neighbours are alike, and memory runs out at once or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor

Rows = npt.NDArray[np.int64]


class Frames(Protocol):
    """``features.Features`` of one layer, or a list of arrays."""

    def __getitem__(self, position: int, /) -> npt.NDArray[np.float32]:
        """[frame, dim] of one clip."""


@dataclass(frozen=True)
class Part:
    """Clips with their truths."""

    frames: Frames
    lengths: Rows
    """[clip]: how many frames each has."""
    labels: Rows
    """[clip]: classes from 0 on; empty where nothing is to be learned."""

    def __len__(self) -> int:
        """How many clips."""
        return len(self.lengths)

    def tensors(self, rows: Rows, device: str) -> list[Tensor]:
        """[frame, dim] of each of the clips, brought to the device in one go."""
        import torch

        together = np.concatenate([self.frames[int(row)] for row in rows])
        return list(torch.split(torch.from_numpy(together).to(device), self.lengths[rows].tolist()))


def cuts(lengths: Sequence[int] | Rows, at_once: int) -> Iterator[Rows]:
    """Positions of clips that are computed together: within ``at_once`` frames, or one clip alone.

    >>> [cut.tolist() for cut in cuts([2, 9, 3, 3, 1], 6)]
    [[1], [2, 3], [0, 4]]
    """
    cut: list[int] = []
    frames = 0
    for position in np.argsort(-np.asarray(lengths), kind="stable").tolist():
        length = int(lengths[position])
        if cut and frames + length > at_once:
            yield np.array(cut)
            cut, frames = [], 0
        cut.append(position)
        frames += length
    if cut:
        yield np.array(cut)


def weights(labels: Rows) -> npt.NDArray[np.float32]:
    """[clip]: how much each counts, so that all classes count the same and the mean is 1.

    >>> weights(np.array([0, 1, 0, 2, 2, 0])).tolist()
    [0.6666666865348816, 2.0, 0.6666666865348816, 1.0, 1.0, 0.6666666865348816]
    """
    present, at, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return np.asarray(len(labels) / (len(present) * counts[at]), dtype=np.float32)
