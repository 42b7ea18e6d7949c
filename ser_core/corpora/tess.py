"""TESS, the Toronto Emotional Speech Set: two women say "Say the word ..." with 200 words in seven emotions, 2800 clips.

``OAF_back_angry.wav``: speaker (``OAF`` 64 years old, ``YAF`` 26), word, emotion (``ps`` is the pleasant surprise). One file
has lost a letter (``OA_bite_neutral``). A well-known copy holds the whole set twice, one folder in another of the same name:
the second is left out, clip by clip.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.corpora._corpus import Corpus, Report, Whole, gather, in_folder_of, log, sounds, unnamed

LABELS = {
    "angry": "angry", "disgust": "disgusted", "fear": "fearful", "happy": "happy", "neutral": "neutral", "ps": "surprised",
    "sad": "sad",
}  # fmt: skip
WORDS = 200
_FOLDERS = {
    f"{speaker}_{word}": truth
    for speaker in ("oaf", "yaf")
    for word, truth in ({**LABELS, "pleasant_surprise": "surprised", "pleasant_surprised": "surprised"}).items()
}
_NAME = re.compile(r"(?P<speaker>OAF?|YAF)_(?P<word>[A-Za-z-]+)_(?P<emotion>fear|disgust|angry|sad|ps|neutral|happy)")


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The clips below ``root``, at any depth; each once."""
    top = Path(root)
    return gather(top, "tess", sounds(top), describe=lambda path: _describe(path.relative_to(top)), report=report)


def _describe(path: Path) -> dict[str, Any] | str:
    name = _NAME.fullmatch(path.stem)
    if not name:
        return unnamed("tess")
    truth, speaker = LABELS[name["emotion"]], {"OA": "OAF"}.get(name["speaker"], name["speaker"])
    return in_folder_of(path, truth, _FOLDERS) or {
        "stimulus": f"tess_{speaker}_{name['word']}_{name['emotion']}",
        "language": "en",
        "speaker": speaker,
        "truth": truth,
        "gender": "female",
        "sentence": name["word"].lower(),
    }


def _names(_: Path, stimuli: pd.DataFrame) -> Iterator[str]:
    """The names say which words there are once every word was seen somewhere."""
    words = {id_.split("_")[2] for id_ in stimuli["stimulus"]}
    if len(words) == WORDS:
        yield from (
            f"tess_{speaker}_{word}_{code}" for speaker, word, code in product(("OAF", "YAF"), sorted(words), LABELS)
        )


CORPUS = Corpus(
    title="TESS",
    licence="CC BY-NC-ND 4.0",
    languages=("en",),
    citation="Pichora-Fuller MK, Dupuis K (2020). Toronto emotional speech set (TESS). Borealis, V1.",
    obtain="doi.org/10.5683/SP2/E8H2MF",
    layout="OAF_back_angry.wav",
    label_map=LABELS,
    index=index,
    whole=Whole(2800, dict.fromkeys(LABELS.values(), 400), _names),
)
