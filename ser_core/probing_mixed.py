"""Heads on a weighted sum of all layers of an encoder: which layers are heard is learned along with the head.

Of a clip with time-averaged features x_l of each layer l the head hears

    r = sum_l a_l (x_l - m_l) / s_l,  a = softmax(v),

m and s being mean and deviation of each number over the head's own training clips. v starts at 0 and learns as the weights
of the head do: by the same steps, decay and moments.

    Yang et al. 2021, "SUPERB", Interspeech (the weighted sum); TMLR submission 9566 (standardised, time-averaged layers).

Such a head is dear by what it reads: thirteen layers of 768 numbers are 40 kB a clip, for four scores. So its sums are
taken the other way round. W r + b is linear in x: with the plane V_l = a_l W / s_l the scores are sum_l V_l (x_l - m_l) + b,
and all that is learned follows from G_l = sum over clips of dz (x_l - m_l)' / s_l, dz being the gradient of the scores:

    dW = sum_l a_l G_l,  da_l = <W, G_l>,  dv = a (da - <a, da>).

So scores and gradients are two large products with the clips as they lie, and heads that take the same clips in the same
step (one source, other shots; other settings) share both: each clip is read once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from ser_core import probing, probing_batch
from ser_core.probing import Fitted, Probe, Progress, Recipe, Rows, Vector
from ser_core.probing_heads import Heads, started

if TYPE_CHECKING:
    from torch import Tensor

    from ser_core.probing_batch import Bank

_MOST = {"cpu": 32}
_MOST_GPU = 256
"""Heads of a block."""
_ALIKE = 0.75
"""Share of its training clips that a head must have at the same place as the first of its block."""
_SAME = 1e-5
"""A number that deviates less among the training clips, where its deviation among all clips is 1, is the same in them."""
_AT_ONCE = 256
"""Clips that are looked at together for means and deviations."""


@dataclass(frozen=True)
class MixRecipe(Recipe):
    """How such a head learns: Adam, and by itself for all epochs, as in the submission."""

    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    batch: int = 128
    epochs: int = 200
    keep: Literal["loss", "accuracy", "last"] = "last"
    KEEPS: ClassVar[tuple[str, ...]] = ("last", "loss", "accuracy")
    DECAY_IN_GRADIENT: ClassVar[bool] = True


PRESETS = {"paper": MixRecipe(), "as_run": MixRecipe(), "few_shot": MixRecipe(epochs=50, batch=256)}
"""Of the submission: what it does within corpora, which its code does, too; and between languages."""


@dataclass(frozen=True)
class Mixed:
    """A head, the weights of the layers (``head.mix``), and how it standardises."""

    head: Fitted
    mean: Vector
    """[layer, dim]"""
    spread: Vector
    """[layer, dim]; 1 where the training clips do not differ."""

    def hears(self, layers: Iterable[Vector]) -> Vector:
        """The weighted sum, [clip, dim], from the features of each layer in turn, [clip, dim]."""
        assert self.head.mix is not None
        parts = zip(self.head.mix, layers, self.mean, self.spread, strict=True)
        return np.asarray(sum(weight * ((vectors - mean) / spread) for weight, vectors, mean, spread in parts))


@dataclass(frozen=True)
class MixedHeads(Heads):
    """Linear heads whose last value is v, [P, layer]; clips of their bank lie as [clip, layer x dim]."""

    own: list[Tensor]
    """m and 1 / s of each, [P, layer, dim]."""

    def _all(self) -> Iterator[list[Tensor]]:
        yield from super()._all()
        yield self.own

    def heard(self, bank: Bank, rows: Tensor) -> tuple[list[Tensor], Tensor]:
        """As ``Heads``; a clip that several heads take is read once."""
        import torch

        (weight, bias, v), (mean, stretch) = self.values, self.own
        there, at = torch.unique(rows, return_inverse=True)
        clips = bank.take(there)
        shares = v.softmax(1)
        plane = weight.unsqueeze(2) * (shares.unsqueeze(2) * stretch).unsqueeze(1)  # [P, C, layer, dim]
        level = bias - torch.bmm(plane.flatten(2), mean.flatten(1).unsqueeze(2)).squeeze(2)
        scores = torch.mm(clips, plane.flatten(2).flatten(0, 1).T).view(len(there), *level.shape)
        return [clips, at, shares], scores[at, _each(rows)].mT + level.unsqueeze(2)

    def backward(self, passed: Sequence[Tensor], error: Tensor) -> Tensor:
        """As ``Heads``."""
        import torch

        (clips, at, shares), (mean, stretch) = passed, self.own
        spread_out = error.new_zeros(len(clips), *error.shape[:2])
        spread_out.index_put_((at, _each(at)), error.mT, accumulate=True)
        total = error.sum(2)
        pulls = torch.mm(spread_out.flatten(1).T, clips).view(*error.shape[:2], *mean.shape[1:])  # G, [P, C, layer, dim]
        pulls.addcmul_(total[..., None, None], mean.unsqueeze(1), value=-1).mul_(stretch.unsqueeze(1))
        torch.matmul(shares[:, None, None], pulls, out=self.gradients[0].unsqueeze(2))
        self.gradients[1].copy_(total)
        of_shares = torch.matmul(pulls, self.values[0].unsqueeze(3)).sum(1).squeeze(2)
        self.gradients[2].copy_(shares * (of_shares - (shares * of_shares).sum(1, keepdim=True)))
        return error

    @staticmethod
    def told(numbers: Sequence[Vector]) -> dict[str, Any]:
        """As ``Heads``, with the softmax of v."""
        raised = np.exp(numbers[-1] - numbers[-1].max())
        return Heads.told(numbers) | {"mix": raised / raised.sum()}


def _each(rows: Tensor) -> Tensor:
    """The number of each head beside its clips, [P, 1]."""
    import torch

    return torch.arange(len(rows), device=rows.device).unsqueeze(1)


def fit(
    layers: Sequence[Vector],
    labels: Rows,
    probes: Sequence[Probe],
    recipe: Recipe,
    *,
    device: str = "cpu",
    progress: Progress = lambda done, total: None,
) -> list[Mixed]:
    """Train all heads, block by block; each as it would come out alone, up to rounding.

    Memory: all clips (layers x clips x dim x 4 bytes) beside what is given, and for each thread the clips of a step.

    Args:
        layers: of each layer [clip, dim].
        labels: [clip], classes from 0 on.
        probes: in any order; their layer is not asked for.
        recipe: the same for all; no hidden layers.
        device: where to compute.
        progress: told after each block.

    Returns:
        One for each probe, in their order.
    """
    import torch

    vectors, about, unit = _standardised(layers)
    bank = probing_batch.Bank(
        torch.from_numpy(vectors).to(device).flatten(1),
        torch.from_numpy(labels).to(device),
        len(labels),
        int(labels.max()) + 1,
    )
    done: dict[int, Mixed] = {}

    def made(block: list[int]) -> tuple[list[int], list[Mixed]]:
        own = [part.view(len(block), *about.shape) for part in _scales(bank.vectors, [probes[n].train for n in block])]
        heads = probing_batch.fit(bank, [probes[n] for n in block], recipe, partial(_started, own))
        mean, stretch = (part.cpu().numpy() for part in own)
        scales = zip(about + unit * mean, unit / stretch, strict=True)
        return block, [Mixed(head, *scale) for head, scale in zip(heads, scales, strict=True)]

    with probing.workers(device) as each:
        for block, fitted in each(made, list(_blocks(probes, _MOST.get(device, _MOST_GPU)))):
            done.update(zip(block, fitted, strict=True))
            progress(len(done), len(probes))
    return [done[n] for n in range(len(probes))]


def _standardised(layers: Sequence[Vector]) -> tuple[Vector, Vector, Vector]:
    """All clips, [clip, layer, dim], by their common mean and deviation, and these, [layer, dim].

    It changes no head, for each has its own scale on top; but numbers far from 0 would lose digits in the products.
    """
    found = np.empty((len(layers[0]), len(layers), layers[0].shape[1]), layers[0].dtype)
    mean, spread = np.empty_like(found[0]), np.empty_like(found[0])
    for n, vectors in enumerate(layers):
        mean[n] = vectors.mean(axis=0, dtype=np.float64)
        deviation = np.sqrt(np.square(vectors - mean[n]).mean(axis=0, dtype=np.float64))
        spread[n] = np.where(deviation > 0, deviation, 1)
        found[:, n] = (vectors - mean[n]) / spread[n]
    return found, mean, spread


def _blocks(probes: Sequence[Probe], most: int) -> Iterator[list[int]]:
    """Positions of heads that take almost the same clips in the same step, those with more training clips first."""
    order = sorted(range(len(probes)), key=lambda n: (-len(probes[n].train), probes[n].seed, probes[n].train.tobytes()))
    block: list[int] = []
    for n in order:
        if block and (len(block) == most or not _alike(probes[block[0]], probes[n])):
            yield block
            block = []
        block.append(n)
    if block:
        yield block


def _alike(one: Probe, other: Probe) -> bool:
    same = one.seed == other.seed and len(one.train) == len(other.train)
    return same and float((one.train == other.train).mean()) >= _ALIKE


def _scales(vectors: Tensor, trains: Sequence[Rows]) -> tuple[Tensor, Tensor]:
    """Mean and 1 / deviation of each set of clips, [P, dim]; each clip is looked at twice, however many sets it is in."""
    import torch

    there, at = np.unique(np.concatenate(trains), return_inverse=True)
    shares = np.zeros((len(trains), len(there)))
    np.add.at(shares, (np.repeat(np.arange(len(trains)), [len(t) for t in trains]), at), 1)
    held = torch.split(torch.from_numpy(shares / shares.sum(1, keepdims=True)).to(vectors), _AT_ONCE, 1)
    parts = torch.split(torch.from_numpy(there).to(vectors.device), _AT_ONCE)
    room = vectors.new_empty(_AT_ONCE, vectors.shape[1])  # memory that is asked for anew costs more than what is done in it
    mean = vectors.new_zeros(len(trains), vectors.shape[1])
    for share, rows in zip(held, parts, strict=True):
        mean.addmm_(share, torch.index_select(vectors, 0, rows, out=room[: len(rows)]))
    square = (mean - mean[0]).square_().neg_()  # deviations are summed about the mean of the first
    for share, rows in zip(held, parts, strict=True):
        clips = torch.index_select(vectors, 0, rows, out=room[: len(rows)])
        square.addmm_(share, clips.sub_(mean[0]).square_())
    spread = square.clamp_(min=0).sqrt_()
    return mean, torch.where(spread > _SAME, spread, 1).reciprocal_()


def _started(own: list[Tensor], seeds: Sequence[int], widths: Sequence[int], like: Tensor) -> MixedHeads:
    """As ``probing_heads.started``, every layer counting the same."""
    layers, dim = own[0].shape[1:]
    plain = started(seeds, (dim, widths[-1]), like)
    v = like.new_zeros(len(seeds), layers)

    def with_v(parts: list[Tensor]) -> list[Tensor]:
        return [*parts, v.clone()]

    return MixedHeads(with_v(plain.values), with_v(plain.gradients), with_v(plain.means), with_v(plain.squares), own)
