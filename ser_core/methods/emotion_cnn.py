"""EmotionCNN, trained from the beginning: three small convolutions on a cochleagram, and a softmax.

The network is that of ``ser_core/encoders/emotion_cnn.py``: 35,584 numbers, of which 35,216 are learned and 368 are the
means and variances that batch norm has seen. Its 128 channels, averaged over bands and frames, are what a linear layer
hears: 128 x emotions + emotions numbers more.

    Tamulevičius et al. 2020 (Electronics), as trained by Agarla et al. 2023 (arXiv:2207.06767): Adam at 1e-3, times 0.95
    every 10 epochs, 100 epochs, batches of 100, a random 2 s of each clip in training and all of it in the test; kept is the
    epoch of the best dev accuracy.

Not stated, and ours: the cochleagram, how a clip shorter than 2 s is filled (with zeros), and how weights start (He's).
"""

from __future__ import annotations

from typing import Any

from ser_core.encoders import emotion_cnn
from ser_core.methods._from_sound import Config, method
from ser_core.tuning._parts import head


def network(emotions: int, seed: int) -> Any:
    """A module from [clip, frame, band] to logits, drawn from the seed."""
    import torch
    from torch import nn

    class EmotionCNN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.features = emotion_cnn.network(seed)
            with torch.random.fork_rng(devices=[]):
                self.head = head((emotion_cnn.CHANNELS[-1], emotions), seed, "cpu")

        def forward(self, clips: torch.Tensor) -> torch.Tensor:
            maps = self.features(clips.transpose(1, 2)[:, None])  # [clip, channel, band, frame]
            logits: torch.Tensor = self.head(maps.mean(dim=(2, 3)))
            return logits

    return EmotionCNN()


METHOD = method("EmotionCNN, from the beginning", Config, network)
