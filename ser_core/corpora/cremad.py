"""CREMA-D: 91 American actors say twelve sentences in six emotions, one of them at three levels; 7442 clips.

``AudioWAV/1001_IEO_ANG_HI.wav``: actor, sentence, emotion, level (``LO MD HI``, else ``XX``; one file has a single ``X``).
The same clips lie beside them as MP3 and as video: the WAV file is taken. A clip's id is its bare name, as the importer of
its listeners' votes has it, so that both join. ``VideoDemographics.csv`` tells sex and age of the actors, where it lies
below the root. ``truth`` is what was acted, and fewer than half of those who heard the voice alone recognise it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.corpora._corpus import Corpus, LeftOut, Report, Whole, gather, log, sounds, tables, unnamed

LABELS = {"ANG": "angry", "DIS": "disgusted", "FEA": "fearful", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified"}
SENTENCES = ("DFA", "IEO", "IOM", "ITH", "ITS", "IWL", "IWW", "MTI", "TAI", "TIE", "TSI", "WSI")
NEVER_MADE = frozenset({("1008", "WSI"), ("1009", "MTI"), ("1019", "ITH")})
"""Actor and sentence, of no emotion; of two more only the neutral one is missing."""
NEVER_NEUTRAL = frozenset({("1002", "TIE"), ("1076", "ITS")})
_NAME = re.compile(
    rf"(?P<speaker>1\d{{3}})_(?P<sentence>{'|'.join(SENTENCES)})_(?P<emotion>{'|'.join(LABELS)})_(?P<level>LO|MD|HI|XX?)"
)


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The clips below ``root``, at any depth."""
    top = Path(root)
    actors = _actors(top, report)
    # the videos hold the same voices once more; as files that are not sound they would be named 7442 times
    heard = [path for path in sounds(top) if path.suffix.lower() not in (".flv", ".mp4")]
    return gather(top, "cremad", heard, describe=lambda path: _describe(path.stem, actors), report=report)


def _describe(stem: str, actors: dict[str, dict[str, str]]) -> dict[str, Any] | str:
    name = _NAME.fullmatch(stem)
    if not name:
        return unnamed("cremad")
    level = "XX" if name["level"] == "X" else name["level"]
    return {
        "stimulus": f"{name['speaker']}_{name['sentence']}_{name['emotion']}_{level}",
        "language": "en",
        "speaker": name["speaker"],
        "truth": LABELS[name["emotion"]],
        "sentence": name["sentence"],
        "level": LEVELS[level],
        **actors.get(name["speaker"], {"gender": "", "speaker_age": ""}),
    }


def _actors(root: Path, report: Report) -> dict[str, dict[str, str]]:
    actors: dict[str, dict[str, str]] = {}
    for table in tables(root, "VideoDemographics.csv"):
        try:
            with table.open(encoding="utf-8-sig", newline="") as file:
                for row in csv.DictReader(file):
                    actors[row["ActorID"]] = {"gender": row["Sex"].lower(), "speaker_age": row["Age"]}
        except (OSError, ValueError, AttributeError, KeyError, csv.Error) as error:
            report(LeftOut(f"cannot be read: {type(error).__name__} {error}", table))
    return actors


def _names(_: Path, __: pd.DataFrame) -> Iterator[str]:
    for actor, sentence, emotion in product(range(1001, 1092), SENTENCES, LABELS):
        pair = (str(actor), sentence)
        if pair in NEVER_MADE or (emotion == "NEU" and pair in NEVER_NEUTRAL):
            continue
        levels = ("LO", "MD", "HI") if sentence == "IEO" and emotion != "NEU" else ("XX",)
        yield from (f"{actor}_{sentence}_{emotion}_{level}" for level in levels)


CORPUS = Corpus(
    title="CREMA-D",
    licence="ODbL 1.0, contents DbCL 1.0",
    languages=("en",),
    citation=(
        "Cao H, Cooper DG, Keutmann MK, Gur RC, Nenkova A, Verma R (2014). CREMA-D: crowd-sourced emotional multimodal "
        "actors dataset. IEEE Transactions on Affective Computing 5(4), 377-390."
    ),
    obtain="github.com/CheyneyComputerScience/CREMA-D: clone it with Git LFS; AudioWAV",
    layout="AudioWAV/1001_IEO_ANG_HI.wav",
    label_map=LABELS,
    index=index,
    whole=Whole(7442, {truth: 1087 if truth == "neutral" else 1271 for truth in LABELS.values()}, _names),
    remarks=(
        "truth is what was acted; of those who heard the voice alone fewer than half recognised it. Their votes can be "
        "imported beside it (python -m listening_tests import-ratings).",
    ),
)
