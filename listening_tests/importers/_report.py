"""What became of everything in an imported file: a row for each page and option, with its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

WITH_PAGE, WITH_QUESTION = "goes with its page", "goes with its question"
MISSING = "the file is missing"
SAID_ONCE = (WITH_PAGE, WITH_QUESTION, MISSING)
"""Notes that a terminal leaves out: the page, the question, or what is to do with the files, is named there."""

Outcome = Literal["mapped", "changed", "not mapped"]


@dataclass(frozen=True, order=True)
class Row:
    """One option (``key``) of one place: what became of it, and in what way or why not."""

    line: int
    place: str
    key: str
    outcome: Outcome
    note: str


@dataclass(frozen=True)
class ToDo:
    """What is left to do, and the things it is to be done with, if they are many."""

    what: str
    items: Sequence[str] = ()


@dataclass
class Report:
    """Rows in the order in which they were found, and what is left to do."""

    rows: list[Row] = field(default_factory=list)
    to_do: list[ToDo] = field(default_factory=list)

    def add(self, line: int, place: str, key: str, outcome: Outcome, note: str) -> None:
        """One more row."""
        self.rows.append(Row(line, place, key, outcome, note))

    def count(self, outcome: Outcome) -> int:
        """How many rows have this outcome."""
        return sum(row.outcome == outcome for row in self.rows)

    def table(self) -> str:
        """Every row as CSV, by line."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("line", "place", "option", "outcome", "note"))
        writer.writerows((r.line, r.place, r.key, r.outcome, r.note) for r in sorted(self.rows))
        return text.getvalue()

    def markdown(self, title: str) -> str:
        """All of it for people: what is to be done, what is lost, what changed, what was taken over."""
        parts = [f"# {title}", self.summary()]
        if self.to_do:
            lines = (f"{'  ' * deep}- {_plain(what)}" for deep, what in self._to_do(most=None))
            parts.append("## To do\n\n" + "\n".join(lines))
        for outcome, heading in (("not mapped", "Not mapped"), ("changed", "Changed"), ("mapped", "Mapped")):
            rows = [row for row in sorted(self.rows) if row.outcome == outcome]
            if rows:
                parts.append(f"## {heading}\n\n" + "\n".join(f"- {_plain(line)}" for line in _grouped(rows)))
        return "\n\n".join(parts) + "\n"

    def printed(self) -> str:
        """What a terminal shows: everything that a person must know of; what was simply taken over is only counted."""
        lines = []
        for outcome in ("not mapped", "changed"):
            rows = [row for row in sorted(self.rows) if row.outcome == outcome and row.note not in SAID_ONCE]
            lines += [f"{outcome}: {line}" for line in _grouped(rows)]
        lines += [f"to do: {what}" if not deep else f"  {what}" for deep, what in self._to_do(most=5)]
        return "\n".join([*lines, self.summary()])

    def _to_do(self, *, most: int | None) -> Iterator[tuple[int, str]]:
        """Each thing to do, then what it is to be done with; 0 or 1 says which of the two a line is."""
        for one in self.to_do:
            yield 0, one.what
            yield from ((1, item) for item in one.items[:most])
            if most is not None and len(one.items) > most:
                yield 1, f"and {len(one.items) - most} more; import-report.md names them all"

    def summary(self) -> str:
        """The counts, as a sentence."""
        kinds: tuple[Outcome, ...] = ("mapped", "changed", "not mapped")
        return "Pages and options: " + ", ".join(f"{self.count(kind)} {kind}" for kind in kinds) + "."


def _grouped(rows: Iterable[Row]) -> list[str]:
    """Rows that say the same of the same option as one line, with all their lines."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.key, row.note), []).append(row)
    return [f"{_lines([r.line for r in group])} ({_places(group)}): {key}: {note}" for (key, note), group in groups.items()]


def _lines(numbers: list[int]) -> str:
    found = sorted(set(numbers))
    return f"line {found[0]}" if len(found) == 1 else "lines " + ", ".join(map(str, found))


def _places(rows: list[Row]) -> str:
    places = list(dict.fromkeys(row.place for row in rows))
    return ", ".join(places) if len(places) <= 3 else f"{places[0]} and {len(places) - 1} more"


def _plain(text: str) -> str:
    """HTML and Markdown signs of the imported file shown as they are."""
    return "".join("\\" + sign if sign in "\\`*_<>[]#" else sign for sign in text)
