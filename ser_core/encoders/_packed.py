"""wav2vec 2.0, HuBERT and WavLM over many clips at once, without padding.

A batch is one long matrix: the clips' frames lie one after the other, and every layer that looks at one frame at a time
(most of the arithmetic) is a single multiplication. Nothing is filled up with zeros, so nothing can leak out of the
filling: group norm (``_front_end.py``), positional convolution and attention (``_rows.py``) see the frames of one clip and
no others. A clip's features do not depend on its neighbours, up to the rounding of differently blocked sums.

Layers are those of ``output_hidden_states``: what enters the first block, then what leaves each. The last is the model's
``last_hidden_state``: where layer norm comes first (the large models), that is after the final layer norm.

References
    Baevski et al.: wav2vec 2.0, NeurIPS 2020. Hsu et al.: HuBERT, TASLP 2021. Chen et al.: WavLM, JSTSP 2022. The modules,
    and with them the checkpoints' format, are those of the transformers library; ``tests/ser_core/test_encoders_packed.py``
    compares with its own forward, clip by clip.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ser_core import audio
from ser_core.encoders._blocks import Blocks, in_pieces
from ser_core.encoders._clips import heard
from ser_core.encoders._encoder import HiddenStates, Samples
from ser_core.encoders._front_end import Convolution, FrontEnd, over_time
from ser_core.encoders._pass import PIECE_S
from ser_core.encoders._rows import Rows

if TYPE_CHECKING:
    import torch


class Packed:
    """An opened model.

    Args:
        model: a ``Wav2Vec2Model``, ``HubertModel`` or ``WavLMModel`` on its device, in its dtype.
        normalise: whether each clip is brought to zero mean and unit variance first, as the checkpoint was trained.
    """

    def __init__(self, model: Any, *, normalise: bool):
        import torch

        self.model, self.normalise = model.eval(), normalise
        self.config = model.config
        self.layers, self.dim = self.config.num_hidden_layers + 1, self.config.hidden_size
        self.wavlm = self.config.model_type == "wavlm"
        self.front_end = FrontEnd(
            [
                Convolution(layer.conv, getattr(layer, "layer_norm", None), layer.activation)
                for layer in model.feature_extractor.conv_layers
            ]
        )
        embed = model.encoder.pos_conv_embed
        with torch.inference_mode():
            self.around = over_time(embed.conv, embed.conv.weight)  # weight norm is worked out once

    def frames(self, samples: int) -> int:
        """How many frames a clip of so many samples has; a clip shorter than one frame is filled with zeros up to one."""
        return self.front_end.frames(samples)

    def __call__(self, clips: Sequence[Samples]) -> list[HiddenStates]:
        """Float32 [layer, frame, dim] for each clip; the first layer is what enters the transformer."""
        import torch

        with torch.inference_mode():
            hidden, rows = self._entering(clips)
            layers = torch.empty(self.layers, *hidden.shape, dtype=torch.float32, device=hidden.device)

            def keep(number: int, states: torch.Tensor) -> None:
                layers[number] = states

            self._transformer(hidden, rows, keep)
            return [layers[:, start:end] for start, end in rows.spans]

    def pooled(self, clips: Sequence[Samples], *, spread: bool = False) -> torch.Tensor:
        """Float32 [clip, layer, dim or 2 * dim]; the frames of one layer at a time are kept."""
        import torch

        with torch.inference_mode():
            hidden, rows = self._entering(clips)
            pools: list[torch.Tensor] = []
            self._transformer(hidden, rows, lambda _, states: pools.append(rows.pooled(states, spread=spread)))
            return torch.stack(pools, dim=1)

    # --- front end: sound to frames ---

    def _entering(self, clips: Sequence[Samples]) -> tuple[torch.Tensor, Rows]:
        sounds = [clip.numpy() for clip in heard(clips)]
        if self.normalise:  # as transformers' feature extractor has it
            sounds = [(sound - sound.mean()) / np.sqrt(sound.var() + 1e-7) for sound in sounds]
        projected = self.model.feature_projection(self.front_end(sounds))
        hidden: torch.Tensor = projected[0] if isinstance(projected, tuple) else projected
        return hidden, Rows([self.frames(len(sound)) for sound in sounds], hidden.device)

    # --- transformer: frames to layers ---

    def _transformer(self, hidden: torch.Tensor, rows: Rows, found: Callable[[int, torch.Tensor], None]) -> None:
        """Tell ``found`` of each layer as it is known; what it is told may not be kept without a copy."""
        blocks = self.blocks()
        hidden = hidden + self._positions(hidden, rows)
        if blocks.last is None:
            hidden = self.model.encoder.layer_norm(hidden)
        known = blocks.begin(rows, 0, hidden)
        for number, layer in enumerate(blocks.modules):
            found(number, hidden)
            hidden = blocks.step(layer, hidden, rows, known(number))
        found(len(blocks.modules), hidden if blocks.last is None else blocks.last(hidden))

    def blocks(self) -> Blocks:
        """The transformer, for whoever trains it."""
        encoder = self.model.encoder
        before = bool(self.config.do_stable_layer_norm)  # layer norm before attention and feed forward, not after
        bias = encoder.layers[0].attention.compute_bias if self.wavlm else None
        longest = self.frames(PIECE_S * audio.RATE_HZ)
        return Blocks(
            modules=encoder.layers,
            last=encoder.layer_norm if before else None,
            attention=tuple(f"attention.{name}_proj" for name in ("q", "k", "v", "out")),
            feed_forward=("feed_forward.intermediate_dense", "feed_forward.output_dense"),
            fed="feed_forward",
            begin=partial(_distances, bias),
            step=_before if before else _after,
            pieces=lambda own: in_pieces(len(own), longest),
        )

    def _positions(self, hidden: torch.Tensor, rows: Rows) -> torch.Tensor:
        embed = self.model.encoder.pos_conv_embed
        if getattr(embed, "batch_norm", None) is not None:
            hidden = embed.batch_norm(hidden)  # of a frame's channels: [frame, dim] is as good as [clip, dim, frame]
        around: torch.Tensor = embed.activation(rows.each(self.around, hidden))
        return around


def _before(layer: Any, hidden: torch.Tensor, rows: Rows, biases: torch.Tensor | None) -> torch.Tensor:
    """A block whose layer norms come first, as in the large models."""
    hidden = hidden + _attention(layer.attention, layer.layer_norm(hidden), rows, biases)
    hidden = hidden + layer.feed_forward(layer.final_layer_norm(hidden))
    if getattr(layer, "adapter_layer", None) is not None:
        hidden = hidden + layer.adapter_layer(hidden)
    return hidden


def _after(layer: Any, hidden: torch.Tensor, rows: Rows, biases: torch.Tensor | None) -> torch.Tensor:
    """A block whose layer norms come last."""
    hidden = layer.layer_norm(hidden + _attention(layer.attention, hidden, rows, biases))
    left: torch.Tensor = layer.final_layer_norm(hidden + layer.feed_forward(hidden))
    return left


def _distances(bias: Any, rows: Rows, prompts: int, hidden: torch.Tensor) -> Callable[[int], torch.Tensor | None]:
    """WavLM's [head, frame, frame], of its first block, for all; prompts lie before a clip as if they were frames of it."""
    biases = None if bias is None else bias(rows.longest, rows.longest)
    return lambda number: biases


def _attention(attention: Any, hidden: Any, rows: Rows, biases: torch.Tensor | None) -> torch.Tensor:
    from torch.nn.functional import scaled_dot_product_attention

    heads = attention.num_heads
    heard_by = [project(hidden) for project in (attention.q_proj, attention.k_proj, attention.v_proj)]

    def split(clips: Any) -> Any:  # [clip, frame, dim] -> [clip, head, frame, dim of a head]
        return clips.unflatten(-1, (heads, -1)).transpose(1, 2)

    gates = _gates(attention, hidden.unflatten(-1, (heads, -1))) if biases is not None else None

    def attend(query: Any, key: Any, value: Any, gate: Any = None, *, absent: Any = None) -> torch.Tensor:
        mask = None if absent is None else ~absent[:, None, None]  # [clip, 1, 1, frame]: which frames may be heard
        if gate is not None and biases is not None:
            count = query.shape[1]
            mask = (gate.transpose(1, 2)[..., None] * biases[:, :count, :count]).to(query.dtype)
            if absent is not None:
                mask = mask.masked_fill(absent[:, None, None], float("-inf"))
        heard = scaled_dot_product_attention(split(query), split(key), split(value), attn_mask=mask)
        return heard.transpose(1, 2).flatten(2)

    inputs = heard_by if gates is None else [*heard_by, gates]
    found: torch.Tensor = attention.out_proj(rows.each(attend, *inputs, absent=True))
    return found


def _gates(attention: Any, heads: Any) -> Any:
    """WavLM's gate on its bias: how much a frame lets distance count; [frame, head, dim of a head] -> [frame, head]."""
    import torch

    projected = attention.gru_rel_pos_linear(heads)
    one, other = torch.sigmoid(projected.unflatten(-1, (2, 4)).sum(-1)).unbind(-1)
    return one * (other * attention.gru_rel_pos_const.flatten() - 1.0) + 2.0
