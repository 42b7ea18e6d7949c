"""The heads of a block of probes: P heads of one shape, computed and stepped together, each with its own moments.

A weight is [P, out, in] and a bias [P, out], as torch's linear layers have them; what passes through is [P, width, B], a
clip in each column. So the numbers of a clip, as they lie in the bank, are the contiguous side of both large products
(scores and gradient), which makes these several times as fast as the other way round where a head has few classes.

The gradient is written out, since it is short. With z = W a + b, the softmax p of z, y the truth as a one-hot column and w
the weight of a clip (1 / clips of the batch, 0 for what fills it up), the loss sum_i w_i (-log p_i[y_i]) has

    dz = w (p - y),  dW = dz a',  db = sum dz,  da = W' dz  (where a > 0, below a ReLU).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ser_core.probing import Recipe, Vector

if TYPE_CHECKING:
    from torch import Tensor

    from ser_core.probing_batch import Bank

_BETAS = 0.9, 0.999


@dataclass(frozen=True)
class Heads:
    """Weight, bias, weight, bias ... from the features to the classes, and for each of them gradient and moments."""

    values: list[Tensor]
    gradients: list[Tensor]
    means: list[Tensor]
    squares: list[Tensor]

    def __getitem__(self, kept: Tensor | slice) -> Heads:
        """Some of them; views, where a slice is asked for."""
        return type(self)(*([part[kept] for part in parts] for parts in self._all()))

    def _all(self) -> Iterator[list[Tensor]]:
        yield from (self.values, self.gradients, self.means, self.squares)

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Weight and bias of each layer."""
        return list(zip(self.values[::2], self.values[1::2], strict=False))

    def forward(self, features: Tensor) -> list[Tensor]:
        """From [P, dim, B] what enters each layer, [P, in, B], and at last what comes out, [P, class, B]."""
        import torch

        passing = [features]
        for n, (weight, bias) in enumerate(self.layers()):
            if n:
                passing[-1].relu_()
            passing.append(torch.bmm(weight, passing[-1]).add_(bias.unsqueeze(-1)))
        return passing

    def heard(self, bank: Bank, rows: Tensor) -> tuple[list[Tensor], Tensor]:
        """Of clips, [P, B], what ``backward`` will need, and what comes out, [P, class, B]."""
        *passed, scores = self.forward(bank.gather(rows))
        return passed, scores

    def backward(self, passed: Sequence[Tensor], error: Tensor) -> Tensor:
        """From what ``heard`` gave and dz of the last layer, [P, class, B], the gradients; gives dz of the first layer."""
        import torch

        for n in reversed(range(len(self.values) // 2)):
            torch.bmm(error, passed[n].mT, out=self.gradients[2 * n])
            torch.sum(error, -1, out=self.gradients[2 * n + 1])
            if n:
                error = torch.bmm(self.values[2 * n].mT, error).mul_(passed[n] > 0)
        return error

    @staticmethod
    def told(numbers: Sequence[Vector]) -> dict[str, Any]:
        """The values of one of them as ``Fitted`` has them: from torch's [out, in] and [out], in memory of their own."""
        return {"weights": tuple((w.T.copy(), b.copy()) for w, b in zip(numbers[::2], numbers[1::2], strict=False))}


def started(seeds: Sequence[int], widths: Sequence[int], like: Tensor) -> Heads:
    """Heads, for each seed the one that torch's linear layers start with after ``manual_seed(seed)``; moments are 0."""
    import torch

    one = {seed: _start(seed, widths) for seed in set(seeds)}
    values = [torch.stack(parts).to(like) for parts in zip(*(one[seed] for seed in seeds), strict=True)]
    return Heads(values, *([torch.zeros_like(part) for part in values] for _ in range(3)))


def _start(seed: int, widths: Sequence[int]) -> list[Tensor]:
    import torch
    from torch.nn import init

    chance, parts = torch.Generator().manual_seed(seed), []
    for wide, narrow in pairwise(widths):
        parts.append(init.kaiming_uniform_(torch.empty(narrow, wide), a=math.sqrt(5), generator=chance))
        parts.append(init.uniform_(torch.empty(narrow), -(wide**-0.5), wide**-0.5, generator=chance))
    return parts


class AdamW:
    """torch's own, fused into one pass over memory, on heads that are views; some may have taken more steps than others.

    It is Adam where the recipe has weight decay in the gradient.
    """

    def __init__(self, heads: Heads, runs: Sequence[tuple[slice, int]], recipe: Recipe):
        """``runs``: heads beside each other and how many steps each of them has taken so far."""
        import torch

        parts = [heads[run] for run, _ in runs]
        self._values = [part for run in parts for part in run.values]
        self._gradients = [part for run in parts for part in run.gradients]
        self._means = [part for run in parts for part in run.means]
        self._squares = [part for run in parts for part in run.squares]
        device = heads.values[0].device
        self._steps = [torch.tensor(float(steps), device=device) for _, steps in runs for _ in heads.values]
        self._recipe = recipe

    def step(self) -> None:
        """One step with the gradients as they stand."""
        from torch.optim.adam import adam
        from torch.optim.adamw import adamw

        (adam if self._recipe.DECAY_IN_GRADIENT else adamw)(
            self._values,
            self._gradients,
            self._means,
            self._squares,
            [],
            self._steps,
            fused=True,
            amsgrad=False,
            beta1=_BETAS[0],
            beta2=_BETAS[1],
            lr=self._recipe.learning_rate,
            weight_decay=self._recipe.weight_decay,
            eps=self._recipe.epsilon,
            maximize=False,
        )
