"""Groups of people by the mixed model: group x language x emotion, with crossed random effects of listener and clip.

Every group has a mean of its own for each emotion of each language (on the logit scale), which leaves no interaction out.
A row is a contrast of these means: of two groups in each emotion, the mean of that over the emotions of a language (as UA
weighs them), and the difference of that between two languages (the interaction that an advantage in one's own language is).
``difference`` is in log odds (its exponential is an odds ratio), ``t`` is Wald's z, and so there is no df. The effect size
is the difference in units of d (log odds times sqrt(3) / pi). An emotion in which a group was always or never right has no
finite estimate in that language, one of a single listener or clip no spread; it is left out there, for all groups, in words.

Source of the effect size: S. Chinn, A simple method for converting an odds ratio to effect size, Statistics in Medicine 19,
2000.
"""

from __future__ import annotations

import math
from itertools import combinations, product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.cli import several
from ser_core.counting import Counted
from ser_core.statistics.mixed_model import Fit, fit

Array = npt.NDArray[np.float64]
Row = dict[str, Any]
Cell = tuple[str, str, str]
"""Group, language, emotion."""

TEST = "binomial mixed model, Wald's z, two-sided"
UNIT = "judgement, within listener and clip"


def families(counted: Counted) -> tuple[tuple[str, list[Row]], ...]:
    """Name and rows of each family; of one group alone there are no rows."""
    people = counted.judged[counted.judged["rater_type"] == "human"]
    pairs = {
        str(language): list(combinations(sorted(set(part["group"])), 2))
        for language, part in people.groupby("language", sort=True)
    }
    wanted = people[people["language"].isin([language for language, found in pairs.items() if found])]
    names = (
        "human groups: mixed model by language",
        "human groups: mixed model, between languages",
        "human groups: mixed model by emotion and language",
    )
    if wanted.empty:
        return tuple((name, []) for name in names)
    model = fitted(wanted)
    by_language = [model.over_emotions(a, b, language) for language, found in pairs.items() for a, b in found]
    between = [
        model.interaction(a, b, one, other)
        for one, other in combinations(pairs, 2)
        for a, b in pairs[one]
        if (a, b) in pairs[other]
    ]
    single = [
        model.one_emotion(a, b, language, emotion)
        for language, found in pairs.items()
        for a, b in found
        for emotion in counted.truths
        if emotion in set(wanted.loc[wanted["language"] == language, "truth"])
    ]
    return tuple(zip(names, (by_language, between, single), strict=True))


def fitted(judged: pd.DataFrame) -> Model:
    """The model of these judgements (rows of ``Counted.judged``), without the emotions that have no finite estimate."""
    return Model(judged, *_finite(judged))


def _finite(judged: pd.DataFrame) -> tuple[pd.DataFrame, dict[tuple[str, str], str]]:
    """The judgements of emotions in which every group was right sometimes and wrong sometimes; why the others are not."""
    right = judged.assign(right=judged["truth"] == judged["label"])
    table = right.groupby(["language", "truth", "group"]).agg({"right": "mean", "rater": "nunique", "stimulus": "nunique"})
    cells = dict(zip(table.index, table.itertuples(index=False, name=None), strict=True))
    why: dict[tuple[str, str], str] = {}
    for language, part in judged.groupby("language"):
        for emotion, group in product(sorted(set(part["truth"])), sorted(set(part["group"]))):
            share, listeners, clips = cells.get((language, emotion, group), (0.5, 0, 0))
            if share in (0.0, 1.0):
                always = "always" if share else "never"
                said = f"{group} were {always} right in {emotion}, which has no finite log odds"
            elif min(listeners, clips) < 2:
                sizes = f"{several(listeners, 'listener')} and {several(clips, 'clip')}"
                said = f"{group} had {sizes} of {emotion}, and spread needs 2 of each"
            else:
                continue
            why.setdefault((str(language), emotion), said)
    out = pd.Series([pair in why for pair in zip(judged["language"], judged["truth"], strict=True)], judged.index)
    return judged[~out], why


class Model:
    """One fit over all groups, languages and emotions, asked for contrasts.

    Attributes:
        cells: group, language and emotion of each mean, in the order of ``fit.beta``.
        fit: None where no emotion is left.
        left_out: why an emotion of a language is left out.
    """

    def __init__(self, heard: pd.DataFrame, judged: pd.DataFrame, left_out: dict[tuple[str, str], str]) -> None:
        self.left_out = left_out
        self.heard = heard.groupby(["group", "language"])["rater"].nunique()
        cells = sorted(set(zip(judged["group"], judged["language"], judged["truth"], strict=True)))
        self.cells: list[Cell] = [(str(g), str(n), str(e)) for g, n, e in cells]
        self.at = {cell: n for n, cell in enumerate(self.cells)}
        self.fit: Fit | None = None
        if self.cells:
            cell = np.array([self.at[c] for c in zip(judged["group"], judged["language"], judged["truth"], strict=True)])
            x = (cell[:, None] == np.arange(len(self.cells))).astype(float)
            listener, clip = (
                np.unique(judged[n].to_numpy(dtype=object), return_inverse=True)[1] for n in ("rater", "stimulus")
            )
            self.fit = fit((judged["truth"] == judged["label"]).to_numpy(), x, listener, clip)

    def one_emotion(self, a: str, b: str, language: str, emotion: str) -> Row:
        """The difference of two groups in one emotion."""
        why = self.left_out.get((language, emotion), "")
        weights = [self._weights(g, language, [] if why else [emotion]) for g in (a, b)]
        return self._row(a, b, language, emotion, *weights, why=why)

    def over_emotions(self, a: str, b: str, language: str) -> Row:
        """The mean of these differences over the emotions of a language."""
        emotions, out = self._emotions(language)
        return self._row(a, b, language, "", *(self._weights(g, language, emotions) for g in (a, b)), said=out)

    def interaction(self, a: str, b: str, one: str, other: str) -> Row:
        """How much more ``a`` exceeds ``b`` in one language than in the other, over the emotions of both."""
        kept, outs = zip(*(self._emotions(language) for language in (one, other)), strict=True)
        both = sorted(set(kept[0]) & set(kept[1]))
        sides = [self._weights(g, one, both) - self._weights(g, other, both) for g in (a, b)]
        said = "; ".join(dict.fromkeys(filter(None, outs)))
        row = self._row(a, b, one, "", *sides, said=said)
        return {**row, "a": f"{a}: {one} less {other}", "b": f"{b}: {one} less {other}", "language": ""}

    def _emotions(self, language: str) -> tuple[list[str], str]:
        kept = sorted({e for _, n, e in self.cells if n == language})
        out = [why for (n, _), why in sorted(self.left_out.items()) if n == language]
        return kept, "left out: " + ", ".join(out) if out else ""

    def _weights(self, group: str, language: str, emotions: list[str]) -> Array:
        weights = np.zeros(len(self.cells))
        for emotion in emotions:
            weights[self.at[group, language, emotion]] = 1 / len(emotions)
        return weights

    def _row(
        self, a: str, b: str, language: str, emotion: str, of_a: Array, of_b: Array, *, why: str = "", said: str = ""
    ) -> Row:
        from scipy.stats import norm

        named = {"test": TEST, "unit": UNIT, "a": a, "b": b, "language": language, "emotion": emotion}
        row: Row = {**named, "metric": "log odds of recall", "n_a": self._listeners(a, language), "p": math.nan}
        row |= {"n_b": self._listeners(b, language)}
        refused = (
            why or ("" if of_a.any() else "no emotion is left") or (self.fit.refused if self.fit else "no emotion is left")
        )
        if refused or self.fit is None:
            return {**row, "note": "; ".join(filter(None, (f"not tested: {refused}", said)))}
        contrast = of_a - of_b
        estimate = float(contrast @ self.fit.beta)
        se = math.sqrt(contrast @ self.fit.covariance @ contrast)
        half, unit = float(norm.ppf(0.975)) * se, math.sqrt(3) / math.pi
        spread = f"SD of listeners {self.fit.listener_sd:.2f}, of clips {self.fit.clip_sd:.2f} (log odds)"
        return {
            **row,
            "mean_a": float(of_a @ self.fit.beta),
            "mean_b": float(of_b @ self.fit.beta),
            "difference": estimate,
            "t": estimate / se,
            "p": float(2 * norm.sf(abs(estimate / se))),
            "ci_low": estimate - half,
            "ci_high": estimate + half,
            "effect": unit * estimate,
            "effect_ci_low": unit * (estimate - half),
            "effect_ci_high": unit * (estimate + half),
            "note": "; ".join(filter(None, (f"t is Wald's z; the effect is log odds in units of d; {spread}", said))),
        }

    def _listeners(self, group: str, language: str) -> int:
        return int(self.heard.get((group, language), 0))
