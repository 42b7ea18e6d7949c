"""Encoders by name, opened ones, and the revision that a result is traced to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from ser_core.encoders import _checkpoint
from ser_core.encoders._encoder import DTYPES, Encoder, Hearing, Samples
from ser_core.errors import BadInput, nearest
from ser_core.registry import discover

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Opened:
    """An encoder that is ready to hear, and the revision of what was really opened."""

    name: str
    encoder: Encoder
    hearing: Hearing
    revision: str
    """The pinned commit where the files are the hub's own, else ``files:`` and their hash."""
    folder: Path | None


def all_encoders() -> dict[str, Encoder]:
    """Every line of every family, by name, in the order of the names.

    Raises:
        TypeError: two families use one name.
    """
    found: dict[str, Encoder] = {}
    families: dict[str, dict[str, Encoder]] = discover("ser_core.encoders", "ENCODERS")
    for family, encoders in families.items():
        for name, encoder in encoders.items():
            if name in found:
                raise TypeError(f"ser_core/encoders/{family}.py names an encoder {name!r}, and so does another family.")
            found[name] = encoder
    return dict(sorted(found.items()))


def find(name: str) -> Encoder:
    """The encoder of that name.

    Raises:
        BadInput: there is none.
    """
    encoders = all_encoders()
    if name not in encoders:
        raise BadInput(f"there is no encoder {name!r}. {nearest(name, encoders)}")
    return encoders[name]


def open_encoder(name: str, *, device: str = "cpu", dtype: str = "fp32", offline: bool = False) -> Opened:
    """Get the files of an encoder (see ``_checkpoint.folder``) and open it on ``device`` ("cpu", "cuda", "cuda:1", "mps").

    Raises:
        BadInput: no such encoder or dtype, or its files are missing, broken or another model's; the message says what to do.
    """
    encoder = find(name)
    if dtype not in DTYPES:
        raise BadInput(f"there is no dtype {dtype!r}. {nearest(dtype, DTYPES)}")
    folder = _checkpoint.folder(name, encoder, offline=offline)
    hearing = _fitting(name, encoder, folder, device, dtype)
    return Opened(name, encoder, hearing, _checkpoint.revision(encoder, folder), folder)


def _fitting(name: str, encoder: Encoder, folder: Path | None, device: str, dtype: str) -> Hearing:
    try:
        hearing = encoder.open(folder, device, dtype)
    except BadInput as bad:
        again = _checkpoint.command(name, encoder)
        raise BadInput(*bad.problems, *([f"To fetch {name} again: {again}"] if again else [])) from bad
    if (hearing.layers, hearing.dim) != (encoder.layers, encoder.dim):
        raise BadInput(
            f"{folder} holds a model of {hearing.layers} layers of {hearing.dim}; encoder {name} ({encoder.source}) has "
            f"{encoder.layers} of {encoder.dim}. To fetch the right one: {_checkpoint.command(name, encoder)}"
        )
    return hearing


def hidden_states(name: str, samples: Samples) -> npt.NDArray[np.float32]:
    """[layer, frame, dim] of one clip, on the CPU; the encoder stays open for the next clip.

    >>> hidden_states("logmel", np.zeros(16_000, np.float32)).shape
    (1, 101, 64)
    """
    hearing = _kept_open(name, _checkpoint.folder(name, find(name)))
    states: torch.Tensor = hearing([samples])[0]
    return cast("npt.NDArray[np.float32]", states.cpu().numpy())


@lru_cache(maxsize=1)
def _kept_open(name: str, folder: Path | None) -> Hearing:
    return _fitting(name, find(name), folder, "cpu", "fp32")
