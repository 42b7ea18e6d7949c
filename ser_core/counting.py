"""From the three tables to counts: who judged how often what to be what.

A *subject* is whoever gets a row in the results: one rater or one group, in one language or in all of them. Its counts
are ``[truth, label]``, the truths first among the labels (see ``metrics/_confusion.py``).

What counts as a judgement of recognition: a label given to a whole clip whose truth is known, by a person or a machine.
The rest is left out and said in ``left_out``. A model's posterior counts as its most probable label.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import languages, ratings
from ser_core.emotions import in_order
from ser_core.errors import BadInput
from ser_core.statistics.bootstrap import Judgements

SUBJECT = ["rater_type", "group", "rater", "language"]
"""What names a subject; an empty ``rater`` is the whole group, an empty ``language`` is all of them."""


@dataclass(frozen=True)
class Counted:
    """Judgements, and their counts for every subject.

    Attributes:
        judged: one row per judgement: ``rater, group, rater_type, stimulus, language, truth, label``.
        truths: emotions that were played, in the order of every table.
        labels: ``truths``, then what else was answered.
        left_out: sentences on what was not counted, for the reader.
    """

    judged: pd.DataFrame
    truths: list[str]
    labels: list[str]
    left_out: tuple[str, ...]

    @cached_property
    def _by_subject(self) -> pd.DataFrame:
        """Every judgement once for each of its four subjects, in the order of the subjects."""
        own = self.judged.assign(
            _truth=self.judged["truth"].map({t: n for n, t in enumerate(self.truths)}).astype("int64"),
            _label=self.judged["label"].map({t: n for n, t in enumerate(self.labels)}).astype("int64"),
            _clip=_codes(self.judged["stimulus"]),
            _rater=_codes(self.judged["rater"]),
            _language=_codes(self.judged["language"]),
        )
        both = pd.concat([own.assign(language=""), own])
        all_four = pd.concat([both.assign(rater=""), both])
        all_four["_single"] = all_four["rater"] != ""  # groups come before raters
        all_four["_subject"] = all_four.groupby(["_single", *SUBJECT], sort=True).ngroup()
        return all_four.sort_values(["_subject", "_rater", "_clip"], kind="stable", ignore_index=True)

    @cached_property
    def subjects(self) -> pd.DataFrame:
        """One row per subject: groups first, then raters; people, then machines; all languages, then each."""
        return self._by_subject.drop_duplicates("_subject")[SUBJECT].reset_index(drop=True)

    @cached_property
    def counts(self) -> npt.NDArray[np.float64]:
        """Judgements of each subject, ``[subject, truth, label]``."""
        rows = self._by_subject
        size = (len(self.subjects), len(self.truths), len(self.labels))
        cell = np.ravel_multi_index((rows["_subject"], rows["_truth"], rows["_label"]), size)
        return np.bincount(cell, minlength=int(np.prod(size))).reshape(size).astype(float)

    def played(self, language: str) -> npt.NDArray[np.bool_]:
        """Which truths were played in a language (all languages, if empty), ``[truth]``."""
        rows = self.judged if not language else self.judged[self.judged["language"] == language]
        return np.isin(self.truths, rows["truth"].unique())

    def each(self) -> Iterator[tuple[tuple[str, ...], Judgements]]:
        """Names (rater_type, group, rater, language) and judgements of every subject, in the order of ``subjects``.

        ``language`` is named also for a subject over all languages if it judged only one, for it is the same then.
        Raters who judged the same languages may stand for each other, and so may clips of one language and truth.
        """
        rows = self._by_subject
        columns = rows[["_rater", "_clip", "_truth", "_label", "_language"]].to_numpy()
        tags = sorted(self.judged["language"].unique())
        ends = np.cumsum(np.bincount(rows["_subject"], minlength=len(self.subjects)))
        starts = np.concatenate([[0], ends[:-1]])
        for (kind, group, rater, _), start, end in zip(self.subjects.to_numpy(dtype=object), starts, ends, strict=True):
            part = columns[start:end]
            own = np.unique(part[:, 4])
            language = tags[own[0]] if len(own) == 1 else ""
            shape = (len(self.truths), len(self.labels))
            yield (kind, group, rater, language), _judgements(part, shape)


def count(tables: ratings.Tables) -> Counted:
    """Count the judgements of tables that were checked.

    Raises:
        BadInput: not one judgement of a whole clip with a known truth.
    """
    facts = tables.stimuli.set_index("stimulus")
    people = tables.raters.set_index("rater")
    rows = ratings.decide(tables.ratings)
    rows = rows.assign(
        truth=rows["stimulus"].map(facts["truth"]),
        language=rows["stimulus"].map(facts["language"].map(languages.normal)),
        rater_type=rows["rater"].map(people["rater_type"]),
        group=rows["rater"].map(people["group"]),
    )
    rows, left_out = _leave_out(rows)
    if rows.empty:
        raise BadInput(
            "there is no judgement of a whole clip whose 'truth' is known, so nothing can be scored. " + " ".join(left_out)
        )
    rows["group"] = rows["group"].where(rows["group"] != "", rows["rater_type"])
    truths = in_order(set(rows["truth"]))
    labels = [*truths, *in_order(set(rows["label"]) - set(truths))]
    names = ["rater", "group", "rater_type", "stimulus", "language", "truth", "label"]
    return Counted(rows[names].reset_index(drop=True), truths, labels, left_out)


def _leave_out(rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    rules = (
        (rows["rater_type"] == "truth", "of raters of type truth"),
        (rows["truth"] == "", "of clips without a truth"),
        (rows["start_s"].notna(), "of a part of a clip (segments are not scored yet)"),
    )
    left, said = pd.Series(False, rows.index), []
    for rule, why in rules:
        number = int((rule & ~left).sum())
        if number:
            said.append(f"{number:,} judgement{'s' if number > 1 else ''} {why} left out.")
        left |= rule
    return rows[~left].copy(), tuple(said)


def _judgements(part: npt.NDArray[np.int64], shape: tuple[int, int]) -> Judgements:
    raters, rater = np.unique(part[:, 0], return_inverse=True)
    clips, first, clip = np.unique(part[:, 1], return_index=True, return_inverse=True)
    tags, language = np.unique(part[:, 4], return_inverse=True)
    judged = np.zeros((len(raters), len(tags)), dtype=bool)
    judged[rater, language] = True
    return Judgements(
        rater=rater,
        clip=clip,
        truth=part[:, 2],
        label=part[:, 3],
        rater_stratum=_rank(judged),
        clip_stratum=_rank(part[first][:, [4, 2]]) if len(clips) else clip,
        shape=shape,
    )


def _rank(rows: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    return np.asarray(np.unique(rows, axis=0, return_inverse=True)[1], dtype=np.int64).reshape(-1)


def _codes(column: pd.Series) -> npt.NDArray[np.int64]:
    return np.asarray(np.unique(column.to_numpy(dtype=object), return_inverse=True)[1], dtype=np.int64)
