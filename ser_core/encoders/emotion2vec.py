"""emotion2vec: a transformer that learned to predict a slower copy of itself, on emotional speech.

A data2vec 2.0 audio model. Sound passes seven convolutions, each with layer norm, and a linear layer to 768; five
convolutions over time tell of the neighbourhood; ten learned tokens that belong to no time are laid before the frames; four
blocks (the "prenet") and eight more follow. Layer norm comes after attention and after the feed-forward part. Attention is
told of distance by a bias that falls with it, at each head's own slope (ALiBi, with a learned factor for each head); the ten
tokens are at no distance.

Layers: what enters the eight blocks, then what leaves each, without the ten tokens. ``...-ffn`` has the layers that public
code for one comparison of encoders saves, from FunASR's ``layer_results``: what the feed-forward part of each block adds,
before it is added, and last what leaves the last block; and it does not normalise clips. ``...-whole`` has the ten tokens
too, before the frames; a last number is 1 where the row is a frame. That is what its blocks are trained on.

A checkpoint is FunASR's: ``config.yaml`` and one ``.pt``, tensors by name, perhaps under ``model``. The decoder, the slower
copy and the classifier of fine-tuned models in it are left out. The published weights were never run by us: the format was
read from FunASR's public code, and the tests generate small checkpoints of the same names and shapes.

Ma et al.: emotion2vec, Findings of ACL 2024; Baevski et al.: data2vec 2.0, ICML 2023; Press et al.: ALiBi, ICLR 2022.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ser_core.encoders._blocks import Blocks, marked
from ser_core.encoders._checkpoint import weights
from ser_core.encoders._clips import heard
from ser_core.encoders._emotion2vec_network import network
from ser_core.encoders._encoder import Encoder, Hearing, HiddenStates, Samples
from ser_core.encoders._front_end import Convolution, FrontEnd, over_time
from ser_core.encoders._rows import Rows
from ser_core.encoders._state import fill, state_of
from ser_core.encoders._transformers import to
from ser_core.errors import BadInput, Problem

if TYPE_CHECKING:
    import torch

_PREFIXES = ("module.", "d2v_model.")
_KEPT, _LEFT_OUT = ("modality_encoders.AUDIO.", "blocks."), "modality_encoders.AUDIO.decoder."


class Emotion2vec:
    """An opened model.

    Args:
        network: ``network(config)`` with its weights.
        heads: attention heads of a block.
        normalise: whether a clip is brought to zero mean and unit variance first.
        feed_forward: whether layers are those of ``...-ffn``.
        whole: whether the tokens are returned too.
    """

    def __init__(self, network: Any, *, heads: int, normalise: bool, feed_forward: bool = False, whole: bool = False):
        self.network, self.audio = network.eval(), network.modality_encoders.AUDIO
        self.heads, self.normalise, self.feed_forward, self.whole = heads, normalise, feed_forward, whole
        self.layers, self.dim = len(network.blocks) + 1, network.blocks[0].norm1.normalized_shape[0] + whole
        self.tokens: int = self.audio.extra_tokens.shape[1]
        convolutions = self.audio.local_encoder.conv_layers
        self.front_end = FrontEnd([Convolution(layer[0], layer[2][1], layer[3]) for layer in convolutions])
        self.around = [over_time(layer[0]) for layer in self.audio.relative_positional_encoder[1:-1]]

    def frames(self, samples: int) -> int:
        """How many frames a clip of so many samples has; a clip shorter than one frame is filled with zeros up to one."""
        return self.front_end.frames(samples) + (self.tokens if self.whole else 0)

    def __call__(self, clips: Sequence[Samples]) -> list[HiddenStates]:
        """Float32 [layer, frame, dim] for each clip."""
        import torch

        kept: list[torch.Tensor] = []
        rows = self._hear(clips, lambda states, _: kept.append(states.float()))
        layers = torch.stack(kept)
        return [layers[:, start:end] for start, end in rows.spans]

    def pooled(self, clips: Sequence[Samples], *, spread: bool = False) -> torch.Tensor:
        """Float32 [clip, layer, dim or 2 * dim]; the frames of one layer at a time are kept."""
        import torch

        kept: list[torch.Tensor] = []
        self._hear(clips, lambda states, rows: kept.append(rows.pooled(states, spread=spread)))
        return torch.stack(kept, dim=1)

    def _hear(self, clips: Sequence[Samples], found: Callable[[torch.Tensor, Rows], None]) -> Rows:
        """Tell ``found`` of each layer [row, dim] in turn."""
        import torch
        from torch.nn.functional import layer_norm

        with torch.inference_mode():
            sounds = heard(clips)
            if self.normalise:
                sounds = [layer_norm(sound, sound.shape) for sound in sounds]
            frames = self.audio.project_features(self.front_end([sound.numpy() for sound in sounds]))
            only = Rows([self.front_end.frames(len(sound)) for sound in sounds], frames.device)
            frames = frames + self._neighbourhood(frames, only)

            tokens = self.audio.extra_tokens[0]
            rows = Rows([count + len(tokens) for count in only.counts], frames.device)
            hidden = torch.cat([part for start, end in only.spans for part in (tokens, frames[start:end])])
            own = torch.cat([torch.arange(count) >= len(tokens) for count in rows.counts]).to(frames.device)

            def tell(states: torch.Tensor) -> None:
                found(*((marked(states, own), rows) if self.whole else (states[own], only)))

            biases = _biases(self.audio.alibi_scale, self.heads, rows.longest, len(tokens), hidden)
            prenet = self.audio.context_encoder
            hidden = prenet.norm(hidden)
            for number, block in enumerate(prenet.blocks):
                hidden, _ = _block(block, hidden, rows, biases(number), self.heads)
            if not self.feed_forward:
                tell(hidden)
            for number, block in enumerate(self.network.blocks, start=len(prenet.blocks)):
                hidden, added = _block(block, hidden, rows, biases(number), self.heads)
                tell(added if self.feed_forward else hidden)
            if self.feed_forward:
                tell(hidden)
        return rows if self.whole else only

    def blocks(self) -> Blocks:
        """The eight upper blocks, for whoever trains them; each piece of a clip begins with its tokens."""
        below, tokens, heads, scale = len(self.audio.context_encoder.blocks), self.tokens, self.heads, self.audio.alibi_scale

        def begin(rows: Rows, prompts: int, hidden: torch.Tensor) -> Callable[[int], torch.Tensor]:
            biases = _biases(scale, heads, rows.longest, prompts + tokens, hidden)
            return lambda number: biases(below + number)

        def pieces(own: Sequence[bool]) -> list[int]:
            begins = [row for row in range(len(own)) if not own[row] and (row == 0 or own[row - 1])]
            return [end - start for start, end in pairwise([*begins, len(own)])]

        return Blocks(
            modules=self.network.blocks,
            last=None,
            attention=("attn.qkv", "attn.proj"),
            feed_forward=("mlp.fc1", "mlp.fc2"),
            fed="mlp",
            begin=begin,
            step=lambda block, hidden, rows, bias: _block(block, hidden, rows, bias, heads)[0],
            pieces=pieces,
        )

    def _neighbourhood(self, frames: torch.Tensor, rows: Rows) -> torch.Tensor:
        from torch.nn.functional import gelu, layer_norm

        for move in self.around:
            frames = gelu(layer_norm(rows.each(move, frames), frames.shape[-1:]))
        return frames


def _biases(
    alibi_scale: torch.Tensor, heads: int, count: int, tokens: int, like: torch.Tensor
) -> Callable[[int], torch.Tensor]:
    """For each block, [head, frame, frame]: what a frame's score loses with distance; nothing to and from tokens."""
    import torch

    place = torch.arange(count - tokens, device=like.device)
    near = -(place[:, None] - place[None]).abs().float()
    near = torch.nn.functional.pad(near, (tokens, 0, tokens, 0))
    slopes = torch.tensor(alibi_slopes(heads), device=like.device)
    scale = alibi_scale.float().clamp_min(0).flatten(1).expand(-1, heads)  # [block or 1, head]

    def of(block: int) -> torch.Tensor:
        own = slopes * scale[block if len(scale) > 1 else 0]
        bias: torch.Tensor = (own[:, None, None] * near).to(like.dtype)
        return bias

    return of if len(scale) > 1 else _once(of)


def _block(block: Any, hidden: Any, rows: Rows, bias: Any, heads: int) -> tuple[Any, Any]:
    """What leaves the block, and what its feed-forward part added."""
    from torch.nn.functional import scaled_dot_product_attention

    def attend(mixed: Any, *, absent: Any = None) -> Any:
        query, key, value = mixed.unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)
        mask = bias[:, : mixed.shape[1], : mixed.shape[1]].to(mixed.dtype)
        if absent is not None:
            mask = mask[None].masked_fill(absent[:, None, None], float("-inf"))
        return scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)

    heard_by = block.attn.proj(rows.each(attend, block.attn.qkv(hidden), absent=True))
    hidden = block.norm1(hidden + heard_by)
    added = block.mlp(hidden)
    return block.norm2(hidden + added), added


def alibi_slopes(heads: int) -> list[float]:
    """How fast each head's score falls with distance: geometric; between powers of two, every other of the next one's.

    >>> alibi_slopes(2)
    [0.0625, 0.00390625]
    >>> [round(slope, 3) for slope in alibi_slopes(12)][-4:]
    [0.707, 0.354, 0.177, 0.088]
    """
    lower = 2 ** math.floor(math.log2(heads))
    own = [2 ** (-8 * (head + 1) / lower) for head in range(lower)]
    return own if lower == heads else own + alibi_slopes(2 * lower)[::2][: heads - lower]


def _once(of: Callable[[int], torch.Tensor]) -> Callable[[int], torch.Tensor]:
    bias = of(0)
    return lambda _: bias


def _config(folder: Path) -> dict[str, Any]:
    file = folder / "config.yaml"
    try:
        config: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["model_conf"]
    except FileNotFoundError as failure:
        raise BadInput(
            Problem("the checkpoint has no config.yaml, which says how the network is built.", folder)
        ) from failure
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError) as failure:
        raise BadInput(Problem(f"is no config of FunASR with a model_conf ({type(failure).__name__}).", file)) from failure
    audio = config.get("modalities", {}).get("audio", {})
    expected = {
        "layer_norm_first": (config, False),
        "use_alibi_encoder": (audio, True),
        "extractor_mode": (audio, "layer_norm"),
    }
    expected |= {"learned_alibi": (audio, False), "conv_pos_pre_ln": (audio, False)}
    for key, (where, wanted) in expected.items():
        if where.get(key, wanted) != wanted:
            raise BadInput(Problem(f"{key} is {where[key]!r}; only models with {wanted!r} can be opened.", file))
    return config


def _open(folder: Path | None, device: str, dtype: str, *, feed_forward: bool = False, whole: bool = False) -> Hearing:
    assert folder is not None
    config, file = _config(folder), weights(folder)[0]
    try:
        empty = network(config)
    except (KeyError, TypeError, ValueError, SyntaxError) as failure:
        raise BadInput(Problem(f"model_conf is incomplete or wrong ({failure}).", folder / "config.yaml")) from failure
    fill(empty, _own(state_of(file)), file)
    normalise = bool(config.get("normalize")) and not feed_forward
    heads = int(config["num_heads"])
    return Emotion2vec(to(empty, device, dtype), heads=heads, normalise=normalise, feed_forward=feed_forward, whole=whole)


def _own(state: Mapping[str, Any]) -> dict[str, Any]:
    """The encoder's tensors, by their names without a toolkit's prefix."""
    found = {}
    for name, value in state.items():
        for prefix in _PREFIXES:
            name = name.removeprefix(prefix)
        if name.startswith(_KEPT) and not name.startswith(_LEFT_OUT):
            old = name.endswith("alibi_scale") and value.dim() == 4  # older files lack the dimension of blocks
            found[name] = value[None] if old else value
    return found


_line = partial(
    Encoder,
    licence="model-license (FunASR's model licence; see the model card)",
    layers=9,
    dim=768,
    files=("config.yaml", "*.pt"),
    size_mb=1120,
)
_base = partial(
    _line, source="emotion2vec/emotion2vec_base", also=("emotion2vec-base",), languages="English (262 h of emotional speech)"
)
_plus = partial(
    _line,
    source="emotion2vec/emotion2vec_plus_base",
    also=("emotion2vec-plus-base",),
    languages="English and Chinese (4,788 h)",
)
_as_saved = partial(_open, feed_forward=True)

ENCODERS = {
    "emotion2vec-base": _base(title="emotion2vec base", open=_open, whole="-whole"),
    "emotion2vec-base-ffn": _base(title="emotion2vec base, layer_results, not normalised", open=_as_saved),
    "emotion2vec-plus-base": _plus(title="emotion2vec+ base", open=_open, whole="-whole"),
    "emotion2vec-plus-base-ffn": _plus(title="emotion2vec+ base, layer_results, not normalised", open=_as_saved),
}

ENCODERS |= {
    f"{name}{encoder.whole}": replace(
        encoder,
        title=f"{encoder.title}, tokens too",
        dim=encoder.dim + 1,
        open=partial(_open, whole=True),
        also=(*encoder.also, name),
        whole=None,
    )
    for name, encoder in ENCODERS.items()
    if encoder.whole
}
