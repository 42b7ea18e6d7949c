"""ESD, the Emotional Speech Database: ten Mandarin and ten English speakers say 350 sentences each in five emotions.

``<speaker>/<Emotion>/[train|evaluation|test/]<speaker>_<number>.wav``: speakers 0001-0010 speak Mandarin, 0011-0020 English.
The number counts 350 sentences of Neutral, then of Angry, Happy, Sad and Surprise, in the same order for all speakers of a
language; so it tells sentence and emotion, and a copy without folders can be read. One release parts each emotion into
train, evaluation and test, another does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.corpora._corpus import Corpus, Report, Whole, gather, log, sounds

LABELS = {"Neutral": "neutral", "Angry": "angry", "Happy": "happy", "Sad": "sad", "Surprise": "surprised"}
"""In the order in which the clips of a speaker are numbered."""
SENTENCES = 350
MALE = frozenset({"0004", "0005", "0006", "0008", "0010", "0011", "0012", "0013", "0014", "0020"})
"""As the corpus's ReadMe.txt says; the others are women."""
SPLITS = frozenset({"train", "evaluation", "test"})
_NAME = re.compile(r"(?P<speaker>00(?:0[1-9]|1[0-9]|20))_(?P<number>\d{6})")


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The clips below ``root``, at any depth."""
    top = Path(root)
    return gather(top, "esd", sounds(top), describe=lambda path: _describe(path.relative_to(top)), report=report)


def _describe(path: Path) -> dict[str, Any] | str:
    name = _NAME.fullmatch(path.stem)
    if not name:
        return "is not named as esd names its clips"
    number = int(name["number"])
    if not 1 <= number <= SENTENCES * len(LABELS):
        return f"has the number {number}; a speaker's clips are numbered from 1 to {SENTENCES * len(LABELS)}"
    block, sentence = divmod(number - 1, SENTENCES)
    emotion = list(LABELS)[block]
    lies_in = {part.title() for part in path.parts[:-1]}
    if (other := lies_in & set(LABELS)) and emotion not in other:
        return f"lies in the folder {other.pop()}, but its number {number} is one of {emotion}"
    if (told := [part for part in path.parts[:-1] if re.fullmatch(r"00\d\d", part)]) and told[-1] != name["speaker"]:
        return f"lies in the folder of speaker {told[-1]}, but its name is of {name['speaker']}"
    language = "cmn" if name["speaker"] <= "0010" else "en"
    return {
        "language": language,
        "speaker": name["speaker"],
        "truth": LABELS[emotion],
        "gender": "male" if name["speaker"] in MALE else "female",
        "sentence": f"{language}-{sentence + 1:03d}",
        "split": next((part for part in reversed(path.parts[:-1]) if part in SPLITS), ""),
    }


def _names(_: Path, __: pd.DataFrame) -> Iterator[str]:
    numbers = range(1, SENTENCES * len(LABELS) + 1)
    return (f"esd_{speaker:04d}_{number:06d}" for speaker in range(1, 21) for number in numbers)


CORPUS = Corpus(
    title="ESD",
    licence="research only, after a signed agreement; no redistribution",
    languages=("cmn", "en"),
    citation=(
        "Zhou K, Sisman B, Liu R, Li H (2022). Emotional voice conversion: theory, databases and ESD. "
        "Speech Communication 137, 1-18."
    ),
    obtain="github.com/HLTSingapore/Emotional-Speech-Data: sign the agreement, then take the archive",
    layout="0001/Angry/0001_000351.wav or 0001/Angry/train/0001_000401.wav",
    label_map=LABELS,
    index=index,
    whole=Whole(35_000, dict.fromkeys(LABELS.values(), 7000), _names),
)
