"""Plain PyTorch checkpoints: a file with tensors by name, and the network that they must fill exactly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ser_core.errors import BadInput, Problem

_INSIDE = ("model", "state_dict", "model_state_dict")
"""Where some toolkits put the tensors, beside optimiser and settings."""


def state_of(file: Path) -> dict[str, Any]:
    """The tensors in ``file`` by name; nothing in the file is run.

    Raises:
        BadInput: it cannot be read, or holds no tensors by name.
    """
    import torch

    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as failure:  # pickle, zip and torch each have their own for a broken file
        first = f"{type(failure).__name__} {str(failure).strip().partition(chr(10))[0]}".strip()
        raise BadInput(Problem(f"the weights cannot be read ({first}).", file)) from failure
    for name in _INSIDE:
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            found = found[name]
    if not isinstance(found, Mapping) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise BadInput(Problem("holds no weights: expected tensors by name.", file))
    return dict(found)


def fill(network: Any, state: Mapping[str, Any], file: Path) -> None:
    """Put ``state`` into ``network``, which needs each of these tensors and no others.

    Raises:
        BadInput: a tensor is missing, left over or of another shape; the first few are named.
    """
    own = network.state_dict()
    wrong = [f"{name} is missing" for name in own if name not in state]
    wrong += [f"{name} is not of this network" for name in state if name not in own]
    wrong += [
        f"{name} has the shape {list(state[name].shape)}, not {list(own[name].shape)}"
        for name in own
        if name in state and state[name].shape != own[name].shape
    ]
    if wrong:
        more = f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise BadInput(Problem(f"the weights do not fit the network: {'; '.join(wrong[:3])}{more}.", file))
    network.load_state_dict(state)
    network.eval().requires_grad_(False)
