"""A convolutional and recurrent network, trained from the beginning: what foundation models are compared with.

Two convolutions over time, the first with the wider kernel; a bidirectional LSTM of 128 units each way; a dense layer of
128; a softmax.

    Shoukat et al. 2023 (SNAMS), section III-A, names these parts and "a larger kernel size for the initial convolutional
    layer and subsequently a smaller kernel", and cross-entropy.

Not stated, and ours: what it hears (log-mel, 64 bands), kernels of 11 and 5 frames with 128 channels, each with a ReLU and a
maximum over 2 frames, the mean over time of what the LSTM says, and the recipe, which is that of ``emotion_cnn`` but for
batches of 32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ser_core.encoders.logmel import BANDS
from ser_core.methods import _from_sound

CHANNELS, KERNELS, UNITS, DENSE = 128, (11, 5), 128, 128


@dataclass(frozen=True)
class Config(_from_sound.Config):
    """What is heard and how it learns; the paper states neither."""

    encoder: str = "logmel"
    """The spectrogram: cochleagram or logmel."""
    batch: int = 32
    """Clips of a step."""


def network(emotions: int, seed: int) -> Any:
    """A module from [clip, frame, band] to logits, drawn from the seed."""
    import torch
    from torch import nn

    class CnnBlstm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layers: list[Any] = []
            for fewer, kernel in zip((BANDS, CHANNELS), KERNELS, strict=True):
                layers += [nn.Conv1d(fewer, CHANNELS, kernel, padding=kernel // 2), nn.ReLU(), nn.MaxPool1d(2)]
            self.convolutions = nn.Sequential(*layers)
            self.lstm = nn.LSTM(CHANNELS, UNITS, batch_first=True, bidirectional=True)
            self.head = nn.Sequential(nn.Linear(2 * UNITS, DENSE), nn.ReLU(), nn.Linear(DENSE, emotions))

        def forward(self, clips: torch.Tensor) -> torch.Tensor:
            heard, _ = self.lstm(self.convolutions(clips.transpose(1, 2)).transpose(1, 2))
            logits: torch.Tensor = self.head(heard.mean(dim=1))
            return logits

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return CnnBlstm()


METHOD = _from_sound.method("CNN and BLSTM, from the beginning", Config, network)
