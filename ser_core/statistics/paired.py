"""Paired t-test: whether the same listeners differ between two languages or two conditions.

Each listener is their own control, so what makes one better than another in general does not blur the difference. With the
differences d_i = a_i - b_i of n listeners,

    t = mean(d) / (s_d / sqrt(n)),    df = n - 1
    g = J(n - 1) mean(d) / sqrt((s_a^2 + s_b^2) / 2),    d_av the same without J

g is standardised by the spread of listeners, not of their differences (Cumming's g_av), so that it can be laid beside the g
of two independent groups; J is the exact correction. Its interval is g -+ t(n - 1, 0.975) J(n - 1) se_d / s_av, the one of
the difference in the same unit. The Bayes factor is the JZS one of one sample of differences, Cauchy prior of scale 0.707.

Sources: G. Cumming, Understanding the New Statistics, 2012, chapter 11. D. Lakens, Frontiers in Psychology 4:863, 2013.
J. N. Rouder et al., Psychonomic Bulletin & Review 16, 2009.
"""

from __future__ import annotations

import math

import numpy as np

from ser_core.statistics._outcome import CONSTANT, Outcome, Values, means, small_sample


def paired(a: Values, b: Values) -> Outcome:
    """Two-sided test of the mean difference; ``a[i]`` and ``b[i]`` are one listener's, NaN = unknown and left out as a pair.

    >>> r = paired([.71, .64, .83, .58, .77], [.55, .61, .49, .72, .38])  # R 4.2.2: t.test(a, b, paired = TRUE)
    >>> round(r.t, 6), round(r.df), round(r.p, 6)
    (1.591671, 4, 0.186672)
    >>> paired([0.5], [0.25]).note
    'not tested: 1 listener heard both, a test needs at least 2'
    """
    x, y = (np.asarray(v, dtype=float) for v in (a, b))
    both = ~np.isnan(x) & ~np.isnan(y)
    x, y = x[both], y[both]
    difference, n = x - y, len(x)
    if n < 2:
        heard = f"{n} listener{'s' if n != 1 else ''} heard both, a test needs at least 2"
        return Outcome(*means(x, y), note=f"not tested: {heard}")
    if difference.std(ddof=1) <= CONSTANT * max(np.abs(x).max(), np.abs(y).max()):
        same = "all listeners have the same difference, there is no variance to test against"
        return Outcome(*means(x, y), note=f"not tested: {same}")
    import pingouin  # here, because it takes a second and most pages show no test
    from scipy.stats import ttest_rel

    result = ttest_rel(x, y)
    interval = result.confidence_interval(0.95)
    spread = math.sqrt((x.var(ddof=1) + y.var(ddof=1)) / 2)
    standardised = float(difference.mean()) / spread
    unit = small_sample(n - 1) / spread
    return Outcome(
        *means(x, y),
        t=float(result.statistic),
        df=float(result.df),
        p=float(result.pvalue),
        ci_low=float(interval.low),
        ci_high=float(interval.high),
        bf10=float(pingouin.bayesfactor_ttest(float(result.statistic), n, paired=True)),
        effect=small_sample(n - 1) * standardised,
        effect_ci_low=float(unit * interval.low),
        effect_ci_high=float(unit * interval.high),
        d_av=standardised,
    )
