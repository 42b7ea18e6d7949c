"""Welch's t-test of two independent groups, and beside it what a reviewer asks for: interval, effect size, Bayes factor.

Decides whether two groups of listeners differ in their mean, without assuming that they vary alike. The unit is a
listener, never a single answer: answers of one listener, and answers to one clip, are not independent.

    t = (mean_a - mean_b) / sqrt(s_a^2/n_a + s_b^2/n_b),    df by Welch and Satterthwaite (with decimals)
    g = J(m) (mean_a - mean_b) / s_pooled,    m = n_a + n_b - 2,    J(m) = Gamma(m/2) / (sqrt(m/2) Gamma((m-1)/2))
    d_av = (mean_a - mean_b) / sqrt((s_a^2 + s_b^2) / 2)

g is Hedges' g with its sign and the exact correction; d_av is what JASP shows as Cohen's d beside Welch's t. The interval
of g is g -+ t(m, 0.975) sqrt((n_a + n_b)/(n_a n_b) + g^2/(2 (n_a + n_b))). The Bayes factor is the JZS one with a Cauchy
prior of scale 0.707; it is derived for equal variances and read from Welch's t, as pingouin does.

Sources: B. L. Welch, Biometrika 34, 1947. L. V. Hedges, I. Olkin, Statistical Methods for Meta-Analysis, 1985, chapters 5-6.
J. N. Rouder et al., Psychonomic Bulletin & Review 16, 2009. R. Vallat, Pingouin, JOSS 3(31), 2018.
"""

from __future__ import annotations

import warnings

import numpy as np

from ser_core.statistics._outcome import CONSTANT, Array, Outcome, Values, d_av, hedges, known, means, refused


def welch(a: Values, b: Values) -> Outcome:
    """Two-sided test of the means of ``a`` and ``b`` (one number per listener, NaN = unknown and left out).

    A group with fewer than two known values, or two groups that both do not vary, cannot be tested: the result has the
    means and a ``note``. Where one group alone does not vary the test is made, on the other's variance, and says so.

    >>> r = welch([.71, .64, .83, .58, .77, .69, .74], [.55, .61, .49, .72, .38])  # R 4.2.2: t.test(a, b)
    >>> round(r.t, 7), round(r.df, 7), round(r.p, 8), round(r.ci_low, 9), round(r.ci_high, 9)
    (2.4386281, 6.3847176, 0.04813942, 0.001756702, 0.315386155)
    >>> welch([0.5], [0.25, 0.75]).note
    'not tested: group a has 1 value, a test needs at least 2 in each group'
    """
    x, y = known(a), known(b)
    why_not = refused(x, y)
    if why_not:
        return Outcome(*means(x, y), note=f"not tested: {why_not}")
    import pingouin  # here, because it takes a second and most pages show no test
    from scipy.stats import ttest_ind

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)  # one constant group; our note says so
        row = pingouin.ttest(x, y, correction=True).iloc[0]  # "auto" would be Student's test for groups of equal size
        # pingouin rounds its interval to two digits (an option for the whole process) and its Bayes factor to four
        interval = ttest_ind(x, y, equal_var=False).confidence_interval(0.95)
    effect, effect_low, effect_high = hedges(x, y)
    t = float(row["T"])
    return Outcome(
        *means(x, y),
        t=t,
        df=float(row["dof"]),
        p=float(row["p_val"]),
        ci_low=float(interval.low),
        ci_high=float(interval.high),
        effect=effect,
        effect_ci_low=effect_low,
        effect_ci_high=effect_high,
        d_av=d_av(x, y),
        bf10=float(pingouin.bayesfactor_ttest(t, len(x), len(y))),
        note=_one_constant(x, y),
    )


def _one_constant(x: Array, y: Array) -> str:
    for name, values in (("a", x), ("b", y)):
        if np.ptp(values) <= CONSTANT * abs(values.mean()):
            return f"all values of group {name} are equal; the test rests on the variance of the other group"
    return ""
