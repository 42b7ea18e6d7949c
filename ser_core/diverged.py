"""A training that went astray: its loss became no number, and nothing is learned any more.

Of one model alone that is bad input. Of an experiment's hundreds it is one that is told to have diverged, has no ratings and
is in no mean, while the others go on.
"""

from __future__ import annotations

import math

from ser_core.errors import BadInput


class Diverged(BadInput):
    """A model that learns nothing any more."""


def finite(loss: float, *, epoch: int, learning_rate: float, of: str = "training") -> None:
    """Go on only with a loss that is a number.

    Args:
        loss: mean of the epoch.
        epoch: from 1.
        learning_rate: what it was learned with.
        of: whose loss it is, ``training`` or ``dev``.

    Raises:
        Diverged: it is none.

    >>> finite(float("nan"), epoch=3, learning_rate=1e9, of="dev")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ser_core.diverged.Diverged: the dev loss is no number any more in epoch 3 (learning_rate 1e+09); choose a lower ...
    """
    if not math.isfinite(loss):
        what = f"the {of} loss is no number any more in epoch {epoch} (learning_rate {learning_rate:g})"
        raise Diverged(f"{what}; choose a lower learning_rate")
