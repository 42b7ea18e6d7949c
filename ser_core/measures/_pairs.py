"""Cohen's kappa of pairs of raters, on the clips that both judged: what Cohen's kappa and error consistency are made of.

    kappa = (p_o - p_e) / (1 - p_e),    p_e = sum_c p_c q_c

with p_o the share of their common clips to which both gave the same answer, and p_c, q_c the shares of answer c of either on
these clips. A pair counts if it has at least ``LEAST_COMMON`` clips in common and did not give one and the same answer
throughout; the value of two groups is the mean over such pairs of one rater of each, of two different raters within a group.

What misleads: kappa of few clips is a little too small, and that of clips that are drawn again still smaller, so that the
interval reaches further down than up. Intervals: the two-way cluster bootstrap; the pairs that count are those of the data.
They are worked out pair by pair and clip by clip in each draw, which is left undone above ``_MOST`` of these (``note`` says
so).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ser_core.measures._answers import Array, Codes, coded, ends
from ser_core.measures._measure import CI_HIGH, CI_LOW, CLIPS, NOTE, PAIRS, UNDEFINED, value
from ser_core.metrics._confusion import share
from ser_core.statistics import bootstrap
from ser_core.statistics.handy import is_full, matrix
from ser_core.tables import Column

LEAST_COMMON = 10
"""Kappa of fewer clips is mostly chance, and undefined more often than not."""

_ALL = 1 - 1e-12
"""Agreement expected beyond this is 1: both gave one and the same answer throughout."""

_MOST = 5e9
_CELLS = 50_000
"""Numbers held at a time, of some pairs in all draws: few enough for a processor's own memory."""

OBSERVED = Column("observed", "mean share of the common clips on which a pair agrees", "number")
EXPECTED = Column("expected", "mean share on which it would by chance", "number")


def columns(what: str) -> tuple[Column, ...]:
    """What is said of the pairs of two groups."""
    return (value(what), CI_LOW, CI_HIGH, OBSERVED, EXPECTED, PAIRS, UNDEFINED, CLIPS, NOTE)


@dataclass(frozen=True)
class _Pairs:
    """Pairs of raters that share clips, ``a`` and ``b`` as rows of the matrices ``[rater, clip]`` (of 0 and 1).

    ``heard`` says who judged what, ``gave`` for each label who gave it; ``sides`` are the raters whom ``a`` and ``b`` are
    of; ``common`` is the number of clips, ``[pair]``. Full matrices hold single precision, exact for whole numbers.
    """

    heard: Any
    gave: list[Any]
    sides: tuple[Codes, Codes]
    a: Codes
    b: Codes
    common: Array

    @classmethod
    def of(cls, judgements: bootstrap.Judgements, side: Codes, *, own: bool) -> _Pairs:
        """All pairs of one rater of each side, or of two different raters of one."""
        size = len(side), len(judgements.clip_stratum)
        full = is_full(len(judgements.rater), size)

        def made(which: Any) -> Any:
            found = matrix(judgements.rater[which], judgements.clip[which], size, full=full)
            return found.astype(np.float32) if full else found

        heard = made(slice(None))
        here, there = np.flatnonzero(side == 0), np.flatnonzero(side == (0 if own else 1))
        a, b, common = _met(heard[here] @ heard[there].T, own=own)
        gave = [made(judgements.label == label) for label in np.unique(judgements.label)]
        return cls(heard, gave, (here, there), here[a], there[b], common)

    def only(self, which: Any) -> _Pairs:
        """Some of the pairs."""
        return replace(self, a=self.a[which], b=self.b[which], common=self.common[which])

    def over_all(self) -> tuple[Array, Array]:
        """Observed and expected shares of agreement over all clips, ``[pair]``: ``shares`` of every clip once.

        Made for all of one side with all of the other at once, for pair by pair thousands of raters would fill any memory.
        """
        here, there = self.sides
        place = np.empty(self.heard.shape[0], dtype=np.int64)  # of each rater on its side
        place[here], place[there] = np.arange(len(here)), np.arange(len(there))
        at = place[self.a], place[self.b]

        def of_pairs(a: Any, b: Any) -> Array:
            found = (a[here] @ b[there].T)[at]
            return np.asarray(found if isinstance(found, np.ndarray) else found.toarray(), dtype=float).ravel()

        same = chance = np.zeros(len(self.a))
        for gave in self.gave:
            same = same + of_pairs(gave, gave)
            chance = chance + of_pairs(gave, self.heard) * of_pairs(self.heard, gave)
        return share(same, self.common), share(chance, self.common**2)

    def clips(self) -> int:
        """How many clips any pair has in common."""
        from scipy.sparse import csr_array

        together = csr_array((np.ones(len(self.a)), (self.a, self.b)), shape=(self.heard.shape[0],) * 2)
        return int((np.asarray(((together @ self.heard) * self.heard).sum(axis=0)) > 0).sum())

    def shares(self, clips: Any, given: list[Any]) -> tuple[Array, Array]:
        """Observed and expected shares of agreement where clips count so often, ``[clip, draw]`` -> ``[pair, draw]``.

        Where everybody judged all clips, ``given`` says how often each rater gave each label, ``[label][rater, draw]``.
        """
        heard_a, heard_b = self.heard[self.a], self.heard[self.b]
        agree, chance = 0.0 * heard_a, np.zeros((len(self.a), clips.shape[1]))
        for n, gave in enumerate(self.gave):
            of_a, of_b = gave[self.a], gave[self.b]
            agree = agree + of_a * of_b
            one, other = (
                (given[n][self.a], given[n][self.b]) if given else ((of_a * heard_b) @ clips, (heard_a * of_b) @ clips)
            )
            chance += one.astype(float) * other
        common = ((heard_a * heard_b) @ clips).astype(float)
        return share(agree @ clips, common), share(chance, common**2)

    def given(self, clips: Any) -> list[Any]:
        """How often each rater gave each label, as ``shares`` wants it; empty where not everybody judged all clips."""
        every = isinstance(self.heard, np.ndarray) and bool((self.heard == 1).all())
        return [gave @ clips for gave in self.gave] if every else []


def _met(common: Any, *, own: bool) -> tuple[Codes, Codes, Array]:
    """Rows, columns and numbers of the raters who have clips in common, within one side each two of them once."""
    from scipy.sparse import triu

    if not isinstance(common, np.ndarray):
        found = (triu(common, k=1) if own else common).tocoo()
        return *found.coords, found.data
    # as a sparse product has them, so that sums keep their last digit
    backwards = (np.triu(common, k=1) if own else common)[:, ::-1]
    a, b = np.nonzero(backwards)
    return a, common.shape[1] - 1 - b, backwards[a, b].astype(float)


def mean_kappa(rows: pd.DataFrame, names: Sequence[str], *, own: bool, seed: int, draws: int) -> dict[str, Any]:
    """Mean kappa of the pairs of raters of two groups as columns of a table.

    Args:
        rows: answers of both groups, with ``side`` 0 or 1; within one group (``own``) all are 0.
        names: of the generator, so that other groups do not change the numbers of these.
        own: whether pairs are made within one group.
        seed, draws: of the bootstrap.
    """
    judgements = coded(rows)
    side = rows["side"].to_numpy(dtype=np.int64)[np.unique(judgements.rater, return_index=True)[1]]
    every = _Pairs.of(judgements, side, own=own)
    pairs = every.only(every.common >= LEAST_COMMON)
    observed, expected = pairs.over_all()
    varied = expected < _ALL
    pairs = pairs.only(varied)
    found: dict[str, Any] = {"pairs": len(pairs.a), "undefined": len(every.a) - len(pairs.a), "clips": 0}
    if not len(pairs.a):
        return {**found, "note": _why(every)}
    found |= {"observed": observed[varied].mean(), "expected": expected[varied].mean()}
    found["value"] = ((observed - expected)[varied] / (1 - expected[varied])).mean()
    found["clips"] = pairs.clips()
    if not draws or not bootstrap.can_vary(judgements):
        return found
    if pairs.common.sum() * draws > _MOST:
        return {**found, "note": "no interval: too many pairs of raters to draw them again"}
    rng = bootstrap.generator(seed, *names, *sorted(rows["language"].unique()))
    raters, clips = bootstrap.all_crossed(judgements, draws=draws, rng=rng, width=8 * len(pairs.a))
    return {**found, **ends(_drawn(pairs, np.ascontiguousarray(raters.T), np.ascontiguousarray(clips.T)))}


def _drawn(pairs: _Pairs, raters: Array, clips: Array) -> Array:
    """Mean kappa of each draw, ``[draw]``, which holds raters and clips so often, ``[rater, draw]`` and ``[clip, draw]``."""
    draws = clips.shape[1]
    times = clips.astype(pairs.heard.dtype)
    given = pairs.given(times)
    sums, weights = np.zeros(draws), np.zeros(draws)
    few = max(1, _CELLS // draws)
    for start in range(0, len(pairs.a), few):
        some = pairs.only(slice(start, start + few))
        o, e = some.shares(times, given)
        known = e < _ALL  # not where it is NaN
        weight = np.where(known, raters[some.a] * raters[some.b], 0.0)
        kappa = np.divide(o - e, 1 - e, out=np.zeros_like(o), where=known)
        for one in weight * kappa:  # one after the other, so that it does not matter how many there are at a time
            sums += one
        weights += weight.sum(axis=0)
    return share(sums, weights)


def _why(pairs: _Pairs) -> str:
    if not len(pairs.a):
        return "not defined: no two raters judged the same clip"
    if not (pairs.common >= LEAST_COMMON).any():
        return f"not defined: no two raters judged {LEAST_COMMON} clips in common"
    return "not defined: both raters of each pair gave one answer throughout, so nothing tells agreement from chance"
