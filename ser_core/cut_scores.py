"""How well a part that listeners picked is recognised, against a random part as long and against the whole clip.

Each clip counts once: of its picked parts the mean, a part as often as listeners marked it, and so of its random ones. Only
clips that a group rated in all three forms are counted, so every difference is paired by clip. ``recall`` is the share
recognised among clips of one emotion, ``ua`` the mean of the recalls; ``posterior`` is the weight given to the truth, its
mean over the clips of one emotion, then over emotions. Several raters of a group (seeds of a model, people) are averaged.

Intervals: bootstrap over clips, within language and truth; they say nothing about other raters.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from ser_core import cut, languages, ratings
from ser_core.emotions import in_order
from ser_core.errors import BadInput
from ser_core.segment_marks import margins
from ser_core.statistics import bootstrap
from ser_core.tables import Tables

COMPARED = (
    "measure", "group", "language", "emotion", "cut", "against", "value", "ci_low", "ci_high", "clips",
)  # fmt: skip
"""With an empty ``against`` the ``value`` is that of the cut; else it is the value of the cut less that of the other."""
PAIRS = (("picked", "whole"), ("picked", "random"), ("random", "whole"))


def compare(tables: Tables, *, seed: int = 0, draws: int = 2000) -> pd.DataFrame:
    """Recognition of every group on each kind of cut, and the paired differences; columns ``COMPARED``.

    Args:
        tables: ratings of clips that ``cut.cut`` wrote, by models or by people.
        seed: of the bootstrap; the values themselves have no chance in them.
        draws: of the bootstrap; 0 leaves the intervals empty.

    Raises:
        BadInput: the clips are no cuts, or no clip was rated whole, picked and random.
    """
    clips = _by_clip(tables)
    rows: list[dict[str, Any]] = []
    for (group, language), part in margins(clips, ["language"]).groupby(["group", "language"]):
        rng = bootstrap.generator(seed, "cuts", str(group), str(language))
        rows += [{"group": group, "language": language, **row} for row in _measured(part, draws, rng)]
    return pd.DataFrame(rows, columns=list(COMPARED))


def _by_clip(tables: Tables) -> pd.DataFrame:
    """One row per group and clip that it rated in all three forms: ``right`` and ``posterior`` of each, and its stratum."""
    missing = {"cut", "cut_of", "raters"} - set(tables.stimuli.columns)
    if missing:
        raise BadInput(
            f"the stimuli have no column {' or '.join(sorted(missing))}: these are no ratings of cuts. Make them with "
            "'python -m ser_core cut', then let a model rate their stimuli.csv with 'python -m ser_core predict'"
        )
    unit = ["rater", "stimulus", "repeat"]
    whole = tables.ratings[tables.ratings["start_s"].isna()]
    facts = tables.stimuli.drop(columns=["start_s", "end_s"], errors="ignore").set_index("stimulus")
    told = whole.assign(posterior=whole["weight"].where(whole["label"] == whole["stimulus"].map(facts["truth"]), 0.0))
    rows = ratings.decide(whole).merge(told.groupby(unit)["posterior"].sum().reset_index(), on=unit)
    rows = rows.merge(facts[["cut", "cut_of", "raters", "truth", "language"]].reset_index(), on="stimulus")
    rows = rows.merge(tables.raters[["rater", "rater_type", "group"]], on="rater")
    rows = rows[(rows["truth"] != "") & (rows["rater_type"] != "truth") & rows["cut"].isin(cut.KINDS)]
    rows["group"] = rows["group"].where(rows["group"] != "", rows["rater_type"])
    rows["language"] = rows["language"].map(languages.normal)
    times = rows["raters"].map(lambda who: len(json.loads(who)) if who else 1)
    rows = rows.assign(right=(rows["label"] == rows["truth"]) * times, posterior=rows["posterior"] * times, times=times)
    clip = ["group", "language", "truth", "cut_of"]
    sums = rows.groupby([*clip, "rater", "cut"])[["right", "posterior", "times"]].sum()
    means = sums[["right", "posterior"]].div(sums["times"], axis=0).groupby([*clip, "cut"]).mean()
    forms = [
        means.xs(kind, level="cut").add_suffix(f" {kind}")
        for kind in cut.KINDS
        if kind in set(means.index.get_level_values("cut"))
    ]
    made = pd.concat(forms, axis=1, join="inner").reset_index() if len(forms) == len(cut.KINDS) else pd.DataFrame()
    if made.empty:
        raise BadInput("no clip with a known truth was rated whole, picked and random by the same group")
    return made.assign(_stratum=made.groupby(["language", "truth"]).ngroup())


def _measured(part: pd.DataFrame, draws: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """All rows of one group in one language, or in all."""
    emotions = in_order(set(part["truth"]))
    weights = np.ones((draws + 1, len(part)))
    weights[1:] = bootstrap.weights(part["_stratum"].to_numpy(), draws=draws, rng=rng)
    varies = draws > 0 and int(np.bincount(part["_stratum"]).max()) > 1
    values: dict[tuple[str, str, str], bootstrap.Array] = {}
    for column, per_emotion, over_all in (("right", "recall", "ua"), ("posterior", "posterior", "posterior")):
        for kind in cut.KINDS:
            of_clip = part[f"{column} {kind}"].to_numpy()
            single = [_mean(weights[:, own], of_clip[own]) for own in ((part["truth"] == e).to_numpy() for e in emotions)]
            values |= {(per_emotion, e, kind): found for e, found in zip(emotions, single, strict=True)}
            values[over_all, "", kind] = np.mean(single, axis=0)
    asked = [(measure, emotion) for measure, emotion, kind in values if kind == cut.KINDS[0]]
    rows = []
    for measure, emotion in sorted(asked, key=lambda a: (a[1] != "", a[0] == "posterior")):
        clips = int((part["truth"] == emotion).sum()) if emotion else len(part)
        for kind, against in (*((kind, "") for kind in cut.KINDS), *PAIRS):
            drawn = values[measure, emotion, kind] - (values[measure, emotion, against] if against else 0.0)
            low, high = bootstrap.interval(drawn[1:]) if varies else (np.nan, np.nan)
            named = {"measure": measure, "emotion": emotion, "cut": kind, "against": against, "clips": clips}
            rows.append({**named, "value": float(drawn[0]), "ci_low": float(low), "ci_high": float(high)})
    return rows


def _mean(weights: bootstrap.Array, values: bootstrap.Array) -> bootstrap.Array:
    """Of each draw; never empty, since draws keep the number of clips of each emotion."""
    return np.asarray(weights @ values / weights.sum(axis=1))
