"""What every test between two sides returns, and what they compute alike: the fields are columns of tests.csv."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Values = Sequence[float] | Array

NAN = math.nan
CONSTANT = 10 * float(np.finfo(float).eps)
"""R's bound: a standard error this small beside the means is rounding, not variance."""


@dataclass(frozen=True)
class Outcome:
    """Result of one test; where it cannot be made, ``note`` says why and what is unknown is NaN.

    Attributes:
        difference: mean_a - mean_b; ``ci_low``, ``ci_high`` is its interval, 95 % unless the test's name says otherwise.
        effect: Hedges' g with its sign; ``d_av`` is the difference over sqrt((s_a^2 + s_b^2) / 2).
        bf10: JZS Bayes factor for a difference against none, Cauchy prior of scale 0.707.
    """

    mean_a: float
    mean_b: float
    n_a: int
    n_b: int
    difference: float
    t: float = NAN
    df: float = NAN
    p: float = NAN
    ci_low: float = NAN
    ci_high: float = NAN
    effect: float = NAN
    effect_ci_low: float = NAN
    effect_ci_high: float = NAN
    d_av: float = NAN
    bf10: float = NAN
    note: str = ""


def known(values: Values) -> Array:
    """As an array, without the NaN."""
    array = np.asarray(values, dtype=float)
    return np.asarray(array[~np.isnan(array)])


def means(x: Array, y: Array) -> tuple[float, float, int, int, float]:
    """The first fields of ``Outcome``; the mean of nothing is NaN."""
    mean_a, mean_b = (float(v.mean()) if len(v) else NAN for v in (x, y))
    return mean_a, mean_b, len(x), len(y), mean_a - mean_b


def d_av(x: Array, y: Array) -> float:
    """The difference over the root of the mean variance.

    >>> round(d_av(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 2.0])), 6)
    1.0
    """
    return float((x.mean() - y.mean()) / math.sqrt((x.var(ddof=1) + y.var(ddof=1)) / 2))


def small_sample(m: int) -> float:
    """Hedges' exact correction J(m) = Gamma(m/2) / (sqrt(m/2) Gamma((m-1)/2)) for m degrees of freedom.

    >>> round(small_sample(10), 6), round(1 - 3 / (4 * 10 - 1), 6)  # beside the usual approximation
    (0.922746, 0.923077)

    One degree of freedom would make every effect 0, for Gamma(0) is infinite; it is unknown there.

    >>> small_sample(1)
    nan
    """
    if m < 2:
        return math.nan
    return math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2)


def hedges(x: Array, y: Array) -> tuple[float, float, float]:
    """Hedges' g of two independent groups and its 95 % interval; formulas in ``welch.py``."""
    from scipy.stats import t

    n_a, n_b = len(x), len(y)
    m = n_a + n_b - 2
    pooled = math.sqrt(((n_a - 1) * x.var(ddof=1) + (n_b - 1) * y.var(ddof=1)) / m)
    g = small_sample(m) * float(x.mean() - y.mean()) / pooled
    half = float(t.ppf(0.975, m)) * math.sqrt((n_a + n_b) / (n_a * n_b) + g**2 / (2 * (n_a + n_b)))
    return g, g - half, g + half


def refused(x: Array, y: Array) -> str:
    """Why two independent groups cannot be tested; empty where they can."""
    for name, values in (("a", x), ("b", y)):
        if len(values) < 2:
            count = f"{len(values)} value{'s' if len(values) != 1 else ''}"
            return f"group {name} has {count}, a test needs at least 2 in each group"
    squared = x.var(ddof=1) / len(x) + y.var(ddof=1) / len(y)
    if math.sqrt(squared) <= CONSTANT * max(abs(x.mean()), abs(y.mean())) or squared**2 == 0:  # squared: df divides by it
        same = "the same value" if math.isclose(x.mean(), y.mean()) else "one value in each group"
        return f"all listeners have {same}, there is no variance to test against"
    return ""
