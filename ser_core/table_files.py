"""One table's file: CSV or Parquet in, text as it was written out; and the line on which a row stands.

What cannot be a table at all (no UTF-8, another separator, a row of too many fields, ids stored as numbers) is refused here;
what a table holds is checked in ``checks.py``.
"""

from __future__ import annotations

import csv
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow
import pyarrow.csv
import pyarrow.parquet

from ser_core.errors import BadInput, Problem
from ser_core.tables import Table


def read_raw(path: Path, table: Table) -> pd.DataFrame:
    """The file's columns, every field of a CSV as text.

    Raises:
        BadInput: it is no table of this kind.
    """
    if path.suffix == ".parquet":
        return _read_parquet(path, table)
    return pd.DataFrame(_read_csv(path, table, pyarrow.string()).to_pandas().astype("str"))


def read_categories(path: Path, table: Table) -> pd.DataFrame:
    """The columns of a CSV as categories, which are the different texts of each.

    Raises:
        BadInput: it is no table of this kind.
    """
    return pd.DataFrame(_read_csv(path, table, pyarrow.dictionary(pyarrow.int32(), pyarrow.string())).to_pandas())


def _read_csv(path: Path, table: Table, kind: pyarrow.DataType) -> pyarrow.Table:
    """The columns, all of one kind, in one piece: in many pieces rows are found slowly."""
    try:
        header = _header(path)
    except csv.Error as error:
        raise BadInput(
            Problem(f"the first line cannot be read as CSV: {error}; is a quote never closed?", path, 1)
        ) from error
    _check_header(header, path, table)
    wrong: list[Any] = []

    def skip(row: Any) -> str:
        wrong.append(row)
        return "skip"

    def parsed(*, threads: bool) -> pyarrow.Table:
        wrong.clear()
        return pyarrow.csv.read_csv(
            path,
            pyarrow.csv.ReadOptions(use_threads=threads),
            pyarrow.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
            pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(header, kind), strings_can_be_null=False),
        )

    try:
        read = parsed(threads=True)
        if wrong:
            read = parsed(threads=False)  # threads lose the numbers of wrong rows
    except pyarrow.ArrowInvalid as error:
        _check_utf8(path)
        raise BadInput(Problem(f"cannot be read as CSV: {error}", path)) from error
    if wrong:
        says = "{} fields where the header names {}; a field that holds a comma must be quoted"
        # pyarrow counts rows, from 1 with the header; we want lines
        lines = [line_of(path, row.number - 2) for row in wrong]
        found = zip(wrong, lines, strict=True)
        raise BadInput(*(Problem(says.format(r.actual_columns, r.expected_columns), path, line) for r, line in found))
    return read.unify_dictionaries().combine_chunks()


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), [])
    except OSError as error:
        raise BadInput(Problem(f"cannot be read: {error.strerror}", path)) from error
    except UnicodeDecodeError:
        _check_utf8(path)
        raise


def _check_utf8(path: Path) -> None:
    content = path.read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInput(Problem(f"is not UTF-8 ({error.reason}); save it as 'CSV UTF-8'", path, line)) from error


def _read_parquet(path: Path, table: Table) -> pd.DataFrame:
    try:
        data = pyarrow.parquet.read_table(path)
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise BadInput(Problem(f"cannot be read as Parquet: {error}", path)) from error
    _check_header(data.column_names, path, table)
    data = data.select([name for name in data.column_names if not name.startswith("__index_level_")])  # pandas adds these
    ours = {column.name for column in table.columns}
    cast = [
        Problem(f"column '{f.name}' is of type {f.type}; ids and labels must be stored as text, or 007 becomes 7", path)
        for f in data.schema
        if f.name in ours - table.numbers and not (_is_text(f.type) or pyarrow.types.is_null(f.type))
    ]
    cast += [
        Problem(f"column '{f.name}' is of type {f.type}; store it as a number, times in seconds", path)
        for f in data.schema
        if f.name in table.numbers and (pyarrow.types.is_temporal(f.type) or pyarrow.types.is_nested(f.type))
    ]
    if cast:
        raise BadInput(*cast)
    for at, field in enumerate(data.schema):
        if field.name not in table.numbers and not _is_text(field.type):
            data = data.set_column(at, field.name, _as_text(data.column(at)))
    return pd.DataFrame(data.to_pandas(ignore_metadata=True))


def _is_text(kind: pyarrow.DataType) -> bool:
    return bool(pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind))


def _as_text(column: pyarrow.ChunkedArray) -> pyarrow.Array:
    """A further column of any type as Python writes its values, what is missing as empty text; the ids are never such."""
    return pyarrow.array(["" if value is None else str(value) for value in column.to_pylist()], pyarrow.string())


def _check_header(header: list[str], path: Path, table: Table) -> None:
    if not header:
        raise BadInput(Problem("the file is empty; its first line must name the columns", path, 1))
    for mark, called in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and mark in header[0]:
            raise BadInput(Problem(f"columns are parted by {called}; save it with commas", path, 1))
    known = [c.name for c in table.columns]
    problems = [Problem(f"column '{n}' stands twice", path, 1) for n in sorted(set(header)) if header.count(n) > 1]
    further = [n for n in header if n not in known]
    for column in table.columns:
        if column.required and column.name not in header:
            slips = get_close_matches(column.name, further, n=1)
            meant = f"; is it '{slips[0]}'?" if slips else ""
            problems.append(Problem(f"column '{column.name}' is missing ({column.help}){meant}", path, 1))
    times = [column for column in table.columns if column.name in table.key and column.kind == "number"]
    for column in times:  # without them a part would be read as its whole clip
        slips = get_close_matches(column.name, further, n=1, cutoff=0.75)  # end, start_ms
        if column.name not in header and (slips or any(other.name in header for other in times)):
            meant = f"; is it '{slips[0]}'?" if slips else ", and the times go together"
            problems.append(Problem(f"column '{column.name}' is missing ({column.help}){meant}", path, 1))
    if problems:
        raise BadInput(*problems)


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


def to_csv(data: pd.DataFrame) -> str:
    """The one way in which any table of ours becomes CSV, on a page and in a file alike; numbers keep every digit."""
    text = data.to_csv(index=False, lineterminator="\n")
    if "\r" in text:  # Python 3.11 leaves a field with a bare carriage return unquoted, and readers end the line there
        text = data.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    return text


def make_folder(folder: str | Path, *, new: bool = False) -> Path:
    """The folder, made with those above it where they are not there.

    Args:
        folder: where it shall lie.
        new: whether it may not be there yet.

    Raises:
        BadInput: it cannot be made: a file has that name, a folder above it is a file or may not be written.
    """
    with _writing(Path(folder)):
        Path(folder).mkdir(parents=True, exist_ok=not new)
    return Path(folder)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it, not even after the power failed.

    Raises:
        BadInput: it cannot be written there: a folder has that name, the disk is full, this user may not.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    with _writing(path):
        try:
            with beside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadInput(Problem(f"cannot be written: {error.strerror}; choose another place for it", path)) from error
