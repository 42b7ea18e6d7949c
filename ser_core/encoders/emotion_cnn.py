"""EmotionCNN: three small convolutions on a cochleagram, 35,584 numbers in all. Untrained: its weights come from a seed.

Nobody publishes weights. As it is opened here it is a floor for others to be compared with; ``network(seed)`` gives the same
network to whoever trains it.

The cochleagram: power spectra of 25 ms every 10 ms (as log-mel has them), weighted by 64 fourth-order gammatone filters
spaced evenly on the scale of equivalent rectangular bandwidths from 50 to 7800 Hz, natural logarithm; then zero mean and
unit variance over the clip. A filter's weight at f is (1 + ((f - c) / b)^2)^-4, b = 1.019 ERB(c), with
ERB(c) = 24.7 (4.37 c / 1000 + 1): what a gammatone filter of centre c lets through (Glasberg and Moore 1990; Patterson et
al. 1992). The papers name cochleagrams and say no more of them; these settings are ours.

The network follows Tamulevičius et al. (2020) as used in papers on cross-lingual recognition: 3 x 3 convolutions without
bias to 32, 24 and 128 channels, each followed by ReLU, batch norm and 3 x 3 max pooling. That makes exactly the published
number if the four numbers per channel of batch norm are counted; the publication says no more. A frame is 270 ms, the mean
over its bands, [frame, 128]; the mean over frames is the published 128-dimensional vector. A clip shorter than 27
spectrogram frames (260 ms) is filled up with zeros to 27, which give one frame.

Tamulevičius et al.: A study of cross-linguistic speech emotion recognition based on 2D feature spaces, Electronics 2020.
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
from ser_core.encoders._maps import through
from ser_core.encoders._pooling import Pools
from ser_core.encoders._transformers import to

BANDS, LOWEST_HZ, HIGHEST_HZ = 64, 50.0, 7800.0
HOP, WINDOW, BINS = RATE_HZ // 100, RATE_HZ // 40, 1024
FLOOR = 1e-8
CHANNELS = (32, 24, 128)
SHORTEST = (3**3 - 1) * HOP
"""Samples of 27 spectrogram frames."""


class EmotionCNN(Pools):
    """The network, ready to hear; ``trained`` takes the place of random weights."""

    layers, dim = 1, CHANNELS[-1]

    def __init__(self, device: str = "cpu", dtype: str = "fp32", *, trained: Any = None):
        self.network = to((trained if trained is not None else network()).eval(), device, dtype)
        self.device = device
        self.stages = [(self.network[at : at + 4], 3) for at in range(0, len(self.network), 4)]

    def frames(self, samples: int) -> int:
        """One for each 270 ms; thirds are dropped three times."""
        return max((samples // HOP + 1) // 27, 1)

    def __call__(self, clips: Sequence[Samples]) -> list[HiddenStates]:
        """Float32 [1, frame, 128] for each clip."""
        import torch

        weight = self.network[0].weight
        with torch.inference_mode():
            maps = [cochleagram(clip.to(self.device)).to(weight.dtype) for clip in heard(clips)]
            return [states.float().mean(dim=1).T[None] for states in through(self.stages, maps)]


def cochleagram(clip: Any) -> Any:
    """[samples] at 16 kHz -> [64, frame], standardised log power; lowest band first, a frame for each 10 ms begun."""
    import torch

    filled = torch.nn.functional.pad(clip, (0, max(SHORTEST - len(clip), 0)))
    window = torch.hann_window(WINDOW, device=clip.device)
    spectrum = torch.stft(filled, BINS, HOP, WINDOW, window, pad_mode="constant", return_complex=True)
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


def network(seed: int = 0) -> Any:
    """The layers, with weights drawn from ``seed`` alone (He's, normal); whatever else was drawn before changes nothing."""
    import torch
    from torch import nn

    generator = torch.Generator().manual_seed(seed)
    layers: list[Any] = []
    for fewer, more in zip((1, *CHANNELS), CHANNELS, strict=False):
        convolution = nn.Conv2d(fewer, more, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu", generator=generator)
        layers += [convolution, nn.ReLU(), nn.BatchNorm2d(more), nn.MaxPool2d(3)]
    return nn.Sequential(*layers)


def _open(_: Path | None, device: str, dtype: str) -> Hearing:
    return EmotionCNN(device, dtype)


ENCODERS = {
    "emotion-cnn": Encoder(
        title="EmotionCNN on cochleagrams, untrained",
        licence="none needed",
        languages="none",
        revision="64 gammatone bands 50-7800 Hz, 25 ms every 10 ms, standardised; weights of seed 0",
        layers=1,
        dim=CHANNELS[-1],
        open=_open,
    )
}
