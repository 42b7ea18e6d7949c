"""Babble: the sum of other speakers of the same corpus and language, each of the same mean square.

Each speaks clip after clip, begun anywhere in the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ser_core import audio, languages
from ser_core.audio import Samples
from ser_core.cli import several
from ser_core.errors import Problem

Voice = tuple[str, str, str]
"""Corpus, language and speaker."""


@lru_cache(maxsize=8)
def recording(file: Path) -> Samples:
    """A sound file, which the next clips are likely to need again.

    Raises:
        BadInput: it cannot be heard.
    """
    return audio.read(file)


def voice_of(clip: Mapping[Any, Any]) -> Voice:
    """Whose voice a clip is."""
    return str(clip["corpus"]), languages.normal(str(clip["language"])), str(clip["speaker"])


def other_voices(clips: pd.DataFrame, voices: int, problems: list[Problem]) -> dict[Voice, dict[str, list[str]]]:
    """For every voice the files of all others of its corpus and language, by speaker.

    Args:
        clips: a stimuli table.
        voices: how many are to babble at once.
        problems: takes what is wrong: clips without a speaker, too few speakers.
    """
    by_place: dict[tuple[str, str], dict[str, list[str]]] = {}
    for clip in clips.to_dict("records"):
        corpus, language, speaker = voice_of(clip)
        by_place.setdefault((corpus, language), {}).setdefault(speaker, []).append(str(clip["file"]))
    for (corpus, language), speakers in by_place.items():
        if nameless := len(speakers.get("", ())):
            what = f"{corpus} {language}".strip()
            problems.append(
                Problem(f"{what}: {several(nameless, 'clip')} without a speaker: babble could be the voice itself")
            )
        elif len(speakers) <= voices:
            what = f"{corpus} {language}".strip() + f" has {several(len(speakers), 'speaker')}"
            problems.append(Problem(f"{what}; babble of {several(voices, 'other')} needs {voices + 1}"))
    return {
        (*place, speaker): {name: files for name, files in speakers.items() if name != speaker}
        for place, speakers in by_place.items()
        for speaker in speakers
    }


def babble(
    others: Mapping[str, Sequence[str]], voices: int, length: int, rng: np.random.Generator
) -> tuple[Samples, int, bool]:
    """Several speakers at once, each at the same level.

    Args:
        others: files by speaker.
        voices: how many of them.
        length: in samples at 16 kHz.
        rng: draws who speaks, and where each begins.

    Returns:
        Samples, where the first speaker's recording starts, and that none was repeated.
    """
    chosen = sorted(others)
    total, first = np.zeros(length), 0
    for number, at in enumerate(rng.permutation(len(chosen))[:voices]):
        speech, start = _talk(others[chosen[at]], length, rng)
        first = first if number else start
        total += speech / np.sqrt((speech**2).mean())
    return total.astype(np.float32), first, False


def _talk(files: Sequence[str], length: int, rng: np.random.Generator) -> tuple[np.ndarray[Any, Any], int]:
    """Clips of one speaker one after the other, in an order that is drawn, begun anywhere in the first."""
    order = [files[n] for n in rng.permutation(len(files))]
    said = recording(Path(order[0]))
    start = int(rng.integers(len(said)))
    parts, held, at = [said[start:]], len(said) - start, 0
    while held < length or not np.concatenate(parts)[:length].any():
        at += 1
        parts.append(recording(Path(order[at % len(order)])))
        held += len(parts[-1])
    return np.concatenate(parts)[:length].astype(np.float64), start
