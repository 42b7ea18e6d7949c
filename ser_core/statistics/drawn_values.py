"""Mean and median of one value for each judgement, in each draw of raters and clips (``bootstrap.crossed``).

A judgement counts r_i c_u times in a draw that holds its rater r_i times and its clip c_u times. So a sum over judgements is
r' V c with V ``[rater, clip]`` the values, and no draw looks at a million of them one by one. For a median it must be known
where half of the weight is reached: products say whether that is in a middle part of the values, and only these are added
up.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ser_core.statistics import bootstrap
from ser_core.statistics.bootstrap import Array, Judgements
from ser_core.statistics.handy import matrix

_FEW = 256
"""So many values are looked at one by one in every draw."""
_CELLS = 250_000
"""Numbers looked at one by one at a time: few enough for a processor's own memory."""


def means(judgements: Judgements, values: Array, *, draws: int, rng: np.random.Generator) -> Array:
    """The mean in each draw, ``[draw]``; NaN in one that holds no judgement.

    Args:
        judgements: of whom and what.
        values: ``[judgement]``.
        draws: how many.
        rng: draws them.
    """
    raters, clips = _all(judgements, draws, rng)
    every = slice(None)
    total = sum(_sums(judgements, every, raters, clips, part) for part in _parts(values))
    with np.errstate(invalid="ignore"):
        return np.asarray(total / _sums(judgements, every, raters, clips))


def medians(judgements: Judgements, values: Array, *, draws: int, rng: np.random.Generator) -> Array:
    """The median in each draw, ``[draw]``, as that of all values written out as often as they count; NaN where none does.

    Args:
        judgements: of whom and what.
        values: ``[judgement]``, ascending.
        draws: how many.
        rng: draws them.
    """
    raters, clips = _all(judgements, draws, rng)
    half = _sums(judgements, slice(None), raters, clips) / 2
    found = np.full(draws, np.nan)
    left = np.flatnonzero(half)
    for window in _windows(len(values)):
        below = _sums(judgements, slice(0, window.start), raters[:, left], clips[:, left])
        further = left[below >= half[left]]
        left, below = left[below < half[left]], below[below < half[left]]
        few = max(1, _CELLS // (window.stop - window.start))
        for start in range(0, len(left), few):
            some = left[start : start + few]
            often = raters[judgements.rater[window, None], some] * clips[judgements.clip[window, None], some]
            found[some] = middle(values[window], often, below[start : start + few], half[some])
        left = np.concatenate([further, left[np.isnan(found[left])]])
    return found


def _parts(values: Array) -> tuple[Array, Array]:
    """Each value as a coarse part and the rest, both of at most 26 binary digits at the same places.

    So a sum of up to 2^26 of either is exact: in which order it is made, and by how many threads, does not move it.

    >>> [part.tolist() for part in _parts(np.array([0.75, 1 / 2**30]))]
    [[0.75, 0.0], [0.0, 9.313225746154785e-10]]
    """
    unit = 2.0 ** (np.frexp(np.abs(values).max(initial=0.0))[1] - 26)
    coarse = np.rint(values / unit) * unit
    return coarse, np.rint((values - coarse) / unit * 2**26) * unit / 2**26


def middle(values: Array, often: Array, below: Array, half: Array) -> Array:
    """Median of ascending values that count so often, the mean of the middle two, ``[draw]``.

    Args:
        values: ``[value]``, those next to each other among all.
        often: how often each counts, ``[value, draw]``.
        below: how often all smaller ones do, less than half of all, ``[draw]``.
        half: half of how often all of them do, ``[draw]``; NaN where it is reached beyond these values.

    >>> often = np.array([[1, 1, 1], [1, 0, 1], [3, 1, 0], [0, 0, 1]]).T
    >>> middle(np.array([1.0, 2.0, 8.0]), often, np.zeros(4), np.array([1.5, 1.0, 2.0, 2.0])).tolist()
    [2.0, 4.5, 1.0, nan]
    """
    reached = np.cumsum(often, axis=0) + below
    low, high = (reached < half).sum(axis=0), (reached <= half).sum(axis=0)
    known = np.append(values, np.nan)
    return np.asarray((known[low] + known[high]) / 2)


def _all(judgements: Judgements, draws: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """How often each draw holds each rater and each clip, ``[rater, draw]`` and ``[clip, draw]``."""
    width = len(judgements.rater) + len(judgements.clip_stratum)
    raters, clips = bootstrap.all_crossed(judgements, draws=draws, rng=rng, width=width)
    return np.ascontiguousarray(raters.T), np.ascontiguousarray(clips.T)


def _sums(judgements: Judgements, which: slice, raters: Array, clips: Array, values: Array | None = None) -> Array:
    """Sum of the values of some judgements in each draw, ``[draw]``, or without values how many it holds.

    Judgements are counted in single precision, which is exact below 2^24.
    """
    kind = np.float32 if values is None else np.float64
    given = 1.0 if values is None else values[which]
    one, other = (judgements.rater[which], raters), (judgements.clip[which], clips)
    if len(raters) > len(clips):  # the smaller product
        one, other = other, one
    table = matrix(one[0], other[0], (len(one[1]), len(other[1])), given).astype(kind)
    return np.asarray(np.einsum("id,id->d", table @ other[1].astype(kind), one[1]))


def _windows(number: int) -> Iterator[slice]:
    """Ever wider parts around the middle of so many values, at last all of them.

    >>> [(window.start, window.stop) for window in _windows(100_000)]
    [(48437, 51563), (43750, 56250), (25000, 75000), (0, 100000)]
    """
    for share in (32, 8, 2):
        if number > _FEW:
            start = (number - number // share) // 2
            yield slice(start, number - start)
    yield slice(0, number)
