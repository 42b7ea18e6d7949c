"""The blocks of an encoder from hidden state m to l, what is trained in them, the mean over a clip's frames, and a head.

Frames come from ``features(encoder, clips, pooling="frames", layer=m)`` with what ``entering`` names, so that what is frozen
below is computed once and kept. Whatever starts from a seed follows from it, part by part: two networks of one seed are
equal to the last bit, and a part starts from the same numbers whatever else is trained beside it.

The blocks' own dropout and layer drop are off, also in training: the only chance in a step is LoRA's dropout, which torch's
generator of the device draws. Convolutions, feature projection, positional convolution and everything else that comes before
block m + 1 are frozen always.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ser_core.encoders._blocks import Blocks
from ser_core.encoders._encoder import DTYPES
from ser_core.encoders._find import all_encoders, find, open_encoder
from ser_core.errors import BadInput, nearest
from ser_core.tuning import _parts, _trunk
from ser_core.tuning._parts import Parts

if TYPE_CHECKING:
    import torch


def entering(encoder: str, parts: Parts) -> tuple[str, int]:
    """The encoder and the layer whose frames a network of these parts is given.

    It is another encoder's name where a transformer hears more than the clip's frames: ``whisper-small-whole``. With the
    head alone it is the layer itself.

    >>> entering("w2v2-de", Parts(("lora",), layer=8)), entering("whisper-small", Parts(("lora",)))
    (('w2v2-de', 0), ('whisper-small-whole', 0))
    >>> entering("byol-s-512", Parts(layer=-1))
    ('byol-s-512', 1)

    Raises:
        BadInput: no such encoder or layer, no blocks between the layers, or blocks that cannot be trained; all at once.
    """
    found = find(encoder)
    problems, numbers = list[Any](), list[int]()
    for number in (parts.layer, parts.from_layer if parts.tune else parts.layer):
        try:
            numbers.append(found.layer(number))
        except BadInput as bad:
            problems += [problem for problem in bad.problems if problem not in problems]
    if parts.tune and found.whole is None:
        can = [name for name, other in all_encoders().items() if other.whole is not None]
        problems.append(
            f"{encoder} has no blocks that can be trained ({', '.join(parts.tune)}): only a head on it can. "
            f"Those that have are {', '.join(can)}."
        )
    elif parts.tune and len(numbers) == 2 and numbers[1] >= numbers[0]:
        problems.append(
            f"nothing is left to train ({', '.join(parts.tune)}): from_layer is {numbers[1]} and layer is {numbers[0]}; "
            "from_layer must be lower."
        )
    if problems:
        raise BadInput(*problems)
    return encoder + (found.whole or "") if parts.tune else encoder, numbers[1]


class Network:
    """Made by ``build``; used as a module of torch's is.

    Args:
        module: all that it is made of, by name.
        blocks: how frames pass a block.
        parts: what is trained.
        source: whose frames enter, of which layer, and whether they are marked.
        dtype: what is computed in.
    """

    def __init__(self, module: Any, blocks: Any, parts: Parts, *, source: tuple[str, int, bool], dtype: str):
        self.module, self.parts, self.dtype = module, parts, dtype
        self.encoder, self.enters, self._marks = source
        self._blocks, self._kept = blocks, {int(number): block for number, block in module["blocks"].items()}
        self._dropouts = [part for name, part in module.named_modules() if name.endswith("lora_dropout")]
        self.device = next(module["head"].parameters()).device
        self.eval()

    def __call__(self, clips: Sequence[torch.Tensor]) -> torch.Tensor:
        """Logits, float32 [clip, class], of the frames of each clip, float32 [frame, dim], on any device.

        What it says of a clip does not depend on the others, up to the rounding of differently blocked sums.
        """
        logits: torch.Tensor = self.module["head"](self.pooled(clips))
        return logits

    def pooled(self, clips: Sequence[torch.Tensor]) -> torch.Tensor:
        """What the head hears, float32 [clip, dim]: means over frames behind the last block."""
        import torch

        count = self.parts.prompts if "prompt" in self.parts.tune else 0
        hidden, laid = _trunk.lay(clips, self._blocks, marks=self._marks, prompts=count, device=self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.dtype == "bf16"):
            gates, prompts = self.module["gates"], self.module["prompts"]
            states = _trunk.passing(hidden, laid, self._blocks, self._kept, gates=gates, prompts=prompts, count=count)
            if "weighted_sum" in self.parts.tune:
                means = torch.stack([laid.means(state) for state in states])
                pooled = torch.einsum("l,lcd->cd", self.module["mix"]["weights"].softmax(0), means)
            else:
                *_, top = states
                pooled = laid.means(top)
        return pooled.float()

    def train(self, mode: bool = True) -> None:
        """Whether LoRA's dropout falls; nothing else changes."""
        self.training = mode
        for dropout in self._dropouts:
            dropout.train(mode)

    def eval(self) -> None:
        """As ``train(False)``."""
        self.module.eval()
        self.train(False)

    def named_parameters(self) -> Iterator[tuple[str, Any]]:
        """What is trained, by name; of what is frozen nothing."""
        return ((name, value) for name, value in self.module.named_parameters() if value.requires_grad)

    def parameters(self) -> Iterator[Any]:
        """What is trained."""
        return (value for _, value in self.named_parameters())

    def trainable(self) -> int:
        """How many numbers are trained."""
        return sum(value.numel() for value in self.parameters())

    def learned(self) -> dict[str, torch.Tensor]:
        """Copies of what is trained, on the CPU, by name."""
        return {name: value.detach().cpu().clone() for name, value in self.named_parameters()}

    def load_learned(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take what another network of the same parts has learned.

        Raises:
            BadInput: it is not of such a network; what it lacks, what is left over, what has another shape.
        """
        import torch

        own = dict(self.named_parameters())
        wrong = sorted(name for name in own.keys() & state.keys() if own[name].shape != state[name].shape)
        said = {"lacks": own.keys() - state.keys(), "has too much": state.keys() - own.keys(), "has other shapes": wrong}
        if any(said.values()):
            told = "; ".join(f"{what}: {', '.join(sorted(names)[:3])}" for what, names in said.items() if names)
            raise BadInput(f"what was learned is of a network of other parts or of another encoder ({told}).")
        with torch.no_grad():
            for name, value in own.items():
                value.copy_(state[name])


def build(
    encoder: str, parts: Parts, classes: int, *, seed: int, device: str = "cpu", dtype: str = "fp32", offline: bool = False
) -> Network:
    """A network that has learned nothing yet; on a device by its name ("cpu", "cuda:0").

    Weights are float32. With ``dtype`` "bf16" the blocks are computed under autocast; means and head are float32 still.

    Raises:
        BadInput: as ``entering``; no such dtype; fewer than two classes; files of the encoder are missing or broken.
    """
    import torch

    if dtype not in DTYPES:
        raise BadInput(f"there is no dtype '{dtype}'. {nearest(dtype, DTYPES)}")
    if classes < 2:
        raise BadInput(f"a head needs at least two emotions to tell apart, not {classes}.")
    source, begin = entering(encoder, parts)
    end = find(encoder).layer(parts.layer)
    with torch.random.fork_rng(devices=[]):  # whatever draws while a model is made leaves the caller's chance alone
        blocks, module = _made(encoder, parts, range(begin + 1, end + 1), classes, seed=seed, device=device, offline=offline)
    return Network(module, blocks, parts, source=(source, begin, source != encoder), dtype=dtype)


def _made(
    encoder: str, parts: Parts, numbers: range, classes: int, *, seed: int, device: str, offline: bool
) -> tuple[Blocks, Any]:
    """How frames pass blocks of those numbers, and the modules, by the names that ``learned`` has."""
    import torch
    from torch import nn

    blocks, kept, dim, where = _trunk.ALONE, nn.ModuleDict(), find(encoder).dim, torch.device(device)
    if numbers:
        hearing: Any = open_encoder(encoder, device=device, offline=offline).hearing
        blocks = hearing.blocks()
        for number in numbers:
            kept[str(number)] = blocks.modules[number - 1]
            _parts.put_in(kept[str(number)], number, blocks, parts, seed)
        last = blocks.last if numbers[-1] == len(blocks.modules) else None
        if last is not None:
            last.requires_grad_("full" in parts.tune)
        blocks = replace(blocks, modules=(), last=last)
    tuned = {name: numbers if name in parts.tune else range(0) for name in ("gating", "prompt")}
    module: Any = nn.ModuleDict({"blocks": kept, "last": blocks.last or nn.Identity()})
    module["gates"] = _parts.gates(tuned["gating"], dim, where)
    module["prompts"] = _parts.prompts(tuned["prompt"], parts.prompts, dim, seed, where)
    module["mix"] = nn.ParameterDict()
    if "weighted_sum" in parts.tune:
        module["mix"]["weights"] = nn.Parameter(torch.zeros(len(numbers) + 1, device=where))
    module["head"] = _parts.head((dim, *parts.hidden, classes), seed, where)
    return blocks, module
