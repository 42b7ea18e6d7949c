"""ZED, the Zaion Emotion Dataset: English utterances with one emotion each, and where in the utterance it is heard.

``ZED.json``: id -> ``{"wav": "datafolder/...", "duration": s, "emotion": [{"emo", "start", "end"}], "transcription"}``,
where ``datafolder`` stands for the folder that the JSON file lies in. An id begins with its speaker: ``spk12_2``.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.corpora._corpus import Corpus, Report, Whole, gather, log, sounds
from ser_core.errors import Problem

LABELS = {"angry": "angry", "happy": "happy", "sad": "sad", "neutral": "neutral"}
ROUNDING_S = 0.05
"""An emotion may end so much after its clip: the ends were typed, the clips are cut at frames."""
_SPEAKER = re.compile(r"(?P<speaker>spk\d+)_.+")


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The clips that a ``ZED.json`` below ``root`` names, with the part that shows the emotion."""
    top = Path(root)
    rows: dict[Path, dict[str, Any] | str] = {}
    for table in sorted(path for path in top.rglob("ZED.json") if not path.name.startswith(".")):
        rows |= _rows(table, report)
    for path in sounds(top):
        rows.setdefault(path, "is named by no ZED.json")
    inside = {path: row for path, row in rows.items() if path.is_relative_to(top)}
    for path in rows.keys() - inside.keys():
        report(Problem("lies outside the corpus's folder", path))
    return _within(gather(top, "zed", inside, describe=inside.__getitem__, report=report), top, report)


def _rows(table: Path, report: Report) -> dict[Path, dict[str, Any] | str]:
    try:
        entries = json.loads(table.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        report(Problem(f"cannot be read: {error}", table))
        return {}
    if not isinstance(entries, dict):
        report(Problem("must map each clip's id to its emotion and file", table))
        return {}
    rows: dict[Path, dict[str, Any] | str] = {}
    for id_, entry in entries.items():
        try:
            name = str(entry["wav"]).replace("datafolder", "", 1).lstrip("/\\").replace("\\", "/")
            rows[table.parent / name] = _describe(str(id_), entry)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            report(Problem(f"'{id_}' cannot be read: {type(error).__name__} {error}", table))
    return rows


def _describe(id_: str, entry: dict[str, Any]) -> dict[str, Any] | str:
    if len(entry["emotion"]) != 1:
        return f"has {len(entry['emotion'])} emotions in ZED.json; ours is a table of one part per clip"
    [told] = entry["emotion"]
    start_s, end_s = float(told["start"]), float(told["end"])
    if str(told["emo"]).lower() not in LABELS:
        return f"has the emotion '{told['emo']}', which ZED does not know"
    if not (0 <= start_s < end_s and math.isfinite(end_s)):
        return f"has an emotion from {start_s:g} s to {end_s:g} s, which is not possible"
    speaker = _SPEAKER.fullmatch(id_)
    return {
        "stimulus": f"zed_{id_}",
        "language": "en",
        "speaker": speaker["speaker"] if speaker else "",
        "truth": LABELS[str(told["emo"]).lower()],
        "truth_start_s": start_s,
        "truth_end_s": end_s,
        "text": " ".join(str(entry.get("transcription", "")).split()),
    }


def _within(stimuli: pd.DataFrame, root: Path, report: Report) -> pd.DataFrame:
    """The clips whose emotion lies within them; an end that is a little late is set to the clip's."""
    late = stimuli["truth_end_s"] - stimuli["duration_s"]
    wrong = (late > ROUNDING_S) | (stimuli["truth_start_s"] >= stimuli["duration_s"])
    for row in stimuli[wrong].to_dict("records"):
        what = f"lasts {row['duration_s']:g} s, but its emotion is said to end at {row['truth_end_s']:g} s"
        report(Problem(what, root / row["file"]))
    ends = stimuli["truth_end_s"].where(late <= 0, stimuli["duration_s"])
    return stimuli.assign(truth_end_s=ends)[~wrong].reset_index(drop=True)


CORPUS = Corpus(
    title="ZED",
    licence="CC BY-NC 4.0",
    languages=("en",),
    citation=(
        "Wang Y, Ravanelli M, Yacoubi A (2023). Speech emotion diarization: which emotion appears when? IEEE ASRU, 1-7."
    ),
    obtain="github.com/BenoitWang/Speech_Emotion_Diarization: the link in its README; ask the authors if it is dead",
    layout="ZED.json with the clips that it names",
    label_map=LABELS,
    index=index,
    whole=Whole(180),
)
