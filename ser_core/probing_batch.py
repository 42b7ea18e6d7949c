"""A block of probes as one tensor program: each step is a step of every probe that is still learning.

Shapes: P probes, S steps of an epoch, B clips of a batch, C classes. Which clips a step takes is laid out for a whole epoch;
its features are gathered from the bank by their rows, for each probe those of its own layer and batch. A probe with fewer
batches waits for the others at the end of an epoch: probes come with the longest first, so those that step are always the
first few, and no mask is needed. Where the last batches differ in length the shorter is filled up with clips that weigh 0. A
probe that has ended is taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np

from ser_core import probing
from ser_core.probing import Fitted, Probe, Recipe, Rows, Vector
from ser_core.probing_course import Course, Heard
from ser_core.probing_heads import AdamW, Heads, started

if TYPE_CHECKING:
    from torch import Tensor

_DEV_AT_ONCE = 64
"""Dev clips of each probe that are looked at together."""


@dataclass(frozen=True)
class Bank:
    """Features and labels where they are computed with."""

    vectors: Tensor
    """[layer x clip, dim]"""
    labels: Tensor
    """[layer x clip]"""
    clips: int
    classes: int
    room: Tensor | None = None
    """[n, dim]: where features are gathered; memory that is asked for anew at each step costs more than all that follows."""

    def gather(self, rows: Tensor) -> Tensor:
        """[P, B] -> [P, dim, B], until the next call."""
        return self.take(rows.flatten()).view(*rows.shape, -1).mT

    def take(self, rows: Tensor) -> Tensor:
        """[n] -> [n, dim], until the next call."""
        import torch

        assert self.room is not None
        return torch.index_select(self.vectors, 0, rows, out=self.room[: len(rows)])

    def own_room(self, rows: int) -> Bank:
        """The same bank with room for so many rows at once."""
        return replace(self, room=self.vectors.new_empty(rows, self.vectors.shape[1]))


def load(bank: Vector, labels: Rows, device: str) -> Bank:
    """Bring [layer, clip, dim] and [clip] to a device; on a CPU the features are not copied."""
    import torch

    vectors = torch.from_numpy(np.ascontiguousarray(bank)).to(device).flatten(0, 1)
    truth = torch.from_numpy(labels).to(device).repeat(len(bank))
    return Bank(vectors, truth, bank.shape[1], int(labels.max()) + 1)


@dataclass(frozen=True)
class _Laid:
    """Which clips each step takes, [S, ...], or one of these steps."""

    rows: Tensor
    """[P, B], of the bank."""
    share: Tensor
    """[P, 1, B]: 1 / clips of the probe's batch; 0 for what fills it up."""
    wanted: Tensor
    """[P, C, B]: minus the share, where the clip's class is; so the mean loss is the sum of log p times this."""

    def of(self, steps: slice, probes: slice | Tensor) -> _Laid:
        """Some steps of some probes."""
        return _Laid(*(part[steps, probes] for part in (self.rows, self.share, self.wanted)))

    def steps(self) -> Iterator[_Laid]:
        """One after the other."""
        return map(_Laid, self.rows.unbind(), self.share.unbind(), self.wanted.unbind())


def _laid(rows: Sequence[Rows], first: Tensor, bank: Bank, batch: int) -> _Laid:
    """From the clips of each probe in their order, ``first`` being where the probe's layer begins in the bank."""
    import torch

    counts = np.array([len(each) for each in rows])
    steps = max(1, -(-int(counts.max()) // batch))
    table = np.zeros((len(rows), steps * batch), np.int64)
    for line, each in zip(table, rows, strict=True):
        line[: len(each)] = each
    there = torch.from_numpy(np.arange(steps * batch) < counts[:, None])
    shaped = (torch.from_numpy(table) + first.unsqueeze(1)).view(len(rows), steps, batch).transpose(0, 1).contiguous()
    device = bank.vectors.device
    at = shaped.to(device)
    share = there.view(len(rows), steps, batch).transpose(0, 1).to(bank.vectors)
    share = (share / share.sum(-1, keepdim=True).clamp(min=1)).unsqueeze(2)
    named = torch.arange(bank.classes, device=device).unsqueeze(1)
    return _Laid(at, share, (bank.labels[at].unsqueeze(2) == named) * -share)


Start = Callable[[Sequence[int], Sequence[int], "Tensor"], Heads]
"""``start(seeds, widths, like)``: heads that have learned nothing yet."""


def fit(bank: Bank, probes: Sequence[Probe], recipe: Recipe, start: Start = started) -> list[Fitted]:
    """Train one block; probes with more training clips stand before those with fewer."""
    import torch

    bank = bank.own_room(len(probes) * max(recipe.batch, _DEV_AT_ONCE))
    first = torch.tensor([probe.layer * bank.clips for probe in probes])
    widths = (bank.vectors.shape[1], *recipe.hidden, bank.classes)
    heads = start([probe.seed for probe in probes], widths, bank.vectors)
    best = [value.clone() for value in heads.values]
    dev = _laid([probe.dev for probe in probes], first, bank, _DEV_AT_ONCE)
    course = Course(probes, recipe)
    while len(alive := torch.from_numpy(course.alive)):
        learned = _epoch(heads, bank, [probes[n] for n in alive], first[alive], course.epoch, recipe)
        better, goes_on = map(torch.from_numpy, course.note(learned, _heard(heads, bank, dev)))
        for kept, value in zip(best, heads.values, strict=True):
            kept[alive[better]] = value[better]
        if not goes_on.all():
            heads, dev = heads[goes_on], dev.of(slice(None), goes_on)
    parts = [value.cpu().numpy() for value in best]
    return [course.fitted(n, **heads.told([part[n] for part in parts])) for n in range(len(probes))]


def _epoch(heads: Heads, bank: Bank, probes: Sequence[Probe], first: Tensor, epoch: int, recipe: Recipe) -> Vector:
    """One epoch of all; mean loss of the training clips, each when it was learned from, [P]."""
    import torch

    orders = {(p.seed, len(p.train)): probing.batches(len(p.train), seed=p.seed, epoch=epoch) for p in probes}
    laid = _laid([p.train[orders[p.seed, len(p.train)]] for p in probes], first, bank, recipe.batch)
    losses = torch.zeros_like(laid.share[:, :, 0, 0])
    lengths = [-(-len(p.train) // recipe.batch) for p in probes]
    for begin, end in pairwise([0, *sorted(set(lengths))]):
        alike = [(length, len(list(same))) for length, same in groupby(lengths) if length >= end]
        ends = list(accumulate(count for _, count in alike))
        runs = [(slice(e - n, e), epoch * length + begin) for e, (length, n) in zip(ends, alike, strict=True)]
        busy = heads[: ends[-1]]
        adam = AdamW(busy, runs, recipe)
        for step, now in enumerate(laid.of(slice(begin, end), slice(ends[-1])).steps(), begin):
            passed, log_p = _passed(busy, bank, now)
            losses[step, : ends[-1]] = (log_p * now.wanted).sum((1, 2))
            busy.backward(passed, torch.addcmul(now.wanted, log_p.exp_(), now.share))
            adam.step()
    return _mean(losses, laid)


def _heard(heads: Heads, bank: Bank, dev: _Laid) -> Heard:
    """Each probe on its dev clips."""
    import torch

    losses = torch.zeros_like(dev.share[..., 0, 0])
    is_it = dev.wanted < 0
    right = torch.zeros_like(is_it[0, ..., 0], dtype=losses.dtype)
    named = torch.arange(bank.classes, device=right.device).unsqueeze(1)
    for step, now in enumerate(dev.steps()):
        with torch.no_grad():
            _, log_p = _passed(heads, bank, now)
        losses[step] = (log_p * now.wanted).sum((1, 2))
        right += (is_it[step] & (log_p.argmax(1, keepdim=True) == named)).sum(-1)
    there = is_it.sum((0, 3))
    ua = (right / there).nanmean(1)
    return Heard(_mean(losses, dev), (right.sum(1) / there.sum(1)).cpu().numpy(), ua.cpu().numpy())


def _passed(heads: Heads, bank: Bank, now: _Laid) -> tuple[list[Tensor], Tensor]:
    """What the way back needs, and log p, [P, C, B]."""
    passed, scores = heads.heard(bank, now.rows)
    return passed, scores.log_softmax(1)


def _mean(losses: Tensor, laid: _Laid) -> Vector:
    """From the mean loss of each batch, [S, P], that of all clips, [P]; nan without any."""
    counts = (laid.share[..., 0, :] > 0).sum(-1)
    mean: Vector = ((losses * counts).sum(0) / counts.sum(0)).cpu().numpy()
    return mean
