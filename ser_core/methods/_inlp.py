"""Iterative null-space projection: directions of features that tell speakers apart are taken away, round by round.

Each round fits a linear classifier of speakers to what is left, and takes away the row space of its weights, until speakers
are told apart hardly better than by chance. All weights W_1 .. W_r together span a space; with Q an orthonormal basis of it,
P = I - Q Q^T projects onto what all of them are blind to: W_i P = 0 for every i, and P P = P.

    Ravfogel et al. 2020, "Null It Out", ACL. As there, P is the intersection of the null spaces, not the product of the
    projections of the rounds, which rounding lets drift away from idempotence.

The features are standardised first, and P acts on what is standardised. The public code of the TMLR submission 9566 applies
the P of weights that were learned on standardised features to features that were not, so that W P is not 0 for what its
classifier saw: ``published`` does that, too, so that both can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
OPERATORS = ("correct", "published")
_RANK_BELOW = 1e-10


@dataclass(frozen=True)
class Scale:
    """How features are standardised."""

    mean: Matrix
    spread: Matrix

    def __call__(self, features: Matrix) -> Matrix:
        """[clip, dim], each column of mean 0 and deviation 1 over the clips that the scale is of."""
        return np.asarray((features - self.mean) / self.spread)


def scale_of(features: Matrix) -> Scale:
    """The scale of [clip, dim]; a column that never changes is left as it is."""
    spread = features.std(axis=0)
    return Scale(features.mean(axis=0), np.where(spread > 1e-8, spread, 1.0))


@dataclass(frozen=True)
class Removal:
    """What was taken away.

    Attributes:
        scale: of the clips that it was learned on.
        projection: P, [dim, dim].
        weights: of each round, [speaker, dim] (one row where there are two speakers).
        accuracies: of each round's classifier on the clips it was fitted to, in [0, 1].
        operator: ``correct`` or ``published``.
    """

    scale: Scale
    projection: Matrix
    weights: tuple[Matrix, ...]
    accuracies: tuple[float, ...]
    operator: str

    @property
    def rank(self) -> int:
        """How many directions were taken away."""
        return len(self.projection) - round(float(np.trace(self.projection)))

    def __call__(self, features: Matrix) -> Matrix:
        """[clip, dim] without those directions; standardised if the operator is the correct one."""
        kept = self.scale(features) if self.operator == "correct" else features
        return np.asarray(kept @ self.projection)


def learned(
    features: Matrix,
    speakers: Sequence[str],
    *,
    rounds: int = 12,
    slack: float = 0.05,
    operator: str = "correct",
    seed: int = 0,
) -> Removal:
    """Take away what tells speakers apart.

    Args:
        features: [clip, dim].
        speakers: of each clip; two or more different ones.
        rounds: at most so many.
        slack: it ends once speakers are told apart no better than chance + slack (1 / speakers + slack).
        operator: one of ``OPERATORS``.
        seed: of the classifiers.
    """
    names = sorted(set(speakers))
    if len(names) < 2:
        raise ValueError("one speaker cannot be told from another")
    scale = scale_of(features)
    scaled = scale(features)
    chance = 1 / len(names) + slack
    projection = np.eye(features.shape[1])
    weights, accuracies = list[Matrix](), list[float]()
    for number in range(rounds):
        told = _classifier(seed + number).fit(scaled @ projection, speakers)
        accuracies.append(float(told.score(scaled @ projection, speakers)))
        if accuracies[-1] <= chance:
            break
        weights.append(np.asarray(told.coef_ @ projection))  # what acts on standardised features
        projection = null_space(weights)
    return Removal(scale, projection, tuple(weights), tuple(accuracies), operator)


def random(like: Removal, *, seed: int) -> Removal:
    """As many directions, drawn at random: the control."""
    rng = np.random.default_rng([seed, like.rank])
    drawn = rng.normal(size=(like.rank, len(like.projection)))
    return Removal(like.scale, null_space([drawn]), (), (), like.operator)


def null_space(weights: Sequence[Matrix]) -> Matrix:
    """The projection onto what all weights [row, dim] are blind to, [dim, dim].

    >>> null_space([np.array([[3.0, 0.0, 4.0]])]).round(2).tolist()
    [[0.64, 0.0, -0.48], [0.0, 1.0, 0.0], [-0.48, 0.0, 0.36]]
    """
    _, sizes, rows = np.linalg.svd(np.concatenate(weights), full_matrices=False)
    basis = rows[sizes > _RANK_BELOW * max(float(sizes.max(initial=0.0)), _RANK_BELOW)]
    return np.asarray(np.eye(rows.shape[1]) - basis.T @ basis)


def identified(features: Matrix, speakers: Sequence[str], *, seed: int) -> float:
    """How often a fresh classifier tells who speaks, in [0, 1]: fitted to every other clip of a speaker, tested on the rest.

    NaN where fewer than two speakers have two clips.
    """
    order = np.random.default_rng(seed).permutation(len(speakers))
    seen: dict[str, int] = {}
    turn = np.zeros(len(speakers), dtype=np.int64)
    for at in order:
        turn[at] = seen.setdefault(speakers[at], 0)
        seen[speakers[at]] += 1
    usable = np.array([seen[name] > 1 for name in speakers])
    fitted, tested = usable & (turn % 2 == 0), usable & (turn % 2 == 1)
    names = np.asarray(speakers, dtype=object)
    if len(set(names[tested])) < 2:
        return float("nan")
    told = _classifier(seed).fit(features[fitted], names[fitted])
    return float(told.score(features[tested], names[tested]))


def _classifier(seed: int) -> Any:
    """The linear classifier of the submission: log loss, alpha 1e-4, at most 30 passes over the clips."""
    from sklearn.linear_model import SGDClassifier

    return SGDClassifier(loss="log_loss", alpha=1e-4, max_iter=30, tol=None, random_state=seed)
