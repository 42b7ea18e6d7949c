"""Log-mel is also computed a second, slow way."""

from __future__ import annotations

import numpy as np

from ser_core.encoders._find import hidden_states


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(1).uniform(-0.5, 0.5, int(16_000 * seconds)).astype(np.float32)


def slow_logmel(samples: np.ndarray, floor: float = 1e-8) -> np.ndarray:
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
            bands.append(np.log(np.sum(np.maximum(triangle, 0) * power) + floor))
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
