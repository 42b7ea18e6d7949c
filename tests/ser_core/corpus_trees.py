"""Small trees that lie and are named as the corpora of Han 2025 do, filled with made-up voices."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

from tests.ser_core.voices import PITCH_HZ, clip

ESD_BLOCKS = ("Neutral", "Angry", "Happy", "Sad", "Surprise")
EMOTIONS = ("angry", "happy", "neutral", "sad")
ESD_SPEAKERS = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Three women, three men."""


def esd(root: Path, *, speakers: Iterable[str] = ESD_SPEAKERS, sentences: Iterable[int] = range(21, 45)) -> Path:
    """Sentences ``sentences`` (1 to 350) of four emotions; the last speakers' emotions are parted into splits."""
    for speaker in speakers:
        for block, folder in enumerate(ESD_BLOCKS[:4]):
            for sentence in sentences:
                number = block * 350 + sentence
                split = "test/" if speaker > "0003" and sentence < 51 else ""
                path = root / "ESD" / speaker / folder / split / f"{speaker}_{number:06d}.wav"
                clip(path, folder.lower(), seconds=0.1)
        (root / "ESD" / speaker / f"{speaker}.txt").write_text("", encoding="utf-16")
    return root


def pavoque(root: Path, *, per_style: int = 30, styles: Iterable[str] = EMOTIONS) -> Path:
    """One long recording for each style, and its table: plain sentences, the first of them with a second take."""
    root.mkdir(parents=True, exist_ok=True)
    for style in styles:
        prompts = ["m0001a", *(f"m{n:04d}" for n in range(1, per_style + 1)), f"{CHARACTERS[style]}0001"]
        entries, parts = [], []
        for n, prompt in enumerate(prompts):
            rng = np.random.default_rng([n, EMOTIONS.index(style) if style in EMOTIONS else 9])
            times = np.arange(4410) / 44_100
            parts.append(0.3 * np.sin(2 * np.pi * PITCH_HZ.get(style, 600) * times) + 0.1 * rng.uniform(-1, 1, 4410))
            entries.append(
                f"- prompt: {prompt}\n  text: 'Satz {prompt}: Ja.'\n  style: {style}\n"
                f"  start: {n / 10}\n  end: {(n + 1) / 10:g}\n"
                "  segments:\n  - {lab: H#, end: 0.05}\n"
            )
        soundfile.write(root / f"pavoque-{style}.flac", np.concatenate(parts), 44_100, subtype="PCM_24")
        (root / f"pavoque-{style}.yaml").write_text("".join(entries), encoding="utf-8")
    return root


CHARACTERS = {"angry": "spike", "happy": "poppy", "sad": "obadiah", "neutral": "prudence", "poker": "poker_n"}
CODES = {"angry": ("ang",), "happy": ("hap", "exc", "exc"), "neutral": ("neu",), "sad": ("sad",)}


def iemocap(root: Path, *, sessions: Iterable[int] = (1, 2, 3), per_emotion: int = 8) -> Path:
    """So many improvised turns of each speaker and emotion, and a scripted one of each."""
    for session in sessions:
        for style in ("impro01", "script02_1"):
            dialogue = f"Ses0{session}F_{style}"
            lines, turn = [], 0
            for gender in "FM":
                for emotion in EMOTIONS:
                    for take in range(per_emotion if style == "impro01" else 1):
                        name = f"{dialogue}_{gender}{turn:03d}"
                        turn += 1
                        code = CODES[emotion][take % len(CODES[emotion])]
                        folder = root / f"Session{session}"
                        clip(folder / "sentences" / "wav" / dialogue / f"{name}.wav", emotion, seconds=0.1)
                        lines.append(f"[{turn:.4f} - {turn + 0.1:.4f}]\t{name}\t{code}\t[2.5000, 2.5000, 2.5000]")
                        lines += [f"C-E2:\t{emotion};\t()", "A-E3:\tval 3; act 2; dom  2;\t()", ""]
            table = folder / "dialog" / "EmoEvaluation" / f"{dialogue}.txt"
            table.parent.mkdir(parents=True, exist_ok=True)
            table.write_text("% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n" + "\n".join(lines))
    return root


def zed(root: Path, *, speakers: int = 30, emotions: Iterable[str] = ("angry", "happy", "sad")) -> Path:
    """Two clips of each speaker and emotion; the emotion stands in the middle of each."""
    told = {}
    for speaker in range(1, speakers + 1):
        for n, emotion in enumerate(emotions):
            for take in (1, 2):
                id_ = f"spk{speaker}_{2 * n + take}"
                clip(root / "wavs" / f"{id_}.wav", emotion, seconds=0.4)
                told[id_] = {
                    "wav": f"datafolder/wavs/{id_}.wav",
                    "duration": 0.4,
                    "emotion": [{"emo": emotion, "start": 0.1, "end": 0.3}],
                    "transcription": f"line {id_}",
                }
    (root / "ZED.json").write_text(json.dumps(told, indent=2))
    return root


def tianjin(root: Path, *, per_emotion: int = 5) -> Path:
    """A researcher's own dialect clips: a folder with a stimuli.csv."""
    rows = ["stimulus,file,language,speaker,truth,function"]
    for emotion, function in (("angry", "negation"), ("happy", "expectation")):
        for n in range(per_emotion):
            clip(root / f"{function}{n}.wav", emotion, seconds=0.1)
            rows.append(f"{function}{n},{function}{n}.wav,cmn-x-tianjin,tj{n % 2},{emotion},{function}")
    (root / "stimuli.csv").write_text("\n".join(rows) + "\n")
    return root
