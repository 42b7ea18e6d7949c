"""What a clip sounds like in a few numbers, for the audit: level, pitch, brightness, and a picture to find its like.

They are computed on the clip as every model hears it (mono, 16 kHz), after the pauses at both ends were cut off; of a long
one on its first minute.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from multiprocessing import get_context
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
HEARD_S = 60.0
"""How much of a clip is listened to, so that a recording of hours needs no more memory than an utterance."""

_FREQUENCY_HZ = np.fft.rfftfreq(FRAME, 1 / audio.RATE_HZ)
_BANDS = np.searchsorted(_FREQUENCY_HZ, np.geomspace(100, 7000, 13))
_SLOTS = 10
_LAGS = slice(audio.RATE_HZ // 500, audio.RATE_HZ // 60)
_MANY, _PROCESSES = 500, 8  # from so many clips on; a process costs about a second and 150 MB
_WINDOW = np.hanning(FRAME + 2)[1:-1].astype(np.float32)  # no sample counts nothing, not even the only one there is


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
    facts, samples = audio.inspect_and_read(path, most_s=HEARD_S)
    size = np.abs(samples)
    heard = np.flatnonzero(size > 0.02 * size.max())
    voice = samples[heard[0] : heard[-1] + 1]
    power = _power(_framed(voice) * _WINDOW, FRAME)
    total = float(power.sum())
    above = float(power[:, _FREQUENCY_HZ > 1000].sum())
    return Sound(
        channels=facts.channels,
        sample_rate=facts.sample_rate,
        frames=facts.frames,
        peak=facts.peak,
        clipped=facts.clipped,
        level_db=float(10 * np.log10((voice**2).mean())),
        f0_hz=f0_hz(voice),
        bright_db=float(10 * np.log10(max(above, 1e-12 * total) / total)),
        picture=_picture(power),
    )


def measure_all(clips: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Every clip's numbers as a table with the index of ``clips``, and why clips could not be heard, by their ids.

    Many clips are shared out to a process for each processor, for threads would wait for each other. Of the clips only their
    numbers are kept, about a kilobyte each.
    """
    files = clips["file"].tolist()
    rows: dict[int, Sound] = {}
    unheard: dict[str, str] = {}
    for index, stimulus, found in zip(clips.index, clips["stimulus"], _each(files), strict=True):
        if isinstance(found, Sound):
            rows[index] = found
        else:
            unheard[stimulus] = found
    names = [field.name for field in fields(Sound)]
    table = {name: [getattr(sound, name) for sound in rows.values()] for name in names}
    return pd.DataFrame(table, index=pd.Index(list(rows), dtype=clips.index.dtype), columns=names), unheard


def _each(files: list[str]) -> Iterator[Sound | str]:
    if len(files) < _MANY:
        yield from map(_measured, files)
        return
    workers = min(os.cpu_count() or 1, _PROCESSES)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_measured, files, chunksize=64)


def _measured(path: str) -> Sound | str:
    try:
        return measure(path)
    except BadInput as bad:
        return "; ".join(problem.what for problem in bad.problems)


def f0_hz(voice: npt.NDArray[np.floating[Any]]) -> float:
    """Median F0 of the voiced frames between 60 and 500 Hz, by the autocorrelation divided by the window's own.

    Boersma, Proceedings of the Institute of Phonetic Sciences 17, 97-110, 1993; the first peak that is nearly the highest.

    >>> time_s = np.arange(8000) / 16000
    >>> round(f0_hz(sum(np.sin(2 * np.pi * 120 * k * time_s) / k for k in range(1, 9))))
    120
    """
    frames = _framed(voice)
    loud = frames[(frames**2).mean(axis=1) > 0.1 * (voice**2).mean()]
    similarity = _autocorrelation((loud - loud.mean(axis=1, keepdims=True)) * _WINDOW) / _WINDOW_S_OWN
    inside = similarity[:, _LAGS]
    if not len(inside):
        return float("nan")
    best = inside.max(axis=1)
    peak = (inside >= similarity[:, _LAGS.start - 1 : _LAGS.stop - 1]) & (
        inside >= similarity[:, _LAGS.start + 1 : _LAGS.stop + 1]
    )
    peak &= inside >= 0.9 * best[:, None]
    voiced = (best > 0.6) & peak.any(axis=1)
    return float(np.median(audio.RATE_HZ / (_LAGS.start + peak[voiced].argmax(axis=1)))) if voiced.any() else float("nan")


def _framed(samples: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """[frame, sample]: what does not fill a frame at the end is left out, but for the only one."""
    padded = samples if len(samples) >= FRAME else np.concatenate([samples, np.zeros(FRAME - len(samples), samples.dtype)])
    return np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]


def _power(frames: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    spectrum = np.fft.rfft(frames, size, axis=1)
    power: npt.NDArray[Any] = spectrum.real**2 + spectrum.imag**2
    return power


def _autocorrelation(frames: npt.NDArray[Any]) -> npt.NDArray[Any]:
    raw = np.fft.irfft(_power(frames, 2 * FRAME), axis=1)[:, : FRAME // 2]
    scaled: npt.NDArray[Any] = raw / np.maximum(raw[:, :1], 1e-20)
    return scaled


_WINDOW_S_OWN = _autocorrelation(_WINDOW[None])


def _picture(power: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The energy in 12 bands and 10 slots of the first second: the same for the same speech at another level or rate."""
    frames = int(PICTURE_S * audio.RATE_HZ / HOP)
    bands = np.add.reduceat(power[:frames], _BANDS, axis=1)[:, :-1]
    slots = np.zeros((frames, bands.shape[1]))
    slots[: len(bands)] = bands
    slots = slots.reshape(_SLOTS, -1, bands.shape[1]).mean(axis=1)
    levels = np.log(slots + 1e-4 * slots.max() + 1e-20)
    picture = (levels - levels.mean()).ravel()
    unit: npt.NDArray[np.float32] = (picture / max(float(np.linalg.norm(picture)), 1e-12)).astype(np.float32)
    return unit
