"""A block of probes as one tensor program: each step is a step of every probe that is still learning.

Shapes: P probes, B clips of a batch, D numbers of a clip, F numbers of a head. Weights of all probes lie in one tensor
[P, F], their layers are views of it, [P, in, out]; AdamW works on it number by number, so no probe sees another. Clips are
gathered from the bank by their rows, for each probe those of its own layer and batch. A probe with fewer batches waits for
the others at the end of an epoch: probes come with the longest first, so those that step are always the first few, and no
mask is needed. Where the last batches differ in length the shorter is filled up with clips that weigh 0. A probe that has
ended is taken out.

The gradient is written out, since it is short. With z = a W + b, the softmax p of z, y the truth as a one-hot row and w the
weight of a clip (1 / clips of the batch, 0 for what fills it up), the loss sum_i w_i (-log p_i[y_i]) has

    dz = w (p - y),  dW = a' dz,  db = sum dz,  da = dz W'  (where a > 0, below a ReLU).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np

from ser_core import probing
from ser_core.probing import Fitted, Probe, Recipe, Rows, Vector

if TYPE_CHECKING:
    from torch import Tensor

_BETAS = 0.9, 0.999
Run = tuple[int, int, int]
"""Probes from one to before another, and how many steps each of them has taken."""
_DEV_AT_ONCE = 256
"""Dev clips of each probe that are looked at together."""


@dataclass(frozen=True)
class Bank:
    """Features and labels where they are computed with."""

    vectors: Tensor
    """[layer x clip, dim]"""
    labels: Tensor
    """[layer x clip]"""
    clips: int


def load(bank: Vector, labels: Rows, device: str) -> Bank:
    """Bring [layer, clip, dim] and [clip] to a device; on a CPU the features are not copied."""
    import torch

    vectors = torch.from_numpy(np.ascontiguousarray(bank)).to(device).flatten(0, 1)
    return Bank(vectors, torch.from_numpy(labels).to(device).repeat(len(bank)), bank.shape[1])


@dataclass
class _Padded:
    """Rows of the bank of each probe, [P, n]; those that only fill up weigh 0."""

    rows: Tensor
    weight: Tensor

    def __getitem__(self, kept: Tensor) -> _Padded:
        return _Padded(self.rows[kept], self.weight[kept])


class _Heads:
    """The weights of all probes, and their moments."""

    def __init__(self, probes: Sequence[Probe], widths: Sequence[int], like: Tensor):
        import torch

        seeds = sorted({probe.seed for probe in probes})
        start = torch.stack([_start(seed, widths) for seed in seeds])
        self.widths = widths
        self.values = start[[seeds.index(probe.seed) for probe in probes]].to(like)
        self.mean, self.square = torch.zeros_like(self.values), torch.zeros_like(self.values)

    def keep(self, kept: Tensor) -> None:
        """Take the others out."""
        self.values, self.mean, self.square = (each[kept] for each in (self.values, self.mean, self.square))

    def forward(self, features: Tensor) -> list[Tensor]:
        """What enters each layer of the first heads, [p, B, in], and at last what comes out."""
        import torch

        entering = [features]
        for n, (weight, bias) in enumerate(layers(self.values[: len(features)], self.widths)):
            entering.append(torch.baddbmm(bias.unsqueeze(1), entering[-1], weight))
            if n < len(self.widths) - 2:
                entering[-1].relu_()
        return entering

    def step(self, features: Tensor, labels: Tensor, weight: Tensor, recipe: Recipe, runs: Sequence[Run]) -> Tensor:
        """One step of AdamW of the first heads: features [p, B, D], labels and weight [p, B] -> each clip's loss."""
        *entering, scores = self.forward(features)
        busy = len(features)
        error = scores.log_softmax(-1)
        loss = -error.gather(-1, labels.unsqueeze(-1)).squeeze(-1)
        error.exp_()
        error.scatter_add_(-1, labels.unsqueeze(-1), error.new_full((*labels.shape, 1), -1.0))
        error *= weight.unsqueeze(-1)
        gradient = self.values.new_empty(busy, self.values.shape[1])
        views = list(layers(gradient, self.widths))
        weights = list(layers(self.values[:busy], self.widths))
        for n in reversed(range(len(weights))):
            views[n][0].copy_(entering[n].mT @ error)
            views[n][1].copy_(error.sum(1))
            if n:
                error = (error @ weights[n][0].mT) * (entering[n] > 0)
        self._adamw(gradient, recipe, runs)
        return loss

    def _adamw(self, gradient: Tensor, recipe: Recipe, runs: Sequence[Run]) -> None:
        """torch's own, in one pass over memory; a run of probes that took as many steps is one parameter."""
        import torch
        from torch.optim.adamw import adamw

        values, gradients, means, squares = (
            [tensor[start:end] for start, end, _ in runs] for tensor in (self.values, gradient, self.mean, self.square)
        )
        adamw(
            values,
            gradients,
            means,
            squares,
            [],
            [torch.tensor(float(steps), device=gradient.device) for *_, steps in runs],
            fused=True,
            amsgrad=False,
            beta1=_BETAS[0],
            beta2=_BETAS[1],
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            eps=recipe.epsilon,
            maximize=False,
        )


def layers(values: Tensor, widths: Sequence[int]) -> Iterator[tuple[Tensor, Tensor]]:
    """Views of [P, F] as weight [P, in, out] and bias [P, out] of each layer."""
    at = 0
    for wide, narrow in pairwise(widths):
        end = at + wide * narrow
        yield values[:, at:end].view(-1, wide, narrow), values[:, end : end + narrow]
        at = end + narrow


def _start(seed: int, widths: Sequence[int]) -> Tensor:
    """[F]: what torch's linear layers start from, after ``manual_seed(seed)``."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = [torch.nn.Linear(wide, narrow) for wide, narrow in pairwise(widths)]
    return torch.cat([part.detach().flatten() for layer in made for part in (layer.weight.T, layer.bias)])


def fit(bank: Bank, probes: Sequence[Probe], recipe: Recipe, classes: int) -> list[Fitted]:
    """Train one block; probes with more training clips stand before those with fewer."""
    import torch

    device = bank.vectors.device
    widths = (bank.vectors.shape[1], *recipe.hidden, classes)
    heads = _Heads(probes, widths, bank.vectors)
    first = torch.tensor([probe.layer * bank.clips for probe in probes])
    dev = _padded([p.dev for p in probes], first, bank)
    alive = list(range(len(probes)))
    best = heads.values.clone()
    lowest = torch.full((len(probes),), torch.inf).to(bank.vectors)
    kept_value, loss_kept = torch.full_like(lowest, torch.inf), lowest.clone()
    blind = torch.tensor([not len(p.dev) for p in probes], device=device)
    course = np.full((recipe.epochs, len(probes), 3), np.nan)
    fell, kept = [0] * len(probes), [0] * len(probes)
    ended: dict[int, tuple[int, str]] = {}
    for epoch in range(recipe.epochs):
        learned = _epoch(heads, bank, [probes[n] for n in alive], first, epoch, recipe)
        loss, accuracy, ua = _dev(heads, bank, dev)
        here = torch.tensor(alive, device=device)
        course[epoch, alive] = torch.stack([learned, loss, ua], 1).cpu().numpy()
        value = loss if recipe.keep == "loss" else -accuracy
        better = (value < kept_value[here]) | blind[here]
        at = here[better]
        best[at], kept_value[at], loss_kept[at] = heads.values[better], value[better], loss[better]
        for n in at.tolist():
            kept[n] = epoch + 1
        falls = (loss < lowest[here]) | blind[here]
        lowest[here[falls]] = loss[falls]
        for n in here[falls].tolist():
            fell[n] = epoch + 1
        over = {n for n in alive if epoch + 1 - fell[n] >= recipe.patience}
        ended |= dict.fromkeys(over, (epoch + 1, "patience"))
        if over:
            goes_on = torch.tensor([n not in over for n in alive], device=device)
            alive = [n for n in alive if n not in over]
            if not alive:
                break
            heads.keep(goes_on)
            dev, first = dev[goes_on], first[goes_on.cpu()]
    whole = [(weight.cpu().numpy(), bias.cpu().numpy()) for weight, bias in layers(best, widths)]
    result = []
    for n in range(len(probes)):
        epochs, stopped = ended.get(n, (recipe.epochs, "epochs"))
        weights = tuple((weight[n].copy(), bias[n].copy()) for weight, bias in whole)
        curve = course[:epochs, n]
        result.append(Fitted(weights, epochs, kept[n], stopped, float(loss_kept[n]), curve))
    return result


def _epoch(heads: _Heads, bank: Bank, probes: Sequence[Probe], first: Tensor, epoch: int, recipe: Recipe) -> Tensor:
    """One of all probes; their mean training loss, [P]."""
    orders = {(p.seed, len(p.train)): probing.batches(len(p.train), seed=p.seed, epoch=epoch) for p in probes}
    taken = _padded([p.train[orders[p.seed, len(p.train)]] for p in probes], first, bank)
    lengths = [-(-len(p.train) // recipe.batch) for p in probes]
    loss = taken.weight.new_zeros(len(probes))
    for step in range(lengths[0]):
        start, busy = step * recipe.batch, sum(length > step for length in lengths)
        alike = [(length, len(list(same))) for length, same in groupby(lengths[:busy])]
        ends = list(accumulate(count for _, count in alike))
        runs = [(end - count, end, epoch * length + step) for end, (length, count) in zip(ends, alike, strict=True)]
        rows, there = (t[:busy, start : start + recipe.batch] for t in (taken.rows, taken.weight))
        weight = there / there.sum(1, keepdim=True)
        loss[:busy] += (heads.step(_vectors(bank, rows), bank.labels[rows], weight, recipe, runs) * there).sum(1)
    return loss / taken.weight.sum(1)


def _dev(heads: _Heads, bank: Bank, dev: _Padded) -> tuple[Tensor, Tensor, Tensor]:
    """Mean loss, accuracy and UA of each probe on its dev clips, [P]."""
    import torch

    loss = torch.zeros_like(dev.weight[:, 0])
    there, right = (loss.new_zeros(len(loss), heads.widths[-1]) for _ in range(2))
    for start in range(0, dev.rows.shape[1], _DEV_AT_ONCE):
        rows, weight = (t[:, start : start + _DEV_AT_ONCE] for t in (dev.rows, dev.weight))
        scores = heads.forward(_vectors(bank, rows))[-1]
        labels = bank.labels[rows]
        loss -= (scores.log_softmax(-1).gather(-1, labels.unsqueeze(-1)).squeeze(-1) * weight).sum(1)
        there.scatter_add_(1, labels, weight)
        right.scatter_add_(1, labels, (scores.argmax(-1) == labels) * weight)
    count = there.sum(1)
    return loss / count, right.sum(1) / count, (right / there).nanmean(1)


def _vectors(bank: Bank, rows: Tensor) -> Tensor:
    return bank.vectors.index_select(0, rows.reshape(-1)).view(*rows.shape, -1)


def _padded(rows: Sequence[Rows], first: Tensor, bank: Bank) -> _Padded:
    """Clips of each probe -> rows of the bank, ``first`` being where the probe's layer begins."""
    import torch

    longest = max(1, *map(len, rows))
    filled = torch.from_numpy(
        np.stack([np.pad(each if len(each) else [0], (0, longest - max(1, len(each))), mode="edge") for each in rows])
    )
    sizes = torch.tensor([len(each) for each in rows]).unsqueeze(1)
    there = torch.arange(longest) < sizes
    return _Padded((filled + first.unsqueeze(1)).to(bank.vectors.device), there.to(bank.vectors))
