"""Files as one ZIP that is the same to the byte whenever they are, and a ZIP from anywhere, opened with care.

Written: names in their order, one fixed date, no owner; ``SHA256SUMS`` last, which ``sha256sum -c`` reads. Another release
of zlib may press the same files into other bytes; their sums stay.

Read: only the files that are asked for, into memory. A path that leads out of the ZIP, a name that stands twice, a password,
damage, a wrong sum and more than ``MOST`` bytes are refused, each in one sentence. What is declared as a file's size is all
that is ever unpacked of it, so that a small ZIP cannot fill the memory.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from ser_core.errors import BadInput, Problem

SUMS = "SHA256SUMS"
MOST = 1 << 30
"""Bytes that are unpacked at most: some ten million ratings."""

_DAY = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP can tell
_PRESSED = (".parquet",)  # what holds its own compression
_LARGE = 1 << 23
_OUTSIDE = re.compile(r"(^[/\\])|(^[A-Za-z]:)|((^|[/\\])\.\.([/\\]|$))")


def pack(files: Mapping[str, bytes]) -> bytes:
    """The files, and the SHA-256 of each in ``SHA256SUMS``, as a ZIP.

    >>> pack({"a.txt": b"a"}) == pack({"a.txt": b"a"})
    True
    """
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        for name, content in {**files, SUMS: sums.encode()}.items():
            entry = zipfile.ZipInfo(name, _DAY)
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # as on Linux, wherever it is made
            stored = name.endswith(_PRESSED)
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            made.writestr(entry, content, compresslevel=1 if len(content) > _LARGE else 6)  # a large table in seconds
    return held.getvalue()


def unpack(path: Path, wanted: Sequence[str]) -> dict[str, bytes]:
    """The files of these names that a ZIP holds, at its top or in the one folder that holds everything.

    Args:
        path: of the ZIP.
        wanted: names, or with a ``*`` at their end all that begin so.

    Raises:
        BadInput: it is no ZIP, or one that is not to be trusted; every reason.
    """
    try:
        with zipfile.ZipFile(path) as held:
            entries = _entries(held, path)
            chosen = {n: e for n, e in entries.items() if n == SUMS or any(_is(n, name) for name in wanted)}
            _check_size(chosen.values(), path)
            found = {name: held.read(entry) for name, entry in chosen.items()}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise BadInput(
            Problem(f"cannot be read as a ZIP ({error}); it may be damaged: get it again, or give a folder of tables", path)
        ) from error
    except OSError as error:
        raise BadInput(Problem(f"cannot be read: {error.strerror or error}", path)) from error
    _check_sums(found, path)
    return {name: content for name, content in found.items() if any(_is(name, want) for want in wanted)}


def _is(name: str, wanted: str) -> bool:
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted


def _entries(held: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """The files by their name, without the folder that holds them all."""
    entries = [e for e in held.infolist() if not e.is_dir() and not e.filename.startswith("__MACOSX/")]
    names = [entry.filename for entry in entries]
    problems = [
        Problem(f"holds '{name}', a path that leads out of it; nothing of it was read", path)
        for name in names
        if _OUTSIDE.search(name)
    ]
    often = Counter(names)
    problems += [Problem(f"holds '{name}' {often[name]} times; which is meant?", path) for name in often if often[name] > 1]
    if any(entry.flag_bits & 1 for entry in entries):
        problems.append(Problem("is locked with a password; unpack it and give the folder", path))
    if problems:
        raise BadInput(*problems)
    tops = {PurePosixPath(name).parts[0] for name in names}
    inside = len(tops) == 1 and all("/" in name for name in names)
    return {name.partition("/")[2] if inside else name: entry for name, entry in zip(names, entries, strict=True)}


def _check_size(entries: Iterable[zipfile.ZipInfo], path: Path) -> None:
    size = sum(entry.file_size for entry in entries)
    if size > MOST:
        says = f"its tables would be {size / 1e9:,.1f} GB, more than the {MOST / 1e9:.1f} GB that are unpacked here"
        raise BadInput(Problem(f"{says}; if you trust it, unpack it yourself and give the folder", path))


def _check_sums(found: Mapping[str, bytes], path: Path) -> None:
    """What ``SHA256SUMS`` says of the files that were read; a ZIP without one was packed by hand, which is all right."""
    lines = found.get(SUMS, b"").decode("utf-8", "replace").splitlines()
    told = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    wrong = [n for n, content in found.items() if n in told and told[n] != hashlib.sha256(content).hexdigest()]
    if wrong:
        says = "is not the one that the report was made with: its SHA-256 is not that of SHA256SUMS"
        raise BadInput(*(Problem(f"{n} {says}; get the ZIP again, or unpack it and give the folder", path) for n in wrong))
