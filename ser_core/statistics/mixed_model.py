"""Logistic mixed model with crossed random effects of listener and clip, fitted by Laplace's approximation.

Answers whether groups differ in their chance to be right when listeners and clips are both a sample: single judgements are
the unit, and what those of one listener, and those to one clip, have in common is part of the model.

    logit P(right) = x'beta + s_l u_l + s_c v_c,    u_l, v_c ~ N(0, 1),    s_l, s_c >= 0

With w = (u, v), Z w = s_l u_l + s_c v_c of each judgement and the penalised f(w) = -loglik(X beta + Z w) + |w|^2 / 2, the
negative log-likelihood is about f(w^) + log det H / 2, where w^ minimises f and H = Z'WZ + I is its second derivative there.
It is minimised over beta, s_l and s_c with its gradient (w^ moves with them: dw^/dbeta = -H^-1 Z'W X). Both diagonal blocks
of H are diagonal, so only a matrix as large as the smaller of the two factors is ever inverted. Standard errors come from
the second derivative over beta, s_l and s_c together. This is what lme4's ``glmer`` does by default (nAGQ = 1); the tests
hold it to numbers of lme4.

What it does not promise
    Laplace's approximation takes standard deviations a little too small where a listener or a clip has few judgements.
    Wald's intervals are those of large samples: with less than about ten listeners in a group they are too narrow.

Sources: D. Bates et al., Fitting linear mixed-effects models using lme4, Journal of Statistical Software 67(1), 2015.
R. H. Baayen, D. J. Davidson, D. M. Bates, Mixed-effects modeling with crossed random effects for subjects and items, Journal
of Memory and Language 59, 2008.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

_LEAST_SD = 1e-3
"""On the logit scale, as good as none; the bound keeps the gradient defined."""
_GRADIENT = 1e-3
"""Of the log-likelihood at the optimum, in each direction; lme4 warns from 2e-3 on (relative to curvature)."""


@dataclass(frozen=True)
class Fit:
    """What was estimated, on the logit scale; ``refused`` says why there is nothing, and then the rest is empty.

    Attributes:
        beta: ``[column of x]``.
        covariance: of ``beta``, ``[column, column]``.
        listener_sd, clip_sd: standard deviations of the random effects; 0 where chance alone explains the spread.
        log_likelihood: by Laplace's approximation.
    """

    beta: Array
    covariance: Array
    listener_sd: float
    clip_sd: float
    log_likelihood: float
    refused: str = ""


def fit(right: npt.NDArray[np.bool_], x: Array, listener: Codes, clip: Codes) -> Fit:
    """Fit the model to single judgements.

    Args:
        right: ``[judgement]``.
        x: ``[judgement, column]``, of full column rank.
        listener, clip: ``[judgement]``, codes from 0 without gaps.

    A design without a spread to learn from (one listener, one clip, judgements all alike), one whose answer is certain in
    some column's rows (separation), and a search that does not converge are refused in words.
    """
    from scipy.optimize import minimize

    refused = _refuse(right, x, listener, clip)
    if refused:
        return _nothing(refused)
    model = _Laplace(right, x, listener, clip)
    columns = x.shape[1]
    start = np.append(np.zeros(columns), [0.5, 0.5])
    bounds = [(None, None)] * columns + [(_LEAST_SD, None)] * 2
    found = minimize(
        model.value_and_gradient, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-13, "gtol": 1e-6}
    )
    free = np.append(np.full(columns, True), found.x[columns:] > _LEAST_SD)
    curvature = _curvature(model, found.x, free)
    steep = np.abs(model.value_and_gradient(found.x)[1][free]).max() > _GRADIENT
    if steep or not np.isfinite(curvature).all() or np.linalg.eigvalsh(curvature).min() <= 0:
        return _nothing("the search for the most likely mixed model did not converge")
    covariance: Array = np.linalg.inv(curvature)[:columns, :columns].astype(np.float64)
    listener_sd, clip_sd = np.where(free[columns:], found.x[columns:], 0.0).tolist()
    return Fit(found.x[:columns], covariance, listener_sd, clip_sd, -float(found.fun))


def _nothing(why: str) -> Fit:
    return Fit(np.zeros(0), np.zeros((0, 0)), np.nan, np.nan, np.nan, why)


def _refuse(right: npt.NDArray[np.bool_], x: Array, listener: Codes, clip: Codes) -> str:
    for codes, what in ((listener, "listeners"), (clip, "clips")):
        if len(np.unique(codes)) < 2:
            return f"a mixed model needs at least 2 {what}"
    if np.linalg.matrix_rank(x) < x.shape[1]:
        return "the design has cells without judgements, so their effects cannot be told apart"
    for rows in (x != 0).T:
        if right[rows].all() or not right[rows].any():
            return "in one cell of the design all answers are right or all are wrong, so its effect has no finite estimate"
    return ""


def _curvature(model: _Laplace, at: Array, free: npt.NDArray[np.bool_]) -> Array:
    """Second derivative over the free parameters, by central differences of the gradient."""
    wanted, step = np.flatnonzero(free), 1e-4
    rows = []
    for n in wanted:
        ends = [model.value_and_gradient(at + sign * step * (np.arange(len(at)) == n))[1][wanted] for sign in (1, -1)]
        rows.append((ends[0] - ends[1]) / (2 * step))
    return np.asarray((np.array(rows) + np.array(rows).T) / 2)


class _Laplace:
    """Negative log-likelihood of one set of judgements and its gradient, over (beta, s_first, s_second)."""

    def __init__(self, right: npt.NDArray[np.bool_], x: Array, listener: Codes, clip: Codes) -> None:
        self.y, self.x = right.astype(float), x
        self.codes = (listener, clip)
        self.sizes = (int(listener.max()) + 1, int(clip.max()) + 1)
        self.small, self.large = (0, 1) if self.sizes[0] <= self.sizes[1] else (1, 0)
        self.mode = np.zeros(sum(self.sizes))

    def value_and_gradient(self, at: Array) -> tuple[float, Array]:
        from scipy.special import expit

        beta, sd = at[:-2], at[-2:]
        eta, mu, value = self._find_mode(self.x @ beta, sd)
        weight = mu * (1 - mu)
        inverse = _Inverse(self, weight, sd)
        own, pair = inverse.entries()
        spread = sd[0] ** 2 * own[0][self.codes[0]] + sd[1] ** 2 * own[1][self.codes[1]] + 2 * sd[0] * sd[1] * pair
        pull = weight * (1 - 2 * expit(eta)) * spread / 2  # derivative of log det H / 2 by eta
        residual = self.y - mu
        back = inverse.solve(self._onto(pull, sd))  # so that no derivative of the mode is needed one by one
        moved = pull - weight * self._from(back, sd)
        gradient_sd = []
        for k in (0, 1):
            effect = self._block(self.mode, k)[self.codes[k]]
            explicit = (self.sizes[k] - own[k].sum()) / sd[k]
            through = np.bincount(self.codes[k], residual, self.sizes[k]) @ self._block(back, k)
            gradient_sd.append(-residual @ effect + explicit + moved @ effect + through)
        gradient = np.append(self.x.T @ (moved - residual), gradient_sd)
        return value + inverse.log_determinant / 2, gradient

    def _find_mode(self, fixed: Array, sd: Array) -> tuple[Array, Array, float]:
        """Newton's method from the last mode; f is convex, so halving a step that does not descend always helps."""
        from scipy.special import expit

        w = self.mode
        eta = fixed + self._from(w, sd)
        value = self._penalised(eta, w)
        for _ in range(100):
            mu = expit(eta)
            slope = w - self._onto(self.y - mu, sd)
            if np.abs(slope).max() < 1e-10:
                break
            step = _Inverse(self, mu * (1 - mu), sd).solve(slope)
            for half in range(40):
                tried = w - step / 2**half
                eta_tried = fixed + self._from(tried, sd)
                value_tried = self._penalised(eta_tried, tried)
                if value_tried <= value + 1e-12 * abs(value):
                    break
            w, eta, value = tried, eta_tried, value_tried
        self.mode = w
        return eta, expit(eta), value

    def _penalised(self, eta: Array, w: Array) -> float:
        return float((np.logaddexp(0, eta) - self.y * eta).sum() + w @ w / 2)

    def _block(self, w: Array, k: int) -> Array:
        return w[: self.sizes[0]] if k == 0 else w[self.sizes[0] :]

    def _from(self, w: Array, sd: Array) -> Array:
        """Z w, ``[judgement]``."""
        return np.asarray(sd[0] * self._block(w, 0)[self.codes[0]] + sd[1] * self._block(w, 1)[self.codes[1]])

    def _onto(self, values: Array, sd: Array) -> Array:
        """Z' values, ``[effect]``."""
        return np.concatenate([sd[k] * np.bincount(self.codes[k], values, self.sizes[k]) for k in (0, 1)])


class _Inverse:
    """H = Z'WZ + I, solved and inverted as far as needed by the Schur complement of its larger diagonal block."""

    def __init__(self, model: _Laplace, weight: Array, sd: Array) -> None:
        from scipy.linalg import cho_factor
        from scipy.sparse import coo_array

        self.model, small, large = model, model.small, model.large
        self.diagonal = [sd[k] ** 2 * np.bincount(model.codes[k], weight, model.sizes[k]) + 1 for k in (0, 1)]
        at = (model.codes[small], model.codes[large])
        self.across = coo_array((sd[0] * sd[1] * weight, at), (model.sizes[small], model.sizes[large])).tocsr()
        scaled = self.across / self.diagonal[large]
        self.factor = cho_factor(np.diag(self.diagonal[small]) - scaled @ self.across.T.toarray(), lower=True)

    @property
    def log_determinant(self) -> float:
        return float(np.log(self.diagonal[self.model.large]).sum() + 2 * np.log(np.diag(self.factor[0])).sum())

    def solve(self, b: Array) -> Array:
        from scipy.linalg import cho_solve

        parts = [self.model._block(b, k) for k in (0, 1)]
        small, large = self.model.small, self.model.large
        solved = [parts[0], parts[1]]
        solved[small] = cho_solve(self.factor, parts[small] - self.across @ (parts[large] / self.diagonal[large]))
        solved[large] = (parts[large] - self.across.T @ solved[small]) / self.diagonal[large]
        return np.concatenate(solved)

    def entries(self) -> tuple[list[Array], Array]:
        """Of the inverse of H: its diagonal by factor, and its entry of each judgement's listener with its clip."""
        from scipy.linalg import cho_solve

        model, small, large = self.model, self.model.small, self.model.large
        inner = cho_solve(self.factor, np.eye(len(self.factor[0])))
        product = np.asarray((self.across.T @ inner).T) / self.diagonal[large]  # [small, large]
        diagonals = [np.diag(inner), np.diag(inner)]
        squared = np.asarray(self.across.multiply(product).sum(axis=0)).ravel()
        diagonals[large] = 1 / self.diagonal[large] + squared / self.diagonal[large]
        return diagonals, -product[model.codes[small], model.codes[large]]
