"""RAVDESS: 24 North American actors speak two sentences in eight emotions; audio-only speech, 1440 clips.

``Actor_NN/03-01-EE-II-SS-RR-AA.wav``: modality (03 audio only), channel (01 speech, 02 song), emotion, intensity, statement,
repetition, actor. Odd actors are male. ``neutral`` has only the normal intensity.
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
    "01": "neutral", "02": "calm", "03": "happy", "04": "sad",
    "05": "angry", "06": "fearful", "07": "disgusted", "08": "surprised",
}  # fmt: skip
SENTENCES = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
_NAME = re.compile(
    r"(?P<modality>0[1-3])-(?P<channel>0[12])-(?P<emotion>0[1-8])-(?P<intensity>0[12])"
    r"-(?P<sentence>0[12])-(?P<repetition>0[12])-(?P<actor>\d\d)"
)


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The speech clips below ``root``, at any depth."""
    return walk(Path(root), "ravdess", _NAME, describe=_describe, report=report)


def _describe(name: re.Match[str]) -> dict[str, Any] | str:
    if name["channel"] == "02":
        return "is song, not speech"
    if name["modality"] == "02":
        return "is video without sound"
    if not 1 <= int(name["actor"]) <= 24:
        return f"is of actor {name['actor']}; RAVDESS has 24"
    return {
        "language": "en",
        "speaker": name["actor"],
        "truth": LABELS[name["emotion"]],
        "gender": "male" if int(name["actor"]) % 2 else "female",
        "sentence": SENTENCES[name["sentence"]],
        "intensity": {"01": "normal", "02": "strong"}[name["intensity"]],
        "take": name["repetition"],
    }


def _names(_: Path, __: pd.DataFrame) -> Iterator[str]:
    pairs = ("01", "02")
    for actor, emotion, intensity, sentence, take in product(range(1, 25), LABELS, pairs, SENTENCES, pairs):
        if (LABELS[emotion], intensity) != ("neutral", "02"):
            yield f"ravdess_03-01-{emotion}-{intensity}-{sentence}-{take}-{actor:02d}"


CORPUS = Corpus(
    title="RAVDESS (speech)",
    licence="CC BY-NC-SA 4.0",
    languages=("en",),
    citation=(
        "Livingstone SR, Russo FA (2018). The Ryerson Audio-Visual Database of Emotional Speech and Song (RAVDESS). "
        "PLoS ONE 13(5): e0196391."
    ),
    obtain="doi.org/10.5281/zenodo.1188976: Audio_Speech_Actors_01-24.zip",
    layout="Actor_NN/03-01-EE-II-SS-RR-NN.wav",
    label_map=LABELS,
    index=index,
    whole=Whole(1440, {truth: 96 if truth == "neutral" else 192 for truth in LABELS.values()}, _names),
)
