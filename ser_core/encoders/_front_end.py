"""The convolutions that wav2vec 2.0 and its kin hear through, over many clips at once, as matrix products.

With frames in rows, a kernel as wide as its stride reads the signal as it lies, ``[frame, kernel * channel]``; a wider one
is cut into parts of at most the stride, each such a view shifted by some frames, whose products add up. Clips begin at
multiples of the front end's total stride, which keeps every layer's frames aligned; rows that reach over a clip's end into
the next one are dropped at the end of each clip. Group norm, which looks over time, looks at one clip at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ser_core.encoders._encoder import Samples

if TYPE_CHECKING:
    import torch

_ROWS = 1024
"""Rows of a layer that are worked on at once on a CPU: two megabytes of 512 channels."""

Part = tuple[int, "torch.Tensor"]
"""A piece of a convolution: first tap, and the matrix [taps * in, out] of at most ``stride`` taps."""


@dataclass(frozen=True)
class Convolution:
    """One layer: a convolution over time, a norm (layer norm of a frame, group norm of a channel, or none), a bend."""

    convolution: Any
    norm: Any
    activation: Callable[[Any], Any]


class FrontEnd:
    """From [samples] to [frame, channel]."""

    def __init__(self, layers: Sequence[Convolution]):
        import torch

        self.layers = layers
        self.sizes = [(layer.convolution.kernel_size[0], layer.convolution.stride[0]) for layer in layers]
        self.stride = int(np.prod([stride for _, stride in self.sizes]))
        self.shortest = 1  # samples of one frame: the front end, walked backwards
        for kernel, stride in reversed(self.sizes):
            self.shortest = (self.shortest - 1) * stride + kernel
        with torch.inference_mode():
            self.parts = [_parts(layer.convolution) for layer in layers]

    def frames(self, samples: int) -> int:
        """How many frames a clip of so many samples has; a clip shorter than one frame is filled with zeros up to one."""
        samples = max(samples, self.shortest)
        for kernel, stride in self.sizes:
            samples = (samples - kernel) // stride + 1
        return samples

    def __call__(self, clips: Sequence[Samples]) -> torch.Tensor:
        """[frame, channel], the frames of all clips one after the other."""
        import torch

        clips = [np.pad(clip, (0, max(self.shortest - len(clip), 0))) for clip in clips]
        weight = self.layers[0].convolution.weight
        if weight.device.type == "cpu" and weight.dtype == torch.float32:
            return torch.cat([self._alone(torch.from_numpy(clip)) for clip in clips])
        return self._together(clips)

    def _alone(self, clip: torch.Tensor) -> torch.Tensor:
        """[frame, channel] of one clip on a CPU, where passes over memory are what costs time beside the products.

        The rows of the first layer, as many as of all others together, are made only when the second asks for
        them, while they are in the processor's cache.
        """
        import torch

        (kernel, stride), first = self.sizes[0], self.layers[0]
        seen = clip.unfold(0, kernel, stride).contiguous()
        taps, shift, norm = first.convolution.weight[:, 0].T, first.convolution.bias, first.norm
        if isinstance(norm, torch.nn.GroupNorm):
            taps, shift = _folded(norm, taps, seen)
            norm = None

        def entering(begin: int, end: int) -> torch.Tensor:
            part = seen[begin:end]
            rows = part @ taps if shift is None else torch.addmm(shift, part, taps)
            made: torch.Tensor = first.activation(rows if norm is None else norm(rows))
            return made

        below: Callable[[int, int], torch.Tensor] = entering
        count = len(seen)
        for layer, parts, (kernel, stride) in zip(self.layers[1:], self.parts[1:], self.sizes[1:], strict=True):
            count = (count - kernel) // stride + 1
            rows = torch.empty(count, layer.convolution.weight.shape[0])
            for begin in range(0, count, _ROWS):
                end = min(begin + _ROWS, count)
                part = _convolve(below(begin * stride, (end - 1) * stride + kernel), parts, stride, layer.convolution.bias)
                rows[begin:end] = layer.activation(part if layer.norm is None else layer.norm(part))
            below = _slices(rows)
        return below(0, count)

    def _together(self, clips: Sequence[Samples]) -> torch.Tensor:
        import torch

        starts = np.cumsum([0, *(-(-len(clip) // self.stride) * self.stride for clip in clips)])
        reach = sum(kernel for kernel, _ in self.sizes) * self.stride  # the last rows may look so far beyond the end
        signal = np.zeros(starts[-1] + reach, np.float32)
        for clip, start in zip(clips, starts, strict=False):
            signal[start : start + len(clip)] = clip
        weight = self.layers[0].convolution.weight
        rows = torch.from_numpy(signal).to(weight.device, weight.dtype)[:, None]
        lengths, begins = [len(clip) for clip in clips], starts[:-1].tolist()
        for layer, parts, (kernel, stride) in zip(self.layers, self.parts, self.sizes, strict=True):
            lengths = [(length - kernel) // stride + 1 for length in lengths]
            begins = [begin // stride for begin in begins]
            rows = _convolve(rows, parts, stride, layer.convolution.bias)
            if isinstance(layer.norm, torch.nn.GroupNorm):
                _normalise_each(rows, layer.norm, begins, lengths)
            elif layer.norm is not None:
                rows = layer.norm(rows)
            rows = layer.activation(rows)
        return torch.cat([rows[begin : begin + length] for begin, length in zip(begins, lengths, strict=True)])


def over_time(convolution: Any, weight: Any = None) -> Callable[[Any], Any]:
    """A convolution over the frames of clips [clip, frame, dim] that gives as many frames as it gets.

    Args:
        convolution: its bias, padding and groups, and its weight if none is given.
        weight: where it has to be worked out first (weight norm).
    """
    import torch

    with torch.inference_mode():
        weight = (convolution.weight if weight is None else weight).detach()
        # On a CPU, torch's convolution in bf16 is wrong unless a group has a multiple of 16 channels (seen in torch 2.13.0);
        # all published checkpoints have 48 or 64.
        wide = weight.device.type == "cpu" and weight.shape[1] % 16
        kernel, bias = ((x.float() if wide else x) for x in (weight, convolution.bias.detach()))

    def move(clips: Any) -> Any:
        signal = clips.transpose(1, 2).to(kernel.dtype)
        with _exact(kernel):
            moved = torch.nn.functional.conv1d(signal, kernel, bias, padding=convolution.padding, groups=convolution.groups)
        return moved[..., : signal.shape[-1]].transpose(1, 2).to(clips.dtype)

    return move


def _exact(kernel: Any) -> Any:
    """On a GPU float32 convolutions are rounded to 10 bits (TF32) unless told not to."""
    import torch

    if kernel.device.type == "cuda" and kernel.dtype == torch.float32:
        return torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
    return nullcontext()


def _parts(convolution: Any) -> list[Part]:
    weight, stride = convolution.weight, convolution.stride[0]  # [out, in, tap]
    taps = weight.permute(2, 1, 0)
    return [
        (first, taps[first : first + stride].reshape(-1, weight.shape[0]).contiguous())
        for first in range(0, weight.shape[2], stride)
    ]


def _slices(rows: torch.Tensor) -> Callable[[int, int], torch.Tensor]:
    return lambda begin, end: rows[begin:end]


def _folded(norm: Any, taps: torch.Tensor, seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Taps [tap, channel] and shift [channel] of a first layer that norms each channel over the clip by itself.

    A channel is a sum of what it has ``seen`` [row, tap] times its taps; so its mean and variance follow from the means and
    covariances of the few taps, and norming it is scaling its taps. A bias would be taken away again by the norm.
    """
    wide = seen.double()
    mean = wide.mean(dim=0)
    off = wide - mean
    covariance = off.T @ off / len(off)
    weight = taps.double()
    variance = ((covariance @ weight) * weight).sum(dim=0)
    scale = norm.weight.double() * (variance + norm.eps).rsqrt()
    shift = norm.bias.double() - (mean @ weight) * scale
    return (weight * scale).float(), shift.float()


def _convolve(rows: torch.Tensor, parts: list[Part], stride: int, bias: Any) -> torch.Tensor:
    """[row, in] -> [row // stride, out]; rows beyond the end count as not there."""
    width = rows.shape[1]
    reach = max(first + len(matrix) // width for first, matrix in parts)
    count = (len(rows) - reach) // stride + 1

    def view(part: Part) -> torch.Tensor:
        first, matrix = part
        below = rows[first:]
        return below.as_strided((count, len(matrix)), (stride * width, 1), below.storage_offset())

    result = view(parts[0]) @ parts[0][1]
    for part in parts[1:]:
        result.addmm_(view(part), part[1])
    return result if bias is None else result.add_(bias)


def _normalise_each(rows: torch.Tensor, norm: Any, begins: list[int], lengths: list[int]) -> None:
    """Group norm with one channel a group, over the frames of each clip, in place; worked out in float32."""
    import torch

    for begin, length in zip(begins, lengths, strict=True):
        clip = rows[begin : begin + length]
        variance, mean = torch.var_mean(clip.float(), dim=0, correction=0)
        scale = norm.weight.float() * (variance + norm.eps).rsqrt()
        shift = norm.bias.float() - mean * scale
        if clip.dtype == torch.float32:
            clip.mul_(scale).add_(shift)
        else:
            clip.copy_(clip.float() * scale + shift)
