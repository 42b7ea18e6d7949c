"""A sound file in, mono float32 [samples] at 16 kHz out, or one sentence that says what is wrong with the file.

Conventions
    Samples lie between -1 and 1. Levels are relative to full scale (``_db``: 0 dB is a square wave at full scale).
    Mono is the mean of the channels.

Whether machines agree
    Of lossless files they do, bit for bit (``resampling.py`` says how). Not covered: MP3, Ogg and Opus, which are what the
    pinned soundfile's libsndfile decodes.

What libsndfile hides is looked for in ``containers.py``. Clips are decoded block by block, which changes no sample.
"""

from __future__ import annotations

import hashlib
import math
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import soundfile

from ser_core.containers import bad, magic, may_lack, refuse_cut, refuse_what_is_no_file
from ser_core.resampling import RATE_HZ, Resampler, Samples

__all__ = [
    "HEARD_AS", "MOST_CHANNELS", "RATES_HZ", "RATE_HZ", "SILENT_BELOW", "SUFFIXES", "Facts", "Samples", "inspect",
    "inspect_and_read", "read", "sha256", "stream",
]  # fmt: skip

HEARD_AS = "mono, 16 kHz, Kaiser sinc 64, 100 dB"
"""How a file becomes samples, in words that change whenever the same file would give others."""

SILENT_BELOW = 0.001
"""A clip that never leaves this range around its mean (-60 dB) holds nothing to hear; RAVDESS's softest reach 0.008."""

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff"})
"""What a sound file's name ends in, in lower case; ``read`` goes by the content."""

MOST_CHANNELS = 8
"""More than these FLAC cannot carry (RFC 9639), and so neither can our player."""

RATES_HZ = (1_000, 1_000_000)
"""A header that tells a rate beyond these is damaged: nothing of speech would be left, or nothing records so fast."""

_BLOCK = 1 << 18  # frames decoded at once, so that a clip of three hours needs no more memory than one of ten seconds

_CONTAINERS = (b"RIFF", b"RIFX", b"RF64", b"FORM", b"fLaC", b"OggS")
_UNKNOWN = 2**62  # libsndfile's count for a FLAC stream that does not tell its length


@dataclass(frozen=True)
class Facts:
    """What a file holds, measured on all its samples before any conversion."""

    duration_s: float
    sample_rate: int
    """In Hz."""
    channels: int
    frames: int
    """Samples of each channel."""
    format: str
    """Container and encoding, for example ``WAV PCM_16``."""
    peak: float
    """Largest absolute sample of any channel; 1 is full scale."""
    rms_db: float
    """Level of all channels together."""
    clipped: float
    """Share of samples at full scale, in [0, 1]."""


def inspect(path: str | Path) -> Facts:
    """Decode the whole file and measure it, holding only a part of it in memory.

    Raises:
        BadInput: the file is missing, empty, not sound, damaged, truncated, without samples, not finite, silent (or so once
            it is mixed to mono), or has more than ``MOST_CHANNELS``.
    """
    decoding = _Ending(_decoded(Path(path)))
    deque(decoding, maxlen=0)
    return decoding.value


def read(path: str | Path) -> Samples:
    """The clip as every model hears it.

    Returns:
        float32 [samples], mono, 16 kHz: what ``stream`` gives, in one piece.

    Raises:
        BadInput: as ``inspect``.
    """
    return np.concatenate(list(stream(path)))


def inspect_and_read(path: str | Path, *, most_s: float) -> tuple[Facts, Samples]:
    """Both at once, of a long clip only the first ``most_s`` seconds after it first is not zero.

    Returns:
        The facts of the whole file; float32 [samples] as ``read``, in which something is heard.

    Raises:
        BadInput: as ``inspect``.
    """
    hearing = _Ending(stream(path))
    wanted, held = int(most_s * RATE_HZ), list[Samples]()
    for block in hearing:
        if sum(map(len, held)) < wanted and (held or block.any()):
            held.append(block)
    return hearing.value, np.concatenate(held)[:wanted]


def stream(path: str | Path) -> Generator[Samples, None, Facts]:
    """The clip as every model hears it, block by block: a clip of three hours needs no more memory than one of a minute.

    Yields:
        float32 [samples], mono, 16 kHz; blocks of any length.

    Returns:
        At the end, what ``inspect`` does.

    Raises:
        BadInput: as ``inspect``; much of what can be wrong with a file is known only after its last block.
    """
    resampler: Resampler | None = None
    left = _Range()
    decoding = _Ending(_decoded(Path(path)))
    for block, rate_hz in decoding:
        mono = block.mean(axis=1, dtype=np.float64)
        if rate_hz == RATE_HZ:
            yield mono.astype(np.float32)
            continue
        resampler = resampler or Resampler(rate_hz)
        yield left.add(resampler.take(mono))
    if resampler:
        yield left.add(resampler.rest())
        if left.peak < SILENT_BELOW:
            raise bad(Path(path), f"is silent at {RATE_HZ / 1000:g} kHz: all that it holds lies above what is left there")
    return decoding.value


def sha256(path: str | Path) -> str:
    """SHA-256 of the file's bytes, in hexadecimal: the name of a clip's content.

    Raises:
        BadInput: the file cannot be read.
    """
    refuse_what_is_no_file(Path(path))  # a named pipe would be waited for
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise bad(Path(path), f"cannot be read: {error.strerror}") from error


# --- decoding --------------------------------------------------------------------------------------------------------


_Given = TypeVar("_Given")
_Value = TypeVar("_Value")


class _Ending(Generic[_Given, _Value]):
    """A generator whose ``value`` can be asked for when it has ended."""

    value: _Value

    def __init__(self, generator: Generator[_Given, None, _Value]):
        self._generator = generator

    def __iter__(self) -> Iterator[_Given]:
        self.value = yield from self._generator


class _Range:
    """The lowest and the highest of all samples."""

    low, high = math.inf, -math.inf

    def add(self, block: Samples) -> Samples:
        """The block, when it was looked at."""
        if block.size:
            self.low, self.high = min(self.low, float(block.min())), max(self.high, float(block.max()))
        return block

    @property
    def silent(self) -> bool:
        return self.high - self.low < 2 * SILENT_BELOW

    @property
    def peak(self) -> float:
        return max(abs(self.low), abs(self.high))


class _Meter:
    """Adds up, block by block, what ``Facts`` tells of the samples."""

    def __init__(self) -> None:
        self.frames = self.values = self.at_full_scale = 0
        self.energy = 0.0
        self.every, self.mono = _Range(), _Range()

    def add(self, block: Samples) -> None:
        self.frames += len(block)
        self.values += block.size
        self.every.add(block)
        self.mono.add(block.mean(axis=1))
        flat = block.ravel().astype(np.float64)
        self.energy += float(np.einsum("i,i->", flat, flat))  # np.dot would start BLAS threads inside each decoding thread
        self.at_full_scale += int(np.count_nonzero(np.abs(block) >= 1 - 2**-15)) if self.every.peak >= 1 - 2**-15 else 0

    @property
    def rms_db(self) -> float:
        return 10 * math.log10(self.energy / self.values) if self.energy else -math.inf


def _decoded(path: Path) -> Generator[tuple[Samples, int], None, Facts]:
    """Each block, float32 [frame, channel], with the sample rate; at the end what was measured, if the file was whole."""
    refuse_what_is_no_file(path)
    refuse_cut(path)
    meter = _Meter()
    sound = _open(path)
    with sound:
        if sound.channels > MOST_CHANNELS:
            what = "has {} channels; FLAC and our player carry at most {}. Mix it down to mono or stereo"
            raise bad(path, what.format(sound.channels, MOST_CHANNELS))
        if not RATES_HZ[0] <= sound.samplerate <= RATES_HZ[1]:
            what = "has a sample rate of {} Hz, and no speech is recorded at that; its header is damaged"
            raise bad(path, what.format(sound.samplerate))
        try:
            while len(block := sound.read(_BLOCK, dtype="float32", always_2d=True)):
                if not np.isfinite(block).all():
                    raise bad(path, "holds samples that are not numbers (NaN or infinite); export it again")
                meter.add(block)
                yield block, sound.samplerate
        except soundfile.LibsndfileError as error:
            raise bad(path, f"is truncated or damaged: {_says(error)}. Copy it again") from error
        facts = _facts(sound, meter) if meter.frames else None
        promised = 0 if sound.frames >= _UNKNOWN else sound.frames
        kind = sound.format
    if facts is None:
        raise bad(path, "holds 0 samples")
    if meter.frames < promised and not (kind == "MP3" and may_lack(path, promised - meter.frames)):
        raise bad(path, f"is truncated: it promises {promised} samples and holds {meter.frames}. Copy it again")
    if meter.every.silent:
        what = "is silent: all its samples lie within {:g} of full scale (from {:.2g} to {:.2g}), and nothing is heard"
        raise bad(path, what.format(2 * SILENT_BELOW, meter.every.low, meter.every.high))
    if meter.mono.silent:
        raise bad(path, "is silent once its channels are mixed to mono, for they cancel each other; keep one of them")
    return facts


def _open(path: Path) -> soundfile.SoundFile:
    try:
        return soundfile.SoundFile(path)
    except soundfile.LibsndfileError as error:
        begins = magic(path)
        mp3 = begins[:3] == b"ID3" or (begins[0] == 0xFF and begins[1] >= 0xE0)
        known = begins in _CONTAINERS or mp3
        what = "is truncated or damaged" if known else "is not a sound file we can read (WAV, FLAC, Ogg, MP3, AIFF)"
        raise bad(path, f"{what}: {_says(error)}") from error
    except TypeError as error:  # soundfile takes the ending .raw for samples without a header
        raise bad(path, "has no header that tells its sample rate; save it as WAV or FLAC") from error


def _facts(sound: soundfile.SoundFile, meter: _Meter) -> Facts:
    return Facts(
        duration_s=meter.frames / sound.samplerate,
        sample_rate=sound.samplerate,
        channels=sound.channels,
        frames=meter.frames,
        format=f"{sound.format} {sound.subtype}",
        peak=meter.every.peak,
        rms_db=meter.rms_db,
        clipped=meter.at_full_scale / meter.values,
    )


def _says(error: soundfile.LibsndfileError) -> str:
    # libsndfile says "File does not exist" of files that are there and that mpg123 cannot read
    said = str(error.error_string).rstrip(".")
    return "no frame of it can be decoded" if "does not exist" in said else said
