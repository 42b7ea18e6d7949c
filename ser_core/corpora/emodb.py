"""EMO-DB, the Berlin Database of Emotional Speech: ten German actors, ten sentences, seven emotions, 535 clips.

``wav/SSTTTEV.wav``: speaker, sentence (``a01`` ... ``b10``), emotion by its German initial (Wut, Langeweile, Ekel, Angst,
Freude, Trauer, neutral), version.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.corpora._corpus import Corpus, Report, Whole, log, walk

LABELS = {
    "W": "angry", "L": "bored", "E": "disgusted", "A": "fearful", "F": "happy", "T": "sad", "N": "neutral",
}  # fmt: skip
MALE = frozenset({"03", "10", "11", "12", "15"})
"""The others, 08, 09, 13, 14 and 16, are women."""
_NAME = re.compile(r"(?P<speaker>\d\d)(?P<sentence>[ab]\d\d)(?P<emotion>[WLEAFTN])(?P<version>[a-f])")


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The clips below ``root``, at any depth."""
    return walk(Path(root), "emodb", _NAME, describe=_describe, report=report)


def _describe(name: re.Match[str]) -> dict[str, Any]:
    return {
        "language": "de",
        "speaker": name["speaker"],
        "truth": LABELS[name["emotion"]],
        "gender": "male" if name["speaker"] in MALE else "female",
        "sentence": name["sentence"],
        "take": name["version"],
    }


CORPUS = Corpus(
    title="EMO-DB",
    licence="CC0 1.0",
    languages=("de",),
    citation=(
        "Burkhardt F, Paeschke A, Rolfes M, Sendlmeier W, Weiss B (2005). A database of German emotional speech. "
        "Interspeech, 1517-1520."
    ),
    obtain="emodb.bilderbar.info/download: download.zip",
    layout="wav/SSTTTEV.wav, for example wav/03a01Fa.wav",
    label_map=LABELS,
    index=index,
    whole=Whole(535, {"angry": 127, "bored": 81, "disgusted": 46, "fearful": 69, "happy": 71, "sad": 62, "neutral": 79}),
)
