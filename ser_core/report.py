"""One HTML file that says what was compared, how, and what came out; it needs nothing beside it and prints well.

Every number in it stands in one of the CSV files that ``compare`` writes with it, with all its digits. ``report.zip`` holds
all of them and what they were made of (``report_files.py``); the same ratings and settings give it to the byte, whether they
come from the folders or from such a ZIP.
"""

from __future__ import annotations

import math
import platform
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from ser_core import comparisons, figure_notes, filters, made_up, report_files, scores
from ser_core.emotions import in_order
from ser_core.later import Later
from ser_core.measures._measure import TableMeasure, measures
from ser_core.methods_section import Done, methods
from ser_core.metrics.eder import Compat, Tail
from ser_core.provenance import UNKNOWN, MadeOf
from ser_core.ratings import Tables, to_csv
from ser_core.svg import Picture

TEMPLATE = Path(__file__).with_name("report.html.j2")
_ROWS = 40
"""So many rows of a measure are for reading; the rest stands in its file."""
_DRAWN = 24
"""So many figures of a kind are for reading; the rest are files of the ZIP."""
_SHOWN = {"ua": "ua", "emotions-recall": "recall", "eder": "eder", "difference": "difference"}
"""The figures that stand in the HTML, by what the name of their file begins with; a confusion table is one by itself."""


@dataclass(frozen=True)
class Comparison:
    """Everything ``compare`` writes. Measures, and what holds them, are made when they are first asked for.

    Attributes:
        tables: what was compared.
        scored: what ``score`` writes.
        tests: between groups, and between models and people (``comparisons.TESTS``).
        groups: each group described (``scores.GROUPS``).
        settings: what was chosen, as ``report.yaml`` tells it.
        made_of: where the ratings come from, and what was left out of them before.
        facts: what the report says beside the measures and the figures.
    """

    tables: Tables
    scored: scores.Scores
    tests: pd.DataFrame
    groups: pd.DataFrame
    settings: Mapping[str, Any]
    made_of: MadeOf
    facts: Mapping[str, Any]

    @cached_property
    def measures(self) -> Mapping[str, pd.DataFrame]:
        """The table of every measure by its name (``measures/``)."""
        return Later({name: partial(self._measured, measure) for name, measure in measures().items()})

    @cached_property
    def results(self) -> Mapping[str, pd.DataFrame]:
        """Every table that was made, by its name, with what was made up of it."""
        scored = {"scores": self.scored.scores, "confusion": self.scored.confusion, "segments": self.scored.segments}
        ready = {**scored, "tests": self.tests, "groups": self.groups}
        made = {name: partial(self._stamped, ready, name) for name in ready}
        return Later({**made, **{name: partial(self._stamped, self.measures, name) for name in self.measures}})

    @cached_property
    def figures(self) -> dict[str, Picture]:
        """Every still figure by the name of its file in the ZIP."""
        from ser_core import report_figures  # plotly's colours, which a command that draws nothing does not wait for

        return report_figures.figures(
            self.scored.scores,
            self.scored.confusion,
            self.measures["differences"],
            guess="emotion" not in self.made_of.where,
            made_up=self.scored.made_up,
            rests_on=self._rests_on,
        )

    def _rests_on(self, language: str, groups: Collection[str] = (), *, marked: bool = False) -> str:
        judged, what = (self.scored.marked, "marking") if marked else (self.scored.counted, "judgement")
        return figure_notes.rests_on(self.tables, judged, language, self.scored.left_out, groups=groups, what=what)

    @cached_property
    def report(self) -> str:
        """The HTML."""
        told = [_measure(name, data) for name, data in self.measures.items()]
        return _render({**self.facts, **_drawn(self.figures), "measures": told})

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """Content of each file by its name."""
        tables = {f"{name}.csv": partial(self._csv, name) for name in self.results}
        return Later({**tables, "report.html": lambda: self.report.encode(), "report.zip": self._packed})

    def _packed(self) -> bytes:
        return report_files.pack(
            self.tables,
            self.results,
            html=self.report,
            parts=self.facts["methods"],
            figures=self.figures,
            made_of=self.made_of,
            settings=self.settings,
            command=self.facts["again"],
        )

    def _measured(self, measure: TableMeasure) -> pd.DataFrame:
        return measure.table(self.tables, seed=self.settings["seed"], draws=self.settings["draws"])

    def _stamped(self, tables: Mapping[str, pd.DataFrame], name: str) -> pd.DataFrame:
        return made_up.stamped(tables[name], self.scored.made_up)

    def _csv(self, name: str) -> bytes:
        return to_csv(self.results[name]).encode()


def comparison(
    tables: Tables,
    *,
    seed: int = 0,
    draws: int = 2000,
    tail: Tail = "neutral",
    compat: Compat = "",
    said: tuple[str, ...] = (),
    asked: comparisons.Asked = comparisons.USUAL,
    made_of: MadeOf = UNKNOWN,
) -> Comparison:
    """Score, test and report.

    Args:
        tables: checked tables.
        seed: of the bootstrap.
        draws: of the bootstrap.
        tail, compat: of EDER, as for ``scores.score``.
        said: sentences on what was left out before, as for ``scores.score``.
        asked: what of the tests is chosen.
        made_of: where the tables come from.

    Raises:
        BadInput: nothing in the tables can be scored; or with ``compat``, what SpeechBrain cannot do.
    """
    made_of = replace(made_of, said=(*made_of.said, *said))
    scored = scores.score(tables, seed=seed, draws=draws, tail=tail, compat=compat, said=made_of.said)
    tests = comparisons.compare(tables, tail=tail, compat=compat, seed=seed, draws=draws, asked=asked)
    groups = scores.groups(tables)
    eder = eder_overview(scored.scores)
    versions = {"Python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}}
    settings = {"seed": seed, "draws": draws, "tail": tail, "compat": compat, **asdict(asked), "versions": versions}
    options = _typed(seed, tail, compat, asked)
    done = Done(tests, scored.left_out, said_of_eder(tail, compat) if eder else "", seed, draws, versions)
    facts = {
        "again": _command(["report.zip"], "again", options),
        "first": _command(made_of.folders, "comparison", [*options, *filters.typed(made_of.where)]),
        "synthetic": made_up.sentences(tables),
        "left_out": scored.left_out,
        "overview": overview(scored.scores, groups),
        "eder": _eder_lines(eder),
        "said_of_eder": said_of_eder(tail, compat),
        "matrices": _matrices(scored.confusion),
        "families": _families(tests),
        "clips": tables.stimuli["stimulus"].nunique(),
        "people": int((tables.raters["rater_type"] == "human").sum()),
        "machines": int((tables.raters["rater_type"] == "machine").sum()),
        "methods": methods(tables, made_of, done),
    }
    return Comparison(tables, scored, tests, groups, settings, made_of, facts)


_LIBRARIES = ("pingouin", "scipy", "numpy", "pandas", "statsmodels")


def _typed(seed: int, tail: Tail, compat: Compat, asked: comparisons.Asked) -> list[str]:
    """The words that a command line wants for what is chosen otherwise than usual."""
    given = (("--seed", str(seed), "0"), ("--tail", tail, "neutral"), ("--compat", compat, ""))
    return [*(word for name, value, usual in given if value != usual for word in (name, value)), *asked.typed()]


def _command(folders: Sequence[str], out: str, options: Sequence[str]) -> str:
    """What is typed to compare these folders; nothing where there are none."""
    return shlex.join(["python", "-m", "ser_core", "compare", *folders, "--out", out, *options]) if folders else ""


def _drawn(figures: Mapping[str, Picture]) -> dict[str, Any]:
    """The figures that the HTML holds, by kind, and how many more there are."""
    kinds = {kind: [p.inside() for name, p in figures.items() if name.startswith(f"{kind}-")] for kind in _SHOWN}
    shown = {name: pictures[:_DRAWN] for (kind, pictures), name in zip(kinds.items(), _SHOWN.values(), strict=True)}
    return {"figures": shown, "more_figures": len(figures) - sum(map(len, shown.values()))}


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
