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

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_NAN = math.nan
_CONSTANT = 10 * np.finfo(float).eps
"""R's bound: a standard error this small beside the means is rounding, not variance."""


@dataclass(frozen=True)
class Welch:
    """Result of one test; where it cannot be made, ``note`` says why and what is unknown is NaN.

    The field names are columns of tests.csv; ``difference`` is mean_a - mean_b and ``ci_low``, ``ci_high`` its 95 %
    interval, ``effect`` is Hedges' g.
    """

    mean_a: float
    mean_b: float
    n_a: int
    n_b: int
    difference: float
    t: float = _NAN
    df: float = _NAN
    p: float = _NAN
    ci_low: float = _NAN
    ci_high: float = _NAN
    effect: float = _NAN
    effect_ci_low: float = _NAN
    effect_ci_high: float = _NAN
    d_av: float = _NAN
    bf10: float = _NAN
    note: str = ""


def welch(a: Sequence[float] | npt.NDArray[np.float64], b: Sequence[float] | npt.NDArray[np.float64]) -> Welch:
    """Two-sided test of the means of ``a`` and ``b`` (one number per listener, NaN = unknown and left out).

    A group with fewer than two known values, or two groups that both do not vary, cannot be tested: the result has the
    means and a ``note``. Where one group alone does not vary the test is made, on the other's variance, and says so.

    >>> r = welch([.71, .64, .83, .58, .77, .69, .74], [.55, .61, .49, .72, .38])  # R 4.2.2: t.test(a, b)
    >>> round(r.t, 7), round(r.df, 7), round(r.p, 8), round(r.ci_low, 9), round(r.ci_high, 9)
    (2.4386281, 6.3847176, 0.04813942, 0.001756702, 0.315386155)
    >>> welch([0.5], [0.25, 0.75]).note
    'not tested: group a has 1 value, a test needs at least 2 in each group'
    """
    x, y = (np.asarray(v, dtype=float) for v in (a, b))
    x, y = x[~np.isnan(x)], y[~np.isnan(y)]
    refused = _refuse(x, y)
    if refused:
        return Welch(*_means(x, y), note=f"not tested: {refused}")
    import pingouin  # here, because it takes a second and most pages show no test
    from scipy.stats import ttest_ind

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)  # one constant group; our note says so
        row = pingouin.ttest(x, y, correction=True).iloc[0]  # "auto" would be Student's test for groups of equal size
        # pingouin rounds its interval to two digits (an option for the whole process) and its Bayes factor to four
        interval = ttest_ind(x, y, equal_var=False).confidence_interval(0.95)
    effect, effect_low, effect_high = _hedges(x, y)
    t = float(row["T"])
    return Welch(
        *_means(x, y),
        t=t,
        df=float(row["dof"]),
        p=float(row["p_val"]),
        ci_low=float(interval.low),
        ci_high=float(interval.high),
        effect=effect,
        effect_ci_low=effect_low,
        effect_ci_high=effect_high,
        d_av=float((x.mean() - y.mean()) / math.sqrt((x.var(ddof=1) + y.var(ddof=1)) / 2)),
        bf10=float(pingouin.bayesfactor_ttest(t, len(x), len(y))),
        note=_one_constant(x, y),
    )


def _means(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> tuple[float, float, int, int, float]:
    mean_a, mean_b = (float(v.mean()) if len(v) else _NAN for v in (x, y))
    return mean_a, mean_b, len(x), len(y), mean_a - mean_b


def _refuse(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> str:
    for name, values in (("a", x), ("b", y)):
        if len(values) < 2:
            count = f"{len(values)} value{'s' if len(values) != 1 else ''}"
            return f"group {name} has {count}, a test needs at least 2 in each group"
    squared = x.var(ddof=1) / len(x) + y.var(ddof=1) / len(y)
    if math.sqrt(squared) <= _CONSTANT * max(abs(x.mean()), abs(y.mean())) or squared**2 == 0:  # squared: df divides by it
        same = "the same value" if math.isclose(x.mean(), y.mean()) else "one value in each group"
        return f"all listeners have {same}, there is no variance to test against"
    return ""


def _one_constant(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> str:
    for name, values in (("a", x), ("b", y)):
        if np.ptp(values) <= _CONSTANT * abs(values.mean()):
            return f"all values of group {name} are equal; the test rests on the variance of the other group"
    return ""


def _hedges(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    from scipy.stats import t

    n_a, n_b = len(x), len(y)
    m = n_a + n_b - 2
    pooled = math.sqrt(((n_a - 1) * x.var(ddof=1) + (n_b - 1) * y.var(ddof=1)) / m)
    correction = math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2)
    g = correction * float(x.mean() - y.mean()) / pooled
    half = float(t.ppf(0.975, m)) * math.sqrt((n_a + n_b) / (n_a * n_b) + g**2 / (2 * (n_a + n_b)))
    return g, g - half, g + half
