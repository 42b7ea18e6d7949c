"""The 95 % intervals of subjects for every metric: the draws of several at once, and those of groups kept.

A group's draws follow from the seed and its names alone (``bootstrap.generator``), so neither their order nor what else is
drawn moves them. A filter leaves most groups as they were: what they gave is told by its content, which no name is mistaken
for, and drawn once. Single raters have draws of clips in common (``rater_intervals.py``).
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from functools import partial
from itertools import islice

import numpy as np
import numpy.typing as npt

from ser_core import rater_intervals
from ser_core.coded import Codes
from ser_core.counting import Counted
from ser_core.metrics._metric import Metric, metrics
from ser_core.statistics import bootstrap

Array = npt.NDArray[np.float64]
Bounds = Mapping[str, tuple[Array, Array]]

_AT_ONCE = min(4, os.cpu_count() or 1)
_KEPT = 10_000
_kept: dict[bytes, Array] = {}
_changing = threading.Lock()


def of(counted: Counted, which: Codes, *, seed: int, draws: int) -> Bounds:
    """Bounds of these subjects for every metric, ``[subject]`` or ``[subject, truth]``, NaN where there is none.

    Of a single rater only the metrics of the whole table have any.
    """
    size = {False: (len(which),), True: (len(which), len(counted.truths))}
    found = {
        name: (np.full(size[metric.per_emotion], np.nan), np.full(size[metric.per_emotion], np.nan))
        for name, metric in metrics().items()
    }
    if draws < 1:
        return found
    subjects = {counted.drawn_by[subject]: int(subject) for subject in which[::-1]}  # of the same judgements the first
    groups = {who: subject for who, subject in subjects.items() if not who[2]}
    single = {who: subject for who, subject in subjects.items() if who[2]}
    drawn = partial(_known, counted, seed=seed, draws=draws)
    with ThreadPoolExecutor(_AT_ONCE) as several:  # numpy lets other threads run while it draws and multiplies
        known = dict(zip(groups, several.map(drawn, groups.items()), strict=True))
    of_whole = [metric for metric in metrics().values() if not metric.per_emotion]
    alone = rater_intervals.of(counted, list(single.values()), of_whole, seed=seed, draws=draws)
    known |= dict(zip(single, alone, strict=True))
    for position, subject in enumerate(which):
        who = counted.drawn_by[subject]
        columns = iter(known[who].T)  # [low or high] of each value
        for name, metric in _wanted(who):
            bounds = np.array(list(islice(columns, len(counted.truths) if metric.per_emotion else 1))).T
            for side in (0, 1):
                found[name][side][position] = bounds[side] if metric.per_emotion else bounds[side, 0]
    return found


def _wanted(who: tuple[str, ...]) -> Iterator[tuple[str, Metric]]:
    """Metrics of which a subject has an interval: a group of all, a single rater of those of the whole table."""
    return ((name, metric) for name, metric in metrics().items() if not who[2] or not metric.per_emotion)


def _known(counted: Counted, asked: tuple[tuple[str, ...], int], *, seed: int, draws: int) -> Array:
    """Bounds of a subject's metrics one after the other, ``[low or high, value]``."""
    who, subject = asked
    judgements = counted.judgements(subject)
    content = hashlib.blake2b(repr((who, seed, draws, judgements.shape)).encode())
    for field in fields(judgements)[:-1]:
        content.update(getattr(judgements, field.name).tobytes())
    key = content.digest()
    if (bounds := _kept.get(key)) is None:
        bounds = _bounds(judgements, who, seed=seed, draws=draws)
        with _changing:
            if len(_kept) >= _KEPT:
                _kept.clear()
            _kept[key] = bounds
    return bounds


def _bounds(judgements: bootstrap.Judgements, who: tuple[str, ...], *, seed: int, draws: int) -> Array:
    wanted = [metric for _, metric in _wanted(who)]
    if not bootstrap.can_vary(judgements):
        return np.full((2, sum(judgements.shape[0] if metric.per_emotion else 1 for metric in wanted)), np.nan)
    drawn = bootstrap.confusions(judgements, draws=draws, rng=bootstrap.generator(seed, *who))
    values = [np.atleast_2d(metric.value(drawn).T) for metric in wanted]  # [truth or 1, draw]
    return np.stack(bootstrap.interval(np.concatenate(values).T))
