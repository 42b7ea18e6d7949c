"""Two-way cluster bootstrap: how much a measure would move with other listeners and other clips.

Single judgements are not independent: those of one listener go together, and so do those of one clip. So each draw
takes listeners with replacement and, apart from that, clips with replacement within their stratum (their truth, in their
language, so that a draw keeps the balance of the design). A judgement counts as often as its listener was drawn times
as often as its clip was drawn. The interval is the percentile interval of the draws.

What it does not promise
    The interval of two crossed clusters is a little too wide rather than too narrow (Owen 2007). A single rater, such as
    one run of a model, cannot be resampled: then only clips are, and the interval says nothing about other seeds. Where
    all answers are right, all draws are, and the interval has no width; it does not mean certainty.

Sources: P. McCullagh, Resampling and exchangeable arrays, Bernoulli 6, 2000. A. B. Owen, The pigeonhole bootstrap,
Annals of Applied Statistics 1, 2007.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ser_core.statistics.handy import matrix

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

_CELLS_AT_ONCE = 4_000_000
"""Numbers held at a time (32 MB each array), whatever the number of judgements."""


@dataclass(frozen=True)
class Judgements:
    """What was said of what, as codes from 0, one entry per judgement.

    Attributes:
        rater, clip, truth, label: ``[judgement]``.
        rater_stratum: ``[rater]``, the raters that may stand for each other.
        clip_stratum: ``[clip]``, the clips that may stand for each other.
        shape: numbers of truths and of labels.
    """

    rater: Codes
    clip: Codes
    truth: Codes
    label: Codes
    rater_stratum: Codes
    clip_stratum: Codes
    shape: tuple[int, int]


def generator(seed: int, *names: str) -> np.random.Generator:
    """A random generator of its own for each name: one more group leaves the others' numbers as they were."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest, dtype="<u4").tolist()])


def crossed(
    judgements: Judgements, *, draws: int, rng: np.random.Generator, width: int
) -> Iterator[tuple[slice, Array, Array]]:
    """How often each draw holds each rater and each clip, ``[draw, rater]`` and ``[draw, clip]``; see above.

    So many draws come at a time that an array of ``width`` numbers for each stays small.
    """
    for rows in chunks(draws, width):
        strata = (judgements.rater_stratum, judgements.clip_stratum)
        raters, clips = (weights(stratum, draws=rows.stop - rows.start, rng=rng) for stratum in strata)
        yield rows, raters, clips


def all_crossed(judgements: Judgements, *, draws: int, rng: np.random.Generator, width: int) -> tuple[Array, Array]:
    """All that ``crossed`` draws, ``[draw, rater]`` and ``[draw, clip]``; what they are then used for moves no number."""
    drawn = list(crossed(judgements, draws=draws, rng=rng, width=width))
    return np.concatenate([raters for _, raters, _ in drawn]), np.concatenate([clips for _, _, clips in drawn])


def times(judgements: Judgements, *, draws: int, rng: np.random.Generator) -> Iterator[tuple[slice, Array]]:
    """How often each judgement counts in each draw, ``[draw, judgement]``, some draws at a time; see above."""
    width = len(judgements.rater) + len(judgements.clip_stratum)
    for rows, raters, clips in crossed(judgements, draws=draws, rng=rng, width=width):
        yield rows, raters[:, judgements.rater] * clips[:, judgements.clip]


def confusions(judgements: Judgements, *, draws: int, rng: np.random.Generator) -> Array:
    """Counts of each draw, ``[draw, truth, label]``; listeners and clips are drawn, see above.

    A draw's count of a cell is r' N c, with N ``[rater, clip]`` the judgements in it and r, c how often the draw holds each
    rater and clip. All are whole numbers below 2^24, so the sums are exact, whichever way they are made.
    """
    width = len(judgements.rater) + len(judgements.clip_stratum)
    return sums(judgements)(*all_crossed(judgements, draws=draws, rng=rng, width=width))


def sums(judgements: Judgements) -> Callable[[Array, Array], Array]:
    """What counts draws: from how often each holds each rater and clip, ``[draw, rater]`` and ``[draw, clip]``, to
    ``[draw, truth, label]``; the strata do not matter."""
    own = judgements
    if (_truth_of_clip(own)[own.clip] != own.truth).any():  # then a cell of the table is told by its number alone
        cell = own.truth * own.shape[1] + own.label
        own = replace(own, truth=np.zeros_like(cell), label=cell, shape=(1, own.shape[0] * own.shape[1]))
    wide, said = len(own.clip_stratum) * own.shape[1], len(own.rater)
    full = wide * (1 + len(own.rater_stratum) / _AT_ONCE) <= 2 * (said + min(said, wide))
    counted = _of_table(own) if full else _of_list(own)

    def counts(raters: Array, clips: Array) -> Array:
        parts = [counted(raters[rows], clips[rows]) for rows in chunks(len(raters), wide if full else said)]
        return np.concatenate(parts).reshape(len(raters), *judgements.shape)

    return counts


_AT_ONCE = 50
"""A product of matrices takes so many numbers in the time in which a list is gone through by one."""


def _of_table(judgements: Judgements) -> Callable[[Array, Array], Array]:
    """``confusions`` of some draws, where most raters judged most clips: products of matrices."""
    truths, labels = judgements.shape
    size = len(judgements.rater_stratum), len(judgements.clip_stratum), labels
    at = np.ravel_multi_index((judgements.rater, judgements.clip, judgements.label), size)
    table = np.bincount(at, minlength=int(np.prod(size))).reshape(size[0], -1)
    table = table.astype(np.float32 if size[0] * table.max(initial=0) < 2**24 else np.float64)
    truth = _truth_of_clip(judgements)

    def counted(raters: Array, clips: Array) -> Array:
        given = (raters.astype(table.dtype) @ table).reshape(len(raters), *size[1:])
        counts = np.zeros((len(raters), truths, labels))
        for one in np.unique(truth):
            counts[:, one] = np.einsum("dc,dcl->dl", clips[:, truth == one], given[:, truth == one])
        return counts

    return counted


def _truth_of_clip(judgements: Judgements) -> Codes:
    """Of each clip; of one that was judged under several, any of them."""
    truth = np.zeros(len(judgements.clip_stratum), dtype=np.int64)
    truth[judgements.clip] = judgements.truth
    return truth


def _of_list(judgements: Judgements) -> Callable[[Array, Array], Array]:
    """``confusions`` of some draws, where few raters judged the same clips.

    Judgements of one clip and label are summed over their raters as a sparse product, and these over the clips of each cell.
    """
    truths, labels = judgements.shape
    clips_of, raters_of = len(judgements.clip_stratum), len(judgements.rater_stratum)
    kinds, kind = np.unique((judgements.truth * labels + judgements.label) * clips_of + judgements.clip, return_inverse=True)
    by_rater = matrix(kind, judgements.rater, (len(kinds), raters_of), full=False)
    cell, clip = np.divmod(kinds, clips_of)
    cells, starts = np.unique(cell, return_index=True)
    parts = [slice(*ends) for ends in zip(starts, [*starts[1:], len(kinds)], strict=True)]

    def counted(raters: Array, clips: Array) -> Array:
        most = len(kind) * raters.max(initial=0) * clips.max(initial=0)
        numbers = np.float32 if most < 2**24 else np.float64
        thin, counts = by_rater.astype(numbers), np.zeros((len(raters), truths * labels))
        for rows in (slice(start, start + _DRAWS) for start in range(0, len(raters), _DRAWS)):
            often = thin @ np.ascontiguousarray(raters[rows].T, dtype=numbers)
            weight = np.ascontiguousarray(clips[rows].T, dtype=numbers)
            for cell, part in zip(cells, parts, strict=True):
                counts[rows, cell] = (often[part] * weight[clip[part]]).sum(axis=0)
        return counts.reshape(len(raters), truths, labels)

    return counted


_DRAWS = 32
"""So many draws of a few ten thousand judgements stay near the processor."""


def interval(values: Array, level: float = 0.95) -> tuple[Array, Array]:
    """Percentile interval over the first axis; a draw where the measure is undefined (NaN) is left out.

    >>> low, high = interval(np.arange(101.0))
    >>> round(float(low), 6), round(float(high), 6)
    (2.5, 97.5)
    """
    tail = (1 - level) / 2
    values = np.ascontiguousarray(np.moveaxis(values, 0, -1))  # numpy finds places among neighbours in memory
    if not np.isnan(values).any():
        low, high = np.quantile(values, [tail, 1 - tail], axis=-1)
        return low, high
    unknown = np.asarray(np.isnan(values).all(axis=-1))
    low, high = np.nanquantile(np.where(unknown[..., None], 0.0, values), [tail, 1 - tail], axis=-1)
    return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)


def can_vary(judgements: Judgements) -> bool:
    """Whether any draw can differ from the data: two raters, or two clips, that may stand for each other."""
    return any(np.bincount(s).max(initial=0) > 1 for s in (judgements.rater_stratum, judgements.clip_stratum))


def chunks(draws: int, width: int) -> Iterator[slice]:
    """The draws in runs so long that one array of ``width`` numbers for each stays small."""
    size = max(1, _CELLS_AT_ONCE // max(width, 1))
    return (slice(start, min(start + size, draws)) for start in range(0, draws, size))


def weights(stratum: Codes, *, draws: int, rng: np.random.Generator) -> Array:
    """How often each unit is drawn, ``[draw, unit]``, as many from each stratum as it has."""
    order = np.argsort(stratum, kind="stable")
    sizes = np.bincount(stratum)[stratum[order]]  # of the stratum of each unit, in sorted order
    firsts = np.searchsorted(stratum[order], stratum[order])
    alike = int(sizes[0]) if len(sizes) and (sizes == sizes[0]).all() else sizes  # one number is quicker, and draws the same
    picked = rng.integers(0, alike, size=(draws, len(stratum)))
    picked += firsts
    often = np.empty(picked.shape)
    for drawn, units in zip(often, picked, strict=True):
        drawn[order] = np.bincount(units, minlength=len(stratum))
    return often
