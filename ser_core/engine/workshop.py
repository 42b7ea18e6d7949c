"""Where a run is made: a hidden folder beside the one it becomes, which is whole or not there.

``.<name>.partial`` lies beside ``<name>`` and is locked as long as its maker lives; the system lifts the lock even of a
process that was killed, so that a folder without it is known to be left over. In it are

    ``plan.json``      everything that decides the numbers, and its hash: only the same plan goes on from here
    ``shards/``        one file for each finished shard, whole or not there (``stages.py``)
    ``progress.json``  how far the work is, for whoever watches
    ``run/``           what becomes ``<name>`` by one rename at the end: ``log.txt``, and the tables when all is done

What a process that was killed or failed by our fault left there can be gone on from, if a shard was finished; a cancelled
run and bad input leave nothing.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from ser_core.engine._engine import CutOff
from ser_core.errors import BadInput, Problem
from ser_core.locks import is_locked, locked
from ser_core.table_files import make_folder, write_whole

LOGGED_EVERY_S = 30
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)


@dataclass
class Workshop:
    """The folder in which a run is being made."""

    folder: Path
    devices: set[str] = field(default_factory=set)
    """Every device that computed something, as far as is known."""
    _said_at: float = field(default=0.0, repr=False)
    _logged_at: float = field(default_factory=time.monotonic, repr=False)

    @property
    def device(self) -> str:
        """The devices in a word."""
        return ", ".join(sorted(self.devices))

    @property
    def run(self) -> Path:
        """The folder that becomes the run."""
        return self.folder / "run"

    @property
    def shards(self) -> Path:
        """The folder of finished shards."""
        return self.folder / "shards"

    def progress(self, done: int, total: int, what: str, *, clips_per_s: float | None = None) -> None:
        """Tell watchers how far a step is: at once when it begins, then at most ten times a second; the log more rarely."""
        if clips_per_s is not None and time.monotonic() - self._said_at < 0.1:
            return
        self._said_at = time.monotonic()
        left_s = (total - done) / clips_per_s if clips_per_s else None
        if left_s and time.monotonic() - self._logged_at > LOGGED_EVERY_S:
            self._logged_at = time.monotonic()
            self.log(f"{what}: {done} of {total}, about {_lasting(left_s)} left")
        said = {"done": done, "total": total, "what": what, "clips_per_s": clips_per_s, "left_s": left_s}
        beside = self.folder / ".progress.json"
        beside.write_text(json.dumps({**said, "device": self.device, "pid": os.getpid()}), encoding="utf-8")
        beside.replace(self.folder / "progress.json")

    def clear(self) -> None:
        """Take it all away."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self, text: str) -> None:
        """One line for ``log.txt`` and for whoever looks on."""
        stamped = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {text}"
        with (self.run / "log.txt").open("a", encoding="utf-8") as file:
            file.write(stamped + "\n")
        print(stamped, file=sys.stderr, flush=True)


def _lasting(seconds: float) -> str:
    """A length of time in its largest fitting unit.

    >>> _lasting(50), _lasting(100), _lasting(9000)
    ('50 s', '2 min', '2.5 h')
    """
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def partial_of(out: str | Path) -> Path:
    """The folder in which ``out`` is made.

    >>> partial_of("runs/first").as_posix()
    'runs/.first.partial'
    """
    out = Path(out)
    return out.with_name(f".{out.name}.partial")


def resumable(out: str | Path) -> bool:
    """Whether a dead run left finished shards of ``out`` from which the same plan can go on."""
    partial = partial_of(out)
    finished = os.path.exists(partial / "plan.json") and any((partial / "shards").glob("[!.]*"))
    return finished and not Path(out).exists() and not is_locked(partial)


@contextmanager
def workshop(out: Path, plan: Mapping[str, Any], *, fresh: bool = False) -> Iterator[Workshop]:
    """Make ``out`` by working in the folder that is given, from where an earlier run of the same plan was cut off.

    Bad input and an interrupt leave nothing; any other exception leaves the finished shards, as a kill does.

    Args:
        out: the folder to make.
        plan: all that decides the numbers, as JSON has it.
        fresh: throw away what a dead run left, whatever its plan was.

    Raises:
        BadInput: another process is making the same folder; a dead one was, after another plan; or it cannot be made.
        CutOff: it cannot be written any more (a full disk).
    """
    swept = (fresh or not resumable(out)) and sweep(out)
    with _kept(out, plan) if resumable(out) else _new(out, plan) as shop:
        if swept:
            shop.log("removed what a run that died had left half-written here")
        try:
            yield shop
            if os.path.lexists(out):
                raise CutOff(Problem("was made by somebody while this run went on; move it away", out))
            shop.run.rename(out)
        except OSError as error:
            if error.errno not in _OF_THE_DISK:
                raise
            raise CutOff(Problem(f"cannot be written: {error.strerror}", error.filename or shop.folder)) from error
        except BadInput as bad:
            if isinstance(bad.__cause__, OSError):  # a full disk is no fault of the input
                raise CutOff(*bad.problems) from bad
            if not isinstance(bad, CutOff):
                shop.clear()
            raise
        except (KeyboardInterrupt, SystemExit):
            shop.clear()
            raise
        finally:
            if not (shop.run.exists() and any(shop.shards.glob("[!.]*"))):
                shop.clear()


@contextmanager
def _new(out: Path, plan: Mapping[str, Any]) -> Iterator[Workshop]:
    """A folder of our own, named when it is locked, or it might be swept; whoever comes second is refused by the system."""
    being_made, partial = out.with_name(f".{out.name}.{uuid4().hex}"), partial_of(out)
    make_folder(being_made, new=True)
    try:
        with locked(being_made):
            for name in ("run", "shards"):
                (being_made / name).mkdir()
            (being_made / "run" / "log.txt").touch()
            write_whole(being_made / "plan.json", json.dumps({**plan, "hash": hash_of(plan)}, indent=1).encode())
            try:
                being_made.rename(partial)
            except OSError as error:
                if not partial.exists():
                    raise
                raise _taken(out) from error
            yield Workshop(partial)
    finally:
        shutil.rmtree(being_made, ignore_errors=True)  # only ever our own: ``partial`` may be another's until the rename


@contextmanager
def _kept(out: Path, plan: Mapping[str, Any]) -> Iterator[Workshop]:
    """The folder of a dead run of the same plan."""
    partial = partial_of(out)
    handle = os.open(partial, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _taken(out) from error
        if not (partial.exists() and os.path.samestat(os.fstat(handle), partial.stat())):
            raise _taken(out)  # swept, or finished, between looking and locking
        theirs = json.loads((partial / "plan.json").read_bytes())
        if theirs.pop("hash") != hash_of(plan):
            raise BadInput(Problem(_differing(theirs, plan), partial))
        yield Workshop(partial)
    finally:
        os.close(handle)


def hash_of(plan: Mapping[str, Any]) -> str:
    """SHA-256 of a plan; equal plans have equal ones, in whatever order they are written."""
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()


def _differing(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    names = [name for name in {**theirs, **ours} if theirs.get(name) != json.loads(json.dumps(ours.get(name)))]
    return (
        f"holds finished shards of a run that was cut off, and that differs from this one in {', '.join(names)}. Repeat "
        f"that run's command to go on from there, or add --fresh to throw them away"
    )


def _taken(out: Path) -> BadInput:
    return BadInput(Problem("is being written by another process just now; wait, or choose another", out))


def sweep(out: str | Path) -> bool:
    """Remove what a dead run left of ``out``, finished shards too; whether there was anything."""
    partial = partial_of(out)
    if not os.path.isdir(partial):  # also where no folder can be: what makes one says why
        return False
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
