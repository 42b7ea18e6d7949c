"""How a network of many numbers learns from clips: the recipe of the loop, as the paper has it and as its authors ran it.

The paper (Han et al. 2025, section IV): AdamW at 1e-4 (epsilon 1e-8, weight decay 1e-5), batches of 16, one layer of weights
on top, at most 100 epochs, ended when the dev loss has not fallen for 10. The authors' code takes the clips one by one, has
two hidden layers more (128 and 16, ReLU), keeps the weights of the best dev accuracy, and goes into a second stage after 50
epochs at most, with the optimizer, the count of epochs and the best accuracy of the first: preset ``as_run``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from ser_core import probing
from ser_core.errors import BadInput, Problem, nearest

Balance = Literal["off", "weights"]
AT_ONCE = {"cpu": 1_500, "mps": 3_000}
"""Frames that are computed together, with what is kept of them for the gradient: about a megabyte each in a base model."""
_AT_ONCE_GPU = 12_000


@dataclass(frozen=True)
class Recipe(probing.Recipe):
    """What a probe learns by, and what matters only where more is learned than a head."""

    batch: int = 16
    """Clips of one step of the optimizer, however few of them are computed at once."""
    balance: Balance = "off"
    """``weights``: in the training loss a clip counts as much as its emotion is rare, on the mean 1. Not in the dev loss."""
    at_once: int = 0
    """Frames computed together at most; more than one clip only within it. 0: what suits the device."""
    carry_optimizer: bool = False
    """Whether a second stage goes on with the moments of the optimizer, the last weights, the count of epochs (so that
    ``epochs`` is the most of both together) and the best of the first; else it begins with the kept weights and anew."""
    first_epochs: int = 0
    """A second stage goes on from where the first stood after so many epochs, if that was not over before; 0: from its end.
    The first learns on by itself, to its own end."""

    def __post_init__(self) -> None:
        """Refuse what cannot be learned with; all of it at once."""
        problems: list[Problem] = []
        try:
            super().__post_init__()
        except BadInput as bad:
            problems += bad.problems
        if self.balance not in get_args(Balance):
            problems.append(Problem(f"balance cannot be '{self.balance}'. {nearest(str(self.balance), get_args(Balance))}"))
        if self.first_epochs < 0:
            problems.append(Problem(f"first_epochs must be 0 (to the first stage's end) or more, not {self.first_epochs}."))
        if self.at_once < 0:
            problems.append(Problem(f"at_once must be 0 (what suits the device) or more frames, not {self.at_once}."))
        if not self.epsilon > 0:
            problems.append(Problem(f"epsilon must be more than 0, not {self.epsilon}."))
        if not self.weight_decay >= 0:
            problems.append(Problem(f"weight_decay must be 0 or more, not {self.weight_decay}."))
        if problems:
            raise BadInput(*problems)

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch, counted from 1 over all stages; here always the same."""
        return self.learning_rate

    def frames_at_once(self, device: str) -> int:
        """How many frames are computed together on a device ("cuda:1").

        >>> Recipe().frames_at_once("cpu"), Recipe(at_once=99).frames_at_once("cuda:1")
        (1500, 99)
        """
        return self.at_once or AT_ONCE.get(device.partition(":")[0], _AT_ONCE_GPU)


_PAPER = Recipe()
PRESETS = {
    "paper": _PAPER,
    "as_run": replace(_PAPER, batch=1, hidden=(128, 16), keep="accuracy", carry_optimizer=True, first_epochs=50),
}
"""What the paper says, and what its authors' code did."""
