"""Which clips a model learns from, is stopped by and is tested on: speaker-disjoint folds, balanced over emotions.

A *pool* is what one corpus holds in one language. Its speakers are dealt into as many groups as there are folds, so that
each group has its share of each emotion; fold f is tested on group f, stopped by the next group, and learns from the others.
From these, so many clips of each emotion are drawn: 1600, 200 and 200 in all by default, fewer where the rarest emotion has
fewer, and then it is said.

All of it follows from ids, emotions, speakers and seed, never from the order of rows. Every clip is told by its id; none is
copied. Han et al. 2025, "Cross-Lingual Speech Emotion Recognition: Humans vs. Self-Supervised Models", section IV, says the
sizes. What is learned and tested where follows from a setting: ``settings.py``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import languages
from ser_core.audit import SHOWN, Finding
from ser_core.emotions import EMOTIONS, in_order
from ser_core.errors import BadInput, Problem, nearest

FOUR = ("angry", "happy", "neutral", "sad")
"""The emotions of the paper."""
PARTS = ("train", "dev", "test")
BY = ("speaker", "utterance", "where_needed", "given")
GIVEN = {"train": "train", "training": "train"} | dict.fromkeys(("dev", "valid", "val", "validation", "evaluation"), "dev")
GIVEN |= {"test": "test"}
"""Words of a table's column ``split``, where parts are given."""
DEV_SPEAKERS = ("own", "test")
EACH_SPEAKER = "speakers"
"""Of ``Scheme.folds``: leave one speaker out."""


@dataclass(frozen=True)
class Scheme:
    """How pools are cut into folds."""

    folds: int | Literal["speakers"] = 5
    """How many; or ``speakers``: as many as a pool has speakers, each the test of one."""
    train: int = 1600
    """Clips of all emotions together, at most; each emotion has an equal share. So for ``dev`` and ``test``."""
    dev: int = 200
    test: int = 200
    by: Literal["speaker", "utterance", "where_needed", "given"] = "speaker"
    """What is kept together; ``where_needed``: speakers, but utterances in a pool of too few speakers; ``given``: nothing is
    dealt, the column ``split`` of the clips says who is in which part of the one fold."""
    dev_speakers: Literal["own", "test"] = "own"
    """Who speaks the clips that stop training: speakers of their own, or (as the authors' code has it) those of the test."""
    balance: bool = True
    """Whether each part has as many clips of each emotion; if not, dev and test may lack an emotion."""
    emotions: tuple[str, ...] = FOUR
    seed: int = 0

    @property
    def least(self) -> int:
        """Units of which each fold needs one at least: speakers, or utterances."""
        return self.folds if isinstance(self.folds, int) else _least(self.dev_speakers)

    def __post_init__(self) -> None:
        """Refuse what cannot be cut; all of it at once."""
        least = _least(self.dev_speakers)
        problems = [
            f"there is no {what} '{word}'. {nearest(word, words)}"
            for what, word, words in (("way to split by", self.by, BY), ("dev_speakers", self.dev_speakers, DEV_SPEAKERS))
            if word not in words
        ]
        if self.folds == EACH_SPEAKER and self.by != "speaker":
            problems.append(f"folds: {EACH_SPEAKER} leaves out one speaker at a time, so by must be speaker, not {self.by}.")
        elif self.folds != EACH_SPEAKER and not (isinstance(self.folds, int) and self.folds >= least):
            what = f"folds must be {least} or more, not {self.folds}: a fold needs training, dev and test clips"
            problems.append(f"{what}; or '{EACH_SPEAKER}', to leave one out at a time.")
        problems += [f"unknown emotion '{e}'. {nearest(e, EMOTIONS)}" for e in self.emotions if e not in EMOTIONS]
        if len(set(self.emotions)) < 2 or len(set(self.emotions)) < len(self.emotions):
            problems.append("emotions must be two or more, each once.")
        problems += [
            f"{part} must be {len(self.emotions)} or more, not {getattr(self, part)}: each emotion needs a clip."
            for part in PARTS
            if getattr(self, part) < len(self.emotions)
        ]
        if problems:
            raise BadInput(*problems)


def _least(dev_speakers: str) -> int:
    return 3 if dev_speakers == "own" else 2


@dataclass(frozen=True, order=True)
class Pool:
    """What one corpus holds in one language (its normal tag)."""

    corpus: str
    language: str

    def __str__(self) -> str:
        """As it is called in messages and groups.

        >>> str(Pool("emodb", "de"))
        'emodb de'
        """
        return f"{self.corpus} {self.language}".strip()


SEVERAL = Pool("others", "mul")
"""The source of a model that learns in several pools: all but those of the target's language."""


@dataclass(frozen=True)
class Folds:
    """All folds of all pools."""

    rows: pd.DataFrame
    """``corpus, language, fold, part, stimulus``: one row for each clip of each part of each fold."""
    findings: tuple[Finding, ...]
    """What is not as asked: fewer clips, clips left out, utterances where speakers were too few."""
    by_utterance: frozenset[Pool]
    """Pools whose speakers are in training and in test."""

    def ids(self, pool: Pool, fold: int, part: str) -> tuple[str, ...]:
        """The clips of one part of one fold, in the order of their ids."""
        return self._by_part.get((pool.corpus, pool.language, fold % self.count(pool), part), ())

    def count(self, pool: Pool) -> int:
        """How many folds a pool has; where another has more, its begin anew."""
        return self._counts[pool.corpus, pool.language]

    @cached_property
    def _counts(self) -> dict[tuple[str, str], int]:
        return {_key(key): int(count) for key, count in self.rows.groupby(["corpus", "language"])["fold"].nunique().items()}

    @cached_property
    def _by_part(self) -> dict[tuple[Any, ...], tuple[str, ...]]:
        groups = self.rows.groupby(["corpus", "language", "fold", "part"], sort=False)["stimulus"]
        return {_key(key): tuple(ids) for key, ids in groups}


def _key(key: Any) -> Any:
    """Of a group, as a plain tuple."""
    return tuple(key)


def shuffled(values: Sequence[str], name: str, *, seed: int) -> list[str]:
    """The values in an order that follows from seed and name alone."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return [values[i] for i in rng.permutation(len(values))]


def folds(clips: pd.DataFrame, scheme: Scheme) -> Folds:
    """Cut every pool of a stimuli table into folds.

    Raises:
        BadInput: a pool lacks an emotion, has too few speakers, clips without a speaker, or a part of a fold that lacks an
            emotion; all of them.
    """
    rows: list[pd.DataFrame] = []
    findings, problems, loose = list[Finding](), list[Problem](), set[Pool]()
    wanted, dropped = _once(clips[clips["truth"].isin(scheme.emotions)])
    findings += dropped
    pools = pools_of(clips)
    if not pools:
        raise BadInput("there is no clip to split.")
    for pool in pools:
        own = _of(wanted, pool)
        if absent := [e for e in scheme.emotions if e not in set(own["truth"])]:
            has = ", ".join(in_order(set(_of(clips, pool)["truth"]) - {""})) or "no emotion at all"
            problems.append(Problem(f"{pool} has no clip that is {' or '.join(absent)}; it has {has}"))
            continue
        by, said = _given(own, pool) if scheme.by == "given" else _by(own, pool, scheme)
        problems += [p for p in said if isinstance(p, Problem)]
        findings += [f for f in said if isinstance(f, Finding)]
        if not by:
            continue
        if by == "utterance":
            loose.add(pool)
        cut, wrong = _cut(own, pool, scheme, by)
        problems += wrong
        rows.append(cut)
        if not wrong:
            findings += _smaller(cut, pool, scheme)
    if problems:
        raise BadInput(*problems)
    return Folds(pd.concat(rows, ignore_index=True), tuple(findings), frozenset(loose))


def pools_of(clips: pd.DataFrame) -> list[Pool]:
    """The pools of a table, by corpus and language."""
    tags = clips["language"].map(languages.normal)
    return sorted({Pool(*pair) for pair in zip(clips["corpus"], tags, strict=True)})


def _of(clips: pd.DataFrame, pool: Pool) -> pd.DataFrame:
    return clips[(clips["corpus"] == pool.corpus) & (clips["language"].map(languages.normal) == pool.language)]


def _once(clips: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """Each content once, under the first of its ids: else it could be in training and in test."""
    ordered = clips.sort_values("stimulus")
    again = ordered.duplicated("sha256") & (ordered["sha256"] != "")
    if not again.any():
        return ordered, []
    named = tuple(ordered.loc[again, "stimulus"])
    what = f"{len(named)} clips hold the same bytes as another and are left out"
    return ordered[~again], [Finding("warning", "duplicate", what, named[:SHOWN])]


def _by(own: pd.DataFrame, pool: Pool, scheme: Scheme) -> tuple[str, list[Problem | Finding]]:
    """What is kept together in a pool, and what there is to say; empty if it cannot be split."""
    speakers = set(own["speaker"]) - {""}
    nameless = int((own["speaker"] == "").sum())
    few = len(speakers) < scheme.least
    if scheme.by == "speaker" and (few or nameless):
        said = [f"{nameless} of {len(own)} clips say no speaker"] if nameless else []
        if few:
            have = "one speaker" if len(speakers) == 1 else f"{len(speakers)} speakers"
            said.append(f"{have}, and {scheme.least} speaker-disjoint folds need {scheme.least}")
        fewer = " take fewer folds, or" if few and len(speakers) >= 3 else ""
        remedy = f";{fewer} split by 'where_needed' (utterances where speakers are too few), which measures the speaker too"
        return "", [Problem(f"{pool}: {' and '.join(said)}{remedy}")]
    if scheme.by == "speaker" or (scheme.by == "where_needed" and not few and not nameless):
        return "speaker", []
    single = "has a single speaker and " if len(speakers) == 1 else ""
    what = f"{pool} {single}is split by utterance: the same voices are in training and in test"
    return "utterance", [Finding("alarm", "not speaker-disjoint", what)]


def _given(own: pd.DataFrame, pool: Pool) -> tuple[str, list[Problem | Finding]]:
    """As ``_by``, of clips whose parts are given."""
    if "split" not in own or not (own["split"] != "").any():
        return "", [Problem(f"{pool}: no column 'split' says which clips are train, dev and test")]
    words = own["split"].str.lower()
    if strange := sorted(set(words) - {*GIVEN, ""}):
        return "", [Problem(f"{pool}: 'split' says '{word}'. {nearest(word, GIVEN)}") for word in strange]
    said: list[Problem | Finding] = []
    if nothing := int((words == "").sum()):
        said.append(Finding("note", "no part", f"{pool}: {nothing} of {len(own)} clips are in no part, and are left out"))
    voices = {part: set(own.loc[words.map(GIVEN) == part, "speaker"]) - {""} for part in PARTS}
    if both := sorted(voices["train"] & voices["test"]):
        what = (
            f"{pool} is split as given, and {len(both)} of {len(voices['test'])} speakers of the test are in training, too"
        )
        return "utterance", [*said, Finding("alarm", "not speaker-disjoint", what, tuple(both[:SHOWN]))]
    return "speaker", said


def _cut(own: pd.DataFrame, pool: Pool, scheme: Scheme, by: str) -> tuple[pd.DataFrame, list[Problem]]:
    unit = own["speaker"] if by == "speaker" else own["stimulus"]
    counts = pd.crosstab(unit, own["truth"]).reindex(columns=list(scheme.emotions), fill_value=0)
    count = scheme.folds if isinstance(scheme.folds, int) else len(counts)
    if scheme.by == "given":
        count, group = 1, own["split"].str.lower().map(GIVEN)
    else:
        group = unit.map(_dealt(counts, count, shuffled(sorted(counts.index), str(pool), seed=scheme.seed)))
    problems: list[Problem] = []
    frames = [pd.DataFrame({"fold": [], "part": [], "stimulus": []})]
    for fold in range(count):
        drawn = _drawn(own, group, pool, scheme, fold, count)
        for part, chosen in drawn.items():
            absent = [e for e in scheme.emotions if not chosen[e]]
            whole = scheme.balance or part == "train" or len(absent) == len(scheme.emotions)
            if absent and whole and not (scheme.by == "given" and part == "dev"):
                who = ", ".join(f"{(counts[e] > 0).sum()} of {len(counts)} {by}s are {e}" for e in absent)
                what = f"{pool}, fold {fold}: no clip of its {part} part is {' or '.join(absent)} ({who} at all)"
                remedy = "give it one in 'split'" if scheme.by == "given" else "take fewer folds, another seed"
                problems.append(Problem(f"{what}; {remedy}, or leave the emotion out"))
            least = min(len(ids) for ids in chosen.values()) if scheme.balance else None
            ids = sorted(id_ for each in chosen.values() for id_ in each[:least])
            frames.append(pd.DataFrame({"fold": fold, "part": part, "stimulus": ids}))
    cut = pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)
    cut.insert(0, "corpus", pool.corpus)
    cut.insert(1, "language", pool.language)
    return cut, problems


def _dealt(counts: pd.DataFrame, groups: int, order: list[str]) -> dict[str, int]:
    """A group for each unit: the greatest first, each to where its emotions are rarest so far.

    The share s of an emotion in a group grows by n; the sum of squares of all shares grows by 2 s n + n^2, of which only the
    first term depends on the group. It is 0 for an empty one, so no group stays empty.
    """
    shares = counts / counts.sum().clip(lower=1)
    totals = counts.sum(axis=1)
    filled = np.zeros((groups, counts.shape[1]))
    members: npt.NDArray[np.int64] = np.zeros(groups, np.int64)
    dealt: dict[str, int] = {}
    for unit in sorted(order, key=lambda u: -int(totals[u])):
        share = shares.loc[unit].to_numpy()
        growth = np.round(filled @ share, 12)
        to = int(np.lexsort((members, growth))[0])
        filled[to] += share
        members[to] += 1
        dealt[unit] = to
    return dealt


def _drawn(
    own: pd.DataFrame, group: pd.Series, pool: Pool, scheme: Scheme, fold: int, count: int
) -> dict[str, dict[str, list[str]]]:
    """The clips of each part and emotion, as many as may be."""
    dev = (fold + 1) % count if scheme.dev_speakers == "own" else fold
    result: dict[str, dict[str, list[str]]] = {part: {} for part in PARTS}
    for emotion in scheme.emotions:
        rows = own["truth"] == emotion

        def there(mask: pd.Series, part: str, rows: pd.Series = rows, emotion: str = emotion) -> list[str]:
            return shuffled(sorted(own.loc[rows & mask, "stimulus"]), f"{pool} {fold} {part} {emotion}", seed=scheme.seed)

        most = {part: getattr(scheme, part) // len(scheme.emotions) for part in PARTS}
        if scheme.by == "given":
            result |= {part: {**result[part], emotion: there(group == part, part)[: most[part]]} for part in PARTS}
            continue
        test = there(group == fold, "test")
        if dev == fold:  # test and dev are of the same speakers: each gets its share of their clips, none twice
            share = min(most["test"], len(test) * scheme.test // (scheme.test + scheme.dev))
            result["dev"][emotion], test = test[share : share + most["dev"]], test[:share]
        else:
            result["dev"][emotion] = there(group == dev, "dev")[: most["dev"]]
        result["test"][emotion] = test[: most["test"]]
        result["train"][emotion] = there(~group.isin({fold, dev}), "train")[: most["train"]]
    return result


def _smaller(cut: pd.DataFrame, pool: Pool, scheme: Scheme) -> Iterator[Finding]:
    """A note for each part that is smaller than was asked for in some fold; without balance that is as asked."""
    for part in PARTS if scheme.balance else ():
        asked = getattr(scheme, part) // len(scheme.emotions) * len(scheme.emotions)
        sizes = cut[cut["part"] == part].groupby("fold").size()
        if sizes.min() < asked:
            span = f"{sizes.min()}" if sizes.min() == sizes.max() else f"{sizes.min()} to {sizes.max()}"
            yield Finding("note", "smaller than asked", f"{pool}: {part} has {span} clips a fold, not {asked}")
