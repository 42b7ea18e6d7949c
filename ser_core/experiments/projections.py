"""Where clips lie before and after a model: axes to look at, and how well emotions, languages and speakers fall apart.

    pca    the three directions in which the clips differ most
    tsne2  t-SNE in two dimensions, of the first 50 of these directions
    tsne3  in three

Silhouettes are computed in all dimensions, not on the axes: s = (b - a) / max(a, b) of each clip, with a its mean distance
to the others of its own kind and b that to the nearest other kind; 1 is apart, 0 is mixed, below 0 is nearer to others.

t-SNE shows who is near whom; distances between groups, their sizes and their shapes mean nothing, and another seed gives
another picture. Its seed is 0, and its last digits may differ between machines.

Sources: P. Rousseeuw, Silhouettes, Journal of Computational and Applied Mathematics 20, 1987. L. van der Maaten and
G. Hinton, Visualizing data using t-SNE, JMLR 9, 2008.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]

PCA, TSNE = "pca", "tsne"
WAYS = (PCA, TSNE)
DIGITS = 4
_FIRST, _PERPLEXITY, _LEAST = 50, 30, 5
_EXACT = 500
"""Up to so many clips every pair is computed: that takes no longer than to leave some out, and depends on no threads."""


def standardised(features: npt.ArrayLike) -> Matrix:
    """[clip, dim] with mean 0 and deviation 1 in each dimension; a dimension that does not vary is 0.

    >>> standardised([[1.0, 5.0], [3.0, 5.0]]).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """
    given = np.asarray(features, dtype=np.float64)
    centred = given - given.mean(axis=0)
    spread = centred.std(axis=0)
    return np.asarray(centred / np.where(spread > 0, spread, 1))


def components(points: Matrix, count: int = 3) -> tuple[Matrix, float]:
    """The coordinates of points [clip, dim] on their principal axes, [clip, count], and the share of variance these hold.

    An axis points to where the clip lies that is farthest out on it, so that it is the same on every machine. Axes that
    there are not are 0.

    >>> axes, share = components(np.array([[0.0, 0.0], [0.0, 3.0], [0.0, -6.0]]))
    >>> axes.round(6).tolist(), share
    ([[-1.0, 0.0, 0.0], [-4.0, 0.0, 0.0], [5.0, 0.0, 0.0]], 1.0)
    """
    from sklearn import decomposition

    whole = np.zeros((len(points), count))
    if not points.std(axis=0).any():
        return whole, 0.0
    fitted = decomposition.PCA(n_components=min(count, *points.shape), svd_solver="full")
    axes = fitted.fit_transform(points)
    farthest = np.abs(axes.round(9)).argmax(axis=0)
    signs = np.where(axes[farthest, np.arange(axes.shape[1])] < 0, -1.0, 1.0)
    whole[:, : axes.shape[1]] = axes * signs + 0.0  # no -0
    return whole, float(min(fitted.explained_variance_ratio_.sum(), 1.0))


def neighbours(points: Matrix, dimensions: int) -> Matrix:
    """t-SNE of points [clip, dim], [clip, dimensions]; NaN where there are fewer than five clips."""
    from sklearn import manifold

    if len(points) < _LEAST:
        return np.full((len(points), dimensions), np.nan)
    first, _ = components(points, min(_FIRST, *points.shape))
    perplexity = min(_PERPLEXITY, (len(points) - 1) / 3)
    way = "exact" if len(points) <= _EXACT else "barnes_hut"
    fitted = manifold.TSNE(dimensions, perplexity=perplexity, init="pca", method=way, random_state=0)
    return np.asarray(fitted.fit_transform(first), np.float64)


def silhouette(points: Matrix, kinds: Sequence[str]) -> float:
    """Mean silhouette of points [clip, dim], in [-1, 1]; a clip alone of its kind counts as 0.

    NaN where all are of one kind, or each is of its own.

    >>> silhouette(np.array([[0.0], [1.0], [10.0], [11.0]]), ["a", "a", "b", "b"]).__round__(3)
    0.9
    """
    from sklearn.metrics import silhouette_score

    if not 1 < len(set(kinds)) < len(kinds):
        return float("nan")
    return float(silhouette_score(points, np.asarray(kinds, dtype=str)))


def laid_out(points: Matrix, ways: Sequence[str]) -> tuple[dict[str, Matrix], float]:
    """Coordinates by way, [clip, 2 or 3], and the share of variance that those of ``pca`` show.

    Args:
        points: [clip, dim].
        ways: of ``WAYS``.
    """
    axes, explained = components(points)
    found = {PCA: axes}
    if TSNE in ways:
        found |= {f"{TSNE}{count}": neighbours(points, count) for count in (2, 3)}
    return found, explained
