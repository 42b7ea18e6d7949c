"""Pseudo-labels: a model labels clips of another language itself, and goes on learning from what it is sure of.

On frozen, time-averaged features of one layer a small network learns from labelled clips, those of the source and as many of
the target as there are. Then, by ``labels``:

    hard  every ``every`` epochs each unlabelled clip whose greatest posterior is ``tau`` or more becomes a training clip
          with that label. All are labelled anew each time.
    soft  from epoch ``every`` on each unlabelled clip is a training clip whose label is its posterior after the last epoch,
          mixed with another clip of its batch (mixup), with two regularisers that keep all clips from becoming one emotion:
          R_A = sum_c q_c log(q_c / h_c), q uniform, h the batch's mean posterior; R_H = the batch's mean entropy.

With ``rebalance`` the clips of the target (labelled and pseudo-labelled) are drawn again until they are as many as those of
the source. A clip is of the target if its language is that of the unlabelled clips.

    Agarla et al. 2023 (arXiv:2207.06767), section 3.2: W = 30, tau = 0.50, CE + 0.8 R_A + 0.4 R_H, mixup with a share drawn
    evenly from 0 to 1, Adam at 1e-3, times 0.95 every 10 epochs, 100 epochs. There the encoder is trained as well; here it
    is frozen, so its numbers are not to be expected. Arazo et al. 2020 (IJCNN): soft labels, regularisers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import languages
from ser_core.errors import BadInput, Problem
from ser_core.methods import _course
from ser_core.methods._course import Course, Heard, Learned, Lessons, Rows, hears, tells
from ser_core.methods._learning import unteachable
from ser_core.methods._method import Method, Rated, Told, emotions_of, posterior

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Config(Course):
    """What is heard, the network, how clips are labelled, and how it learns."""

    decay: float = 0.95
    """What the learning rate is multiplied by every 10 epochs."""
    patience: int = 100
    keep: Literal["loss", "last"] = "last"
    """The last ones, for dev clips of the source fall lowest before a clip of the target is learned."""
    seed: int = 0
    """Of the weights it starts from, and of the order of clips."""
    encoder: str = "logmel"
    """Its name."""
    layer: int = -1
    """Whose frames, averaged; negative: from the end."""
    hidden: int = 128
    """Width of the hidden layer; 0: none."""
    labels: Literal["hard", "soft", "none"] = "hard"
    """How unlabelled clips are labelled; none: they are not used (the lower bound)."""
    tau: float = 0.5
    """The least posterior that makes a hard label."""
    every: int = 30
    """Epochs until unlabelled clips are labelled, and, of hard ones, labelled anew."""
    rebalance: bool = True
    """Whether clips of the target are drawn again until they are as many as those of the source."""
    balance_weight: float = 0.8
    """Of R_A, for soft labels."""
    entropy_weight: float = 0.4
    """Of R_H, for soft labels."""
    mixup: bool = True
    """For soft labels."""

    def problems(self) -> Iterator[Problem]:
        """What cannot be learned with, and an encoder or layer that there is not."""
        yield from super().problems()
        yield from _course.not_there(self.encoder, self.layer)
        if not 0 <= self.tau <= 1:
            yield Problem(f"tau must lie from 0 to 1, not {self.tau}.")
        if self.every < 1:
            yield Problem(f"every must be 1 epoch or more, not {self.every}.")
        yield from self.at_least_0("hidden", "balance_weight", "entropy_weight")


def fit(train: pd.DataFrame, dev: pd.DataFrame, config: Config, *, unlabelled: pd.DataFrame | None = None) -> Learned:
    """Learn from the training part and from what becomes labelled of ``unlabelled``; stopped by the dev part.

    Raises:
        BadInput: one emotion only; labels wanted without an unlabelled clip, or some of them are in another part; clips that
            cannot be heard.
    """
    import torch

    from ser_core.features import device_named

    labels = emotions_of(train)
    others = train.iloc[:0] if unlabelled is None or config.labels == "none" else unlabelled
    if problems := _wrong(train, dev, others, labels, config, given=unlabelled is not None):
        raise BadInput(*problems)
    vectors, device = _course.vectors(config, train), device_named("auto")
    scale = _course.standardised(vectors, device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = _network(vectors.shape[1], len(labels), config).to(device)
    features = scale(vectors)
    if len(others):
        features = torch.cat([features, scale(_course.vectors(config, others))])
    spoken = set(others["language"].map(languages.normal))
    of_target = train["language"].map(languages.normal).isin(spoken).to_numpy()
    truth = np.eye(len(labels), dtype=np.float32)[_course.codes(train, labels)]
    pool = _Pool(network, config, features, truth, of_target)
    judged = _course.judging(network, scale(_course.vectors(config, dev)), _course.codes(dev, labels)) if len(dev) else None
    lessons = Lessons(network, pool.count, pool.loss, judged, pool.before)
    told = _course.learn(lessons, config, seed=config.seed, notes=_notes(config, others, given=unlabelled is not None))
    told = Told(**{**vars(told), "notes": (*told.notes, *pool.said)})
    return Learned(config, labels, scale.scale, network.cpu(), told)


@dataclass
class _Pool:
    """The training clips, labelled and pseudo-labelled, as they stand in an epoch."""

    network: Any
    config: Config
    features: Tensor
    """[clip, dim], of labelled clips, then of unlabelled ones."""
    labels: npt.NDArray[np.float32]
    """[labelled clip, emotion]: 1 or 0."""
    of_target: npt.NDArray[np.bool_]
    """[labelled clip]"""
    said: list[str] = field(default_factory=list)
    _rows: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    """Training clips of this epoch, as rows of the features."""
    _soft: npt.NDArray[np.float32] | None = None
    """[unlabelled clip, emotion]: what they are taken to be."""

    def before(self, epoch: int) -> None:
        """Label what is to be labelled before this epoch, and draw the clips of it."""
        due = len(self.features) > len(self.labels) and epoch >= self.config.every
        sure: Rows = np.empty(0, np.int64)
        if due and (self.config.labels == "soft" or epoch % self.config.every == 0 or self._soft is None):
            self._soft = self._posterior()
        if due and self._soft is not None:
            sure = self._sure(self._soft)
            if self.config.labels == "hard" and epoch % self.config.every == 0:
                self.said.append(f"epoch {epoch}: {len(sure)} of {len(self._soft)} unlabelled clips labelled")
        self._rows = self._drawn(sure, epoch)

    def count(self) -> int:
        """Clips of this epoch."""
        return len(self._rows)

    def loss(self, rows: Rows, progress: float) -> Tensor:
        """Cross-entropy with labels that may be soft, and the regularisers where they are."""
        import torch

        picked = self._rows[rows]
        features, wanted = self._of(picked)
        soft = self.config.labels == "soft" and self._soft is not None
        if soft and self.config.mixup:
            share = float(torch.rand(()))
            order = torch.randperm(len(rows))
            features = share * features + (1 - share) * features[order]
            wanted = share * wanted + (1 - share) * wanted[order]
        logs = self.network(features).log_softmax(dim=1)
        loss: Tensor = -(wanted * logs).sum(dim=1).mean()
        if soft:
            mean = logs.exp().mean(dim=0)
            uniform = 1 / len(mean)
            loss = loss + self.config.balance_weight * (uniform * (uniform / mean.clamp_min(1e-12)).log()).sum()
            loss = loss - self.config.entropy_weight * (logs.exp() * logs).sum(dim=1).mean()
        return loss

    def _posterior(self) -> npt.NDArray[np.float32]:
        import torch

        self.network.eval()
        with torch.no_grad():
            found: npt.NDArray[np.float32] = self.network(self.features[len(self.labels) :]).softmax(dim=1).cpu().numpy()
        self.network.train()
        return found

    def _sure(self, posteriors: npt.NDArray[np.float32]) -> Rows:
        return sure(posteriors, self.config.tau) if self.config.labels == "hard" else np.arange(len(posteriors))

    def _drawn(self, chosen: Rows, epoch: int) -> Rows:
        rows = np.concatenate([np.arange(len(self.labels)), len(self.labels) + chosen])
        if not self.config.rebalance:
            return rows
        target = np.concatenate([self.of_target, np.ones(len(chosen), dtype=bool)])
        return rows[rebalanced(target, seed=self.config.seed, epoch=epoch)]

    def _of(self, picked: Rows) -> tuple[Tensor, Tensor]:
        """Features and labels of training clips."""
        import torch

        taken = self.labels
        if self._soft is not None:
            hard = np.eye(self.labels.shape[1], dtype=np.float32)[self._soft.argmax(axis=1)]
            taken = np.concatenate([self.labels, hard if self.config.labels == "hard" else self._soft])
        device = self.features.device
        return self.features[torch.from_numpy(picked).to(device)], torch.from_numpy(taken[picked]).to(device)


def sure(posteriors: npt.NDArray[np.float32], tau: float) -> Rows:
    """Positions of the clips whose greatest posterior, of [clip, emotion], is ``tau`` or more.

    >>> sure(np.array([[0.5, 0.5], [0.4, 0.6], [0.9, 0.1]], np.float32), 0.55).tolist()
    [1, 2]
    """
    return np.flatnonzero(posteriors.max(axis=1) >= tau)


def rebalanced(of_target: npt.NDArray[np.bool_], *, seed: int, epoch: int) -> Rows:
    """Positions of all clips, those of the target drawn again until they are as many as those of the source.

    Each is there as often as the others of the target, or once more. Where the target has more, or none, all are there once.

    >>> sorted(rebalanced(np.array([False, False, False, True]), seed=0, epoch=0).tolist())
    [0, 1, 2, 3, 3, 3]
    """
    source, target = np.flatnonzero(~of_target), np.flatnonzero(of_target)
    if not 0 < len(target) < len(source):
        return np.arange(len(of_target))
    times, rest = divmod(len(source), len(target))
    more = np.random.default_rng([seed, epoch, 1]).permutation(target)[:rest]
    return np.concatenate([source, np.tile(target, times), more])


def _wrong(
    train: pd.DataFrame, dev: pd.DataFrame, others: pd.DataFrame, labels: tuple[str, ...], config: Config, *, given: bool
) -> list[Problem]:
    problems = unteachable(labels, train, dev)
    if given and config.labels != "none" and others.empty:
        problems.append(Problem("there is no unlabelled clip to label; set labels=none, or leave more clips of the target."))
    return [*problems, *_course.twice(others, train, dev)]


def _notes(config: Config, others: pd.DataFrame, *, given: bool) -> tuple[str, ...]:
    if config.labels == "none":
        return ()
    if not given:
        return ("there were no unlabelled clips: it learned from labelled ones only",)
    late = config.every >= config.epochs
    said = (f"{len(others)} unlabelled clips of the target",)
    return (*said, f"none was labelled: {config.every} epochs were not reached") if late else said


def _network(dim: int, emotions: int, config: Config) -> Any:
    from torch.nn import Linear, ReLU, Sequential

    if not config.hidden:
        return Linear(dim, emotions)
    return Sequential(Linear(dim, config.hidden), ReLU(), Linear(config.hidden, emotions))


def predict(model: Learned, stimuli: pd.DataFrame) -> Rated:
    """The softmax for every clip.

    Raises:
        BadInput: clips that cannot be heard.
    """
    import torch

    features = Heard(model.scale, "cpu")(_course.vectors(model.config, stimuli))
    with torch.no_grad():
        return posterior(stimuli, model.labels, model.network(features).double().softmax(dim=1).numpy())


def embeds(model: Learned, stimuli: pd.DataFrame) -> npt.NDArray[np.float64]:
    """The hidden layer, [clip, hidden]; without one the standardised features, [clip, dim].

    Raises:
        BadInput: clips that cannot be heard.
    """
    from torch.nn import Identity

    body = model.network[:-1] if model.config.hidden else Identity()
    return _course.embedded(model, body, stimuli)


METHOD = Method(
    title="Pseudo-labels for another language",
    config=Config,
    fit=fit,
    predict=predict,
    hears=hears,
    adapts=True,
    embeds=embeds,
    tells=tells,
)
