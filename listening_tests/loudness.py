"""One gain in dB for each clip, so that clips, speakers or corpora are equally loud when they are played.

Loudness is ITU-R BS.1770-4 (K-weighted, gated), as pyloudnorm computes it, of the clip as it is served: the mean of its
channels. A gain is shared by all clips of a group, so that the differences of level within it stay as they are: how loud
somebody speaks is a cue to what they feel. The files themselves are never changed.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyloudnorm
import soundfile

HIGHEST_PEAK_DB = -1.0
"""No sample of a played clip lies above this level (dB of full scale): a gain is reduced, never a sample clipped."""

BLOCK_S = 0.4
"""BS.1770 measures in blocks of this length; a shorter clip is one block of its own length."""

_OFFSET_DB = 0.691  # of the standard: the K-weighting's gain at 1 kHz, taken out again


@dataclass(frozen=True)
class Level:
    """How loud a clip is as recorded; ``lufs`` and ``peak_db`` are minus infinity for silence."""

    lufs: float
    peak_db: float
    duration_s: float


@dataclass(frozen=True)
class Gain:
    """What a clip is played with; ``limited`` where the target would have clipped, so that it stays softer than wanted."""

    gain_db: float
    limited: bool


def gains(paths: Sequence[Path], groups: Sequence[str], target_lufs: float) -> list[float]:
    """The gain in dB of each clip; ``groups`` names what shares a gain (each clip its own name: each clip its own gain)."""
    return [gain.gain_db for gain in plan([measure(path) for path in paths], groups, target_lufs)]


def plan(levels: Sequence[Level], groups: Sequence[str], target_lufs: float) -> list[Gain]:
    """The gain of each clip, given how loud each is.

    A group's loudness is that of its clips in a row: the mean of their energies, weighted by duration. Silence has none and
    takes no part; a group of silence alone is played as it is.

    >>> plan([Level(-30.0, -12.0, 1.0), Level(-20.0, -2.0, 1.0)], ["a", "b"], -23.0)
    [Gain(gain_db=7.0, limited=False), Gain(gain_db=-3.0, limited=False)]
    >>> plan([Level(-30.0, -3.0, 1.0), Level(-math.inf, -math.inf, 1.0)], ["a", "b"], -23.0)
    [Gain(gain_db=2.0, limited=True), Gain(gain_db=0.0, limited=False)]
    """
    by_group: dict[str, list[Level]] = {}
    for level, group in zip(levels, groups, strict=True):
        by_group.setdefault(group, []).append(level)
    found = {group: _gain(members, target_lufs) for group, members in by_group.items()}
    return [found[group] for group in groups]


def _gain(members: Sequence[Level], target_lufs: float) -> Gain:
    heard = [level for level in members if math.isfinite(level.lufs)]
    if not heard:
        return Gain(0.0, False)
    energy = sum(level.duration_s * 10 ** ((level.lufs + _OFFSET_DB) / 10) for level in heard)
    loudness = 10 * math.log10(energy / sum(level.duration_s for level in heard)) - _OFFSET_DB
    wanted = target_lufs - loudness
    room = HIGHEST_PEAK_DB - max(level.peak_db for level in members)
    # rounded down: a hundredth of a dB is inaudible, but the limit holds
    return Gain(math.floor(min(wanted, room) * 100 + 1e-6) / 100, room < wanted)


def measure(path: Path) -> Level:
    """How loud a file is, when played as one channel.

    Raises:
        OSError: it cannot be opened.
        soundfile.LibsndfileError: it is not sound.
    """
    stat = path.stat()
    return _measured(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=65536)  # a study is checked again when any of its files changed; the other clips are as loud as before
def _measured(path: Path, _: int, __: int) -> Level:
    samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    return level_of(samples.mean(axis=1), rate)


def level_of(samples: npt.NDArray[np.float64], rate: int) -> Level:
    """How loud samples ``[samples]`` in [-1, 1] are."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak == 0.0:
        return Level(-math.inf, -math.inf, samples.size / rate)
    block_s = min(BLOCK_S, samples.size / rate)
    meter = pyloudnorm.Meter(rate, block_size=block_s * (1 - 1e-9))  # a block as long as the clip must not count as longer
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # every block below the gate: the mean of nothing
        lufs = float(meter.integrated_loudness(samples))
    return Level(lufs if math.isfinite(lufs) else -math.inf, 20 * math.log10(peak), samples.size / rate)
