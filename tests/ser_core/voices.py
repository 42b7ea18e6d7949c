"""Made-up voices for tests: each emotion has its own pitch, each clip its own noise, so that there is something to learn."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

PITCH_HZ = {"angry": 400.0, "happy": 800.0, "neutral": 1600.0, "sad": 3200.0}


def clip(path: Path, emotion: str, *, seconds: float = 0.3) -> Path:
    """Write one clip; its noise follows from its path's last two parts, so no two clips are equal and none changes."""
    rng = np.random.default_rng(zlib.crc32("/".join(path.parts[-2:]).encode()))
    times = np.arange(int(16_000 * seconds)) / 16_000
    sound = 0.3 * np.sin(2 * np.pi * PITCH_HZ[emotion] * times) + 0.1 * rng.standard_normal(len(times))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.clip(sound, -1, 1), 16_000)
    return path


def table(
    folder: Path,
    *,
    languages: Iterable[str] = ("de",),
    emotions: Iterable[str] = PITCH_HZ,
    speakers: Iterable[str] = ("a", "b"),
    takes: int = 1,
    part: str = "test",
) -> Path:
    """A folder with clips and a stimuli.csv: one clip for each language, speaker, emotion and take."""
    rows = []
    for language in languages:
        for speaker in speakers:
            for emotion in emotions:
                for take in range(takes):
                    id_ = f"{folder.name}-{language}-{speaker}-{emotion}-{take}"
                    clip(folder / "clips" / f"{id_}.wav", emotion)
                    rows.append((id_, f"clips/{id_}.wav", folder.name, language, speaker, emotion, part))
    return write(folder / "stimuli.csv", rows)


def write(path: Path, rows: list[tuple[str, ...]]) -> Path:
    """Write rows of ``stimulus, file, corpus, language, speaker, truth, part``."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("stimulus", "file", "corpus", "language", "speaker", "truth", "part"))
        writer.writerows(rows)
    return path
