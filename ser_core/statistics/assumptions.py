"""What a t-test assumes, checked and said in words beside it: values like a normal distribution, groups that vary alike.

Shapiro and Wilk's test looks at each group's values (of a paired test: at the differences), Brown and Forsythe's at the
spread of the two groups around their medians. Neither decides which test is made: Welch's t-test does without equal
variances and bears values that are not normal well from about 15 in each group on. A check of few values finds little, of
many nearly everything, so n stands beside it; p < .05 is said as "speaks against".

Sources: S. S. Shapiro, M. B. Wilk, Biometrika 52, 1965. M. B. Brown, A. B. Forsythe, JASA 69, 1974.
"""

from __future__ import annotations

import warnings

import numpy as np

from ser_core.statistics._outcome import CONSTANT, Array, Values, known


def of_groups(a: Values, b: Values) -> str:
    """Sentences on two independent groups; empty where there is nothing to check.

    >>> of_groups([.71, .64, .83, .58, .77, .69, .74], [.55, .61, .49, .72, .38])[:73]
    'normal values: nothing speaks against it in a (n 7, Shapiro-Wilk W = 1.00'
    """
    x, y = known(a), known(b)
    shapes = [said for said in (_shape("a", x), _shape("b", y)) if said]
    said = ["normal values: " + ", ".join(shapes)] if shapes else []
    spread = _spread(x, y)
    return "; ".join([*said, *([f"{spread}; Welch's test does without"] if spread else [])])


def of_splits(a: Values, b: Values) -> str:
    """A sentence on what a permutation of unequal groups assumes; empty where they are of one size, or it cannot be said.

    >>> of_splits([.71, .64, .83], [.55, .61, .49]), of_splits([.71, .64, .83, .58], [.55, .61, .49])[:49]
    ('', 'groups that vary alike: nothing speaks against it')
    """
    x, y = known(a), known(b)
    return "" if len(x) == len(y) else _spread(x, y)


def _spread(x: Array, y: Array) -> str:
    from scipy.stats import levene

    if min(len(x), len(y)) < 2 or max(np.ptp(x), np.ptp(y)) <= CONSTANT or len(x) + len(y) <= 4:
        return ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = levene(x, y, center="median")
    if not np.isfinite(found.statistic):  # every value lies equally far from the median of its group
        return ""
    speaks = "speaks against it" if found.pvalue < 0.05 else "nothing speaks against it"
    of = f"Brown-Forsythe F(1, {len(x) + len(y) - 2}) = {found.statistic:.2f}, {_p(found.pvalue)}"
    return f"groups that vary alike: {speaks} ({of})"


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def of_differences(differences: Values) -> str:
    """A sentence on the differences of paired values; empty where there is nothing to check."""
    shape = _shape("the differences", known(differences))
    return f"normal values: {shape}" if shape else ""


def _shape(name: str, values: Array) -> str:
    from scipy.stats import shapiro

    if len(values) < 3:
        few = "1 value" if len(values) == 1 else f"{len(values)} values"
        return f"{few} of {name} {'is' if len(values) == 1 else 'are'} too few to check" if len(values) else ""
    if np.ptp(values) <= CONSTANT * abs(values.mean()):
        return f"all values of {name} are equal"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of more than 5,000 values, whose p is not exact
        found = shapiro(values)
    speaks = "speaks against it" if found.pvalue < 0.05 else "nothing speaks against it"
    return f"{speaks} in {name} (n {len(values)}, Shapiro-Wilk W = {found.statistic:.2f}, {_p(found.pvalue)})"
