"""What an opened encoder tells of its transformer, for whoever trains it: the blocks, and how frames pass one of them.

Frames of all clips lie in one matrix [row, dim] (``_rows.py``). Block n takes hidden state n - 1 to hidden state n; the last
hidden state is that after ``last``, where there is such a norm. Nothing here holds the front end, so that it can go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from ser_core.encoders._rows import Rows


@dataclass(frozen=True)
class Blocks:
    """Blocks in the order in which frames pass them."""

    modules: Sequence[Any]
    last: Any
    """The norm after the last block; None where hidden states are as they leave the block."""
    attention: tuple[str, ...]
    """Linear layers of a block that attention is made of, by name."""
    feed_forward: tuple[str, ...]
    """Linear layers of its feed-forward part, by name."""
    fed: str
    """The module of a block that gives what the feed-forward part adds."""
    begin: Callable[[Rows, int, torch.Tensor], Callable[[int], Any]]
    """``begin(rows, prompts, hidden)(number)``: what the block of that number, from 0, must know of where frames lie; of
    each piece the first ``prompts`` rows are no frames, but learned."""
    step: Callable[[Any, torch.Tensor, Rows, Any], torch.Tensor]
    """``step(block, hidden, rows, known)``: [row, dim] -> [row, dim]."""
    pieces: Callable[[Sequence[bool]], list[int]]
    """``pieces(own)``: rows of each piece of a clip that knows nothing of the others; ``own`` tells for every row of the
    clip whether it is one of its frames."""


def marked(rows: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """[row, dim] and whether each row is a frame of the clip -> float32 [row, dim + 1]: 1 in the last column if it is."""
    import torch

    return torch.cat([rows.float(), own.to(rows.device, torch.float32)[:, None]], dim=1)


def unmarked(rows: torch.Tensor) -> tuple[torch.Tensor, list[bool]]:
    """What ``marked`` was given.

    >>> import torch
    >>> unmarked(marked(torch.zeros(2, 3), torch.tensor([False, True])))[1]
    [False, True]
    """
    return rows[:, :-1], rows[:, -1].bool().tolist()


def in_pieces(rows: int, longest: int) -> list[int]:
    """Rows of each piece of a clip, as ``_pass.pieces`` cuts the sound.

    >>> in_pieces(10, 10), in_pieces(15, 10), in_pieces(25, 10)
    ([10], [8, 7], [10, 8, 7])
    """
    whole = max(rows // longest - 1, 0)
    rest = rows - whole * longest
    return [longest] * whole + ([rest] if rest <= longest else [rest - rest // 2, rest // 2])
