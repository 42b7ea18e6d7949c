"""What a study's design can detect, and how many listeners a difference of UA needs: from its own people's judgements.

In each language the mixed model tells how much listeners and clips differ (``statistics/mixed_model.py``); studies are then
drawn (``statistics/power.py``) in which all hear the same clips, as many of each emotion as the median listener heard.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ser_core.counting import count
from ser_core.emotions import in_order
from ser_core.errors import BadInput, Problem
from ser_core.mixed_comparison import fitted
from ser_core.ratings import Tables
from ser_core.statistics.power import Design, detectable, needed, power

POWER = (
    "language", "listeners_a", "listeners_b", "effect", "power", "power_se", "detectable", "needed", "ua", "clips",
    "listener_sd", "clip_sd", "studies", "seed", "note",
)  # fmt: skip
LISTENERS = (8, 16, 32, 64)
WANTED = 0.8
"""The power that ``detectable`` and ``needed`` are about."""


def table(
    tables: Tables, *, effect: float, listeners: Sequence[int] = LISTENERS, studies: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Power of Welch's test of UA in each language; columns ``POWER``.

    The first row of a language has as many listeners as its two largest groups (none if there is one group alone).
    ``detectable`` is the effect that these listeners find with a power of 0.8, ``needed`` how many in each of two groups
    find ``effect`` so, the same in each row of a language. A language of which nothing can be said has one row, with why.

    Args:
        tables: checked tables; only people's judgements of whole clips count.
        effect: difference of UA to find, above 0.
        listeners: numbers in each group to tell the power for, at least 2 each.
        studies: how many to draw for each number.
        seed: of the draws.

    Raises:
        BadInput: the effect or the numbers make no sense, or in no language can the spread be estimated.
    """
    problems = [f"a group needs at least 2 listeners, not {n}" for n in listeners if n < 2]
    if not 0 < effect < 1:
        problems.append(f"the effect must be a difference of UA between 0 and 1, not {effect:g}")
    if studies < 1:
        problems.append(f"at least 1 study must be drawn, not {studies}")
    if problems:
        raise BadInput(*map(Problem, problems))
    judged = count(tables).judged
    people = judged[judged["rater_type"] == "human"]
    rows: list[dict[str, Any]] = []
    for language, part in people.groupby("language", sort=True):
        found, note = design(part)
        if found is not None and effect >= 1 - found.ua():
            note, found = f"UA is {found.ua():.3f}, so nothing can be better by {effect:g}", None
        if found is None:
            rows.append({"language": language, "effect": effect, "seed": seed, "note": f"not told: {note}"})
            continue
        enough = needed(found, effect, wanted=WANTED, studies=studies, seed=seed)
        known = {
            "language": language,
            "effect": effect,
            "needed": math.nan if enough is None else enough,
            "ua": found.ua(),
            "clips": sum(found.clips),
            "listener_sd": found.listener_sd,
            "clip_sd": found.clip_sd,
            "studies": studies,
            "seed": seed,
            "note": note,
        }
        sizes = part.groupby("group")["rater"].nunique().sort_values(ascending=False).tolist()
        own = [(sizes[0], sizes[1])] if len(sizes) > 1 and sizes[1] > 1 else []
        for a, b in dict.fromkeys([*own, *((n, n) for n in listeners)]):
            share, error = power(found, (a, b), effect, studies=studies, seed=seed)
            least = detectable(found, (a, b), wanted=WANTED, studies=studies, seed=seed)
            told = {"listeners_a": a, "listeners_b": b, "power": share, "power_se": error, "detectable": least}
            rows.append({**known, **told})
    if not any("power" in row for row in rows):
        why = [f"{row['language']}: {row['note']}" for row in rows] or ["no person judged a whole clip"]
        raise BadInput(*(Problem(f"power cannot be told. {said}") for said in why))
    return pd.DataFrame(rows, columns=list(POWER)).astype({"listeners_a": "Int64", "listeners_b": "Int64", "clips": "Int64"})


def design(judged: pd.DataFrame) -> tuple[Design | None, str]:
    """The design of people's judgements in one language, and a note: what was assumed, or why there is no design.

    The mean of an emotion is that of all groups. One in which somebody's group was always or never right tells nothing of
    the spread; its mean is then the log odds of (right + 1/2) of (judged + 1).
    """
    model = fitted(judged)
    if model.fit is None or model.fit.refused:
        return (
            None,
            model.fit.refused if model.fit else "no emotion in which every group was right sometimes and wrong sometimes",
        )
    emotions = in_order(set(judged["truth"]))
    means, certain = [], []
    for emotion in emotions:
        own = [model.fit.beta[n] for n, cell in enumerate(model.cells) if cell[2] == emotion]
        if own:
            means.append(float(np.mean(own)))
        else:
            heard = judged[judged["truth"] == emotion]
            right = int((heard["label"] == emotion).sum())
            means.append(math.log((right + 0.5) / (len(heard) - right + 0.5)))
            certain.append(emotion)
    played = judged.groupby("truth")["stimulus"].nunique()
    heard_by = judged.groupby(["truth", "rater"])["stimulus"].nunique().groupby(level="truth")
    clips = {emotion: max(1, round(float(count))) for emotion, count in heard_by.median().items()}
    said = [f"the spread is that of the other emotions than {', '.join(certain)}"] if certain else []
    if (played > heard_by.min()).any() or heard_by.size().min() < judged["rater"].nunique():
        said.append("not all listeners heard the same clips; in the drawn studies they do")
    return Design(tuple(means), tuple(clips[e] for e in emotions), model.fit.listener_sd, model.fit.clip_sd), "; ".join(said)
