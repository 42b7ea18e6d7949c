"""Scores of every rater and group, and the tests between groups of people: what ``score`` and ``compare`` write.

Who made a judgement does not matter here: a model is one more rater. Languages are compared in one spelling
(``languages.normal``). An empty field means "over all of it": a row without rater is its whole group, pooled.

The 95 % intervals are those of the two-way cluster bootstrap (``statistics/bootstrap.py``): of a group over listeners and
clips, of a single rater over clips only. Groups have them for every measure, raters for those of the whole table. The same
input and seed give the same files to the byte, whatever the order of the rows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.counting import SUBJECT, Counted, count
from ser_core.metrics._metric import Metric, metrics
from ser_core.ratings import Tables, to_csv
from ser_core.statistics import bootstrap
from ser_core.statistics.correction import fdr, holm
from ser_core.statistics.welch import welch

SCORES = (
    "metric", "rater", "group", "rater_type", "language", "corpus", "emotion", "value", "n", "ci_low", "ci_high",
)  # fmt: skip
CONFUSION = ("rater", "group", "language", "truth", "label", "count", "share")
SEGMENTS = ("rater", "stimulus", "eder", "me_s", "fa_s", "ol_s", "cf_s", "duration_s")
TESTS = (
    "family", "test", "unit", "a", "b", "language", "emotion", "metric", "mean_a", "mean_b", "difference", "t", "df", "p",
    "p_holm", "p_fdr", "ci_low", "ci_high", "effect", "effect_ci_low", "effect_ci_high", "bf10", "n_a", "n_b",
    "d_av", "note",
)  # fmt: skip
GROUPS = (
    "group", "rater_type", "language", "raters", "clips", "judgements", "ua_mean", "ua_sd", "ua_se", "ua_min", "ua_max",
)  # fmt: skip
UNIT = "listener"

Intervals = dict[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]


@dataclass(frozen=True)
class Scores:
    """What ``score`` writes, and what it left out.

    Attributes:
        scores: columns ``SCORES``; ``n`` is the number of judgements a value rests on, 0 where it is undefined.
        confusion: columns ``CONFUSION``; ``share`` of the judgements of clips of this truth, every row that was heard.
        segments: columns ``SEGMENTS``; no rows yet, for segments are not scored in this version.
        left_out: sentences on what was not counted.
    """

    scores: pd.DataFrame
    confusion: pd.DataFrame
    segments: pd.DataFrame
    left_out: tuple[str, ...]

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Content of each file by its name, the same for a command and for a download."""
        named = {"scores.csv": self.scores, "confusion.csv": self.confusion, "segments.csv": self.segments}
        return {name: to_csv(data).encode() for name, data in named.items()}


def score(tables: Tables, *, seed: int = 0, draws: int = 2000) -> Scores:
    """Score every rater and every group, in each language and over all.

    Args:
        tables: checked tables; people, machines or both.
        seed: of the bootstrap; the values themselves have no chance in them.
        draws: of the bootstrap; 0 leaves the intervals empty.

    Raises:
        BadInput: nothing in the tables can be scored.
    """
    counted = count(tables)
    limits = _intervals(counted, seed, draws)
    parts = [_rows(counted, name, metric, limits.get(name)) for name, metric in metrics().items()]
    rows = pd.concat(parts, ignore_index=True)
    rows["_metric"] = rows["metric"].map({name: n for n, name in enumerate(metrics())})
    rows = rows.sort_values(["_subject", "_metric", "_emotion"], ignore_index=True)
    segments = pd.DataFrame(columns=list(SEGMENTS))
    return Scores(rows[list(SCORES)], _confusion(counted), segments, counted.left_out)


def _intervals(counted: Counted, seed: int, draws: int) -> Intervals:
    """Bounds for every metric, ``[subject]`` or ``[subject, truth]``, NaN where there is none."""
    size = {False: (len(counted.subjects),), True: (len(counted.subjects), len(counted.truths))}
    found = {
        name: (np.full(size[metric.per_emotion], np.nan), np.full(size[metric.per_emotion], np.nan))
        for name, metric in metrics().items()
    }
    known: dict[tuple[str, ...], bootstrap.Array] = {}
    for position, (who, judgements) in enumerate(counted.each()):
        if draws < 1 or not bootstrap.can_vary(judgements):
            continue
        of_group = not who[2]
        wanted = {name: metric for name, metric in metrics().items() if of_group or not metric.per_emotion}
        if who not in known:
            drawn = bootstrap.confusions(judgements, draws=draws, rng=bootstrap.generator(seed, *who))
            values = [np.atleast_2d(metric.value(drawn).T) for metric in wanted.values()]  # [truth or 1, draw]
            known[who] = np.stack(bootstrap.interval(np.concatenate(values).T))  # [low or high, all values]
        at = 0
        for name, metric in wanted.items():
            width = len(counted.truths) if metric.per_emotion else 1
            for side in (0, 1):
                bounds = known[who][side, at : at + width]
                found[name][side][position] = bounds if metric.per_emotion else bounds[0]
            at += width
    return found


def _rows(
    counted: Counted, name: str, metric: Metric, limits: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None
) -> pd.DataFrame:
    """All rows of one metric, with their place in the order of subjects and emotions."""
    value, rests_on = metric.value(counted.counts), metric.rests_on(counted.counts)
    low, high = limits if limits else (np.full_like(value, np.nan), np.full_like(value, np.nan))
    subject, emotion = np.arange(len(counted.subjects)), np.full(len(counted.subjects), -1)
    if metric.per_emotion:
        spoken = counted.subjects["language"]
        played = {language: counted.played(language) for language in spoken.unique()}
        subject, emotion = np.nonzero(np.stack([played[language] for language in spoken]))
        value, rests_on, low, high = (array[subject, emotion] for array in (value, rests_on, low, high))
    rows = counted.subjects.iloc[subject].reset_index(drop=True)
    return rows.assign(
        metric=name,
        corpus="",
        emotion=[counted.truths[n] if n >= 0 else "" for n in emotion],
        value=value,
        n=np.where(np.isnan(value), 0, rests_on).astype("int64"),
        ci_low=np.where(np.isnan(value), np.nan, low),
        ci_high=np.where(np.isnan(value), np.nan, high),
        _subject=subject,
        _emotion=emotion,
    )


def _confusion(counted: Counted) -> pd.DataFrame:
    heard = counted.counts.sum(axis=-1)
    subject, truth = np.nonzero(heard)
    labels = len(counted.labels)
    rows = counted.subjects.iloc[np.repeat(subject, labels)].reset_index(drop=True)
    judgements = counted.counts[subject, truth]
    rows = rows.assign(
        truth=np.repeat(np.array(counted.truths, dtype=object)[truth], labels),
        label=np.tile(np.array(counted.labels, dtype=object), len(subject)),
        count=judgements.ravel().astype("int64"),
        share=(judgements / heard[subject, truth][:, None]).ravel(),
    )
    return rows[list(CONFUSION)]


# --- comparing groups of people --------------------------------------------------------------------------------------


def compare(tables: Tables) -> pd.DataFrame:
    """Welch's t-test between every two groups of people, in each language; columns ``TESTS``.

    The unit is a listener, with one value for each measure. There are two families, each corrected by itself (Holm, and
    Benjamini-Hochberg): UA by language, and the measures of single emotions by emotion and language. A test that cannot
    be made has its reason in ``note``, no p value, and no place in its family. Fewer than two groups: no rows.

    Raises:
        BadInput: nothing in the tables can be scored.
    """
    counted = count(tables)
    single = {name: metric for name, metric in metrics().items() if metric.per_emotion}
    families = (
        ("human groups: UA by language", {"ua": metrics()["ua"]}),
        (f"human groups: {', '.join(m.title for m in single.values())} by emotion and language", single),
    )
    rows: list[dict[str, Any]] = []
    for family, members in families:
        made = [row for name, metric in members.items() for row in _tests(counted, name, metric)]
        p = [row["p"] for row in made]
        corrections = zip(made, holm(p), fdr(p), strict=True)
        rows += [{"family": family, **row, "p_holm": float(h), "p_fdr": float(f)} for row, h, f in corrections]
    return pd.DataFrame(rows, columns=list(TESTS))


def _tests(counted: Counted, name: str, metric: Metric) -> list[dict[str, Any]]:
    who = counted.subjects
    people = (who["rater_type"] == "human") & (who["rater"] != "") & (who["language"] != "")
    value = metric.value(counted.counts)
    value = value if metric.per_emotion else value[:, None]
    rows: list[dict[str, Any]] = []
    for language in sorted(set(who.loc[people, "language"])):
        here = people & (who["language"] == language)
        emotions = np.flatnonzero(counted.played(language)) if metric.per_emotion else [0]
        for a, b in combinations(sorted(set(who.loc[here, "group"])), 2):
            of_a, of_b = value[here & (who["group"] == a)], value[here & (who["group"] == b)]
            for n in emotions:
                emotion = counted.truths[n] if metric.per_emotion else ""
                named = {"a": a, "b": b, "language": language, "emotion": emotion, "metric": name}
                rows.append({**named, **_test(of_a[:, n], of_b[:, n])})
    return rows


def _test(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> dict[str, Any]:
    result = asdict(welch(a, b))
    undefined = int(np.isnan(a).sum() + np.isnan(b).sum())
    if undefined:
        said = f"{undefined} of {len(a) + len(b)} listeners left out, whose value is undefined"
        result["note"] = "; ".join(filter(None, (result["note"], said)))
    return {"test": "Welch's t, two-sided", "unit": UNIT, **result}


def groups(tables: Tables) -> pd.DataFrame:
    """Every group in each language and over all, described over its raters; columns ``GROUPS``.

    ``ua_mean`` is the mean of one UA per rater, which differs from the pooled UA of ``score`` where raters judged
    different numbers of clips.

    Raises:
        BadInput: nothing in the tables can be scored.
    """
    counted = count(tables)
    who = counted.subjects.assign(_ua=metrics()["ua"].value(counted.counts))
    key = [name for name in SUBJECT if name != "rater"]
    ua = who[who["rater"] != ""].groupby(key)["_ua"]
    table = ua.agg(raters="size", ua_mean="mean", ua_sd="std", ua_se="sem", ua_min="min", ua_max="max")
    both = pd.concat([counted.judged.assign(language=""), counted.judged])
    sizes = both.groupby(key).agg(clips=("stimulus", "nunique"), judgements=("stimulus", "size"))
    described = pd.DataFrame(table.join(sizes).reset_index().sort_values(key, ignore_index=True))
    return described[list(GROUPS)]
