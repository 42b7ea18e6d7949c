"""emotion2vec's layers, by the names that FunASR's checkpoints give them (``emotion2vec.py``)."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any


def network(config: Mapping[str, Any]) -> Any:
    """The layers, with the checkpoint's names, from ``model_conf`` of config.yaml; untrained."""
    import torch
    from torch import nn

    audio, dim, eps = config["modalities"]["audio"], config["embed_dim"], config["norm_eps"]
    sizes = layer_sizes(audio["feature_encoder_spec"])
    tokens, groups = audio["num_extra_tokens"], audio["conv_pos_groups"]
    kernel = max(3, audio["conv_pos_width"] // audio["conv_pos_depth"])
    total = audio["prenet_depth"] + config["depth"]

    def convolution(fewer: int, more: int, width: int, stride: int) -> Any:
        norm = nn.Sequential(nn.Identity(), nn.LayerNorm(more), nn.Identity())
        return nn.Sequential(nn.Conv1d(fewer, more, width, stride, bias=False), nn.Identity(), norm, nn.GELU())

    def block() -> Any:
        wide = int(dim * config["mlp_ratio"])
        mlp = nn.Sequential()
        mlp.add_module("fc1", nn.Linear(dim, wide))
        mlp.add_module("bend", nn.GELU())
        mlp.add_module("fc2", nn.Linear(wide, dim))
        attention = _holding(qkv=nn.Linear(dim, 3 * dim), proj=nn.Linear(dim, dim))
        return _holding(norm1=nn.LayerNorm(dim, eps), attn=attention, norm2=nn.LayerNorm(dim, eps), mlp=mlp)

    def move() -> Any:
        return nn.Sequential(nn.Conv1d(dim, dim, kernel, padding=kernel // 2, groups=groups))

    scales = (
        total if audio["learned_alibi_scale_per_layer"] else 1,
        1,
        audio["num_alibi_heads"] if audio["learned_alibi_scale_per_head"] else 1,
        1,
        1,
    )
    entering = [1, *(more for more, _, _ in sizes[:-1])]
    encoder = _holding(
        local_encoder=_holding(
            conv_layers=nn.ModuleList(convolution(fewer, *size) for fewer, size in zip(entering, sizes, strict=True))
        ),
        project_features=nn.Sequential(nn.Identity(), nn.LayerNorm(sizes[-1][0]), nn.Linear(sizes[-1][0], dim)),
        relative_positional_encoder=nn.Sequential(
            nn.Identity(), *(move() for _ in range(audio["conv_pos_depth"])), nn.Identity()
        ),
        context_encoder=_holding(
            blocks=nn.ModuleList(block() for _ in range(audio["prenet_depth"])), norm=nn.LayerNorm(dim, eps)
        ),
        extra_tokens=nn.Parameter(torch.zeros(1, tokens, dim)),
        alibi_scale=nn.Parameter(torch.full(scales, float(audio["alibi_scale"]))),
    )
    return _holding(
        modality_encoders=nn.ModuleDict({"AUDIO": encoder}),
        blocks=nn.ModuleList(block() for _ in range(config["depth"])),
    )


def layer_sizes(spec: str) -> list[tuple[int, int, int]]:
    """Channels, kernel and stride of each convolution, from the arithmetic that the format writes them in; nothing is run.

    >>> layer_sizes("[(512, 10, 5)] + [(512, 3, 2)] * 2")
    [(512, 10, 5), (512, 3, 2), (512, 3, 2)]
    """

    def value(node: ast.expr) -> Any:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return value(node.left) + value(node.right)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            return value(node.left) * value(node.right)
        return ast.literal_eval(node)

    return [(int(more), int(width), int(stride)) for more, width, stride in value(ast.parse(spec, mode="eval").body)]


def _holding(**parts: Any) -> Any:
    """A module that holds others and parameters by name, and does nothing itself."""
    from torch import nn

    module = nn.Module()
    for name, part in parts.items():
        setattr(module, name, part)
    return module
