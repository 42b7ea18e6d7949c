"""What an encoder file declares: ``ENCODERS``, a dictionary from name to ``Encoder``, one line for each checkpoint.

An encoder is a frozen function from sound to layers of frames, with enough said about it that a result can be traced to it.
What it makes of a clip depends on that clip alone: |batched - alone| < 1e-4 in fp32, whatever it was batched with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from ser_core.errors import BadInput

if TYPE_CHECKING:
    import torch

Samples: TypeAlias = npt.NDArray[np.float32]
"""Mono [samples] at 16 kHz, full scale at -1 and 1."""

HiddenStates: TypeAlias = "torch.Tensor"
"""float32 [layer, frame, dim], on the device of the model; the first layer is the one nearest to the sound."""

DTYPES = ("fp32", "bf16")
"""What the weights are computed in; hidden states are float32 all the same."""


class Hearing(Protocol):
    """An opened encoder. A clip shorter than one frame is filled with zeros up to one; one of 0 samples is ``BadInput``."""

    layers: int
    dim: int

    def frames(self, samples: int) -> int:
        """How many frames a clip of so many samples has; at least 1."""

    def __call__(self, clips: Sequence[Samples]) -> list[HiddenStates]:
        """[layer, frame, dim] for each clip, its own frames only. Batches are the caller's; memory is that of the batch."""

    def pooled(self, clips: Sequence[Samples], *, spread: bool = False) -> torch.Tensor:
        """float32 [clip, layer, dim], means over the frames; with ``spread`` [clip, layer, 2 * dim], means then deviations.

        The same numbers as pooling what ``__call__`` returns, without keeping the frames of all layers. Deviations are of
        all frames (divided by their number).
        """


@dataclass(frozen=True)
class Encoder:
    """One checkpoint of a family."""

    title: str
    licence: str
    """Of the weights, as their publisher names it."""
    languages: str
    """What it was trained to hear before we got it, in words."""
    layers: int
    """How many layers come out; of a transformer its blocks and what enters the first."""
    dim: int
    open: Callable[[Path | None, str, str], Hearing]
    """``open(folder, device, dtype)``: the folder of the checkpoint's files, or None where there is nothing to fetch."""
    source: str = ""
    """``org/model`` on the Hugging Face hub, the URL of a file, or empty: there is nothing to fetch."""
    revision: str = ""
    """What is pinned: the hub's commit, ``sha256:...`` of the file at a URL, or, with no source, words that change whenever
    the same clip would give other numbers. Empty: no commit is pinned; ``Opened.revision`` tells what was opened."""
    files: tuple[str, ...] = ()
    """Patterns of the files needed of a hub's repository, if not ``_checkpoint.HUB_FILES``."""
    also: tuple[str, ...] = ()
    """Other names its folder may have in ``EARWITNESS_MODELS``."""
    size_mb: int = 0
    """About how much is fetched."""
    whole: str | None = None
    """What is added to its name for the encoder that gives all rows that its transformer hears, the clip's frames and what
    is beside them, so that its blocks can be trained. Empty: its own frames are all. None: its blocks cannot be trained."""

    def layer(self, number: int) -> int:
        """The layer of that number from 0 on; a negative one counts from the end.

        Raises:
            BadInput: there is none.
        """
        if not -self.layers <= number < self.layers:
            there = f"0 to {self.layers - 1}, from the end -1 to -{self.layers}"
            raise BadInput(f"{self.title} has no layer {number}; its layers are {there}.")
        return range(self.layers)[number]
