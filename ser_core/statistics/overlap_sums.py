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


def overlap_sums(layer: Layer, group: Codes, weights: Array, *, groups: int, duration_s: float) -> Array:
    """Sums over the pairs of every two groups, ``[pair of groups, 3, draw]``.

    A pair within a group counts twice, once for each order, in all three sums alike.

    Args:
        layer: parts of the clip.
        group: of each rater of the clip, ``[rater]``, who may have no part in this layer.
        weights: ``[draw, rater]``.
        groups: how many there are.
        duration_s: length of the clip.
    """
    length = np.bincount(layer.rater, layer.end_s - layer.start_s, minlength=len(group))
    members = [group == g for g in range(groups)]
    number = [weights[:, m].sum(axis=1) for m in members]
    marked = [weights[:, m] @ length[m] for m in members]
    twice = [weights[:, m] ** 2 @ length[m] for m in members]
    sums = np.empty((len(pairs(groups)), 3, len(weights)))
    sums[:, SHARED] = _shared(layer, group, weights, groups)
    sums[:, EXPECTED] = _expected(layer, group, weights, groups=groups, duration_s=duration_s)
    for at, (g, h) in enumerate(pairs(groups)):
        sums[at, MARKED] = marked[g] * number[h] + number[g] * marked[h]
        if g == h:
            sums[at, MARKED] -= 2 * twice[g]
            sums[at, SHARED] -= twice[g]
    return sums


def _shared(layer: Layer, group: Codes, weights: Array, groups: int) -> Array:
    """Integral of k_g k_h over the clip for every two groups, ``[pair, draw]``."""
    at_s = np.concatenate([layer.start_s, layer.end_s])
    order = np.argsort(at_s, kind="stable")
    rater = np.concatenate([layer.rater, layer.rater])[order]
    change = np.repeat([1.0, -1.0], len(layer.rater))[order]
    gaps = np.diff(at_s[order], append=at_s.max(initial=0))
    there = [np.cumsum(weights[:, rater] * (change * (group[rater] == g)), axis=1) for g in range(groups)]
    return np.stack([np.einsum("de,de,e->d", there[g], there[h], gaps) for g, h in pairs(groups)])


def _expected(layer: Layer, group: Codes, weights: Array, *, groups: int, duration_s: float) -> Array:
    """The same integral of the chances of being covered; with each pattern of lengths counted, not each rater."""
    lengths: dict[int, list[float]] = defaultdict(list)
    for part in np.lexsort((layer.start_s, layer.rater)):
        lengths[int(layer.rater[part])].append(round(float(layer.end_s[part] - layer.start_s[part]), 9))
    patterns = sorted({tuple(own) for own in lengths.values()})
    code = {pattern: n for n, pattern in enumerate(patterns)}
    rater = np.array(list(lengths), dtype=np.int64)
    pattern = np.array([code[tuple(own)] for own in lengths.values()], dtype=np.int64)
    overlap = expected_overlap(patterns, duration_s)
    order = np.lexsort((pattern, group[rater]))
    rater, pattern = rater[order], pattern[order]
    counted: list[tuple[Codes, Array]] = []
    for g in range(groups):
        own = group[rater] == g
        kinds, first = np.unique(pattern[own], return_index=True)
        counted.append((kinds, np.add.reduceat(weights[:, rater[own]], first, axis=1) if len(kinds) else weights[:, :0]))
    sums = []
    for g, h in pairs(groups):
        (of_g, count_g), (of_h, count_h) = counted[g], counted[h]
        total = np.einsum("dh,dh->d", count_g @ overlap[np.ix_(of_g, of_h)], count_h)
        own = group[rater] == g
        sums.append(total - weights[:, rater[own]] ** 2 @ overlap[pattern[own], pattern[own]] if g == h else total)
    return np.stack(sums)
