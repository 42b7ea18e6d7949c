"""Features on disk: found by the content of clips, read where they lie, filled by several processes at once.

``data/features/<encoder>-<key>/`` is one store: all clips through one encoder at one revision with the same settings. These
``about.json`` tells, and ``key`` is derived from them. In it each folder without a dot is a shard (``feature_shards.py``).

Several processes may fill one store: each claims the clips that it will hear and that nobody alive has claimed, and at the
end waits for the others'. A claim is a locked file ``.claim-*``; locks are the system's, so the dead hold none.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from ser_core import feature_shards
from ser_core.errors import BadInput
from ser_core.feature_shards import Shard, Values, damaged, telling
from ser_core.locks import is_locked, locked
from ser_core.table_files import make_folder, write_whole

CLAIM, LOCK = ".claim-", ".lock"


@dataclass(frozen=True)
class About:
    """What decides the numbers of a store."""

    encoder: str
    revision: str
    settings: dict[str, str]
    """Pooling, dtype, how sound is read and long clips are cut, ``layer`` where one alone is kept; whatever else would give
    other numbers."""
    layers: int
    """How many are kept."""
    width: int
    """Numbers of each layer: dim, or twice that with deviations."""

    @property
    def keeps_frames(self) -> bool:
        """Whether all frames are kept."""
        return self.settings["pooling"] == "frames"

    @property
    def keeps_one_layer(self) -> bool:
        """Whether the frames are those of one layer alone."""
        return "layer" in self.settings

    @property
    def folder(self) -> str:
        """Name of the store's folder."""
        return f"{self.encoder}-{hashlib.sha256(self.text.encode()).hexdigest()[:16]}"

    @property
    def text(self) -> str:
        """What ``about.json`` holds."""
        return json.dumps(asdict(self), sort_keys=True, indent=1, ensure_ascii=False) + "\n"


class Store:
    """The features of one encoder, revision and setting.

    Args:
        root: the folder of all stores.
        about: what this one holds; its folder is made when something is first written.
    """

    def __init__(self, root: Path, about: About):
        self.folder, self.about = root / about.folder, about
        self._shards: dict[str, Shard] = {}
        self._places: dict[bytes, tuple[str, int]] = {}
        self._open = lru_cache(maxsize=32)(self._map)  # a map holds a file open, and a process may open only so many

    def refresh(self) -> None:
        """See what others have written or taken away since.

        Raises:
            BadInput: a shard is damaged.
        """
        names = feature_shards.shards(self.folder)
        gone = self._shards.keys() - set(names)
        if gone:
            self._shards = {name: shard for name, shard in self._shards.items() if name not in gone}
            self._places = {clip: place for clip, place in self._places.items() if place[0] not in gone}
        for name in names:
            if name in self._shards:
                continue
            try:
                shard = feature_shards.read(self.folder / name)
            except FileNotFoundError:
                continue  # taken away between listing and reading
            self._shards[name] = shard
            for row, clip in enumerate(shard.clips):
                self._places.setdefault(bytes.fromhex(clip), (name, row))

    def __contains__(self, sha256: str) -> bool:
        """Whether a clip of that content is there (as of the last ``refresh``)."""
        return bytes.fromhex(sha256) in self._places

    def __len__(self) -> int:
        """How many clips are there (as of the last ``refresh``)."""
        return len(self._places)

    def frames(self, sha256: str) -> int:
        """How many frames a clip has."""
        name, row = self._places[bytes.fromhex(sha256)]
        return self._shards[name].frames[row]

    def clip(self, sha256: str) -> Values:
        """[layer, width]; where frames are kept [layer, frame, dim], or [frame, dim] of the one layer that is kept.

        It is a view of the file, read as it is looked at.

        Raises:
            BadInput: it is not what was written.
        """
        name, row = self._places[bytes.fromhex(sha256)]
        values, checks = self._open(name)
        if self.about.keeps_frames:
            frames = self._shards[name].frames
            begin = sum(frames[:row])
            clip = values[begin : begin + frames[row]]
            self._check(name, clip, int(checks[row]))
            return clip[:, 0] if self.about.keeps_one_layer else clip.transpose(1, 0, 2)
        for layer in range(self.about.layers):
            self._check(name, values[row, layer], int(checks[row * self.about.layers + layer]))
        return np.asarray(values[row])

    def layer(self, clips: Sequence[str], layer: int) -> Values:
        """Float32 [clip, width] of one layer in memory, clips (sha256) in the order asked for; not where frames are kept.

        Raises:
            BadInput: something is not what was written.
        """
        layer = range(self.about.layers)[layer]
        result = np.empty((len(clips), self.about.width), np.float32)
        for name, row, n in sorted((*self._places[bytes.fromhex(clip)], n) for n, clip in enumerate(clips)):
            values, checks = self._open(name)
            self._check(name, values[row, layer], int(checks[row * self.about.layers + layer]))
            result[n] = values[row, layer]
        return result

    def _map(self, name: str) -> tuple[Values, npt.NDArray[np.uint32]]:
        shard = self._shards[name]
        return shard.values((self.about.layers, self.about.width)), shard.checks()

    def _check(self, name: str, values: Values, check: int) -> None:
        if zlib.crc32(np.ascontiguousarray(values).data) != check:
            raise damaged(self.folder / name, "its values are not what was written")

    # --- several processes ---

    @contextmanager
    def claimed(self, clips: Iterable[str]) -> Iterator[list[str]]:
        """Those of the clips that nobody alive has claimed; they are this process's until the end of the block.

        What others had finished when the claim was made is not among them, and is seen from now on.

        Raises:
            BadInput: the store cannot be written, or a shard is damaged.
        """
        make_folder(self.folder)
        if not (self.folder / "about.json").exists():
            write_whole(self.folder / "about.json", self.about.text.encode())
        path = self.folder / f"{CLAIM}{uuid4().hex}"
        with telling(self.folder):
            (self.folder / LOCK).touch()
            with locked(self.folder / LOCK):  # a claim that is there and not locked is a dead one's
                handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX)
                    taken = {clip for other in self._others(path) for clip in other.read_text().split()}
                    self.refresh()
                    mine = [clip for clip in clips if clip not in taken and clip not in self]
                    path.write_text("\n".join(mine))
                except BaseException:
                    path.unlink(missing_ok=True)
                    os.close(handle)
                    raise
        try:
            yield mine
        finally:
            path.unlink(missing_ok=True)
            os.close(handle)

    def wait(self) -> None:
        """Until a claim that others hold now is given up; at once if there is none."""
        for path in sorted(self.folder.glob(f"{CLAIM}*")):
            with suppress(FileNotFoundError), locked(path):
                return

    def _others(self, own: Path) -> list[Path]:
        """Claims of the living; those of the dead are taken away. Only while the lock is held."""
        found = []
        for path in self.folder.glob(f"{CLAIM}*"):
            if path == own:
                continue
            if is_locked(path):
                found.append(path)
            else:
                path.unlink(missing_ok=True)
        return found


def stores(root: Path) -> list[tuple[Path, About | BadInput]]:
    """Every store in the folder of all stores, with what it holds, or why that cannot be told."""
    found: list[tuple[Path, About | BadInput]] = []
    for file in sorted(root.glob("*/about.json")):
        try:
            found.append((file.parent, About(**json.loads(file.read_text(encoding="utf-8")))))
        except (OSError, ValueError, TypeError) as error:
            found.append((file.parent, BadInput(f"{file}: cannot be read ({error}); the folder is of no use without it")))
    return found


def describe(settings: dict[str, Any]) -> str:
    """Settings in a few words.

    >>> describe({"pooling": "mean", "dtype": "fp32"})
    'pooling mean, dtype fp32'
    """
    return ", ".join(f"{name} {value}" for name, value in settings.items())
