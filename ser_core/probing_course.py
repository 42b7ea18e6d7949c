"""How the probes of a block are getting on: their curves, which epoch's weights are kept, and when each is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_core.probing import Fitted, Probe, Recipe, Vector

Numbers = npt.NDArray[Any]
"""One for each probe that is still learning."""


@dataclass(frozen=True)
class Heard:
    """What probes made of their dev clips; nan where there are none."""

    loss: Numbers
    accuracy: Numbers
    ua: Numbers


class Course:
    """Of probes that started together."""

    def __init__(self, probes: Sequence[Probe], recipe: Recipe):
        count = len(probes)
        self.epoch = 0
        """Epochs that lie behind."""
        self.alive = np.arange(count)
        """Those that are still learning."""
        self._recipe = recipe
        self._blind = np.array([len(probe.dev) == 0 or recipe.keep == "last" for probe in probes])
        self._lowest, self._best, self._loss = (np.full(count, np.inf) for _ in range(3))
        self._fell, self._kept, self._epochs = (np.zeros(count, np.int64) for _ in range(3))
        self._curve = np.full((recipe.epochs, count, 3), np.nan)

    def note(self, learned: Numbers, dev: Heard) -> tuple[Numbers, Numbers]:
        """Take down an epoch, from the mean loss of the training clips and the dev clips.

        Returns:
            Whose weights are the best so far, and who goes on; of those that learned in this epoch.
        """
        alive, blind = self.alive, self._blind[self.alive]
        self._curve[self.epoch, alive] = np.stack([learned, dev.loss, dev.ua], 1)
        self.epoch += 1
        value = dev.loss if self._recipe.keep == "loss" else -dev.accuracy
        better, falls = blind | (value < self._best[alive]), blind | (dev.loss < self._lowest[alive])
        at = alive[better]
        self._best[at], self._loss[at], self._kept[at] = value[better], dev.loss[better], self.epoch
        self._lowest[alive[falls]], self._fell[alive[falls]] = dev.loss[falls], self.epoch
        self._epochs[alive] = self.epoch
        goes_on = (self.epoch - self._fell[alive] < self._recipe.patience) & (self.epoch < self._recipe.epochs)
        self.alive = alive[goes_on]
        return better, goes_on

    def fitted(self, number: int, weights: tuple[tuple[Vector, Vector], ...], mix: Vector | None = None) -> Fitted:
        """What became of one of them; ``weights`` and ``mix`` are the kept ones."""
        epochs = int(self._epochs[number])
        impatient = epochs - self._fell[number] >= self._recipe.patience
        return Fitted(
            weights,
            epochs,
            int(self._kept[number]),
            "patience" if impatient else "epochs",
            float(self._loss[number]),
            self._curve[:epochs, number].copy(),
            mix,
        )
