"""The outline of a clip, for its picture in the browser: the lowest and the highest sample of each of many short stretches.

Computed here and not in the browser, so that a clip looks the same to everybody, and before it is decoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

STRETCHES = 800
"""As many pairs as a wide screen has room for."""

FULL_SCALE = 127
"""What a full-scale sample becomes: a small whole number keeps the message to the browser small."""


@dataclass(frozen=True)
class Outline:
    """``pairs``: lowest and highest of each stretch by turns, in ±``FULL_SCALE``; ``duration_s`` of the whole clip."""

    pairs: tuple[int, ...]
    duration_s: float


def outline(path: Path) -> Outline:
    """The outline of a sound file, played as one channel; kept until the file changes.

    Raises:
        OSError: it cannot be opened.
        soundfile.LibsndfileError: it is not sound.
    """
    stat = path.stat()
    return _outline(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=1024)  # a few kilobytes each
def _outline(path: Path, _: int, __: int) -> Outline:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return Outline(tuple(pairs_of(samples.mean(axis=1))), len(samples) / rate)


def pairs_of(samples: npt.NDArray[np.float32], stretches: int = STRETCHES) -> list[int]:
    """Lowest and highest by turns, of ``stretches`` stretches (of each sample, if there are fewer).

    Stretch i begins at sample ``i * size // stretches``, so that the picture lies true to time.

    >>> pairs_of(np.array([0.0, 1.0, -1.0, 0.5], np.float32), 2)
    [0, 127, -127, 64]
    """
    count = min(stretches, samples.size)
    if count == 0:
        return []
    starts = np.arange(count) * samples.size // count
    both = np.stack([np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)], axis=1)
    whole: list[int] = np.round(both.clip(-1, 1).ravel() * FULL_SCALE).astype(int).tolist()
    return whole
