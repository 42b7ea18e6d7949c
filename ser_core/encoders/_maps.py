"""Small convolutional networks on spectrograms, over many clips at once: a clip's end is as if nothing followed.

Clips of similar length are laid into one batch, [clip, 1, band, frame]. Zeros follow a shorter clip, as zeros surround every
clip at a convolution's border; after each stage, where bias and norm have made something of them, they are zeros again. What
pooling would mix of a clip's last frames and the zeros is dropped, as it is at the end of a clip that is alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

BESIDE = 16
"""Clips in one batch at most; more cost memory and save nothing."""
SHORTER = 0.7
"""A clip is laid beside a longer one if it has at least this share of its frames."""


def through(stages: Sequence[tuple[Any, int]], spectrograms: Sequence[Any]) -> list[Any]:
    """Pass spectrograms [band, frame] through ``stages``: a module, and the factor by which it has fewer frames after it.

    Returns:
        [channel, band, frame] for each, frames divided by the product of the factors (rounded down at each stage).
    """
    found: list[Any] = [None] * len(spectrograms)
    for clips in _similar([spectrogram.shape[-1] for spectrogram in spectrograms]):
        for clip, states in zip(clips, _batch(stages, [spectrograms[clip] for clip in clips]), strict=True):
            found[clip] = states
    return found


def _batch(stages: Sequence[tuple[Any, int]], spectrograms: list[Any]) -> list[Any]:
    lengths = [spectrogram.shape[-1] for spectrogram in spectrograms]
    first = spectrograms[0]
    states = first.new_zeros(len(spectrograms), 1, first.shape[0], max(lengths))
    for row, spectrogram in zip(states, spectrograms, strict=True):
        row[0, :, : spectrogram.shape[-1]] = spectrogram
    for stage, factor in stages:
        states = stage(states)
        lengths = [length // factor for length in lengths]
        for row, length in zip(states, lengths, strict=True):
            row[..., length:] = 0
    return [row[..., :length] for row, length in zip(states, lengths, strict=True)]


def _similar(lengths: list[int]) -> Iterator[list[int]]:
    """Clips by length, longest first, in batches.

    >>> list(_similar([100, 10, 80, 9]))
    [[0, 2], [1, 3]]
    """
    batch: list[int] = []
    for clip in sorted(range(len(lengths)), key=lambda clip: -lengths[clip]):
        if batch and (len(batch) == BESIDE or lengths[clip] < SHORTER * lengths[batch[0]]):
            yield batch
            batch = []
        batch.append(clip)
    if batch:
        yield batch
