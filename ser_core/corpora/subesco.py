"""SUBESCO: twenty Bangladeshi actors say ten sentences in seven emotions, five times each; 7000 clips.

``F_01_OISHI_S_10_ANGRY_1.wav``: gender, number, name, sentence, emotion, take. Women and men are both numbered from 01, so
the speaker is gender and number. One file is called ``F_02_MONIKA_S_2_SURPRISE_3].wav``. Rates are mixed (44.1 and 48 kHz).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.corpora._corpus import Corpus, Report, Whole, log, walk

LABELS = {
    "ANGRY": "angry", "DISGUST": "disgusted", "FEAR": "fearful", "HAPPY": "happy", "NEUTRAL": "neutral", "SAD": "sad",
    "SURPRISE": "surprised",
}  # fmt: skip
_NAME = re.compile(
    r"(?P<clip>(?P<speaker>(?P<gender>[FM])_\d\d)_(?P<name>[A-Z]+)_S_(?P<sentence>\d{1,2})_"
    rf"(?P<emotion>{'|'.join(LABELS)})_(?P<take>[1-5]))\]?"
)


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The clips below ``root``, at any depth."""
    return walk(Path(root), "subesco", _NAME, describe=_describe, report=report)


def _describe(name: re.Match[str]) -> dict[str, Any] | str:
    if not 1 <= int(name["sentence"]) <= 10:
        return f"is of sentence {name['sentence']}; SUBESCO has ten"
    return {
        "stimulus": f"subesco_{name['clip']}",
        "language": "bn",
        "speaker": name["speaker"],
        "truth": LABELS[name["emotion"]],
        "gender": {"F": "female", "M": "male"}[name["gender"]],
        "sentence": name["sentence"],
        "take": name["take"],
    }


def _names(_: Path, stimuli: pd.DataFrame) -> Iterator[str]:
    """Of every speaker who is there; the names of the others are not known."""
    speakers = sorted({id_.removeprefix("subesco_").partition("_S_")[0] for id_ in stimuli["stimulus"]})
    for speaker, sentence, emotion, take in product(speakers, range(1, 11), LABELS, range(1, 6)):
        yield f"subesco_{speaker}_S_{sentence}_{emotion}_{take}"


CORPUS = Corpus(
    title="SUBESCO",
    licence="CC BY 4.0",
    languages=("bn",),
    citation=(
        "Sultana S, Rahman MS, Selim MR, Iqbal MZ (2021). SUST Bangla Emotional Speech Corpus (SUBESCO): an audio-only "
        "emotional speech corpus for Bangla. PLoS ONE 16(4): e0250173."
    ),
    obtain="doi.org/10.5281/zenodo.4526477",
    layout="F_01_OISHI_S_10_ANGRY_1.wav",
    label_map=LABELS,
    index=index,
    whole=Whole(7000, dict.fromkeys(LABELS.values(), 1000), _names),
)
