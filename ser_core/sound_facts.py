"""What a clip sounds like in a few numbers, for the audit: level, pitch, brightness, and a picture to find its like.

They are computed on the clip as every model hears it (mono, 16 kHz), after the pauses at both ends were cut off.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import audio
from ser_core.errors import BadInput

FRAME, HOP = 640, 320  # 40 ms hold three periods of the lowest voice; every 20 ms
PICTURE_S = 1.0
"""How much of the clip, from its first sound on, the picture shows."""

_BANDS_HZ = np.geomspace(100, 7000, 13)
_SLOTS = 10


@dataclass(frozen=True)
class Sound:
    """One clip's numbers; ``picture`` is float32 [120], of unit length."""

    channels: int
    sample_rate: int
    frames: int
    """Samples of each channel, in the file."""
    peak: float
    clipped: float
    """Share of samples at full scale."""
    level_db: float
    f0_hz: float
    """Median over voiced frames; NaN where no voice was found."""
    bright_db: float
    """Energy above 1 kHz, relative to all."""
    picture: npt.NDArray[np.float32]


def measure(path: str | Path) -> Sound:
    """Hear a clip and measure it.

    Raises:
        BadInput: it cannot be heard (see ``audio.read``).
    """
    facts, samples = audio.inspect(path), audio.read(path).astype(np.float64)
    heard = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    voice = samples[heard[0] : heard[-1] + 1]
    power = np.abs(np.fft.rfft(_framed(voice) * np.hanning(FRAME), axis=1)) ** 2
    frequency = np.fft.rfftfreq(FRAME, 1 / audio.RATE_HZ)
    total = float(power.sum())
    above = float(power[:, frequency > 1000].sum())
    return Sound(
        channels=facts.channels,
        sample_rate=facts.sample_rate,
        frames=facts.frames,
        peak=facts.peak,
        clipped=facts.clipped,
        level_db=float(10 * np.log10(np.mean(voice**2))),
        f0_hz=f0_hz(voice),
        bright_db=float(10 * np.log10(max(above, 1e-12 * total) / total)),
        picture=_picture(power, frequency),
    )


def measure_all(clips: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Every clip's numbers as a table with the index of ``clips``, and why clips could not be heard, by their ids.

    The files are read by a few threads at once, and no more than a few of them are in memory.
    """
    rows: dict[int, Sound] = {}
    unheard: dict[str, str] = {}
    todo = iter(zip(clips.index, clips["file"], clips["stimulus"], strict=True))
    with ThreadPoolExecutor(4) as pool:
        while chunk := list(islice(todo, 256)):
            found = pool.map(_measured, [file for _, file, _ in chunk])
            for (index, _, stimulus), (sound, why) in zip(chunk, found, strict=True):
                if sound is None:
                    unheard[stimulus] = why
                else:
                    rows[index] = sound
    names = [field.name for field in fields(Sound)]
    table = {name: [getattr(sound, name) for sound in rows.values()] for name in names}
    return pd.DataFrame(table, index=pd.Index(list(rows), dtype=clips.index.dtype), columns=names), unheard


def _measured(path: str) -> tuple[Sound | None, str]:
    try:
        return measure(path), ""
    except BadInput as bad:
        return None, "; ".join(problem.what for problem in bad.problems)


def f0_hz(voice: npt.NDArray[np.float64]) -> float:
    """Median F0 of the voiced frames between 60 and 500 Hz, by the autocorrelation divided by the window's own.

    Boersma, Proceedings of the Institute of Phonetic Sciences 17, 97-110, 1993; the first peak that is nearly the highest.

    >>> time_s = np.arange(8000) / 16000
    >>> round(f0_hz(sum(np.sin(2 * np.pi * 120 * k * time_s) / k for k in range(1, 9))))
    120
    """
    frames = _framed(voice)
    loud = (frames**2).mean(axis=1) > 0.1 * (voice**2).mean()
    windowed = (frames[loud] - frames[loud].mean(axis=1, keepdims=True)) * np.hanning(FRAME)
    similarity = _autocorrelation(windowed) / _autocorrelation(np.hanning(FRAME)[None])
    first, last = audio.RATE_HZ // 500, audio.RATE_HZ // 60
    inside = similarity[:, first:last]
    if not len(inside):
        return float("nan")
    best = inside.max(axis=1)
    peak = (inside >= similarity[:, first - 1 : last - 1]) & (inside >= similarity[:, first + 1 : last + 1])
    peak &= inside >= 0.9 * best[:, None]
    voiced = (best > 0.6) & peak.any(axis=1)
    return float(np.median(audio.RATE_HZ / (first + peak[voiced].argmax(axis=1)))) if voiced.any() else float("nan")


def _framed(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    padded = np.pad(samples, (0, max(0, FRAME - len(samples))))
    return np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]


def _autocorrelation(frames: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    power = np.abs(np.fft.rfft(frames, 2 * FRAME, axis=1)) ** 2
    raw: npt.NDArray[np.float64] = np.fft.irfft(power, axis=1)[:, : FRAME // 2]
    return raw / np.maximum(raw[:, :1], 1e-20)


def _picture(power: npt.NDArray[np.float64], frequency: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The energy in 12 bands and 10 slots of the first second: the same for the same speech at another level or rate."""
    frames = int(PICTURE_S * audio.RATE_HZ / HOP)
    shown = np.pad(power[:frames], ((0, max(0, frames - len(power))), (0, 0)))
    band = np.digitize(frequency, _BANDS_HZ) - 1
    bands = np.stack([shown[:, band == i].sum(axis=1) for i in range(len(_BANDS_HZ) - 1)], axis=1)
    slots = bands.reshape(_SLOTS, -1, bands.shape[1]).mean(axis=1)
    levels = np.log(slots + 1e-4 * slots.max() + 1e-20)
    picture = (levels - levels.mean()).ravel()
    unit: npt.NDArray[np.float32] = (picture / max(float(np.linalg.norm(picture)), 1e-12)).astype(np.float32)
    return unit
