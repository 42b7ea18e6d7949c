"""What a corpus file declares, and the walk that most of them share.

``index(root)`` gives the stimuli table of a corpus that lies below ``root``: one row per clip that can be heard, sorted by
path; ``file`` is told from ``root``. Each file is opened once, and what was measured on the way (length, SHA-256, rate,
channels, peak, share of samples at full scale) stands in its row. What is left out is reported, one problem each.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from ser_core import audio
from ser_core.emotions import EMOTIONS, SYNONYMS
from ser_core.errors import BadInput, Problem
from ser_core.ratings import STIMULI, frame

Why = Literal["missing", "extra", "copy", "silent", "unreadable", "other"]
"""Why a file gives no row: a table names it and it is not there; it is none of the corpus's clips; a clip of its name was
taken already; nothing can be heard in it; it cannot be decoded; or it is no clip at all but a table or a long recording."""

Report = Callable[[Problem], None]
"""Called once for each file that is left out, with the reason."""


@dataclass(frozen=True)
class LeftOut(Problem):
    """A file that gives no row, and the clip that it would have been, if that is known."""

    why: Why = "other"
    stimulus: str = ""


def log(problem: Problem) -> None:
    """The report of callers who give none: a warning in the log, so that nothing is left out in silence."""
    logging.getLogger("ser_core.corpora").warning("%s", problem)


@dataclass(frozen=True)
class Whole:
    """What the corpus holds where nothing is missing, as it is published."""

    clips: int = 0
    """0 if the corpus's own tables say it."""
    truths: Mapping[str, int] = field(default_factory=dict)
    """Clips of each emotion, if known."""
    names: Callable[[Path, pd.DataFrame], Iterable[str]] | None = None
    """``names(root, stimuli)`` -> the ids of all clips, as far as they can be told: from the scheme of names, from what is
    there, or from the corpus's own tables below ``root``."""


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
    whole: Whole | None = None
    """What there should be; None if only its owner knows."""
    remarks: tuple[str, ...] = ()
    """What whoever uses its labels should know, one sentence each; said after every index."""


@dataclass(frozen=True)
class Measured:
    """What a row needs to know of its file, measured on all its samples as they are stored."""

    duration_s: float
    sha256: str
    sample_rate: int
    channels: int
    peak: float
    """Largest absolute sample; 1 is full scale."""
    clipped: float
    """Share of samples at full scale, in [0, 1]."""


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
        return describe(match) if match else unnamed(corpus)

    return gather(root, corpus, sounds(root), describe=told, report=report)


def unnamed(corpus: str) -> str:
    """The reason to leave out a file whose name is of another scheme."""
    return f"is not named as {corpus} names its clips"


_WORDS = dict(zip(EMOTIONS, EMOTIONS, strict=True)) | SYNONYMS


def in_folder_of(path: Path, truth: str, words: Mapping[str, str] = _WORDS) -> str:
    """The reason to leave out a clip that lies in another emotion's folder; empty if it does not.

    Args:
        path: the clip, told from the corpus's folder.
        truth: the emotion that its name tells.
        words: names of folders, in lower case, -> canonical emotions; what is not among them says nothing.

    >>> in_folder_of(Path("Happy/SM1_F1_A01.wav"), "angry")
    'lies in the folder Happy, but its name says angry'
    """
    told = next((part for part in reversed(path.parts[:-1]) if part.lower() in words), "")
    return f"lies in the folder {told}, but its name says {truth}" if told and words[told.lower()] != truth else ""


def gather(
    root: Path, corpus: str, paths: Iterable[Path], *, describe: Callable[[Path], dict[str, Any] | str], report: Report
) -> pd.DataFrame:
    """The stimuli table of some sound files below ``root``: what ``describe`` tells of each, and what is measured on it.

    ``describe`` may name a clip itself (``stimulus``); else its id is ``<corpus>_<name of the file without its ending>``.
    Of two files of one clip the one without loss is taken, else the first.
    """
    named: dict[str, Path] = {}
    told: list[tuple[str, Path, dict[str, Any]]] = []
    for path in sorted(paths, key=_losses):
        row = describe(path)
        if isinstance(row, str):
            report(LeftOut(row, path, why="extra"))
            continue
        id_ = str(row.pop("stimulus", f"{corpus}_{path.stem}"))
        if id_ in named:
            report(LeftOut(f"has the same name as {named[id_]}, which was taken", path, why="copy", stimulus=id_))
        elif garbled := _garbled(path.relative_to(root)):
            report(LeftOut(f"'{garbled}' is no UTF-8, which a table is; rename it", path, why="unreadable", stimulus=id_))
        else:
            named[id_] = path
            told.append((id_, path, row))
    told.sort(key=lambda clip: clip[1].parts)
    found = measure([path for _, path, _ in told], report, ids=[id_ for id_, _, _ in told])
    rows: list[Mapping[str, Any]] = []
    for (id_, path, row), measured in zip(told, found, strict=True):
        if measured:
            row |= {"stimulus": id_, "corpus": corpus, "file": path.relative_to(root).as_posix(), **vars(measured)}
            rows.append(row)
    return frame(STIMULI, rows)


def _losses(path: Path) -> bool:
    """Python sorts stably: so files keep their order within those without loss, which come first, and the others."""
    return path.suffix.lower() not in (".wav", ".flac", ".aif", ".aiff")


def _garbled(path: Path) -> str:
    """The first part of a path that is no UTF-8 (an archive unpacked with another encoding), readable; empty if none is."""
    parts = (os.fsencode(part).decode("utf-8", "backslashreplace") for part in path.parts)
    return next((shown for shown, part in zip(parts, path.parts, strict=True) if shown != part), "")


OTHER_SUFFIXES = frozenset({".m4a", ".mp4", ".aac", ".wma", ".amr", ".sph", ".caf", ".au", ".w64", ".flv"})
"""Sound by its name, but in no format that we promise to read: looked at, and refused by name if it cannot be."""


def sounds(root: Path) -> list[Path]:
    """Every sound file below ``root``, sorted; hidden ones and the twins that macOS writes (``._x.wav``) are no clips."""
    found: list[Path] = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if _shown(name)]
        top = Path(folder)
        # a folder that is called x.wav, and a link that leads nowhere, are named too
        for name in [*files, *(n for n in folders if _sounds(n))]:
            if _sounds(name) and _shown(name):
                found.append(top / name)
    return sorted(found, key=lambda path: path.parts)


def _shown(name: str) -> bool:
    return not name.startswith((".", "__MACOSX"))


def _sounds(name: str) -> bool:
    ending = os.path.splitext(name)[1].lower()
    return ending in audio.SUFFIXES or ending in OTHER_SUFFIXES


_AT_ONCE = 4096  # files whose results are waited for together, so that a corpus of any size has no more in the air


def measure(paths: Iterable[Path], report: Report, *, ids: Sequence[str] = ()) -> list[Measured | None]:
    """What is measured on each file, in the order given; None, and a report, for one that cannot be heard.

    ``ids`` names the clips in the reports, if given.
    """
    results: list[Measured | None] = []
    waiting = iter(paths)
    with ThreadPoolExecutor() as pool:  # decoding and hashing run outside Python's lock
        while batch := list(islice(waiting, _AT_ONCE)):
            for path, result in zip(batch, pool.map(_measure, batch), strict=True):
                if isinstance(result, Problem):
                    id_ = ids[len(results)] if ids else ""
                    report(LeftOut(result.what, path, why=_why(result, path), stimulus=id_))
                results.append(None if isinstance(result, Problem) else result)
    return results


def _measure(path: Path) -> Measured | Problem:
    try:
        facts = audio.inspect(path)
        return Measured(
            duration_s=round(facts.duration_s, 4),
            sha256=audio.sha256(path),
            sample_rate=facts.sample_rate,
            channels=facts.channels,
            peak=round(facts.peak, 5),
            clipped=round(facts.clipped, 7),
        )
    except BadInput as bad:
        return Problem(_POINTER_SAYS, path) if _is_pointer(path) else bad.problems[0]
    except (OSError, RuntimeError, ValueError, MemoryError) as error:  # a failing disk, a decoder's own error: go on
        return Problem(f"cannot be read: {type(error).__name__} {' '.join(str(error).split())}", path)


_POINTER = b"version https://git-lfs"
_POINTER_SAYS = "is a pointer of Git LFS and not the sound; run 'git lfs pull' in the corpus's folder"


def _is_pointer(path: Path) -> bool:
    try:
        if not path.is_file():  # a named pipe would be waited for
            return False
        with path.open("rb") as file:
            return file.read(len(_POINTER)) == _POINTER
    except OSError:
        return False


def _why(problem: Problem, path: Path) -> Why:
    if problem.what.startswith("is silent"):
        return "silent"
    return "unreadable" if os.path.lexists(path) else "missing"


def tables(root: Path, *names: str) -> Iterator[Path]:
    """The files of these names below ``root``, sorted; hidden ones are passed over."""
    found = [path for name in names for path in root.rglob(name)]
    return (p for p in sorted(found) if p.is_file() and all(_shown(part) for part in p.relative_to(root).parts))
