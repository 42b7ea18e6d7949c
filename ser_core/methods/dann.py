"""A domain adversary: emotions are read from what does not tell the source from the target (DANN).

On frozen, time-averaged features of one layer a small network learns to tell emotions apart on labelled clips, and, behind a
reversed gradient, not to tell them from clips of the target, whose emotions nobody says:

    loss = cross-entropy of emotions + adversary * cross-entropy of domains (``_losses.py``)

A step has as many unlabelled clips as labelled ones, drawn with replacement. A labelled clip is of the target if corpus and
language are those of unlabelled clips. The last weights are kept, for the loss of dev clips of the source is lowest before
the reversed gradient has grown.

    Ganin et al. 2016 (JMLR): the reversed gradient and how it grows; Abdelwahab and Busso 2018: for emotion in speech;
    a baseline of Agarla et al. 2023 (table 6), who say nothing of network or settings, so these are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import languages
from ser_core.errors import BadInput, Problem
from ser_core.methods import _course, _losses
from ser_core.methods._course import Course, Learned, Lessons, Rows, embeds, hears, predict, tells
from ser_core.methods._learning import unteachable
from ser_core.methods._method import Method, emotions_of

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Config(Course):
    """What is heard, the network, its adversary, and how it learns."""

    patience: int = 100
    keep: Literal["loss", "last"] = "last"
    """Kept are the weights of the lowest dev loss, or the last ones."""
    seed: int = 0
    """Of the weights it starts from, of the order of clips, and of the unlabelled ones that are drawn."""
    encoder: str = "logmel"
    """Its name."""
    layer: int = -1
    """Whose frames, averaged; negative: from the end."""
    hidden: int = 256
    """Width of the layer that emotions and domains are read from."""
    adversary: float = 1.0
    """Weight of the domains' classifier behind the reversed gradient; 0: without (source only)."""
    strength: Literal["growing", "constant"] = "growing"
    """Of the reversed gradient: from 0 to 1 over training, or 1."""

    def problems(self) -> Iterator[Problem]:
        """What cannot be learned with, and an encoder or layer that there is not."""
        yield from super().problems()
        yield from _course.not_there(self.encoder, self.layer)
        if self.hidden < 1:
            yield Problem(f"hidden must be 1 or more, not {self.hidden}.")
        yield from self.at_least_0("adversary")


def fit(train: pd.DataFrame, dev: pd.DataFrame, config: Config, *, unlabelled: pd.DataFrame | None = None) -> Learned:
    """Learn from the training part, and to be blind to what tells it from ``unlabelled``.

    Raises:
        BadInput: one emotion only; no unlabelled clip, or labelled ones of the target alone, where an adversary is wanted;
            clips that are in two parts, or that cannot be heard.
    """
    import torch
    from torch.nn import Sequential

    from ser_core.features import device_named

    labels = emotions_of(train)
    others = train.iloc[:0] if unlabelled is None or not config.adversary else unlabelled
    of_target = _of_target(train, others)
    if problems := _wrong(train, dev, others, labels, config, of_target, given=unlabelled is not None):
        raise BadInput(*problems)
    device = device_named("auto")
    vectors = _course.vectors(config, train)
    scale = _course.standardised(vectors, device)
    features = scale(vectors)
    target = scale(_course.vectors(config, others)) if len(others) else features[:0]
    truth, domain = (torch.from_numpy(each).to(device) for each in (_course.codes(train, labels), of_target))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = _network(features.shape[1], len(labels), config).to(device)

    def loss(rows: Rows, progress: float) -> Tensor:
        at = torch.from_numpy(rows).to(device)
        hidden = network["body"](features[at])
        entropy = torch.nn.functional.cross_entropy
        total: Tensor = entropy(network["emotion"](hidden), truth[at])
        if not len(target):
            return total
        drawn = target[torch.randint(len(target), (len(rows),)).to(device)]
        strength = _losses.growing(progress) if config.strength == "growing" else 1.0
        both = torch.cat([hidden, network["body"](drawn)])
        domains = torch.cat([domain[at], torch.ones_like(at)])
        return total + config.adversary * entropy(network["domain"](_losses.reversed_gradient(both, strength)), domains)

    judged = None
    if len(dev):
        emotions = Sequential(network["body"], network["emotion"])
        judged = _course.judging(emotions, scale(_course.vectors(config, dev)), _course.codes(dev, labels))
    told = _course.learn(Lessons(network, lambda: len(train), loss, judged), config, seed=config.seed)
    told = replace(told, notes=(*told.notes, *_notes(config, network, features[domain == 0], target)))
    return Learned(config, labels, scale.scale, network.cpu(), told)


def _of_target(train: pd.DataFrame, others: pd.DataFrame) -> npt.NDArray[np.int64]:
    """[clip]: 1 of the target, else 0."""
    pools = [list(zip(clips["corpus"], clips["language"].map(languages.normal), strict=True)) for clips in (train, others)]
    there = set(pools[1])
    return np.array([pool in there for pool in pools[0]], dtype=np.int64)


def _wrong(
    train: pd.DataFrame,
    dev: pd.DataFrame,
    others: pd.DataFrame,
    labels: tuple[str, ...],
    config: Config,
    of_target: npt.NDArray[np.int64],
    *,
    given: bool,
) -> list[Problem]:
    problems = [*unteachable(labels, train, dev), *_course.twice(others, train, dev)]
    if not (given and config.adversary):
        return problems
    if others.empty:
        what = "there is no unlabelled clip of the target for the adversary"
        problems.append(Problem(f"{what}; set adversary=0, or leave more clips of the target."))
    elif of_target.all():
        what = "all labelled clips are of the target itself, so there are no two domains to make alike"
        problems.append(Problem(f"{what}; set adversary=0."))
    return problems


def _network(dim: int, emotions: int, config: Config) -> Any:
    from torch.nn import Linear, ModuleDict, ReLU, Sequential

    parts: dict[str, Any] = {
        "body": Sequential(Linear(dim, config.hidden), ReLU()),
        "emotion": Linear(config.hidden, emotions),
    }
    if config.adversary:
        parts["domain"] = Sequential(Linear(config.hidden, config.hidden), ReLU(), Linear(config.hidden, 2))
    return ModuleDict(parts)


def _notes(config: Config, network: Any, source: Tensor, target: Tensor) -> Iterator[str]:
    """What became of the adversary."""
    import torch

    if config.adversary and not len(target):
        yield "there were no unlabelled clips: it learned from labelled ones only, without an adversary"
    elif len(target):
        with torch.no_grad():
            right = [
                float((network["domain"](network["body"](clips)).argmax(1) == domain).double().mean())
                for domain, clips in enumerate((source, target))
            ]
        told = f"{right[0]:.0%} of the source's clips and {right[1]:.0%} of the target's are told to be so"
        yield f"{len(target)} unlabelled clips of the target; by the adversary {told}"


METHOD = Method(
    title="Domain adversary (DANN)",
    config=Config,
    fit=fit,
    predict=predict,
    hears=hears,
    adapts=True,
    embeds=embeds,
    tells=tells,
)
