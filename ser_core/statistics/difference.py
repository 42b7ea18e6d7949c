"""Difference of two sides' UA by a bootstrap that draws listeners and clips: people against people, models against people.

Each draw takes the raters of each side with replacement and, apart from that, clips within their stratum; a clip counts as
often for one side as for the other. So what is hard about a clip stays paired, and the interval holds for other raters and
other clips. A side of one rater, such as a single run of a model, cannot be drawn: then the interval says nothing of other
seeds. UA of each draw is the mean over emotions of right / heard, over all judgements of the side.

p is twice the smaller share of draws on one side of 0, (1 + beyond) / (1 + draws) each: the interval read backwards. Like
the interval it is a little too careful (``bootstrap.py``), and never below 2 / (1 + draws). Of equivalence within a margin,
p is the larger share of draws beyond one end of it.

Sources: as in ``bootstrap.py``; B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 15.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ser_core.statistics import bootstrap
from ser_core.statistics._outcome import CONSTANT, Outcome
from ser_core.statistics.equivalence import said_of

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Side:
    """Judgements of one side: the rater and the clip of each, as codes from 0, and whether it was right."""

    rater: bootstrap.Codes
    clip: bootstrap.Codes
    right: npt.NDArray[np.bool_]


def difference(
    a: Side, b: Side, truth: bootstrap.Codes, *, draws: int, rng: np.random.Generator, margin: float = 0.0
) -> Outcome:
    """UA of ``a`` less that of ``b``, tested against 0; with a ``margin``, whether it lies within it.

    Args:
        a, b: over the same clips; a clip that only one side heard counts for that side.
        truth: of each clip, codes from 0; clips of one truth may stand for each other.
        draws: of the bootstrap; 0 leaves interval and p empty.
        margin: above 0 for a test of equivalence (``equivalence.py``): the interval is then the 90 % one.
    """
    judged = [_judgements(side, truth) for side in (a, b)]
    sums = [bootstrap.sums(side) for side in judged]
    n_a, n_b = (len(side.rater_stratum) for side in judged)
    one = np.ones((1, len(truth)))
    mean_a, mean_b = (float(_ua(counts(np.ones((1, n)), one))[0]) for counts, n in zip(sums, (n_a, n_b), strict=True))
    bare = Outcome(mean_a, mean_b, n_a, n_b, mean_a - mean_b)
    if draws < 1 or (max(bare.n_a, bare.n_b) < 2 and np.bincount(truth).max() < 2):
        return replace(bare, note="not tested: nothing can be drawn anew")
    drawn = np.empty(draws)
    for rows in bootstrap.chunks(draws, 4 * len(truth) + bare.n_a + bare.n_b):
        clips = bootstrap.weights(truth, draws=rows.stop - rows.start, rng=rng)
        raters = [bootstrap.weights(side.rater_stratum, draws=len(clips), rng=rng) for side in judged]
        ua = [_ua(counts(often, clips)) for counts, often in zip(sums, raters, strict=True)]
        drawn[rows] = ua[0] - ua[1]
    drawn = drawn[~np.isnan(drawn)]  # a draw can lose all that a side heard
    if np.ptp(drawn) <= CONSTANT:
        return replace(bare, note="not tested: every draw gives the same difference, there is no variance to test against")
    low, high = bootstrap.interval(drawn, 0.90 if margin else 0.95)
    if margin:
        beyond, sides = max((drawn <= -margin).sum(), (drawn >= margin).sum()), 1
    else:
        beyond, sides = min((drawn <= 0).sum(), (drawn >= 0).sum()), 2
    p = min(1.0, sides * (1 + int(beyond)) / (1 + len(drawn)))
    verdict = said_of(p, margin) if margin else ""
    said = (verdict, _single("a", bare.n_a), _single("b", bare.n_b), "a bootstrap has no t, df, effect size or Bayes factor")
    return replace(
        bare,
        p=p,
        ci_low=float(low),
        ci_high=float(high),
        note="; ".join(filter(None, said)),
    )


def _judgements(side: Side, truth: bootstrap.Codes) -> bootstrap.Judgements:
    """A side as a table of two labels: wrong and right."""
    raters = np.zeros(int(side.rater.max()) + 1, dtype=np.int64)
    right, shape = side.right.astype(np.int64), (int(truth.max()) + 1, 2)
    return bootstrap.Judgements(side.rater, side.clip, truth[side.clip], right, raters, truth, shape)


def _single(name: str, raters: int) -> str:
    return f"{name} is one rater: nothing is said of others like it" if raters == 1 else ""


def _ua(counts: Array) -> Array:
    """UA of each draw from its counts of wrong and right, ``[draw, truth, 2]``; emotions that it lost are left out."""
    heard, right = counts.sum(axis=-1), counts[..., 1]
    recalls = np.divide(right, heard, out=np.zeros_like(right), where=heard > 0).sum(axis=1)
    kept = (heard > 0).sum(axis=1)
    return np.asarray(np.divide(recalls, kept, out=np.full(len(kept), np.nan), where=kept > 0))
