"""A sound file in, mono float32 [samples] at 16 kHz out, or one sentence that says what is wrong with the file.

Conventions
    Samples lie between -1 and 1. Levels are relative to full scale (``_db``: 0 dB is a square wave at full scale).
    Mono is the mean of the channels.

Resampling
    A sinc under a Kaiser window, 64 zero crossings to each side: flat to 7.2 kHz, 100 dB down from 8 kHz on (for rates
    below 16 kHz: 0.9 and 1.0 of half the rate), in double precision, rounded once. Clips are decoded and resampled block by
    block, which changes no sample.

Whether machines agree
    Of lossless files they do, bit for bit. Samples and filters are first laid on grids (2^-25, 2^-26) on which products and
    sums of up to 4 are exact in a double, so it does not matter in which order a machine adds; a test holds the filters'
    hashes. Not covered: samples beyond full scale (files of floats may hold them), whose sums can differ by 1e-16 and, once
    in some hundred million, round to the other float32; and MP3, Ogg and Opus, which are what the pinned soundfile's
    libsndfile decodes.

What libsndfile hides, we look for ourselves: it opens a WAV file that was cut in half without a word, and an Ogg file too.
The headers are read as RIFF (Microsoft/IBM 1991), AIFF 1.3 (Apple 1989) and Ogg (RFC 3533) define them.
"""

from __future__ import annotations

import hashlib
import math
import os
import stat
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
import soundfile

from ser_core.errors import BadInput, Problem

RATE_HZ = 16_000
"""The rate at which every model of ours hears."""

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

_ZEROS, _STOP_DB, _CUT = 64, 100.0, 0.95  # half of the transition (3.2 / 64 = 0.05 of the band) lies on each side of the cut
_SAMPLE_GRID, _TAP_GRID = 2.0**25, 2.0**26  # 150 dB below full scale; 2 bits for the sum, 25 and 26: the 53 of a double
_OUTPUTS = 32  # samples for which one filter matrix serves: fewer are more calls, more are more zeros in it
_TERMS = 1 << 18  # of a product, beyond which OpenBLAS starts threads: they cost more than they give, most of all in threads

_BLOCK = 1 << 18  # frames decoded at once, so that a clip of three hours needs no more memory than one of ten seconds
_MP3_FRAME = 1152  # samples; a file may rightly lack less than one frame of what its header promises
_STREAMED = 0x7FFF_F000  # sizes from here on are written by programs that do not know the length yet (sox, ffmpeg to a pipe)

_CONTAINERS = (b"RIFF", b"RIFX", b"RF64", b"FORM", b"fLaC", b"OggS")
_UNKNOWN = 2**62  # libsndfile's count for a FLAC stream that does not tell its length

Samples = npt.NDArray[np.float32]


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
    resampler: _Resampler | None = None
    left = _Range()
    decoding = _Ending(_decoded(Path(path)))
    for block, rate_hz in decoding:
        mono = block.mean(axis=1, dtype=np.float64)
        if rate_hz == RATE_HZ:
            yield mono.astype(np.float32)
            continue
        resampler = resampler or _Resampler(rate_hz)
        yield left.add(resampler.take(mono))
    if resampler:
        yield left.add(resampler.rest())
        if left.peak < SILENT_BELOW:
            raise _bad(Path(path), f"is silent at {RATE_HZ / 1000:g} kHz: all that it holds lies above what is left there")
    return decoding.value


def sha256(path: str | Path) -> str:
    """SHA-256 of the file's bytes, in hexadecimal: the name of a clip's content.

    Raises:
        BadInput: the file cannot be read.
    """
    _refuse_what_is_no_file(Path(path))  # a named pipe would be waited for
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _bad(Path(path), f"cannot be read: {error.strerror}") from error


# --- resampling ------------------------------------------------------------------------------------------------------


class _Resampler:
    """From ``rate_hz`` to 16 kHz, block by block.

    ``up`` output samples of a period follow from the ``down`` input samples below them and as many on each side as the
    filter reaches: y[n] = sum over k of x[k] h(n down - k up), a product of rows of samples with a bank of filters.
    """

    def __init__(self, rate_hz: int):
        self.up, self.down, self.reach, self.bank = _filters(rate_hz)
        self.held = np.zeros(self.reach)  # before the beginning lie zeros
        self.heard = self.given = 0

    def take(self, block: npt.NDArray[np.float64]) -> Samples:
        """The output samples of the periods that are whole with this block; the rest waits for the next."""
        self.heard += len(block)
        self.held = np.concatenate([self.held, np.rint(block * _SAMPLE_GRID) / _SAMPLE_GRID])
        periods = max(len(self.held) - 2 * self.reach, 0) // self.down
        if not periods:
            return np.empty(0, np.float32)
        rows = np.lib.stride_tricks.sliding_window_view(self.held, self.down + 2 * self.reach)[:: self.down][:periods]
        given = np.hstack([_product(rows[:, a : a + len(m)], m) for a, m in self.bank]).ravel()
        self.held = self.held[periods * self.down :].copy()
        self.given += len(given)
        return given.astype(np.float32)

    def rest(self) -> Samples:
        """What was still waiting; beyond the end lie zeros."""
        wanted = -(-self.heard * self.up // self.down) - self.given
        return self.take(np.zeros(self.down + self.reach))[:wanted]


def _product(rows: npt.NDArray[np.float64], taps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """``rows @ taps``, so few rows at a time that one thread does it."""
    few = max(1, _TERMS // taps.size)
    whole = len(rows) // few * few
    result = np.empty((len(rows), taps.shape[1]))
    stacked = np.ascontiguousarray(rows[:whole]).reshape(-1, few, len(taps))
    np.matmul(stacked, taps, out=result[:whole].reshape(-1, few, taps.shape[1]))
    np.matmul(np.ascontiguousarray(rows[whole:]), taps, out=result[whole:])
    return result


@lru_cache(maxsize=4)
def _filters(rate_hz: int) -> tuple[int, int, int, list[tuple[int, npt.NDArray[np.float64]]]]:
    """``up``, ``down``, ``reach``, and the bank: (first input sample, [input, output]) for some outputs at a time.

    h(t) = c sin(pi c t) / (pi c t) under Kaiser's window, t in samples of the slower of both rates.
    """
    common = math.gcd(rate_hz, RATE_HZ)
    up, down = RATE_HZ // common, rate_hz // common
    slower, times = max(up, down), max(1, _OUTPUTS // up)
    reach = -(-_ZEROS * slower // up)
    beta = 0.1102 * (_STOP_DB - 8.7)  # Kaiser, IEEE Symposium on Circuits and Systems, 1974
    bank = []
    for first in range(0, up * times, _OUTPUTS):
        outputs = np.arange(first, min(first + _OUTPUTS, up * times))
        begin = first * down // up  # counted from ``reach`` before the period
        inputs = np.arange(begin, int(outputs[-1]) * down // up + 2 * reach + 1)
        at = (outputs[None] * down - (inputs[:, None] - reach) * up) / slower
        window = np.i0(beta * np.sqrt(np.clip(1 - (at / _ZEROS) ** 2, 0, None))) / np.i0(beta) * (np.abs(at) <= _ZEROS)
        taps = _CUT * np.sinc(_CUT * at) * window * (up / slower)
        bank.append((begin, np.rint(taps * _TAP_GRID) / _TAP_GRID))
    return up * times, down * times, reach, bank


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
    _refuse_what_is_no_file(path)
    _refuse_cut(path)
    meter = _Meter()
    sound = _open(path)
    with sound:
        if sound.channels > MOST_CHANNELS:
            what = "has {} channels; FLAC and our player carry at most {}. Mix it down to mono or stereo"
            raise _bad(path, what.format(sound.channels, MOST_CHANNELS))
        if not RATES_HZ[0] <= sound.samplerate <= RATES_HZ[1]:
            what = "has a sample rate of {} Hz, and no speech is recorded at that; its header is damaged"
            raise _bad(path, what.format(sound.samplerate))
        try:
            while len(block := sound.read(_BLOCK, dtype="float32", always_2d=True)):
                if not np.isfinite(block).all():
                    raise _bad(path, "holds samples that are not numbers (NaN or infinite); export it again")
                meter.add(block)
                yield block, sound.samplerate
        except soundfile.LibsndfileError as error:
            raise _bad(path, f"is truncated or damaged: {_says(error)}. Copy it again") from error
        facts = _facts(sound, meter) if meter.frames else None
        promised = 0 if sound.frames >= _UNKNOWN else sound.frames
        kind = sound.format
    if facts is None:
        raise _bad(path, "holds 0 samples")
    if meter.frames < promised and not (kind == "MP3" and _may_lack(path, promised - meter.frames)):
        raise _bad(path, f"is truncated: it promises {promised} samples and holds {meter.frames}. Copy it again")
    if meter.every.silent:
        what = "is silent: all its samples lie within {:g} of full scale (from {:.2g} to {:.2g}), and nothing is heard"
        raise _bad(path, what.format(2 * SILENT_BELOW, meter.every.low, meter.every.high))
    if meter.mono.silent:
        raise _bad(path, "is silent once its channels are mixed to mono, for they cancel each other; keep one of them")
    return facts


def _open(path: Path) -> soundfile.SoundFile:
    try:
        return soundfile.SoundFile(path)
    except soundfile.LibsndfileError as error:
        magic = _magic(path)
        known = magic in _CONTAINERS or magic[:3] == b"ID3" or (magic[0] == 0xFF and magic[1] >= 0xE0)  # the last two: MP3
        what = "is truncated or damaged" if known else "is not a sound file we can read (WAV, FLAC, Ogg, MP3, AIFF)"
        raise _bad(path, f"{what}: {_says(error)}") from error
    except TypeError as error:  # soundfile takes the ending .raw for samples without a header
        raise _bad(path, "has no header that tells its sample rate; save it as WAV or FLAC") from error


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


def _bad(path: Path, what: str) -> BadInput:
    return BadInput(Problem(what, path))


# --- what the container promises -------------------------------------------------------------------------------------


def _refuse_what_is_no_file(path: Path) -> None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # the last: a NUL in the name
        raise _bad(path, "there is no such file") from error
    except OSError as error:  # a name too long, a folder that this user may not enter
        raise _bad(path, f"cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode):
        raise _bad(path, "is not a file")
    if not found.st_size:
        raise _bad(path, "is empty (0 bytes)")
    if not os.access(path, os.R_OK):
        raise _bad(path, "may not be read by this user")


def _magic(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4).ljust(4, b"\0")


def _refuse_cut(path: Path) -> None:
    check = {b"RIFF": _cut_chunks, b"RIFX": _cut_chunks, b"FORM": _cut_chunks, b"OggS": _cut_ogg}.get(_magic(path))
    cut = check(path) if check else None
    if cut:
        raise _bad(path, f"is truncated: {cut}. Copy it again")


def _cut_chunks(path: Path) -> str | None:
    """RIFF and AIFF: chunks of four letters, a size and that many bytes, padded to an even number."""
    end = path.stat().st_size
    with path.open("rb") as file:
        big = file.read(4) in (b"RIFX", b"FORM")
        at = 12
        while at + 8 <= end:
            file.seek(at)
            name, size = file.read(4), int.from_bytes(file.read(4), "big" if big else "little")
            if name in (b"data", b"SSND"):
                lies = at + 8 + size > end and size < _STREAMED
                return f"its header promises {size} bytes of sound and {end - at - 8} are there" if lies else None
            at += 8 + size + size % 2
    return "it ends before its sound begins"


def _cut_ogg(path: Path) -> str | None:
    """Ogg: the last page must be whole, and must carry the flag that ends the stream."""
    end = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, end - 2 * 65_307))  # the last page, and the one before it, at their longest
        tail = file.read()
    page = tail[tail.rfind(b"OggS\0") :]
    whole = len(page) >= 27 and len(page) >= 27 + page[26] + sum(page[27 : 27 + page[26]])
    if not whole:
        return "its last page is not whole"
    return None if page[5] & 4 else "its last page does not end the stream"


def _may_lack(path: Path, samples: int) -> bool:
    """MP3: without the tag that counts the frames, the promise is a guess from the bit rate."""
    with path.open("rb") as file:
        start = file.read(1 << 16)
    return samples < _MP3_FRAME or not (b"Xing" in start or b"Info" in start)
