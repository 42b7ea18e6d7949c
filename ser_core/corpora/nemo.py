"""nEMO: nine Polish actors say ninety sentences in six emotions; 4481 clips.

``samples/WR0_surprised_64.wav``: speaker, emotion, sentence; the same number is the same text throughout. ``data.tsv`` has
text, gender and age of each; its speakers have blanks before them. Speaker MP0 is not complete, and MK0 is never surprised.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.corpora._corpus import Corpus, LeftOut, Report, Whole, gather, log, sounds, tables, unnamed

LABELS = {
    "anger": "angry", "fear": "fearful", "happiness": "happy", "neutral": "neutral", "sadness": "sad",
    "surprised": "surprised",
}  # fmt: skip
_NAME = re.compile(rf"(?P<speaker>[A-Z]{{2}}\d)_(?P<emotion>{'|'.join(LABELS)})_(?P<sentence>\d{{1,3}})")


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The clips below ``root``, at any depth; those that ``data.tsv`` contradicts or does not know are left out."""
    top = Path(root)
    told = _told(top, report)
    return gather(top, "nemo", sounds(top), describe=lambda path: _describe(path.stem, told), report=report)


def _describe(stem: str, told: dict[str, dict[str, str]]) -> dict[str, Any] | str:
    name = _NAME.fullmatch(stem)
    if not name:
        return unnamed("nemo")
    more = told.get(stem, {})
    if told and not more:
        return "stands in no data.tsv"
    if more and (more["emotion"], more["speaker_id"]) != (name["emotion"], name["speaker"]):
        return (
            f"is of {more['speaker_id']} ({more['emotion']}) by data.tsv, and not of {name['speaker']} ({name['emotion']})"
        )
    return {
        "language": "pl",
        "speaker": name["speaker"],
        "truth": LABELS[name["emotion"]],
        "gender": more.get("gender", ""),
        "speaker_age": more.get("age", ""),
        "sentence": name["sentence"],
        "text": more.get("raw_text", ""),
    }


def _told(root: Path, report: Report) -> dict[str, dict[str, str]]:
    """What ``data.tsv`` says of each clip, by its name without ending."""
    told: dict[str, dict[str, str]] = {}
    for table in tables(root, "data.tsv"):
        try:
            with table.open(encoding="utf-8-sig", newline="") as file:
                rows = [{k: (v or "").strip() for k, v in row.items() if k} for row in csv.DictReader(file, delimiter="\t")]
            told |= {Path(row["file_id"]).stem: row for row in rows if row["emotion"] and row["speaker_id"]}
        except (OSError, ValueError, KeyError, AttributeError, csv.Error) as error:
            report(LeftOut(f"cannot be read: {type(error).__name__} {error}", table))
    return told


def _names(root: Path, _: pd.DataFrame) -> Iterator[str]:
    return (f"nemo_{stem}" for stem in _told(root, lambda problem: None))


CORPUS = Corpus(
    title="nEMO",
    licence="CC BY-NC-SA 4.0",
    languages=("pl",),
    citation="Christop I (2024). nEMO: dataset of emotional speech in Polish. LREC-COLING, 12111-12116.",
    obtain="github.com/amu-cai/nEMO: samples and data.tsv",
    layout="samples/WR0_surprised_64.wav, with data.tsv",
    label_map=LABELS,
    index=index,
    whole=Whole(4481, {"angry": 749, "fearful": 736, "happy": 749, "neutral": 809, "sad": 769, "surprised": 669}, _names),
)
