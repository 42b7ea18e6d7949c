"""What workers do with a shard: check clips, let an encoder hear them, fit a model, rate clips.

Each is a frozen object that can be pickled, and takes a shard's content. All compute with the same number of threads on
every worker, because the order in which threads add decides the last bits of a sum.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ser_core import audio
from ser_core.errors import BadInput, Problem
from ser_core.features import close_kept, device_named, features
from ser_core.methods._method import Ears, Method, Rated

DIGITS = 6
"""Weights, posteriors and times are rounded to so many digits after the point."""


@dataclass(frozen=True)
class Measured:
    """What was found of a clip's file."""

    sha256: str = ""
    duration_s: float = float("nan")
    size: int = 0
    changed_ns: int = 0
    """When the file was changed last; with its size it tells whether it still is what was measured."""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Check:
    """Decode clips: rows of (file, sha256 as written) -> ``Measured`` of each."""

    def __call__(self, clips: Sequence[tuple[str, str]]) -> list[Measured]:
        """What is wrong with a clip is told with it, and nothing is raised."""
        return [_measured(file, written) for file, written in clips]


def _measured(file: str, written: str) -> Measured:
    try:
        facts = audio.inspect(file)
        digest = audio.sha256(file)
        if written not in ("", digest):
            raise BadInput(Problem("is not the clip that was indexed: its sha256 is another; index it again", file))
        size, changed_ns = stamp(file)
    except BadInput as bad:
        return Measured(problems=bad.problems)
    return Measured(digest, round(facts.duration_s, 4), size, changed_ns)


def stamp(file: str) -> tuple[int, int]:
    """Size and time of the last change of a file, which must be there."""
    told = os.stat(file)
    return told.st_size, told.st_mtime_ns


@dataclass(frozen=True)
class Heard:
    """What hearing a shard gave."""

    encoder: str
    revision: str
    known: int
    made: int
    device: str
    left_out: tuple[Problem, ...]


@dataclass(frozen=True)
class Hear:
    """Let the encoder hear different clips (``file``, ``sha256``), so that fitting and rating find their features."""

    ears: Ears
    threads: int

    def __call__(self, clips: pd.DataFrame) -> Heard:
        """The encoder stays open for the next shard."""
        ears = self.ears
        with computing(self.threads):
            found = features(ears.encoder, clips, pooling=ears.pooling, layer=ears.layer, keep_open=True)
        about = found.about
        return Heard(about.encoder, about.revision, found.known, found.made, found.device, found.left_out)


@dataclass(frozen=True)
class Fit:
    """Fit a model to a training part; of a method that comes trained, to nothing."""

    method: Method
    config: Any
    threads: int

    def __call__(self, train: pd.DataFrame) -> Any:
        """The model, which can be pickled."""
        close_kept()  # what training needs of a device's memory is more than an encoder leaves
        with computing(self.threads):
            return self.method.fit(train, train.iloc[:0], self.config)


@dataclass(frozen=True)
class Said:
    """What a model says of a shard's clips."""

    rated: Rated
    device: str


@dataclass(frozen=True)
class Rate:
    """Let one of the models rate clips: (which model, clips) -> what it says, rounded."""

    method: Method
    models: tuple[Any, ...]
    threads: int

    def __call__(self, shard: tuple[int, pd.DataFrame]) -> Said:
        """Rounded to six digits; see ``runs``."""
        which, clips = shard
        close_kept()
        with computing(self.threads):
            rated = self.method.predict(self.models[which], clips)
        posteriors = rated.posteriors
        return Said(
            Rated(rated.ratings.round(DIGITS), None if posteriors is None else posteriors.round(DIGITS)),
            device_named("auto") if "torch" in sys.modules else "cpu",
        )


@contextmanager
def computing(threads: int) -> Iterator[None]:
    """Compute with so many threads in this block, with libraries that are loaded in it too."""
    from threadpoolctl import threadpool_limits

    torch, before = sys.modules.get("torch"), os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = str(threads)  # for torch, if it is not here yet
    usual = torch.get_num_threads() if torch else None
    try:
        if torch:
            torch.set_num_threads(threads)
        with threadpool_limits(threads):
            yield
    finally:
        if torch:
            torch.set_num_threads(usual)
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
