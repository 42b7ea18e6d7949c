"""Scores of every rater and group: what ``score`` writes, and the description of groups that ``compare`` adds.

Who made a judgement does not matter here: a model is one more rater. Languages are compared in one spelling
(``languages.normal``). An empty field means "over all of it": a row without rater is its whole group, pooled.

What was marked in clips is scored by EDER (``segments.py``), in the same tables and by the same groups.

The 95 % intervals are those of the two-way cluster bootstrap (``statistics/bootstrap.py``): of a group over listeners and
clips, of a single rater over clips only. Groups have them for every measure, raters for those of the whole table. The same
input and seed give the same files to the byte, whatever the order of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import made_up, score_intervals, segment_scores, segments
from ser_core.coded import Codes
from ser_core.counting import SUBJECT, Counted, count
from ser_core.emotions import in_order
from ser_core.errors import BadInput
from ser_core.later import Later
from ser_core.made_up import stamped
from ser_core.metrics._confusion import share
from ser_core.metrics._metric import Metric, metrics, segment_metrics
from ser_core.metrics.eder import Compat, Tail
from ser_core.ratings import Tables, to_csv
from ser_core.segments import SEGMENTS

SCORES = (
    "metric", "rater", "group", "rater_type", "language", "corpus", "emotion", "value", "n", "ci_low", "ci_high",
)  # fmt: skip
CONFUSION = ("rater", "group", "language", "truth", "label", "count", "share")
SHARE_OF_LABEL = "share_of_label"
GROUPS = (
    "group", "rater_type", "language", "raters", "clips", "judgements", "ua_mean", "ua_sd", "ua_se", "ua_min", "ua_max",
)  # fmt: skip

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """What ``score`` writes, and what it left out. Tables are made when they are first asked for: the intervals of single
    raters take nearly all of the time, and only the files have them.

    Attributes:
        counted: who judged what to be what.
        marked: what was marked in clips.
        seed, draws: of the bootstrap.
        left_out: sentences on what was not counted.
        made_up: what was simulated or synthetic (``made_up.words``); it stands in every file.
    """

    counted: Counted
    marked: segments.Marked
    seed: int
    draws: int
    left_out: tuple[str, ...]
    made_up: str = ""

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Columns ``SCORES``; ``n`` is the number of judgements a value rests on, 0 where it is undefined."""
        return self._of(_everybody)

    @cached_property
    def of_groups(self) -> Mapping[str, pd.DataFrame]:
        """By language (empty: all of them together) the rows of ``scores`` of groups."""
        tags = {*self.counted.subjects["language"], *self.marked.subjects["language"]}
        return Later({tag: partial(self._of, partial(_groups_in, language=tag)) for tag in sorted(tags)})

    @cached_property
    def ua(self) -> pd.DataFrame:
        """The rows of ``scores`` with the UA of everybody, their intervals left empty: they are at hand at once."""
        everybody = np.arange(len(self.counted.subjects))
        empty = np.full(len(everybody), np.nan)
        return _rows(self.counted, everybody, "ua", metrics()["ua"], (empty, empty))[list(SCORES)]

    @cached_property
    def confusion(self) -> pd.DataFrame:
        """Columns ``CONFUSION``, then ``SHARE_OF_LABEL``: ``share`` of the judgements of clips of this truth, every row that
        was heard, and share of the answers with this label, NaN where nobody gave it."""
        return _confusion(self.counted, _everybody(self.counted.subjects))

    @cached_property
    def confusion_of_groups(self) -> pd.DataFrame:
        """The rows of ``confusion`` of groups."""
        return _confusion(self.counted, _groups(self.counted.subjects))

    @cached_property
    def segments(self) -> pd.DataFrame:
        """Columns ``SEGMENTS``; one row for each rater and clip in which a part was marked."""
        return self.marked.judged[list(SEGMENTS)].reset_index(drop=True)

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """Content of each file by its name, the same for a command and for a download."""
        return Later({f"{name}.csv": partial(self._file, name) for name in ("scores", "confusion", "segments")})

    def _file(self, name: str) -> bytes:
        return to_csv(stamped(getattr(self, name), self.made_up)).encode()

    def _of(self, whose: Whose) -> pd.DataFrame:
        """The rows of some subjects."""
        counted, which = self.counted, np.flatnonzero(whose(self.counted.subjects))
        parts = [segment_scores.rows(self.marked, whose(self.marked.subjects), seed=self.seed, draws=self.draws)]
        if len(counted):
            limits = score_intervals.of(counted, which, seed=self.seed, draws=self.draws)
            parts += [_rows(counted, which, name, metric, limits[name]) for name, metric in metrics().items()]
        return _in_order(pd.concat(parts, ignore_index=True))


Whose = Callable[[pd.DataFrame], npt.NDArray[np.bool_]]
"""Which subjects (columns ``SUBJECT``) are wanted."""


def _everybody(subjects: pd.DataFrame) -> npt.NDArray[np.bool_]:
    return np.ones(len(subjects), dtype=bool)


def _groups(subjects: pd.DataFrame) -> npt.NDArray[np.bool_]:
    return (subjects["rater"] == "").to_numpy(dtype=bool)


def _groups_in(subjects: pd.DataFrame, *, language: str) -> npt.NDArray[np.bool_]:
    return _groups(subjects) & (subjects["language"] == language).to_numpy(dtype=bool)


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
    if not len(counted) and not len(marked):
        raise BadInput(
            "there is no judgement of a whole clip whose 'truth' is known, and no marked part of one whose truth has a "
            "place in time, so nothing can be scored. " + " ".join(left_out)
        )
    return Scores(counted, marked, seed, draws, left_out, made_up.words(tables))


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Groups, then raters; people, then machines; all languages, then each; then metrics and emotions in their order."""
    order = {name: n for n, name in enumerate([*metrics(), *segment_metrics()])}
    emotions = {name: n for n, name in enumerate(["", *in_order(set(rows["emotion"]) - {""})])}
    ranked = rows.assign(
        _single=rows["rater"] != "", _metric=rows["metric"].map(order), _emotion=rows["emotion"].map(emotions)
    )
    return ranked.sort_values(["_single", *SUBJECT, "_metric", "_emotion"], ignore_index=True)[list(SCORES)]


def _rows(counted: Counted, which: Codes, name: str, metric: Metric, limits: tuple[Array, Array]) -> pd.DataFrame:
    """All rows of one metric of these subjects."""
    counts, subjects = counted.counts[which], counted.subjects.iloc[which].reset_index(drop=True)
    value, rests_on, (low, high) = metric.value(counts), metric.rests_on(counts), limits
    subject, emotion = np.arange(len(subjects)), np.full(len(subjects), -1)
    if metric.per_emotion:
        subject, emotion = np.nonzero(_played(counted, subjects))
        value, rests_on, low, high = (array[subject, emotion] for array in (value, rests_on, low, high))
    rows = subjects.iloc[subject].reset_index(drop=True)
    return rows.assign(
        metric=name,
        emotion=np.array([*counted.truths, ""], dtype=object)[emotion],
        value=value,
        n=np.where(np.isnan(value), 0, rests_on).astype("int64"),
        ci_low=np.where(np.isnan(value), np.nan, low),
        ci_high=np.where(np.isnan(value), np.nan, high),
    )


def _played(counted: Counted, subjects: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which truths were played where each subject judged, ``[subject, truth]``."""
    found = np.zeros((len(subjects), len(counted.truths)), dtype=bool)
    for place, rows in subjects.groupby(["language", "corpus"], sort=False).indices.items():
        found[rows] = counted.played(*map(str, place))  # type: ignore[call-overload]
    return found


def _confusion(counted: Counted, whose: npt.NDArray[np.bool_]) -> pd.DataFrame:
    heard = counted.counts.sum(axis=-1)
    wanted = whose & (counted.subjects["corpus"] == "").to_numpy(dtype=bool)
    subject, truth = np.nonzero(heard * wanted[:, None])
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
    of_all = who[who["corpus"] == ""]
    ua = of_all[of_all["rater"] != ""].groupby(key)["_ua"]
    table = ua.agg(raters="size", ua_mean="mean", ua_sd="std", ua_se="sem", ua_min="min", ua_max="max")
    whole = of_all[of_all["rater"] == ""]
    judged = [counted.rows(subject) for subject in whole.index]
    sizes = whole.assign(
        clips=[len(np.unique(counted.clip[rows])) for rows in judged], judgements=[len(rows) for rows in judged]
    ).set_index(key)[["clips", "judgements"]]
    described = pd.DataFrame(table.join(sizes).reset_index().sort_values(key, ignore_index=True))
    return described[list(GROUPS)]
