"""Your own clips: a folder with a ``stimuli.csv`` that has our columns; length and SHA-256 are measured and filled in.

``stimulus`` and ``language`` must be there, ``file``, ``speaker`` and ``truth`` should be (see ``codebook.csv`` of any
folder of ours). ``corpus`` is the folder's name where it is empty: speakers are told apart within a corpus.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ser_core.corpora._corpus import Corpus, LeftOut, Report, log, measure
from ser_core.emotions import EMOTIONS
from ser_core.ratings import STIMULI, read_table
from ser_core.stimuli import line


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The rows of ``root/stimuli.csv`` whose clip can be heard.

    A clip whose hash is not the one written is left out and reported: the table was made for another recording.

    Raises:
        BadInput: there is no such table, or it is wrong.
    """
    root = Path(root)
    table = root / "stimuli.csv"
    rows = read_table(table, STIMULI)
    measured = measure([root / (name or "(no file named)") for name in rows["file"]], report)
    kept: list[int] = []
    for row, (name, written, found) in enumerate(zip(rows["file"], rows["sha256"], measured, strict=True)):
        if found and written not in ("", found.sha256):
            what = f"'{name}' has changed since its sha256 was written ({written[:12]}…); empty the field"
            report(LeftOut(what, table, line(table, row), why="extra"))
        elif found:
            kept.append(row)
    rows["corpus"] = rows["corpus"].where(rows["corpus"] != "", root.resolve().name)
    rows["duration_s"] = [found.duration_s if found else float("nan") for found in measured]
    rows["sha256"] = [found.sha256 if found else "" for found in measured]
    for name in ("sample_rate", "channels", "peak", "clipped"):
        rows[name] = [str(getattr(found, name)) if found else "" for found in measured]
    return rows.iloc[kept].reset_index(drop=True)


CORPUS = Corpus(
    title="Your own clips",
    licence="yours",
    languages=(),
    citation="",
    obtain="a folder with your clips and a stimuli.csv",
    layout="stimuli.csv with the columns stimulus, file, language, speaker, truth",
    label_map={emotion: emotion for emotion in EMOTIONS},
    index=index,
)
