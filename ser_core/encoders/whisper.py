"""The encoder of Whisper, in the windows of 30 s that it was trained on.

A clip is cut into windows; the last is filled with silence, and the network hears the silence, as in its training. What is
returned are the frames of the clip alone, one for each 20 ms begun. A clip longer than 30 s is heard in windows that know
nothing of each other. The log-mel front end is transformers' own (its floor is set by the loudest bin of a window). Each
window is a row of its own, always equally long: no clip can change another.

Layers: what enters the first block, then what leaves each; the last after the final layer norm, as the decoder gets it.
``...-whole`` has the frames of the silence too, 1500 for each window; a last number is 1 where the frame is the clip's. That
is what its blocks are trained on.

Radford et al.: Robust speech recognition via large-scale weak supervision, ICML 2023.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core.audio import RATE_HZ
from ser_core.encoders._blocks import Blocks, marked
from ser_core.encoders._checkpoint import SAFE_FILES
from ser_core.encoders._clips import heard
from ser_core.encoders._encoder import Encoder, Hearing, HiddenStates, Samples
from ser_core.encoders._pooling import summary
from ser_core.encoders._rows import Rows
from ser_core.encoders._transformers import load, settings
from ser_core.errors import BadInput, Problem

if TYPE_CHECKING:
    import torch


class Whisper:
    """An opened encoder.

    Args:
        model: transformers' ``WhisperEncoder``.
        mel: transformers' ``WhisperFeatureExtractor``.
        whole: whether the frames of the silence are returned too.
    """

    def __init__(self, model: Any, mel: Any, *, whole: bool = False):
        self.model, self.mel, self.whole = model, mel, whole
        self.layers, self.dim = len(model.layers) + 1, model.config.d_model + whole
        self.window: int = mel.n_samples
        self.step: int = mel.hop_length * model.conv2.stride[0]
        """Samples from one frame to the next."""

    def frames(self, samples: int) -> int:
        """One for each 20 ms begun; of ``...-whole`` as many as the windows have."""
        if self.whole:
            return max(-(-samples // self.window), 1) * (self.window // self.step)
        return self._own(samples)

    def _own(self, samples: int) -> int:
        return max(-(-samples // self.step), 1)

    def __call__(self, clips: Sequence[Samples]) -> list[HiddenStates]:
        """Float32 [layer, frame, dim] for each clip."""
        import torch

        kept: list[list[torch.Tensor]] = [[] for _ in clips]
        self._hear(clips, lambda clip, states: kept[clip].append(states.float().clone()))
        return [torch.stack(layers) for layers in kept]

    def pooled(self, clips: Sequence[Samples], *, spread: bool = False) -> torch.Tensor:
        """Float32 [clip, layer, dim or 2 * dim]; the frames of one layer at a time are kept."""
        import torch

        kept: list[list[torch.Tensor]] = [[] for _ in clips]
        self._hear(clips, lambda clip, states: kept[clip].append(summary(states, spread=spread)))
        return torch.stack([torch.stack(layers) for layers in kept])

    def _hear(self, clips: Sequence[Samples], found: Callable[[int, torch.Tensor], None]) -> None:
        """Tell ``found`` of each layer of each clip, [frame, dim], layer by layer."""
        import torch
        from torch.nn.functional import gelu

        sounds = [clip.numpy() for clip in heard(clips)]
        windows = [sound[start : start + self.window] for sound in sounds for start in range(0, len(sound), self.window)]
        counts = [-(-len(sound) // self.window) for sound in sounds]
        model, weight = self.model, self.model.conv1.weight
        with torch.inference_mode():
            mel = self.mel(windows, sampling_rate=RATE_HZ, return_tensors="pt").input_features
            hidden = gelu(model.conv2(gelu(model.conv1(mel.to(weight.device, weight.dtype)))))
            hidden = hidden.transpose(1, 2) + model.embed_positions.weight
            for layer in [*model.layers, None]:
                last = layer is None
                if last:
                    hidden = model.layer_norm(hidden)
                for clip, (own, sound) in enumerate(zip(hidden.split(counts), sounds, strict=True)):
                    found(clip, self._returned(own.flatten(0, 1), self._own(len(sound))))
                if not last:
                    hidden = layer(hidden, None)

    def _returned(self, rows: torch.Tensor, own: int) -> torch.Tensor:
        import torch

        return marked(rows, torch.arange(len(rows)) < own) if self.whole else rows[:own]

    def blocks(self) -> Blocks:
        """The transformer, for whoever trains it; it works on whole windows."""
        window = self.window // self.step
        return Blocks(
            modules=self.model.layers,
            last=self.model.layer_norm,
            attention=tuple(f"self_attn.{name}_proj" for name in ("q", "k", "v", "out")),
            feed_forward=("fc1", "fc2"),
            fed="fc2",
            begin=lambda rows, prompts, hidden: lambda number: None,
            step=_step,
            pieces=lambda own: [window] * (len(own) // window),
        )


def _step(layer: Any, hidden: torch.Tensor, rows: Rows, known: None) -> torch.Tensor:
    laid: torch.Tensor = layer(hidden.view(len(rows.counts), -1, hidden.shape[-1]), None)
    return laid.flatten(0, 1)


def _open(folder: Path | None, device: str, dtype: str, *, whole: bool = False) -> Hearing:
    import transformers

    assert folder is not None
    extractor: Any = transformers.WhisperFeatureExtractor
    said = settings(folder, "preprocessor_config.json")
    model = load(folder, "WhisperModel", device, dtype).encoder
    mel = extractor(**{key: said[key] for key in _MEL if key in said})
    places = mel.nb_max_frames // model.conv2.stride[0]
    if (places, mel.feature_size) != (model.config.max_source_positions, model.config.num_mel_bins):
        raise BadInput(
            Problem(
                f"preprocessor_config.json gives windows of {places} frames of {mel.feature_size} bands; the model hears "
                f"{model.config.max_source_positions} of {model.config.num_mel_bins}.",
                folder,
            )
        )
    return Whisper(model, mel, whole=whole)


_MEL = ("feature_size", "sampling_rate", "hop_length", "chunk_length", "n_fft", "padding_value")

_line = partial(
    Encoder,
    licence="Apache-2.0",
    languages="97 languages (680,000 h, two thirds English)",
    open=_open,
    files=SAFE_FILES,
    whole="-whole",
)

ENCODERS = {
    "whisper-tiny": _line(
        title="Whisper tiny, encoder",
        source="openai/whisper-tiny",
        revision="169d4a4341b33bc18d8881c4b69c2e104e1cc0af",
        layers=5,
        dim=384,
        size_mb=150,
    ),
    "whisper-base": _line(
        title="Whisper base, encoder",
        source="openai/whisper-base",
        revision="e37978b90ca9030d5170a5c07aadb050351a65bb",
        layers=7,
        dim=512,
        size_mb=290,
    ),
    "whisper-small": _line(
        title="Whisper small, encoder",
        source="openai/whisper-small",
        revision="973afd24965f72e36ca33b3055d56a652f456b4d",
        layers=13,
        dim=768,
        size_mb=970,
    ),
    "whisper-medium": _line(
        title="Whisper medium, encoder",
        source="openai/whisper-medium",
        revision="abdf7c39ab9d0397620ccaea8974cc764cd0953e",
        layers=25,
        dim=1024,
        size_mb=3060,
    ),
}

ENCODERS |= {
    f"{name}{encoder.whole}": replace(
        encoder,
        title=f"{encoder.title}, whole windows",
        dim=encoder.dim + 1,
        open=partial(_open, whole=True),
        also=(name,),
        whole=None,
    )
    for name, encoder in ENCODERS.items()
}
