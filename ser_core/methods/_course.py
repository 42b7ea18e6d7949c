"""How a small network learns from frozen, pooled features whose loss looks at a whole batch at once.

Networks that see frames learn by ``ser_core/training``; heads whose loss is of one clip at a time, many at once, by
``ser_core/probing``. What is left is here: contrast between the clips of a batch, an adversary, labels that come on the way.

All that is drawn follows from the seed and the epoch, so the same lesson gives the same network, bit by bit, on a CPU.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.errors import BadInput
from ser_core.methods._inlp import Scale, scale_of
from ser_core.methods._method import CURVE, Told
from ser_core.metrics.ua import ua

if TYPE_CHECKING:
    from torch import Tensor

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Course:
    """How long, in what steps, and when it ends."""

    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    batch: int = 128
    """Clips of a step."""
    epochs: int = 100
    """At most."""
    patience: int = 10
    """Epochs without a lower dev loss after which it is over; without dev clips it learns for all epochs."""

    def __post_init__(self) -> None:
        """Refuse what cannot be learned with; all of it at once."""
        problems = [
            f"{k} must be 1 or more, not {v}." for k in ("batch", "epochs", "patience") if (v := getattr(self, k)) < 1
        ]
        if not self.learning_rate > 0:
            problems.append(f"learning_rate must be more than 0, not {self.learning_rate}.")
        if not self.weight_decay >= 0:
            problems.append(f"weight_decay must be 0 or more, not {self.weight_decay}.")
        if problems:
            raise BadInput(*problems)


@dataclass
class Lessons:
    """What a network is taught, step by step.

    Attributes:
        network: a ``torch.nn.Module``.
        count: clips in an epoch, told again before each, since labels may come to it on the way.
        loss: ``loss(rows, progress)`` of a batch, a scalar; progress through all epochs in [0, 1).
        judged: the dev part's mean loss, truths and labels; None without one.
        before: told before each epoch, from 0.
    """

    network: Any
    count: Callable[[], int]
    loss: Callable[[Rows, float], Tensor]
    judged: Callable[[], tuple[float, Rows, Rows]] | None
    before: Callable[[int], None] = lambda epoch: None


def learn(lessons: Lessons, course: Course, *, seed: int, notes: tuple[str, ...] = ()) -> Told:
    """Learn, and leave the network with the weights of the lowest dev loss (of the last epoch without dev clips).

    Raises:
        BadInput: the loss is no number any more.
    """
    import torch

    network = lessons.network
    optimizer = torch.optim.AdamW(network.parameters(), lr=course.learning_rate, weight_decay=course.weight_decay)
    rows: list[list[Any]] = []
    best, kept, kept_at, stopped = math.inf, copy.deepcopy(network.state_dict()), 0, "epochs"
    with torch.random.fork_rng(devices=[]):
        for epoch in range(course.epochs):
            began = time.monotonic()
            torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0]))
            lessons.before(epoch)
            network.train()
            loss = _epoch(lessons, course, optimizer, epoch, seed)
            network.eval()
            dev_loss, dev_ua = _judged(lessons)
            rows.append([1, epoch + 1, loss, dev_loss, dev_ua, round(time.monotonic() - began, 3)])
            if not (math.isfinite(loss) and (lessons.judged is None or math.isfinite(dev_loss))):
                raise BadInput(
                    f"the loss is no number any more in epoch {epoch + 1} (learning_rate {course.learning_rate:g}); "
                    "choose a lower learning_rate."
                )
            if lessons.judged is None or dev_loss < best:
                best, kept, kept_at = dev_loss, copy.deepcopy(network.state_dict()), epoch
            elif epoch - kept_at >= course.patience:
                stopped = "patience"
                break
    network.load_state_dict(kept)
    trainable = sum(part.numel() for part in network.parameters())
    if lessons.judged is None:
        notes = (*notes, f"there were no dev clips: it learned for all {course.epochs} epochs, and the last is kept")
    return Told(
        pd.DataFrame(rows, columns=list(CURVE)), len(rows), kept_at + 1, stopped, trainable, course.batch, notes=notes
    )


def _epoch(lessons: Lessons, course: Course, optimizer: Any, epoch: int, seed: int) -> float:
    from ser_core.probing import batches

    order = batches(lessons.count(), seed=seed, epoch=epoch)
    total = 0.0
    for start in range(0, len(order), course.batch):
        rows = order[start : start + course.batch]
        loss = lessons.loss(rows, (epoch + start / len(order)) / course.epochs)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        total += float(loss.detach()) * len(rows)
    return total / len(order)


def _judged(lessons: Lessons) -> tuple[float, float]:
    """Mean loss and UA of the dev clips."""
    import torch

    if lessons.judged is None:
        return math.nan, math.nan
    with torch.no_grad():
        loss, truths, labels = lessons.judged()
    counts = np.zeros([int(max(truths.max(), labels.max())) + 1] * 2)
    np.add.at(counts, (truths, labels), 1)
    return loss, float(ua(counts))


@dataclass(frozen=True)
class Heard:
    """Features of clips as a network takes them: standardised by the training part, float32 on the device."""

    scale: Scale
    device: str

    def __call__(self, vectors: npt.NDArray[Any]) -> Tensor:
        """[clip, dim]"""
        import torch

        return torch.from_numpy(self.scale(vectors.astype(np.float64)).astype(np.float32)).to(self.device)


def standardised(vectors: npt.NDArray[Any], device: str) -> Heard:
    """Of the training part's features, [clip, dim]."""
    return Heard(scale_of(vectors.astype(np.float64)), device)
