"""Wilcoxon's signed-rank test of paired values: the order of the differences counts, not their size.

Differences of 0 are left out, equal sizes share their mean rank, and the sum of the ranks of positive differences is held
against all 2^n ways to give the n differences their signs; so p is exact, with ties, too. With more than 16 differences it
is scipy's normal approximation. Few pairs can say little: p is never below 2 / 2^n, which is 0.0625 for 5.

Source: F. Wilcoxon, Biometrics Bulletin 1(6), 1945.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ser_core.statistics._outcome import NAN, Values, known

EXACT = 16
"""Differences of which all signs are looked at."""


@dataclass(frozen=True)
class SignedRank:
    """What the test gives.

    Attributes:
        w: sum of the ranks of the positive differences.
        p: two-sided; NaN where there is no difference at all.
        floor: the lowest p that so many differences can give.
        n: differences other than 0.
    """

    w: float
    p: float
    floor: float
    n: int


def signed_rank(differences: Values) -> SignedRank:
    """Of differences, NaN = unknown and left out.

    >>> signed_rank([0.1, 0.2, 0.3, 0.4, 0.5])  # five seeds, all of one mind
    SignedRank(w=15.0, p=0.0625, floor=0.0625, n=5)
    """
    from scipy.stats import rankdata, wilcoxon

    found = known(differences).round(12)  # values that are equal but for rounding are equal
    found = found[found != 0]
    n = len(found)
    if not n:
        return SignedRank(0.0, NAN, NAN, 0)
    ranks = rankdata(np.abs(found))
    w, floor = float(ranks[found > 0].sum()), 2.0 ** (1 - n)
    if n > EXACT:
        return SignedRank(w, float(wilcoxon(found, method="approx").pvalue), floor, n)
    signs = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    middle = float(ranks.sum()) / 2
    as_far = np.abs(signs @ ranks - middle) >= abs(w - middle) - 1e-9
    return SignedRank(w, math.fsum(as_far) / 2**n, floor, n)
