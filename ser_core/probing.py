"""Probes on frozen features: how much of emotion a small head reads off each layer.

A probe is a head on the pooled features of one layer, learned from some clips and stopped by others. There are many (layers
x folds x settings x seeds), each too small to keep a machine busy, so blocks of them are trained as one program
(``probing_batch``), and each comes out as it would alone.

The paper's recipe (Han et al. 2025, section IV): softmax on one layer of weights, AdamW at 1e-4 (epsilon 1e-8, weight decay
1e-5), batches of 32, at most 100 epochs, ended when the dev loss has not fallen for 10. The authors' code has two hidden
layers more (128 and 16, ReLU) and keeps the weights of the best dev accuracy, not loss: preset ``as_run``.

All layers, folds and settings start from the weights that follow from the seed, and take their training clips in the order
that follows from seed, epoch and number of clips, so that layers differ in what they hear and in nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from ser_core.errors import BadInput

Vector = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
_AT_LEAST, _CACHE = 12, 2**23
"""Probes of a block on a CPU, and bytes that they may fill: more share the cost of a call, fewer stay in its cache."""
_AT_ONCE_GPU = 4096


@dataclass(frozen=True)
class Recipe:
    """A head, and how it learns."""

    hidden: tuple[int, ...] = ()
    """Widths of hidden layers, each with a ReLU after it."""
    learning_rate: float = 1e-4
    epsilon: float = 1e-8
    weight_decay: float = 1e-5
    batch: int = 32
    epochs: int = 100
    """At most."""
    patience: int = 10
    """Epochs without a lower dev loss after which it is over."""
    keep: Literal["loss", "accuracy", "last"] = "loss"
    """Kept are the weights of the epoch of the lowest dev loss, or of the first with the highest dev accuracy; where
    ``KEEPS`` has it, also the ``last`` ones, after all epochs, whatever the dev clips say."""
    KEEPS: ClassVar[tuple[str, ...]] = ("loss", "accuracy")
    DECAY_IN_GRADIENT: ClassVar[bool] = False
    """Whether weight decay is a part of the gradient (torch's ``Adam``) or stands beside it (``AdamW``)."""

    def __post_init__(self) -> None:
        """Refuse what cannot be learned with; all of it at once."""
        least = {"batch": 1, "epochs": 1, "patience": 1}
        problems = [
            f"{k} must be {low} or more, not {getattr(self, k)}." for k, low in least.items() if getattr(self, k) < low
        ]
        if not self.learning_rate > 0:
            problems.append(f"learning_rate must be more than 0, not {self.learning_rate}.")
        problems += [f"a hidden layer must be 1 wide or more, not {width}." for width in self.hidden if width < 1]
        if self.keep not in self.KEEPS:
            problems.append(f"keep must be {' or '.join(self.KEEPS)}, not {self.keep}.")
        if problems:
            raise BadInput(*problems)


PRESETS = {"paper": Recipe(), "as_run": Recipe(hidden=(128, 16), keep="accuracy")}
"""What the paper says, and what its authors' code did."""


@dataclass(frozen=True)
class Probe:
    """One head to train."""

    layer: int
    seed: int
    train: Rows
    """Which clips of the bank it learns from."""
    dev: Rows
    """Which stop it; without any it learns for all epochs, and keeps the last."""


@dataclass(frozen=True)
class Fitted:
    """What became of one probe."""

    weights: tuple[tuple[Vector, Vector], ...]
    """[in, out] and [out] of each layer of the head."""
    epochs: int
    """How many it learned for."""
    kept: int
    """The epoch whose weights these are, from 1."""
    stopped: str
    """``patience`` or ``epochs``."""
    dev_loss: float
    """Of the kept epoch: mean cross-entropy in nats; nan without dev clips."""
    curve: npt.NDArray[np.float64]
    """[epoch, 3]: mean loss of the training clips, each when it was learned from; then of the dev clips after the epoch mean
    loss, and UA (mean recall of the classes that are there)."""
    mix: Vector | None = None
    """[layer], summing to 1: how much each layer counts in what the head hears; None where it hears one alone."""

    def posterior(self, vectors: Vector) -> npt.NDArray[np.float64]:
        """[clip, dim] -> [clip, class], rows summing to 1."""
        values: npt.NDArray[Any] = vectors.astype(np.float64)
        for n, (weight, bias) in enumerate(self.weights):
            values = (values if n == 0 else np.maximum(values, 0)) @ weight + bias
        raised = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))


Progress = Callable[[int, int], None]
"""``progress(probes done, of how many)``"""


def fit(
    bank: Vector,
    labels: Rows,
    probes: Sequence[Probe],
    recipe: Recipe,
    *,
    device: str = "cpu",
    at_once: int | None = None,
    progress: Progress = lambda done, total: None,
) -> list[Fitted]:
    """Train all probes, block by block.

    Memory: the bank (layers x clips x dim x 4 bytes, once more on a GPU), and for each probe of a block five times the
    numbers of its head (weights, kept weights, two moments, gradient) and the features of a batch, or of up to 64 dev clips.
    The bank is not copied for a probe.

    Args:
        bank: [layer, clip, dim].
        labels: [clip], classes from 0 on.
        probes: in any order.
        recipe: the same for all.
        device: where to compute.
        at_once: probes of a block; the results do not depend on it beyond rounding, nor on torch's threads at all.
        progress: told after each block.

    Returns:
        One for each probe, in their order.
    """
    from ser_core import probing_batch

    # in a block, those with more clips stand first, so that the ones still busy with an epoch are always the first few;
    # of equal ones those of a layer stand together, whose features are then nearer than those of all layers
    order = sorted(range(len(probes)), key=lambda n: (-len(probes[n].train), probes[n].layer))
    loaded = probing_batch.load(bank, labels, device)
    size = at_once or _at_once(recipe, bank.shape[2], loaded.classes, device)
    blocks = [order[start : start + size] for start in range(0, len(order), size)]
    done: dict[int, Fitted] = {}
    with workers(device) as each:
        for block, fitted in each(lambda b: (b, probing_batch.fit(loaded, [probes[n] for n in b], recipe)), blocks):
            done.update(zip(block, fitted, strict=True))
            progress(len(done), len(probes))
    return [done[n] for n in range(len(probes))]


@contextmanager
def workers(device: str) -> Iterator[Callable[..., Iterator[Any]]]:
    """``map``, on a CPU by as many threads as torch would use: its own would share out products that are too small for that.

    So a block is computed by one thread whatever their number, and comes out the same to the last bit.
    """
    import torch

    threads = torch.get_num_threads()
    if device != "cpu" or threads == 1:
        yield map
        return
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads) as pool:
            yield pool.map
    finally:
        torch.set_num_threads(threads)


def _at_once(recipe: Recipe, dim: int, classes: int, device: str) -> int:
    """Probes of a block: on a CPU as many as find room in the cache of a core, with gradients, moments and features."""
    if device != "cpu":
        return _AT_ONCE_GPU
    widths = (dim, *recipe.hidden, classes)
    head = sum((wide + 1) * narrow for wide, narrow in pairwise(widths))
    return max(_AT_LEAST, _CACHE // (4 * (4 * head + recipe.batch * dim)))


def batches(count: int, *, seed: int, epoch: int) -> Rows:
    """The order in which ``count`` training clips are taken in an epoch (from 0)."""
    return np.random.default_rng([seed, epoch]).permutation(count)
