"""A clip as one vector for each layer: the mean over its frames, and, where asked, the standard deviation beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from ser_core.encoders._encoder import HiddenStates, Samples


def summary(frames: torch.Tensor, *, spread: bool) -> torch.Tensor:
    """[..., frame, dim] -> float32 [..., dim], or [..., 2 * dim] with ``spread`` (deviations of all frames)."""
    import torch

    frames = frames.float()
    mean = frames.mean(dim=-2)
    if not spread:
        return mean
    return torch.cat([mean, frames.var(dim=-2, correction=0).sqrt()], dim=-1)


class Pools:
    """``Hearing.pooled`` for encoders that have few layers, by pooling what a call returns."""

    def __call__(self, clips: Sequence[Samples]) -> list[HiddenStates]:
        """The encoder's own."""
        raise NotImplementedError

    def pooled(self, clips: Sequence[Samples], *, spread: bool = False) -> torch.Tensor:
        """Float32 [clip, layer, dim or 2 * dim]."""
        import torch

        return torch.stack([summary(states, spread=spread) for states in self(clips)])
