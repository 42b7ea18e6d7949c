"""A shard: the features of some hundred clips in one folder, written whole or not at all, and never changed.

    ``values.f32``   little-endian float32, clip after clip: [layer, width], or, where frames are kept, [frame, layer, dim]
    ``checks.u32``   little-endian CRC-32 of each [layer] of each clip (of each clip, where frames are kept)
    ``index.json``   the clips' sha256 and frames in that order, size and sha256 of both files; its sha256 names the folder

A shard is written in a folder whose name begins with ``.part-``, brought to the disk and renamed: a process that is killed
leaves nothing that anybody reads. The folder is locked as long as its writer lives, so what the dead left is known.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from ser_core.errors import BadInput, Problem
from ser_core.locks import locked

Values = npt.NDArray[np.float32]

PART = ".part-"
FORMAT = 1
MEND = "'python -m ser_core cache gc' takes it away, and the next run hears its clips again"


@dataclass(frozen=True)
class Shard:
    """A whole shard: where it lies and what is in it."""

    folder: Path
    clips: tuple[str, ...]
    """sha256 of each clip."""
    frames: tuple[int, ...]
    values_sha256: str
    checks_sha256: str

    def values(self, shape: tuple[int, ...]) -> Values:
        """The values where they lie, [:, *shape]; read from the disk when they are looked at."""
        try:
            return np.memmap(self.folder / "values.f32", "<f4", "r").reshape(-1, *shape)
        except (OSError, ValueError) as error:
            raise damaged(self.folder, "its values cannot be read") from error

    def checks(self) -> npt.NDArray[np.uint32]:
        """CRC-32, in the order of the values."""
        try:
            return np.fromfile(self.folder / "checks.u32", "<u4")
        except OSError as error:
            raise damaged(self.folder, "its check sums cannot be read") from error

    @property
    def bytes(self) -> int:
        """Size on the disk."""
        return sum(file.stat().st_size for file in self.folder.iterdir())


def damaged(folder: Path, how: str) -> BadInput:
    """The error that says so, and what mends it."""
    return BadInput(Problem(f"this shard of features is damaged: {how}; {MEND}", folder))


def shards(folder: Path) -> list[str]:
    """Names of the shards in a store's folder, whole or damaged."""
    with suppress(FileNotFoundError):
        return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith("."))
    return []


def read(folder: Path) -> Shard:
    """Read a shard's index, and see that files of the sizes it tells are there; values are not looked at.

    Raises:
        BadInput: it is damaged.
        FileNotFoundError: there is no such folder (any more).
    """
    try:
        text = (folder / "index.json").read_bytes()
        if hashlib.sha256(text).hexdigest()[: len(folder.name)] != folder.name:
            raise damaged(folder, "its index is not what was written")
        index = json.loads(text)
        for name in ("values.f32", "checks.u32"):
            size = (folder / name).stat().st_size
            if size != index[name]["bytes"]:
                raise damaged(folder, f"{name} should have {index[name]['bytes']} bytes and has {size}")
    except FileNotFoundError as error:
        if not folder.exists():
            raise
        raise damaged(folder, f"{Path(error.filename).name} is missing") from error
    except OSError as error:
        raise damaged(folder, f"it cannot be read ({error.strerror})") from error
    return Shard(
        folder, tuple(index["clips"]), tuple(index["frames"]), index["values.f32"]["sha256"], index["checks.u32"]["sha256"]
    )


def verify(folder: Path) -> None:
    """Read all of a shard.

    Raises:
        BadInput: it is damaged.
        FileNotFoundError: there is no such folder (any more).
    """
    shard = read(folder)
    for name, wanted in (("values.f32", shard.values_sha256), ("checks.u32", shard.checks_sha256)):
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise damaged(folder, f"{name} cannot be read ({error.strerror})") from error
        if found != wanted:
            raise damaged(folder, f"{name} is not what was written")


class Writer:
    """A shard in the making."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.clips: list[str] = []
        self.frames: list[int] = []
        self._checks: list[int] = []
        self._digest = hashlib.sha256()
        self._file: BinaryIO = (folder / "values.f32").open("wb")

    def add(self, sha256: str, values: Values, frames: int) -> None:
        """A clip's [layer, width]."""
        self._write(values)
        self._checks += [zlib.crc32(_bytes(layer)) for layer in values]
        self.clips.append(sha256)
        self.frames.append(frames)

    def add_frames(self, sha256: str, pieces: Iterable[Values]) -> None:
        """A clip's [frame, layer, dim] in pieces, which are not kept in memory; if one fails, the clip is not there."""
        begin, digest = self._file.tell(), self._digest.copy()
        check = frames = 0
        try:
            for piece in pieces:
                self._write(piece)
                check, frames = zlib.crc32(_bytes(piece), check), frames + len(piece)
        except BadInput:
            self._file.seek(begin)
            self._file.truncate()
            self._digest = digest
            raise
        self._checks.append(check)
        self.clips.append(sha256)
        self.frames.append(frames)

    def _write(self, values: Values) -> None:
        content = _bytes(values)
        self._file.write(content)
        self._digest.update(content)

    def finish(self) -> str:
        """Bring everything to the disk, and tell the name that the shard shall have."""
        size = self._file.tell()
        _close(self._file)
        checks = np.array(self._checks, "<u4").tobytes()
        _keep(self.folder / "checks.u32", checks)
        index: dict[str, Any] = {
            "format": FORMAT,
            "clips": self.clips,
            "frames": self.frames,
            "values.f32": {"bytes": size, "sha256": self._digest.hexdigest()},
            "checks.u32": {"bytes": len(checks), "sha256": hashlib.sha256(checks).hexdigest()},
        }
        text = json.dumps(index).encode()
        _keep(self.folder / "index.json", text)
        return hashlib.sha256(text).hexdigest()[:32]


@contextmanager
def writing(store: Path) -> Iterator[Writer]:
    """A shard in the making; at the end of the block it is whole and there, unless it holds no clip.

    Raises:
        BadInput: it cannot be written: the disk is full, or this user may not. Nothing is left of it.
    """
    part = store / f"{PART}{uuid4().hex}"
    with telling(store):
        part.mkdir()
        try:
            with locked(part):
                writer = Writer(part)
                try:
                    yield writer
                    name = writer.finish() if writer.clips else ""
                finally:
                    with suppress(OSError):  # what was still to be written does not fit either; the first error is told
                        writer._file.close()
                if name and not (store / name).exists():  # the same clips with the same numbers, to the last bit
                    part.rename(store / name)
                    _sync(store)
        finally:
            shutil.rmtree(part, ignore_errors=True)


@contextmanager
def telling(folder: Path) -> Iterator[None]:
    """Make of a failure to write a sentence that says where and why."""
    try:
        yield
    except OSError as error:
        what = f"features cannot be written here: {error.strerror}; those already there stay valid"
        raise BadInput(Problem(what, folder)) from error


def _bytes(values: Values) -> memoryview:
    return np.ascontiguousarray(values, "<f4").reshape(-1).view(np.uint8).data


def _keep(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        _close(file)


def _close(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)  # the rename itself
    finally:
        os.close(handle)
