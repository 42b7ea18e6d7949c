"""Listening by measurement: no clip is silent or clipped, and every emotion differs from neutral as its rule says.

Pitch is measured with a small autocorrelation tracker of our own, which knows nothing of how the clips were made.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from numpy.typing import NDArray

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
RATE = 16000
FRAME, HOP = 640, 160  # 40 ms hold three periods of the lowest voice; every 10 ms
Samples = NDArray[np.float64]


def f0_hz(sound: Samples) -> Samples:
    """F0 of the voiced frames, 60 to 600 Hz: the first high peak of the windowed autocorrelation (Boersma 1993)."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, FRAME)[::HOP]
    loud = np.sqrt((frames**2).mean(axis=1)) > 0.3 * np.sqrt((sound**2).mean())
    pitch = RATE / _periods(frames[loud] * np.hanning(FRAME))
    middle = np.median(pitch)
    return pitch[(pitch > middle / 1.8) & (pitch < middle * 1.8)]  # octave slips of the tracker


def _periods(frames: Samples) -> Samples:
    """Of the frames that have one, in samples."""

    def autocorrelation(x: Samples) -> Samples:
        half: Samples = np.fft.irfft(np.abs(np.fft.rfft(x, 2 * FRAME)) ** 2)[..., : FRAME // 2]
        return half / half[..., :1]

    similarity = autocorrelation(frames) / autocorrelation(np.hanning(FRAME))
    lags = np.arange(RATE // 600, RATE // 60)
    inside = similarity[:, lags]
    highest = inside.max(axis=1, keepdims=True)
    peak = (inside >= similarity[:, lags - 1]) & (inside >= similarity[:, lags + 1]) & (inside >= 0.9 * highest)
    found = peak.any(axis=1) & (highest[:, 0] >= 0.6)
    return lags[peak.argmax(axis=1)][found].astype(float)


def test_the_tracker_finds_the_pitch_of_a_buzz() -> None:
    time = np.arange(RATE) / RATE
    buzz = sum((np.sin(2 * np.pi * 125 * k * time) / k for k in range(1, 20)), np.zeros(RATE))
    assert np.median(f0_hz(buzz)) == pytest.approx(125, rel=0.01)


@cache
def measured() -> pd.DataFrame:
    tables = []
    for folder in (DEMO, DEMO / "training"):
        table = pd.read_csv(folder / "stimuli.csv", dtype=str, keep_default_na=False)
        table = table[table["part"] != "mark"]  # those hold two emotions each
        numbers = pd.DataFrame([_measure(folder / file) for file in table["file"]], index=table.index)
        tables.append(table.join(numbers))
    return pd.concat(tables, ignore_index=True)


def _measure(path: Path) -> dict[str, float]:
    sound = soundfile.read(path)[0]
    heard = sound[np.flatnonzero(sound)[0] : np.flatnonzero(sound)[-1] + 1]
    pitch_st = 12 * np.log2(f0_hz(heard))
    power, frequency = np.abs(np.fft.rfft(heard)) ** 2, np.fft.rfftfreq(len(heard), 1 / RATE)
    return {
        "pitch_st": float(pitch_st.mean()),
        "range_st": float(np.percentile(pitch_st, 90) - np.percentile(pitch_st, 10)),
        "voiced_s": len(pitch_st) * HOP / RATE,
        "spoken_s": len(heard) / RATE,
        "silence_s": (len(sound) - len(heard)) / RATE,
        "level_db": float(10 * np.log10(np.mean(heard**2))),
        "bright_db": float(10 * np.log10(power[frequency > 1000].sum() / power.sum())),
        "peak": float(np.abs(sound).max()),
    }


def difference(emotion: str, other: str, cue: str) -> pd.Series:
    """Per sentence and voice: the cue in one emotion less the cue in the other."""
    spoken = measured()[measured()["part"] != "practice"]
    by_truth = spoken.pivot(index=["part", "speaker", "sentence"], columns="truth", values=cue)
    return by_truth[emotion] - by_truth[other]


def test_no_clip_is_silent_clipped_or_mostly_pause() -> None:
    clips = measured()
    assert clips["peak"].between(0.05, 0.95).all()
    assert clips["level_db"].between(-33, -20).all()
    assert (clips["voiced_s"] > 0.3 * clips["spoken_s"]).all()
    assert clips["silence_s"].between(0.15, 0.25).all()


# (emotion, compared with, cue, sign, least mean difference): Juslin & Laukka (2003); joy above anger: Mozziconacci (1998)
RULES = [
    ("angry", "neutral", "pitch_st", +1, 1.0),
    ("happy", "neutral", "pitch_st", +1, 2.0),
    ("sad", "neutral", "pitch_st", -1, 1.0),
    ("happy", "angry", "pitch_st", +1, 1.0),
    ("angry", "neutral", "range_st", +1, 0.5),
    ("happy", "neutral", "range_st", +1, 0.5),
    ("sad", "neutral", "range_st", -1, 1.0),
    ("angry", "neutral", "spoken_s", -1, 0.2),
    ("happy", "neutral", "spoken_s", -1, 0.2),
    ("sad", "neutral", "spoken_s", +1, 0.3),
    ("angry", "neutral", "level_db", +1, 2.0),
    ("happy", "neutral", "level_db", +1, 0.7),
    ("sad", "neutral", "level_db", -1, 2.0),
    ("angry", "neutral", "bright_db", +1, 1.0),
    ("happy", "neutral", "bright_db", +1, 0.5),
    ("sad", "neutral", "bright_db", -1, 0.8),
    ("angry", "happy", "level_db", +1, 0.7),
]


@pytest.mark.parametrize(("emotion", "other", "cue", "sign", "least"), RULES)
def test_the_emotion_is_heard_in_the_direction_of_its_rule(
    emotion: str, other: str, cue: str, sign: int, least: float
) -> None:
    for part, seen in (sign * difference(emotion, other, cue)).groupby("part"):
        assert seen.mean() > least, part
        assert (seen > 0).mean() >= 0.75, part


def test_levels_of_the_emotions_stay_within_ten_decibels() -> None:
    assert measured().groupby("truth")["level_db"].mean().agg(np.ptp) < 10


def test_mandarin_keeps_its_tones_even_where_sadness_narrows_them() -> None:
    sad = measured().query("language == 'cmn' and truth == 'sad'")
    assert len(sad) == 15
    assert (sad["range_st"] > 1.4).all()


def test_no_single_cue_tells_all_four_emotions_apart() -> None:
    """The best threshold rule on any one cue (nearest class mean, fitted on the clips themselves) makes mistakes."""
    spoken = measured()[measured()["part"] == "test"]
    for cue in ("pitch_st", "range_st", "spoken_s", "level_db", "bright_db"):
        means = spoken.groupby("truth")[cue].mean()
        guess = [means.index[np.abs(means.to_numpy() - value).argmin()] for value in spoken[cue]]
        assert (spoken["truth"] == guess).mean() < 0.85, cue


def test_the_part_to_mark_lies_between_the_silences_of_its_clip() -> None:
    table = pd.read_csv(DEMO / "stimuli.csv")
    marked = table[table["part"] == "mark"]
    assert len(marked) == 3
    for row in marked.itertuples():
        sound = soundfile.read(DEMO / row.file)[0]
        heard = np.flatnonzero(sound) / RATE
        gap = int(np.diff(heard).argmax())  # the pause between the two sentences
        ends_s = [heard[0], heard[gap], heard[gap + 1], heard[-1]]
        assert heard[gap + 1] - heard[gap] == pytest.approx(0.2, abs=0.02)
        told = (row.truth_start_s, row.truth_end_s)
        nearest = min((ends_s[:2], ends_s[2:]), key=lambda part: abs(part[0] - told[0]))
        assert told == pytest.approx(tuple(nearest), abs=0.02)
