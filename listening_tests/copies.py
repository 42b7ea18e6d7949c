"""The sound that listeners get: a FLAC made from a clip's samples alone, once, and found again by what the clip was.

A copy's name follows from the clip's content and its gain, not from where the clip lies. So whoever began with one version
of a study goes on hearing that version's clips, even when a file was exchanged since: ``prepare`` has made their copies
when the version was opened. What the corpus wrote into its file (titles, comments, a name that gives the emotion away) is
not in the copy, and the file that the corpus holds is only read.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile

from listening_tests.study import Study
from listening_tests.trial import Sound
from ser_core import places
from ser_core.ratings import write_whole


def of(study: Study, stimulus: str) -> Path:
    """The copy of a clip as this version of the study has it: one channel at its own rate, as loud as wanted, 16 bits.

    Raises:
        KeyError: the study has no such clip.
        OSError: there is no copy, and the file is gone or is not any more what it was.
    """
    file, sha256, gain_db = _clips(study)[stimulus]
    return copy(study.folder / file, sha256, gain_db)


@lru_cache(maxsize=32)  # asked for each clip that a listener fetches; to search a table takes longer than to send the clip
def _clips(study: Study) -> dict[str, tuple[str, str, float]]:
    rows = study.stimuli.to_dict("records")
    return {str(r["stimulus"]): (str(r["file"]), str(r["sha256"]), float(r.get("gain_db", 0.0))) for r in rows}


def copy(path: Path, sha256: str, gain_db: float) -> Path:
    """The copy of a file that has, or had, this content, as loud as wanted.

    Raises:
        OSError: there is no copy, and the file is gone or has another content.
    """

    def samples() -> Sound:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise OSError(f"{path} was exchanged")
        recorded, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
        # the mean of the channels, as every model hears it; a gain of 0 dB leaves every sample as it is
        mono = recorded.mean(axis=1) if recorded.shape[1] > 1 else recorded[:, 0]
        return mono * np.float32(10 ** (gain_db / 20)), rate

    return made(f"{sha256}|{gain_db:.2f}", samples)


def prepare(study: Study) -> int:
    """Make the copies of all clips that are not there yet, so that nobody waits for one; returns how many were made."""
    before = _there()
    for stimulus in study.stimuli["stimulus"]:
        of(study, str(stimulus))
    return len(_there() - before)


def made(name: str, samples: Callable[[], Sound]) -> Path:
    """A FLAC of these samples, made once under this name; nothing of the name shows in what is sent."""
    kept = _folder() / f"{hashlib.sha256(name.encode()).hexdigest()}.flac"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_whole(kept, _flac(*samples()))
    return kept


def _folder() -> Path:
    return places.answers() / "served"


def _there() -> set[str]:
    return {path.name for path in _folder().glob("*.flac")}


def _flac(samples: np.ndarray, rate: int) -> bytes:  # type: ignore[type-arg]
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format="FLAC", subtype="PCM_16")
    return out.getvalue()
