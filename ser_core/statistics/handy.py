"""Matrices of who judged what: full where most of it is there, sparse where few raters judged the same clips.

What is multiplied with them are whole numbers or a few values, so the kind of matrix decides how long it takes, and nothing
of the result but its last digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_FULL = 40
"""A full matrix is quicker than a sparse one unless it has this many times more cells than entries."""
_MOST = 20_000_000
"""Cells of a full matrix at most, 160 MB."""


def is_full(entries: int, size: Sequence[int]) -> bool:
    """Whether a matrix of this size with so many entries is better held as an array."""
    return int(size[0]) * int(size[1]) <= min(_FULL * entries, _MOST)


def matrix(
    row: npt.NDArray[np.int64],
    column: npt.NDArray[np.int64],
    size: Sequence[int],
    values: Any = 1.0,
    *,
    full: bool | None = None,
) -> Any:
    """The matrix ``[row, column]`` with the sum of the values at each place, an array or a sparse one.

    >>> matrix(np.array([0, 1, 1]), np.array([0, 1, 1]), (2, 2)).tolist()
    [[1.0, 0.0], [0.0, 2.0]]
    >>> matrix(np.array([7]), np.array([8]), (100, 100)).nnz
    1
    """
    given = np.broadcast_to(np.asarray(values, dtype=float), len(row))
    if is_full(len(row), size) if full is None else full:
        return np.bincount(row * size[1] + column, given, int(size[0]) * int(size[1])).reshape(size)
    from scipy.sparse import csr_array

    return csr_array((given, (row, column)), shape=tuple(size))
