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
from uuid import uuid4

from ser_core.errors import BadInput, Problem
from ser_core.table_files import make_folder


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
        BadInput: another process is making the same folder, or it cannot be made.
    """
    being_made = here = out.with_name(f".{out.name}.{uuid4().hex}")  # named when locked, or it might be swept
    make_folder(being_made, new=True)
    try:
        swept = sweep(out)
        with locked(being_made):
            (being_made / "log.txt").touch()  # a folder that holds nothing would give way to another's rename
            here = _named(being_made, out)
            shop = Workshop(here)
            if swept:
                shop.log("removed what a run that died had left half-written here")
            yield shop
            (here / "progress.json").unlink(missing_ok=True)
            here.rename(out)
    except BaseException:
        shutil.rmtree(here, ignore_errors=True)  # only ever our own: ``partial`` may be another's until the rename
        raise


def _named(being_made: Path, out: Path) -> Path:
    """The folder under the name that says it is being made; whoever comes second is refused by the file system."""
    partial = partial_of(out)
    try:
        return being_made.rename(partial)
    except OSError as error:
        if not partial.exists():
            raise
        raise BadInput(Problem("is being written by another process just now; wait, or choose another", out)) from error


def sweep(out: str | Path) -> bool:
    """Remove what a dead run left of ``out``; whether there was anything."""
    partial = partial_of(out)
    with suppress(FileNotFoundError, BlockingIOError):
        handle = os.open(partial, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held to the end, so that nobody sweeps what comes after
            if os.path.samestat(os.fstat(handle), partial.stat()):
                shutil.rmtree(partial)
                return True
        finally:
            os.close(handle)
    return False


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
