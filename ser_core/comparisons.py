"""Tests between groups, between what the same listeners heard, and between models and people: ``tests.csv``.

Every row names its test and its unit. Each family is corrected by itself (Holm, and Benjamini-Hochberg); a test that cannot
be made has its reason in ``note``, no p value, and no place in its family. ``docs/statistics.md`` says which test answers
which question. A listener is the unit of a t-test, with one value for each measure: single answers are not independent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from itertools import combinations, product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import mixed_comparison, segment_scores, segments
from ser_core.coded import Codes
from ser_core.counting import Counted, Judged, count
from ser_core.errors import BadInput
from ser_core.metrics._metric import metrics, segment_metrics
from ser_core.metrics.eder import Compat, Tail
from ser_core.ratings import Tables
from ser_core.statistics import assumptions, bootstrap
from ser_core.statistics._outcome import Outcome
from ser_core.statistics.correction import fdr, holm
from ser_core.statistics.difference import Side, difference
from ser_core.statistics.equivalence import equivalence
from ser_core.statistics.paired import paired
from ser_core.statistics.permutation import permutation
from ser_core.statistics.welch import welch

TESTS = (
    "family", "test", "unit", "a", "b", "language", "emotion", "metric", "mean_a", "mean_b", "difference", "t", "df", "p",
    "p_holm", "p_fdr", "ci_low", "ci_high", "effect", "effect_ci_low", "effect_ci_high", "bf10", "n_a", "n_b",
    "d_av", "note", "margin", "assumptions",
)  # fmt: skip
LISTENER = "listener"
RUN = "listener; of a model, run (seed or fold)"
Array = npt.NDArray[np.float64]
Row = dict[str, Any]
Planned = tuple[Row, Callable[[], Row]]
"""What a row is about (``a, b, language`` and more), and what makes the rest of it."""
PEOPLE, MODELS = (("human", "human"), ("machine", "human"))


@dataclass(frozen=True)
class Asked:
    """What a reader chooses of the tests.

    Attributes:
        margin: of equivalence, the difference of UA below which two groups are called comparable; above 0.
        pair_by: a column of the clips or the ratings; UA of the same listeners is also compared between its values.
        mixed: fit the mixed model, too (``mixed_comparison.py``); it takes seconds to minutes.
    """

    margin: float = 0.1
    pair_by: str = ""
    mixed: bool = False

    def typed(self) -> list[str]:
        """The words that a command line wants for what is chosen otherwise than usual.

        >>> Asked(margin=0.05, mixed=True).typed()
        ['--margin', '0.05', '--mixed']
        """
        margin = [] if self.margin == USUAL.margin else ["--margin", f"{self.margin:g}"]
        return [*margin, *(["--pair-by", self.pair_by] if self.pair_by else []), *(["--mixed"] if self.mixed else [])]


USUAL = Asked()


@dataclass(frozen=True)
class Family:
    """Tests that are corrected together.

    Attributes:
        name: what it tests.
        planned: what each row is about, and what makes the rest of it.
    """

    name: str
    planned: tuple[Planned, ...]

    @cached_property
    def languages(self) -> set[str]:
        """Of its rows; empty = it compares languages."""
        return {about["language"] for about, _ in self.planned}

    @cached_property
    def table(self) -> pd.DataFrame:
        """Its rows, columns ``TESTS``."""
        made = [{**about, **make()} for about, make in self.planned]
        p = [row["p"] for row in made]
        corrections = zip(made, holm(p), fdr(p), strict=True)
        usual = {"family": self.name, "assumptions": ""}
        rows = [{**usual, **row, "p_holm": float(h), "p_fdr": float(f)} for row, h, f in corrections]
        return pd.DataFrame(rows, columns=list(TESTS))


def compare(
    tables: Tables,
    *,
    tail: Tail = "neutral",
    compat: Compat = "",
    seed: int = 0,
    draws: int = 2000,
    asked: Asked = USUAL,
) -> pd.DataFrame:
    """All tests that the tables allow, family by family (``families``); columns ``TESTS``."""
    return together(families(tables, tail=tail, compat=compat, seed=seed, draws=draws, asked=asked))


def together(made: Mapping[str, Family]) -> pd.DataFrame:
    """The rows of all families, one family after the other."""
    tables = [family.table for family in made.values()]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(TESTS))


def families(
    tables: Tables,
    *,
    tail: Tail = "neutral",
    compat: Compat = "",
    seed: int = 0,
    draws: int = 2000,
    asked: Asked = USUAL,
) -> dict[str, Family]:
    """Every family of tests that has a row, by its name; the tests are made when somebody asks for its table.

    In each language: Welch's t between every two groups of people on UA and on the measures of single emotions (where parts
    were marked, also on EDER); on UA, the permutation test, equivalence and the bootstrap over listeners and clips beside
    it. Within each group: the paired test between what the same listeners heard, on the same measures. Between models and
    people: the bootstrap (of a difference, and of equivalence), and of models with several runs, Welch's t and equivalence
    with a run as the unit.

    Args:
        tables: checked tables.
        tail, compat: of EDER, as for ``scores.score``.
        seed: of the bootstrap and of random permutations.
        draws: of the bootstrap; 0 leaves its rows without interval and p.
        asked: see ``Asked``.

    Raises:
        BadInput: the margin is not above 0, there is no such column; or with ``compat``, what SpeechBrain cannot do.
    """
    margin = asked.margin
    if not margin > 0:
        raise BadInput(f"the margin of equivalence must be a difference of UA above 0, not {margin:g}")
    counted, marked = count(tables), segments.marked(tables, tail=tail, compat=compat)
    single = {name: metric for name, metric in metrics().items() if metric.per_emotion and metric.compared}
    titles = ", ".join(m.title for m in single.values())
    eder = segment_scores.values(marked, segment_metrics()["eder"])
    ua = metrics()["ua"].value(counted.counts)[:, None]
    alike, alone = partial(_alike, margin=margin), _same_listeners

    def by_emotion(tests: Callable[..., Iterator[Planned]]) -> Iterator[Planned]:
        return (row for name, m in single.items() for row in tests(counted, name, m.value(counted.counts), each=True))

    mixed = mixed_comparison.families(counted) if asked.mixed else ()
    found: tuple[tuple[str, Iterable[Planned]], ...] = (
        ("human groups: UA by language", _tests(counted, "ua", ua, each=False)),
        (f"human groups: {titles} by emotion and language", by_emotion(_tests)),
        ("human groups: EDER by language", _tests(marked, "eder", eder[:, :1], each=False)),
        ("human groups: EDER by emotion and language", _tests(marked, "eder", eder[:, 1:], each=True)),
        ("human groups: UA by language, permutation", _groups(counted, ua[:, 0], PEOPLE, partial(_dealt, seed=seed))),
        (f"human groups: UA by language, equivalence within {margin:g}", _groups(counted, ua[:, 0], PEOPLE, alike)),
        ("human groups: UA by language, bootstrap", _drawn(counted, PEOPLE, draws, seed)),
        ("same listeners: UA between languages", alone(counted, "ua", ua, each=False)),
        (f"same listeners: {titles} by emotion, between languages", by_emotion(alone)),
        ("same listeners: EDER between languages", alone(marked, "eder", eder[:, :1], each=False)),
        ("same listeners: EDER by emotion, between languages", alone(marked, "eder", eder[:, 1:], each=True)),
        (f"same listeners: UA by language, between values of {asked.pair_by}", _conditions(tables, asked.pair_by)),
        ("models and people: UA by language, bootstrap", _drawn(counted, MODELS, draws, seed)),
        (
            f"models and people: UA by language, bootstrap, equivalence within {margin:g}",
            _drawn(counted, MODELS, draws, seed, margin=margin),
        ),
        ("models and people: UA by language, runs", _groups(counted, ua[:, 0], MODELS, _differ)),
        (
            f"models and people: UA by language, runs, equivalence within {margin:g}",
            _groups(counted, ua[:, 0], MODELS, alike),
        ),
        *((name, ((row, dict) for row in rows)) for name, rows in mixed),
    )
    every = (Family(name, tuple(planned)) for name, planned in found)
    return {family.name: family for family in every if family.planned}


# --- between groups, one value for each rater ---


def _tests(judged: Judged, name: str, value: Array, *, each: bool) -> Iterator[Planned]:
    """Welch's t of every two groups on ``value``, ``[subject, truth]`` if ``each`` emotion else ``[subject, 1]``."""
    for language, (_, a, of_a), (_, b, of_b) in _sides(judged, PEOPLE):
        for n in np.flatnonzero(judged.played(language)) if each else [0]:
            emotion = judged.truths[n] if each else ""
            named = {"a": a, "b": b, "language": language, "emotion": emotion, "metric": name}
            yield named, partial(_differ, value[of_a, n], value[of_b, n])


def _groups(judged: Judged, ua: Array, kinds: tuple[str, str], test: Callable[[Array, Array], Row]) -> Iterator[Planned]:
    """One test of every two groups of these kinds of rater on UA, ``[subject]``; of models only those with several runs."""
    for language, (kind, a, of_a), (_, b, of_b) in _sides(judged, kinds):
        if kind == "machine" and len(of_a) < 2:
            continue
        named = {"a": a, "b": b, "language": language, "emotion": "", "metric": "ua"}
        yield named, partial(_of_runs if kind == "machine" else _plain, test, ua[of_a], ua[of_b])


def _plain(test: Callable[[Array, Array], Row], a: Array, b: Array) -> Row:
    return test(a, b)


def _of_runs(test: Callable[[Array, Array], Row], a: Array, b: Array) -> Row:
    row = test(a, b)
    runs = "a run is the unit of a; runs share clips, and folds and seeds what they learnt from"
    return row | {"unit": RUN, "note": "; ".join(filter(None, (row["note"], runs)))}


def _differ(a: Array, b: Array) -> Row:
    return _said("Welch's t, two-sided", welch(a, b), a, b, assumptions=assumptions.of_groups(a, b))


def _alike(a: Array, b: Array, *, margin: float) -> Row:
    outcome, checked = equivalence(a, b, margin=margin), assumptions.of_groups(a, b)
    return {**_said("TOST of Welch's t; its interval is the 90 % one", outcome, a, b, assumptions=checked), "margin": margin}


def _dealt(a: Array, b: Array, *, seed: int) -> Row:
    outcome = permutation(a, b, rng=bootstrap.generator(seed, "permutation"))
    return _said("permutation of means, two-sided", outcome, a, b, assumptions=assumptions.of_splits(a, b))


def _said(test: str, outcome: Outcome, a: Array, b: Array, *, assumptions: str = "") -> Row:
    result = asdict(outcome)
    undefined = int(np.isnan(a).sum() + np.isnan(b).sum())
    if undefined:
        said = f"{undefined} of {len(a) + len(b)} listeners left out, whose value is undefined"
        result["note"] = "; ".join(filter(None, (result["note"], said)))
    return {"test": test, "unit": LISTENER, **result, "assumptions": assumptions}


Chosen = tuple[str, str, Codes]
"""Kind of rater, group, and which subjects are its single raters in one language."""


def _sides(judged: Judged, kinds: tuple[str, str]) -> Iterator[tuple[str, Chosen, Chosen]]:
    """In each language, every two groups of one kind of rater, or every group of one kind with every one of the other."""
    who = judged.single_raters
    for language in sorted({language for language, kind, _ in who if kind == "human"}):
        first, second = (
            [(kind, group, of) for (tag, type_, group), of in who.items() if (tag, type_) == (language, kind)]
            for kind in kinds
        )
        for a, b in combinations(first, 2) if kinds[0] == kinds[1] else product(first, second):
            yield language, a, b


# --- the same listeners ---


def _same_listeners(judged: Judged, name: str, value: Array, *, each: bool) -> Iterator[Planned]:
    """Within each group, ``value`` of every two languages over the listeners who heard both; arguments as of ``_tests``."""
    for group, subjects in judged.listeners.items():
        for n in range(value.shape[1]):
            here = [tag for tag in subjects if judged.played(tag)[n]] if each else list(subjects)
            of = {tag: np.where(subjects[tag] < 0, np.nan, value[subjects[tag], n]) for tag in here}
            for one, other in combinations(here, 2):
                about = {"a": f"{group}, {one}", "b": f"{group}, {other}", "language": "", "metric": name}
                yield {**about, "emotion": judged.truths[n] if each else ""}, partial(_paired, of[one], of[other])


def _conditions(tables: Tables, column: str) -> list[Planned]:
    """Within each group and language, UA of every two values of a column, over the listeners who judged under both."""
    if not column:
        return []
    own, ratings = tables.stimuli, tables.ratings
    if column not in own and column not in ratings:
        raise BadInput(f"neither the clips nor the ratings have a column '{column}' to pair by")
    of = ratings["stimulus"].map(own.set_index("stimulus")[column]) if column in own else ratings[column]
    parts = []
    for value in sorted(set(of.astype(str)) - {""}):
        counted = count(Tables(own, tables.raters, ratings[of.astype(str) == value]))
        parts.append(counted.subjects.assign(_ua=metrics()["ua"].value(counted.counts), _value=value))
    who = pd.concat(parts) if parts else pd.DataFrame(columns=["rater_type", "group", "rater", "language", "corpus"])
    people = who[(who["rater_type"] == "human") & (who["rater"] != "") & (who["language"] != "") & (who["corpus"] == "")]
    of_ua = {"emotion": "", "metric": "ua"}
    return [
        ({"a": f"{group}, {one}", "b": f"{group}, {other}", "language": str(language), **of_ua}, make)
        for (group, language), part in people.groupby(["group", "language"], sort=True)
        for one, other, make in _pairs(part.pivot(index="rater", columns="_value", values="_ua"))
    ]


def _pairs(wide: pd.DataFrame) -> Iterator[tuple[str, str, Callable[[], Row]]]:
    """The paired test of every two columns of values, ``[rater, column]``."""
    for one, other in combinations(wide.columns, 2):
        yield str(one), str(other), partial(_paired, *(wide[name].to_numpy(dtype=float) for name in (one, other)))


def _paired(a: Array, b: Array) -> Row:
    alone = int((np.isnan(a) != np.isnan(b)).sum())
    outcome = asdict(paired(a, b))
    said = f"{alone} of whom one side only is known left out" if alone else ""
    outcome["note"] = "; ".join(filter(None, (outcome["note"], said)))
    checked = assumptions.of_differences(a - b)
    return {"test": "paired t, two-sided", "unit": LISTENER, **outcome, "assumptions": checked}


# --- listeners and clips drawn anew ---


def _drawn(counted: Counted, kinds: tuple[str, str], draws: int, seed: int, *, margin: float = 0.0) -> Iterator[Planned]:
    """The bootstrap of every two groups of these kinds, on UA over all their judgements in a language."""
    test = f"{'equivalence' if margin else 'difference'} of pooled UA, bootstrap of raters and clips"
    named: Row = {"test": f"{test}; its interval is the 90 % one" if margin else test, "unit": "rater and clip"}
    if margin:
        named["margin"] = margin
    for language, (kind_a, a, _), (kind_b, b, _) in _sides(counted, kinds):
        about = {**named, "a": a, "b": b, "language": language, "emotion": "", "metric": "ua"}
        rng = partial(bootstrap.generator, seed, "difference", kind_a, a, b, language)
        sides = ((kind_a, a, "", language, ""), (kind_b, b, "", language, ""))
        yield about, partial(_difference, counted, sides, rng, draws=draws, margin=margin)


def _difference(
    counted: Counted,
    sides: tuple[tuple[str, ...], tuple[str, ...]],
    rng: Callable[[], np.random.Generator],
    *,
    draws: int,
    margin: float,
) -> Row:
    parts = [counted.rows(counted.subject_of[side]) for side in sides]
    clips = np.unique(counted.clip[np.concatenate(parts)])
    truth = np.unique(counted.clips["truth"].to_numpy(dtype=object)[clips], return_inverse=True)[1].astype(np.int64)
    a, b = (_side(counted, rows, clips) for rows in parts)
    return asdict(difference(a, b, truth, draws=draws, rng=rng(), margin=margin))


def _side(counted: Counted, rows: Codes, clips: Codes) -> Side:
    rater = np.unique(counted.rater[rows], return_inverse=True)[1].astype(np.int64)
    clip = np.searchsorted(clips, counted.clip[rows])
    return Side(rater, clip, counted.truth[counted.clip[rows]] == counted.label[rows])
