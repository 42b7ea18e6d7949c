"""Pseudo-labels while the encoder is trained: ``pseudo_labels`` does so on a frozen one, this with all of ``tuned``.

It learns from labelled clips, those of the source and as many of the target as there are. After ``every`` epochs each
unlabelled clip whose greatest posterior is ``tau`` or more becomes a training clip with that label, and training goes on,
with the same optimiser, for ``every`` epochs more, until ``epochs`` are over; all are labelled anew each time. With
``rebalance`` clips of the target are drawn again until they are as many as those of the source.

The last weights rate: the best on dev clips of the source are likely those from before it learned from the target.

    Agarla et al. 2023 (arXiv:2207.06767), algorithm 1: W = 30, tau = 0.50, 100 epochs. There clips are cropped to 2 s in
    training, the learning rate falls, and the epoch is the best on dev clips of both languages.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from ser_core import languages
from ser_core.errors import BadInput, Problem
from ser_core.methods import _course, tuned
from ser_core.methods._learning import refused, unteachable
from ser_core.methods._method import Method, Watch, emotions_of
from ser_core.methods._trained import Model, tells
from ser_core.methods.pseudo_labels import rebalanced, sure
from ser_core.training.recipe import Recipe
from ser_core.training.state import Stand


@dataclass(frozen=True)
class Config(tuned.Config):
    """What is trained of which encoder, how, and how clips are labelled."""

    patience: int | None = 100
    """Epochs without a lower dev loss after which it is over, or labels anew."""
    tau: float = 0.5
    """The least posterior that makes a label."""
    every: int = 30
    """Epochs until unlabelled clips are labelled, and labelled anew."""
    rebalance: bool = True
    """Whether clips of the target are drawn again until they are as many as those of the source."""
    rated_by: Literal["last", "best"] = "last"
    """The weights that rate: the last ones, or the best on dev clips."""

    def __post_init__(self) -> None:
        """Refuse what there is not, what makes no sense and what cannot be learned with; all of it at once."""
        if problems := [*refused(super().__post_init__), *self._wrong()]:
            raise BadInput(*problems)

    def _wrong(self) -> Iterator[Problem]:
        if not 0 <= self.tau <= 1:
            yield Problem(f"tau must lie from 0 to 1, not {self.tau}.")
        if self.every < 1:
            yield Problem(f"every must be 1 epoch or more, not {self.every}.")
        if self.carry_optimizer is False:
            yield Problem("carry_optimizer: training goes on with the optimiser after labelling; leave it out.")

    @property
    def recipe(self) -> Recipe:
        """How it learns; each time that it goes on, with the moments and the count of epochs that there are."""
        return dataclasses.replace(super().recipe, carry_optimizer=True, first_epochs=0)


def fit(
    train: pd.DataFrame,
    dev: pd.DataFrame,
    config: Config,
    *,
    unlabelled: pd.DataFrame | None = None,
    watch: Watch | None = None,
) -> Model:
    """Train, label, go on.

    Raises:
        BadInput: as ``tuned.fit``; no unlabelled clip in a table of them, or clips that are labelled as well.
    """
    labels = emotions_of(train)
    others = train.iloc[:0] if unlabelled is None else unlabelled
    if problems := [*unteachable(labels, train, dev), *_wrong(train, dev, others, given=unlabelled is not None)]:
        raise BadInput(*problems)
    epochs = config.recipe.epochs
    whole, model, said = _together(train, others.iloc[:0], others, config, 0), None, list[str]()
    for until in [*range(config.every, epochs, config.every), epochs] if len(others) else [epochs]:
        model = tuned.stage(labels, whole, dev, dataclasses.replace(config, epochs=until), watch, model)
        if until < epochs:
            found = labelled(model, others, config.tau)
            said.append(f"epoch {model.stand.state.epoch}: {len(found)} of {len(others)} unlabelled clips labelled")
            whole = _together(train, found, others, config, until)
    assert model is not None
    return _rating(model, config, [*said, *_notes(config, others, given=unlabelled is not None)])


def labelled(model: Model, clips: pd.DataFrame, tau: float) -> pd.DataFrame:
    """Those of the clips of which the last weights are sure, with ``truth`` as they say it."""
    stand = model.stand
    now = dataclasses.replace(model, stand=Stand(stand.state, stand.last, {}))
    posteriors = tuned.predict(now, clips).ratings["weight"].to_numpy().reshape(len(clips), -1).astype(np.float32)
    chosen = sure(posteriors, tau)
    return clips.iloc[chosen].assign(truth=[model.labels[best] for best in posteriors[chosen].argmax(axis=1)])


def _together(train: pd.DataFrame, found: pd.DataFrame, others: pd.DataFrame, config: Config, epoch: int) -> pd.DataFrame:
    """Labelled and pseudo-labelled clips, those of the target drawn as often as is wanted."""
    whole = pd.concat([train, found], ignore_index=True)
    if not config.rebalance:
        return whole
    there = set(others["language"].map(languages.normal))
    of_target = whole["language"].map(languages.normal).isin(there).to_numpy()
    return whole.iloc[rebalanced(of_target, seed=config.seed, epoch=epoch)].reset_index(drop=True)


def _rating(model: Model, config: Config, notes: list[str]) -> Model:
    """The model as it rates: with the weights that are wanted, and without what only a further stage needs."""
    state, kept = model.stand.state, model.stand.kept
    if config.rated_by == "last":
        state, kept = dataclasses.replace(state, kept=state.epoch), model.stand.last
    state = dataclasses.replace(state, stage=1, notes=[*state.notes, *notes])
    return dataclasses.replace(model, config=config, stand=Stand(state, kept, {}))


def _wrong(train: pd.DataFrame, dev: pd.DataFrame, others: pd.DataFrame, *, given: bool) -> Iterator[Problem]:
    if given and others.empty:
        yield Problem("there is no unlabelled clip to label; take 'tuned', or leave more clips of the target.")
    yield from _course.twice(others, train, dev)


def _notes(config: Config, others: pd.DataFrame, *, given: bool) -> Iterator[str]:
    if not given:
        yield "there were no unlabelled clips: it learned from labelled ones only"
    elif config.every >= config.recipe.epochs:
        yield f"{len(others)} unlabelled clips of the target, and none was labelled: {config.every} epochs were not reached"


METHOD = Method(
    title="Tuned encoder with pseudo-labels",
    config=Config,
    fit=fit,
    predict=tuned.predict,
    hears=tuned.hears,
    adapts=True,
    watched=True,
    tells=tells,
)
