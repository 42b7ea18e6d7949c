"""How a small network learns from frozen, pooled features whose loss looks at a whole batch at once.

Networks that see frames learn by ``ser_core/training``; heads whose loss is of one clip at a time, many at once, by
``ser_core/probing``. What is left is here: contrast between the clips of a batch, an adversary, labels that come on the way.

All that is drawn follows from the seed and the epoch, so the same lesson gives the same network, bit by bit, on a CPU.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.diverged import finite
from ser_core.encoders._find import find
from ser_core.errors import BadInput, Problem
from ser_core.methods._heard import heard
from ser_core.methods._inlp import Scale, scale_of
from ser_core.methods._method import CURVE, Ears, Rated, Told, posterior
from ser_core.metrics.ua import ua

if TYPE_CHECKING:
    from torch import Tensor

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Course:
    """How long, in what steps, and when it ends."""

    learning_rate: float = 1e-3
    decay: float = 1.0
    """What the learning rate is multiplied by every 10 epochs."""
    weight_decay: float = 1e-4
    batch: int = 128
    """Clips of a step."""
    epochs: int = 100
    """At most."""
    patience: int = 10
    """Epochs without a lower dev loss after which it is over; without dev clips it learns for all epochs."""
    keep: Literal["loss", "last"] = "loss"
    """Kept are the weights of the lowest dev loss, or the last ones."""

    def __post_init__(self) -> None:
        """Refuse what cannot be learned with; all of it at once."""
        if problems := list(self.problems()):
            raise BadInput(*problems)

    def problems(self) -> Iterator[Problem]:
        """What cannot be learned with; whoever has more settings has more of it."""
        for name in ("batch", "epochs", "patience"):
            if getattr(self, name) < 1:
                yield Problem(f"{name} must be 1 or more, not {getattr(self, name)}.")
        if not self.learning_rate > 0:
            yield Problem(f"learning_rate must be more than 0, not {self.learning_rate}.")
        if not 0 < self.decay <= 1:
            yield Problem(f"decay must be more than 0 and at most 1, not {self.decay}.")
        yield from self.at_least_0("weight_decay")

    def at_least_0(self, *names: str) -> Iterator[Problem]:
        """Those of the settings that are below 0, or no number."""
        for name in names:
            if not getattr(self, name) >= 0:
                yield Problem(f"{name} must be 0 or more, not {getattr(self, name)}.")


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
    """Learn, and leave the network with the weights that are kept (of the last epoch without dev clips).

    Raises:
        Diverged: the loss is no number any more.
    """
    import torch

    network = lessons.network
    optimizer = torch.optim.AdamW(network.parameters(), lr=course.learning_rate, weight_decay=course.weight_decay)
    rows: list[list[Any]] = []
    best, fell, kept, kept_at, stopped = math.inf, 0, copy.deepcopy(network.state_dict()), 0, "epochs"
    with torch.random.fork_rng(devices=[]):
        for epoch in range(course.epochs):
            began = time.monotonic()
            torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0]))
            lessons.before(epoch)
            for group in optimizer.param_groups:
                group["lr"] = course.learning_rate * course.decay ** (epoch // 10)
            network.train()
            loss = _epoch(lessons, course, optimizer, epoch, seed)
            network.eval()
            dev_loss, dev_ua = _judged(lessons)
            rows.append([1, epoch + 1, loss, dev_loss, dev_ua, round(time.monotonic() - began, 3)])
            at: dict[str, Any] = {"epoch": epoch + 1, "learning_rate": course.learning_rate}
            finite(loss, **at)
            if lessons.judged is not None:
                finite(dev_loss, **at, of="dev")
            lower = lessons.judged is None or dev_loss < best
            if lower:
                best, fell = dev_loss, epoch
            if lower or course.keep == "last":
                kept, kept_at = copy.deepcopy(network.state_dict()), epoch
            if epoch - fell >= course.patience:
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


def judging(network: Callable[[Tensor], Tensor], features: Tensor, truth: Rows) -> Callable[[], tuple[float, Rows, Rows]]:
    """``Lessons.judged`` of a network from features [clip, dim] to logits."""
    import torch

    def judged() -> tuple[float, Rows, Rows]:
        logits = network(features).cpu()
        return float(torch.nn.functional.cross_entropy(logits, torch.from_numpy(truth))), truth, logits.argmax(dim=1).numpy()

    return judged


def codes(clips: pd.DataFrame, labels: tuple[str, ...]) -> Rows:
    """The emotion of each clip as its position among the labels."""
    return np.array([labels.index(name) for name in clips["truth"]], dtype=np.int64)


@dataclass(frozen=True)
class Learned:
    """What a method on pooled features has learned."""

    config: Any
    labels: tuple[str, ...]
    scale: Scale
    """Of the training part."""
    network: Any
    """On the CPU, whatever it learned on."""
    told: Told


def hears(config: Any) -> Ears:
    """Means over frames; the layer is taken from them."""
    return Ears(config.encoder)


def vectors(config: Any, clips: pd.DataFrame) -> npt.NDArray[np.float32]:
    """Of the layer of the config, [clip, dim].

    Raises:
        BadInput: clips that cannot be heard.
    """
    return heard(hears(config), clips).layer(config.layer)


def tells(model: Learned) -> Told:
    """How it learned."""
    return model.told


def predict(model: Learned, stimuli: pd.DataFrame) -> Rated:
    """The softmax for every clip, of a network with a ``body`` and what tells ``emotion`` apart from what that makes of it.

    Raises:
        BadInput: clips that cannot be heard.
    """
    import torch

    features = Heard(model.scale, "cpu")(vectors(model.config, stimuli))
    with torch.no_grad():
        logits = model.network["emotion"](model.network["body"](features)).double()
    return posterior(stimuli, model.labels, logits.softmax(dim=1).numpy())


def embeds(model: Learned, stimuli: pd.DataFrame) -> npt.NDArray[np.float64]:
    """What such a network's ``body`` makes of every clip, from which all else is read: [clip, hidden].

    Raises:
        BadInput: clips that cannot be heard.
    """
    return embedded(model, model.network["body"], stimuli)


def embedded(model: Learned, part: Any, stimuli: pd.DataFrame) -> npt.NDArray[np.float64]:
    """What a part of the network makes of every clip's features."""
    import torch

    with torch.no_grad():
        found: npt.NDArray[np.float64] = part(Heard(model.scale, "cpu")(vectors(model.config, stimuli))).double().numpy()
    return found


def twice(others: pd.DataFrame, *parts: pd.DataFrame) -> Iterator[Problem]:
    """Unlabelled clips that are in a labelled part as well."""
    known = {content for part in parts for content in part["sha256"]}
    if both := set(others["sha256"]) & known - {""}:
        yield Problem(f"{len(both)} clips are labelled and unlabelled at once.")


def not_there(encoder: str, layer: int) -> Iterator[Problem]:
    """An encoder or a layer that there is not."""
    try:
        find(encoder).layer(layer)
    except BadInput as bad:
        yield from bad.problems
