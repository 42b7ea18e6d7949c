"""EMOVO: six Italian actors say fourteen sentences in seven emotions, 588 clips.

``m1/rab-m1-b1.wav``: emotion by the first letters of its Italian name (neutro, disgusto, gioia, paura, rabbia, sorpresa,
tristezza), actor (``f`` women, ``m`` men), sentence: three short (``b``), four long (``l``), five nonsense (``n``) and two
questions (``d``).
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
    "neu": "neutral", "dis": "disgusted", "gio": "happy", "pau": "fearful", "rab": "angry", "sor": "surprised", "tri": "sad",
}  # fmt: skip
SPEAKERS = ("f1", "f2", "f3", "m1", "m2", "m3")
SCRIPTS = {"b": "short", "l": "long", "n": "nonsense", "d": "question"}
SENTENCES = ("b1", "b2", "b3", "l1", "l2", "l3", "l4", "n1", "n2", "n3", "n4", "n5", "d1", "d2")
_NAME = re.compile(r"(?P<emotion>neu|dis|gio|pau|rab|sor|tri)-(?P<speaker>[fm][123])-(?P<sentence>(?P<script>[bnld])\d)")


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The clips below ``root``, at any depth."""
    top = Path(root)
    return gather(top, "emovo", sounds(top), describe=lambda path: _describe(path.relative_to(top)), report=report)


def _describe(path: Path) -> dict[str, Any] | str:
    name = _NAME.fullmatch(path.stem)
    if not name:
        return unnamed("emovo")
    told = [part for part in path.parts[:-1] if part in SPEAKERS]
    if told and told[-1] != name["speaker"]:
        return f"lies in the folder of speaker {told[-1]}, but its name is of {name['speaker']}"
    return {
        "language": "it",
        "speaker": name["speaker"],
        "truth": LABELS[name["emotion"]],
        "gender": {"f": "female", "m": "male"}[name["speaker"][0]],
        "sentence": name["sentence"],
        "script": SCRIPTS[name["script"]],
    }


def _names(_: Path, __: pd.DataFrame) -> Iterator[str]:
    return (f"emovo_{emotion}-{who}-{text}" for emotion, who, text in product(LABELS, SPEAKERS, SENTENCES))


CORPUS = Corpus(
    title="EMOVO",
    licence="research; CC BY-NC-SA 4.0 by others' account",
    languages=("it",),
    citation=(
        "Costantini G, Iaderola I, Paoloni A, Todisco M (2014). EMOVO corpus: an Italian emotional speech database. "
        "LREC, 3501-3504."
    ),
    obtain="voice.fub.it/activities/corpora/emovo: the archive of the Fondazione Ugo Bordoni",
    layout="m1/rab-m1-b1.wav",
    label_map=LABELS,
    index=index,
    whole=Whole(588, dict.fromkeys(LABELS.values(), 84), _names),
)
