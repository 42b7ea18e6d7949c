"""From the three tables to counts: who judged how often what to be what.

A *subject* is whoever gets a row in the results: one rater or one group, in one language, in one corpus of a language that
holds several, or in all of them. Its counts are ``[truth, label]``, the truths first among the labels (see
``metrics/_confusion.py``).

What counts as a judgement of recognition: a label given to a whole clip whose truth is known, by a person or a machine.
The rest is left out and said in ``left_out``, but for parts of clips, which ``segments.py`` reads. A model's posterior
counts as its most probable label.

Judgements are counted once, by rater, language and corpus (a *cell*); every subject is a sum of cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import languages, ratings
from ser_core.coded import Codes, Mask, coded, once, rows_of
from ser_core.emotions import in_order
from ser_core.lazy_tables import Part
from ser_core.statistics.bootstrap import Judgements

SUBJECT = ["rater_type", "group", "rater", "language", "corpus"]
"""What names a subject; an empty ``rater`` is the whole group, an empty ``language`` or ``corpus`` is all of them."""

_WHO, _WHAT = ["rater", "group", "rater_type"], ["stimulus", "language", "corpus", "truth"]
JUDGED = [*_WHO, *_WHAT, "label"]


@dataclass(frozen=True)
class Judged:
    """Judgements, and whose they are; as numbers from 0, one entry per judgement.

    Attributes:
        raters: one row for each rater, by name: ``rater, group, rater_type``.
        clips: one row for each clip, by name: ``stimulus, language, corpus, truth``.
        rater: row of ``raters``.
        clip: row of ``clips``.
        label: place in ``labels``.
        truths: emotions that were played, in the order of every table.
        labels: ``truths``, then what else was answered.
        left_out: sentences on what was not counted, for the reader.
    """

    raters: pd.DataFrame
    clips: pd.DataFrame
    rater: Codes
    clip: Codes
    label: Codes
    truths: list[str]
    labels: list[str]
    left_out: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rater)

    @cached_property
    def judged(self) -> pd.DataFrame:
        """One row per judgement, in words: columns ``JUDGED``."""
        return self.in_words(np.arange(len(self)))

    def in_words(self, rows: Codes) -> pd.DataFrame:
        """Some judgements in words: columns ``JUDGED``."""
        who = self.raters.iloc[self.rater[rows]].reset_index(drop=True)
        clips = self.clips.iloc[self.clip[rows]].reset_index(drop=True)
        label = pd.Series(np.array(self.labels, dtype=object)[self.label[rows]], dtype="str")
        return pd.concat([who, clips], axis=1).assign(label=label)[JUDGED]

    @cached_property
    def truth(self) -> Codes:
        """Place of each clip's truth in ``truths``, ``[clip]``."""
        return rows_of(self.clips["truth"], pd.Series(self.truths, dtype="str"))

    @cached_property
    def places(self) -> tuple[pd.DataFrame, Codes]:
        """Every language and corpus that clips are of, by name, and which of them each clip is of, ``[clip]``."""
        different = self.clips[["language", "corpus"]].drop_duplicates().sort_values(["language", "corpus"])
        at = pd.MultiIndex.from_frame(different).get_indexer(pd.MultiIndex.from_frame(self.clips[["language", "corpus"]]))
        return different.reset_index(drop=True), np.asarray(at, dtype=np.int64)

    @cached_property
    def cells(self) -> tuple[pd.DataFrame, Codes]:
        """Every rater in every place, columns ``SUBJECT``, and which of them each judgement is of."""
        places, place = self.places
        at = self.rater * len(places) + place[self.clip]
        met = np.zeros(len(self.raters) * len(places), dtype=bool)
        met[at] = True
        rater, of = np.divmod(np.flatnonzero(met), max(len(places), 1))
        named = pd.concat([self.raters.iloc[rater].reset_index(drop=True), places.iloc[of].reset_index(drop=True)], axis=1)
        return named[SUBJECT], (np.cumsum(met) - 1)[at]

    @cached_property
    def _summed(self) -> pd.DataFrame:
        """Every cell once for each of its subjects, in the order of the subjects, whose number is ``_subject``."""
        own = self.cells[0].reset_index(names="_cell")
        corpora = own.groupby("language")["corpus"].transform("nunique")
        apart = own[(corpora > 1) & (own["corpus"] != "")]
        rows = pd.concat([own.assign(language="", corpus=""), own.assign(corpus=""), apart])
        both = pd.concat([rows.assign(rater=""), rows])
        both["_single"] = both["rater"] != ""  # groups come before raters
        both["_subject"] = both.groupby(["_single", *SUBJECT], sort=True).ngroup()
        return both.sort_values(["_subject", "_cell"], ignore_index=True)

    @cached_property
    def subjects(self) -> pd.DataFrame:
        """One row per subject: groups first, then raters; people, then machines; all languages, then each."""
        return self._summed.drop_duplicates("_subject")[SUBJECT].reset_index(drop=True)

    @cached_property
    def subject_of(self) -> dict[tuple[str, ...], int]:
        """The number of each subject by its names, in the order of ``SUBJECT``."""
        return {names: n for n, names in enumerate(self.subjects.itertuples(index=False, name=None))}

    @cached_property
    def single_raters(self) -> dict[tuple[str, str, str], Codes]:
        """The subjects that are single raters, by language, type of rater and group, in their order."""
        who = self.subjects
        single = who[(who["rater"] != "") & (who["language"] != "") & (who["corpus"] == "")]
        found: Any = single.groupby(["language", "rater_type", "group"], sort=True).indices
        return {names: single.index.to_numpy()[rows] for names, rows in sorted(found.items())}

    @cached_property
    def listeners(self) -> dict[str, dict[str, Codes]]:
        """Of each group of people, by language, which subject each of its listeners is there, -1 where one judged none.

        The listeners of a group stand in the order of their names, the same in all languages.
        """
        found: dict[str, dict[str, Codes]] = {}
        for (language, kind, group), of in self.single_raters.items():
            if kind == "human":
                found.setdefault(group, {})[language] = of
        rater = rows_of(self.subjects["rater"], self.raters["rater"])
        for by_language in found.values():
            every = np.unique(np.concatenate([rater[of] for of in by_language.values()]))
            for language, of in by_language.items():
                by_language[language] = np.full(len(every), -1)
                by_language[language][np.searchsorted(every, rater[of])] = of
        return dict(sorted(found.items()))

    @cached_property
    def _met(self) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_], npt.NDArray[np.bool_]]:
        """Language and corpus of each place, and which truths were played there, ``[place, truth]``."""
        places, place = self.places
        met = np.zeros((len(places), len(self.truths)), dtype=bool)
        met[place, self.truth] = True
        return places["language"].to_numpy(dtype=object), places["corpus"].to_numpy(dtype=object), met

    def played(self, language: str, corpus: str = "") -> npt.NDArray[np.bool_]:
        """Which truths were played in a language and corpus (all of them, if empty), ``[truth]``."""
        spoken, source, met = self._met
        here = ((spoken == language) | (language == "")) & ((source == corpus) | (corpus == ""))
        return np.asarray(met[here].any(axis=0), dtype=bool)

    @cached_property
    def _ordered(self) -> tuple[Codes, Codes, Codes]:
        """The judgements by rater and clip; the cell of each of these; where each rater's begin among them."""
        order = self._in_order()
        return order, self.cells[1][order], np.searchsorted(self.rater[order], np.arange(len(self.raters) + 1))

    def _in_order(self) -> Codes:
        return np.lexsort((self.clip, self.rater))

    @cached_property
    def _of_subject(self) -> tuple[Codes, Codes]:
        """The cells of all subjects, one subject after the other, and where each subject's begin."""
        rows = self._summed
        return rows["_cell"].to_numpy(), np.searchsorted(rows["_subject"], np.arange(len(self.subjects) + 1))

    def rows(self, subject: int) -> Codes:
        """Which judgements are a subject's, by rater and clip."""
        order, cell, begin = self._ordered
        own = self._own(subject)
        raters = self._rater_of_cell[own]
        first, last = begin[raters.min()], begin[raters.max() + 1]
        mine = np.zeros(len(self.cells[0]), dtype=bool)
        mine[own] = True
        return order[first:last][mine[cell[first:last]]]

    def _own(self, subject: int) -> Codes:
        cells, begin = self._of_subject
        return cells[begin[subject] : begin[subject + 1]]

    @cached_property
    def _rater_of_cell(self) -> Codes:
        return rows_of(self.cells[0]["rater"], self.raters["rater"])

    @cached_property
    def drawn_by(self) -> list[tuple[str, ...]]:
        """The names by which each subject's judgements are drawn: subjects with the same judgements have the same names.

        These are rater_type, group, rater, language, and corpus if there is one: ``language`` is named also for a subject
        over all languages if it judged only one, and ``corpus`` is not named if it is all that was judged in its language.
        """
        cells, begin = self._of_subject
        if not len(cells):
            return []
        tags, language = np.unique(self.cells[0]["language"].to_numpy(dtype=object), return_inverse=True)
        low, high = (f.reduceat(language[cells], begin[:-1]) for f in (np.minimum, np.maximum))
        of_all = (self.subjects["corpus"] == "").to_numpy()
        before = np.maximum.accumulate(np.where(of_all, np.arange(len(of_all)), 0))  # a language comes before its corpora
        sizes = np.diff(begin)
        whole = of_all | (sizes == sizes[before])
        names = self.subjects.to_numpy(dtype=object)
        return [
            (kind, group, rater, tags[one] if one == other else "", *([] if all_of_it else [corpus]))
            for (kind, group, rater, _, corpus), one, other, all_of_it in zip(names, low, high, whole, strict=True)
        ]

    def judgements(self, subject: int) -> Judgements:
        """A subject's judgements. Raters of one group who judged the same languages may stand for each other, and so may
        clips of one language and truth."""
        rows = self.rows(subject)
        rater, raters = close(self.rater[rows])
        clip, clips = close(self.clip[rows])
        judged = np.zeros((len(raters), int(self._language.max(initial=0)) + 1), dtype=bool)
        judged[rater, self._language[clips][clip]] = True
        return Judgements(
            rater=rater,
            clip=clip,
            truth=self.truth[clips][clip],
            label=self.label[rows],
            rater_stratum=_rank(np.column_stack([self._group[raters], judged])),
            clip_stratum=self.clip_stratum(clips) if len(rows) else clip,
            shape=(len(self.truths), len(self.labels)),
        )

    def clip_stratum(self, clips: Codes) -> Codes:
        """Which of some clips may stand for each other."""
        return _rank(np.column_stack([self._language[clips], self.truth[clips]]))

    @cached_property
    def _language(self) -> Codes:
        return np.asarray(pd.factorize(self.clips["language"], sort=True)[0], dtype=np.int64)

    @cached_property
    def _group(self) -> Codes:
        return np.asarray(pd.factorize(self.raters["group"], sort=True)[0], dtype=np.int64)


@dataclass(frozen=True)
class Counted(Judged):
    """Judgements, and their counts for every subject.

    Attributes:
        row: of the ratings table, of each judgement; of several rows the one that it counts as.
        before: of other tables whose judgements these are some of, what was counted and which of it is left.
    """

    row: Codes
    before: tuple[Counted, Mask] | None = None

    def _in_order(self) -> Codes:
        if self.before is None:
            return super()._in_order()
        whole, left = self.before
        order = whole._ordered[0]
        return (np.cumsum(left) - 1)[order[left[order]]]

    @cached_property
    def counts(self) -> npt.NDArray[np.float64]:
        """Judgements of each subject, ``[subject, truth, label]``."""
        cells, cell = self.cells
        size = (len(cells), len(self.truths), len(self.labels))
        at = (cell * size[1] + self.truth[self.clip]) * size[2] + self.label
        counts = np.bincount(at, minlength=int(np.prod(size))).reshape(size).astype(float)
        own, begin = self._of_subject
        return np.add.reduceat(counts[own], begin[:-1], axis=0) if len(own) else counts


def count(tables: ratings.Tables) -> Counted:
    """Count the judgements of tables that were checked; there may be none. Counted once for each set of tables."""
    return once(tables, "_counted", _count)


def _count(tables: ratings.Tables) -> Counted:
    if isinstance(tables, Part) and tables.of:
        whole, left = tables.of
        if not (known := count(whole)).left_out:
            return _some_of(known, left)
    said = coded(tables)
    rows = said.decided()
    rater, clip, label = said.rater[rows], said.clip[rows], said.label[rows]
    people, clips = tables.raters, tables.stimuli
    rules = (
        ((people["rater_type"] == "truth").to_numpy()[rater], "of raters of type truth"),
        ((clips["truth"] == "").to_numpy()[clip], "of clips without a truth"),
    )
    left, sentences = leave_out(rules, "judgement")
    if sentences:
        rows, rater, clip, label = (codes[left] for codes in (rows, rater, clip, label))
    raters, rater = _by_name(people.assign(group=named_group(people)), rater, _WHO)
    tags = clips["language"].map(languages.normal)
    heard, clip = _by_name(clips.assign(language=tags), clip, _WHAT)
    truths, labels, label = _named(heard, said.labels, label)
    return Counted(raters, heard, rater, clip, label, truths, labels, sentences, rows)


def _some_of(known: Counted, left: Mask) -> Counted:
    """Those of known judgements whose ratings are left, as if the rest had never been."""
    mine = left[known.row]
    raters, rater = _by_name(known.raters, known.rater[mine], _WHO)
    clips, clip = _by_name(known.clips, known.clip[mine], _WHAT)
    truths, labels, label = _named(clips, known.labels, known.label[mine])
    row = (np.cumsum(left) - 1)[known.row[mine]]
    return Counted(raters, clips, rater, clip, label, truths, labels, (), row, (known, mine))


def _named(clips: pd.DataFrame, known: Sequence[str], label: Codes) -> tuple[list[str], list[str], Codes]:
    """The truths of these clips, then what else was answered, in the order of every table; and the labels among them."""
    truths = in_order(set(clips["truth"]))
    given = in_order([known[int(n)] for n in np.flatnonzero(np.bincount(label, minlength=len(known)))])
    labels = [*truths, *(name for name in given if name not in truths)]
    place = np.array([labels.index(name) if name in labels else -1 for name in known], dtype=np.int64)
    return truths, labels, place[label]


def numbered(judged: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, Codes, Codes]:
    """``raters``, ``clips``, ``rater`` and ``clip`` of ``Judged``, from judgements in words (columns ``JUDGED``)."""
    raters, clips = (
        judged[columns].drop_duplicates(columns[0]).sort_values(columns[0], ignore_index=True) for columns in (_WHO, _WHAT)
    )
    return raters, clips, rows_of(judged["rater"], raters["rater"]), rows_of(judged["stimulus"], clips["stimulus"])


def named_group(raters: pd.DataFrame) -> pd.Series:
    """What each rater is compared as: the group, or where there is none the type."""
    return raters["group"].where(raters["group"] != "", raters["rater_type"])


def _by_name(table: pd.DataFrame, codes: Codes, columns: list[str]) -> tuple[pd.DataFrame, Codes]:
    """The rows that are met, by their first column, and the codes among these."""
    met = np.zeros(len(table), dtype=bool)
    met[codes] = True
    kept = np.flatnonzero(met)
    order = kept[np.argsort(table[columns[0]].to_numpy(dtype=object)[kept], kind="stable")]
    place = np.full(len(table), -1)
    place[order] = np.arange(len(order))
    return table[columns].iloc[order].reset_index(drop=True), place[codes]


def described(rows: pd.DataFrame, tables: ratings.Tables) -> pd.DataFrame:
    """Ratings with what their subjects are made of: ``truth, language, corpus, rater_type, group``."""
    rater, clip = rows_of(rows["rater"], tables.raters["rater"]), rows_of(rows["stimulus"], tables.stimuli["stimulus"])
    people, clips = tables.raters, tables.stimuli
    told = {"truth": clips["truth"], "language": clips["language"].map(languages.normal), "corpus": clips["corpus"]}
    who = {"rater_type": people["rater_type"], "group": named_group(people)}
    return rows.assign(
        **{name: column.take(clip).set_axis(rows.index) for name, column in told.items()},
        **{name: column.take(rater).set_axis(rows.index) for name, column in who.items()},
    )


def leave_out(rules: Sequence[tuple[Mask, str]], what: str) -> tuple[Mask, tuple[str, ...]]:
    """Which entries no rule leaves out, and a sentence for each rule that does: how many, and why."""
    left, said = np.zeros(len(rules[0][0]), dtype=bool), []
    for rule, why in rules:
        number = int((rule & ~left).sum())
        if number:
            said.append(f"{number:,} {what}{'s' if number > 1 else ''} {why} left out.")
        left |= rule
    return ~left, tuple(said)


def judgements(part: Codes, shape: tuple[int, int]) -> Judgements:
    """Judgements from codes of their rater, clip, truth, label, language and group, ``[judgement, 6]``.

    Raters of one group who judged the same languages may stand for each other, and so may clips of one language and truth.
    """
    (rater, first_of), (clip, first) = (_met_first(part[:, n]) for n in (0, 1))
    language = close(part[:, 4])[0]
    judged = np.zeros((len(first_of), int(language.max(initial=-1)) + 1), dtype=bool)
    judged[rater, language] = True
    return Judgements(
        rater=rater,
        clip=clip,
        truth=part[:, 2],
        label=part[:, 3],
        rater_stratum=_rank(np.column_stack([part[first_of, 5], judged])),
        clip_stratum=_rank(part[first][:, [4, 2]]) if len(first) else clip,
        shape=shape,
    )


def close(codes: Codes) -> tuple[Codes, Codes]:
    """The codes without gaps, in the same order, and what each of these was before.

    >>> [codes.tolist() for codes in close(np.array([5, 2, 5]))]
    [[1, 0, 1], [2, 5]]
    """
    met = np.zeros(int(codes.max(initial=-1)) + 1, dtype=bool)
    met[codes] = True
    return (np.cumsum(met) - 1)[codes], np.flatnonzero(met)


def _met_first(codes: Codes) -> tuple[Codes, Codes]:
    """The codes without gaps, and an entry of each."""
    code, met = close(codes)
    entry = np.empty(len(met), dtype=np.int64)
    entry[code] = np.arange(len(codes))
    return code, entry


def _rank(rows: npt.NDArray[np.generic]) -> Codes:
    return np.asarray(np.unique(rows, axis=0, return_inverse=True)[1], dtype=np.int64).reshape(-1)
