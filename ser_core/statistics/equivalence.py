"""Equivalence of two groups by two one-sided tests (TOST): whether they are *comparable*, which no p > .05 can show.

The margin M is the largest difference of means that would not matter; it is chosen before the data are seen. Welch's t-test
is made against -M and against +M, each one-sided:

    t_low = (d + M) / se,    t_high = (d - M) / se,    p = max(P(t > t_low), P(t < t_high))

with d, se and df as in ``welch.py``. p < .05 says that the difference lies within the margin; it does so exactly if the 90 %
interval of the difference does. A large p says only that this was not shown. ``t`` is the one of the two that decides.

Sources: D. J. Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987. D. Lakens, Equivalence tests, Social
Psychological and Personality Science 8(4), 2017.
"""

from __future__ import annotations

import math
import warnings

from ser_core.statistics._outcome import Outcome, Values, d_av, hedges, known, means, refused


def equivalence(a: Values, b: Values, *, margin: float) -> Outcome:
    """Test whether the means of ``a`` and ``b`` differ by less than ``margin`` (in the unit of the values, above 0).

    ``ci_low`` and ``ci_high`` are the 90 % interval, by which the test can be read.

    >>> r = equivalence([.70, .72, .74, .71], [.71, .73, .70, .72], margin=0.1)
    >>> r.note, r.p < 0.05
    ('comparable: the difference lies within 0.1 (p < .05 by itself)', True)
    """
    from scipy.stats import t, ttest_ind

    assert margin > 0, margin
    x, y = known(a), known(b)
    why_not = refused(x, y)
    if why_not:
        return Outcome(*means(x, y), note=f"not tested: {why_not}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)  # one constant group: Welch's row says so
        welch = ttest_ind(x, y, equal_var=False)
        interval, df = welch.confidence_interval(0.90), float(welch.df)
    se, difference = math.sqrt(x.var(ddof=1) / len(x) + y.var(ddof=1) / len(y)), float(x.mean() - y.mean())
    low, high = (difference + margin) / se, (difference - margin) / se
    decides = low if low < -high else high
    p = float(t.sf(abs(decides), df) if abs(difference) < margin else t.cdf(abs(decides), df))
    effect, effect_low, effect_high = hedges(x, y)
    return Outcome(
        *means(x, y),
        t=decides,
        df=df,
        p=p,
        ci_low=float(interval.low),
        ci_high=float(interval.high),
        effect=effect,
        effect_ci_low=effect_low,
        effect_ci_high=effect_high,
        d_av=d_av(x, y),
        note=said_of(p, margin),
    )


def said_of(p: float, margin: float) -> str:
    """What a p of equivalence within a margin says, and what it does not."""
    if p < 0.05:
        return f"comparable: the difference lies within {margin:g} (p < .05 by itself)"
    return f"not shown to be comparable: a difference of {margin:g} or more is not ruled out"
