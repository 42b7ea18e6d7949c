"""What pages read again and again, kept until the study, its answers or its runs change.

The key is always a version (the study's hash, the number of answers, the names of runs), never the data: hashing frames
takes longer than scoring them, and large ones are only sampled. Answers and runs are never changed once written, so their
number and names tell of every change.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from listening_tests import export
from listening_tests.store import Store
from listening_tests.study import Study
from ser_core import places, ratings, report, runs
from ser_core.runs import Run


@dataclass(frozen=True)
class Compared:
    """People and runs side by side.

    Attributes:
        result: what ``python -m ser_core compare`` writes.
        people: how many listeners there are.
        simulated: how many of them are simulated.
        commands: what a researcher types to get the same files.
    """

    result: report.Comparison
    people: int
    simulated: int
    commands: str


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


def compared(study: Study, store: Store, chosen: Sequence[Run]) -> Compared | None:
    """Score what people and the chosen runs said of the study's clips; None where nobody has said anything yet.

    Raises:
        BadInput: the runs contradict each other, or nothing can be scored.
    """
    return _compared(
        study.version,
        str(store.engine.url),
        store.count(study.id),
        tuple(r.id for r in chosen),
        _from=(study, store, chosen),
    )


@st.cache_resource(max_entries=8, show_spinner="Scoring …")
def _compared(
    version: str, database: str, answers: int, names: tuple[str, ...], *, _from: tuple[Study, Store, Sequence[Run]]
) -> Compared | None:
    study, store, chosen = _from
    people = export.tables(study, store)
    heard = len(people.ratings) > 0
    parts = [*([people] if heard else []), *(run.tables for run in chosen)]
    if not parts:
        return None
    tables = ratings.combine(parts, names=[*(["people"] if heard else []), *names])
    folders = [*(["people"] if heard else []), *(str(run.folder) for run in chosen)]
    command = shlex.join(["python", "-m", "ser_core", "compare", *folders, "--out", "comparison"])
    first = shlex.join(["python", "-m", "listening_tests", "export", str(study.folder), "--out", "people"])
    return Compared(
        report.comparison(tables, command=command),
        len(people.raters),
        int((people.raters["simulated"] == "yes").sum()) if heard else 0,
        f"{first}\n{command}" if heard else command,
    )
