"""A linear probe on features from which the speaker was removed: is it the voice or the emotion that a model reads?

Directions that tell the training part's speakers apart are taken away (``_inlp.py``), then logistic regression is fitted
to what is left. Settings: ``remove`` the speaker, as many directions at ``random`` (the control), or ``nothing``; and
``operator``, the correct or the published one. How well speakers can still be told apart is measured on held-out clips.

    TMLR submission 9566: at most 12 rounds, ended at chance + 0.05; logistic regression with C = 1; the features are the
    weighted sum of all layers that ``weighted_layers`` learns on the same training part (representation ``weighted``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from ser_core.encoders._find import find
from ser_core.errors import BadInput, Problem
from ser_core.methods import _inlp, weighted_layers
from ser_core.methods._heard import heard
from ser_core.methods._inlp import Matrix, Removal
from ser_core.methods._learning import unteachable
from ser_core.methods._method import Ears, Lesson, Method, Rated, Told, emotions_of, posterior


@dataclass(frozen=True)
class Config:
    """What is heard, what is removed, and how the probe is fitted."""

    seed: int = 0
    encoder: str = "logmel"
    """Its name."""
    layer: int | None = -1
    """Whose frames, averaged; negative: from the end. None where all are heard (``representation``)."""
    representation: Literal["layer", "weighted"] = "layer"
    """One layer; or the sum of all, weighted as ``weighted_layers`` (preset ``paper``) learns to on the training part."""
    remove: Literal["speaker", "random", "nothing"] = "speaker"
    """Directions that tell speakers apart; as many at random; or none."""
    operator: Literal["correct", "published"] = "correct"
    """On standardised features; or, as in the public code, learned on those and applied to features as they are."""
    rounds: int = 12
    """At most."""
    slack: float = 0.05
    """It ends once speakers are told apart no better than chance + slack."""
    penalty: float = 1.0
    """Of the logistic regression: 1 / C."""

    def __post_init__(self) -> None:
        """Refuse what cannot be done, and an encoder or layer that there is not."""
        problems = []
        if self.rounds < 1:
            problems.append(f"rounds must be 1 or more, not {self.rounds}.")
        if not 0 <= self.slack < 1:
            problems.append(f"slack must lie from 0 to 1, not {self.slack}.")
        if not self.penalty > 0:
            problems.append(f"penalty must be more than 0, not {self.penalty}.")
        if self.representation == "weighted":
            if self.layer not in (-1, None):
                problems.append(f"'layer' is of representation=layer; weighted hears all of them, not {self.layer} alone.")
            object.__setattr__(self, "layer", None)
        elif self.layer is None:
            problems.append("layer must be a number where representation is layer.")
        if problems:
            raise BadInput(*problems)
        encoder = find(self.encoder)
        if self.layer is not None:
            encoder.layer(self.layer)


@dataclass(frozen=True)
class Model:
    """What was taken away, and what was learned from the rest."""

    config: Config
    labels: tuple[str, ...]
    mix: weighted_layers.Model | None
    """Where the layers are weighed: what learned to."""
    removal: Removal | None
    scale: _inlp.Scale
    probe: Any
    told: Told

    def seen(self, vectors: Matrix) -> Matrix:
        """[clip, dim] as the probe sees it."""
        return self.scale(self.removal(vectors) if self.removal else vectors)


def fit(train: pd.DataFrame, dev: pd.DataFrame, config: Config) -> Model:
    """Remove and fit; ``dev`` is not needed, nothing is stopped early.

    Raises:
        BadInput: one emotion only; clips without a speaker, or of one only, where speakers are to be removed.
    """
    from sklearn.linear_model import LogisticRegression

    labels = emotions_of(train)
    if problems := refuses(Lesson(train, dev, config)):
        raise BadInput(*problems)
    mix = None if config.representation == "layer" else _mix(config, train)
    vectors = _vectors(config, mix, train)
    speakers = _speakers(train)
    removal = None if config.remove == "nothing" else _removal(config, train, vectors, speakers)
    left = removal(vectors) if removal else vectors
    scale = _inlp.scale_of(left)
    probe = LogisticRegression(C=1 / config.penalty, max_iter=2000)
    probe.fit(scale(left), [labels.index(truth) for truth in train["truth"]])
    told = _told(config, vectors, left, removal, speakers)
    if mix:
        told = replace(told, notes=(*told.notes, *weighted_layers.tells(mix).notes))
    return Model(config, labels, mix, removal, scale, probe, told)


def refuses(lesson: Lesson) -> list[Problem]:
    """One emotion alone, or no two speakers where they are to be told apart."""
    train = lesson.train
    problems = unteachable(emotions_of(train), train, train.iloc[:0])
    if lesson.config.remove == "nothing" or train.empty:
        return problems
    speakers, nameless = _speakers(train), int((train["speaker"] == "").sum())
    if nameless:
        what = f"{nameless} of {len(train)} clips say no speaker, and none can be removed"
    elif len(set(speakers)) < 2:
        what = "all clips are of one speaker, and there is nobody to tell from another"
    else:
        return problems
    return [*problems, Problem(f"{what}; set remove=nothing.")]


def _speakers(clips: pd.DataFrame) -> list[str]:
    return [f"{corpus} {name}" for corpus, name in zip(clips["corpus"], clips["speaker"], strict=True)]


def _mix(config: Config, train: pd.DataFrame) -> weighted_layers.Model:
    return weighted_layers.fit(train, train.iloc[:0], weighted_layers.Config(seed=config.seed, encoder=config.encoder))


def _removal(config: Config, train: pd.DataFrame, vectors: Matrix, speakers: list[str]) -> Removal:
    removed = _inlp.learned(
        vectors, speakers, rounds=config.rounds, slack=config.slack, operator=config.operator, seed=config.seed
    )
    return removed if config.remove == "speaker" else _inlp.random(removed, seed=config.seed)


def _told(config: Config, vectors: Matrix, left: Matrix, removal: Removal | None, speakers: list[str]) -> Told:
    before, after = (_inlp.identified(_inlp.scale_of(x)(x), speakers, seed=config.seed) for x in (vectors, left))
    known = f"speakers told apart on held-out training clips: {before:.3f} before, {after:.3f} after"
    if removal is None:
        return Told(notes=(f"speakers told apart on held-out training clips: {before:.3f}",))
    rounds = f"{len(removal.weights)} rounds" if config.remove == "speaker" else "at random"
    return Told(notes=(f"{removal.rank} of {len(removal.projection)} directions removed ({rounds})", known))


def predict(model: Model, stimuli: pd.DataFrame) -> Rated:
    """The softmax of the probe for every clip.

    Raises:
        BadInput: clips that cannot be heard.
    """
    seen = model.seen(_vectors(model.config, model.mix, stimuli))
    return posterior(stimuli, model.labels, model.probe.predict_proba(seen))


def hears(config: Config) -> Ears:
    """Means over frames; the layer is taken from them."""
    return Ears(config.encoder)


def tells(model: Model) -> Told:
    """How much was removed, and how well speakers are told apart before and after."""
    return model.told


def _vectors(config: Config, mix: weighted_layers.Model | None, clips: pd.DataFrame) -> Matrix:
    if mix:
        return np.asarray(weighted_layers.represented(mix, clips), dtype=np.float64)
    assert config.layer is not None
    return np.asarray(heard(hears(config), clips).layer(config.layer), dtype=np.float64)


METHOD = Method(
    title="Linear probe without the speaker (INLP)",
    config=Config,
    fit=fit,
    predict=predict,
    hears=hears,
    refuses=refuses,
    tells=tells,
)
