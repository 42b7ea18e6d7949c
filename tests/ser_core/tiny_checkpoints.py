"""Small random checkpoints in the true formats: transformers' own classes write theirs, FunASR's and SERAB's are imitated.

``kept(name)`` makes one for any encoder that is found, in a folder that looks as if it had been fetched. The numbers are
random, but not small: a mistake must show.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ser_core.encoders._encoder import Encoder, Hearing
from ser_core.encoders._find import all_encoders
from ser_core.registry import discover

DIM, BLOCKS, HEADS = 64, 3, 4
WINDOW_S = 2
"""Of the tiny Whisper; the true one's is 30 s."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread: on so little arithmetic, threads wait for each other most of the time."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def shaken(model: Any) -> Any:
    """The model with random biases and norms too: as created they are 0 and 1, and hide what is done with them."""
    import torch

    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        parameter.data.add_(torch.randn(parameter.shape, generator=generator) * 0.05)
    return model.eval()


def packed(kind: str, *, large: bool = False, **more: Any) -> Any:
    """A tiny model of transformers' class ``kind`` ("Wav2Vec2"); large ones normalise first, as the published do."""
    import torch
    import transformers

    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(
        hidden_size=DIM,
        num_hidden_layers=BLOCKS,
        num_attention_heads=HEADS,
        intermediate_size=96,
        conv_dim=(32,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        feat_extract_norm="layer" if large else "group",
        do_stable_layer_norm=large,
        conv_bias=large,
        **more,
    )
    return shaken(getattr(transformers, f"{kind}Model")(config))


def save_packed(folder: Path, kind: str, *, large: bool = False, do_normalize: bool = True) -> Path:
    packed(kind, large=large).save_pretrained(folder)
    said = {"feature_size": 1, "sampling_rate": 16_000, "padding_value": 0.0, "do_normalize": do_normalize}
    (folder / "preprocessor_config.json").write_text(json.dumps(said))
    return folder


def whisper() -> tuple[Any, Any]:
    """A tiny model that hears windows of 2 s, and transformers' front end for it."""
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.WhisperConfig(
        d_model=DIM,
        encoder_layers=BLOCKS,
        encoder_attention_heads=HEADS,
        encoder_ffn_dim=96,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=32,
        vocab_size=60,
        max_source_positions=50 * WINDOW_S,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
    )
    model = shaken(transformers.WhisperForConditionalGeneration(config))
    extractor: Any = transformers.WhisperFeatureExtractor
    return model, extractor(chunk_length=WINDOW_S)


def save_whisper(folder: Path) -> Path:
    model, mel = whisper()
    model.save_pretrained(folder)
    mel.save_pretrained(folder)
    return folder


EMOTION2VEC = {
    "embed_dim": DIM,
    "depth": BLOCKS,
    "num_heads": HEADS,
    "mlp_ratio": 2.0,
    "norm_eps": 1e-5,
    "layer_norm_first": False,
    "normalize": True,
    "modalities": {
        "audio": {
            "prenet_depth": 2,
            "num_extra_tokens": 10,
            "use_alibi_encoder": True,
            "alibi_scale": 1.0,
            "learned_alibi": False,
            "learned_alibi_scale": True,
            "learned_alibi_scale_per_head": True,
            "learned_alibi_scale_per_layer": False,
            "num_alibi_heads": HEADS,
            "extractor_mode": "layer_norm",
            "feature_encoder_spec": "[(32, 10, 5)] + [(32, 3, 2)] * 4 + [(32,2,2)] + [(32,2,2)]",
            "conv_pos_width": 95,
            "conv_pos_groups": 4,
            "conv_pos_depth": 5,
            "conv_pos_pre_ln": False,
        }
    },
}
"""The published ``model_conf``, with small numbers."""


def emotion2vec_state() -> dict[str, Any]:
    """Tensors by the names and in the shapes of FunASR's file, written out, not taken from our network."""
    import torch

    generator = torch.Generator().manual_seed(2)

    def drawn(*shape: int, around: float = 0.0, spread: float = 0.1) -> Any:
        return around + spread * torch.randn(shape, generator=generator)

    audio = "modality_encoders.AUDIO"
    state = {f"{audio}.extra_tokens": drawn(1, 10, DIM), f"{audio}.alibi_scale": drawn(1, 1, HEADS, 1, 1, around=1.0)}
    for number, kernel in enumerate((10, 3, 3, 3, 3, 2, 2)):
        layer = f"{audio}.local_encoder.conv_layers.{number}"
        state[f"{layer}.0.weight"] = drawn(32, 1 if number == 0 else 32, kernel, spread=0.3)
        state |= {f"{layer}.2.1.weight": drawn(32, around=1.0), f"{layer}.2.1.bias": drawn(32)}
    state |= {f"{audio}.project_features.1.weight": drawn(32, around=1.0), f"{audio}.project_features.1.bias": drawn(32)}
    state |= {f"{audio}.project_features.2.weight": drawn(DIM, 32), f"{audio}.project_features.2.bias": drawn(DIM)}
    for number in range(1, 6):
        layer = f"{audio}.relative_positional_encoder.{number}.0"
        state |= {f"{layer}.weight": drawn(DIM, DIM // 4, 19), f"{layer}.bias": drawn(DIM)}
    state |= {f"{audio}.context_encoder.norm.{x}": drawn(DIM, around=a) for x, a in (("weight", 1.0), ("bias", 0.0))}
    blocks = [f"{audio}.context_encoder.blocks.{n}" for n in range(2)] + [f"blocks.{n}" for n in range(BLOCKS)]
    for block in blocks:
        for norm in ("norm1", "norm2"):
            state |= {f"{block}.{norm}.weight": drawn(DIM, around=1.0), f"{block}.{norm}.bias": drawn(DIM)}
        for layer, more, fewer in (("attn.qkv", 3, 1), ("attn.proj", 1, 1), ("mlp.fc1", 2, 1), ("mlp.fc2", 1, 2)):
            state |= {f"{block}.{layer}.weight": drawn(more * DIM, fewer * DIM), f"{block}.{layer}.bias": drawn(more * DIM)}
    left_out = {f"{audio}.decoder.proj.weight": drawn(DIM, 8), "_ema.blocks.0.norm1.weight": drawn(DIM)}
    return state | left_out | {"proj.weight": drawn(9, DIM), "proj.bias": drawn(9)}


def save_emotion2vec(folder: Path) -> Path:
    import torch

    (folder / "config.yaml").write_text(yaml.safe_dump({"model": "Emotion2vec", "model_conf": EMOTION2VEC}))
    torch.save({"model": emotion2vec_state()}, folder / "model.pt")
    return folder


def save_byol(folder: Path) -> Path:
    import torch

    from ser_core.encoders import byol_s

    torch.manual_seed(0)
    network = shaken(byol_s.network())
    torch.save(network.state_dict(), folder / "tiny.pth")
    return folder


HYPERPARAMETERS = """
HPARAMS_NEEDED: ["window_length", "stride", "encoder_dim", "out_n_neurons", "avg_pool", "label_encoder", "softmax"]
MODULES_NEEDED: ["wav2vec2", "output_mlp"]
wav2vec2_hub: "wavlm"
pretrained_path: ""
window_length: 1 # win_len = 0.02 * 1 = 0.02s
stride: 1 # stride = 0.02 * 1 = 0.02s
encoder_dim: 64
out_n_neurons: 4
input_norm: !new:speechbrain.processing.features.InputNormalization
    norm_type: sentence
    std_norm: False
wav2vec2: !new:speechbrain.lobes.models.huggingface_transformers.wavlm.WavLM
    source: !ref <wav2vec2_hub>
    output_norm: True
    freeze: False
    freeze_feature_extractor: True
    save_path: wav2vec2_checkpoint
avg_pool: !new:speechbrain.nnet.pooling.Pooling1d
    pool_type: "avg"
    kernel_size: !ref <window_length>
    stride: !ref <stride>
    ceil_mode: True
output_mlp: !new:speechbrain.nnet.linear.Linear
    input_size: !ref <encoder_dim>
    n_neurons: !ref <out_n_neurons>
    bias: False
model: !new:torch.nn.ModuleList
    - [!ref <output_mlp>]
modules:
    input_norm: !ref <input_norm>
    wav2vec2: !ref <wav2vec2>
    output_mlp: !ref <output_mlp>
log_softmax: !new:speechbrain.nnet.activations.Softmax
    apply_log: True
label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        input_norm: !ref <input_norm>
        wav2vec2: !ref <wav2vec2>
        model: !ref <model>
        label_encoder: !ref <label_encoder>
    paths:
        input_norm: !ref <pretrained_path>/input_norm.ckpt
        wav2vec2: !ref <pretrained_path>/wav2vec2.ckpt
        model: !ref <pretrained_path>/model.ckpt
        label_encoder: !ref <pretrained_path>/label_encoder.txt
"""
"""The settings of speechbrain/emotion-diarization-wavlm-large with small numbers, and a base beside the checkpoint."""


def save_sed(folder: Path) -> Path:
    """SpeechBrain's files: a fine-tuned WavLM whose base, other numbers of the same shape, lies in ``wavlm/``."""
    import torch

    save_packed(folder / "wavlm", "WavLM", large=True)
    tuned = packed("WavLM", large=True).state_dict()
    generator = torch.Generator().manual_seed(3)
    tuned = {name: value + 0.02 * torch.randn(value.shape, generator=generator) for name, value in tuned.items()}
    norm = "encoder.pos_conv_embed.conv."  # the published file is of a torch that named weight norm so
    for older, newer in (("weight_g", "original0"), ("weight_v", "original1")):
        tuned[norm + older] = tuned.pop(f"{norm}parametrizations.weight.{newer}")
    torch.save({f"model.{name}": value for name, value in tuned.items()}, folder / "wav2vec2.ckpt")
    torch.save({"0.w.weight": 0.3 * torch.randn(4, DIM, generator=generator)}, folder / "model.ckpt")
    norm_state = {"count": 0, "glob_mean": torch.empty(0), "glob_std": torch.empty(0)}
    torch.save(norm_state, folder / "input_norm.ckpt")
    labels = "'a' => 0\n'n' => 1\n'h' => 2\n's' => 3\n================\n'starting_index' => 0\n"
    (folder / "label_encoder.txt").write_text(labels)
    (folder / "hyperparams.yaml").write_text(HYPERPARAMETERS)
    return folder


_BUILDERS: dict[str, Callable[[Path, Encoder], Path]] = {
    "wav2vec2": lambda folder, encoder: save_packed(folder, "Wav2Vec2", large=encoder.dim > 768),
    "hubert": lambda folder, encoder: save_packed(folder, "Hubert", large=encoder.dim > 768),
    "wavlm": lambda folder, encoder: save_packed(folder, "WavLM", large=encoder.dim > 768, do_normalize=encoder.dim > 768),
    "whisper": lambda folder, _: save_whisper(folder),
    "emotion2vec": lambda folder, _: save_emotion2vec(folder),
    "byol_s": lambda folder, _: save_byol(folder),
    "wavlm_sed": lambda folder, _: save_sed(folder),
}


_SHAPES: dict[str, dict[str, Any]] = {
    "untrained": {
        "hidden_size": DIM,
        "num_hidden_layers": BLOCKS,
        "num_attention_heads": HEADS,
        "intermediate_size": 96,
        "conv_dim": (32,) * 7,
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 4,
    }
}


@cache
def family(name: str) -> str:
    """The file of ``ser_core/encoders`` in which an encoder stands."""
    families: dict[str, dict[str, Encoder]] = discover("ser_core.encoders", "ENCODERS")
    return next(family for family, encoders in families.items() if name in encoders)


@cache
def _made(family: str, large: bool) -> Path:
    encoder = next(e for e in discover("ser_core.encoders", "ENCODERS")[family].values() if (e.dim > 768) == large)
    folder = Path(tempfile.mkdtemp(prefix="tiny_checkpoint_"))
    return _BUILDERS[family](folder, encoder)


def kept(name: str) -> Path | None:
    """The folder of a tiny checkpoint for the encoder; None for one that needs no files."""
    encoder = all_encoders()[name]
    if not encoder.source:
        return None
    assert family(name) in _BUILDERS, f"say in {__file__} how a tiny checkpoint for {family(name)} is made"
    return _made(family(name), encoder.dim > 768)


@cache
def opened(name: str, dtype: str = "fp32") -> Hearing:
    """The encoder with its tiny checkpoint; one whose weights are drawn, of a tiny shape."""
    return partial(all_encoders()[name].open, **_SHAPES.get(family(name), {}))(kept(name), "cpu", dtype)


def small(name: str) -> Encoder:
    """The encoder's line with the size of its tiny checkpoint, for tests that put one where the true one would be."""
    hearing = opened(name)
    return replace(all_encoders()[name], layers=hearing.layers, dim=hearing.dim)


def sound(samples: int, seed: int = 0) -> np.ndarray:
    """A voice-like clip: noise that swells and falls, on an offset."""
    random = np.random.default_rng(seed)
    swell = 0.55 + 0.45 * np.sin(2 * np.pi * np.arange(samples) / 5000)
    return (0.2 * swell * random.normal(size=samples) + 0.01).clip(-1, 1).astype(np.float32)
