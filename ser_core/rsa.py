"""Is the geometry of emotions the same in two languages? Representational similarity analysis over pairs of emotions.

In each language every emotion has a centroid, the mean of its clips' features; the distances of all pairs of centroids
(6 for four emotions) are the language's geometry. Two geometries agree as far as the ranks of these distances do: Spearman's
rho. If the names of the emotions meant nothing for it, every way to exchange them in one of the languages would be equally
likely: all of them are looked at, and p is the share whose rho is at least as high (one-sided: alike, not unlike).

Features are standardised within a language first, each number over its clips, so that what has great numbers does not
decide alone; distances are ``euclidean`` unless another is asked for (``cosine``, ``correlation``: 1 - r).

With four emotions there are 24 ways, so p is never below 1/24 = 0.042; with three, 1/6. Six distances are few, too: where
two that are next to each other in rank change places, rho falls by 0.06. And p speaks of these centroids alone, not of
other clips or speakers.

    N. Kriegeskorte, M. Mur, P. Bandettini, Frontiers in Systems Neuroscience 2:4, 2008. TMLR submission 9566, whose public
    code does this for the six pairs of four emotions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, permutations
from math import factorial

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.emotions import in_order
from ser_core.errors import BadInput, Problem

Array = npt.NDArray[np.float64]
DISTANCES = ("euclidean", "cosine", "correlation")
FEWEST, MOST = 3, 8
"""Emotions: with two there is one distance and no rank; of more than 8 there are too many ways to exchange them."""


@dataclass(frozen=True)
class Agreement:
    """How alike two geometries are.

    Attributes:
        rho: Spearman's, in [-1, 1]; NaN where all distances of one are equal.
        p: share of the ways to exchange the emotions whose rho is at least as high.
        ways: how many there are; p cannot be below 1 / ways.
    """

    rho: float
    p: float
    ways: int


def geometry(
    vectors: npt.NDArray[np.floating], truth: npt.ArrayLike, emotions: list[str], *, distance: str = "euclidean"
) -> Array:
    """The distances of the emotions' centroids, [emotion, emotion].

    Args:
        vectors: [clip, dim] of one language.
        truth: [clip], the emotion of each.
        emotions: in the order of the rows.
        distance: one of ``DISTANCES``.

    >>> clips = np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 0.0], [3.0, 0.0], [0.0, 4.0], [0.0, 4.0]])
    >>> found = geometry(clips, ["a", "a", "b", "b", "c", "c"], ["a", "b", "c"])  # either column comes to the same scale
    >>> (found / found[0, 1]).round(6).tolist()
    [[0.0, 1.0, 1.0], [1.0, 0.0, 1.414214], [1.0, 1.414214, 0.0]]
    """
    from scipy.spatial.distance import cdist

    numbers = np.asarray(vectors, dtype=np.float64)
    spread = numbers.std(axis=0)
    scaled = (numbers - numbers.mean(axis=0)) / np.where(spread > 0, spread, 1)
    names = np.asarray(truth, dtype=object)
    centroids = np.stack([scaled[names == emotion].mean(axis=0) for emotion in emotions])
    return np.asarray(cdist(centroids, centroids, distance))


def agreement(one: Array, other: Array) -> Agreement:
    """Of two geometries of the same emotions in the same order.

    >>> line = np.abs(np.subtract.outer([0.0, 1.0, 3.0, 7.0], [0.0, 1.0, 3.0, 7.0]))  # four emotions on a line
    >>> agreement(line, 2 * line + 1)
    Agreement(rho=1.0, p=0.041666666666666664, ways=24)
    """
    from scipy.stats import rankdata

    count = len(one)
    rows, columns = np.triu_indices(count, 1)
    orders = np.array(list(permutations(range(count))))
    ranks = rankdata(one[rows, columns]) - (len(rows) + 1) / 2
    exchanged = rankdata(other[orders[:, rows], orders[:, columns]], axis=1) - (len(rows) + 1) / 2
    size = np.sqrt((ranks @ ranks) * np.square(exchanged[0]).sum())
    if size == 0:
        return Agreement(np.nan, np.nan, factorial(count))
    rho = exchanged @ ranks / size  # the first of the orders exchanges nothing
    return Agreement(float(rho[0].round(12)), float((rho >= rho[0] - 1e-9).mean()), factorial(count))


def emotions_of(clips: pd.DataFrame, wanted: Iterable[str], by: str) -> list[str]:
    """The emotions to look at: ``wanted``, or else those that every language (or corpus) has.

    Args:
        clips: a stimuli table.
        wanted: names; empty: what all have.
        by: the column that tells geometries apart.

    Raises:
        BadInput: one language alone, too few or too many emotions, or one that a language lacks; all of it at once.
    """
    there = {str(name): set(part["truth"]) - {""} for name, part in clips.groupby(by)}
    emotions = in_order(set(wanted)) or in_order(set.intersection(*there.values())) if there else []
    problems = []
    if len(there) < 2:
        problems.append(
            Problem(f"geometries of two or more are compared by {by}; the tables hold {', '.join(there) or 'none'}.")
        )
    if not FEWEST <= len(emotions) <= MOST:
        held = ", ".join(emotions) or "none"
        problems.append(Problem(f"{FEWEST} to {MOST} emotions are needed; these are there of each {by}: {held}."))
    for name, own in there.items():
        if missing := [emotion for emotion in emotions if emotion not in own]:
            problems.append(Problem(f"{by} {name} has no clip that is {' or '.join(missing)}."))
    if problems:
        raise BadInput(*problems)
    return emotions


def geometries(
    vectors: npt.NDArray[np.floating], clips: pd.DataFrame, emotions: list[str], *, by: str, distance: str
) -> dict[str, Array]:
    """That of each language (or corpus): [clip, dim] beside the rows of a stimuli table."""
    return {
        str(name): geometry(vectors[rows], clips["truth"].to_numpy()[rows], emotions, distance=distance)
        for name, rows in clips.groupby(by).indices.items()
    }


def agreements(found: Mapping[str, Array], by: str) -> pd.DataFrame:
    """Of every two: ``<by>_a, <by>_b, emotions, pairs, rho, p, ways``."""
    rows = []
    for (a, one), (b, other) in combinations(found.items(), 2):
        said = agreement(one, other)
        rows.append((a, b, len(one), len(one) * (len(one) - 1) // 2, said.rho, said.p, said.ways))
    return pd.DataFrame(rows, columns=[f"{by}_a", f"{by}_b", "emotions", "pairs", "rho", "p", "ways"])


def distances(found: Mapping[str, Array], emotions: list[str], by: str) -> pd.DataFrame:
    """Of every two emotions: ``<by>, emotion_a, emotion_b, distance``."""
    pairs = list(combinations(range(len(emotions)), 2))
    rows = [(name, emotions[a], emotions[b], float(matrix[a, b])) for name, matrix in found.items() for a, b in pairs]
    return pd.DataFrame(rows, columns=[by, "emotion_a", "emotion_b", "distance"])
