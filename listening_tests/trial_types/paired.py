"""Compare two clips: in which of them does the voice sound more like an emotion?

The pairs stand in a table of the study with the columns ``a`` and ``b`` (ids of clips) and, if it is not the same for all,
``emotion``. Which of the two comes first is drawn for each pair and listener when the order is drawn; the trial's
``stimulus`` is the one that came first, and ``other`` the second.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import Field as Described

from listening_tests.trial import Answer, Field, Form, Option, Parameters, Plays, Question, Trial, TrialType, Ui, cleaned
from listening_tests.trial_types import _listening
from listening_tests.trial_types._listening import LISTENING, MUTE, Hearings, Words
from ser_core.errors import nearest

if TYPE_CHECKING:
    from listening_tests.study import Study

ANSWER = (Field("choice", "a = the clip that came first, b = the other one, tie = neither more than the other"), *LISTENING)


class Paired(Parameters):
    """Which pairs are compared, and for what."""

    emotion: str = Described(
        default="", description="what to compare for; empty = the column 'emotion' of the pairs says it"
    )
    pairs: str = Described(default="pairs.csv", min_length=1, description="the table of pairs, in the study's folder")
    tie: bool = Described(default=False, description="whether 'both the same' is offered")
    shuffled: bool = Described(default=True, description="whether each listener gets the pairs in an order of their own")
    plays: Hearings = Described(default=Hearings(), description="how often each clip must and may be heard")


def form(trial: Trial, words: Words) -> Form:
    """Two clips and one question."""
    options = [Option("a", words.text("paired.first")), Option("b", words.text("paired.second"))]
    if trial.parameters["tie"]:
        options.append(Option("tie", words.text("paired.tie")))
    prompt = words.text("paired.question", emotion=words.label(trial.parameters["emotion"]))
    names = [words.text("paired.first"), words.text("paired.second")]
    return Form([Question("choice", prompt, options=options)], 2, names, Plays(**trial.parameters["plays"]))


def show(trial: Trial, ui: Ui) -> None:
    """The two clips."""
    ui.player(trial, form(trial, ui))


def check(trial: Trial, answer: Answer) -> str | None:
    """One of the answers, after both clips were heard as they must be; or one that failed."""
    return _listening.wrong(form(trial, MUTE), cleaned(ANSWER, answer))


def simulate(trial: Trial, rng: random.Random) -> dict[str, Any]:
    """Either clip, at random."""
    return cleaned(ANSWER, _listening.simulated(form(trial, MUTE), rng))


def pairs(parameters: Mapping[str, Any], study: Study) -> list[tuple[str, str]]:
    """The pairs of the table, in its order."""
    return [(row["a"], row["b"]) for row in _rows(study.tables.get(parameters["pairs"], ""))]


def about(parameters: dict[str, Any], study: Study, stimulus: str, other: str) -> dict[str, Any]:
    """What the two clips are compared for."""
    rows = [] if parameters["emotion"] else _rows(study.tables.get(parameters["pairs"], ""))
    named = next((row["emotion"] for row in rows if {row["a"], row["b"]} == {stimulus, other}), "")
    return {**parameters, "emotion": parameters["emotion"] or named}


@lru_cache(maxsize=64)  # asked for once for each pair when an order is drawn
def _rows(table: str) -> list[dict[str, str]]:
    rows = csv.DictReader(io.StringIO(table, newline=""), restval="")
    return [{name: (row.get(name) or "").strip() for name in ("a", "b", "emotion")} for row in rows]


def fits(parameters: Mapping[str, Any], study: Study) -> list[str]:
    """The table is there, its clips are clips of the study, and each pair has an emotion of the study."""
    name = parameters["pairs"]
    if name not in study.tables:
        files = [file.name for file in study.folder.glob("*.csv") if file.name != "stimuli.csv"]
        return [f"the study's folder has no table '{name}' with the columns a and b. {nearest(name, files)}"]
    if "\N{REPLACEMENT CHARACTER}" in study.tables[name]:
        return [f"{name} is not a CSV table in UTF-8"]
    try:
        rows = _rows(study.tables[name])
    except csv.Error as error:
        return [f"{name} is not a CSV table: {error}"]
    if not rows or not any(row["a"] or row["b"] for row in rows):
        return [f"{name} holds no pair; it needs the columns a and b, and a line for each pair"]
    problems = _repeated(rows, name)
    for line, row in enumerate(rows, 2):
        problems += [f"{name}, line {line}: {what}" for what in _row(row, parameters, study)]
    return problems


def _row(row: Mapping[str, str], parameters: Mapping[str, Any], study: Study) -> list[str]:
    clips = set(study.stimuli["stimulus"])
    problems = [f"no clip '{row[side]}'. {nearest(row[side], clips)}" for side in ("a", "b") if row[side] not in clips]
    if row["a"] == row["b"]:
        problems.append(f"clip '{row['a']}' is compared with itself")
    wanted = parameters["emotion"] or row["emotion"]
    if not wanted:
        problems.append("says of no emotion; fill the column 'emotion', or give the trial an 'emotion'")
    elif wanted not in study.emotions:
        problems.append(f"'{wanted}' is none of the study's emotions. {nearest(wanted, study.emotions)}")
    return problems


def _repeated(rows: list[dict[str, str]], name: str) -> list[str]:
    """A pair that stands twice could not be told apart afterwards."""
    seen: dict[frozenset[str], int] = {}
    problems = []
    for line, row in enumerate(rows, 2):
        pair = frozenset((row["a"], row["b"]))
        if seen.setdefault(pair, line) != line:
            problems.append(f"{name}, line {line}: the same pair as in line {seen[pair]}")
    return problems


TRIAL = TrialType("Pairs", show, check, simulate, Paired, ANSWER, hears=True, pairs=pairs, about=about, fits=fits)
