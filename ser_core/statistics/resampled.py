"""The t-test for models that were trained again and again on parts of the same clips, corrected for what they share.

Folds, or seeds that draw the parts anew, share training clips, so their results vary together and their spread says less of
what other clips would give than as many independent trainings would. The paired t-test takes them for independent and finds
too much. Nadeau and Bengio enlarge the variance of the mean difference from s^2 / J to

    s^2 (1 / J + n_test / n_train)

over J trainings; degrees of freedom stay J - 1. It is meant for parts that are drawn at random; with folds, whose tests do
not overlap, it is cautious. It knows nothing of speakers.

Source: C. Nadeau, Y. Bengio, Inference for the Generalization Error, Machine Learning 52, 2003.
"""

from __future__ import annotations

import math

from ser_core.statistics._outcome import NAN, Values, known


def corrected(differences: Values, *, n_train: float, n_test: float) -> tuple[float, float]:
    """t and its two-sided p of the differences of J trainings; NaN, NaN where they cannot be tested.

    Args:
        differences: one for each training, NaN = unknown and left out.
        n_train: clips that each learned from.
        n_test: clips that each was tested on.

    >>> t, p = corrected([0.01, 0.03, 0.02, 0.04, 0.05], n_train=80, n_test=20)  # mean 0.03, variance 0.00025
    >>> round(t, 6), round(t, 6) == round(0.03 / (0.00025 * (1 / 5 + 20 / 80)) ** 0.5, 6)
    (2.828427, True)
    """
    from scipy.stats import t as student

    found = known(differences)
    count = len(found)
    variance = float(found.var(ddof=1)) if count > 1 else 0.0
    if variance < 1e-24 or not n_train > 0:
        return NAN, NAN
    t = float(found.mean()) / math.sqrt(variance * (1 / count + n_test / n_train))
    return t, 2 * float(student.sf(abs(t), count - 1))
