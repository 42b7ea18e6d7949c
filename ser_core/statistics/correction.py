"""Correction for many tests: what remains of a p value when it is one of a family.

Holm keeps the chance of even one false finding in the family at the level (use it for what was planned). Benjamini and
Hochberg's keeps the expected share of false ones among the findings (use it to explore). State the family beside them.

Sources: S. Holm, Scandinavian Journal of Statistics 6, 1979. Y. Benjamini, Y. Hochberg, JRSS B 57, 1995.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def holm(p: Sequence[float] | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Holm's adjusted p values, in the order given.

    A NaN is a test that was not made: it stays NaN and does not count as one of the family.

    >>> holm([0.01, 0.04, 0.03]).round(4)
    array([0.03, 0.06, 0.06])
    """
    values, made, ranked = _ranked(p)
    steps = ranked * np.arange(len(ranked), 0, -1)
    return _put_back(values, made, np.maximum.accumulate(steps))


def fdr(p: Sequence[float] | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Benjamini's and Hochberg's adjusted p values, in the order given; NaN as in ``holm``.

    >>> fdr([0.01, 0.04, 0.03]).round(4)
    array([0.03, 0.04, 0.04])
    """
    values, made, ranked = _ranked(p)
    steps = ranked * len(ranked) / np.arange(1, len(ranked) + 1)
    return _put_back(values, made, np.minimum.accumulate(steps[::-1])[::-1])


def _ranked(p: Sequence[float] | npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], ...]:
    values = np.asarray(p, dtype=float)
    made = ~np.isnan(values)
    return values, made, np.sort(values[made])


def _put_back(
    values: npt.NDArray[np.float64], made: npt.NDArray[np.float64], adjusted: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    result = np.full(len(values), np.nan)
    positions = np.flatnonzero(made)
    result[positions[np.argsort(values[positions], kind="stable")]] = np.minimum(adjusted, 1)
    return result
