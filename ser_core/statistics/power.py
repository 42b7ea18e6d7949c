"""Power by simulation: how often Welch's test of two groups' UA would find a difference in a study of this design.

A study is drawn as the mixed model says (``mixed_model.py``): clips and listeners with random effects on the logit scale,
the same clips for both groups, every listener hears every clip once. Group b is better by the same number of log odds in
each emotion, chosen so that its expected UA exceeds that of a by the effect. A listener has one UA; the test is Welch's.

    logit P(right) = m_e (+ shift for group b) + listener_sd u + clip_sd v,    u, v ~ N(0, 1)

What it does not promise: the standard deviations come from a study that was small itself; power is as uncertain as they are.

Source of the way: P. Green, C. J. MacLeod, SIMR, Methods in Ecology and Evolution 7(4), 2016.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_NUMBERS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Design:
    """What one listener hears, and how well people hear it.

    Attributes:
        means: log odds of a right answer, of each emotion ``[emotion]``.
        clips: how many clips of each emotion ``[emotion]``.
        listener_sd, clip_sd: standard deviations of the random effects, in log odds.
    """

    means: tuple[float, ...]
    clips: tuple[int, ...]
    listener_sd: float
    clip_sd: float

    def ua(self, shift: float = 0.0) -> float:
        """Expected UA with every mean shifted, over all listeners and clips that there could be.

        >>> round(Design((0.0,), (10,), 0.0, 0.0).ua(1.0), 6)  # 1 / (1 + 1/e)
        0.731059
        """
        from scipy.special import expit

        points, weights = np.polynomial.hermite_e.hermegauss(60)
        spread = np.hypot(self.listener_sd, self.clip_sd)
        chance = expit(np.array(self.means)[:, None] + shift + spread * points)
        return float((chance @ weights).mean() / weights.sum())

    def shift(self, effect: float) -> float:
        """Log odds that raise the expected UA by ``effect``, which must lie below ``1 - ua()``."""
        from scipy.optimize import brentq

        assert 0 <= effect < 1 - self.ua(), effect
        return float(brentq(lambda shift: self.ua(shift) - self.ua() - effect, 0.0, 60.0))


def p_values(design: Design, listeners: tuple[int, int], effect: float, *, studies: int, rng: np.random.Generator) -> Array:
    """Two-sided p of Welch's test in each drawn study, ``[study]``; 1 where all listeners have the same UA.

    Args:
        design: see above.
        listeners: how many in group a and in group b, at least 2 each.
        effect: expected UA of b less that of a.
        studies: how many to draw.
        rng: the same generator state gives the same listeners and clips for every effect.
    """
    from scipy.stats import t

    a, b = ua_of_listeners(design, listeners, effect, studies=studies, rng=rng)
    variance_a, variance_b = (ua.var(axis=1, ddof=1) / ua.shape[1] for ua in (a, b))
    squared = variance_a + variance_b
    apart = a.mean(axis=1) - b.mean(axis=1)
    varies = squared > 1e-24
    safe = np.where(varies, squared, 1.0)
    df = safe**2 / np.where(varies, variance_a**2 / (listeners[0] - 1) + variance_b**2 / (listeners[1] - 1), 1.0)
    return np.where(varies, 2 * t.sf(np.abs(apart) / np.sqrt(safe), df), 1.0)


def ua_of_listeners(
    design: Design, listeners: tuple[int, int], effect: float, *, studies: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """UA of every listener of both groups in each drawn study, ``[study, listener]``."""
    emotion = np.repeat(np.arange(len(design.clips)), design.clips)
    shifts, means = (0.0, design.shift(effect)), np.array(design.means)[emotion]
    share = (emotion[:, None] == np.arange(len(design.clips))) / np.array(design.clips) / len(design.clips)
    weight = share.sum(axis=1).astype(np.float32)
    found = (np.empty((studies, listeners[0])), np.empty((studies, listeners[1])))
    at_once = max(1, _NUMBERS_AT_ONCE // (max(listeners) * len(emotion)))
    for start in range(0, studies, at_once):
        rows = slice(start, min(start + at_once, studies))
        size = rows.stop - rows.start
        clip = means + design.clip_sd * rng.standard_normal((size, 1, len(emotion)))
        for ua, shift, number in zip(found, shifts, listeners, strict=True):
            who = shift + design.listener_sd * rng.standard_normal((size, number, 1))
            odds = np.exp(-(clip + who).astype(np.float32))
            ua[rows] = (rng.random(odds.shape, dtype=np.float32) * (1 + odds) < 1) @ weight
    return found


def power(
    design: Design, listeners: tuple[int, int], effect: float, *, studies: int, seed: int, level: float = 0.05
) -> tuple[float, float]:
    """Share of the studies in which p < ``level``, and its standard error."""
    p = p_values(design, listeners, effect, studies=studies, rng=np.random.default_rng([seed, *listeners]))
    share = float((p < level).mean())
    return share, float(np.sqrt(share * (1 - share) / studies))


def detectable(design: Design, listeners: tuple[int, int], *, wanted: float, studies: int, seed: int) -> float:
    """The smallest effect found with the power ``wanted``, to 0.005 of UA; NaN if even the largest possible is not."""
    low, high = 0.0, (1 - design.ua()) * 0.999
    if power(design, listeners, high, studies=studies, seed=seed)[0] < wanted:
        return float("nan")
    while high - low > 0.005:
        middle = (low + high) / 2
        enough = power(design, listeners, middle, studies=studies, seed=seed)[0] >= wanted
        low, high = (low, middle) if enough else (middle, high)
    return high


def needed(design: Design, effect: float, *, wanted: float, studies: int, seed: int, most: int = 400) -> int | None:
    """How few listeners in each group find ``effect`` with the power ``wanted``; None above ``most``."""
    low, high = 1, 2
    while power(design, (high, high), effect, studies=studies, seed=seed)[0] < wanted:
        if high >= most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        enough = power(design, (middle, middle), effect, studies=studies, seed=seed)[0] >= wanted
        low, high = (low, middle) if enough else (middle, high)
    return high
