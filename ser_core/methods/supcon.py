"""Emotions drawn together across languages, speakers made indistinct: supervised contrast with a speaker adversary.

On frozen, time-averaged features of one layer a small network learns three things at once: to tell emotions apart
(cross-entropy), to lay clips of one emotion beside each other whatever their language (supervised contrast), and not to tell
speakers apart (a classifier of speakers behind a reversed gradient). No label of the language that is tested is needed.

    loss = cross-entropy + contrast * SupCon + adversary * cross-entropy of speakers (``_losses.py``)

The paper (Learning Emotion-discriminative Representations for Zero-Shot Cross-lingual SER) is known to us by a summary that
gives no weights, temperature or sizes, so all of them are settings here and none is claimed to be the paper's. Its ablations
are ``contrast=0`` and ``adversary=0``; both together are the plain network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import languages
from ser_core.errors import BadInput, Problem
from ser_core.methods import _course, _losses
from ser_core.methods._course import Course, Learned, Lessons, Rows, embeds, hears, predict, tells
from ser_core.methods._learning import unteachable
from ser_core.methods._method import Lesson, Method, emotions_of

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Config(Course):
    """What is heard, the network, its losses, and how it learns."""

    seed: int = 0
    """Of the weights it starts from, and of the order of clips."""
    encoder: str = "logmel"
    """Its name."""
    layer: int = -1
    """Whose frames, averaged; negative: from the end."""
    hidden: int = 256
    """Width of the layer that emotions, speakers and contrast are read from."""
    embedding: int = 128
    """Width of what is contrasted."""
    contrast: float = 0.5
    """Weight of supervised contrast; 0: without."""
    temperature: float = 0.1
    w_same: float = 1.0
    """How much pairs of one emotion and one language count in it."""
    w_cross: float = 1.0
    """How much pairs of one emotion and two languages count."""
    adversary: float = 0.1
    """Weight of the speakers' classifier behind the reversed gradient; 0: without."""
    strength: Literal["growing", "constant"] = "growing"
    """Of the reversed gradient: from 0 to 1 over training, or 1."""

    def problems(self) -> Iterator[Problem]:
        """What cannot be learned with, and an encoder or layer that there is not."""
        yield from super().problems()
        yield from _course.not_there(self.encoder, self.layer)
        for name in ("hidden", "embedding"):
            if getattr(self, name) < 1:
                yield Problem(f"{name} must be 1 or more, not {getattr(self, name)}.")
        yield from self.at_least_0("contrast", "adversary", "w_same", "w_cross")
        if not self.temperature > 0:
            yield Problem(f"temperature must be more than 0, not {self.temperature}.")


def fit(train: pd.DataFrame, dev: pd.DataFrame, config: Config) -> Learned:
    """Learn from the training part; stopped by the dev part's cross-entropy.

    Raises:
        BadInput: one emotion only; with an adversary, clips without a speaker or all of one; with contrast across languages
            alone (``w_same`` 0), clips of one language; clips that cannot be heard.
    """
    import torch
    from torch.nn import Sequential

    from ser_core.features import device_named

    labels = emotions_of(train)
    if problems := refuses(Lesson(train, dev, config)):
        raise BadInput(*problems)
    device = device_named("auto")
    vectors = _course.vectors(config, train)
    scale = _course.standardised(vectors, device)
    truth, speaker, language = (torch.from_numpy(each).to(device) for each in _codes(train, labels))
    features = scale(vectors)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = _network(features.shape[1], len(labels), int(speaker.max()) + 1, config).to(device)

    def loss(rows: Rows, progress: float) -> Tensor:
        at = torch.from_numpy(rows).to(device)
        strength = _losses.growing(progress) if config.strength == "growing" else 1.0
        hidden = network["body"](features[at])
        entropy = torch.nn.functional.cross_entropy
        total = entropy(network["emotion"](hidden), truth[at])
        if config.contrast:
            embedded = network["embedding"](hidden)
            total = total + config.contrast * _losses.supervised_contrast(
                embedded, truth[at], language[at], temperature=config.temperature, same=config.w_same, cross=config.w_cross
            )
        if config.adversary:
            said = network["speaker"](_losses.reversed_gradient(hidden, strength))
            total = total + config.adversary * entropy(said, speaker[at])
        return total

    judged = None
    if len(dev):
        emotions = Sequential(network["body"], network["emotion"])
        judged = _course.judging(emotions, scale(_course.vectors(config, dev)), _course.codes(dev, labels))
    lessons = Lessons(network, lambda: len(train), loss, judged)
    told = _course.learn(lessons, config, seed=config.seed)
    return Learned(config, labels, scale.scale, network.cpu(), told)


def refuses(lesson: Lesson) -> list[Problem]:
    """Emotions, speakers or languages of which there are too few."""
    train, config = lesson.train, lesson.config
    problems = unteachable(emotions_of(train), train, lesson.dev)
    if config.adversary:
        nameless = int((train["speaker"] == "").sum())
        voices = len(set(zip(train["corpus"], train["speaker"], strict=True)))
        if nameless:
            problems.append(
                Problem(f"{nameless} of {len(train)} clips say no speaker; set adversary=0 to learn without one.")
            )
        elif voices < 2:
            problems.append(Problem("all clips are of one speaker, so there is no adversary; set adversary=0."))
    spoken = set(train["language"].map(languages.normal))
    if config.contrast and not config.w_same and len(spoken) < 2:
        problems.append(Problem(f"all clips are in {', '.join(spoken)}: with w_same=0 there is nothing to contrast."))
    return problems


def _codes(train: pd.DataFrame, labels: tuple[str, ...]) -> tuple[npt.NDArray[np.int64], ...]:
    """Emotion, speaker and language of each clip, as whole numbers."""
    voices = [f"{corpus} {name}" for corpus, name in zip(train["corpus"], train["speaker"], strict=True)]
    spoken = train["language"].map(languages.normal)
    apart = (np.unique(np.array(each, dtype=str), return_inverse=True)[1].astype(np.int64) for each in (voices, spoken))
    return _course.codes(train, labels), *apart


def _network(dim: int, emotions: int, speakers: int, config: Config) -> Any:
    from torch.nn import Linear, ModuleDict, ReLU, Sequential

    parts: dict[str, Any] = {
        "body": Sequential(Linear(dim, config.hidden), ReLU()),
        "emotion": Linear(config.hidden, emotions),
    }
    if config.contrast:
        parts["embedding"] = Sequential(
            Linear(config.hidden, config.hidden), ReLU(), Linear(config.hidden, config.embedding)
        )
    if config.adversary:
        parts["speaker"] = Sequential(Linear(config.hidden, config.hidden), ReLU(), Linear(config.hidden, speakers))
    return ModuleDict(parts)


METHOD = Method(
    title="Supervised contrast with a speaker adversary",
    config=Config,
    fit=fit,
    predict=predict,
    hears=hears,
    refuses=refuses,
    embeds=embeds,
    tells=tells,
)
