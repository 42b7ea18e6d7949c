"""Small networks that learn to hear from the beginning: clips as spectrograms, crops of them in training, and the recipe.

A method names its network; here is what they share. In training a random stretch of each clip is heard (``crop_s``), and a
shorter clip is filled up with zeros, the mean of a levelled spectrogram. Rated is a whole clip, alone, so that what is said
of it depends on nothing beside it. A spectrogram is levelled to zero mean and unit variance over its clip.

The learning rate is multiplied by ``decay`` every ``decay_every`` epochs. A step is computed in one go, because batch norm
looks at all clips of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from ser_core.errors import BadInput, Problem, nearest
from ser_core.features import device_named
from ser_core.methods import _trained
from ser_core.methods._learning import refused
from ser_core.methods._method import Ears, Method, Rated, Told, Watch, emotions_of, posterior
from ser_core.methods._trained import Model, Way
from ser_core.training.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor

SPECTROGRAMS = ("cochleagram", "logmel")
"""Encoders whose frames are 10 ms of 64 bands."""
FRAMES_PER_S = 100
SHORTEST = 27
"""Frames that a network needs at least."""
LONGEST_S = 60
"""Seconds of a crop."""
_AT_ONCE = 1_000_000
"""Frames: more than a step of any batch has."""


@dataclass(frozen=True)
class Falling(Recipe):
    """A recipe whose learning rate falls."""

    decay: float = 1.0
    decay_every: int = 10

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch, counted from 1 over all stages.

        >>> [Falling(learning_rate=1.0, decay=0.5, decay_every=2).rate(epoch) for epoch in (1, 2, 3, 4, 5)]
        [1.0, 1.0, 0.5, 0.5, 0.25]
        """
        return self.learning_rate * self.decay ** ((epoch - 1) // self.decay_every)


@dataclass(frozen=True)
class Config:
    """What is heard and how it learns; the numbers are those of Agarla et al. 2023, section 4.2."""

    seed: int = 0
    """Of the weights it starts from, of the order of clips and of the crops."""
    encoder: str = "cochleagram"
    """The spectrogram: cochleagram or logmel."""
    crop_s: float = 2.0
    """Seconds of each clip that are heard in a step of training."""
    learning_rate: float = 1e-3
    decay: float = 0.95
    """What the learning rate is multiplied by every ``decay_every`` epochs."""
    decay_every: int = 10
    weight_decay: float = 0.0
    batch: int = 100
    """Clips of a step."""
    epochs: int = 100
    """At most."""
    patience: int = 100
    """Epochs without a lower dev loss after which it is over."""
    keep: Literal["loss", "accuracy"] = "accuracy"
    """Kept are the weights of the lowest dev loss, or of the first highest dev accuracy."""

    def __post_init__(self) -> None:
        """Refuse what cannot be learned with; all of it at once."""
        if problems := [*self._wrong(), *refused(lambda: self.recipe)]:
            raise BadInput(*problems)

    def _wrong(self) -> Iterator[Problem]:
        if self.seed < 0:
            yield Problem(f"seed must be 0 or more, not {self.seed}.")
        if self.encoder not in SPECTROGRAMS:
            what = f"encoder must be a spectrogram ({', '.join(SPECTROGRAMS)}), not '{self.encoder}'"
            yield Problem(f"{what}: it learns from the sound. {nearest(self.encoder, SPECTROGRAMS)}")
        if not SHORTEST / FRAMES_PER_S <= self.crop_s <= LONGEST_S:
            yield Problem(f"crop_s must lie from {SHORTEST / FRAMES_PER_S} to {LONGEST_S} seconds, not {self.crop_s}.")
        if not 0 < self.decay <= 1:
            yield Problem(f"decay must be more than 0 and at most 1, not {self.decay}.")
        if self.decay_every < 1:
            yield Problem(f"decay_every must be 1 epoch or more, not {self.decay_every}.")

    @property
    def recipe(self) -> Falling:
        """How it learns."""
        return Falling(
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            batch=self.batch,
            epochs=self.epochs,
            patience=self.patience,
            keep=self.keep,
            at_once=_AT_ONCE,
            decay=self.decay,
            decay_every=self.decay_every,
        )


class Network:
    """A ``torch.nn.Module`` from [clip, frame, band] to logits, as the training loop needs it."""

    def __init__(self, module: Any, crop: int, device: str):
        self.module, self.crop = module.to(device), crop
        self.train(False)

    def __call__(self, clips: Sequence[Tensor]) -> Tensor:
        """Logits, [clip, class], of the spectrogram of each clip, [frame, band]."""
        import torch

        if not self.training:
            return torch.cat([self.module(_filled(levelled(clip), SHORTEST)[None]) for clip in clips])
        starts = torch.rand(len(clips), device=clips[0].device).tolist()
        crops = [cropped(levelled(clip), self.crop, start) for clip, start in zip(clips, starts, strict=True)]
        logits: Tensor = self.module(torch.stack(crops))
        return logits

    def train(self, mode: bool = True) -> None:
        """Whether clips are cropped, and batch norm looks at the batch."""
        self.training = mode
        self.module.train(mode)

    def named_parameters(self) -> Iterator[tuple[str, Any]]:
        """What is learned by gradients."""
        named: Iterator[tuple[str, Any]] = self.module.named_parameters()
        return named

    def learned(self) -> dict[str, Tensor]:
        """Copies of what is learned, on the CPU, with the means and variances that batch norm has seen."""
        return {name: value.detach().cpu().clone() for name, value in self.module.state_dict().items()}

    def load_learned(self, state: Mapping[str, Tensor]) -> None:
        """Put it back."""
        self.module.load_state_dict(state)


def levelled(frames: Tensor) -> Tensor:
    """[frame, band] with zero mean and unit variance over the clip; silence becomes zeros."""
    import torch

    spread, mean = torch.std_mean(frames)
    return (frames - mean) / spread.clamp_min(1e-6)


def cropped(frames: Tensor, length: int, start: float) -> Tensor:
    """``length`` frames from a ``start`` in [0, 1) of all that there are; a shorter clip is filled up with zeros."""
    begin = int(start * (max(len(frames) - length, 0) + 1))
    return _filled(frames[begin : begin + length], length)


def _filled(frames: Tensor, length: int) -> Tensor:
    import torch

    return torch.nn.functional.pad(frames, (0, 0, 0, max(length - len(frames), 0)))


def method(title: str, config: type, module: Callable[[int, int], Any]) -> Method:
    """The method of a network.

    Args:
        title: what it is.
        config: ``Config`` or a kind of it.
        module: ``module(emotions, seed)`` from [clip, frame, 64] to logits, drawn from the seed alone.
    """

    fit, predict, tells = _Fit(module), _Predict(module), _Tells(module)
    return Method(title=title, config=config, fit=fit, predict=predict, hears=_hears, watched=True, tells=tells)


@dataclass(frozen=True)
class _Of:
    """What is done with the networks of a module; a frozen object, because methods are sent to workers."""

    module: Callable[[int, int], Any]

    def build(self, config: Any, emotions: int, device: str) -> Network:
        return Network(self.module(emotions, config.seed), round(config.crop_s * FRAMES_PER_S), device)


class _Fit(_Of):
    def __call__(self, train: pd.DataFrame, dev: pd.DataFrame, config: Any, *, watch: Watch | None = None) -> Model:
        way = Way(_hears, self.build)
        return _trained.learned(way, emotions_of(train), train, dev, config, watch or Watch())


class _Predict(_Of):
    def __call__(self, model: Model, stimuli: pd.DataFrame) -> Rated:
        import torch

        device = device_named("auto")
        heard, revision = _trained.part(_hears(model.config), model.config, (), stimuli)
        _trained.same_revision(model, revision)
        network = self.build(model.config, len(model.labels), device)
        network.load_learned(model.stand.kept)
        with torch.inference_mode():
            rows = [network(heard.tensors(np.array([row]), device)).double().softmax(-1) for row in range(len(heard))]
        return posterior(stimuli, model.labels, torch.cat(rows).cpu().numpy())


class _Tells(_Of):
    def __call__(self, model: Model) -> Told:
        numbers = dict(self.module(len(model.labels), model.config.seed).named_parameters())
        return replace(_trained.tells(model), trainable=sum(value.numel() for value in numbers.values()))


def _hears(config: Any) -> Ears:
    return Ears(config.encoder, "frames", 0)
