"""Cochleagram: the power that 64 gammatone filters let through, every 10 ms, levelled over the clip. Nothing was learned.

Power spectra of 25 ms every 10 ms (as log-mel has them), weighted by 64 fourth-order gammatone filters spaced evenly on the
scale of equivalent rectangular bandwidths from 50 to 7800 Hz, natural logarithm; then zero mean and unit variance over the
clip. A filter's weight at f is (1 + ((f - c) / b)^2)^-4, b = 1.019 ERB(c), with ERB(c) = 24.7 (4.37 c / 1000 + 1): what a
gammatone filter of centre c lets through (Glasberg and Moore 1990; Patterson et al. 1992).

Papers on emotion name cochleagrams and say no more of them; these settings are ours. Clips are computed one by one, always
in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_core.audio import RATE_HZ
from ser_core.encoders._clips import heard
from ser_core.encoders._encoder import Encoder, Hearing, HiddenStates, Samples
from ser_core.encoders._pooling import Pools

BANDS, LOWEST_HZ, HIGHEST_HZ = 64, 50.0, 7800.0
HOP, WINDOW, BINS = RATE_HZ // 100, RATE_HZ // 40, 1024
FLOOR = 1e-8
SETTINGS = "64 gammatone bands 50-7800 Hz, 25 ms every 10 ms, standardised"


class Cochleagram(Pools):
    """[1, frame, 64] for each clip; one frame for each 10 ms begun."""

    layers, dim = 1, BANDS

    def __init__(self, device: str):
        self.device = device

    def frames(self, samples: int) -> int:
        """One for each 10 ms begun."""
        return samples // HOP + 1

    def __call__(self, clips: Sequence[Samples]) -> list[HiddenStates]:
        """Standardised log power in each band."""
        import torch

        with torch.inference_mode():
            return [cochleagram(clip.to(self.device)).T[None].contiguous() for clip in heard(clips)]


def cochleagram(clip: Any) -> Any:
    """[samples] at 16 kHz -> [64, frame], standardised log power; lowest band first, a frame for each 10 ms begun."""
    import torch

    window = torch.hann_window(WINDOW, device=clip.device)
    spectrum = torch.stft(clip, BINS, HOP, WINDOW, window, pad_mode="constant", return_complex=True)
    weights = torch.from_numpy(gammatone_weights()).to(clip.device, torch.float32)
    logarithm = torch.log(weights @ spectrum.abs().square() + FLOOR)
    spread, mean = torch.std_mean(logarithm)
    return (logarithm - mean) / spread.clamp_min(1e-6)  # silence, which has no spread, becomes zeros


@cache
def gammatone_weights() -> npt.NDArray[np.float64]:
    """[band, bin]: the power that each filter lets through, for bins of 15.625 Hz; 1 at the filter's centre."""
    rates = 21.4 * np.log10(1 + 0.00437 * np.array([LOWEST_HZ, HIGHEST_HZ]))  # Glasberg and Moore's ERB-rate scale
    centres = (10 ** (np.linspace(rates[0], rates[1], BANDS) / 21.4) - 1)[:, None] / 0.00437
    width = 1.019 * 24.7 * (4.37 * centres / 1000 + 1)
    bins = np.arange(BINS // 2 + 1) * RATE_HZ / BINS
    weights: npt.NDArray[np.float64] = (1 + ((bins - centres) / width) ** 2) ** -4
    return weights


def _open(_: Path | None, device: str, __: str) -> Hearing:
    return Cochleagram(device)


ENCODERS = {
    "cochleagram": Encoder(
        title="Cochleagram (gammatone filters)",
        licence="none needed",
        languages="none",
        revision=SETTINGS,
        layers=1,
        dim=BANDS,
        open=_open,
    )
}
