"""EmotionTTS open DB, its emotional part: fifteen Korean speakers read in four emotions; 300 clips are public.

``Emotional/{plain-to-emotional,emotional-to-emotional}/ema/wav/ema00201.wav``: speaker, and a number that counts 100
sentences of each emotion. Five speakers (``em.``) read the same plain sentences in every emotion, ten (``ne.``) read
sentences whose words tell the emotion. ``transcript/ema00201.txt`` is what was said, ``script/`` what was to be read.

The published key of the numbers cannot be right: it calls 00201 to 00300 angry and 00301 to 00400 sad. But the sentences of
00201 to 00205 are about grief and a funeral, those of 00301 to 00305 scold; 002xx has the lowest pitch of the four in 14 of
15 speakers; and with the two swapped, what learned here recognises German far better. ``truth`` has them swapped,
``truth_published`` is the key's word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.corpora._corpus import Corpus, LeftOut, Report, Whole, gather, log, sounds, unnamed

LABELS = {"000": "neutral", "001": "happy", "002": "sad", "003": "angry"}
"""By the first three of the five digits: the sentence and its emotion."""
PUBLISHED = {"000": "neutral", "001": "happy", "002": "angry", "003": "sad"}
FEMALE = frozenset({"ema", "emb", "nea", "neb", "nec", "ned", "nee"})
SPEAKERS = tuple(f"em{c}" for c in "abfgh") + tuple(f"ne{c}" for c in "abcdeklmno")
PUBLIC = 5
"""Sentences of each speaker and emotion that are public, the first of a hundred."""
_NAME = re.compile(rf"(?P<speaker>{'|'.join(SPEAKERS)})(?P<number>\d{{5}})")


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The clips below ``root``, at any depth, with what is said where its text lies beside them."""
    top = Path(root)
    return gather(top, "emotiontts", sounds(top), describe=lambda path: _describe(path, report), report=report)


def _describe(path: Path, report: Report) -> dict[str, Any] | str:
    name = _NAME.fullmatch(path.stem)
    if not name:
        return unnamed("emotiontts")
    block, sentence = divmod(int(name["number"]) - 1, 100)  # 00100 is the last of the first block
    code = f"{block:03d}"
    if code not in LABELS:
        return f"has the number {name['number']}; they run from 00001 to 00400"
    plain = name["speaker"].startswith("em")
    return {
        "language": "ko",
        "speaker": name["speaker"],
        "truth": LABELS[code],
        "truth_published": PUBLISHED[code],
        "gender": "female" if name["speaker"] in FEMALE else "male",
        "script": "plain" if plain else "emotional",
        "sentence": f"plain-{sentence + 1:03d}" if plain else f"{LABELS[code]}-{sentence + 1:03d}",
        "text": _text(path, report),
    }


def _text(path: Path, report: Report) -> str:
    """What is said in the clip; empty if nothing tells it."""
    for folder in ("transcript", "script"):
        file = path.parent.parent / folder / f"{path.stem}.txt"
        if file.is_file():
            try:
                return " ".join(file.read_text(encoding="utf-8-sig").split())
            except (OSError, UnicodeDecodeError) as error:
                report(LeftOut(f"cannot be read: {error}", file))
    return ""


def _names(_: Path, __: pd.DataFrame) -> Iterator[str]:
    for speaker, block, sentence in product(SPEAKERS, range(len(LABELS)), range(1, PUBLIC + 1)):
        yield f"emotiontts_{speaker}{100 * block + sentence:05d}"


CORPUS = Corpus(
    title="EmotionTTS open DB (emotional part)",
    licence="CC BY-NC-SA 4.0, research only",
    languages=("ko",),
    citation=(
        "KAIST, Selvas AI (2019). EmotionTTS open DB. Korean Ministry of Trade, Industry and Energy, project No. 10080667."
    ),
    obtain="github.com/emotiontts/emotiontts_open_db: Dataset/SpeechCorpus/Emotional; the whole on application",
    layout="Emotional/plain-to-emotional/ema/wav/ema00201.wav",
    label_map=LABELS,
    index=index,
    whole=Whole(300, dict.fromkeys(LABELS.values(), 75), _names),
    remarks=(
        "Its published key calls 002xx angry and 003xx sad; texts, pitch and models say that they are swapped, and so they "
        "are swapped in truth. The column truth_published has the key's word.",
        "The ten speakers ne. read words that tell the emotion (column script: emotional).",
    ),
)
