"""How much two raters' marks would overlap by chance: random segments of the same lengths in the same clip.

The parts of one rater keep their lengths and their order and never overlap each other; every arrangement of them in the clip
is equally likely. With m parts of lengths l_1..l_m in a clip of length D, the free time F = D - sum l is cut at m uniform
points, so part k starts at b_k + F U_(k), where b_k = l_1 + ... + l_(k-1) and U_(k), the k-th smallest of m uniform numbers,
has a Beta(k, m - k + 1) distribution. The chance that a moment t is covered is therefore

    p(t) = sum_k [ I_k((t - b_k) / F) - I_k((t - b_k - l_k) / F) ],    I_k the distribution function of Beta(k, m - k + 1),

a spline of degree m with knots at b_1..b_(m+1) and b_1 + F..b_(m+1) + F. Of two raters who place their parts independently,
the expected overlap is the integral of p_a p_b over the clip. Nothing is sampled:

- one part each: p(t) = min(t, n, D - t) / F with n = min(l, F), and for n_a <= n_b the integral is
  n_a (n_b D - n_b^2 - n_a^2 / 3) / (F_a F_b);
- one part against several: twice by parts, the integral of p_a p_b is that of p_a'' times the second integral Q of p_b, and
  p_a'' is four impulses: (Q(0) - Q(n_a) - Q(D - n_a) + Q(D)) / F_a. Q is a sum of incomplete beta functions, too;
- several parts each: p_a p_b is a polynomial between knots, which Gauss-Legendre integrates exactly.

Times in seconds. The kind of chance (the marks as they are, placed anew) is that of Mathet, Widlöcher and Métivier (2015),
The unified and holistic method gamma, Computational Linguistics 41(3), who draw it at random.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import betainc

Array = npt.NDArray[np.float64]
Lengths = tuple[float, ...]

_AT_ONCE = 4_000_000
"""Numbers held at a time (32 MB each array)."""


def expected_overlap(patterns: Sequence[Lengths], duration_s: float) -> Array:
    """Seconds that every two of these patterns share on average, ``[pattern, pattern]``; one with itself: placed twice.

    Args:
        patterns: the lengths of each rater's parts, in their order; at least one part, and some free time beside them.
        duration_s: length of the clip.

    >>> expected_overlap([(1.0,), (2.0,)], 4.0).round(4).tolist()  # two halves share a third of the clip, not a quarter
    [[0.2963, 0.6111], [0.6111, 1.3333]]
    """
    sums = np.array([sum(lengths) for lengths in patterns])
    assert (sums > 0).all(), "no part to place"
    assert (sums < duration_s).all(), "parts without free time have one place only"
    shared = _one_part_each(sums, duration_s)
    several = np.array([len(lengths) > 1 for lengths in patterns])
    many = [patterns[int(n)] for n in np.flatnonzero(several)]
    if many:
        shared[np.ix_(several, ~several)] = [_one_against_several(sums[~several], lengths, duration_s) for lengths in many]
        shared[np.ix_(~several, several)] = shared[np.ix_(several, ~several)].T
        shared[np.ix_(several, several)] = _several_parts(many, duration_s)
    return shared


def coverage(lengths: Lengths, duration_s: float, at_s: Array) -> Array:
    """The chance that each moment is covered by one of the parts, in [0, 1], in the shape of ``at_s``.

    >>> coverage((1.0,), 4.0, np.array([0.0, 0.5, 2.0, 4.0])).round(4).tolist()
    [0.0, 0.1667, 0.3333, 0.0]
    """
    free, parts = duration_s - sum(lengths), len(lengths)
    covered = np.zeros_like(at_s)
    for k, (before, length) in enumerate(zip(_befores(lengths), lengths, strict=False), start=1):
        for sign, edge in ((1, before), (-1, before + length)):
            covered += sign * betainc(k, parts - k + 1, np.clip((at_s - edge) / free, 0, 1))
    return covered


def _befores(lengths: Lengths) -> Array:
    return np.concatenate([[0.0], np.cumsum(lengths)])


def _one_part_each(lengths: Array, duration_s: float) -> Array:
    free = duration_s - lengths
    height = np.minimum(lengths, free)
    low, high = np.minimum.outer(height, height), np.maximum.outer(height, height)
    return np.asarray(low * (high * duration_s - high**2 - low**2 / 3) / np.multiply.outer(free, free))


def _one_against_several(single: Array, lengths: Lengths, duration_s: float) -> Array:
    """Each of the single parts against one pattern of several, ``[single]``."""
    free = duration_s - single
    height = np.minimum(single, free)
    first, second, third, last = (
        _second_integral(lengths, duration_s, at_s)
        for at_s in (np.zeros_like(height), height, duration_s - height, np.full_like(height, duration_s))
    )
    return (first - second - third + last) / free


def _second_integral(lengths: Lengths, duration_s: float, at_s: Array) -> Array:
    """Q, with Q'' = p and Q = 0 before the clip: of a distribution function of Z it is E[max(x - Z, 0)^2] / 2."""
    free, parts = duration_s - sum(lengths), len(lengths)
    integral = np.zeros_like(at_s)
    for k, (before, length) in enumerate(zip(_befores(lengths), lengths, strict=False), start=1):
        mean, square = k / (parts + 1), k * (k + 1) / ((parts + 1) * (parts + 2))  # of Z, which is Beta(k, parts - k + 1)
        for sign, edge in ((1, before), (-1, before + length)):
            x = (at_s - edge) / free
            chance = [betainc(k + n, parts - k + 1, np.clip(x, 0, 1)) for n in range(3)]
            integral += sign * free**2 / 2 * (x**2 * chance[0] - 2 * x * mean * chance[1] + square * chance[2])
    return integral


def _several_parts(patterns: Sequence[Lengths], duration_s: float) -> Array:
    """Patterns of several parts against each other, ``[pattern, pattern]``, by exact quadrature between all knots."""
    knots = np.unique(np.concatenate([_knots(lengths, duration_s) for lengths in patterns]))
    points, weights = np.polynomial.legendre.leggauss(max(map(len, patterns)) + 1)  # exact to a degree of 2 parts + 1
    shared = np.zeros((len(patterns), len(patterns)))
    pieces = max(1, _AT_ONCE // (len(points) * len(patterns)))
    for first in range(0, len(knots) - 1, pieces):
        edges = knots[first : first + pieces + 1]
        half = np.diff(edges)[:, None] / 2
        at_s = (edges[:-1, None] + half * (1 + points)).ravel()
        covered = np.stack([coverage(lengths, duration_s, at_s) for lengths in patterns])
        shared += np.matmul(covered * (half * weights).ravel(), covered.T)
    return shared


def _knots(lengths: Lengths, duration_s: float) -> Array:
    befores = _befores(lengths)
    return np.asarray(np.clip(np.concatenate([befores, befores + duration_s - sum(lengths)]), 0, duration_s))
