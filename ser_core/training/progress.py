"""How far a training is, in words, with the time that is left at most."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

EVERY_S = 10.0
"""Between two sentences at least."""


@dataclass
class Progress:
    """Tells of the epochs from ``first`` to ``last``, now and then."""

    say: Callable[[str], None]
    first: int
    last: int
    known: str = ""
    """What the last epoch came to."""
    _began: float = field(default_factory=time.monotonic)
    _told: float = field(default_factory=time.monotonic)

    def tell(self, epoch: int, share: float) -> None:
        """Say, if it is time to, that ``share`` of an epoch is done, what is known by now, and how long it takes at most."""
        now = time.monotonic()
        if now - self._told < EVERY_S:
            return
        self._told = now
        done = epoch - self.first + share
        left = (now - self._began) * (self.last - self.first + 1 - done) / done
        words = [f"epoch {epoch} of at most {self.last}: {share:.0%} done", f"{clock(left)} left at most", self.known]
        self.say("; ".join(filter(None, words)))


def clock(seconds: float) -> str:
    """Hours, minutes, seconds.

    >>> clock(3725.4)
    '1:02:05'
    """
    return str(timedelta(seconds=round(seconds)))
