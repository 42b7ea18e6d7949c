"""Clips with noise in them, as clips of their own: models and listeners hear the same noisy sound.

A noisy clip is speech + g * noise, with g such that the mean square of the speech over the whole clip is ``snr_db`` above
that of the noise over the whole clip. It is mono at 16 kHz, as models hear it, in FLAC with 24 bits. Where the sum would
pass full scale all of it is turned down, and the table says by how much: the ratio stays what was asked for.

Which noise a clip gets and where in its recording that starts follow from seed, clip and ratio alone. A recording that is
shorter than the clip is repeated, or refused: an option, and said of each clip. Noise may also be babble (``babble.py``).

Sources
    Noise in the test at 10 dB: Shoukat et al. 2023, "Breaking Barriers", section IV C, with five environments of DEMAND
    (Thiemann, Ito, Vincent 2013), whose folders are known here by the words of that paper.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile

from ser_core import audio
from ser_core.audio import RATE_HZ, Samples
from ser_core.babble import babble, other_voices, recording, voice_of
from ser_core.cli import several
from ser_core.errors import BadInput, Problem, nearest
from ser_core.statistics import bootstrap
from ser_core.stimuli import save
from ser_core.table_files import make_folder
from ser_core.tables import STIMULI, Column, frame

DEMAND = {
    "DKITCHEN": "kitchen",
    "NPARK": "park",
    "PSTATION": "station",
    "STRAFFIC": "traffic",
    "PCAFETER": "cafeteria",
}
"""Folders of the DEMAND corpus by the words of the paper; its other folders keep their names."""
SOUNDS = (".wav", ".flac", ".ogg")
IF_SHORT = ("repeat", "refuse")
FURTHER = (
    Column("noise", "what was added: the name of a noise, or babble"),
    Column("snr_db", "level of the speech over that of the noise, over the whole clip"),
    Column("noise_of", "the clip that it was added to"),
    Column("noise_start_s", "where in its recording the noise starts, in seconds; of babble, in the first voice"),
    Column("noise_repeated", "yes: the recording is shorter than the clip and was repeated"),
    Column("turned_down_db", "by how much speech and noise together were turned down, so that nothing is clipped"),
)
"""What the table of noisy clips holds beside the columns of the clips that noise was added to."""
_THROWS = 50

Draw = Callable[[int, np.random.Generator], tuple[Samples, int, bool]]
"""``draw(samples, rng)``: so many samples of noise, where they start, and whether the recording was repeated."""


@dataclass(frozen=True)
class Mixed:
    """Speech with noise, float32 [samples], and by how much both were turned down."""

    samples: Samples
    turned_down_db: float


def mix(speech: Samples, noise: Samples, snr_db: float) -> Mixed:
    """Add noise, float32 [samples] as long as the speech, at a ratio of mean squares.

    >>> tone = np.array([0.5, -0.5, 0.5, -0.5], np.float32)
    >>> mix(tone, np.array([0.1, 0.1, -0.1, -0.1], np.float32), 20.0).samples.astype(float).round(3).tolist()
    [0.55, -0.45, 0.45, -0.55]
    """
    wide, other = speech.astype(np.float64), noise.astype(np.float64)
    gain = np.sqrt((wide**2).mean() / (other**2).mean() * 10 ** (-snr_db / 10))
    both = wide + gain * other
    peak = float(np.abs(both).max())
    largest = 1 - 2.0**-23
    down = min(1.0, largest / peak) if peak else 1.0
    return Mixed((both * down).astype(np.float32), abs(round(-20 * float(np.log10(down)), 6)))


def noises(folder: str | Path, *, only: Sequence[str] = ()) -> dict[str, Path]:
    """Every recording below a folder by its name: that of the file, with its folders where two have the same.

    Of DEMAND, where each folder is one place recorded by sixteen microphones, the first is taken, named as the place.

    Raises:
        BadInput: there is no such folder, no recording in it, or none of a name that is asked for; all of them.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise BadInput(Problem("is no folder; name one that holds recordings of noise", folder))
    files = [f for f in sorted(folder.rglob("*")) if f.suffix.lower() in SOUNDS and not f.name.startswith("._")]
    stems = Counter(file.stem for file in files)
    named = ((_named(file, folder, alone=stems[file.stem] == 1), file) for file in files)
    found = {name: file for name, file in named if name}
    if not found:
        raise BadInput(Problem(f"holds no recording ({', '.join(SOUNDS)})", folder))
    if missing := [name for name in only if name not in found]:
        raise BadInput(*(Problem(f"holds no noise '{name}'. {nearest(name, found)}", folder) for name in missing))
    return {name: found[name] for name in (only or found)}


def _named(file: Path, folder: Path, *, alone: bool) -> str:
    microphone = file.stem.startswith("ch") and file.stem[2:].isdigit()
    if microphone:
        place = file.parent.name
        return DEMAND.get(place, place.lower()) if file.stem == "ch01" else ""
    return file.stem if alone else file.relative_to(folder).with_suffix("").as_posix()


@dataclass(frozen=True)
class Adding:
    """What is added to clips.

    Attributes:
        recordings: by their names; empty for babble.
        voices: of babble, how many other speakers talk at once; 0 for recordings.
        snr_db: one or more ratios; each clip is made with each.
        every: whether each clip gets every recording, or one that is drawn.
        if_short: what to do where a recording is shorter than the clip.
        seed: of all that is drawn.
    """

    recordings: Mapping[str, Path]
    snr_db: Sequence[float]
    voices: int = 0
    every: bool = False
    if_short: str = "repeat"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be added; all of it."""
        problems = []
        if bool(self.recordings) == bool(self.voices):
            problems.append("noise is either recordings or babble; name one of both.")
        if self.voices < 0:
            problems.append(f"babble needs 1 voice or more, not {self.voices}.")
        if self.if_short not in IF_SHORT:
            problems.append(f"there is no way '{self.if_short}' to treat short noise. {nearest(self.if_short, IF_SHORT)}")
        problems += [
            f"a ratio must be a number of dB from -60 to 100, not {snr}." for snr in self.snr_db if not -60 <= snr <= 100
        ]
        if not self.snr_db or len(set(self.snr_db)) < len(self.snr_db):
            problems.append("name one or more ratios in dB, each once.")
        if problems:
            raise BadInput(*problems)


def add(clips: pd.DataFrame, adding: Adding, folder: str | Path) -> pd.DataFrame:
    """Write the noisy clips: ``clips/``, and their table ``stimuli.csv``, which is returned.

    Args:
        clips: a stimuli table, ``file`` absolute (``stimuli.load``).
        adding: what to add.
        folder: the folder to make; if anything fails, nothing of it stays.

    Raises:
        BadInput: clips or recordings that cannot be heard, noise shorter than a clip where that is refused, too few other
            speakers for babble (every one of them); or the folder exists or cannot be written.
    """
    drawn = _draws(clips, adding)
    folder = make_folder(folder, new=True)
    try:
        make_folder(folder / "clips")
        rows, problems = list[dict[str, Any]](), list[Problem]()
        for clip in clips.to_dict("records"):
            try:
                speech = audio.read(clip["file"])
                for snr_db in adding.snr_db:
                    for name, draw in drawn(clip, snr_db):
                        file = folder / "clips" / f"{len(rows) + 1:06d}.flac"
                        rows.append(_made(clip, speech, name, draw, snr_db=snr_db, seed=adding.seed, file=file))
            except BadInput as bad:
                problems += bad.problems
        if problems:
            raise BadInput(*dict.fromkeys(problems))
        table = frame(STIMULI, pd.DataFrame(rows))
        save(table, folder / "stimuli.csv")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return table


def _draws(clips: pd.DataFrame, adding: Adding) -> Callable[[Mapping[Any, Any], float], list[tuple[str, Draw]]]:
    """For each clip and ratio the noises that are added, by name."""
    problems = [Problem(f"'file' of clip '{id_}' is empty; there is nothing to add noise to") for id_ in _fileless(clips)]
    if clips.empty:
        problems.append(Problem("there is no clip to add noise to"))
    if noisy := clips.loc[clips["noise_of"] != "", "stimulus"].tolist() if "noise_of" in clips else []:
        what = f"{several(len(noisy), 'clip')} of these hold added noise already, such as '{noisy[0]}'"
        problems.append(Problem(f"{what}: no ratio could be told; take the clips that they were made of"))
    others = other_voices(clips, adding.voices, problems) if adding.voices else {}
    for file in adding.recordings.values():
        try:
            audio.inspect(file)
        except BadInput as bad:
            problems += bad.problems
    if problems:
        raise BadInput(*problems)
    recorded: list[tuple[str, Draw]] = [
        (name, partial(_excerpt, file, adding.if_short)) for name, file in adding.recordings.items()
    ]

    def drawn(clip: Mapping[Any, Any], snr_db: float) -> list[tuple[str, Draw]]:
        if adding.voices:
            return [("babble", partial(babble, others[voice_of(clip)], adding.voices))]
        if adding.every:
            return recorded
        return [recorded[int(_generator(adding.seed, clip, "which", snr_db).integers(len(recorded)))]]

    return drawn


def _fileless(clips: pd.DataFrame) -> list[str]:
    return clips.loc[clips["file"] == "", "stimulus"].tolist()


def _made(
    clip: Mapping[Any, Any], speech: Samples, name: str, draw: Draw, *, snr_db: float, seed: int, file: Path
) -> dict[str, Any]:
    """Write a noisy clip, and tell of it in a row of the table."""
    noise, start, repeated = draw(len(speech), _generator(seed, clip, name, snr_db))
    mixed = mix(speech, noise, snr_db)
    try:
        soundfile.write(file, mixed.samples, RATE_HZ, format="FLAC", subtype="PCM_24")
    except (OSError, soundfile.LibsndfileError) as error:
        raise BadInput(Problem(f"cannot be written: {error}", file)) from error
    peak = round(float(np.abs(mixed.samples).max()), 5)
    of_the_file = {
        "sample_rate": str(RATE_HZ),
        "channels": "1",
        "peak": str(peak),
        "clipped": "0.0",
    }  # as ``index`` tells it
    return {
        **clip,
        "stimulus": f"{clip['stimulus']}.{name}.{snr_db:g}dB",
        "file": str(file.absolute()),
        "sha256": audio.sha256(file),
        "duration_s": round(len(speech) / RATE_HZ, 6),
        **{name: value for name, value in of_the_file.items() if name in clip},
        "noise": name,
        "snr_db": f"{snr_db:g}",
        "noise_of": clip["stimulus"],
        "noise_start_s": f"{start / RATE_HZ:.6f}",
        "noise_repeated": "yes" if repeated else "no",
        "turned_down_db": f"{mixed.turned_down_db:g}",
    }


def _generator(seed: int, clip: Mapping[Any, Any], name: str, snr_db: float) -> np.random.Generator:
    return bootstrap.generator(seed, "noise", str(clip["stimulus"]), name, f"{snr_db:g}")


def _excerpt(file: Path, if_short: str, length: int, rng: np.random.Generator) -> tuple[Samples, int, bool]:
    """A part of a recording, anywhere in it; of one that is too short all of it, again and again."""
    whole = recording(file)
    if len(whole) < length and if_short == "refuse":
        lengths = f"{len(whole) / RATE_HZ:.2f} s and the clip {length / RATE_HZ:.2f} s"
        raise BadInput(Problem(f"is shorter than a clip: it has {lengths}; let it be repeated, or leave it out", file))
    if len(whole) < length:
        start = int(rng.integers(len(whole)))
        return np.resize(np.roll(whole, -start), length), start, True
    for start in rng.integers(0, len(whole) - length + 1, _THROWS):
        part = whole[start : start + length]
        if np.ptp(part) >= 2 * audio.SILENT_BELOW:
            return part, int(start), False
    raise BadInput(Problem(f"is silent wherever a clip of {length / RATE_HZ:.2f} s was tried; leave it out", file))
