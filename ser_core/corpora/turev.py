"""TurEV-DB: six speakers of Turkish say single words in four emotions, 1735 clips of 0.35 to 2.5 s.

``Sound Source/Angry/1157_kz_kustah.wav``: speaker, emotion (``kz`` kızgın, ``sk`` sakin, ``mt`` mutlu, ``hl`` hüzünlü),
word. There is no neutral: the fourth emotion is calm, and stays so here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.corpora._corpus import Corpus, Report, Whole, gather, in_folder_of, log, sounds, unnamed

LABELS = {"kz": "angry", "sk": "calm", "mt": "happy", "hl": "sad"}
_NAME = re.compile(r"(?P<speaker>\d{4})_(?P<emotion>kz|sk|mt|hl)_(?P<word>[^\W_]+)")


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The clips below ``root``, at any depth."""
    top = Path(root)
    return gather(top, "turev", sounds(top), describe=lambda path: _describe(path.relative_to(top)), report=report)


def _describe(path: Path) -> dict[str, Any] | str:
    name = _NAME.fullmatch(path.stem)
    if not name:
        return unnamed("turev")
    truth = LABELS[name["emotion"]]
    return in_folder_of(path, truth) or {
        "language": "tr",
        "speaker": name["speaker"],
        "truth": truth,
        "gender": "",  # nowhere told
        "sentence": name["word"],
    }


CORPUS = Corpus(
    title="TurEV-DB",
    licence="CC BY-NC-ND 4.0 (its README; its licence file is the GPL v3, we follow the stricter)",
    languages=("tr",),
    citation=(
        "Canpolat SF, Ormanoğlu Z, Zeyrek D (2020). Turkish Emotion Voice Database (TurEV-DB). SLTU and CCURL, 368-375."
    ),
    obtain="github.com/Xeonen/TurEV-DB: the folder 'Sound Source'",
    layout="Sound Source/Angry/1157_kz_kustah.wav",
    label_map=LABELS,
    index=index,
    whole=Whole(1735, {"angry": 487, "calm": 408, "happy": 357, "sad": 483}),
    remarks=(
        "It has no neutral: its fourth emotion is calm. Whoever counts calm as neutral says so.",
        "Its clips are single words, most of them shorter than the second that many encoders need.",
    ),
)
