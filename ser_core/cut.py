"""Cut out of clips what listeners marked, and as much at random: does a model hear more in the part that people picked?

For every distinct part that people marked, two clips: ``picked``, the part itself, and ``random``, as long and anywhere in
the same clip; and once for each clip that was marked, ``whole``, the clip as it is. All are FLAC files without tags, at the
rate and with the channels and bits of the original (at most 24), sample for sample what the original holds; only what lies
beyond full scale in files of floating point is clipped, in all three alike.

Where the random part starts is uniform over the clip, but for the picked place itself and places where nothing is heard (no
model would take them), and follows from the seed, the clip's id and the part alone.

Left out, and said: marks of the whole clip (they are the clip), parts shorter than ``SHORTEST_S``, parts in which nothing is
heard, and those that could be nowhere else.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import soundfile

from ser_core import audio
from ser_core.errors import BadInput, Problem
from ser_core.segment_marks import EDGE_S
from ser_core.statistics import bootstrap
from ser_core.stimuli import save
from ser_core.table_files import make_folder, write_whole
from ser_core.tables import STIMULI, Column, Tables, frame

KINDS = ("picked", "random", "whole")
FURTHER = (
    Column("cut", "picked: what listeners marked; random: as long, somewhere in the same clip; whole: all of the clip"),
    Column("cut_of", "the clip that it was cut out of"),
    Column("start_s", "where in that clip it starts, in seconds"),
    Column("end_s", "where it ends, in seconds"),
    Column("raters", "who marked the part, or the part that a random one stands beside: ids as a JSON list"),
    Column("labels", "what they said of it: labels as a JSON list, in the order of raters"),
    Column("overlap", "of a random part, the share that lies in the picked one, in [0, 1]"),
)
"""What the table of cuts holds beside the columns of every stimuli table and those of the clips it was cut out of."""
SHORTEST_S = 0.025
"""One frame of the encoders: of less, they would hear mostly the zeros that fill it up."""
_THROWS = 200


@dataclass(frozen=True)
class _Mark:
    start_s: float
    end_s: float
    raters: list[str]
    labels: list[str]


def cut(tables: Tables, folder: str | Path, *, seed: int) -> tuple[pd.DataFrame, list[str]]:
    """Write the cuts: ``clips/``, their table ``stimuli.csv``, and ``left_out.txt`` if anything was left out.

    Args:
        tables: checked tables, with ``file`` absolute (``stimuli.placed``).
        folder: the folder to make; if anything fails, nothing of it stays.
        seed: of the random places.

    Returns:
        The table, and a sentence for everything that was left out.

    Raises:
        BadInput: nobody marked a part; a clip's file is missing, cannot be heard, or is not the clip that was marked; the
            folder exists or cannot be written.
    """
    marked = _marked(tables)
    clips = tables.stimuli[tables.stimuli["stimulus"].isin(marked)].to_dict("records")
    _refuse_unheard(clips)
    folder = make_folder(folder, new=True)
    try:
        make_folder(folder / "clips")
        said: list[str] = []
        rows: list[dict[str, Any]] = []
        for clip in clips:
            for piece in _pieces(clip, marked[str(clip["stimulus"])], seed, said):
                rows.append(_kept(piece, clip, folder / "clips" / f"{len(rows) + 1:06d}.flac"))
        if not rows:
            raise BadInput(Problem("nothing is left to cut"), *said)
        table = frame(STIMULI, pd.DataFrame(rows))
        if said:
            write_whole(folder / "left_out.txt", "".join(f"{sentence}\n" for sentence in said).encode())
        save(table, folder / "stimuli.csv")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return table, said


def _marked(tables: Tables) -> dict[str, list[_Mark]]:
    """The distinct parts that people marked of each clip, in the order of time."""
    people = set(tables.raters.loc[tables.raters["rater_type"] == "human", "rater"])
    rows = tables.ratings[tables.ratings["start_s"].notna() & tables.ratings["rater"].isin(people)]
    if rows.empty:
        raise BadInput(
            "no listener marked a part of a clip: no row of the ratings of a human rater has 'start_s' and 'end_s'; "
            "they come from trials of the type clip"
        )
    found: dict[str, list[_Mark]] = {}
    ordered = rows.sort_values(["stimulus", "start_s", "end_s", "rater"])
    for _, same in ordered.groupby(["stimulus", "start_s", "end_s"]):
        once, part = same.drop_duplicates("rater"), same.iloc[0]
        mark = _Mark(part["start_s"], part["end_s"], once["rater"].tolist(), once["label"].tolist())
        found.setdefault(part["stimulus"], []).append(mark)
    return found


def _refuse_unheard(clips: list[dict[Any, Any]]) -> None:
    problems: list[Problem] = []
    for clip in clips:
        try:
            if not clip["file"]:
                raise BadInput(f"'file' of clip '{clip['stimulus']}' is empty; there is nothing to cut")
            audio.inspect(clip["file"])
            if clip["sha256"] not in ("", audio.sha256(clip["file"])):
                problems.append(Problem("is not the clip that was marked: its sha256 is another", clip["file"]))
        except BadInput as bad:
            problems += bad.problems
    if problems:
        raise BadInput(*problems)


@dataclass(frozen=True)
class _Piece:
    """A cut before it is written; ``number`` tells the parts of a clip apart."""

    kind: str
    samples: npt.NDArray[Any]
    start_s: float
    number: str = ""
    mark: _Mark | None = None
    overlap: str = ""


def _pieces(clip: dict[Any, Any], marked: list[_Mark], seed: int, said: list[str]) -> Iterator[_Piece]:
    """The whole clip, then each picked part and its random one; nothing of a clip of which no part can be cut."""
    samples, rate_hz = _samples(Path(clip["file"]))
    pieces: list[_Piece] = []
    for mark in marked:
        first, last = round(mark.start_s * rate_hz), min(round(mark.end_s * rate_hz), len(samples))
        rng = bootstrap.generator(seed, "cut", str(clip["stimulus"]), f"{mark.start_s:.6f}", f"{mark.end_s:.6f}")
        why, other = "", None
        if mark.start_s <= EDGE_S and mark.end_s >= len(samples) / rate_hz - EDGE_S:
            why = "is the whole clip"
        elif last - first < SHORTEST_S * rate_hz:
            why = f"is shorter than one frame of the encoders ({SHORTEST_S:g} s)"
        elif not _is_heard(samples[first:last]):
            why = "holds nothing to hear"
        elif (other := _somewhere(samples, first, last, rng)) is None:
            why = "could be nowhere else in the clip and still be heard"
        if other is None:
            said.append(f"{clip['stimulus']}: the part from {mark.start_s:g} s to {mark.end_s:g} s {why}; it was not cut")
            continue
        shared = max(0, last - first - abs(other - first)) / (last - first)
        number = str(len(pieces) // 2 + 1)
        pieces.append(_Piece("picked", samples[first:last], first / rate_hz, number, mark))
        moved = samples[other : other + last - first]
        pieces.append(_Piece("random", moved, other / rate_hz, number, mark, f"{shared:.4f}"))
    if pieces:
        yield _Piece("whole", samples, 0.0)
        yield from pieces


def _kept(piece: _Piece, clip: dict[Any, Any], file: Path) -> dict[str, Any]:
    """Write a piece, and tell of it in a row of the table."""
    heard = soundfile.info(clip["file"])
    bits = "PCM_16" if heard.subtype in ("PCM_16", "PCM_S8", "PCM_U8") else "PCM_24"
    try:
        soundfile.write(file, piece.samples, heard.samplerate, format="FLAC", subtype=bits)
    except (OSError, soundfile.LibsndfileError) as error:
        raise BadInput(Problem(f"cannot be written: {error}", file)) from error
    length_s = len(piece.samples) / heard.samplerate
    mark = piece.mark or _Mark(0.0, length_s, [], [])
    return {
        **clip,
        "stimulus": f"{clip['stimulus']}.{piece.kind}{piece.number}",
        "file": str(file.absolute()),
        "sha256": audio.sha256(file),
        "duration_s": round(length_s, 6),
        "truth_start_s": np.nan,
        "truth_end_s": np.nan,
        "cut": piece.kind,
        "cut_of": clip["stimulus"],
        "start_s": f"{piece.start_s:.6f}",
        "end_s": f"{piece.start_s + length_s:.6f}",
        "raters": json.dumps(mark.raters, ensure_ascii=False) if piece.mark else "",
        "labels": json.dumps(mark.labels) if piece.mark else "",
        "overlap": piece.overlap,
    }


def _somewhere(samples: npt.NDArray[Any], first: int, last: int, rng: np.random.Generator) -> int | None:
    """Where a part as long starts that is another one and can be heard; None if no throw found one."""
    for start in rng.integers(0, len(samples) - (last - first) + 1, _THROWS):
        if start != first and _is_heard(samples[start : start + last - first]):
            return int(start)
    return None


def _is_heard(samples: npt.NDArray[Any]) -> bool:
    """Whether a model may hear it, as ``audio.inspect`` has it; the mean of the channels is silent where they all are."""
    mono = samples.mean(axis=1) / (2.0**31 if samples.dtype.kind == "i" else 1.0)
    return float(np.ptp(mono)) >= 2 * audio.SILENT_BELOW


def _samples(file: Path) -> tuple[npt.NDArray[Any], int]:
    """All samples, [frame, channel]: whole numbers as they are stored, where they are stored as such, else float64."""
    whole = soundfile.info(file).subtype.startswith("PCM")
    samples, rate_hz = soundfile.read(file, dtype="int32" if whole else "float64", always_2d=True)
    return samples, int(rate_hz)
