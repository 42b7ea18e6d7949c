"""Whether a sound file is whole, as far as its container promises: libsndfile opens one that was cut in half without a word.

The headers are read as RIFF (Microsoft/IBM 1991), AIFF 1.3 (Apple 1989) and Ogg (RFC 3533) define them.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ser_core.errors import BadInput, Problem

_MP3_FRAME = 1152  # samples; a file may rightly lack less than one frame of what its header promises
_STREAMED = 0x7FFF_F000  # sizes from here on are written by programs that do not know the length yet (sox, ffmpeg to a pipe)


def bad(path: Path, what: str) -> BadInput:
    """What is wrong with a file."""
    return BadInput(Problem(what, path))


def refuse_what_is_no_file(path: Path) -> None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # the last: a NUL in the name
        raise bad(path, "there is no such file") from error
    except OSError as error:  # a name too long, a folder that this user may not enter
        raise bad(path, f"cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode):
        raise bad(path, "is not a file")
    if not found.st_size:
        raise bad(path, "is empty (0 bytes)")
    if not os.access(path, os.R_OK):
        raise bad(path, "may not be read by this user")


def magic(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4).ljust(4, b"\0")


def refuse_cut(path: Path) -> None:
    check = {b"RIFF": _cut_chunks, b"RIFX": _cut_chunks, b"FORM": _cut_chunks, b"OggS": _cut_ogg}.get(magic(path))
    cut = check(path) if check else None
    if cut:
        raise bad(path, f"is truncated: {cut}. Copy it again")


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


def may_lack(path: Path, samples: int) -> bool:
    """MP3: without the tag that counts the frames, the promise is a guess from the bit rate."""
    with path.open("rb") as file:
        start = file.read(1 << 16)
    return samples < _MP3_FRAME or not (b"Xing" in start or b"Info" in start)
