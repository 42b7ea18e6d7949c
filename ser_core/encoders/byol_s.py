"""BYOL-S: a small convolutional network that learned, without labels, to hear two halves of a spectrogram as one clip.

The front end is log-mel (``logmel.mel_power``: 64 bands, 25 ms in 64 ms of zeros, every 10 ms, 60-7800 Hz), logarithm of
power plus the smallest step of float32, then zero mean and unit variance over the clip: the authors use the statistics of a
corpus, which would make a clip's features depend on its neighbours. Digital silence, which has no variance, becomes zeros.
A clip of fewer than 8 spectrogram frames (70 ms) is filled up with zeros to 8, which give one frame.

Layer 0 is what the network says of each 80 ms, [frame, 512]. Layer 1 is what the authors call the embedding of a clip, the
maximum over its frames plus their mean, [512]; it stands at every frame, so that its mean over time is the embedding.

Scheidwasser-Clow et al.: SERAB, ICASSP 2022; Niizumi et al.: BYOL for audio, IJCNN 2021. The weights are SERAB's (MIT); the
network is written from their shapes and the paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ser_core.encoders import logmel
from ser_core.encoders._checkpoint import weights
from ser_core.encoders._clips import heard
from ser_core.encoders._encoder import Encoder, Hearing, HiddenStates, Samples
from ser_core.encoders._maps import through
from ser_core.encoders._pooling import Pools
from ser_core.encoders._state import fill, state_of
from ser_core.encoders._transformers import to

SHORTEST = 7 * logmel.HOP
"""Samples of 8 spectrogram frames."""


class Byol(Pools):
    """An opened network."""

    layers = 2

    def __init__(self, network: Any, device: str):
        self.network, self.device = network.eval(), device
        self.dim = network["fc"][-2].out_features
        self.mel = logmel.mel_power().to(device)
        features = network["features"]
        self.stages = [(features[at : at + 4], 2) for at in range(0, len(features), 4)]

    def frames(self, samples: int) -> int:
        """One for each 80 ms; halves are dropped three times."""
        return max((samples // logmel.HOP + 1) // 8, 1)

    def __call__(self, clips: Sequence[Samples]) -> list[HiddenStates]:
        """Float32 [2, frame, dim] for each clip."""
        import torch

        with torch.inference_mode():
            maps = through(self.stages, [self._spectrogram(clip) for clip in heard(clips)])
            # [channel, band, frame] -> [frame, band * channel], bands outermost, as the weights of fc expect
            frames = [self.network["fc"](states.permute(2, 1, 0).flatten(1)).float() for states in maps]
            return [torch.stack([f, (f.amax(dim=0) + f.mean(dim=0)).expand_as(f)]) for f in frames]

    def _spectrogram(self, clip: Any) -> Any:
        import torch

        filled = torch.nn.functional.pad(clip, (0, max(SHORTEST - len(clip), 0)))
        logarithm = torch.log(self.mel(filled.to(self.device)) + torch.finfo(torch.float32).eps)
        spread, mean = torch.std_mean(logarithm)
        return ((logarithm - mean) / spread.clamp_min(1e-6)).to(self.network["fc"][0].weight.dtype)


def network(*, bands: int = logmel.BANDS, dim: int = 512, channels: int = 64) -> Any:
    """The layers, with the checkpoint's names, untrained."""
    from torch import nn

    def stage(fewer: int) -> list[Any]:
        return [nn.Conv2d(fewer, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU(), nn.MaxPool2d(2, 2)]

    wide = channels * bands // 8
    return nn.ModuleDict(
        {
            "features": nn.Sequential(*stage(1), *stage(channels), *stage(channels)),
            "fc": nn.Sequential(nn.Linear(wide, dim), nn.ReLU(), nn.Dropout(0.3), nn.Linear(dim, dim), nn.ReLU()),
        }
    )


def _open(folder: Path | None, device: str, dtype: str) -> Hearing:
    assert folder is not None
    file = weights(folder)[0]
    opened = network()
    fill(opened, state_of(file), file)
    return Byol(to(opened, device, dtype), device)


ENCODERS = {
    "byol-s-512": Encoder(
        title="BYOL-S, 512 dimensions (SERAB)",
        licence="MIT",
        languages="the speech of AudioSet, many languages",
        source="https://github.com/Neclow/SERAB/raw/main/SERAB/checkpoints/"
        "default512_BYOLAs64x96-2107281850-e100-bs256-lr0003-rs42.pth",
        revision="sha256:449f5d0dc6b6fa8433d5e43769097520d3bc0fdae88977a7ac29e2e72ca51b52",
        also=("BYOL-S_SERAB_512",),
        layers=2,
        dim=512,
        open=_open,
        size_mb=2,
    )
}
