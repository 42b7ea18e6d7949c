"""One HTML file that says what was compared, how, and what came out; it needs nothing beside it and prints well.

Every number in it stands in one of the CSV files that ``compare`` writes with it, with all its digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import jinja2
import pandas as pd

from ser_core import comparisons, made_up, scores
from ser_core.emotions import in_order
from ser_core.measures._measure import TableMeasure, measures
from ser_core.metrics.eder import Compat, Tail
from ser_core.ratings import Tables, to_csv

TEMPLATE = Path(__file__).with_name("report.html.j2")
T = TypeVar("T")
_ROWS = 40
"""So many rows of a measure are for reading; the rest stands in its file."""


class _Made(Mapping[str, T]):
    """What is made when it is first asked for, by its name."""

    def __init__(self, makers: Mapping[str, Callable[[], T]]):
        self._makers = makers
        self._made: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


@dataclass(frozen=True)
class Comparison:
    """Everything ``compare`` writes. Measures, and the report, which holds them, are made when they are first asked for.

    Attributes:
        tables: what was compared.
        scored: what ``score`` writes.
        tests: between groups, and between models and people (``comparisons.TESTS``).
        groups: each group described (``scores.GROUPS``).
        facts: what the report says beside the measures.
        seed, draws: of the bootstrap.
    """

    tables: Tables
    scored: scores.Scores
    tests: pd.DataFrame
    groups: pd.DataFrame
    facts: Mapping[str, Any]
    seed: int
    draws: int

    @cached_property
    def measures(self) -> Mapping[str, pd.DataFrame]:
        """The table of every measure by its name (``measures/``)."""
        return _Made({name: partial(self._measured, measure) for name, measure in measures().items()})

    @cached_property
    def report(self) -> str:
        """The HTML."""
        return _render({**self.facts, "measures": [_measure(name, data) for name, data in self.measures.items()]})

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """Content of each file by its name."""
        ready = {**self.scored.files, "tests.csv": self._csv(self.tests), "groups.csv": self._csv(self.groups)}
        makers = {name: partial(ready.__getitem__, name) for name in ready}
        measured = {f"{name}.csv": partial(self._measure_csv, name) for name in self.measures}
        return _Made({**makers, **measured, "report.html": lambda: self.report.encode()})

    def _measured(self, measure: TableMeasure) -> pd.DataFrame:
        return measure.table(self.tables, seed=self.seed, draws=self.draws)

    def _measure_csv(self, name: str) -> bytes:
        return self._csv(self.measures[name])

    def _csv(self, table: pd.DataFrame) -> bytes:
        return to_csv(made_up.stamped(table, self.scored.made_up)).encode()


def comparison(
    tables: Tables,
    *,
    seed: int = 0,
    draws: int = 2000,
    command: str = "",
    tail: Tail = "neutral",
    compat: Compat = "",
    said: tuple[str, ...] = (),
    asked: comparisons.Asked = comparisons.USUAL,
) -> Comparison:
    """Score, test and report.

    Args:
        tables: checked tables.
        seed: of the bootstrap.
        draws: of the bootstrap.
        command: what a reader types to get these files again; left out where empty.
        tail, compat: of EDER, as for ``scores.score``.
        said: sentences on what was left out before, as for ``scores.score``.
        asked: what of the tests is chosen.

    Raises:
        BadInput: nothing in the tables can be scored; or with ``compat``, what SpeechBrain cannot do.
    """
    scored = scores.score(tables, seed=seed, draws=draws, tail=tail, compat=compat, said=said)
    tests = comparisons.compare(tables, tail=tail, compat=compat, seed=seed, draws=draws, asked=asked)
    groups = scores.groups(tables)
    facts = {
        "command": command,
        "seed": seed,
        "draws": draws,
        "synthetic": made_up.sentences(tables),
        "left_out": scored.left_out,
        "overview": overview(scored.scores, groups),
        "eder": _eder_lines(eder_overview(scored.scores)),
        "said_of_eder": said_of_eder(tail, compat),
        "matrices": _matrices(scored.confusion),
        "families": _families(tests),
        "clips": tables.stimuli["stimulus"].nunique(),
        "people": int((tables.raters["rater_type"] == "human").sum()),
        "machines": int((tables.raters["rater_type"] == "machine").sum()),
        "versions": {name: version(name) for name in ("pingouin", "scipy", "numpy", "pandas")},
    }
    return Comparison(tables, scored, tests, groups, facts, seed, draws)


def overview(score_rows: pd.DataFrame, groups: pd.DataFrame) -> list[dict[str, Any]]:
    """One entry for each group and language: ``group, rater_type, language, raters, judgements, wa, ua, ci_low, ci_high``.

    Args:
        score_rows: columns ``scores.SCORES``.
        groups: columns ``scores.GROUPS``.
    """
    key = ["rater_type", "group", "language"]
    whole = score_rows[(score_rows["rater"] == "") & (score_rows["corpus"] == "")]
    ua, wa = (whole[whole["metric"] == name].set_index(key) for name in ("ua", "wa"))
    table = groups.set_index(key)[["raters", "judgements"]].assign(
        wa=wa["value"], ua=ua["value"], ci_low=ua["ci_low"], ci_high=ua["ci_high"]
    )
    return _records(table.reset_index())


def eder_overview(score_rows: pd.DataFrame) -> list[dict[str, Any]]:
    """One entry for each group, language and emotion (empty: all of them) of which parts were marked.

    Each has ``group, rater_type, language, emotion, n, eder, pooled, ci_low, ci_high``; the interval is that of ``eder``.

    Args:
        score_rows: columns ``scores.SCORES``.
    """
    whole = score_rows[(score_rows["rater"] == "") & (score_rows["corpus"] == "")]
    key = ["rater_type", "group", "language", "emotion"]
    mean, pooled = (whole[whole["metric"] == name].set_index(key) for name in ("eder", "eder_pooled"))
    table = mean[["n", "ci_low", "ci_high"]].assign(eder=mean["value"], pooled=pooled["value"])
    return _records(table.reset_index())


def _eder_lines(entries: list[dict[str, Any]]) -> tuple[list[str], list[tuple[dict[str, Any], list[float]]]]:
    """The emotions, and of each group in each language the entry over all of them and EDER of each."""
    emotions = in_order({entry["emotion"] for entry in entries} - {""})
    known = {(e["group"], e["language"], e["emotion"]): e["eder"] for e in entries}
    over_all = [entry for entry in entries if not entry["emotion"]]
    return emotions, [(e, [known.get((e["group"], e["language"], name), math.nan) for name in emotions]) for e in over_all]


_TAILS: Mapping[Tail, str] = {
    "error": "counts as wrong",
    "hold": "counts as what it said last",
    "neutral": "counts as neutral",
}


def said_of_eder(tail: Tail, compat: Compat) -> str:
    """How EDER was computed, in one sentence.

    >>> said_of_eder("hold", "")
    'EDER: what a person did not mark counts as neutral; time of which a model said nothing counts as what it said last.'
    """
    by = "EDER by SpeechBrain’s arithmetic" if compat else "EDER"
    return f"{by}: what a person did not mark counts as neutral; time of which a model said nothing {_TAILS[tail]}."


def number(value: float, digits: int = 3) -> str:
    """A number for a reader, nothing where there is none.

    >>> number(0.66384), number(float("nan")), number(-0.0001)
    ('0.664', '', '0.000')
    """
    if value is None or math.isnan(value):
        return ""
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def p_value(p: float) -> str:
    """A p value as journals print it.

    >>> p_value(0.0004), p_value(0.0481), p_value(float("nan"))
    ('< .001', '.048', '')
    """
    if math.isnan(p):
        return ""
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def _matrices(confusion: pd.DataFrame) -> list[dict[str, Any]]:
    """Each group's confusion table in each language, rows and columns in order."""
    found = []
    rows = confusion[(confusion["rater"] == "") & (confusion["language"] != "")]
    for (language, group), part in rows.groupby(["language", "group"], sort=True):
        cells = {(row["truth"], row["label"]): row for row in part.to_dict("records")}
        labels = in_order(set(part["label"]))
        lines = [(t, [cells[t, label] for label in labels]) for t in in_order(set(part["truth"]))]
        found.append({"group": group, "language": language, "labels": labels, "lines": lines})
    return found


def _families(tests: pd.DataFrame) -> list[tuple[str, int, list[tuple[str, str, list[dict[str, Any]]]]]]:
    """Each family with its size and, for every pair of groups, the rows."""
    return [
        (
            str(name),
            len(family),
            [(str(a), str(b), _records(rows)) for (a, b), rows in family.groupby(["a", "b"], sort=True)],
        )
        for name, family in tests.groupby("family", sort=False)
    ]


def _measure(name: str, data: pd.DataFrame) -> dict[str, Any]:
    """What a measure says of itself, and its first rows without those of single clips, in the columns that hold anything."""
    rows = data[data["stimulus"] == ""] if "stimulus" in data else data
    numbers = {column.name for column in measures()[name].columns if column.kind == "number"}
    told = [str(column) for column in rows if not (rows[column].isna() | (rows[column] == "")).all()]
    return {
        "name": name,
        "measure": measures()[name],
        "columns": [(column, column in numbers) for column in told],
        "rows": _records(rows[told].head(_ROWS)),
        "more": len(data) - min(len(rows), _ROWS),
    }


def cell(value: Any) -> str:
    """What stands in a cell of a table: counts whole, other numbers as ``number`` has them, texts as they are.

    >>> cell(1200), cell(0.25), cell("sad")
    ('1,200', '0.250', 'sad')
    """
    return f"{value:,}" if isinstance(value, int) else number(value) if isinstance(value, float) else str(value)


def _records(data: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in data.to_dict("records")]


def _render(facts: Mapping[str, Any]) -> str:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(number=number, p_value=p_value, cell=cell, thousands="{:,}".format)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(facts)
