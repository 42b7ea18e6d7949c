"""What every measure of recognition reads off a table of counts.

Conventions
    ``counts`` has shape ``[..., truth, label]`` with any number of leading dimensions (raters, languages, bootstrap
    draws). The first columns are the truths in their order; further columns are labels nobody was asked to speak, such
    as ``cannot_say``, so there are at least as many columns as rows. Counts may be fractions (bootstrap weights).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def heard(counts: Array) -> Array:
    """Judgements of clips of each truth, ``[..., truth]``.

    >>> heard(np.array([[3.0, 1.0, 0.0], [2.0, 1.0, 2.0]]))
    array([4., 5.])
    """
    return np.asarray(counts.sum(axis=-1))


def chosen(counts: Array) -> Array:
    """How often each truth's emotion was given as the answer, to whatever clip, ``[..., truth]``.

    >>> chosen(np.array([[3.0, 1.0, 0.0], [2.0, 1.0, 2.0]]))
    array([5., 2.])
    """
    return np.asarray(counts.sum(axis=-2)[..., : counts.shape[-2]])


def hits(counts: Array) -> Array:
    """How often each truth was recognised, ``[..., truth]``.

    >>> hits(np.array([[3.0, 1.0, 0.0], [2.0, 1.0, 2.0]]))
    array([3., 1.])
    """
    return np.asarray(np.diagonal(counts, axis1=-2, axis2=-1))


def total(counts: Array) -> Array:
    """All judgements, ``[...]``."""
    return np.asarray(counts.sum(axis=(-2, -1)))


def share(part: Any, whole: Any) -> Array:
    """``part / whole``, NaN where ``whole`` is 0 (nothing was heard, so nothing can be said).

    >>> share(np.array([1.0, 0.0]), np.array([4.0, 0.0]))
    array([0.25,  nan])
    """
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    unknown = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    return np.asarray(np.divide(part, whole, out=unknown, where=whole > 0))


def mean_of_known(values: Array) -> Array:
    """Mean over the last axis of what is known; NaN where nothing is.

    >>> mean_of_known(np.array([[0.5, np.nan, 1.0], [np.nan, np.nan, np.nan]]))
    array([0.75,  nan])
    """
    known = ~np.isnan(values)
    return share(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))
