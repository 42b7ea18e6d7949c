"""Log-mel is also computed a second, slow way; a clip's statistics are those of its frames."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.encoders._find import hidden_states
from ser_core.encoders._statistics import statistics
from tests.ser_core import voices


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(1).uniform(-0.5, 0.5, int(16_000 * seconds)).astype(np.float32)


def slow_logmel(samples: np.ndarray) -> np.ndarray:
    """The definition written out: each frame's Fourier sum, each band's triangle."""

    def hertz(mel: np.ndarray) -> np.ndarray:
        return 700 * (10 ** (mel / 2595) - 1)

    low, high = 2595 * np.log10(1 + 60 / 700), 2595 * np.log10(1 + 7800 / 700)
    corners = hertz(np.linspace(low, high, 66))
    bins = np.arange(513) * 16_000 / 1024
    window = np.zeros(1024)
    window[312:712] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    padded = np.concatenate([np.zeros(512), samples, np.zeros(512)])
    rows = []
    for start in range(0, len(samples) + 1, 160):
        power = np.abs(np.fft.rfft(padded[start : start + 1024] * window)) ** 2
        bands = []
        for left, middle, right in zip(corners, corners[1:], corners[2:], strict=False):
            triangle = np.minimum((bins - left) / (middle - left), (right - bins) / (right - middle))
            bands.append(np.log(np.sum(np.maximum(triangle, 0) * power) + 1e-8))
        rows.append(bands)
    return np.array(rows)


def test_log_mel_is_what_its_formula_says():
    samples = noise(0.3)
    assert (
        np.abs(hidden_states("logmel", samples)[0] - slow_logmel(samples)).max() < 1e-3
    )  # natural logarithm, single precision


def test_log_mel_has_a_frame_for_each_10_ms_begun():
    assert hidden_states("logmel", noise(1)).shape == (1, 101, 64)


def test_no_band_of_log_mel_is_empty():
    assert (hidden_states("logmel", noise(1))[0].std(axis=0) > 0).all()


def test_a_clip_becomes_the_mean_and_the_spread_of_its_frames(tmp_path):
    path = voices.clip(tmp_path / "a.wav", "sad")
    vector = statistics("logmel", str(path), "any")
    from ser_core import audio

    frames = slow_logmel(audio.read(path))
    assert vector[:64] == pytest.approx(frames.mean(axis=0), abs=1e-3)
    assert vector[64:] == pytest.approx(frames.std(axis=0), abs=1e-3)


def test_a_clip_is_heard_anew_when_its_content_is_another(tmp_path):
    path = voices.clip(tmp_path / "a.wav", "sad")
    first = statistics("logmel", str(path), "before")
    voices.clip(tmp_path / "a.wav", "angry")
    assert not np.array_equal(first, statistics("logmel", str(path), "after"))
