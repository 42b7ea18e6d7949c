"""SpeechBrain's emotion diarization: WavLM large, fine-tuned, with its head; a frame is what it says of each emotion.

What comes out is not a hidden state but the softmax of the head, [1, frame, 4] in the order of ``LABELS``; so whatever hears
clips (batches, pieces, the cache) runs this model too, and ``ser_core/diarization/speechbrain_sed.py`` makes its segments.

The repository holds ``hyperparams.yaml``, ``label_encoder.txt``, ``model.ckpt`` (the head) and ``wav2vec2.ckpt`` (the
fine-tuned WavLM); ``input_norm.ckpt`` holds nothing that is learned. ``hyperparams.yaml`` names the model that was
fine-tuned (``wav2vec2_hub``) and with it the network's shape. That of microsoft/wavlm-large stands below, so its weights
need not be fetched to be thrown away; for another one its ``config.json`` and ``preprocessor_config.json`` are read from a
folder of that name beside the checkpoint.

A clip loses its mean, is brought to unit variance (1e-5 added, as torch's layer norm has it), goes through WavLM, is normed
over all its frames and channels together, and each frame meets a matrix [4, 1024] without bias. That norm looks at the whole
clip; SpeechBrain takes it over the padding too where it batches clips of several lengths, we over the clip alone, as
SpeechBrain does with one clip.

Wang et al.: Speech Emotion Diarization: Which Emotion Appears When?, 2023. Ravanelli et al.: SpeechBrain, 2021. What is
computed is compared with SpeechBrain itself, frame by frame, in ``tests/ser_core/test_diarization_speechbrain.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ser_core.encoders._clips import heard
from ser_core.encoders._encoder import Encoder, Hearing, HiddenStates, Samples
from ser_core.encoders._packed import Packed
from ser_core.encoders._pooling import Pools
from ser_core.encoders._state import fill, state_of
from ser_core.encoders._transformers import normalises, settings, to
from ser_core.errors import BadInput, Problem

LABELS = ("angry", "happy", "neutral", "sad")
"""What the four numbers of a frame stand for."""

_LETTERS = {"a": "angry", "h": "happy", "n": "neutral", "s": "sad"}

_WAVLM_LARGE = {
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "feat_extract_norm": "layer",
    "do_stable_layer_norm": True,
}
"""Where microsoft/wavlm-large differs from what WavLMConfig says by itself."""

_PUBLISHED = {
    "window_length": 1,
    "stride": 1,
    "input_norm.norm_type": "sentence",
    "input_norm.std_norm": False,
    "wav2vec2.output_norm": True,
    "output_mlp.bias": False,
}
"""What of ``hyperparams.yaml`` decides the arithmetic here; with other values it would be another model."""


class Posteriors(Pools, Packed):
    """An opened model. A frame is 20 ms; a clip of 1 s has 49 of them."""

    def __init__(self, model: Any, head: Any, *, normalise: bool):
        super().__init__(model, normalise=False)
        self.head, self.unit_variance = head, normalise
        self.last, self.layers, self.dim = self.layers - 1, 1, len(LABELS)

    def __call__(self, clips: Sequence[Samples]) -> list[HiddenStates]:
        """Float32 [1, frame, label] for each clip, summing to 1."""
        import torch
        from torch.nn.functional import layer_norm

        with torch.inference_mode():
            sounds = [clip - clip.mean(dtype=torch.float64).float() for clip in heard(clips)]
            if self.unit_variance:
                sounds = [layer_norm(sound, sound.shape) for sound in sounds]
            hidden, rows = self._entering([sound.numpy() for sound in sounds])
            states: list[torch.Tensor] = []
            self._transformer(hidden, rows, lambda number, last: states.append(last) if number == self.last else None)
            whole = [states[0][start:end].float() for start, end in rows.spans]
            return [(layer_norm(clip, clip.shape) @ self.head).softmax(dim=-1)[None] for clip in whole]


def _open(folder: Path | None, device: str, dtype: str) -> Hearing:
    from transformers import WavLMConfig, WavLMModel

    assert folder is not None
    said = _hyperparameters(folder / "hyperparams.yaml")
    shape, normalise = _base(folder, str(said["wav2vec2_hub"]))
    model: Any = WavLMModel(WavLMConfig(**shape))
    file = folder / "wav2vec2.ckpt"
    fill(model, _as_named_now(state_of(file)), file)
    order = _label_order(folder / "label_encoder.txt")
    head = _head(folder / "model.ckpt", model.config.hidden_size)[order].T.contiguous()
    return Posteriors(to(model, device, dtype), to(head, device, "fp32"), normalise=normalise)


def _hyperparameters(file: Path) -> Mapping[str, Any]:
    """The settings, read without making the objects that they name.

    Raises:
        BadInput: the file is missing or broken, or its model is not computed as the published one; all differences.
    """
    try:
        said = yaml.load(file.read_text(encoding="utf-8"), _Settings)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as failure:
        raise BadInput(Problem(f"cannot be read ({str(failure).splitlines()[0]}).", file)) from failure
    if not isinstance(said, Mapping) or not isinstance(said.get("wav2vec2_hub"), str):
        raise BadInput(Problem("names no wav2vec2_hub, so nobody knows the shape of its network.", file))
    wrong = []
    for path, wanted in _PUBLISHED.items():
        found: Any = said
        for key in path.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        if found != wanted:
            wrong.append(Problem(f"{path} is {found!r}; this encoder computes what follows from {wanted!r} alone.", file))
    if wrong:
        raise BadInput(*wrong)
    return said


class _Settings(yaml.SafeLoader):
    """YAML in which ``!new:...`` is the mapping, list or text that it stands before."""


def _untagged(loader: Any, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Settings.add_multi_constructor("!", _untagged)


def _base(folder: Path, hub: str) -> tuple[dict[str, Any], bool]:
    """The network's shape, and whether its clips are brought to unit variance.

    Raises:
        BadInput: it is not known and not here.
    """
    if hub == "microsoft/wavlm-large":
        return _WAVLM_LARGE, True
    beside = folder / hub
    if not beside.is_dir():
        raise BadInput(
            Problem(
                f"was fine-tuned from {hub}; put config.json and preprocessor_config.json of that into {beside}.", folder
            )
        )
    return settings(beside, "config.json"), normalises(beside)


def _as_named_now(state: Mapping[str, Any]) -> dict[str, Any]:
    """SpeechBrain holds WavLM as ``model``; weight norm was named otherwise before torch 2.0."""
    norm = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}
    return {
        re.sub(r"\b(weight_[gv])$", lambda old: norm[old[1]], name.removeprefix("model.")): value
        for name, value in state.items()
    }


def _label_order(file: Path) -> list[int]:
    """The head's row of each of ``LABELS``, from lines like ``'a' => 0``.

    Raises:
        BadInput: the file is missing, or names other labels.
    """
    try:
        lines = re.findall(r"^'(.*)' => (\d+)$", file.read_text(encoding="utf-8").partition("\n==")[0], re.MULTILINE)
    except (OSError, UnicodeDecodeError) as failure:
        raise BadInput(Problem(f"cannot be read ({str(failure).splitlines()[0]}).", file)) from failure
    rows = {_LETTERS.get(letter, letter): int(row) for letter, row in lines}
    if set(rows) != set(LABELS) or set(rows.values()) != set(range(len(LABELS))):
        found = ", ".join(f"{letter}={row}" for letter, row in lines) or "none"
        raise BadInput(Problem(f"expected the labels a, h, n and s at 0 to 3, found {found}.", file))
    return [rows[label] for label in LABELS]


def _head(file: Path, width: int) -> Any:
    state = state_of(file)
    name, shape = "0.w.weight", (len(LABELS), width)
    if set(state) != {name} or tuple(state[name].shape) != shape:
        found = ", ".join(f"{key} {list(value.shape)}" for key, value in state.items())
        raise BadInput(Problem(f"expected the head's weights, {name} {list(shape)}; found {found}.", file))
    return state[name].float()


ENCODERS = {
    "wavlm-large-sed": Encoder(
        title="SpeechBrain's emotion diarization (WavLM large, fine-tuned)",
        licence="Apache-2.0",
        languages="English (as WavLM large, then five corpora of emotional speech)",
        source="speechbrain/emotion-diarization-wavlm-large",
        revision="ac887e10c66c86f4da86eddedba54e211652421c",
        layers=1,
        dim=len(LABELS),
        open=_open,
        files=("hyperparams.yaml", "label_encoder.txt", "model.ckpt", "wav2vec2.ckpt"),
        also=("emotion-diarization-wavlm-large",),
        size_mb=1260,
    )
}
