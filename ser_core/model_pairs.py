"""Is one encoder or method better than another? Paired tests over the folds or seeds of an experiment's models.

Both sides of a pair were tested in the same place (setting, source, target, shots, condition) on the same folds or seeds,
and differ in what ``by`` says: the ``encoder``, all else being equal; the ``method``; or its ``settings``. Of a method with
layers the one that the dev clips chose stands for it. A side's value is its mean accuracy in one fold, over all seeds and
trials, or with one seed, over all folds and trials.

**What p means here.** Folds share most of their training clips, and seeds all of them, so these values are not independent:
the t-test and Wilcoxon's, which papers print, find too much. ``p_corrected`` allows for it (Nadeau & Bengio 2003). None of
them knows of speakers: what other voices would give is said by the intervals of the page *Experiments*.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd

from ser_core.errors import BadInput
from ser_core.experiment_tables import CELL, KIND, PLACE, best, summary, without_layer
from ser_core.statistics.correction import holm
from ser_core.statistics.paired import paired
from ser_core.statistics.resampled import corrected
from ser_core.statistics.signed_rank import signed_rank

By = Literal["encoder", "method", "settings"]
Over = Literal["fold", "seed"]
EQUAL: dict[str, tuple[str, ...]] = {
    "encoder": ("method", "settings"),
    "method": ("encoder",),
    "settings": ("encoder", "method"),
}
"""What both sides have in common beside their place."""
METRICS = ("ua", "wa")
SHARED = {
    "fold": "folds share training clips, so t and Wilcoxon find too much; p_corrected allows for it (Nadeau & Bengio 2003)",
    "seed": "seeds of the same folds share all clips, so t and Wilcoxon speak of chance in training, not of other clips",
}
COLUMNS = (
    *PLACE, "a", "b", "metric", "over", "pairs", "mean_a", "mean_b", "difference", "ci_low", "ci_high", "t", "df", "p",
    "p_holm", "p_corrected", "w", "p_wilcoxon", "wilcoxon_floor", "effect", "note",
)  # fmt: skip


def table(models: pd.DataFrame, *, by: By = "encoder", over: Over = "fold", metric: str = "ua") -> pd.DataFrame:
    """A row for each pair in each place.

    Args:
        models: columns ``experiment_tables.MODELS``, numbers as such; of several experiments below each other.
        by: in what the sides of a pair differ.
        over: what they are paired by.
        metric: ``ua`` or ``wa``.

    Returns:
        Columns ``COLUMNS``: ``a``, ``b`` as names of the sides, ``difference`` a - b with its 95 % interval, ``effect``
        Hedges' g of it; ``p_holm`` over all rows.

    Raises:
        BadInput: no two models differ in nothing else.
    """
    models = models.assign(settings=models["settings"].map(without_layer))
    kept = models.merge(best(summary(models))[list(CELL)], on=list(CELL))
    rows = [
        {**dict(zip(PLACE, place, strict=True)), **row}
        for place, there in kept.groupby(list(PLACE), sort=False, dropna=False)
        for row in _pairs(there, by, over, metric)
    ]
    if not rows:
        same = " and ".join(EQUAL[by])
        raise BadInput(f"no two models differ in their {by} with the same {same}, in one place; see --by.")
    found = pd.DataFrame(rows).reindex(columns=list(COLUMNS))
    return found.assign(p_holm=holm(found["p"].to_numpy()))


def _pairs(there: pd.DataFrame, by: By, over: Over, metric: str) -> Iterator[dict[str, Any]]:
    """Of one place."""
    for _, alike in there.groupby(list(EQUAL[by]), sort=False, dropna=False):
        kinds = list(alike.groupby(list(KIND), sort=False, dropna=False))
        for (one, a), (other, b) in combinations(kinds, 2):
            if one[KIND.index(by)] != other[KIND.index(by)]:
                yield {"a": _name(one), "b": _name(other), **_tested(a, b, over, metric)}


def _name(kind: Any) -> str:
    return " ".join(word for word in map(str, kind) if word)


def _tested(a: pd.DataFrame, b: pd.DataFrame, over: Over, metric: str) -> dict[str, Any]:
    both = pd.concat([side.groupby(over)[metric].mean() for side in (a, b)], axis=1, keys=["a", "b"], join="inner").dropna()
    differences = (both["a"] - both["b"]).to_numpy()
    row: dict[str, Any] = {"metric": metric, "over": over, "pairs": len(both), "note": SHARED[over]}
    row |= {
        "mean_a": both["a"].mean(),
        "mean_b": both["b"].mean(),
        "difference": differences.mean() if len(both) else np.nan,
    }
    if lost := int(pd.concat([a[metric], b[metric]]).isna().sum()):
        return row | {"note": f"not tested: {lost} of {len(a) + len(b)} models diverged"}
    if alone := set(a[over]) ^ set(b[over]):
        row["note"] = f"{len(alone)} {over}s of one side only are left out; {row['note']}"
    if len(both) < 2:
        return row | {
            "note": f"not tested: {len(both)} {over}{'s' * (len(both) != 1)} of both sides, a test needs at least 2"
        }
    ranked = signed_rank(differences)
    row |= {"w": ranked.w, "p_wilcoxon": ranked.p, "wilcoxon_floor": ranked.floor}
    if np.ptp(differences) < 1e-12:
        return row | {"note": f"no t-test: the difference is the same in every {over}; {row['note']}"}
    found = paired(both["a"].to_numpy(), both["b"].to_numpy())
    row |= {name: getattr(found, name) for name in ("t", "df", "p", "ci_low", "ci_high", "effect")}
    if over == "fold":
        row["p_corrected"] = corrected(differences, n_train=_mean(a, b, "n_train"), n_test=_mean(a, b, "n"))[1]
    return row


def _mean(a: pd.DataFrame, b: pd.DataFrame, column: str) -> float:
    return float(pd.concat([a[column], b[column]]).mean())
