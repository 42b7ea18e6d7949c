"""Functions of a shard for tests of engines: some end the worker that they are given to."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from ser_core.engine._engine import Shard
from ser_core.engine.local import Local
from ser_core.errors import BadInput, Problem
from ser_core.locks import wait_until_free


@dataclass(frozen=True)
class Square:
    """Squares; a shard that holds ``deadly`` ends its worker as long as the file ``armed`` is there, which it removes."""

    deadly: int = -1
    armed: str = ""
    once: bool = True

    def __call__(self, number: int) -> tuple[int, int]:
        """The square, and the worker's process id."""
        if number == self.deadly and os.path.exists(self.armed):
            if self.once:
                Path(self.armed).unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return number * number, os.getpid()


def refuse(number: int) -> None:
    """What bad input does."""
    raise BadInput(Problem("is no number", "a.csv", number), Problem("is no word", "b.csv"))


def crash(number: int) -> None:
    """What a mistake of ours does."""
    raise ZeroDivisionError("of our own making")


def wait(folder: str) -> None:
    """Waits for as long as somebody holds the gate."""
    print("waiting", flush=True)
    wait_until_free(Path(folder) / "gate")


def wait_in_a_worker(folder: str) -> None:
    """A run whose worker never gets beyond its shard."""
    engine = Local(2, "cpu")
    engine.begin([], threads=1)
    list(engine.map(wait, [Shard(0, folder, ())]))


def no_room(number: int) -> None:
    """What a full disk does."""
    raise BadInput("cannot be written") from OSError(28, "No space left on device")
