"""Log-mel spectrogram: the energy in 64 bands that follow the ear, every 10 ms. Nothing in it was learned.

Windows of 25 ms (Hann), 64 triangular bands on the mel scale of O'Shaughnessy (1987), m = 2595 log10(1 + f / 700), from 60
to 7800 Hz (the range of BYOL-S), natural logarithm of power. A floor keeps digital silence finite: 1e-8 is the power that
the rounding noise of 16 bits has in one bin (variance 2^-30 / 12, times 150, the sum of the squared window).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_core.audio import RATE_HZ
from ser_core.encoders._encoder import Encoder, HiddenStates

BANDS = 64
FLOOR = 1e-8


def hidden_states(samples: npt.NDArray[np.float32]) -> HiddenStates:
    """float32 mono [samples] at 16 kHz -> [1, frames, 64]; one frame for each 10 ms begun.

    Zeros are laid at both ends, so that a clip shorter than a window has frames too.
    """
    import torch

    with torch.inference_mode():
        power = _transform()(torch.from_numpy(samples))  # [bands, frames]
        logarithm: HiddenStates = torch.log(power + FLOOR).T.unsqueeze(0).numpy()
    return logarithm


@cache
def _transform() -> Any:
    from torchaudio.transforms import MelSpectrogram

    return MelSpectrogram(
        sample_rate=RATE_HZ,
        n_fft=1024,  # bins of 16 Hz: with 512 the lowest bands would hold no bin at all
        win_length=RATE_HZ * 25 // 1000,
        hop_length=RATE_HZ * 10 // 1000,
        f_min=60.0,
        f_max=7800.0,
        n_mels=BANDS,
        pad_mode="constant",
    )


ENCODER = Encoder(
    title="Log-mel spectrogram (torchaudio)",
    licence="none needed",
    revision="64 bands, 25 ms every 10 ms, 60-7800 Hz",
    layers=1,
    dim=BANDS,
    hidden_states=hidden_states,
)
