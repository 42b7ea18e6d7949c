"""EDER of every rater and group: the rows that ``scores.py`` adds for what was marked in clips.

Each measure has a row over all emotions and one for each truth. Intervals are those of ``statistics/bootstrap.py``, over
listeners and clips as for every other measure.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.metrics._metric import SegmentMetric, segment_metrics
from ser_core.segments import Marked
from ser_core.statistics import bootstrap

Array = npt.NDArray[np.float64]


def values(marked: Marked, metric: SegmentMetric) -> Array:
    """One measure of every subject, ``[subject, 1 + truth]``: over all truths, then of each; NaN where none was marked."""
    if not len(marked.subjects):
        return np.zeros((0, 1 + len(marked.truths)))
    return np.stack([metric.value(chosen, rate, length_s) for chosen, rate, length_s in _clips(marked)])


def rows(marked: Marked, whose: npt.NDArray[np.bool_], *, seed: int, draws: int) -> pd.DataFrame:
    """One row for each of these subjects, measure, and emotion (empty: all of them): columns of ``scores.SCORES``."""
    found = [pd.DataFrame()]
    measures = segment_metrics()
    limits = _intervals(marked, whose, seed, draws)
    rests_on = np.array([chosen.sum(axis=-1) for chosen, _, _ in _clips(marked)])
    for at, (name, metric) in enumerate(measures.items()):
        value = values(marked, metric)
        for n, emotion in enumerate(["", *marked.truths]):
            known = ~np.isnan(value[:, n]) & whose
            made = marked.subjects[known].assign(metric=name, emotion=emotion, value=value[known, n])
            made["n"] = rests_on[known, n].astype("int64") if known.any() else 0
            made["ci_low"], made["ci_high"] = limits[known, at, n].T
            found.append(made)
    return pd.concat(found, ignore_index=True)


def _clips(marked: Marked) -> Iterator[tuple[Array, Array, Array]]:
    """Of every subject: which markings are of all truths and of each, ``[1 + truth, marking]``; their EDER and length."""
    rate_of, length_of = (marked.judged[name].to_numpy(dtype=float) for name in ("eder", "duration_s"))
    for subject in range(len(marked.subjects)):
        rows = marked.rows(subject)
        truth, rate, length_s = marked.truth[marked.clip[rows]], rate_of[rows], length_of[rows]
        chosen = np.vstack([np.ones(len(truth)), truth == np.arange(len(marked.truths))[:, None]])
        yield chosen, rate, length_s


def _intervals(marked: Marked, whose: npt.NDArray[np.bool_], seed: int, draws: int) -> Array:
    """Bounds ``[subject, measure, 1 + truth, low or high]``; of a single rater over all truths only, as elsewhere."""
    measures = segment_metrics().values()
    limits = np.full((len(marked.subjects), len(measures), 1 + len(marked.truths), 2), np.nan)
    known: dict[tuple[str, ...], Array] = {}
    for subject, (who, (chosen, rate, length_s)) in enumerate(zip(marked.drawn_by, _clips(marked), strict=True)):
        if draws < 1 or not whose[subject]:
            continue
        judgements = marked.judgements(subject)
        if not bootstrap.can_vary(judgements):
            continue
        wanted = chosen[:1] if who[2] else chosen
        if who not in known:
            drawn = np.full((draws, len(measures), len(wanted)), np.nan)
            for part, often in bootstrap.times(judgements, draws=draws, rng=bootstrap.generator(seed, *who)):
                for at, metric in enumerate(measures):
                    drawn[part, at] = np.stack([metric.value(often * one, rate, length_s) for one in wanted], axis=-1)
            known[who] = np.stack(bootstrap.interval(drawn), axis=-1)
        limits[subject, :, : len(wanted)] = known[who]
    return limits
