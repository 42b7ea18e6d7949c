"""The three tables: stimuli, raters, ratings. A model is one more listener.

People, models, ground truth and votes write the same tables, and every metric, test and figure reads only these. This module
is their door: read, check, write, combine and join them. ``tables.py`` says what each column means.

On disk
    A folder with ``stimuli``, ``raters`` and ``ratings``, each ``.csv`` (UTF-8, quoted as RFC 4180 says, lines ended by
    ``\\n``) or ``.parquet``, and a ``codebook.csv`` that explains every column.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from ser_core import archive, choices, languages
from ser_core.checks import check_fields, check_joins, check_rows, located, number
from ser_core.coded import coded
from ser_core.emotions import in_order
from ser_core.errors import BadInput, Problem
from ser_core.lazy_tables import Together, rows_at
from ser_core.made_up import row_by_row
from ser_core.table_files import line_of, make_folder, read_raw, to_csv, write_whole
from ser_core.tables import RATERS, RATINGS, STIMULI, TABLES, Column, Table, Tables, codebook, frame

__all__ = [
    "RATERS", "RATINGS", "STIMULI", "TABLES", "Column", "Table", "Tables", "check", "codebook", "combine", "decide", "frame",
    "join", "line_of", "make_folder", "read", "read_all", "read_table", "relation", "to_csv", "write", "write_whole",
]  # fmt: skip


def read(directory: str | Path) -> Tables:
    """Read and check a folder with the three tables, or a ZIP of one, such as ``report.zip``.

    Raises:
        BadInput: a table is missing, unreadable or wrong; every problem with file and line.
    """
    packed = Path(directory)
    if not packed.is_file():
        return _read(packed)
    names = [f"{table.name}.{form}" for table in TABLES for form in ("csv", "parquet")]
    files = archive.unpack(packed, names)
    if not files:
        raise BadInput(
            Problem("holds no stimuli, raters or ratings, as .csv or .parquet; is it another program's ZIP?", packed)
        )
    with tempfile.TemporaryDirectory() as made:
        for name, content in files.items():
            write_whole(Path(made) / name, content)
        try:
            return _read(Path(made))
        except BadInput as bad:
            raise BadInput(*(_in_zip(problem, Path(made), packed) for problem in bad.problems)) from bad


def _in_zip(problem: Problem, folder: Path, packed: Path) -> Problem:
    file = packed / Path(problem.file or folder).relative_to(folder)
    return Problem(problem.what.replace(str(folder), str(packed)), file, problem.line)


def _read(folder: Path) -> Tables:
    if not folder.exists():
        raise BadInput(Problem("there is no such folder, and no such report.zip", folder))
    paths = [_find(folder, table) for table in TABLES]
    missing = [p for p in paths if isinstance(p, Problem)]
    if missing:
        raise BadInput(*missing)
    frames: list[pd.DataFrame] = []
    problems: list[Problem] = []
    for table, path in zip(TABLES, paths, strict=True):
        try:
            if table is RATINGS and not problems and (said := choices.read(path, *frames)):  # type: ignore[arg-type, misc]
                return said
            frames.append(read_table(path, table))  # type: ignore[arg-type]
        except BadInput as bad:
            problems += bad.problems
    if problems:
        raise BadInput(*problems)
    tables = Tables(*frames)
    problems = [located(p, dict(zip([t.name for t in TABLES], paths, strict=True))) for p in check_joins(tables)]
    if problems:
        raise BadInput(*problems)
    return tables


def _find(folder: Path, table: Table) -> Path | Problem:
    found = [p for p in (folder / f"{table.name}.csv", folder / f"{table.name}.parquet") if p.exists()]
    if len(found) == 1:
        return found[0]
    if found:
        return Problem(f"there is a {table.name}.csv and a {table.name}.parquet; keep the one that is right", folder)
    return Problem(
        f"no {table.name}.csv or {table.name}.parquet here; a folder of tables needs stimuli, raters, ratings", folder
    )


def read_table(path: str | Path, table: Table) -> pd.DataFrame:
    """Read one table from CSV or Parquet and check it on its own.

    Raises:
        BadInput: with the line of each wrong field (the row, for Parquet).
    """
    path = Path(path)
    raw = read_raw(path, table)
    problems = list(check_fields(raw, table))
    if not problems:
        data = frame(table, raw.assign(**{n: number(raw[n]) for n in table.numbers & set(raw.columns)}))
        problems = list(check_rows(data, table))
    if problems:
        raise BadInput(*(located(p, {table.name: path}) for p in problems))
    return data


def check(tables: Tables) -> list[Problem]:
    """Everything that is wrong with tables made in memory; ``line`` is the row, counted from 1.

    The same checks as ``read``; an empty list means that the tables can be trusted.
    """
    found: list[Problem] = []
    for table, data in zip(TABLES, (tables.stimuli, tables.raters, tables.ratings), strict=True):
        found += [*check_fields(data, table), *check_rows(data, table)]
    found += check_joins(tables)
    return [located(p, {}) for p in found]


def write(tables: Tables, directory: str | Path, *, form: Literal["csv", "parquet"] = "csv") -> None:
    """Write the three tables and their codebook; each file is whole or not there. Ratings say what was made up of each.

    Raises:
        BadInput: the tables are wrong, and nothing is written; or the folder cannot be made or written.
    """
    problems = check(tables)
    if problems:
        raise BadInput(*problems)
    folder = make_folder(directory)
    said = row_by_row(tables.ratings, tables)
    for table, data in zip(TABLES, (tables.stimuli, tables.raters, said), strict=True):
        other = "parquet" if form == "csv" else "csv"
        content = to_csv(data).encode() if form == "csv" else data.to_parquet(index=False)
        write_whole(folder / f"{table.name}.{form}", content)
        (folder / f"{table.name}.{other}").unlink(missing_ok=True)
    write_whole(folder / "codebook.csv", to_csv(codebook()).encode())


_FACTS = ("sha256", "language", "truth", "truth_start_s", "truth_end_s")
"""What two folders must say alike of one clip; the rest, such as where its file lies, may differ."""


def combine(parts: Sequence[Tables], *, names: Sequence[str] | None = None) -> Tables:
    """Several folders' tables as one: people and models of the same clips, for example.

    A clip or rater of several parts is one row, in the order of first appearance; what one part leaves empty is taken
    from the next that knows it. Rows of ratings that are equal in every column are one (a folder may be named twice).

    Args:
        parts: tables that were checked, at least one.
        names: what to call each part in a message, for example its folder.

    Raises:
        BadInput: two parts differ in the facts of a clip, or in anything about a rater, or in a judgement; both are named.
    """
    called = list(names or [f"table set {n + 1}" for n in range(len(parts))])
    stimuli, problems = _merge(STIMULI, [p.stimuli for p in parts], called)
    raters, more = _merge(RATERS, [p.raters for p in parts], called)
    often = pd.concat([p.raters["rater"] for p in parts]).value_counts()
    both = Together(stimuli, raters, parts) if (often == 1).all() else _without_twins(stimuli, raters, parts, often)
    anew = ~coded(both).whole | both.raters["rater"].isin(often.index[often > 1]).to_numpy()[coded(both).rater]
    problems += more
    if not problems and check(Tables(stimuli, raters, rows_at(both, np.flatnonzero(anew)))):
        problems = check(both)  # the rest is as it was checked before; these words name the right rows
    if problems:
        raise BadInput(*problems)
    return both


def _without_twins(stimuli: pd.DataFrame, raters: pd.DataFrame, parts: Sequence[Tables], often: pd.Series) -> Tables:
    """The ratings of all parts, where those of raters of several parts that are equal in every column are one."""
    rows = frame(RATINGS, pd.concat([p.ratings for p in parts], ignore_index=True))
    again = rows["rater"].isin(often.index[often > 1])
    return Tables(stimuli, raters, rows.drop(rows.index[again][rows[again].duplicated()]).reset_index(drop=True))


def read_all(directories: Sequence[str | Path]) -> Tables:
    """Read several folders and ``combine`` them.

    Raises:
        BadInput: every problem of every folder.
    """
    parts: list[Tables] = []
    problems: list[Problem] = []
    for directory in directories:
        try:
            parts.append(read(directory))
        except BadInput as bad:
            problems += bad.problems
    if problems:
        raise BadInput(*problems)
    return combine(parts, names=[str(d) for d in directories])


def _merge(table: Table, parts: list[pd.DataFrame], called: list[str]) -> tuple[pd.DataFrame, list[Problem]]:
    key = table.key[0]
    rows = frame(table, pd.concat(parts, ignore_index=True))
    part = np.repeat(np.arange(len(parts)), [len(p) for p in parts])
    facts = [n for n in rows.columns if n != key] if table is RATERS else list(_FACTS)
    told = rows.assign(language=rows["language"].map(languages.normal)) if "language" in rows else rows
    twice = told.duplicated(key, keep=False).to_numpy()
    problems: list[Problem] = []
    if twice.any():
        known = told[twice].assign(_part=part[twice])
        for name in facts:
            problems += _disagreements(known, key, name, called=called, empty_differs=table is RATERS)
    whole = rows.replace("", None).groupby(key, sort=False).first().reset_index()
    return frame(table, whole[list(rows.columns)]), problems


def _disagreements(rows: pd.DataFrame, key: str, name: str, *, called: list[str], empty_differs: bool) -> Iterator[Problem]:
    rows = rows if empty_differs else rows[rows[name].notna() & (rows[name] != "")]
    first = rows.drop_duplicates(key).set_index(key)
    mine, theirs = rows[name], rows[key].map(first[name])
    for at in np.flatnonzero((mine != theirs) & ~(mine.isna() & theirs.isna())):
        row = rows.iloc[at]
        one, other = called[first.loc[row[key], "_part"]], called[row["_part"]]
        yield Problem(
            f"{key} '{row[key]}' has {name} '{theirs.iloc[at]}' in {one} and '{row[name]}' in {other}; "
            f"if they are different ones, give them different ids"
        )


def relation(rater: Mapping[str, Any], stimulus: Mapping[str, Any]) -> str:
    """How a listener stands to what is spoken in a clip; derived, never typed in.

    Returns:
        ``own_dialect`` or ``other_dialect`` for a dialect of a native language, ``native`` for its standard form in any
        region (``en-GB``, ``en-US``), ``second_language`` for a language the listener has learned, else ``foreign``. Empty
        for machines, and for people of whom no native language is known.

    >>> relation({"native_languages": "cmn", "dialects": "cmn-x-tianjin"}, {"language": "cmn-x-tianjin"})
    'own_dialect'
    >>> relation({"native_languages": "en"}, {"language": "en-GB"})
    'native'
    >>> relation({"native_languages": "de", "proficiency": "en:C1 cmn:none"}, {"language": "cmn"})
    'foreign'
    """
    spoken = str(stimulus["language"])
    natives = str(rater.get("native_languages") or "").split()
    if rater.get("rater_type", "human") != "human" or not natives:
        return ""
    own = {languages.normal(tag) for tag in [*natives, *str(rater.get("dialects") or "").split()]}
    if languages.base(spoken) in {languages.base(tag) for tag in natives}:
        if not languages.is_dialect(spoken):
            return "native"
        return "own_dialect" if languages.normal(spoken) in own else "other_dialect"
    levels = (part.partition(":")[::2] for part in str(rater.get("proficiency") or "").split())
    learned = {languages.base(tag) for tag, level in levels if level.lower() not in ("none", "0")}
    return "second_language" if languages.base(spoken) in learned else "foreign"


def join(tables: Tables) -> pd.DataFrame:
    """One row per rating, with what is known of its rater and its stimulus, and their ``relation``.

    A name belongs to the table that declares it, else to the stimuli, else to the raters; a further column of another table
    that has the same name gets ``_stimulus``, ``_rater`` or ``_rating`` behind it.
    """
    rows, raters, stimuli = _own_names(tables)
    wide = rows.merge(raters, on="rater", validate="many_to_one").merge(stimuli, on="stimulus", validate="many_to_one")
    who = ["rater_type", "native_languages", "dialects", "proficiency", "language"]
    pairs = wide[who].drop_duplicates()
    pairs["relation"] = [relation(row, row) for row in pairs.to_dict("records")]  # type: ignore[arg-type]
    return wide.merge(pairs, on=who, how="left")


_ONE = {"stimuli": "stimulus", "raters": "rater", "ratings": "rating"}


def _own_names(tables: Tables) -> Iterator[pd.DataFrame]:
    """Ratings, raters and stimuli, without a name in common but the ids that join them."""
    declared = {column.name for table in TABLES for column in table.columns} | {"relation"}
    parts = ((RATINGS, tables.ratings), (RATERS, tables.raters), (STIMULI, tables.stimuli))
    for at, (table, data) in enumerate(parts):
        later = {name for _, other in parts[at + 1 :] for name in other.columns}
        further = set(data.columns) - {column.name for column in table.columns}
        yield data.rename(columns={name: f"{name}_{_ONE[table.name]}" for name in further & (declared | later)})


def decide(ratings: pd.DataFrame) -> pd.DataFrame:
    """One row per judgement: the label of greatest weight (of equal ones, the first in canonical order).

    Args:
        ratings: the ratings table, or its ``join``; further columns are kept.

    >>> rows = [("m", "a", "sad", 0.5), ("m", "a", "angry", 0.5)]
    >>> decide(frame(RATINGS, pd.DataFrame(rows, columns=["rater", "stimulus", "label", "weight"])))["label"].tolist()
    ['angry']
    """
    order = {label: n for n, label in enumerate(in_order(set(ratings["label"])))}
    unit = ["rater", "stimulus", "start_s", "end_s", "repeat"]
    ranked = ratings.assign(_rank=ratings["label"].map(order), _row=np.arange(len(ratings)))
    best = ranked.sort_values(["weight", "_rank"], ascending=[False, True], kind="stable").drop_duplicates(unit)
    return best.sort_values("_row").drop(columns=["_rank", "_row"]).reset_index(drop=True)
