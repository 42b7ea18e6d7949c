"""How far a training is, what became of it, and where the next stage begins."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

Weights = dict[str, "Tensor"]
"""What is learned, by name, on the CPU."""


@dataclass
class State:
    """All that a checkpoint holds beside weights and moments. Epochs are counted over all stages, from 1."""

    stage: int = 1
    epoch: int = 0
    """The last one that is over."""
    curve: list[list[float]] = field(default_factory=list)
    """Rows of ``methods._method.CURVE``, of all stages."""
    lowest: float = math.inf
    """Dev loss of this stage."""
    fell: int = 0
    """The epoch in which it fell last."""
    best: float = math.inf
    """Of what is kept: the dev loss, or the accuracy with its sign turned."""
    kept: int = 0
    """The epoch whose weights these are."""
    at_once: int = 0
    """Frames computed together."""
    peak_mb: float = 0.0
    stopped: str = ""
    """``patience`` or ``epochs``; empty while it goes on."""
    notes: list[str] = field(default_factory=list)


@dataclass
class Stand:
    """Where a training stands, at its end or before it begins."""

    state: State
    kept: Weights
    """Of the epoch that is kept."""
    last: Weights
    """Of the last epoch."""
    optimizer: dict[str, Any] = field(default_factory=dict)
    """Its moments after the last epoch; empty: it begins anew."""
    turn: Stand | None = None
    """Where it stood when a second stage goes on from there; None: at its end."""

    def light(self) -> Stand:
        """Without what only a second stage with a carried optimizer needs."""
        return Stand(self.state, self.kept, {}, turn=self.turn.light() if self.turn else None)


def next_stage(stand: Stand, *, carry_optimizer: bool) -> Stand:
    """Where the next stage begins.

    Another dev part has other losses, so when the loss fell last is of the new stage alone. Without a carried optimizer the
    kept weights go on, and the best of the new stage is kept. With it the last weights go on, for the moments are theirs,
    and what is kept stays so until the new stage is better.
    """
    stand = stand.turn or stand
    told = stand.state
    state = State(
        told.stage + 1, told.epoch, list(told.curve), fell=told.epoch, peak_mb=told.peak_mb, notes=list(told.notes)
    )
    if not carry_optimizer:
        return Stand(state, stand.kept, stand.kept)
    state.best, state.kept = told.best, told.kept
    return Stand(state, stand.kept, stand.last, stand.optimizer)


def on_cpu(optimizer: dict[str, Any]) -> dict[str, Any]:
    """The state of an optimizer of torch, wherever it computed."""
    moments = {n: {name: value.cpu() for name, value in each.items()} for n, each in optimizer["state"].items()}
    return optimizer | {"state": moments}
