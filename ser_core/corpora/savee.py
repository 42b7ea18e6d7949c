"""SAVEE, Surrey Audio-Visual Expressed Emotion: four Englishmen say TIMIT sentences in seven emotions, 480 clips.

``AudioData/DC/a01.wav`` as published, ``DC_a01.wav`` in copies: speaker, emotion (``sa`` sad and ``su`` surprised beside
``a d f h n``), number; 15 of each emotion, 30 neutral ones. Some sentences are said in every emotion, but their numbers
differ: ``sentence`` is the number within its emotion, so one text may have several.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.corpora._corpus import Corpus, Report, Whole, gather, log, sounds, unnamed

LABELS = {
    "a": "angry", "d": "disgusted", "f": "fearful", "h": "happy", "n": "neutral", "sa": "sad", "su": "surprised",
}  # fmt: skip
SPEAKERS = ("DC", "JE", "JK", "KL")
_NAME = re.compile(r"(?:(?P<speaker>DC|JE|JK|KL)_)?(?P<emotion>sa|su|[adfhn])(?P<number>\d\d)")


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The clips below ``root``, at any depth, whichever way they are named."""
    top = Path(root)
    return gather(top, "savee", sounds(top), describe=lambda path: _describe(path, top), report=report)


def _describe(path: Path, top: Path) -> dict[str, Any] | str:
    name = _NAME.fullmatch(path.stem)
    if not name:
        return unnamed("savee")
    # whoever indexes one speaker's folder gives a root that is called like it
    folder = next(
        (part for part in reversed(path.absolute().parts[len(top.absolute().parts) - 1 : -1]) if part in SPEAKERS), ""
    )
    speaker = name["speaker"] or folder
    if not speaker:
        return "lies in no speaker's folder (DC, JE, JK, KL), and its name does not tell the speaker"
    if folder and folder != speaker:
        return f"lies in the folder of speaker {folder}, but its name is of {speaker}"
    sentence = f"{name['emotion']}{name['number']}"
    return {
        "stimulus": f"savee_{speaker}_{sentence}",
        "language": "en-GB",
        "speaker": speaker,
        "truth": LABELS[name["emotion"]],
        "gender": "male",
        "sentence": sentence,
    }


def _names(_: Path, __: pd.DataFrame) -> Iterator[str]:
    for speaker, (code, truth) in product(SPEAKERS, LABELS.items()):
        yield from (f"savee_{speaker}_{code}{number:02d}" for number in range(1, 31 if truth == "neutral" else 16))


CORPUS = Corpus(
    title="SAVEE",
    licence="research only, after registration",
    languages=("en-GB",),
    citation="Haq S, Jackson PJB (2009). Speaker-dependent audio-visual emotion recognition. AVSP, 53-58.",
    obtain="kahlan.eps.surrey.ac.uk/savee: register, then take AudioData.zip",
    layout="AudioData/DC/a01.wav or DC_a01.wav",
    label_map=LABELS,
    index=index,
    whole=Whole(480, {truth: 120 if truth == "neutral" else 60 for truth in LABELS.values()}, _names),
)
