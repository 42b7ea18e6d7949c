"""Checkpoints in the format of the transformers library, from a folder: nothing here reaches for the network.

A checkpoint is ``config.json``, ``preprocessor_config.json`` and weights, ``model.safetensors`` or ``pytorch_model.bin``
(which is read with ``weights_only``: it cannot run code). Heads of fine-tuned models (CTC, quantiser, decoder) are left out;
weights that the encoder needs and does not find are an error, never drawn at random.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ser_core.audio import RATE_HZ
from ser_core.encoders._encoder import Hearing
from ser_core.encoders._packed import Packed
from ser_core.errors import BadInput, Problem

_NOT_NEEDED = {"masked_spec_embed"}
"""Stands in for masked frames in training; some checkpoints lack it."""


def load(folder: Path, kind: str, device: str, dtype: str) -> Any:
    """The model of class ``kind`` ("Wav2Vec2Model"), evaluating, on ``device``.

    Raises:
        BadInput: files are missing, broken, or not those of such a model.
    """
    import torch
    import transformers

    model_class = getattr(transformers, kind)
    expected = model_class.config_class.model_type
    found = settings(folder, "config.json").get("model_type")
    if found != expected:
        raise BadInput(
            Problem(f"model_type is {found!r}; this encoder needs a checkpoint of {expected!r}.", folder / "config.json")
        )
    with _quiet():
        try:
            model, report = model_class.from_pretrained(
                folder,
                local_files_only=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # they are reported below, by name
                dtype=torch.float32,
            )
        except Exception as failure:  # of safetensors, torch, pickle, OSError: each means that the files are broken
            raise BadInput(Problem(f"the checkpoint cannot be read ({_first_line(failure)}).", folder)) from failure
    missing = sorted(set(report["missing_keys"]) - _NOT_NEEDED)
    wrong = sorted(str(key[0] if isinstance(key, tuple) else key) for key in report["mismatched_keys"])
    if missing or wrong:
        said = [f"lacks {_some(missing)}"] * bool(missing) + [f"has the wrong shape for {_some(wrong)}"] * bool(wrong)
        raise BadInput(Problem(f"the weights do not fit config.json: the file {' and '.join(said)}.", folder))
    return to(model.eval().requires_grad_(False), device, dtype)


def to(model: Any, device: str, dtype: str) -> Any:
    """The model on ``device`` in ``dtype`` ("fp32", "bf16").

    Raises:
        BadInput: there is no such device here.
    """
    import torch

    try:
        return model.to(device=device, dtype={"fp32": torch.float32, "bf16": torch.bfloat16}[dtype])
    except (RuntimeError, AssertionError) as failure:
        raise BadInput(f"the device {device!r} cannot be used here ({_first_line(failure)}).") from failure


def open_packed(folder: Path | None, device: str, dtype: str, *, kind: str) -> Hearing:
    """A wav2vec 2.0, HuBERT or WavLM checkpoint; normalised as its ``preprocessor_config.json`` says."""
    assert folder is not None
    model = load(folder, kind, device, dtype)
    return Packed(model, normalise=normalises(folder))


def normalises(folder: Path) -> bool:
    """Whether the checkpoint was trained on clips of zero mean and unit variance.

    Raises:
        BadInput: the file is missing (guessing would silently give other features), or the model hears another rate.
    """
    said = settings(folder, "preprocessor_config.json")
    rate = said.get("sampling_rate", RATE_HZ)
    if rate != RATE_HZ:
        raise BadInput(Problem(f"the model hears {rate} Hz; clips are {RATE_HZ} Hz.", folder / "preprocessor_config.json"))
    return bool(said.get("do_normalize", True))


def settings(folder: Path, name: str) -> dict[str, Any]:
    """A JSON file of the checkpoint.

    Raises:
        BadInput: it is missing or broken.
    """
    try:
        found: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as failure:
        raise BadInput(
            Problem(f"the checkpoint has no {name}, without which it cannot be opened as it was trained.", folder)
        ) from failure
    except (OSError, ValueError) as failure:
        raise BadInput(Problem(f"cannot be read ({_first_line(failure)}).", folder / name)) from failure
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars and no load report: what matters in it is an error of ours."""
    from transformers.utils import logging as own

    logging: Any = own
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _first_line(failure: BaseException) -> str:
    return (str(failure).strip().splitlines() or [type(failure).__name__])[0]


def _some(keys: list[str]) -> str:
    return ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
