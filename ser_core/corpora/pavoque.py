"""PAVOQUE: one German actor reads in five styles, four of them emotions; 7334 utterances, 4344 of them neutral.

It comes as one long recording for each style, ``pavoque-<style>.flac``, with ``pavoque-<style>.yaml`` that tells prompt,
text, start and end of each utterance. Its own build (``./gradlew wav``, needs Java and sox) cuts them into
``build/wav/<prompt>-<style>.wav``; where such a cut is missing, ``index`` cuts it into ``cut/<prompt>-<style>.flac``.

A prompt's letters say where its text is from, not how it was read: ``a``, ``e`` and ``m`` are plain sentences, read in
several styles; ``spike``, ``poppy``, ``obadiah`` and ``prudence`` are texts of the character that stands for the style, and
tell the emotion by their words. A letter at the end (``a0014b``) is another take of the same sentence. The style ``poker``
is no emotion, and its ``truth`` is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import soundfile
import yaml

from ser_core.corpora._corpus import Corpus, Report, Whole, gather, log, sounds
from ser_core.errors import BadInput, Problem

LABELS = {"angry": "angry", "happy": "happy", "neutral": "neutral", "sad": "sad"}
STYLES = (*LABELS, "poker")
_PROMPT = r"(?P<prompt>(?P<script>[aem]|spike|poppy|obadiah|prudence|poker_[nadf])\d{4})(?P<take>[a-e]?)"
_CUT = re.compile(rf"{_PROMPT}-(?P<style>{'|'.join(STYLES)})")
_LONG = re.compile(rf"pavoque-({'|'.join(STYLES)}|outtakes)")


def index(root: str | Path, report: Report = log) -> pd.DataFrame:
    """The utterances below ``root``; those that still lie in a long recording are cut into ``root/cut`` first.

    Raises:
        BadInput: cuts are missing, and cannot be written there.
    """
    top = Path(root)
    texts = _cut_what_is_missing(top, report)
    short = [path for path in sounds(top) if not _LONG.fullmatch(path.stem)]
    return gather(top, "pavoque", short, describe=lambda path: _describe(path.stem, texts), report=report)


def _describe(stem: str, texts: dict[str, str]) -> dict[str, Any] | str:
    name = _CUT.fullmatch(stem)
    if not name:
        return "is not named as pavoque names its clips"
    return {
        "language": "de",
        "speaker": "roettig",
        "truth": LABELS.get(name["style"], ""),
        "gender": "male",
        "style": name["style"],
        "script": "read" if name["script"] in ("a", "e", "m") else "role",
        "sentence": name["prompt"],
        "take": name["take"],
        "text": texts.get(stem, ""),
    }


# --- cutting ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Utterance:
    name: str
    text: str
    start_s: float
    end_s: float


def _cut_what_is_missing(root: Path, report: Report) -> dict[str, str]:
    """Make the cuts that are not there yet.

    Returns:
        What is said in each, by ``<prompt>-<style>``.
    """
    there = {path.stem for path in sounds(root)}
    texts: dict[str, str] = {}
    for table in sorted(root.rglob("pavoque-*.yaml")):
        if not _LONG.fullmatch(table.stem) or any(part.startswith(".") for part in table.relative_to(root).parts):
            continue
        utterances = list(_utterances(table, report))
        texts |= {u.name: u.text for u in utterances}
        missing = [u for u in utterances if u.name not in there]
        recording = table.with_suffix(".flac")
        if missing and recording.is_file():
            _cut(recording, missing, root / "cut", report=report)
            there |= {u.name for u in missing}
    return texts


def _utterances(table: Path, report: Report) -> Iterator[_Utterance]:
    try:
        entries = yaml.load(table.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        report(Problem(f"cannot be read: {' '.join(str(error).split())}", table))
        return
    for n, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
        try:
            found = _Utterance(
                f"{entry['prompt']}-{entry['style']}", str(entry.get("text", "")), float(entry["start"]), float(entry["end"])
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            what = f"utterance {n} lacks its prompt, style, start or end; take the tables of release v0.2 or later"
            report(Problem(what, table))
            continue
        if _CUT.fullmatch(found.name) and 0 <= found.start_s < found.end_s:
            yield found
        else:
            what = f"utterance {n} ('{found.name}', {found.start_s:g} s to {found.end_s:g} s) is none that can be cut"
            report(Problem(what, table))


def _cut(recording: Path, utterances: list[_Utterance], folder: Path, *, report: Report) -> None:
    try:
        folder.mkdir(exist_ok=True)
        with soundfile.SoundFile(recording) as sound:
            for u in utterances:
                first, last = round(u.start_s * sound.samplerate), round(u.end_s * sound.samplerate)
                if last > sound.frames:
                    what = f"ends at {sound.frames / sound.samplerate:g} s, before '{u.name}' does ({u.end_s:g} s)"
                    report(Problem(what, recording))
                    continue
                sound.seek(first)
                samples = sound.read(last - first, dtype="int32")  # 24 bits, to the last one
                beside = folder / f".{u.name}.flac"  # a hidden name, so that half a cut is never taken for a whole one
                soundfile.write(beside, samples, sound.samplerate, subtype=sound.subtype)
                beside.replace(folder / f"{u.name}.flac")
    except soundfile.LibsndfileError as error:
        report(Problem(f"cannot be cut: {str(error.error_string).rstrip('.')}", recording))
    except OSError as error:
        what = f"utterances must be cut into this folder, which cannot be written: {error.strerror}; copy the corpus first"
        raise BadInput(Problem(what, folder)) from error


CORPUS = Corpus(
    title="PAVOQUE",
    licence="CC BY-NC-SA 3.0",
    languages=("de",),
    citation=(
        "Steiner I, Schröder M, Klepp A (2013). The PAVOQUE corpus as a resource for analysis and synthesis of expressive "
        "speech. Phonetik & Phonologie 9."
    ),
    obtain="github.com/marytts/pavoque-data: the .flac files of the releases and the .yaml files beside them",
    layout="pavoque-angry.flac with pavoque-angry.yaml, or cut: build/wav/m0001-angry.wav",
    label_map=LABELS,
    index=index,
    whole=Whole(7334, {"neutral": 4344, "happy": 746, "angry": 724, "sad": 701}),
)
