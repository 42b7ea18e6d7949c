"""What methods have in common whose networks see frames and learn by ``ser_core/training``.

A method says what it hears and how its network is built (``Way``). Here are the clips with their frames, a training that
can be cut off and gone on with, in one stage or two, and what a fitted model tells.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ser_core.errors import BadInput
from ser_core.features import device_named
from ser_core.methods._heard import heard
from ser_core.methods._learning import unteachable
from ser_core.methods._method import CURVE, Ears, Told, Watch
from ser_core.training.checkpoints import Checkpoint
from ser_core.training.clips import Part
from ser_core.training.loop import Training
from ser_core.training.state import Stand, next_stage


@dataclass(frozen=True)
class Model:
    """What was learned, and where the training stood."""

    config: Any
    labels: tuple[str, ...]
    revision: str
    """Of the encoder whose frames it learned from."""
    stand: Stand
    """Weights of the last epoch and moments only where a second stage is to go on with them."""


@dataclass(frozen=True)
class Way:
    """How a method learns; its config has ``seed``, ``encoder`` and ``recipe``."""

    hears: Callable[[Any], Ears]
    build: Callable[[Any, int, str], Any]
    """``build(config, emotions, device)``: a network (``training.loop.Network``) that has learned nothing yet."""


def learned(
    way: Way,
    labels: tuple[str, ...],
    train: pd.DataFrame,
    dev: pd.DataFrame,
    config: Any,
    watch: Watch,
    before: Model | None = None,
) -> Model:
    """Train, from the beginning or from a fitted model; without dev clips for all epochs.

    Raises:
        BadInput: what cannot be learned, heard or computed, a checkpoint of another lesson, or frames of another revision
            than the model before has learned from.
    """
    if problems := unteachable(labels, train, dev):
        raise BadInput(*problems)
    recipe, device = config.recipe, device_named("auto")
    (whole, revision), (dev_part, _) = (part(way.hears(config), config, labels, clips) for clips in (train, dev))
    if before is not None:
        same_revision(before, revision)
    network = way.build(config, len(labels), device)
    begin = next_stage(before.stand, carry_optimizer=recipe.carry_optimizer) if before else None
    stage = begin.state.stage if begin else 1
    checkpoint = None
    if watch.folder is not None:
        told = _lesson(config, labels, revision, device, train, dev) | {"begins from": _digest(begin)}
        checkpoint = Checkpoint(watch.folder / f"stage{stage}.checkpoint", told)
    stand = Training(network, whole, dev_part, recipe, config.seed, device, watch.say).run(begin, checkpoint)
    return Model(config, labels, revision, stand if recipe.carry_optimizer else stand.light())


def part(ears: Ears, config: Any, labels: tuple[str, ...], clips: pd.DataFrame) -> tuple[Part, str]:
    """Clips with their frames, and the revision of the encoder; without labels nobody asks for their truths."""
    found = heard(ears, clips)
    truths = np.array([labels.index(truth) for truth in clips["truth"]] if labels else [], dtype=np.int64)
    if found.about.keeps_frames:
        return Part(found, found.index["frames"].to_numpy(), truths), found.about.revision
    means = found.layer(config.layer)[:, np.newaxis]  # the mean over the one frame that a mean is, is that mean
    return Part(means, np.ones(len(means), np.int64), truths), found.about.revision


def same_revision(model: Model, revision: str) -> None:
    """Whether the encoder is the one that the model has learned from.

    Raises:
        BadInput: it is another.
    """
    if revision != model.revision:
        raise BadInput(
            f"the model has learned from {model.config.encoder} of revision {model.revision}; here it is {revision}. "
            "Put that one back, or learn anew."
        )


def tells(model: Model) -> Told:
    """How it learned, over all stages."""
    state = model.stand.state
    return Told(
        curve=pd.DataFrame(state.curve, columns=list(CURVE)).astype({"stage": int, "epoch": int}),
        epochs=state.epoch,
        kept=state.kept,
        stopped=state.stopped,
        trainable=sum(weights.numel() for weights in model.stand.kept.values()),
        batch=model.config.recipe.batch,
        peak_memory_mb=round(state.peak_mb, 1),
        notes=tuple(state.notes),
    )


def _lesson(
    config: Any, labels: tuple[str, ...], revision: str, device: str, train: pd.DataFrame, dev: pd.DataFrame
) -> dict[str, str]:
    """All that decides what is learned; see ``Checkpoint.lesson``."""
    import torch

    clips = {name: "".join(part["sha256"] + part["truth"]) for name, part in (("training clips", train), ("dev clips", dev))}
    return {
        **{key: str(value) for key, value in (dataclasses.asdict(config) | dataclasses.asdict(config.recipe)).items()},
        "emotions": ", ".join(labels),
        "revision": revision,
        **{name: _sha256(text.encode()) for name, text in clips.items()},
        "device": device.partition(":")[0],
        "threads": str(torch.get_num_threads()) if device == "cpu" else "",
        "torch": str(torch.__version__),
    }


def _digest(begin: Stand | None) -> str:
    """Of the weights that a second stage begins from."""
    return _sha256(*(weights.numpy().tobytes() for weights in begin.last.values())) if begin else "the beginning"


def _sha256(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:16]
