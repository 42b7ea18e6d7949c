"""What measures on tables read: the answers to whole clips, one for each rater and clip, and their groups and languages.

Of a clip that somebody heard again the first hearing counts, since the second one knows the first. A posterior counts as
its most probable label. ``cannot_say`` is an answer like any other, unless a measure says that it leaves it out. Raters of
type truth are no raters here.

A person whose answers have weights below 1 is no listener, but the votes of many together (as CREMA-D publishes them): who
agrees with whom cannot be told from them, so that measures of single listeners leave such a rater out and say so. Raters
made of a paper's counts (``published_counts``) answered no single clip and are left out of every measure here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import languages
from ser_core.checks import number
from ser_core.coded import coded as numbers
from ser_core.coded import once
from ser_core.counting import close, judgements, named_group
from ser_core.lazy_tables import different
from ser_core.ratings import Tables
from ser_core.statistics import bootstrap, drawn_values
from ser_core.tables import PUBLISHED_COUNTS

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
_WHO = ["rater_type", "group"]
POOLED = "not defined: its raters are the votes of many people together, who cannot be told apart"


def first_hearings(tables: Tables) -> pd.DataFrame:
    """Rows of ratings of whole clips at the first hearing, in one order; posteriors have a row for each label.

    Columns of texts, as categories in their order: ``rater, stimulus, label, group, rater_type, language, corpus, truth``;
    ``label`` and ``truth`` have the same ones. Numbers, NaN where there is none: ``weight`` and what ``_TOLD`` names. And
    ``decided``, whether the label is the rater's choice; ``pooled``, whether the rater is the votes of many together.
    """
    return once(tables, "_first_hearings", _first_hearings).copy(deep=False)


_TOLD = ("confidence", "response_s", "votes")
"""Columns that ratings may have, of numbers written as texts."""


def _first_hearings(tables: Tables) -> pd.DataFrame:
    said = numbers(tables)
    who = tables.raters.assign(group=named_group(tables.raters))
    repeat, heard = different(tables, "repeat")
    left = ~((who["rater_type"] == "truth") | who["rater"].isin(_printed(tables))).to_numpy(dtype=bool)
    at = np.flatnonzero(said.whole & left[said.rater])
    own = tables.stimuli.assign(language=tables.stimuli["language"].map(languages.normal))
    labels = pd.Series(said.labels, dtype="str")
    ranks = (
        _rank(labels.to_frame("label"))[said.label[at]],
        _rank(pd.DataFrame({"_length": [len(text) for text in heard], "repeat": heard}))[repeat[at]],
        _rank(own[["stimulus"]])[said.clip[at]],
        _rank(who[[*_WHO, "rater"]])[said.rater[at]],
    )
    order = np.lexsort(ranks)
    at, hearing = at[order], ranks[1][order]
    begins = _changes(said.rater[at], said.clip[at])
    unit = np.cumsum(begins) - 1
    first = hearing == hearing[begins][unit]
    at, unit = at[first], unit[first]
    rater, clip = said.rater[at], said.clip[at]
    words = sorted({*said.labels, *own["truth"]})
    told = {name: _number(tables, name)[at] for name in _TOLD}
    return pd.DataFrame(
        {
            "rater": _texts(who["rater"], rater),
            "stimulus": _texts(own["stimulus"], clip),
            "label": _texts(labels, said.label[at], words),
            "weight": said.weight[at],
            **told,
            **{name: _texts(who[name], rater) for name in ("group", "rater_type")},
            **{name: _texts(own[name], clip) for name in ("language", "corpus")},
            "truth": _texts(own["truth"], clip, words),
            "decided": _decided(unit, said.weight[at], said.label[at]),
            "pooled": _pooled(who, rater, said.weight[at]),
        }
    )


def _printed(tables: Tables) -> pd.Series:
    """Raters that stand for all whose counts a paper prints: of nobody's single answers to single clips."""
    raters = tables.raters
    return raters.loc[raters[PUBLISHED_COUNTS] != "", "rater"] if PUBLISHED_COUNTS in raters else raters["rater"].iloc[:0]


def _rank(rows: pd.DataFrame) -> Codes:
    """The place of each row among all in the order of their columns."""
    order = rows.reset_index(drop=True).sort_values(list(rows.columns)).index.to_numpy()
    place = np.empty(len(rows), dtype=np.int64)
    place[order] = np.arange(len(rows))
    return place


def _changes(*codes: Codes) -> npt.NDArray[np.bool_]:
    """Whether an entry differs from the one before, as the first does."""
    found = np.ones(len(codes[0]), dtype=bool)
    found[1:] = np.any([code[1:] != code[:-1] for code in codes], axis=0)
    return found


def _texts(known: pd.Series, code: Codes, among: Sequence[str] | None = None) -> pd.Categorical:
    """Texts by their place in ``known``, as categories in their order; of ``among``, or those that are known."""
    categories = pd.Index(list(sorted(set(known)) if among is None else among), dtype="str")
    return pd.Categorical.from_codes(categories.get_indexer(pd.Index(known))[code], categories=categories)


def _number(tables: Tables, name: str) -> Array:
    """A column of texts as numbers, NaN where a field holds none, or an infinite one."""
    code, known = different(tables, name)
    told = number(pd.Series(known)).to_numpy(dtype=float)
    return np.append(np.where(np.isfinite(told), told, np.nan), np.nan)[code]


def _decided(unit: Codes, weight: Array, label: Codes) -> npt.NDArray[np.bool_]:
    """Of the rows of each unit, which come in a row, the one of greatest weight, of equal ones the first label's."""
    found = np.ones(len(unit), dtype=bool)
    several = np.flatnonzero(np.bincount(unit)[unit] > 1) if len(unit) else unit
    order = several[np.lexsort((label[several], -weight[several], unit[several]))]
    found[order] = _changes(unit[order]) if len(order) else True
    return found


def _pooled(raters: pd.DataFrame, rater: Codes, weight: Array) -> npt.NDArray[np.bool_]:
    people = (raters["rater_type"] == "human").to_numpy(dtype=bool)
    return (people & (np.bincount(rater, weight < 1, len(raters)) > 0))[rater]


def answers(tables: Tables) -> pd.DataFrame:
    """One row for each rater and clip with the ``label`` that was said; columns as ``first_hearings``."""
    return once(tables, "_answers", _answers).copy(deep=False)


def _answers(tables: Tables) -> pd.DataFrame:
    rows = first_hearings(tables)
    return rows[rows["decided"]].reset_index(drop=True)


def groups(rows: pd.DataFrame, *types: str) -> list[tuple[str, str]]:
    """``(rater_type, group)`` of everybody in ``rows``, of these types if any are named, in their order."""
    found = rows[_WHO].drop_duplicates().sort_values(_WHO).itertuples(index=False, name=None)
    return [(kind, group) for kind, group in found if not types or kind in types]


def of_group(rows: pd.DataFrame, who: tuple[str, str]) -> pd.DataFrame:
    """Rows of one group, or with an empty one of everybody of that type."""
    kind, group = who
    own = rows["rater_type"] == kind
    return rows[own & (rows["group"] == group)] if group else rows[own]


def by_language(rows: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """Rows of all languages, and of each where there are several, with the languages that a result of them stands for.

    >>> [(names, len(part)) for names, part in by_language(pd.DataFrame({"language": ["de", "de"]}))]
    [(('', 'de'), 2)]
    """
    tags = sorted(rows["language"].unique())
    yield ("", *tags) if len(tags) == 1 else ("",), rows
    if len(tags) > 1:
        yield from (((tag,), rows[rows["language"] == tag]) for tag in tags)


def coded(rows: pd.DataFrame) -> bootstrap.Judgements:
    """Answers as codes, in the order of their rows; who may stand for whom, as ``counting.judgements`` says."""
    names = ("rater", "stimulus", "truth", "label", "language", "group")
    part = np.column_stack([_coded(rows[name]) for name in names])
    truths, labels = part[:, 2:4].max(axis=0) + 1
    return judgements(part, (int(truths), int(labels)))


def _coded(texts: pd.Series) -> Codes:
    """Texts as numbers from 0, in the order of those that are met."""
    if not isinstance(texts.dtype, pd.CategoricalDtype):
        return np.asarray(pd.factorize(texts, sort=True)[0], dtype=np.int64)
    return close(np.asarray(texts.cat.codes, dtype=np.int64))[0]


def clip_strata(clips: pd.DataFrame) -> Codes:
    """Which clips, one row each, may stand for each other: those of one language and truth."""
    return np.asarray(clips.groupby(["language", "truth"]).ngroup(), dtype=np.int64)


def mean_interval(rows: pd.DataFrame, values: Array, *names: str, seed: int, draws: int) -> dict[str, float]:
    """Ends of the interval of the mean of one value for each answer, as columns of a table; none where nothing can vary."""
    said = coded(rows)
    if draws < 1 or not bootstrap.can_vary(said):
        return {}
    return ends(drawn_values.means(said, values, draws=draws, rng=bootstrap.generator(seed, *names)))


def ends(drawn: Array) -> dict[str, float]:
    """The interval of drawn values as the columns of a table."""
    low, high = bootstrap.interval(drawn)
    return {"ci_low": float(low), "ci_high": float(high)}
