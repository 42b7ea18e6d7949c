"""Published results, in the columns of our own, so that they can be shown beside one's own.

Each folder of ``data/published/`` is one paper: a README.md (its title, its citation, what does not fit together) and the
tables as printed. ``table*.csv`` in the columns of ``scores.csv`` or of ``confusion.csv`` are read as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ser_core.errors import BadInput, Problem, nearest
from ser_core.places import ROOT
from ser_core.scores import CONFUSION, SCORES

FOLDER = ROOT / "data" / "published"
_NOTES = "\n## What does not fit together\n"
_NUMBERS = (
    "value", "n", "ci_low", "ci_high", "count", "share", "ua_percent", "eder_percent", "judges", "clips", "judgements", "t",
    "df",
)  # fmt: skip


@dataclass(frozen=True)
class Published:
    """One paper's results.

    Attributes:
        name: the folder's name.
        title: of the paper.
        citation: who, what, where.
        tables: every file by its name without ``.csv``; numbers as float64 (NaN = not printed), the rest text.
        scores: all rows in the columns ``scores.SCORES``.
        confusion: all rows in the columns ``scores.CONFUSION``, then what else is printed of them.
        notes: where the paper does not agree with itself, as Markdown.
    """

    name: str
    title: str
    citation: str
    tables: dict[str, pd.DataFrame]
    scores: pd.DataFrame
    confusion: pd.DataFrame
    notes: str


def papers() -> list[str]:
    """Names of the papers whose results are here.

    >>> "han2025" in papers()
    True
    """
    return sorted(path.parent.name for path in FOLDER.glob("*/README.md"))


def read(name: str) -> Published:
    """Read one paper's results.

    Raises:
        BadInput: there is no such paper.

    >>> read("han2025").title
    'Cross-lingual speech emotion recognition: humans vs. self-supervised models'
    """
    if name not in papers():
        raise BadInput(Problem(f"no published results are called '{name}'. {nearest(name, papers())}", FOLDER))
    folder = FOLDER / name
    readme = (folder / "README.md").read_text(encoding="utf-8")
    heading, citation = readme.split("\n\n")[:2]
    tables = {path.stem: _table(path) for path in sorted(folder.glob("*.csv"))}
    return Published(
        name=name,
        title=heading.removeprefix("# "),
        citation=" ".join(citation.split()),
        tables=tables,
        scores=_those_with(tables, SCORES),
        confusion=_those_with(tables, CONFUSION),
        notes=readme.partition(_NOTES)[2].partition("\n## ")[0].strip(),
    )


def _table(path: Path) -> pd.DataFrame:
    data = pd.read_csv(path, dtype=str, keep_default_na=False)
    return data.assign(**{n: pd.to_numeric(data[n], errors="raise") for n in _NUMBERS if n in data})


def _those_with(tables: dict[str, pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    found = [data for data in tables.values() if set(columns) <= set(data.columns)]
    rows = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(columns))
    return rows[[*columns, *(n for n in rows.columns if n not in columns)]]
