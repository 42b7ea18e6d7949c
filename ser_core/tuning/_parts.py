"""What of a network is trained, and how it is put into an encoder's blocks.

Every part is of one block n, which takes hidden state n - 1 to n:

| part | computes | numbers of a block (dim 768, feed-forward 3072) |
|---|---|---|
| ``lora`` | W x + (alpha / rank) B A x for its linear layers; B starts at 0 | 110,592 at rank 8 on all six |
| ``adapter`` | h + f + scale (U relu(D f)), f the feed-forward part's output | 74,544 at width 48 |
| ``gating`` | the block hears sigmoid(g) h; g starts at 1 | 768 |
| ``prompt`` | learned rows before the clip's, new ones for every block | 3,840 for 5 |
| ``full`` | all of the block's own numbers | 7,087,872 |
| ``weighted_sum`` | the head hears sum_n softmax(w)_n of the hidden states m..l; w starts at 0 | 1, and 1 for what enters |

Adapter: the sum is what the block's last layer norm is given, in models whose norms come first what is added to the frames.

LoRA: Hu et al., ICLR 2022, by the peft library. Adapter: Houlsby et al., ICML 2019, placed as in Han et al. 2025. Gating:
Lashkarashvili et al. 2024, as in Han et al. 2025. Prompts: Jia et al. (VPT, deep), ECCV 2022, as in Feng & Narayanan
(PEFT-SER), ACII 2023. Weighted sum: Peters et al. (ELMo), NAACL 2018.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ser_core.encoders._blocks import Blocks
from ser_core.errors import BadInput, nearest

if TYPE_CHECKING:
    import torch

TUNES = ("lora", "adapter", "gating", "weighted_sum", "prompt", "full")
"""What can be trained beside the head."""


@dataclass(frozen=True)
class Parts:
    """What is trained and how it is shaped."""

    tune: tuple[str, ...] = ()
    """Of ``TUNES``; none: the head alone."""
    layer: int = -1
    """The hidden state l whose mean over the clip's frames the head hears (negative: from the end); blocks above are not
    kept."""
    from_layer: int = 0
    """The hidden state m that enters; nothing below it is trained, and nothing below it is computed twice."""
    lora_rank: int = 8
    lora_alpha: int = 16
    lora_dropout: float = 0.1
    """Share of what enters A that is 0 in each step of training."""
    lora_on: Literal["all", "attention", "feed_forward"] = "all"
    adapter_width: int = 48
    adapter_scale: float = 1.0
    adapter_start: Literal["default", "zero"] = "default"
    """What U starts from: as torch starts a linear layer, or 0, so that the adapter adds nothing at first."""
    prompts: int = 5
    """Rows of a block."""
    hidden: tuple[int, ...] = ()
    """Widths of the head's hidden layers, each with a ReLU after it."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense; all of it at once."""
        problems = [
            f"there is nothing called '{name}' to tune. {nearest(name, TUNES)}" for name in self.tune if name not in TUNES
        ]
        twice = sorted({name for name in self.tune if self.tune.count(name) > 1})
        problems += [f"'{name}' stands twice in tune." for name in twice]
        if {"full", "lora"} <= set(self.tune):
            problems.append("'full' trains the very weights that 'lora' adds to; choose one of them.")
        for key, words in {"lora_on": ("all", "attention", "feed_forward"), "adapter_start": ("default", "zero")}.items():
            if getattr(self, key) not in words:
                problems.append(f"{key} cannot be '{getattr(self, key)}'. {nearest(str(getattr(self, key)), words)}")
        for key in ("lora_rank", "lora_alpha", "adapter_width", "prompts"):
            if getattr(self, key) < 1:
                problems.append(f"{key} must be 1 or more, not {getattr(self, key)}.")
        if not 0 <= self.lora_dropout < 1:
            problems.append(f"lora_dropout must be 0 or more and less than 1, not {self.lora_dropout}.")
        if not (math.isfinite(self.adapter_scale) and self.adapter_scale != 0):
            problems.append(f"adapter_scale must be a number other than 0, not {self.adapter_scale}.")
        problems += [
            f"a hidden layer of the head must be 1 wide or more, not {width}." for width in self.hidden if width < 1
        ]
        if problems:
            raise BadInput(*problems)


def put_in(block: Any, number: int, blocks: Blocks, parts: Parts, seed: int) -> None:
    """Make a block's own parts (LoRA, adapter, all of it) trainable, and nothing else of it; torch's generator is moved."""
    block.requires_grad_("full" in parts.tune)
    if "lora" in parts.tune:
        _lora(block, number, blocks, parts, seed)
    if "adapter" in parts.tune:
        _adapter(block, number, blocks, parts, seed)


def _lora(block: Any, number: int, blocks: Blocks, parts: Parts, seed: int) -> None:
    from peft import LoraConfig, inject_adapter_in_model

    where = {"attention": blocks.attention, "feed_forward": blocks.feed_forward}
    names = [*blocks.attention, *blocks.feed_forward] if parts.lora_on == "all" else list(where[parts.lora_on])
    config = LoraConfig(
        r=parts.lora_rank, lora_alpha=parts.lora_alpha, lora_dropout=parts.lora_dropout, target_modules=names
    )
    inject_adapter_in_model(config, block)
    for name, parameter in block.named_parameters():
        if ".lora_A." in name:
            drawn(parameter, _uniform(parameter.shape[1]), seed, f"blocks.{number}.{name}")


def _adapter(block: Any, number: int, blocks: Blocks, parts: Parts, seed: int) -> None:
    from torch import nn

    parent, _, name = blocks.fed.rpartition(".")
    owner = block.get_submodule(parent)
    fed = getattr(owner, name)
    dim, like = block.get_submodule(blocks.feed_forward[-1]).out_features, next(block.parameters())
    down, up = nn.Linear(dim, parts.adapter_width), nn.Linear(parts.adapter_width, dim)
    added = nn.Sequential(down, nn.ReLU(), up).to(like.device)
    for key, parameter in added.named_parameters():
        bound = _uniform(dim if key.startswith("0.") else parts.adapter_width)
        drawn(parameter, bound, seed, f"blocks.{number}.adapter.{key}")
    if parts.adapter_start == "zero":
        nn.init.zeros_(up.weight)
        nn.init.zeros_(up.bias)
    setattr(owner, name, adapted(fed, added, parts.adapter_scale))


def adapted(fed: Any, adapter: Any, scale: float) -> Any:
    """A module: f + scale * adapter(f), where f is what ``fed`` gives."""
    from torch import nn

    class Adapted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fed, self.adapter = fed, adapter

        def forward(self, hidden: torch.Tensor) -> torch.Tensor:
            given = self.fed(hidden)
            left: torch.Tensor = given + scale * self.adapter(given)
            return left

    return Adapted()


def gates(numbers: range, dim: int, device: Any) -> Any:
    """g of each block, by its number; sigmoid(1) = 0.731 at the start."""
    import torch
    from torch import nn

    return nn.ParameterDict({str(number): nn.Parameter(torch.ones(dim, device=device)) for number in numbers})


def prompts(numbers: range, count: int, dim: int, seed: int, device: Any) -> Any:
    """[prompt, dim] of each block, by its number; uniform (Xavier) at the start."""
    import torch
    from torch import nn

    made = nn.ParameterDict({str(number): nn.Parameter(torch.empty(count, dim, device=device)) for number in numbers})
    for number, parameter in made.items():
        drawn(parameter, math.sqrt(6 / (count + dim)), seed, f"prompts.{number}")
    return made


def head(widths: tuple[int, ...], seed: int, device: Any) -> Any:
    """Linear layers with a ReLU between; it starts as torch's do after ``manual_seed(seed)``, like the probe of a layer.
    torch's generator is moved."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    layers = [nn.Linear(wide, narrow) for wide, narrow in pairwise(widths)]
    between: list[Any] = [part for layer in layers for part in (layer, nn.ReLU())]
    return nn.Sequential(*between[:-1]).to(device)


def drawn(parameter: Any, bound: float, seed: int, name: str) -> None:
    """Fill it uniformly between -bound and bound; what is drawn follows from the seed and the part's name alone."""
    import torch

    state = np.random.SeedSequence([seed, zlib.crc32(name.encode())]).generate_state(2)
    generator = torch.Generator().manual_seed(int(state[0]) << 31 | int(state[1]) >> 1)
    values = torch.empty(parameter.shape).uniform_(-bound, bound, generator=generator)
    with torch.no_grad():
        parameter.copy_(values)


def _uniform(entering: int) -> float:
    """The bound that torch draws weights and biases of a linear layer between."""
    return 1 / math.sqrt(entering)
