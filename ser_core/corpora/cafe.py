"""CaFE, the Canadian French Emotional speech database: twelve actors say six sentences in seven emotions, 936 clips.

``Joie/Fort/01-J-2-1.wav``: actor (odd ones are men), emotion, intensity (1 faible, 2 fort), sentence. ``Neutre`` has one
intensity and no folder for it. The accents of ``Colère`` and ``Dégoût`` rarely survive an archive (``ColŠre``, ``D‚go–t``):
the name of the file tells everything, and a folder whose name cannot be read says nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.corpora._corpus import Corpus, Report, Whole, gather, in_folder_of, log, sounds, unnamed

LABELS = {
    "C": "angry", "D": "disgusted", "J": "happy", "N": "neutral", "P": "fearful", "S": "surprised", "T": "sad",
}  # fmt: skip
FOLDERS = {
    "colère": "angry", "dégoût": "disgusted", "joie": "happy", "neutre": "neutral", "peur": "fearful",
    "surprise": "surprised", "tristesse": "sad",
}  # fmt: skip
SENTENCES = {
    "1": "Un cheval fou dans mon jardin",
    "2": "Deux ânes aigris au pelage brun",
    "3": "Trois cygnes aveugles au bord du lac",
    "4": "Quatre vieilles truies éléphantesques",
    "5": "Cinq pumas fiers et passionnés",
    "6": "Six ours aimants domestiqués",
}
_NAME = re.compile(r"(?P<speaker>0[1-9]|1[0-2])-(?P<emotion>[CDJNPST])-(?P<intensity>[12])-(?P<sentence>[1-6])")


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The clips below ``root``, at any depth; WAV at 48 kHz or AIFF at 192 kHz."""
    top = Path(root)
    return gather(top, "cafe", sounds(top), describe=lambda path: _describe(path.relative_to(top)), report=report)


def _describe(path: Path) -> dict[str, Any] | str:
    name = _NAME.fullmatch(path.stem)
    if not name:
        return unnamed("cafe")
    truth = LABELS[name["emotion"]]
    composed = Path(unicodedata.normalize("NFC", str(path)))  # macOS writes an accent as a letter of its own
    return in_folder_of(composed, truth, FOLDERS) or {
        "language": "fr-CA",
        "speaker": name["speaker"],
        "truth": truth,
        "gender": "male" if int(name["speaker"]) % 2 else "female",
        "sentence": name["sentence"],
        "text": SENTENCES[name["sentence"]],
        "intensity": "" if truth == "neutral" else {"1": "faible", "2": "fort"}[name["intensity"]],
    }


def _names(_: Path, __: pd.DataFrame) -> Iterator[str]:
    for speaker, emotion, intensity, text in product(range(1, 13), LABELS, "12", SENTENCES):
        if (emotion, intensity) != ("N", "2"):
            yield f"cafe_{speaker:02d}-{emotion}-{intensity}-{text}"


CORPUS = Corpus(
    title="CaFE",
    licence="CC BY-NC-SA 4.0",
    languages=("fr-CA",),
    citation=("Gournay P, Lahaie O, Lefebvre R (2018). A Canadian French emotional speech dataset. ACM MMSys, 399-402."),
    obtain="doi.org/10.5281/zenodo.1478765",
    layout="Joie/Fort/01-J-2-1.wav, and Neutre/01-N-1-1.wav",
    label_map=LABELS,
    index=index,
    whole=Whole(936, {truth: 72 if truth == "neutral" else 144 for truth in LABELS.values()}, _names),
)
