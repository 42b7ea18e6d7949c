"""Slow, obvious ways to the same numbers: loops over single judgements, nothing of ours, no arrays.

A judgement is a pair (truth, label). ``None`` means that the number is undefined.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

Judgement = tuple[str, str]


def recall(judgements: Sequence[Judgement], emotion: str) -> float | None:
    """Of the clips of the emotion, the share in which it was recognised."""
    right = heard = 0
    for truth, label in judgements:
        if truth == emotion:
            heard += 1
            if label == emotion:
                right += 1
    return right / heard if heard else None


def precision(judgements: Sequence[Judgement], emotion: str) -> float | None:
    """Of the answers that named the emotion, the share that were right; undefined if no clip of it was heard."""
    right = said = 0
    for truth, label in judgements:
        if label == emotion:
            said += 1
            if truth == emotion:
                right += 1
    if recall(judgements, emotion) is None:
        return None
    return right / said if said else None


def f1(judgements: Sequence[Judgement], emotion: str) -> float | None:
    """Harmonic mean of precision and recall; 0 if the emotion was heard and never recognised."""
    r = recall(judgements, emotion)
    if r is None:
        return None
    p = precision(judgements, emotion)
    if not r or not p:
        return 0.0
    return 2 * p * r / (p + r)


def hu(judgements: Sequence[Judgement], emotion: str) -> float | None:
    """Recall times precision; 0 if the emotion was heard and never recognised."""
    r = recall(judgements, emotion)
    if r is None:
        return None
    return r * (precision(judgements, emotion) or 0.0)


def d_prime(judgements: Sequence[Judgement], emotion: str) -> float | None:
    """z of the share of hits minus z of the share of false alarms, each of the four cells with half a judgement more."""
    cells = {(own, said): 0.5 for own in (True, False) for said in (True, False)}
    for truth, label in judgements:
        cells[truth == emotion, label == emotion] += 1
    own, other = (cells[kind, True] + cells[kind, False] for kind in (True, False))
    if own == 1 or other == 1:
        return None
    z = statistics.NormalDist().inv_cdf
    return z(cells[True, True] / own) - z(cells[False, True] / other)


def wa(judgements: Sequence[Judgement]) -> float | None:
    """The share of right answers."""
    if not judgements:
        return None
    return sum(1 for truth, label in judgements if truth == label) / len(judgements)


def ua(judgements: Sequence[Judgement]) -> float | None:
    """The mean of the recalls of the emotions heard."""
    heard = sorted({truth for truth, _ in judgements})
    if not heard:
        return None
    return sum(recall(judgements, emotion) or 0.0 for emotion in heard) / len(heard)


def macro_f1(judgements: Sequence[Judgement]) -> float | None:
    """The mean of the F1 of the emotions heard."""
    heard = sorted({truth for truth, _ in judgements})
    if not heard:
        return None
    return sum(f1(judgements, emotion) or 0.0 for emotion in heard) / len(heard)


def mean(values: Sequence[float]) -> float:
    """The mean."""
    return math.fsum(values) / len(values)


def variance(values: Sequence[float]) -> float:
    """The variance with n - 1."""
    middle = mean(values)
    return math.fsum((v - middle) ** 2 for v in values) / (len(values) - 1)


def welch_t_df(a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """Welch's t and the degrees of freedom of Welch and Satterthwaite, as in the textbook."""
    ea, eb = variance(a) / len(a), variance(b) / len(b)
    t = (mean(a) - mean(b)) / math.sqrt(ea + eb)
    df = (ea + eb) ** 2 / (ea**2 / (len(a) - 1) + eb**2 / (len(b) - 1))
    return t, df


def holm(p: Sequence[float]) -> list[float]:
    """Holm's adjusted p values by their definition: the largest of (m - j) p_j over all that are no greater."""
    order = sorted(range(len(p)), key=lambda i: p[i])
    adjusted = [0.0] * len(p)
    for rank, i in enumerate(order):
        adjusted[i] = min(1.0, max((len(p) - j) * p[order[j]] for j in range(rank + 1)))
    return adjusted


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Benjamini's and Hochberg's adjusted p values by their definition: the least of m p_j / (j + 1) over all no smaller."""
    order = sorted(range(len(p)), key=lambda i: p[i])
    adjusted = [0.0] * len(p)
    for rank, i in enumerate(order):
        adjusted[i] = min(1.0, min(len(p) * p[order[j]] / (j + 1) for j in range(rank, len(p))))
    return adjusted


def eder_cells(said: Sequence[set[str] | None], holds: Sequence[set[str]]) -> dict[str, int]:
    """Cells of each kind of error; a cell has the emotions said of it (None: nothing was said) and those it shows."""
    kinds = {"me": 0, "fa": 0, "cf": 0, "ol": 0, "uncovered": 0}
    for p, r in zip(said, holds, strict=True):
        if p is None:
            kinds["uncovered"] += 1
            continue
        more = [emotion for emotion in p if emotion not in r]
        fewer = [emotion for emotion in r if emotion not in p]
        if more and not r:
            kinds["fa"] += 1
        elif more and fewer:
            kinds["cf"] += 1
        elif more:
            kinds["ol"] += 1
        elif fewer:
            kinds["me"] += 1
    return kinds
