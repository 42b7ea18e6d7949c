"""Shared seconds, observed and expected, summed over all pairs of raters of a clip, without forming a pair.

With k_g(t) the number of raters of group g who marked the moment t, the seconds that pairs of groups g and h share are the
integral of k_g k_h; a rater's pair with himself is taken off within a group. The cost grows with the number of marks, not of
pairs. Weights (how often a draw of the bootstrap holds each rater) stand for numbers of raters throughout.

Times in seconds. Expected sums: see ``chance_overlap.py``; raters whose parts have the same lengths are computed once.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import numpy.typing as npt

from ser_core.statistics import bootstrap
from ser_core.statistics.chance_overlap import expected_overlap

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

MARKED, SHARED, EXPECTED = range(3)
"""What is summed over pairs: the marked seconds of both, those that both marked, and those that they would by chance."""


@dataclass(frozen=True)
class Layer:
    """Parts that can be shared with each other: all of one label, or all whatever their label.

    Attributes:
        rater: whose each part is, ``[part]``, a code from 0.
        start_s, end_s: ``[part]``; parts of one rater lie apart and leave some of the clip free.
    """

    rater: Codes
    start_s: Array
    end_s: Array


def pairs(groups: int) -> list[tuple[int, int]]:
    """Every two of so many groups, and each with itself, in the order of all results.

    >>> pairs(2)
    [(0, 0), (0, 1), (1, 1)]
    """
    return list(combinations_with_replacement(range(groups), 2))


def overlap_sums(layer: Layer, group: Codes, weights: npt.NDArray[np.uint16], *, groups: int, duration_s: float) -> Array:
    """Sums over the pairs of every two groups, ``[pair of groups, 3, draw]``.

    A pair within a group counts twice, once for each order, in all three sums alike.

    Args:
        layer: parts of the clip, at least one.
        group: of each rater of the clip, ``[rater]``, who may have no part in this layer.
        weights: ``[draw, rater]``.
        groups: how many there are.
        duration_s: length of the clip.
    """
    length = np.bincount(layer.rater, layer.end_s - layer.start_s, minlength=len(group))
    chance = _chance(layer, group, duration_s)
    sums = np.empty((len(pairs(groups)), 3, len(weights)))
    for rows in bootstrap.chunks(len(weights), groups * 2 * len(layer.rater) + len(group)):
        often = [np.where(group == g, weights[rows], 0).astype(float) for g in range(groups)]
        marked, number, twice = [w @ length for w in often], [w.sum(axis=1) for w in often], [w**2 @ length for w in often]
        sums[:, SHARED, rows] = _shared(layer, often)
        sums[:, EXPECTED, rows] = _expected(chance, often)
        for at, (g, h) in enumerate(pairs(groups)):
            sums[at, MARKED, rows] = marked[g] * number[h] + number[g] * marked[h]
            if g == h:
                sums[at, MARKED, rows] -= 2 * twice[g]
                sums[at, SHARED, rows] -= twice[g]
    return sums


def _shared(layer: Layer, often: list[Array]) -> Array:
    """Integral of k_g k_h over the clip for every two groups, ``[pair, draw]``."""
    at_s = np.concatenate([layer.start_s, layer.end_s])
    order = np.argsort(at_s, kind="stable")
    rater = np.concatenate([layer.rater, layer.rater])[order]
    change = np.repeat([1.0, -1.0], len(layer.rater))[order]
    gaps = np.diff(at_s[order], append=at_s.max())
    there = [np.cumsum(w[:, rater] * change, axis=1) for w in often]
    for_s = [k * gaps for k in there]
    return np.stack([np.einsum("de,de->d", for_s[g], there[h]) for g, h in pairs(len(often))])


@dataclass(frozen=True)
class _Chance:
    """What raters share by chance: those whose parts have the same lengths share alike.

    Attributes:
        rater: who has parts, in the order of their group and pattern.
        pattern, group: of each of them.
        overlap: in seconds, ``[pattern, pattern]``.
    """

    rater: Codes
    pattern: Codes
    group: Codes
    overlap: Array


def _chance(layer: Layer, group: Codes, duration_s: float) -> _Chance:
    lengths: dict[int, list[float]] = defaultdict(list)
    for part in np.lexsort((layer.start_s, layer.rater)):
        lengths[int(layer.rater[part])].append(round(float(layer.end_s[part] - layer.start_s[part]), 9))
    patterns = sorted({tuple(own) for own in lengths.values()})
    code = {pattern: n for n, pattern in enumerate(patterns)}
    rater = np.array(list(lengths), dtype=np.int64)
    pattern = np.array([code[tuple(own)] for own in lengths.values()], dtype=np.int64)
    order = np.lexsort((pattern, group[rater]))
    return _Chance(rater[order], pattern[order], group[rater][order], expected_overlap(patterns, duration_s))


def _expected(chance: _Chance, often: list[Array]) -> Array:
    """The same integral of the chances of being covered; with each pattern of lengths counted, not each rater."""
    counted: list[tuple[Codes, Array]] = []
    for g, w in enumerate(often):
        own = chance.group == g
        kinds, first = np.unique(chance.pattern[own], return_index=True)
        counted.append((kinds, np.add.reduceat(w[:, chance.rater[own]], first, axis=1) if len(kinds) else w[:, :0]))
    itself = np.diag(chance.overlap)[chance.pattern]
    sums = []
    for g, h in pairs(len(often)):
        (of_g, count_g), (of_h, count_h) = counted[g], counted[h]
        total = np.einsum("dh,dh->d", count_g @ chance.overlap[np.ix_(of_g, of_h)], count_h)
        sums.append(total - often[g][:, chance.rater] ** 2 @ itself if g == h else total)
    return np.stack(sums)
