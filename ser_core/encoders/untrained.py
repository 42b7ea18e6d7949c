"""wav2vec 2.0 base that never learned: weights drawn from a seed, nothing to fetch. A control.

What a probe or a fine-tuned model makes of it comes of the architecture and of what it is taught, not of pretraining.
Weights start as transformers lets them start, module by module, from torch's generator after ``manual_seed(seed)``; since
another version may draw in another order, the version is part of the revision. There are five, for five runs: a method's own
seed decides its head and the order of clips, not these weights.

    Shoukat et al. 2023 (SNAMS), section V: wav2vec 2.0 initialised at random is comparable to a CNN-LSTM.
"""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ser_core.encoders._encoder import Encoder, Hearing
from ser_core.encoders._packed import Packed
from ser_core.encoders._transformers import to

LAYERS, DIM = 13, 768
BASE: dict[str, Any] = {
    "hidden_size": DIM,
    "num_hidden_layers": LAYERS - 1,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "conv_dim": (512,) * 7,
    "conv_kernel": (10, 3, 3, 3, 3, 2, 2),
    "conv_stride": (5, 2, 2, 2, 2, 2, 2),
    "conv_bias": False,
    "num_conv_pos_embeddings": 128,
    "num_conv_pos_embedding_groups": 16,
    "feat_extract_norm": "group",
    "do_stable_layer_norm": False,
}
"""The architecture of facebook/wav2vec2-base, as its config.json has it; its clips have zero mean and unit variance."""
SEEDS = range(5)


def drawn(folder: Path | None, device: str, dtype: str, *, seed: int, **shape: Any) -> Hearing:
    """The encoder with weights from ``seed`` alone, of the base architecture but for what ``shape`` says; no folder."""
    import torch
    import transformers

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**BASE | shape))
    return Packed(to(model.eval().requires_grad_(False), device, dtype), normalise=True)


ENCODERS = {
    f"w2v2-base-random-{seed}": Encoder(
        title=f"wav2vec 2.0 base, random weights (seed {seed})",
        licence="none needed",
        languages="none: it never learned",
        revision=f"the architecture of facebook/wav2vec2-base, drawn by transformers {version('transformers')} from {seed}",
        layers=LAYERS,
        dim=DIM,
        open=partial(drawn, seed=seed),
        whole="",
    )
    for seed in SEEDS
}
