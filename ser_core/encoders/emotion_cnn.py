"""EmotionCNN: three small convolutions on a cochleagram, 35,584 numbers in all. Untrained: its weights come from a seed.

Nobody publishes weights. As it is opened here it is a floor for others to be compared with; ``network(seed)`` gives the same
network to whoever trains it.

It hears a cochleagram (``cochleagram.py``, whose settings are ours: the papers say nothing of them).

The network follows Tamulevičius et al. (2020) as used in papers on cross-lingual recognition: 3 x 3 convolutions without
bias to 32, 24 and 128 channels, each followed by ReLU, batch norm and 3 x 3 max pooling. That makes exactly the published
number if the four numbers per channel of batch norm are counted; the publication says no more. A frame is 270 ms, the mean
over its bands, [frame, 128]; the mean over frames is the published 128-dimensional vector. A clip shorter than 27
spectrogram frames (260 ms) is filled up with zeros to 27, which give one frame.

Tamulevičius et al.: A study of cross-linguistic speech emotion recognition based on 2D feature spaces, Electronics 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ser_core.encoders._clips import heard
from ser_core.encoders._encoder import Encoder, Hearing, HiddenStates, Samples
from ser_core.encoders._maps import through
from ser_core.encoders._pooling import Pools
from ser_core.encoders._transformers import to
from ser_core.encoders.cochleagram import HOP, SETTINGS, cochleagram

CHANNELS = (32, 24, 128)
SHORTEST = 3**3
"""Spectrogram frames that make one frame."""


class EmotionCNN(Pools):
    """The network, ready to hear; ``trained`` takes the place of random weights."""

    layers, dim = 1, CHANNELS[-1]

    def __init__(self, device: str = "cpu", dtype: str = "fp32", *, trained: Any = None):
        self.network = to((trained if trained is not None else network()).eval(), device, dtype)
        self.device = device
        self.stages = [(self.network[at : at + 4], 3) for at in range(0, len(self.network), 4)]

    def frames(self, samples: int) -> int:
        """One for each 270 ms; thirds are dropped three times."""
        return max((samples // HOP + 1) // SHORTEST, 1)

    def __call__(self, clips: Sequence[Samples]) -> list[HiddenStates]:
        """Float32 [1, frame, 128] for each clip."""
        import torch

        weight = self.network[0].weight
        with torch.inference_mode():
            maps = [cochleagram(self._filled(clip.to(self.device))).to(weight.dtype) for clip in heard(clips)]
            return [states.float().mean(dim=1).T[None] for states in through(self.stages, maps)]

    def _filled(self, clip: Any) -> Any:
        import torch

        return torch.nn.functional.pad(clip, (0, max((SHORTEST - 1) * HOP - len(clip), 0)))


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
        revision=f"{SETTINGS}; weights of seed 0",
        layers=1,
        dim=CHANNELS[-1],
        open=_open,
    )
}
