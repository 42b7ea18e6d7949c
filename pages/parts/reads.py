"""What pages read again and again, kept until the study, its answers or its runs change.

The key is always a version (the study's hash, the number of answers, the names of runs), never the data: hashing frames
takes longer than scoring them, and large ones are only sampled. Answers and runs are never changed once written, so their
number and names tell of every change.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from listening_tests import export
from listening_tests.store import Store
from listening_tests.study import Study
from ser_core import comparisons, filters, made_up, places, power, ratings, report, runs, scores
from ser_core.conditions import conditions
from ser_core.counting import Counted, count
from ser_core.errors import BadInput, Problem
from ser_core.later import Later
from ser_core.measures import differences
from ser_core.measures._measure import measures
from ser_core.provenance import made_of
from ser_core.public import too_small
from ser_core.runs import Run
from ser_core.segment_agreement import agreement, density, deviations
from ser_core.segments import segments

T = TypeVar("T")


@dataclass(frozen=True)
class Compared:
    """People and runs side by side; whatever takes time is made when it is first asked for.

    Attributes:
        tables: what it is made of, the filter applied.
        said: what the filter left out.
        scored: what ``score`` writes, table by table.
        folders: where the ratings are from.
        where: the filter.
        options: what of the tests is chosen.
        people: how many listeners there are.
        simulated: how many of them are simulated.
        commands: what a researcher types to get the same files.
        powers: what ``power`` has told so far, by effect.
        drawn: figures that were drawn so far.
        told: what else a run of the page looked up.
    """

    tables: ratings.Tables
    said: tuple[str, ...]
    scored: scores.Scores
    folders: tuple[str, ...]
    where: filters.Where
    options: comparisons.Asked
    people: int
    simulated: int
    commands: str
    powers: dict[float, pd.DataFrame] = field(default_factory=dict, repr=False)
    drawn: dict[Hashable, Any] = field(default_factory=dict, repr=False)
    told: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    def once(self, *what: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` makes, kept by what it is: most runs of the page look up the same again."""
        if what not in self.told:
            self.told[what] = make()
        found: T = self.told[what]
        return found

    @cached_property
    def families(self) -> dict[str, comparisons.Family]:
        """The families of tests, each of which is made when it is shown."""
        return comparisons.families(self.tables, asked=self.options)

    @cached_property
    def differences(self) -> Mapping[str, pd.DataFrame]:
        """By language, how the confusion tables of two groups differ: rows of ``differences.csv``."""
        tags = sorted(set(self.counted.subjects["language"]))
        return Later({tag: partial(differences.in_language, self.counted, tag) for tag in tags})

    @cached_property
    def measures(self) -> Mapping[str, pd.DataFrame]:
        """The table of every measure by its name, as its file has it."""
        drawn = {"seed": self.scored.seed, "draws": self.scored.draws}
        return Later({name: partial(measure.table, self.tables, **drawn) for name, measure in measures().items()})

    @cached_property
    def result(self) -> report.Comparison:
        """What ``python -m ser_core compare`` writes, all of it."""
        return report.comparison(self.tables, said=self.said, asked=self.options, made_of=made_of(self.folders, self.where))

    @cached_property
    def files(self) -> Mapping[str, Callable[[], bytes]]:
        """What makes each file that ``compare`` writes, by its name; it is made when somebody saves it."""
        whole = {name: partial(self._file, name) for name in ("report.html", "report.zip")}
        tables: dict[str, Callable[[], pd.DataFrame]] = {"tests": self._tests, "groups": partial(scores.groups, self.tables)}
        tables |= {name: partial(self.measures.__getitem__, name) for name in self.measures}
        own = {name: partial(self.scored.files.__getitem__, name) for name in self.scored.files}
        return {**own, **{f"{name}.csv": partial(self._csv, make) for name, make in tables.items()}, **whole}

    def _file(self, name: str) -> bytes:
        return self.result.files[name]

    def _csv(self, make: Callable[[], pd.DataFrame]) -> bytes:
        return ratings.to_csv(made_up.stamped(make(), self.made_up)).encode()

    def _tests(self) -> pd.DataFrame:
        return comparisons.together(self.families)

    @cached_property
    def counted(self) -> Counted:
        """Who judged what to be what."""
        return count(self.tables)

    @cached_property
    def made_up(self) -> str:
        """What of it was made up, in a few words."""
        return made_up.words(self.tables)

    @cached_property
    def small(self) -> pd.DataFrame:
        """Groups that are too small to be shown to the public."""
        return too_small(self.tables)

    def power(self, effect: float) -> pd.DataFrame:
        """What ``python -m ser_core power`` tells of it for a difference of UA; kept, for it takes seconds.

        Raises:
            BadInput: in no language can the spread of listeners and clips be estimated.
        """
        if effect not in self.powers:
            self.powers[effect] = power.table(self.tables, effect=effect)
        return self.powers[effect]


def finished(study: Study) -> list[Run]:
    """The study's finished runs, the latest first.

    Raises:
        BadInput: a run folder was damaged.
    """
    names = tuple(sorted(file.parent.name for file in places.runs().glob("[!.]*/config.yaml")))
    return _finished(study.version, str(places.runs()), names, _study=study)


@st.cache_resource(max_entries=8, show_spinner=False)
def _finished(version: str, folder: str, names: tuple[str, ...], *, _study: Study) -> list[Run]:
    return sorted(runs.of(_study.stimuli), key=lambda run: (str(run.config.get("written_at", "")), run.id), reverse=True)


@dataclass(frozen=True)
class Joined:
    """What people and runs said of a study's clips, as one set of tables.

    Attributes:
        tables: checked tables.
        people: how many listeners there are.
        simulated: how many of them are simulated.
        export: what a researcher types to get the folder of the people's tables; empty where nobody has answered.
        folders: the folders that hold what stands in the tables, the people's first.
    """

    tables: ratings.Tables
    people: int
    simulated: int
    export: str
    folders: tuple[str, ...]

    @cached_property
    def conditions(self) -> list[str]:
        """Columns between whose values the same listeners can be compared."""
        return conditions(self.tables)

    @cached_property
    def errors(self) -> pd.DataFrame:
        """The error rate of every rater on every clip, ``segments.csv`` as ``score`` writes it."""
        return segments(self.tables)

    def commands(
        self, *names: str, out: str, where: filters.Where = MappingProxyType({}), options: Sequence[str] = ()
    ) -> str:
        """What a researcher types to let these commands read the same and write into ``out``, a line for each."""
        more = [*options, *filters.typed(where)]
        typed = (places.typed("ser_core", name, *self.folders, "--out", out, *more) for name in names)
        return "\n".join(filter(None, (self.export, *typed)))


def joined(study: Study, store: Store, chosen: Sequence[Run]) -> Joined | None:
    """People's answers and the chosen runs together; None where nobody has said anything yet.

    Raises:
        BadInput: the runs contradict each other.
    """
    return _joined(*_key(study, store, chosen), _from=(study, store, chosen))


def _key(study: Study, store: Store, chosen: Sequence[Run]) -> tuple[str, str, int, tuple[str, ...]]:
    return study.version, str(store.engine.url), store.count(study.id), tuple(r.id for r in chosen)


@st.cache_resource(max_entries=8, show_spinner="Reading …")
def _joined(
    version: str, database: str, answers: int, names: tuple[str, ...], *, _from: tuple[Study, Store, Sequence[Run]]
) -> Joined | None:
    study, store, chosen = _from
    people = export.tables(study, store)
    heard = len(people.ratings) > 0
    parts = [*([people] if heard else []), *(run.tables for run in chosen)]
    if not parts:
        return None
    return Joined(
        ratings.combine(parts, names=[*(["people"] if heard else []), *names]),
        len(people.raters),
        int((people.raters["simulated"] == "yes").sum()) if heard else 0,
        places.typed("listening_tests", "export", str(study.folder), "--out", "people") if heard else "",
        (*(["people"] if heard else []), *(str(run.folder) for run in chosen)),
    )


def compared(
    study: Study,
    store: Store,
    chosen: Sequence[Run],
    where: filters.Where,
    options: comparisons.Asked = comparisons.USUAL,
) -> Compared | None:
    """Score what people and the chosen runs said of the study's clips; None where nobody has said anything yet.

    Args:
        study: whose clips.
        store: where the answers are.
        chosen: the runs.
        where: which ratings are looked at.
        options: what of the tests is chosen.

    Raises:
        BadInput: the runs contradict each other, nothing is left by the filter, or nothing can be scored.
    """
    asked = tuple((name, tuple(values)) for name, values in where.items())
    return _compared(*_key(study, store, chosen), asked, options, _from=(study, store, chosen))


@st.cache_resource(max_entries=8, show_spinner="Scoring …")
def _compared(
    version: str,
    database: str,
    answers: int,
    names: tuple[str, ...],
    asked: tuple[tuple[str, tuple[str, ...]], ...],
    options: comparisons.Asked,
    *,
    _from: tuple[Study, Store, Sequence[Run]],
) -> Compared | None:
    both = joined(*_from)
    if both is None:
        return None
    where = dict(asked)
    tables, said, found = _kept(version, database, answers, names, asked, _from=_from)
    commands = both.commands("compare", out="comparison", where=where, options=options.typed())
    people = tables.raters[tables.raters["rater_type"] == "human"]
    simulated = made_up.number(people, "simulated")
    compared = Compared(tables, said, found, both.folders, where, options, len(people), simulated, commands)
    assert compared.families is not None  # what cannot be tested is refused here
    return compared


@st.cache_resource(max_entries=8, show_spinner="Scoring …")
def _kept(
    version: str,
    database: str,
    answers: int,
    names: tuple[str, ...],
    asked: tuple[tuple[str, tuple[str, ...]], ...],
    *,
    _from: tuple[Study, Store, Sequence[Run]],
) -> tuple[ratings.Tables, tuple[str, ...], scores.Scores]:
    """What a filter leaves, and its scores, whatever is chosen of the tests."""
    both = joined(*_from)
    assert both is not None
    tables, said = filters.keep(both.tables, dict(asked))
    return tables, said, scores.score(tables, said=said)


def scored(study: Study, store: Store, chosen: Sequence[Run]) -> scores.Scores | None:
    """What ``python -m ser_core score`` writes of the same; None where nobody has said anything yet.

    Raises:
        BadInput: the runs contradict each other, or nothing can be scored.
    """
    return _scored(*_key(study, store, chosen), _from=(study, store, chosen))


@st.cache_resource(max_entries=8, show_spinner="Scoring …")
def _scored(
    version: str, database: str, answers: int, names: tuple[str, ...], *, _from: tuple[Study, Store, Sequence[Run]]
) -> scores.Scores | None:
    both = joined(*_from)
    return None if both is None else scores.score(both.tables)


@dataclass(frozen=True)
class Agreed:
    """How alike raters mark: the three tables of ``ser_core.segment_agreement``."""

    agreement: pd.DataFrame
    deviations: pd.DataFrame
    density: pd.DataFrame


def agreed(study: Study, store: Store, chosen: Sequence[Run]) -> Agreed | None:
    """How alike people and models mark parts; None where nobody has said anything yet.

    Raises:
        BadInput: the runs contradict each other, or nobody marked a part.
    """
    return _agreed(*_key(study, store, chosen), _from=(study, store, chosen))


@st.cache_resource(max_entries=8, show_spinner="Comparing marks …")
def _agreed(
    version: str, database: str, answers: int, names: tuple[str, ...], *, _from: tuple[Study, Store, Sequence[Run]]
) -> Agreed | None:
    both = joined(*_from)
    if both is None:
        return None
    return Agreed(*(measure(both.tables) for measure in (agreement, deviations, density)))


def posteriors(chosen: Sequence[Run], stimulus: str) -> dict[str, pd.DataFrame]:
    """By rater, what the runs' models found in each frame of a clip: ``start_s, end_s`` and a column for each label.

    Raises:
        BadInput: a run's file of posteriors is damaged.
    """
    found: dict[str, pd.DataFrame] = {}
    for run in chosen:
        found |= _posteriors(str(run.folder / "posteriors.parquet"), stimulus)
    return found


@st.cache_resource(max_entries=64, show_spinner=False)
def _posteriors(file: str, stimulus: str) -> dict[str, pd.DataFrame]:
    try:
        frames = pd.read_parquet(file, filters=[("stimulus", "==", stimulus)])
        parts = {str(rater): part.drop(columns=["rater", "stimulus"]) for rater, part in frames.groupby("rater")}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(
            Problem(f"cannot be read as posteriors ({error}); remove the run, or restore the file", file)
        ) from error
    return {rater: part.dropna(axis="columns", how="all") for rater, part in parts.items()}
