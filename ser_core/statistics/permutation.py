"""Permutation test of the difference of two groups' means: nothing is assumed of how listeners' values are distributed.

If the groups do not differ, every way to deal the same values out to groups of the same sizes is equally likely. p is the
share of these splits whose difference of means is at least as far from 0 as the one that was found. With at most 20,000
splits all of them are looked at and p is exact; with more, 9,999 are drawn with a seed and p = (1 + as far) / (1 + drawn),
which is valid, too. The test says which. It asks for groups that vary alike, or for equal sizes.

Sources: R. A. Fisher, The Design of Experiments, 1935. B. Phipson, G. K. Smyth, Permutation P-values should never be zero,
Statistical Applications in Genetics and Molecular Biology 9(1), 2010.
"""

from __future__ import annotations

from dataclasses import replace
from math import comb

import numpy as np

from ser_core.statistics._outcome import Array, Outcome, Values, d_av, hedges, known, means, refused

MOST_SPLITS = 20_000
DRAWN = 9_999


def permutation(a: Values, b: Values, *, rng: np.random.Generator) -> Outcome:
    """Two-sided test of the means of ``a`` and ``b`` (one number per listener, NaN = unknown and left out).

    >>> r = permutation([0.9, 0.8, 0.7], [0.3, 0.2, 0.1], rng=np.random.default_rng(0))  # 2 of the 20 splits
    >>> round(r.p, 12), r.note
    (0.1, 'exact, all 20 splits; a permutation has no t, df or interval')
    """
    from scipy.stats import permutation_test

    x, y = known(a), known(b)
    why_not = refused(x, y)
    if why_not:
        return Outcome(*means(x, y), note=f"not tested: {why_not}")
    splits = comb(len(x) + len(y), len(x))
    exact = splits <= MOST_SPLITS
    found = permutation_test(
        (x, y), _distance, vectorized=True, alternative="greater", n_resamples=splits if exact else DRAWN, rng=rng
    )
    how = f"exact, all {splits:,} splits" if exact else f"{DRAWN:,} random splits of too many to look at all"
    effect, low, high = hedges(x, y)
    made = Outcome(*means(x, y), p=float(found.pvalue), effect=effect, effect_ci_low=low, effect_ci_high=high)
    return replace(made, d_av=d_av(x, y), note=f"{how}; a permutation has no t, df or interval")


def _distance(x: Array, y: Array, axis: int = -1) -> Array:
    return np.asarray(np.abs(x.mean(axis=axis) - y.mean(axis=axis)))
