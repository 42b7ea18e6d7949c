"""The three tables: stimuli, raters, ratings. A model is one more listener.

People, models, ground truth and votes write the same tables, and every metric, test and figure reads only these.

Conventions
    Text columns hold text as it was written: ``007``, ``2_493.01``, ``nan`` and ``no`` are ids like any other, and an
    empty field is the empty string. Number columns are float64, an empty field is NaN. Times are seconds from the start
    of the clip. ``start_s`` and ``end_s`` both empty mean the whole clip.
    A person's choice has weight 1. A model's posterior has one row per label, and the weights of one clip sum to 1.
    A rater who heard a clip again has a second rating with another ``repeat``.

On disk
    A folder with ``stimuli``, ``raters`` and ``ratings``, each ``.csv`` (UTF-8, quoted as RFC 4180 says, lines ended by
    ``\\n``) or ``.parquet``, and a ``codebook.csv`` that explains every column.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.csv
import pyarrow.parquet

from ser_core import languages
from ser_core.emotions import CANNOT_SAY, EMOTIONS, in_order
from ser_core.errors import BadInput, Problem, nearest

RATER_TYPES = ("human", "machine", "truth")
SETTINGS = ("mono", "cross", "trans")
RELATIONS = ("native", "second_language", "foreign", "own_dialect", "other_dialect")


@dataclass(frozen=True)
class Column:
    """One column: what it holds, and whether a row may leave it empty."""

    name: str
    help: str
    kind: Literal["text", "number"] = "text"
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One of the three tables: its columns in their order, and those that together name a row."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def numbers(self) -> set[str]:
        """Names of the columns that hold numbers."""
        return {c.name for c in self.columns if c.kind == "number"}


STIMULI = Table(
    "stimuli",
    ("stimulus",),
    (
        Column("stimulus", "id of the clip", required=True),
        Column("file", "where the clip lies, from the folder of this table; empty where only judgements are known"),
        Column("sha256", "SHA-256 of the file, in hexadecimal"),
        Column("corpus", "the corpus it comes from"),
        Column("language", "BCP 47 tag of what is spoken, dialect included: de, cmn, cmn-x-tianjin", required=True),
        Column("speaker", "id of the voice, unique within the corpus"),
        Column("duration_s", "length in seconds", "number"),
        Column("truth", "the emotion the speaker was asked for; empty if nobody knows"),
        Column("truth_start_s", "where that emotion starts, in seconds, if the corpus says so", "number"),
        Column("truth_end_s", "where it ends, in seconds", "number"),
    ),
)
RATERS = Table(
    "raters",
    ("rater",),
    (
        Column("rater", "id of the listener or model", required=True),
        Column("rater_type", "human, machine or truth", required=True),
        Column("group", "what the rater is compared as, for example 'CN listeners'"),
        Column("native_languages", "people: BCP 47 tags with blanks between them"),
        Column("dialects", "people: BCP 47 tags of the dialects they grew up with, with blanks between them"),
        Column("proficiency", "people: other languages with their level, for example 'en:C1 fr:A2'"),
        Column("encoder", "machines: what turned sound into features"),
        Column("revision", "machines: which version of the encoder"),
        Column("method", "machines: what turned features into labels"),
        Column("setting", "machines: mono, cross or trans"),
        Column("source", "machines: language trained on"),
        Column("target", "machines: language tested on"),
        Column("fold", "machines: fold of the cross-validation"),
        Column("seed", "machines: seed of the run"),
        Column("run", "machines: id of the run that wrote the ratings"),
    ),
)
RATINGS = Table(
    "ratings",
    ("rater", "stimulus", "start_s", "end_s", "label", "repeat"),
    (
        Column("rater", "who rated; an id of the raters table", required=True),
        Column("stimulus", "which clip; an id of the stimuli table", required=True),
        Column("start_s", "start of the rated part in seconds; empty = the whole clip", "number"),
        Column("end_s", "end of the rated part in seconds; empty = the whole clip", "number"),
        Column("label", "the emotion perceived, or cannot_say", required=True),
        Column("weight", "1 for a choice; the posterior probability of this label for a model", "number", required=True),
        Column("repeat", "which hearing of the same clip this is, if it was heard more than once"),
    ),
)
TABLES = (STIMULI, RATERS, RATINGS)


@dataclass(frozen=True)
class Tables:
    """The three tables together, as data frames; ``check`` them once, then trust them."""

    stimuli: pd.DataFrame
    raters: pd.DataFrame
    ratings: pd.DataFrame

    def __repr__(self) -> str:
        return f"Tables({len(self.stimuli)} stimuli, {len(self.raters)} raters, {len(self.ratings)} ratings)"


def frame(table: Table, rows: list[Mapping[str, Any]] | pd.DataFrame) -> pd.DataFrame:
    """A data frame of the table's columns in their order, further columns after them, every kind as declared.

    >>> frame(RATINGS, [{"rater": "007", "stimulus": "a", "label": "sad", "weight": 1}]).loc[0, "rater"]
    '007'
    """
    data = rows.copy() if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows)
    names = [c.name for c in table.columns]
    for column in table.columns:
        if column.name not in data:
            data[column.name] = np.nan if column.kind == "number" else ""
    for name in data.columns:
        data[name] = data[name].astype("float64") if name in table.numbers else data[name].fillna("").astype("str")
    return data[[*names, *(n for n in data.columns if n not in names)]]


# --- reading ---------------------------------------------------------------------------------------------------------


def read(directory: str | Path) -> Tables:
    """Read and check a folder with the three tables.

    Raises:
        BadInput: a table is missing, unreadable or wrong; every problem with file and line.
    """
    folder = Path(directory)
    paths = [_find(folder, table) for table in TABLES]
    missing = [p for p in paths if isinstance(p, Problem)]
    if missing:
        raise BadInput(*missing)
    frames: list[pd.DataFrame] = []
    problems: list[Problem] = []
    for table, path in zip(TABLES, paths, strict=True):
        try:
            frames.append(read_table(path, table))  # type: ignore[arg-type]
        except BadInput as bad:
            problems += bad.problems
    if problems:
        raise BadInput(*problems)
    tables = Tables(*frames)
    problems = [_locate(p, dict(zip([t.name for t in TABLES], paths, strict=True))) for p in _check_joins(tables)]
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
    raw = _read_parquet(path, table) if path.suffix == ".parquet" else _read_csv(path, table)
    problems = list(_check_fields(raw, table))
    if not problems:
        data = frame(table, raw.assign(**{n: _number(raw[n]) for n in table.numbers & set(raw.columns)}))
        problems = list(_check_rows(data, table))
    if problems:
        raise BadInput(*(_locate(p, {table.name: path}) for p in problems))
    return data


def _read_csv(path: Path, table: Table) -> pd.DataFrame:
    content = _utf8(path)
    try:
        header = next(csv.reader(io.StringIO(content.decode("utf-8"), newline="")), [])
    except csv.Error as error:
        raise BadInput(
            Problem(f"the first line cannot be read as CSV: {error}; is a quote never closed?", path, 1)
        ) from error
    _check_header(header, path, table)
    wrong: list[Any] = []

    def skip(row: Any) -> str:
        wrong.append(row)
        return "skip"

    try:
        read = pyarrow.csv.read_csv(
            io.BytesIO(content),
            pyarrow.csv.ReadOptions(use_threads=False),  # threads would lose the numbers of wrong rows
            pyarrow.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
            pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(header, pyarrow.string()), strings_can_be_null=False),
        )
    except pyarrow.ArrowInvalid as error:
        raise BadInput(Problem(f"cannot be read as CSV: {error}", path)) from error
    if wrong:
        says = "{} fields where the header names {}; a field that holds a comma must be quoted"
        # pyarrow counts rows, from 1 with the header; we want lines
        lines = [line_of(path, row.number - 2) for row in wrong]
        found = zip(wrong, lines, strict=True)
        raise BadInput(*(Problem(says.format(r.actual_columns, r.expected_columns), path, line) for r, line in found))
    return pd.DataFrame(read.to_pandas().astype("str"))


def _utf8(path: Path) -> bytes:
    """The file without its byte order mark, if it is UTF-8."""
    try:
        content = path.read_bytes()
        content.decode("utf-8")
    except OSError as error:
        raise BadInput(Problem(f"cannot be read: {error.strerror}", path)) from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInput(Problem(f"is not UTF-8 ({error.reason}); save it as 'CSV UTF-8'", path, line)) from error
    return content.removeprefix(b"\xef\xbb\xbf")


def _read_parquet(path: Path, table: Table) -> pd.DataFrame:
    try:
        data = pyarrow.parquet.read_table(path)
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise BadInput(Problem(f"cannot be read as Parquet: {error}", path)) from error
    _check_header(data.column_names, path, table)
    cast = [
        Problem(f"column '{f.name}' is of type {f.type}; ids and labels must be stored as text, or 007 becomes 7", path)
        for f in data.schema
        if f.name not in table.numbers and not (pyarrow.types.is_string(f.type) or pyarrow.types.is_large_string(f.type))
    ]
    if cast:
        raise BadInput(*cast)
    return pd.DataFrame(data.to_pandas())


def _check_header(header: list[str], path: Path, table: Table) -> None:
    if not header:
        raise BadInput(Problem("the file is empty; its first line must name the columns", path, 1))
    for mark, called in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and mark in header[0]:
            raise BadInput(Problem(f"columns are parted by {called}; save it with commas", path, 1))
    known = [c.name for c in table.columns]
    problems = [Problem(f"column '{n}' stands twice", path, 1) for n in sorted(set(header)) if header.count(n) > 1]
    problems += [
        Problem(f"column '{c.name}' is missing ({c.help})", path, 1)
        for c in table.columns
        if c.required and c.name not in header
    ]
    unknown = [n for n in header if n not in known]
    if problems and unknown:
        problems.append(Problem(f"columns we do not know: {', '.join(unknown)}. Known: {', '.join(known)}", path, 1))
    if problems:
        raise BadInput(*problems)


def _number(column: pd.Series) -> pd.Series:
    return pd.to_numeric(column.replace("", np.nan), errors="coerce")


# --- checking --------------------------------------------------------------------------------------------------------
# Problems found here carry the table's name as file and the row (from 0) as line; `_locate` turns both into what a
# person can open. That keeps line counting, which must read the file again, off the path where nothing is wrong.


def check(tables: Tables) -> list[Problem]:
    """Everything that is wrong with tables made in memory; ``line`` is the row, counted from 1.

    The same checks as ``read``; an empty list means that the tables can be trusted.
    """
    found: list[Problem] = []
    for table, data in zip(TABLES, (tables.stimuli, tables.raters, tables.ratings), strict=True):
        found += [*_check_fields(data, table), *_check_rows(data, table)]
    found += _check_joins(tables)
    return [_locate(p, {}) for p in found]


def _locate(problem: Problem, paths: Mapping[str, Any]) -> Problem:
    path = paths.get(str(problem.file))
    if path is None or problem.line is None:
        return Problem(problem.what, path or problem.file, None if problem.line is None else problem.line + 1)
    if Path(path).suffix == ".parquet":
        return Problem(f"row {problem.line + 1}: {problem.what}", path)
    return Problem(problem.what, path, line_of(Path(path), problem.line))


def line_of(path: Path, row: int) -> int:
    """The line on which data row ``row`` (from 0) starts; a quoted field may hold line breaks, so rows are not lines."""
    lines = _row_lines(path, path.stat().st_mtime_ns)
    return lines[min(row, len(lines) - 1)]


@lru_cache(maxsize=1)
def _row_lines(path: Path, changed: int) -> list[int]:
    """The line of each data row, then the line after the last; kept, because a bad file is asked once per problem."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        lines, line = [], reader.line_num + 1
        with suppress(csv.Error):  # a field of more than 128 KiB, such as a quote that is never closed: the line is near
            for record in reader:
                if record:
                    lines.append(line)
                line = reader.line_num + 1
    return [*lines, line]


def _rows(data: pd.DataFrame, mask: pd.Series | np.ndarray) -> Iterator[tuple[int, Any]]:
    positions = np.flatnonzero(np.asarray(mask))
    return ((int(i), data.iloc[i]) for i in positions)


def _check_fields(data: pd.DataFrame, table: Table) -> Iterator[Problem]:
    for column in table.columns:
        if column.name not in data:
            continue
        values = data[column.name]
        empty = values.isna() | (values.astype("str") == "")
        if column.required:
            yield from (Problem(f"'{column.name}' is empty ({column.help})", table.name, i) for i, _ in _rows(data, empty))
        if column.kind == "number":
            bad = ~empty & ~np.isfinite(_number(values))
            what = "'{}' is not a number: '{}'"
            yield from (Problem(what.format(column.name, row[column.name]), table.name, i) for i, row in _rows(data, bad))


def _check_rows(data: pd.DataFrame, table: Table) -> Iterator[Problem]:
    keys = [k for k in table.key if k in data]
    for i, row in _rows(data, data.duplicated(keys, keep="first")):
        named = ", ".join(f"{k} '{row[k]}'" for k in keys if row[k] != "" and not pd.isna(row[k]))
        yield Problem(f"duplicate row: {named} stands above already", table.name, i)
    yield from _CHECKS[table.name](data)


def _check_stimuli(data: pd.DataFrame) -> Iterator[Problem]:
    tags = ~data["language"].map(languages.is_tag) & (data["language"] != "")
    for i, row in _rows(data, tags):
        yield Problem(f"'{row['language']}' is not a BCP 47 language tag like de, cmn or cmn-x-tianjin", "stimuli", i)
    for i, row in _rows(data, (data["truth"] != "") & ~data["truth"].isin(EMOTIONS)):
        yield Problem(f"unknown emotion '{row['truth']}'. {nearest(row['truth'], EMOTIONS)}", "stimuli", i)
    for i, row in _rows(data, data["duration_s"] <= 0):
        yield Problem(f"'duration_s' must be more than 0, not {row['duration_s']:g}", "stimuli", i)
    half = data["truth_start_s"].isna() != data["truth_end_s"].isna()
    for i, _ in _rows(data, half):
        yield Problem("'truth_start_s' and 'truth_end_s' go together; one is empty", "stimuli", i)
    yield from _check_interval(data, "stimuli", "truth_start_s", "truth_end_s", data["duration_s"])


def _check_raters(data: pd.DataFrame) -> Iterator[Problem]:
    for i, row in _rows(data, ~data["rater_type"].isin(RATER_TYPES)):
        yield Problem(f"unknown rater_type '{row['rater_type']}'. {nearest(row['rater_type'], RATER_TYPES)}", "raters", i)
    for i, row in _rows(data, (data["setting"] != "") & ~data["setting"].isin(SETTINGS)):
        yield Problem(f"unknown setting '{row['setting']}'. {nearest(row['setting'], SETTINGS)}", "raters", i)
    for name in ("native_languages", "dialects", "proficiency"):
        for i, row in _rows(data, data[name] != ""):
            for part in row[name].split():
                if not languages.is_tag(part.partition(":")[0]):
                    yield Problem(f"'{name}' holds '{part}', which is not a BCP 47 tag like de or en:C1", "raters", i)


def _check_ratings(data: pd.DataFrame) -> Iterator[Problem]:
    labels = (*EMOTIONS, CANNOT_SAY)
    for i, row in _rows(data, (data["label"] != "") & ~data["label"].isin(labels)):
        yield Problem(f"unknown label '{row['label']}'. {nearest(row['label'], labels)}", "ratings", i)
    for i, row in _rows(data, (data["weight"] < 0) | (data["weight"] > 1)):
        yield Problem(f"'weight' must lie between 0 and 1, not {row['weight']:g}", "ratings", i)
    for i, _ in _rows(data, data["start_s"].isna() != data["end_s"].isna()):
        yield Problem("'start_s' and 'end_s' go together; one is empty", "ratings", i)
    yield from _check_interval(data, "ratings", "start_s", "end_s", pd.Series(np.inf, data.index))


def _check_interval(data: pd.DataFrame, table: str, start: str, end: str, limit: pd.Series) -> Iterator[Problem]:
    for i, row in _rows(data, (data[start] < 0) | (data[start] >= data[end])):
        yield Problem(f"a part from {row[start]:g} s to {row[end]:g} s is not possible", table, i)
    tolerance_s = 0.001  # durations are often written with three decimals
    for i, row in _rows(data, data[end] > limit + tolerance_s):
        yield Problem(f"a part ends at {row[end]:g} s, after its clip ends ({limit.iloc[i]:g} s)", table, i)


_CHECKS = {"stimuli": _check_stimuli, "raters": _check_raters, "ratings": _check_ratings}


def _check_joins(tables: Tables) -> Iterator[Problem]:
    ratings = tables.ratings
    for name, other in (("rater", tables.raters), ("stimulus", tables.stimuli)):
        unknown = ~ratings[name].isin(other[name])
        for i, row in _rows(ratings, unknown):
            yield Problem(f"unknown {name} '{row[name]}'; the {name} table does not hold it", "ratings", i)
    length = ratings["stimulus"].map(tables.stimuli.drop_duplicates("stimulus").set_index("stimulus")["duration_s"])
    beyond = ratings.assign(_length=length.astype("float64"))
    yield from (
        Problem(f"a part ends at {row['end_s']:g} s, after its clip ends ({row['_length']:g} s)", "ratings", i)
        for i, row in _rows(beyond, beyond["end_s"] > beyond["_length"] + 0.001)
    )
    unit = ["rater", "stimulus", "start_s", "end_s", "repeat"]
    total = ratings.groupby(unit, dropna=False)["weight"].transform("sum")
    first = ~ratings.duplicated(unit)
    for i, row in _rows(ratings, first & ~np.isclose(total, 1, atol=1e-4)):
        yield Problem(
            f"the weights of rater '{row['rater']}' for stimulus '{row['stimulus']}' sum to {total.iloc[i]:.4g}, not 1; "
            "a choice has one row of weight 1, a posterior one row per label",
            "ratings",
            i,
        )


# --- writing ---------------------------------------------------------------------------------------------------------


def to_csv(data: pd.DataFrame) -> str:
    """The one way in which any table of ours becomes CSV, on a page and in a file alike; numbers keep every digit."""
    text = data.to_csv(index=False, lineterminator="\n")
    if "\r" in text:  # Python 3.11 leaves a field with a bare carriage return unquoted, and readers end the line there
        text = data.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    return text


def write(tables: Tables, directory: str | Path, *, form: Literal["csv", "parquet"] = "csv") -> None:
    """Write the three tables and their codebook; each file is whole or not there.

    Raises:
        BadInput: the tables are wrong; nothing is written.
    """
    problems = check(tables)
    if problems:
        raise BadInput(*problems)
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    for table, data in zip(TABLES, (tables.stimuli, tables.raters, tables.ratings), strict=True):
        other = "parquet" if form == "csv" else "csv"
        content = to_csv(data).encode() if form == "csv" else data.to_parquet(index=False)
        write_whole(folder / f"{table.name}.{form}", content)
        (folder / f"{table.name}.{other}").unlink(missing_ok=True)
    write_whole(folder / "codebook.csv", to_csv(codebook()).encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it, not even after the power failed."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def codebook() -> pd.DataFrame:
    """What every column of the three tables means."""
    return pd.DataFrame(
        [(t.name, c.name, c.kind, "yes" if c.required else "no", c.help) for t in TABLES for c in t.columns],
        columns=["table", "column", "kind", "required", "meaning"],
    )


# --- combining -------------------------------------------------------------------------------------------------------

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
    rows = frame(RATINGS, pd.concat([p.ratings for p in parts], ignore_index=True)).drop_duplicates(ignore_index=True)
    both = Tables(stimuli, raters, rows)
    problems += more
    problems = problems or check(both)
    if problems:
        raise BadInput(*problems)
    return both


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


# --- joining ---------------------------------------------------------------------------------------------------------


def relation(rater: Mapping[str, Any], stimulus: Mapping[str, Any]) -> str:
    """How a listener stands to what is spoken in a clip; derived, never typed in.

    Returns:
        ``own_dialect`` or ``other_dialect`` for a dialect of a native language, ``native`` for its standard form,
        ``second_language`` for a language the listener has learned, else ``foreign``. Empty for machines, and for people
        of whom no native language is known.

    >>> relation({"native_languages": "cmn", "dialects": "cmn-x-tianjin"}, {"language": "cmn-x-tianjin"})
    'own_dialect'
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
    """One row per rating, with what is known of its rater and its stimulus, and their ``relation``."""
    wide = tables.ratings.merge(tables.raters, on="rater", validate="many_to_one", suffixes=("", "_rater"))
    wide = wide.merge(tables.stimuli, on="stimulus", validate="many_to_one", suffixes=("", "_stimulus"))
    who = ["rater_type", "native_languages", "dialects", "proficiency", "language"]
    pairs = wide[who].drop_duplicates()
    pairs["relation"] = [relation(row, row) for row in pairs.to_dict("records")]  # type: ignore[arg-type]
    return wide.merge(pairs, on=who, how="left")


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
