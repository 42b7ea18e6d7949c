"""A stimuli table and the clips it names: where they lie, and how the table is written elsewhere.

In a file, ``file`` is told from the folder of that file, so that a folder with its clips can be moved and sent. In memory,
after ``load``, it is an absolute path.
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from ser_core.errors import BadInput, Problem
from ser_core.ratings import STIMULI, line_of, make_folder, read_table, to_csv, write_whole


def load(path: str | Path) -> pd.DataFrame:
    """Read and check a stimuli table; ``file`` comes back absolute (empty stays empty).

    Raises:
        BadInput: the table is wrong; every problem with its line.
    """
    return placed(read_table(path, STIMULI), Path(path).parent)


def load_all(paths: list[Path]) -> pd.DataFrame:
    """Several tables as one, rows in the order given.

    Raises:
        BadInput: a table is wrong, or two of them use the same id for different rows; every problem of every table.
    """
    problems: list[Problem] = []
    frames: list[pd.DataFrame] = []
    for path in paths:
        try:
            frames.append(load(path).assign(_table=str(path)))
        except BadInput as bad:
            problems += bad.problems
    if problems:
        raise BadInput(*problems)
    together = pd.concat(frames, ignore_index=True).fillna(dict.fromkeys(_texts(frames), ""))
    twice = together.loc[together.duplicated("stimulus", keep="first"), ["stimulus", "_table"]]
    if len(twice):
        raise BadInput(*(Problem(f"id '{id_}' stands in another table too", table) for id_, table in twice.values.tolist()))
    return together.drop(columns="_table")


def save(stimuli: pd.DataFrame, path: str | Path) -> None:
    """Write a table whose ``file`` is absolute: relative where the clip lies below the table's folder, else absolute.

    Raises:
        BadInput: it cannot be written there.
    """
    path = Path(path)
    make_folder(path.parent)
    write_whole(path, to_csv(for_folder(stimuli, path.parent)).encode())


def placed(stimuli: pd.DataFrame, folder: str | Path) -> pd.DataFrame:
    """``file`` made absolute, told from ``folder``."""
    return stimuli.assign(file=[os.path.abspath(Path(folder) / name) if name else "" for name in stimuli["file"]])


def for_folder(stimuli: pd.DataFrame, folder: str | Path) -> pd.DataFrame:
    """``file`` (absolute) as a table in ``folder`` tells it.

    >>> for_folder(pd.DataFrame({"file": ["/a/clips/1.wav", "/b/2.wav", ""]}), "/a")["file"].tolist()
    ['clips/1.wav', '/b/2.wav', '']
    """
    top = Path(os.path.abspath(folder))
    return stimuli.assign(file=[_told_from(top, Path(name)) if name else "" for name in stimuli["file"]])


def line(path: str | Path, row: int) -> int | None:
    """The line of data row ``row`` (from 0) of a table's file; None for Parquet, which has no lines."""
    return None if Path(path).suffix == ".parquet" else line_of(Path(path), row)


def _told_from(top: Path, file: Path) -> str:
    return file.relative_to(top).as_posix() if file.is_relative_to(top) else str(file)


def _texts(frames: list[pd.DataFrame]) -> list[str]:
    return sorted({name for frame in frames for name in frame.columns} - STIMULI.numbers)
