"""Log-mel spectrogram: the energy in 64 bands that follow the ear, every 10 ms. Nothing in it was learned.

Windows of 25 ms (Hann), 64 triangular bands on the mel scale of O'Shaughnessy (1987), m = 2595 log10(1 + f / 700), from 60
to 7800 Hz (the range of BYOL-S), natural logarithm of power. A floor keeps digital silence finite: 1e-8 is the power that
the rounding noise of 16 bits has in one bin (variance 2^-30 / 12, times 150, the sum of the squared window).

Zeros are laid at both ends, so that a clip shorter than a window has a frame too. Clips are computed one by one: no
arithmetic is shared between clips, and there is nothing to batch on a processor.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ser_core.audio import RATE_HZ
from ser_core.encoders._clips import heard
from ser_core.encoders._encoder import Encoder, Hearing, HiddenStates, Samples
from ser_core.encoders._pooling import Pools

BANDS = 64
FLOOR = 1e-8
HOP = RATE_HZ * 10 // 1000


class LogMel(Pools):
    """[1, frame, 64] for each clip; one frame for each 10 ms begun. Always computed in float32: it is no matrix work."""

    layers, dim = 1, BANDS

    def __init__(self, device: str):
        self.device, self.mel = device, mel_power().to(device)

    def frames(self, samples: int) -> int:
        """One for each 10 ms begun."""
        return samples // HOP + 1

    def __call__(self, clips: Sequence[Samples]) -> list[HiddenStates]:
        """Natural logarithm of power in each band."""
        import torch

        with torch.inference_mode():
            return [torch.log(self.mel(clip.to(self.device)) + FLOOR).T[None].contiguous() for clip in heard(clips)]


def mel_power() -> Any:
    """A module from [samples] to power in 64 bands, [band, frame]; BYOL-S hears through the same one."""
    from torchaudio.transforms import MelSpectrogram

    return MelSpectrogram(
        sample_rate=RATE_HZ,
        n_fft=1024,  # bins of 16 Hz: with 512 the lowest bands would hold no bin at all
        win_length=RATE_HZ * 25 // 1000,
        hop_length=HOP,
        f_min=60.0,
        f_max=7800.0,
        n_mels=BANDS,
        pad_mode="constant",
    )


def _open(_: Path | None, device: str, __: str) -> Hearing:
    return LogMel(device)


ENCODERS = {
    "logmel": Encoder(
        title="Log-mel spectrogram (torchaudio)",
        licence="none needed",
        languages="none",
        revision="64 bands, 25 ms every 10 ms, 60-7800 Hz",
        layers=1,
        dim=BANDS,
        open=_open,
    )
}
