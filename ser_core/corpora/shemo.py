"""ShEMO, the Sharif Emotional Speech Database: 3000 utterances of 87 speakers of Persian radio plays in six emotions.

``male/M01A01.wav``: gender and number of the speaker, emotion, number of two or three digits. So the speaker is the first
three characters; code that takes the fifth and sixth, which are of the number, splits by nothing. The column
``serab_speaker`` holds these, so that what was published by such a split can be repeated (``python -m ser_core split``).

There are two sets of labels. ``truth`` is the letter of the name, as published. A revision (``modified_shemo.json`` or
``shemo.json``, 2838 clips) names some clips after their text files: where that table lies below the root, the column
``truth_modified`` says what it says, and is empty where it says nothing.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.corpora._corpus import Corpus, LeftOut, Report, Whole, gather, log, sounds, tables, unnamed
from ser_core.emotions import canonical

LABELS = {"A": "angry", "F": "fearful", "H": "happy", "N": "neutral", "S": "sad", "W": "surprised"}
_NAME = re.compile(r"(?P<speaker>(?P<gender>[FM])\d\d)(?P<emotion>[AFHNSW])(?P<number>\d{2,3})")


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The clips below ``root``, at any depth."""
    top = Path(root)
    modified: dict[str, str] = {}
    for table in tables(top, "modified_shemo.json", "shemo.json"):
        modified |= _modified(table, report)
    return gather(top, "shemo", sounds(top), describe=lambda path: _describe(path.stem, modified), report=report)


def _describe(stem: str, modified: dict[str, str]) -> dict[str, Any] | str:
    name = _NAME.fullmatch(stem)
    if not name:
        return unnamed("shemo")
    return {
        "language": "fa",
        "speaker": name["speaker"],
        "truth": LABELS[name["emotion"]],
        "gender": {"F": "female", "M": "male"}[name["gender"]],
        "truth_modified": modified.get(stem, ""),
        "serab_speaker": name["number"][:2],
    }


def _modified(table: Path, report: Report) -> dict[str, str]:
    """The emotion of each clip, by its name, with or without an ending."""
    try:
        entries = json.loads(table.read_text(encoding="utf-8-sig"))
        return {
            str(name).removesuffix(".wav"): LABELS.get(entry["emotion"]) or canonical(entry["emotion"])
            for name, entry in entries.items()
        }
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        report(LeftOut(f"cannot be read: {type(error).__name__} {error}", table))
        return {}


CORPUS = Corpus(
    title="ShEMO",
    licence="Apache 2.0 by its card on the hub; cite the paper",
    languages=("fa",),
    citation=(
        "Mohamad Nezami O, Jamshid Lou P, Karami M (2019). ShEMO: a large-scale validated database for Persian speech "
        "emotion detection. Language Resources and Evaluation 53, 1-16."
    ),
    obtain="github.com/mansourehk/ShEMO: male.zip and female.zip",
    layout="male/M01A01.wav, female/F01A01.wav",
    label_map=LABELS,
    index=index,
    whole=Whole(3000, {"angry": 1059, "fearful": 38, "happy": 201, "neutral": 1028, "sad": 449, "surprised": 225}),
    remarks=(
        "Labels are the letters of the names, as published; a revision says otherwise for some clips (column truth_modified "
        "where its table is there): say which you use.",
    ),
)
