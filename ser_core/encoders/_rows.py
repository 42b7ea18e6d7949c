"""Many clips in one matrix [row, dim], a row for each frame, clip after clip; and what must be done clip by clip.

On a CPU each clip is worked on as it lies. On a GPU, where a call costs more than the arithmetic of a short clip, clips of
similar length are laid side by side, ``[clip, frame, dim]``; where a clip has ended stand zeros, and attention is told so.
What comes out is taken back from the clips' own rows, so it is the same either way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from ser_core.encoders._pooling import summary

if TYPE_CHECKING:
    import torch

SHORTER = 0.8
"""A clip is laid beside a longer one if it has at least this share of its frames."""


@dataclass(frozen=True)
class _Group:
    """Clips laid side by side."""

    clips: list[int]
    counts: list[int]
    rows: torch.Tensor
    """[clip * frame]: the row each place is taken from; any row where the clip has ended."""
    absent: torch.Tensor | None
    """[clip, frame]: where the clip has ended; None if all are equally long."""
    own: torch.Tensor
    """[row of the group]: places that are frames of a clip."""


class Rows:
    """How clips of ``counts`` frames lie in a matrix.

    Args:
        counts: frames of each clip.
        device: where the matrix is.
        beside: whether similar clips are laid side by side; by default everywhere but on a CPU.
    """

    def __init__(self, counts: list[int], device: torch.device, *, beside: bool | None = None):
        self.counts, self.longest = counts, max(counts, default=0)
        self.spans = list(pairwise(accumulate(counts, initial=0)))
        self.beside = lays_beside(device) if beside is None else beside
        self.groups = _groups(self.spans, device) if self.beside else []

    def each(self, work: Callable[..., torch.Tensor], *inputs: torch.Tensor, absent: bool = False) -> torch.Tensor:
        """``work`` on the clips of all ``inputs`` [row, ...]: takes [clip, frame, ...] of each, gives [clip, frame, dim].

        With ``absent`` it is also told, by that name, where clips have ended: [clip, frame], or None.
        """
        import torch

        if not self.beside:
            clips = zip(*(torch.split(x, self.counts) for x in inputs), strict=True)  # one split: its gradient is one copy
            return torch.cat([work(*(x[None] for x in clip))[0] for clip in clips])
        result: torch.Tensor | None = None
        for group in self.groups:
            extra: dict[str, Any] = {"absent": group.absent} if absent else {}
            found = work(*(self._laid(x, group) for x in inputs), **extra).flatten(0, 1)
            if result is None:
                result = found.new_empty(len(inputs[0]), found.shape[-1])
            result[group.rows[group.own]] = found[group.own]
        assert result is not None
        return result

    def pooled(self, states: torch.Tensor, *, spread: bool) -> torch.Tensor:
        """Float32 [clip, dim or 2 * dim] of the rows [row, dim]."""
        import torch

        if not self.beside:
            return torch.stack([summary(clip, spread=spread) for clip in torch.split(states, self.counts)])
        size = states.shape[-1] * (2 if spread else 1)
        result = torch.empty(len(self.spans), size, dtype=torch.float32, device=states.device)
        for group in self.groups:
            frames = self._laid(states.float(), group)
            count = torch.tensor(group.counts, dtype=torch.float32, device=states.device)[:, None]
            mean = frames.sum(dim=1) / count
            if spread:
                off = frames - mean[:, None]
                if group.absent is not None:
                    off = off.masked_fill(group.absent[..., None], 0.0)
                mean = torch.cat([mean, ((off * off).sum(dim=1) / count).sqrt()], dim=-1)
            result[torch.tensor(group.clips, device=states.device)] = mean
        return result

    @staticmethod
    def _laid(x: torch.Tensor, group: _Group) -> torch.Tensor:
        laid: torch.Tensor = x[group.rows].view(len(group.clips), -1, *x.shape[1:])
        if group.absent is None:
            return laid
        return laid.masked_fill(group.absent.view(*group.absent.shape, *[1] * (laid.ndim - 2)), 0.0)


def lays_beside(device: torch.device) -> bool:
    """Whether calls cost more there than the arithmetic of a short clip."""
    return device.type != "cpu"


def _groups(spans: list[tuple[int, int]], device: torch.device) -> list[_Group]:
    """Longest first, each clip beside the longer ones it is similar to."""
    import torch

    order = sorted(range(len(spans)), key=lambda clip: spans[clip][0] - spans[clip][1])
    found: list[list[int]] = []
    for clip in order:
        length = spans[clip][1] - spans[clip][0]
        if found and length >= SHORTER * (spans[found[-1][0]][1] - spans[found[-1][0]][0]):
            found[-1].append(clip)
        else:
            found.append([clip])
    groups = []
    for clips in found:
        begins = torch.tensor([spans[clip][0] for clip in clips])[:, None]
        counts = torch.tensor([spans[clip][1] - spans[clip][0] for clip in clips])[:, None]
        place = torch.arange(int(counts.max()))[None]
        absent = place >= counts
        rows = (begins + place.minimum(counts - 1)).flatten()
        groups.append(
            _Group(
                clips,
                counts.flatten().tolist(),
                rows.to(device),
                absent.to(device) if bool(absent.any()) else None,
                (~absent).flatten().nonzero().flatten().to(device),
            )
        )
    return groups
