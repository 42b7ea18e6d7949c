"""Published results, in the columns of our own, so that they can be shown beside one's own.

Each folder of ``data/published/`` is one paper: a README.md (its title, its citation, what does not fit together) and the
tables as printed. ``table*.csv`` in the columns of ``scores.csv`` or of ``confusion.csv`` are read as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ser_core.errors import BadInput, Problem, nearest
from ser_core.metrics._confusion import mean_of_known
from ser_core.places import ROOT
from ser_core.scores import CONFUSION, SCORES

FOLDER = ROOT / "data" / "published"
_NOTES = "\n## What does not fit together\n"
_NUMBERS = ("value", "n", "ci_low", "ci_high", "count", "share", "ua_percent", "eder_percent")


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

    >>> papers()
    ['han2025']
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


def rebuilt_ua(confusion: pd.DataFrame) -> pd.DataFrame:
    """UA of each group in each language from the shares of its confusion matrix.

    Printed shares are rounded, so this is exact to half of the last digit only.

    Returns:
        ``group, language, value``, one row per matrix.

    >>> rows = rebuilt_ua(read("han2025").confusion)
    >>> rows[(rows["group"] == "DE listeners") & (rows["language"] == "cmn")]["value"].round(4).tolist()
    [0.8275]
    """
    right = confusion[confusion["truth"] == confusion["label"]]
    matrix = right.pivot(index=["group", "language"], columns="truth", values="share")
    return pd.DataFrame({"value": mean_of_known(matrix.to_numpy(dtype=float))}, index=matrix.index).reset_index()


def beside(paper: Published, own: pd.DataFrame, language: str) -> pd.DataFrame:
    """UA of clips in one language: printed, rebuilt from the printed confusion tables, and one's own.

    Args:
        paper: the paper.
        own: columns ``scores.SCORES``; a group of the same name stands in the same row, the others below.
        language: of the clips.

    Returns:
        ``group, printed, rebuilt, difference, own, ci_low, ci_high``; ``difference`` is rebuilt less printed, of which up to
        0.005 can come from the rounding of the printed shares. No rows where nothing is printed of that language.

    >>> table = beside(read("han2025"), pd.DataFrame(columns=list(SCORES)), "cmn")
    >>> table[["group", "printed", "rebuilt", "difference"]].round(4).values.tolist()[1]
    ['DE listeners', 0.826, 0.8275, 0.0015]
    """
    printed = paper.scores[(paper.scores["metric"] == "ua") & (paper.scores["language"] == language)]
    rebuilt = rebuilt_ua(paper.confusion[paper.confusion["language"] == language])
    mine = own[(own["metric"] == "ua") & (own["rater"] == "") & (own["corpus"] == "") & (own["language"] == language)]
    columns = ["group", "printed", "rebuilt", "difference", "own", "ci_low", "ci_high"]
    if printed.empty and rebuilt.empty:
        return pd.DataFrame(columns=columns)
    both = pd.merge(
        printed[["group", "value"]].rename(columns={"value": "printed"}),
        rebuilt[["group", "value"]].rename(columns={"value": "rebuilt"}),
        on="group",
        how="outer",
    )
    table = both.merge(
        mine[["group", "value", "ci_low", "ci_high"]].rename(columns={"value": "own"}), on="group", how="outer"
    )
    theirs = table[["printed", "rebuilt"]]
    ranked = table.assign(difference=theirs["rebuilt"] - theirs["printed"], _own=theirs.isna().all(axis=1))
    return ranked.sort_values(["_own", "group"], ignore_index=True)[columns]


def _table(path: Path) -> pd.DataFrame:
    data = pd.read_csv(path, dtype=str, keep_default_na=False)
    return data.assign(**{n: pd.to_numeric(data[n], errors="raise") for n in _NUMBERS if n in data})


def _those_with(tables: dict[str, pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    found = [data for data in tables.values() if set(columns) <= set(data.columns)]
    rows = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(columns))
    return rows[[*columns, *(n for n in rows.columns if n not in columns)]]
