"""What a method file declares: how a model is fitted, and how it rates clips as a listener would.

The tables of clips that methods are given are stimuli tables (``ser_core.stimuli.load``: ``file`` is absolute) with
``sha256`` and ``duration_s`` filled in, and, for training, ``truth`` too.

A method rates whole clips, or it marks parts of them (``ser_core/diarization/``); the runner does not ask which.
"""

from __future__ import annotations

import dataclasses
import sys
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from ser_core.emotions import in_order
from ser_core.errors import BadInput, Problem, nearest


@dataclass(frozen=True)
class Ears:
    """What of a clip a method asks of an encoder; the runner has it ready before ``fit`` and ``predict`` ask for it."""

    encoder: str
    pooling: str = "mean"
    """One of ``features.POOLINGS``."""
    layer: int | None = None
    """Of the frames, the one layer that is kept (negative: from the end); None is all of them."""


@dataclass(frozen=True)
class Rated:
    """What a model says of clips."""

    ratings: pd.DataFrame
    """``stimulus, label, weight``: for each clip one row per emotion that it knows, in canonical order, weights summing to
    1. Of a method that marks: ``stimulus, start_s, end_s, label, weight``, parts beside each other, each of weight 1."""
    posteriors: pd.DataFrame | None = None
    """Of a method that marks: ``stimulus, start_s, end_s`` of each frame, then a column for each label, float32."""


@dataclass(frozen=True)
class Lesson:
    """What one model is to learn: the arguments of ``fit``."""

    train: pd.DataFrame
    dev: pd.DataFrame
    config: Any
    unlabelled: pd.DataFrame | None = None
    """For a method that ``adapts``."""


def _said(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Watch:
    """What a long training is given beside what it learns from."""

    folder: Path | None = None
    """Where it keeps what it needs to go on exactly from where it was cut off; what lies there is of the same lesson."""
    say: Callable[[str], None] = _said
    """Told in words how far it is, with the time left."""


CURVE = ("stage", "epoch", "train_loss", "dev_loss", "dev_ua", "seconds")
"""Columns of a learning curve: a row for each epoch, from 1; stage 1, or 2 of what went on from another model."""


@dataclass(frozen=True)
class Told:
    """What a fitted model tells of how it was fitted; what does not apply is empty."""

    curve: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(CURVE)))
    """Columns ``CURVE``; losses in nats, accuracies in [0, 1]."""
    epochs: int | None = None
    kept: int | None = None
    """The epoch whose weights these are, counted over all stages."""
    stopped: str = ""
    """``patience`` or ``epochs``."""
    trainable: int | None = None
    """How many numbers were learned."""
    batch: int | None = None
    """Clips of one step of the optimiser."""
    peak_memory_mb: float | None = None
    notes: tuple[str, ...] = ()
    """What a reader must know: that a batch was halved because memory ran out, for example."""


def _tells_nothing(model: Any) -> Told:
    return Told()


def _hears_nothing(config: Any) -> Ears | None:
    return None


@dataclass(frozen=True)
class Method:
    """A way from clips to ratings. A fitted model can be pickled, for ``predict`` may run in other processes."""

    title: str
    config: type
    """A frozen dataclass of hyper-parameters with defaults, ``seed`` among them; it refuses values that make no sense."""
    fit: Callable[[pd.DataFrame, pd.DataFrame, Any], Any]
    """``fit(train, dev, config) -> model``; ``dev`` may be empty. Where ``learns`` is false, both are."""
    predict: Callable[[Any, pd.DataFrame], Rated]
    """``predict(model, stimuli) -> what it says``. What it says of a clip does not depend on the clips beside it."""
    hears: Callable[[Any], Ears | None] = _hears_nothing
    """``hears(config)``: what it asks of an encoder; None for a method that does not listen, or has a model of its own."""
    refuses: Callable[[Lesson], list[Problem]] | None = None
    """``refuses(lesson)``: why nothing can be learned from such clips, as far as it is known before one is heard; ``fit``
    raises the same."""
    learns: bool = True
    """False: it comes trained; no training table is needed and none is used."""
    trained_on: str = ""
    """The language (BCP 47) that one which comes trained has learned."""
    marks: bool = False
    """Whether it marks parts of clips, rather than rating them whole."""
    fit_many: Callable[[Sequence[Lesson]], list[Any]] | None = None
    """Several models at once as one program, each as ``fit`` would make it up to rounding; their configs may differ. In the
    place of one that diverged stands the ``Diverged`` that ``fit`` would raise."""
    further: Callable[..., Any] | None = None
    """``further(model, train, dev, config) -> model``: goes on from a fitted model with other clips (a second stage)."""
    adapts: bool = False
    """Whether ``fit`` takes ``unlabelled=``: clips of the tested language, without ``truth``, none of them tested."""
    watched: bool = False
    """Whether ``fit`` and ``further`` take ``watch=Watch(...)``."""
    embeds: Callable[[Any, pd.DataFrame], npt.NDArray[np.float64]] | None = None
    """``embeds(model, stimuli)``: what the model makes of each clip before its last layer, [clip, dim]. Its config names the
    encoder and the layer whose means over frames are what it began with."""
    tells: Callable[[Any], Told] = _tells_nothing
    """``tells(model)``: how it was fitted."""


def configured(method: Method, chosen: Mapping[str, Any], *, seed: int) -> Any:
    """The config of a method from what was chosen, as text (``--set layer=8``) or as values.

    Raises:
        BadInput: it has no such key, or a value of another kind is needed; all of them at once.
    """
    hints = typing.get_type_hints(method.config)
    problems, values = [], {}
    for key, value in chosen.items():
        if key not in hints or key == "seed":
            problems.append(
                Problem(f"'{method.title}' has nothing called '{key}' to set. {nearest(key, set(hints) - {'seed'})}")
            )
            continue
        try:
            values[key] = TypeAdapter(hints[key]).validate_python(value)
        except ValidationError as error:
            problems.append(Problem(f"'{key}' cannot be '{value}': {error.errors()[0]['msg'].lower()}"))
    if problems:
        raise BadInput(*problems)
    return method.config(seed=seed, **values)


def settable(method: Method) -> dict[str, Any]:
    """What can be chosen of a method, with its defaults, beside the seed."""
    return {f.name: f.default for f in dataclasses.fields(method.config) if f.name != "seed"}


def emotions_of(train: pd.DataFrame) -> tuple[str, ...]:
    """The emotions of a training part, in canonical order."""
    return tuple(in_order(set(train["truth"])))


def posterior(stimuli: pd.DataFrame, labels: tuple[str, ...], weights: npt.ArrayLike) -> Rated:
    """Of whole clips, from weights of shape [stimulus, label].

    >>> posterior(pd.DataFrame({"stimulus": ["a"]}), ("angry", "sad"), [[0.25, 0.75]]).ratings.values.tolist()
    [['a', 'angry', 0.25], ['a', 'sad', 0.75]]
    """
    shape = (len(stimuli), len(labels))
    rows = {
        "stimulus": np.repeat(stimuli["stimulus"].to_numpy(dtype="object"), shape[1]),
        "label": np.tile(np.array(labels, dtype="object"), shape[0]),
        "weight": np.asarray(weights, dtype=np.float64).reshape(shape).ravel(),
    }
    return Rated(pd.DataFrame(rows))
