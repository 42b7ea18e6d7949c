"""URDU: 400 clips of Urdu talk shows in four emotions; spontaneous speech of 1 to 3 s.

``Angry/SM1_F11_A011.wav``: gender and number of the speaker, number of the speaker's file, emotion and number within it.
Numbers are padded with zeros in some names and not in others (``A04``, ``A011``, ``S0100``), so the names say little of what
is missing. Most speakers are heard in one emotion only: see the remarks.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.corpora._corpus import Corpus, Report, Whole, gather, in_folder_of, log, sounds, unnamed

LABELS = {"A": "angry", "H": "happy", "N": "neutral", "S": "sad"}
_NAME = re.compile(r"S(?P<gender>[MF])(?P<number>\d+)_F(?P<take>\d+)_(?P<emotion>[AHNS])\d+")


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The clips below ``root``, at any depth."""
    top = Path(root)
    return gather(top, "urdu", sounds(top), describe=lambda path: _describe(path.relative_to(top)), report=report)


def _describe(path: Path) -> dict[str, Any] | str:
    name = _NAME.fullmatch(path.stem)
    if not name:
        return unnamed("urdu")
    truth = LABELS[name["emotion"]]
    return in_folder_of(path, truth) or {
        "language": "ur",
        "speaker": f"S{name['gender']}{int(name['number'])}",
        "truth": truth,
        "gender": {"F": "female", "M": "male"}[name["gender"]],
        "take": name["take"],
    }


CORPUS = Corpus(
    title="URDU-Dataset",
    licence="research only",
    languages=("ur",),
    citation=(
        "Latif S, Qayyum A, Usman M, Qadir J (2018). Cross lingual speech emotion recognition: Urdu vs. Western "
        "languages. FIT, 88-93 (arXiv:1812.10411)."
    ),
    obtain="github.com/siddiquelatif/URDU-Dataset",
    layout="Angry/SM1_F11_A011.wav, and so Happy, Neutral, Sad",
    label_map=LABELS,
    index=index,
    whole=Whole(400, dict.fromkeys(LABELS.values(), 100)),
    remarks=(
        "Of its 29 speakers 26 are heard in one emotion only, and no woman is angry: what tells speakers apart tells these "
        "labels apart, so use it to test on, and see 'audit'.",
    ),
)
