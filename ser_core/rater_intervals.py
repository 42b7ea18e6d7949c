"""The 95 % intervals of single raters: only clips are drawn, and all who judged the same clips get the same draws.

So two raters of the same clips are compared on the same draws, and thousands of raters cost little more than one. The draws
follow from the seed and the names of the clips, not from who else is there (``bootstrap.generator``).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from ser_core.coded import Codes
from ser_core.counting import Counted
from ser_core.metrics._metric import Metric
from ser_core.statistics import bootstrap

Array = npt.NDArray[np.float64]

_AT_ONCE = min(4, os.cpu_count() or 1)
_CELLS = 1_500_000
"""Counts that one thread holds at a time: few enough for a processor's own memory."""


def of(counted: Counted, subjects: Sequence[int], wanted: Sequence[Metric], *, seed: int, draws: int) -> Array:
    """Bounds of subjects that are single raters, ``[subject, low or high, metric]``; NaN where no draw can differ.

    Args:
        counted: the judgements.
        subjects: of ``counted``, in any order.
        wanted: metrics of the whole table.
        seed, draws: of the bootstrap.
    """
    found = np.full((len(subjects), 2, len(wanted)), np.nan)
    rows = [counted.rows(subject) for subject in subjects]
    same: dict[bytes, list[int]] = {}
    for n, own in enumerate(rows):
        same.setdefault(np.unique(counted.clip[own]).tobytes(), []).append(n)

    def fill(which: list[int]) -> None:
        found[which] = _bounds(counted, wanted, [rows[n] for n in which], seed=seed, draws=draws)

    with ThreadPoolExecutor(_AT_ONCE) as several:  # numpy lets other threads run while it draws and multiplies
        list(several.map(fill, same.values()))
    return found


def _bounds(counted: Counted, wanted: Sequence[Metric], rows: Sequence[Codes], *, seed: int, draws: int) -> Array:
    """Bounds of raters who judged the same clips, ``[rater, low or high, metric]``, from the judgements of each."""
    clips = np.unique(counted.clip[rows[0]])
    stratum = counted.clip_stratum(clips)
    if np.bincount(stratum).max() < 2:
        return np.full((len(rows), 2, len(wanted)), np.nan)
    names = counted.clips["stimulus"].iloc[clips]
    often = bootstrap.weights(stratum, draws=draws, rng=bootstrap.generator(seed, "single raters of", *names))
    few = max(1, _CELLS // (draws * len(counted.truths) * len(counted.labels)))
    made = []
    for start in range(0, len(rows), few):
        drawn = _counts(counted, rows[start : start + few], clips, often)
        values = np.stack([metric.value(drawn) for metric in wanted], axis=-1)  # [draw, rater, metric]
        made.append(np.stack(bootstrap.interval(values), axis=1))
    return np.concatenate(made)


def _counts(counted: Counted, rows: Sequence[Codes], clips: Codes, often: Array) -> Array:
    """Counts of each draw, ``[draw, rater, truth, label]``, where each holds the clips so often, ``[draw, clip]``.

    They are whole numbers below 2^24, so single precision adds them exactly, in any order. In memory draws lie beside each
    other: what is made of them takes half the time.
    """
    size = len(clips), len(counted.labels), len(rows)
    every = np.concatenate(rows)
    rater = np.repeat(np.arange(len(rows)), [len(own) for own in rows])
    at = np.ravel_multi_index((np.searchsorted(clips, counted.clip[every]), counted.label[every], rater), size)
    gave = np.bincount(at, minlength=int(np.prod(size))).reshape(len(clips), -1).T.astype(np.float32)
    truth, weight = counted.truth[clips], often.T.astype(np.float32)
    counts = np.zeros((len(counted.truths), *size[1:], len(often)))
    for one in np.unique(truth):
        counts[one] = (gave[:, truth == one] @ weight[truth == one]).reshape(*size[1:], -1)
    return counts.transpose(3, 2, 0, 1)
