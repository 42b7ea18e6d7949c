"""What a corpus file declares, and the walk that most of them share.

``index(root)`` gives the stimuli table of a corpus that lies below ``root``: one row per clip that can be heard, sorted by
path, with length and SHA-256 measured; ``file`` is told from ``root``. What is left out is reported, one problem each.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core import audio
from ser_core.errors import BadInput, Problem
from ser_core.ratings import STIMULI, frame

Report = Callable[[Problem], None]
"""Called once for each file that is left out, with the reason."""


def log(problem: Problem) -> None:
    """The report of callers who give none: a warning in the log, so that nothing is left out in silence."""
    logging.getLogger("ser_core.corpora").warning("%s", problem)


@dataclass(frozen=True)
class Corpus:
    """One corpus: what may be done with it, how to get it, and how its folder becomes a stimuli table."""

    title: str
    licence: str
    languages: tuple[str, ...]
    """BCP 47 tags; empty if the corpus's own table says it clip by clip."""
    citation: str
    obtain: str
    """Where it is had, and what to ask for."""
    layout: str
    """How its files lie and are named, told to those whose folder holds none of them."""
    label_map: Mapping[str, str]
    """The corpus's own codes -> canonical emotions."""
    index: Callable[..., pd.DataFrame]
    """``index(root, report=log)`` -> stimuli."""


@dataclass(frozen=True)
class Measured:
    """What a row needs to know of its file."""

    duration_s: float
    sha256: str


Describe = Callable[[re.Match[str]], dict[str, Any] | str]
"""A file's name, matched -> the columns of its row, or the reason why it is left out."""


def walk(root: Path, corpus: str, name: re.Pattern[str], *, describe: Describe, report: Report) -> pd.DataFrame:
    """The stimuli table of a corpus whose file names tell everything.

    Args:
        root: the folder to search, at any depth.
        corpus: short name; a clip's id is ``<corpus>_<name of the file without its ending>``.
        name: what the file's name without its ending must match as a whole.
        describe: the row of a match.
        report: told of each sound file that gives no row.
    """

    def told(path: Path) -> dict[str, Any] | str:
        match = name.fullmatch(path.stem)
        return describe(match) if match else f"is not named as {corpus} names its clips"

    return gather(root, corpus, sounds(root), describe=told, report=report)


def gather(
    root: Path, corpus: str, paths: Iterable[Path], *, describe: Callable[[Path], dict[str, Any] | str], report: Report
) -> pd.DataFrame:
    """The stimuli table of some sound files below ``root``: what ``describe`` tells of each, its length and its hash.

    ``describe`` may name a clip itself (``stimulus``); else its id is ``<corpus>_<name of the file without its ending>``.
    """
    named: dict[str, tuple[Path, dict[str, Any]]] = {}
    for path in paths:
        row = describe(path)
        id_ = f"{corpus}_{path.stem}" if isinstance(row, str) else str(row.get("stimulus", f"{corpus}_{path.stem}"))
        if id_ in named:
            row = f"has the same name as {named[id_][0]}, which was taken"
        if isinstance(row, str):
            report(Problem(row, path))
        else:
            named[id_] = (path, row)
    rows: list[Mapping[str, Any]] = [
        {**row, "stimulus": id_, "corpus": corpus, "file": path.relative_to(root).as_posix(), **vars(found)}
        for (id_, (path, row)), found in zip(named.items(), measure([p for p, _ in named.values()], report), strict=True)
        if found
    ]
    return frame(STIMULI, rows)


def sounds(root: Path) -> list[Path]:
    """Every sound file below ``root``, sorted; hidden ones and the twins that macOS writes (``._x.wav``) are no clips."""
    found = (p for p in root.rglob("*") if p.suffix.lower() in audio.SUFFIXES)
    return sorted(p for p in found if not any(part.startswith((".", "__MACOSX")) for part in p.relative_to(root).parts))


def measure(paths: Iterable[Path], report: Report) -> list[Measured | None]:
    """Length and hash of each file, in the order given; None, and a report, for one that cannot be heard."""

    def one(path: Path) -> Measured | BadInput:
        try:
            return Measured(round(audio.inspect(path).duration_s, 4), audio.sha256(path))
        except BadInput as bad:
            return bad

    with ThreadPoolExecutor() as pool:  # decoding and hashing run outside Python's lock
        results = list(pool.map(one, paths))
    for result in results:
        if isinstance(result, BadInput):
            report(result.problems[0])
    return [None if isinstance(result, BadInput) else result for result in results]
