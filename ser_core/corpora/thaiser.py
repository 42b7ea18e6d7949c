"""THAI-SER: two hundred Thai actors in pairs, scripted and improvised, in five emotions; 27 854 utterances, 41.6 hours.

``studio1-10/studio001/con/s001_con_actor001_impro1_1.flac``: session (``s`` studio, ``z`` Zoom), microphone, actor, scene,
turn. A turn in the studio was recorded by several microphones (``con`` condenser, ``clip`` clip-on, ``middle`` between the
two), over Zoom by one (``mic``): the same utterance several times, so ``utterance`` names it without its microphone. Choose
one microphone, or part training and test by ``speaker`` at least.

``emotion_label.json`` has what was acted (``truth``) and what its listeners heard: ``majority`` (empty where no emotion had
one), ``agreement`` in [0, 1] and ``votes``, one listener after the other (``angry;angry+frustrated``; who heard no emotion
is ``none``). It names the files of ``con`` and ``mic``; the other microphones heard the same. A scripted turn that it does
not name tells what was acted by its last part (``script1_2_3b``: sentence 2, emotion 3).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.corpora._corpus import Corpus, LeftOut, Report, Whole, gather, log, sounds, tables, unnamed

LABELS = {"Neutral": "neutral", "Angry": "angry", "Happy": "happy", "Sad": "sad", "Frustrated": "frustrated"}
"""In the order of the digits of scripted turns, from 1."""
_NAME = re.compile(
    r"(?P<session>[sz]\d{3})_(?P<mic>[a-z]+)_(?P<turn>actor(?P<actor>\d{3})_(?P<scene>(?P<style>impro|script)\d+)_(?P<part>\w+))"
)
_SCRIPTED = re.compile(r"(?P<sentence>\d+)_(?P<emotion>[1-5])[a-z]?")
_HEARD_BY = {"s": "con", "z": "mic"}  # the microphone that listeners heard, and that the labels name


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The clips below ``root``, at any depth, of every microphone."""
    top = Path(root)
    labels, actors = _labels(top, report), _actors(top, report)
    return gather(top, "thaiser", sounds(top), describe=lambda path: _describe(path.stem, labels, actors), report=report)


def _describe(stem: str, labels: dict[str, dict[str, Any]], actors: dict[str, dict[str, str]]) -> dict[str, Any] | str:
    name = _NAME.fullmatch(stem)
    if not name:
        return unnamed("thaiser")
    scripted = _SCRIPTED.fullmatch(name["part"]) if name["style"] == "script" else None
    label = labels.get(stem) or labels.get(f"{name['session']}_{_HEARD_BY[stem[0]]}_{name['turn']}")
    if label is None and scripted is None:
        return "stands in no emotion_label.json, and its name does not tell what was acted"
    acted = label["assigned_emo"] if label else list(LABELS)[int(scripted["emotion"]) - 1] if scripted else ""
    if acted not in LABELS:
        return f"has the emotion '{acted}', which THAI-SER does not know"
    return {
        "language": "th",
        "speaker": name["actor"],
        "truth": LABELS[acted],
        "sentence": f"{name['scene']}-{scripted['sentence']}" if scripted else "",
        "style": {"impro": "improvised", "script": "scripted"}[name["style"]],
        "session": name["session"],
        "mic": name["mic"],
        "utterance": f"{name['session']}_{name['turn']}",
        **(_heard(label) if label else {"majority": "", "agreement": "", "votes": ""}),
        **actors.get(name["actor"], {"gender": "", "speaker_age": ""}),
    }


def _heard(label: dict[str, Any]) -> dict[str, str]:
    votes = label.get("annotated") or []
    return {
        "majority": LABELS.get(label.get("majority_emo"), ""),  # type: ignore[arg-type]
        "agreement": "" if label.get("agreement") is None else f"{float(label['agreement']):g}",
        "votes": ";".join("+".join(_vote(word) for word in ([vote] if isinstance(vote, str) else vote)) for vote in votes),
    }


def _vote(word: Any) -> str:
    return LABELS.get(str(word), str(word).strip().lower()) or "none"


def _labels(root: Path, report: Report) -> dict[str, dict[str, Any]]:
    """The first entry of each file, by its name without ending (some releases say .wav, and the files are .flac)."""
    labels: dict[str, dict[str, Any]] = {}
    for table in tables(root, "emotion_label*.json", "labels.json"):
        try:
            for name, entries in json.loads(table.read_text(encoding="utf-8-sig")).items():
                entry = entries[0] if isinstance(entries, list) else entries
                _ = entry["assigned_emo"], _heard(entry)  # what cannot be read is told of here
                labels[Path(name).stem] = entry
        except (OSError, ValueError, AttributeError, KeyError, IndexError, TypeError) as error:
            report(LeftOut(f"cannot be read: {type(error).__name__} {error}", table))
    return labels


def _actors(root: Path, report: Report) -> dict[str, dict[str, str]]:
    actors: dict[str, dict[str, str]] = {}
    for table in tables(root, "actor_demography.json"):
        try:
            for actor in json.loads(table.read_text(encoding="utf-8-sig"))["data"]:
                number = int(actor["Actor's ID"])
                actors[f"{number:03d}"] = {
                    "gender": str(actor.get("Sex", "")).lower(),
                    "speaker_age": str(actor.get("Age", "")),
                }
        except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
            report(LeftOut(f"cannot be read: {type(error).__name__} {error}", table))
    return actors


def _names(root: Path, _: pd.DataFrame) -> Iterator[str]:
    return (f"thaiser_{stem}" for stem in _labels(root, lambda problem: None))


CORPUS = Corpus(
    title="THAI-SER",
    licence="CC BY-SA 4.0",
    languages=("th",),
    citation="VISTEC, Chulalongkorn University (2021). THAI SER: Thai speech emotion dataset. Version 1.",
    obtain="github.com/vistec-AI/dataset-releases, release v1: ten archives, emotion_label.json, actor_demography.json",
    layout="studio1-10/studio001/con/s001_con_actor001_impro1_1.flac, with emotion_label.json",
    label_map=LABELS,
    index=index,
    whole=Whole(names=_names),
    remarks=(
        "Several microphones heard the same utterance (columns mic, utterance): choose one, or keep them in one split.",
        "truth is what was acted; what listeners heard is in majority, agreement and votes.",
    ),
)
