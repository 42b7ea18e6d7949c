"""Scores of every rater and group: what ``score`` writes, and the description of groups that ``compare`` adds.

Who made a judgement does not matter here: a model is one more rater. Languages are compared in one spelling
(``languages.normal``). An empty field means "over all of it": a row without rater is its whole group, pooled.

What was marked in clips is scored by EDER (``segments.py``), in the same tables and by the same groups.

The 95 % intervals are those of the two-way cluster bootstrap (``statistics/bootstrap.py``): of a group over listeners and
clips, of a single rater over clips only. Groups have them for every measure, raters for those of the whole table. The same
input and seed give the same files to the byte, whatever the order of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import made_up, segment_scores, segments
from ser_core.counting import SUBJECT, Counted, count
from ser_core.emotions import in_order
from ser_core.errors import BadInput
from ser_core.made_up import stamped
from ser_core.metrics._confusion import share
from ser_core.metrics._metric import Metric, metrics, segment_metrics
from ser_core.metrics.eder import Compat, Tail
from ser_core.ratings import Tables, to_csv
from ser_core.segments import SEGMENTS
from ser_core.statistics import bootstrap

SCORES = (
    "metric", "rater", "group", "rater_type", "language", "corpus", "emotion", "value", "n", "ci_low", "ci_high",
)  # fmt: skip
CONFUSION = ("rater", "group", "language", "truth", "label", "count", "share")
SHARE_OF_LABEL = "share_of_label"
GROUPS = (
    "group", "rater_type", "language", "raters", "clips", "judgements", "ua_mean", "ua_sd", "ua_se", "ua_min", "ua_max",
)  # fmt: skip

Intervals = dict[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]


@dataclass(frozen=True)
class Scores:
    """What ``score`` writes, and what it left out.

    Attributes:
        scores: columns ``SCORES``; ``n`` is the number of judgements a value rests on, 0 where it is undefined.
        confusion: columns ``CONFUSION``, then ``SHARE_OF_LABEL``: ``share`` of the judgements of clips of this truth, every
            row that was heard, and share of the answers with this label, NaN where nobody gave it.
        segments: columns ``SEGMENTS``; one row for each rater and clip in which a part was marked.
        left_out: sentences on what was not counted.
        made_up: what was simulated or synthetic (``made_up.words``); it stands in every file.
    """

    scores: pd.DataFrame
    confusion: pd.DataFrame
    segments: pd.DataFrame
    left_out: tuple[str, ...]
    made_up: str = ""

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Content of each file by its name, the same for a command and for a download."""
        named = {"scores.csv": self.scores, "confusion.csv": self.confusion, "segments.csv": self.segments}
        return {name: to_csv(stamped(data, self.made_up)).encode() for name, data in named.items()}


def score(
    tables: Tables,
    *,
    seed: int = 0,
    draws: int = 2000,
    tail: Tail = "neutral",
    compat: Compat = "",
    said: tuple[str, ...] = (),
) -> Scores:
    """Score every rater and every group, in each language, in each corpus of a language that holds several, and over all.

    Args:
        tables: checked tables; people, machines or both.
        seed: of the bootstrap; the values themselves have no chance in them.
        draws: of the bootstrap; 0 leaves the intervals empty.
        tail: of EDER: what becomes of time of which a model said nothing (see ``metrics/eder.py``).
        compat: of EDER: ``speechbrain`` for its arithmetic.
        said: sentences on what was left out before, by ``filters.keep`` for example; they open ``left_out``.

    Raises:
        BadInput: nothing in the tables can be scored; or with ``compat``, what SpeechBrain cannot do.
    """
    counted, marked = count(tables), segments.marked(tables, tail=tail, compat=compat)
    left_out = (*said, *counted.left_out, *marked.left_out)
    if counted.judged.empty and marked.judged.empty:
        raise BadInput(
            "there is no judgement of a whole clip whose 'truth' is known, and no marked part of one whose truth has a "
            "place in time, so nothing can be scored. " + " ".join(left_out)
        )
    parts = [segment_scores.rows(marked, seed=seed, draws=draws)]
    if not counted.judged.empty:
        limits = _intervals(counted, seed, draws)
        parts += [_rows(counted, name, metric, limits[name]) for name, metric in metrics().items()]
    found = marked.judged[list(SEGMENTS)].reset_index(drop=True)
    return Scores(
        _in_order(pd.concat(parts, ignore_index=True)), _confusion(counted), found, left_out, made_up.words(tables)
    )


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Groups, then raters; people, then machines; all languages, then each; then metrics and emotions in their order."""
    order = {name: n for n, name in enumerate([*metrics(), *segment_metrics()])}
    emotions = {name: n for n, name in enumerate(["", *in_order(set(rows["emotion"]) - {""})])}
    ranked = rows.assign(
        _single=rows["rater"] != "", _metric=rows["metric"].map(order), _emotion=rows["emotion"].map(emotions)
    )
    return ranked.sort_values(["_single", *SUBJECT, "_metric", "_emotion"], ignore_index=True)[list(SCORES)]


def _intervals(counted: Counted, seed: int, draws: int) -> Intervals:
    """Bounds for every metric, ``[subject]`` or ``[subject, truth]``, NaN where there is none."""
    size = {False: (len(counted.subjects),), True: (len(counted.subjects), len(counted.truths))}
    found = {
        name: (np.full(size[metric.per_emotion], np.nan), np.full(size[metric.per_emotion], np.nan))
        for name, metric in metrics().items()
    }
    known: dict[tuple[str, ...], bootstrap.Array] = {}
    for position, (who, _, judgements) in enumerate(counted.each()):
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
    counted: Counted, name: str, metric: Metric, limits: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
) -> pd.DataFrame:
    """All rows of one metric."""
    value, rests_on, (low, high) = metric.value(counted.counts), metric.rests_on(counted.counts), limits
    subject, emotion = np.arange(len(counted.subjects)), np.full(len(counted.subjects), -1)
    if metric.per_emotion:
        spoken = counted.subjects[["language", "corpus"]]
        played = {pair: counted.played(*pair) for pair in spoken.drop_duplicates().itertuples(index=False, name=None)}
        subject, emotion = np.nonzero(np.stack([played[p] for p in spoken.itertuples(index=False, name=None)]))
        value, rests_on, low, high = (array[subject, emotion] for array in (value, rests_on, low, high))
    rows = counted.subjects.iloc[subject].reset_index(drop=True)
    return rows.assign(
        metric=name,
        emotion=[counted.truths[n] if n >= 0 else "" for n in emotion],
        value=value,
        n=np.where(np.isnan(value), 0, rests_on).astype("int64"),
        ci_low=np.where(np.isnan(value), np.nan, low),
        ci_high=np.where(np.isnan(value), np.nan, high),
    )


def _confusion(counted: Counted) -> pd.DataFrame:
    heard = counted.counts.sum(axis=-1)
    subject, truth = np.nonzero(heard * (counted.subjects["corpus"] == "").to_numpy()[:, None])
    labels = len(counted.labels)
    rows = counted.subjects.iloc[np.repeat(subject, labels)].reset_index(drop=True)
    judgements, given = counted.counts[subject, truth], counted.counts.sum(axis=-2)[subject]
    rows = rows.assign(
        truth=np.repeat(np.array(counted.truths, dtype=object)[truth], labels),
        label=np.tile(np.array(counted.labels, dtype=object), len(subject)),
        count=judgements.ravel().astype("int64"),
        share=(judgements / heard[subject, truth][:, None]).ravel(),
        **{SHARE_OF_LABEL: share(judgements, given).ravel()},
    )
    return rows[[*CONFUSION, SHARE_OF_LABEL]]


def groups(tables: Tables) -> pd.DataFrame:
    """Every group in each language and over all, described over its raters; columns ``GROUPS``.

    ``ua_mean`` is the mean of one UA per rater, which differs from the pooled UA of ``score`` where raters judged
    different numbers of clips. A group that only marked parts has no row.
    """
    counted = count(tables)
    who = counted.subjects.assign(_ua=metrics()["ua"].value(counted.counts))
    key = [name for name in SUBJECT if name not in ("rater", "corpus")]
    ua = who[(who["rater"] != "") & (who["corpus"] == "")].groupby(key)["_ua"]
    table = ua.agg(raters="size", ua_mean="mean", ua_sd="std", ua_se="sem", ua_min="min", ua_max="max")
    both = pd.concat([counted.judged.assign(language=""), counted.judged])
    sizes = both.groupby(key).agg(clips=("stimulus", "nunique"), judgements=("stimulus", "size"))
    described = pd.DataFrame(table.join(sizes).reset_index().sort_values(key, ignore_index=True))
    return described[list(GROUPS)]
