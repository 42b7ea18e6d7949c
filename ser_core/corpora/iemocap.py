"""IEMOCAP: ten actors in five sessions of two, improvised and scripted dialogues; 10 039 utterances in American English.

``Session<n>/sentences/wav/<dialogue>/<dialogue>_<F|M><turn>.wav``, the labels in
``Session<n>/dialog/EmoEvaluation/<dialogue>.txt``. The letter behind the session (``Ses01F``) is the side that wore the
markers; who speaks is the letter before the turn. ``truth`` is what most of the raters heard: nobody was asked for it. It
is empty where they did not agree (``xxx``) or heard something else (``oth``). Many papers count ``exc`` as happy; we do not,
and the column ``code`` lets you.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.corpora._corpus import Corpus, Report, Whole, gather, log, sounds
from ser_core.errors import Problem

LABELS = {
    "ang": "angry", "hap": "happy", "exc": "excited", "sad": "sad", "neu": "neutral",
    "fru": "frustrated", "fea": "fearful", "sur": "surprised", "dis": "disgusted",
}  # fmt: skip
NO_EMOTION = frozenset({"xxx", "oth"})
_DIALOGUE = r"Ses0(?P<session>[1-5])[FM]_(?P<style>impro|script)\d\d(?:_\d)?[ab]?"
_NAME = re.compile(rf"(?P<dialogue>{_DIALOGUE})_(?P<gender>[FM])\d{{3}}")
_WHOLE = re.compile(_DIALOGUE)
_LINE = re.compile(r"\[\s*[\d.]+\s*-\s*[\d.]+\s*\]\s+(?P<utterance>\S+)\s+(?P<code>[a-z]{3})\b")


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The utterances below ``root`` that a label table names."""
    top = Path(root)
    codes = _codes(top)
    found = sounds(top)
    whole = [path for path in found if _WHOLE.fullmatch(path.stem)]
    if whole:
        report(Problem(f"{len(whole)} recordings of whole dialogues are no clips", whole[0].parent))
    turns = [path for path in found if not _WHOLE.fullmatch(path.stem)]
    return gather(top, "iemocap", turns, describe=lambda path: _describe(path.stem, codes), report=report)


def _codes(root: Path) -> dict[str, str]:
    """The label of each utterance; the folders below EmoEvaluation hold what single raters said, and are passed over."""
    codes: dict[str, str] = {}
    for table in sorted(root.rglob("EmoEvaluation/*.txt")):
        if not table.name.startswith("."):
            for line in table.read_text(encoding="utf-8", errors="replace").splitlines():
                if found := _LINE.match(line):
                    codes[found["utterance"]] = found["code"]
    return codes


def _describe(stem: str, codes: dict[str, str]) -> dict[str, Any] | str:
    name = _NAME.fullmatch(stem)
    if not name:
        return "is not named as iemocap names its clips"
    code = codes.get(stem)
    if code is None:
        return "stands in no table of dialog/EmoEvaluation"
    if code not in LABELS and code not in NO_EMOTION:
        return f"has the label '{code}', which IEMOCAP does not know"
    return {
        "language": "en",
        "speaker": f"{name['session']}{name['gender']}",
        "truth": LABELS.get(code, ""),
        "gender": {"F": "female", "M": "male"}[name["gender"]],
        "code": code,
        "style": {"impro": "improvised", "script": "scripted"}[name["style"]],
        "session": name["session"],
        "dialogue": name["dialogue"],
    }


CORPUS = Corpus(
    title="IEMOCAP",
    licence="research only, after a signed agreement with the University of Southern California",
    languages=("en",),
    citation=(
        "Busso C, Bulut M, Lee C-C, Kazemzadeh A, Mower E, Kim S, Chang JN, Lee S, Narayanan SS (2008). IEMOCAP: "
        "interactive emotional dyadic motion capture database. Language Resources and Evaluation 42, 335-359."
    ),
    obtain="sail.usc.edu/iemocap: send the release form, then take the archive",
    layout=(
        "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav with Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"
    ),
    label_map=LABELS,
    index=index,
    whole=Whole(
        10_039,
        {"angry": 1103, "happy": 595, "excited": 1041, "sad": 1084, "neutral": 1708},
        lambda root, _: (f"iemocap_{utterance}" for utterance in _codes(root)),
    ),
)
