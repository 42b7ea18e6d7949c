"""Frames of several clips through blocks m + 1 to l, so that what is trained in them gets gradients.

No clip is padded: all frames lie in one matrix, as when the encoder hears (``encoders/_rows.py``). A clip that was heard
in pieces goes on in the same pieces, and what belongs to no frame (Whisper's silence, emotion2vec's tokens, prompts) is
heard by the blocks, but not by the mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ser_core.encoders._blocks import Blocks, unmarked
from ser_core.encoders._rows import Rows

if TYPE_CHECKING:
    import torch


ALONE = Blocks(
    modules=(),
    last=None,
    attention=(),
    feed_forward=(),
    fed="",
    begin=lambda rows, prompts, hidden: lambda number: None,
    step=lambda block, hidden, rows, known: hidden,
    pieces=lambda own: [len(own)],
)
"""Of an encoder of which nothing but layers is known: no blocks at all."""


@dataclass(frozen=True)
class Laid:
    """How clips lie in one matrix: of each piece first the prompts, then its rows."""

    rows: Rows
    """The pieces."""
    only: Rows
    """The clips, their own frames alone."""
    own: Any
    """[frame]: rows that are a clip's own frames; None: all are."""
    heard: Any
    """[row]: rows that are no prompts."""
    prompts: Any
    """[piece * prompt]: rows that are."""

    def means(self, hidden: torch.Tensor) -> torch.Tensor:
        """Float32 [clip, dim] over the clips' own frames."""
        return self.only.pooled(hidden if self.own is None else hidden[self.own], spread=False)


def lay(clips: Sequence[torch.Tensor], blocks: Blocks, *, marks: bool, prompts: int, device: Any) -> tuple[Any, Laid]:
    """Clips [row, dim], with ``marks`` [row, dim + 1], as one matrix on ``device``; and how they lie in it."""
    import torch

    frames, pieces, counts, own = list[Any](), list[int](), list[int](), list[bool]()
    for clip in clips:
        rows, mine = unmarked(clip) if marks else (clip, [True] * len(clip))
        frames.append(rows)
        counts.append(sum(mine))
        for size in blocks.pieces(mine):
            own += [False] * prompts + mine[:size]
            pieces.append(size + prompts)
            mine = mine[size:]
    begins = torch.tensor([0, *pieces[:-1]]).cumsum(0)
    at = (begins[:, None] + torch.arange(prompts)).flatten()
    heard = torch.ones(sum(pieces), dtype=torch.bool)
    heard[at] = False
    laid = Laid(
        Rows(pieces, device),
        Rows(counts, device),
        None if all(own) else torch.tensor(own).nonzero().flatten().to(device),
        heard.nonzero().flatten().to(device),
        at.to(device),
    )
    matrix = torch.cat(frames).to(device=device, dtype=torch.float32)
    if prompts:
        matrix = matrix.new_zeros(sum(pieces), matrix.shape[1]).index_copy(0, laid.heard, matrix)
    return matrix, laid


def passing(
    hidden: torch.Tensor, laid: Laid, blocks: Blocks, kept: dict[int, Any], *, gates: Any, prompts: Any, count: int
) -> Iterator[torch.Tensor]:
    """Hidden states m to l, [row, dim], one after the other.

    Args:
        hidden: what enters.
        laid: how it lies.
        blocks: the encoder's; ``last`` only if l is its last layer.
        kept: blocks m + 1 to l by number, from 1.
        gates: [dim] by number, as text; may be empty.
        prompts: [prompt, dim] by number, as text; may be empty.
        count: prompts of a block.
    """
    import torch

    yield hidden
    known = blocks.begin(laid.rows, count, hidden)
    pieces = len(laid.rows.counts)
    for number, block in kept.items():
        if str(number) in gates:
            hidden = torch.sigmoid(gates[str(number)]) * hidden
        if str(number) in prompts:
            learned = prompts[str(number)].repeat(pieces, 1)
            hidden = hidden.index_copy(0, laid.prompts, learned.to(hidden.dtype))
        hidden = blocks.step(block, hidden, laid.rows, known(number - 1))
        yield hidden if blocks.last is None or number < max(kept) else blocks.last(hidden)
