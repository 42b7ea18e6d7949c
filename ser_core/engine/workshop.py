"""Where a run is made: a hidden folder beside the one it becomes, which is whole or not there.

``.<name>.partial`` lies beside ``<name>`` and is locked as long as its maker lives; the system lifts the lock even of a
process that was killed, so that a folder without it is known to be left over. It holds ``progress.json``
(``{"done", "total", "what", "pid"}``) for whoever watches; it is taken away before the rename at the end.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ser_core.errors import BadInput, Problem


@dataclass
class Workshop:
    """The folder in which a run is being made."""

    folder: Path
    _said_at: float = field(default=0.0, repr=False)

    def progress(self, done: int, total: int, what: str) -> None:
        """Tell watchers how far the work is; at most ten times a second, so that telling costs nothing."""
        if time.monotonic() - self._said_at < 0.1:
            return
        self._said_at = time.monotonic()
        beside = self.folder / ".progress.json"
        beside.write_text(json.dumps({"done": done, "total": total, "what": what, "pid": os.getpid()}), encoding="utf-8")
        beside.replace(self.folder / "progress.json")

    def log(self, text: str) -> None:
        """One line for ``log.txt`` and for whoever looks on."""
        stamped = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {text}"
        with (self.folder / "log.txt").open("a", encoding="utf-8") as file:
            file.write(stamped + "\n")
        print(stamped, file=sys.stderr, flush=True)


def partial_of(out: str | Path) -> Path:
    """The folder in which ``out`` is made.

    >>> partial_of("runs/first").as_posix()
    'runs/.first.partial'
    """
    out = Path(out)
    return out.with_name(f".{out.name}.partial")


@contextmanager
def workshop(out: Path) -> Iterator[Workshop]:
    """Make ``out`` by working in the folder that is given; any exception, an interrupt too, leaves nothing.

    Raises:
        BadInput: another process is making the same folder.
    """
    partial = partial_of(out)
    swept = sweep(out)
    if partial.exists():
        raise BadInput(Problem("is being written by another process just now", out))
    being_made = out.with_name(f".{out.name}.{os.getpid()}")  # it gets its name when it has its lock, or it might be swept
    being_made.mkdir(parents=True)
    try:
        with locked(being_made):
            being_made.rename(partial)
            shop = Workshop(partial)
            if swept:
                shop.log("removed what a run that died had left half-written here")
            yield shop
            (partial / "progress.json").unlink(missing_ok=True)
            partial.rename(out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def sweep(out: str | Path) -> bool:
    """Remove what a dead run left of ``out``; whether there was anything."""
    partial = partial_of(out)
    if not partial.exists() or is_locked(partial):
        return False
    shutil.rmtree(partial)
    return True


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold the lock of a file or folder; gives its descriptor, which a child process may inherit, and with it the lock."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def is_locked(path: Path) -> bool:
    """Whether a living process holds the lock of a file or folder."""
    with suppress(FileNotFoundError):
        handle = os.open(path, os.O_RDONLY)
        try:
            # shared, so that two who look at once do not take each other for the maker
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
    return False
