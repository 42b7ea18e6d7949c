"""Which still figures a report holds, by the name of their file: all that the compare page can draw of the same ratings.

Of two groups of models no difference is drawn, since with their number the pairs become thousands; the page draws any pair,
and all of them stand in ``differences.csv``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Protocol

import pandas as pd

from ser_core import still_figures
from ser_core.compare_figures import turned
from ser_core.metrics._metric import metrics
from ser_core.svg import Picture

_LONGEST = 90


class RestsOn(Protocol):
    """What a figure of clips in a language rests on, in words (``figure_notes.py``)."""

    def __call__(self, language: str, groups: Collection[str] = (), *, marked: bool = False) -> str:
        """Of these groups, or of all; of judgements, or of what was marked."""


def figures(
    scores: pd.DataFrame,
    confusion: pd.DataFrame,
    differences: pd.DataFrame,
    *,
    guess: bool,
    made_up: str,
    rests_on: RestsOn,
) -> dict[str, Picture]:
    """Every figure by its name, which begins with its kind.

    Args:
        scores: columns ``scores.SCORES``.
        confusion: columns ``scores.CONFUSION``.
        differences: columns of ``measures/differences.py``.
        guess: whether guessing has a line.
        made_up: what of the ratings was made up; every figure says it.
        rests_on: what stands below each figure: how much it rests on, what is missing, what was left out and why.
    """
    found: dict[str, Picture] = {}
    every = (
        *_of_scores(scores, guess, made_up, rests_on),
        *_of_confusion(confusion, made_up, rests_on),
        *_of_differences(differences, set(scores.loc[scores["rater_type"] == "human", "group"]), made_up, rests_on),
    )
    for words, picture, note in every:
        picture.below(note)
        name = _file(" ".join(words))
        found[name if name not in found else f"{name}-{len(found)}"] = picture
    return found


Named = Iterator[tuple[tuple[str, ...], Picture, str]]


def _of_scores(scores: pd.DataFrame, guess: bool, made_up: str, rests_on: RestsOn) -> Named:
    heard, marked = scores[scores["metric"] == "ua"], scores[scores["metric"] == "eder"]
    for language in still_figures.languages(heard):
        picture = still_figures.ua(scores, language, guess=guess, made_up=made_up)
        yield ("ua", language or "all"), picture, rests_on(language)
    for name, metric in metrics().items():
        for language in still_figures.languages(heard) if metric.per_emotion else ():
            picture = still_figures.of_each(scores, language, name, metric.title, made_up=made_up)
            yield ("emotions", name.replace("_", " "), language or "all"), picture, rests_on(language)
    for language in still_figures.languages(marked):
        picture = still_figures.eder(scores, language, made_up=made_up)
        yield ("eder", language or "all"), picture, rests_on(language, marked=True)


def _of_confusion(confusion: pd.DataFrame, made_up: str, rests_on: RestsOn) -> Named:
    rows = confusion[(confusion["rater"] == "") & (confusion["language"] != "")]
    for (language, group), part in rows.groupby(["language", "group"], sort=True):
        named = str(group), str(language)
        picture = still_figures.confusion(part, *named, made_up=made_up)
        yield ("confusion", *named[::-1]), picture, rests_on(str(language), [str(group)])


def _of_differences(differences: pd.DataFrame, people: set[str], made_up: str, rests_on: RestsOn) -> Named:
    rows = differences[(differences["language"] != "") & (differences["a"].isin(people) | differences["b"].isin(people))]
    for (language, one, other), part in rows.groupby(["language", "a", "b"], sort=True):
        a, b = (str(one), str(other)) if one in people else (str(other), str(one))
        picture = still_figures.difference(turned(part, a, b), a, b, str(language), made_up=made_up)
        kind = "difference" if {one, other} <= people else "model difference"
        yield (kind, str(language), a, "minus", b), picture, rests_on(str(language), [a, b])


def _file(words: str) -> str:
    """
    >>> _file("ua cmn-x-tianjin"), _file("confusion de a/b: 'c'")
    ('ua-cmn-x-tianjin', 'confusion-de-a-b-c')
    """
    return "-".join("".join(c if c.isalnum() else " " for c in words).split())[:_LONGEST]
