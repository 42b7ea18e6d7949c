"""From the three tables to counts: who judged how often what to be what.

A *subject* is whoever gets a row in the results: one rater or one group, in one language, in one corpus of a language that
holds several, or in all of them. Its counts are ``[truth, label]``, the truths first among the labels (see
``metrics/_confusion.py``).

What counts as a judgement of recognition: a label given to a whole clip whose truth is known, by a person or a machine.
The rest is left out and said in ``left_out``, but for parts of clips, which ``segments.py`` reads. A model's posterior
counts as its most probable label.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import languages, ratings
from ser_core.emotions import in_order
from ser_core.statistics.bootstrap import Judgements

SUBJECT = ["rater_type", "group", "rater", "language", "corpus"]
"""What names a subject; an empty ``rater`` is the whole group, an empty ``language`` or ``corpus`` is all of them."""


@dataclass(frozen=True)
class Judged:
    """Judgements, and whose they are.

    Attributes:
        judged: one row per judgement: ``rater, group, rater_type, stimulus, language, corpus, truth, label``.
        truths: emotions that were played, in the order of every table.
        labels: ``truths``, then what else was answered.
        left_out: sentences on what was not counted, for the reader.
    """

    judged: pd.DataFrame
    truths: list[str]
    labels: list[str]
    left_out: tuple[str, ...]

    @cached_property
    def by_subject(self) -> pd.DataFrame:
        """Every judgement once for each of its subjects, in the order of the subjects, whose number is ``_subject``."""
        own = self.judged.assign(
            _truth=self.judged["truth"].map({t: n for n, t in enumerate(self.truths)}).astype("int64"),
            _label=self.judged["label"].map({t: n for n, t in enumerate(self.labels)}).astype("int64"),
            _clip=_codes(self.judged["stimulus"]),
            _rater=_codes(self.judged["rater"]),
            _language=_codes(self.judged["language"]),
            _group=_codes(self.judged["group"]),
        )
        corpora = own.groupby("language")["corpus"].transform("nunique")
        apart = own[(corpora > 1) & (own["corpus"] != "")]
        rows = pd.concat([own.assign(language="", corpus=""), own.assign(corpus=""), apart])
        both = pd.concat([rows.assign(rater=""), rows])
        both["_single"] = both["rater"] != ""  # groups come before raters
        both["_subject"] = both.groupby(["_single", *SUBJECT], sort=True).ngroup()
        return both.sort_values(["_subject", "_rater", "_clip"], kind="stable", ignore_index=True)

    @cached_property
    def subjects(self) -> pd.DataFrame:
        """One row per subject: groups first, then raters; people, then machines; all languages, then each."""
        return self.by_subject.drop_duplicates("_subject")[SUBJECT].reset_index(drop=True)

    def played(self, language: str, corpus: str = "") -> npt.NDArray[np.bool_]:
        """Which truths were played in a language and corpus (all of them, if empty), ``[truth]``."""
        rows = self.judged if not language else self.judged[self.judged["language"] == language]
        rows = rows if not corpus else rows[rows["corpus"] == corpus]
        return np.isin(self.truths, rows["truth"].unique())

    def each(self) -> Iterator[tuple[tuple[str, ...], slice, Judgements]]:
        """Names, rows in ``by_subject`` and judgements of every subject, in the order of ``subjects``.

        Subjects with the same judgements have the same names (rater_type, group, rater, language, and corpus if there is
        one): ``language`` is named also for a subject over all languages if it judged only one, and ``corpus`` is not
        named if it is all that was judged in its language. Raters who judged the same languages may stand for each other,
        and so may clips of one language and truth.
        """
        rows = self.by_subject
        columns = rows[["_rater", "_clip", "_truth", "_label", "_language", "_group"]].to_numpy()
        tags = sorted(self.judged["language"].unique())
        sizes = np.bincount(rows["_subject"], minlength=len(self.subjects))
        ends = np.cumsum(sizes)
        shape = (len(self.truths), len(self.labels))
        in_language = 0  # a language comes right before its corpora
        for names, start, end in zip(self.subjects.to_numpy(dtype=object), ends - sizes, ends, strict=True):
            *who, _, corpus = names
            part = columns[start:end]
            own = np.unique(part[:, 4])
            who.append(tags[own[0]] if len(own) == 1 else "")
            if not corpus:
                in_language = end - start
            elif end - start < in_language:
                who.append(corpus)
            yield tuple(who), slice(start, end), judgements(part, shape)


@dataclass(frozen=True)
class Counted(Judged):
    """Judgements, and their counts for every subject."""

    @cached_property
    def counts(self) -> npt.NDArray[np.float64]:
        """Judgements of each subject, ``[subject, truth, label]``."""
        rows = self.by_subject
        size = (len(self.subjects), len(self.truths), len(self.labels))
        cell = np.ravel_multi_index((rows["_subject"], rows["_truth"], rows["_label"]), size)
        return np.bincount(cell, minlength=int(np.prod(size))).reshape(size).astype(float)


def count(tables: ratings.Tables) -> Counted:
    """Count the judgements of tables that were checked; there may be none."""
    whole = tables.ratings[tables.ratings["start_s"].isna()]
    rows = described(ratings.decide(whole), tables)
    rules = (
        (rows["rater_type"] == "truth", "of raters of type truth"),
        (rows["truth"] == "", "of clips without a truth"),
    )
    rows, said = leave_out(rows, rules, "judgement")
    truths = in_order(set(rows["truth"]))
    labels = [*truths, *in_order(set(rows["label"]) - set(truths))]
    return Counted(rows[JUDGED].reset_index(drop=True), truths, labels, said)


JUDGED = ["rater", "group", "rater_type", "stimulus", "language", "corpus", "truth", "label"]


def described(rows: pd.DataFrame, tables: ratings.Tables) -> pd.DataFrame:
    """Ratings with what their subjects are made of: ``truth, language, corpus, rater_type, group``."""
    facts = tables.stimuli.set_index("stimulus")
    people = tables.raters.set_index("rater")
    group, kind = (rows["rater"].map(people[name]) for name in ("group", "rater_type"))
    return rows.assign(
        truth=rows["stimulus"].map(facts["truth"]),
        language=rows["stimulus"].map(facts["language"].map(languages.normal)),
        corpus=rows["stimulus"].map(facts["corpus"]),
        rater_type=kind,
        group=group.where(group != "", kind),
    )


def leave_out(rows: pd.DataFrame, rules: Sequence[tuple[pd.Series, str]], what: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rows that no rule leaves out, and a sentence for each rule that does: how many, and why."""
    left, said = pd.Series(False, rows.index), []
    for rule, why in rules:
        number = int((rule & ~left).sum())
        if number:
            said.append(f"{number:,} {what}{'s' if number > 1 else ''} {why} left out.")
        left |= rule
    return rows[~left].copy(), tuple(said)


def judgements(part: npt.NDArray[np.int64], shape: tuple[int, int]) -> Judgements:
    """Judgements from codes of their rater, clip, truth, label, language and group, ``[judgement, 6]``.

    Raters of one group who judged the same languages may stand for each other, and so may clips of one language and truth.
    """
    raters, first_of, rater = np.unique(part[:, 0], return_index=True, return_inverse=True)
    clips, first, clip = np.unique(part[:, 1], return_index=True, return_inverse=True)
    tags, language = np.unique(part[:, 4], return_inverse=True)
    judged = np.zeros((len(raters), len(tags)), dtype=bool)
    judged[rater, language] = True
    return Judgements(
        rater=rater,
        clip=clip,
        truth=part[:, 2],
        label=part[:, 3],
        rater_stratum=_rank(np.column_stack([part[first_of, 5], judged])),
        clip_stratum=_rank(part[first][:, [4, 2]]) if len(clips) else clip,
        shape=shape,
    )


def _rank(rows: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    return np.asarray(np.unique(rows, axis=0, return_inverse=True)[1], dtype=np.int64).reshape(-1)


def _codes(column: pd.Series) -> npt.NDArray[np.int64]:
    return np.asarray(np.unique(column.to_numpy(dtype=object), return_inverse=True)[1], dtype=np.int64)
