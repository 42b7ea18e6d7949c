"""Work on this machine: one command at a time, as a child process in its own session.

A page starts a job and may be reloaded, closed or restarted with its whole server; the job goes on, and its folder
``runs/.jobs/<name>/`` tells all there is to know: ``job.json`` (what was asked, process id), ``log.txt`` (both its outputs),
``exit.json`` (written by the child when it ends), ``cancelled`` (written by who cancelled it), and ``lock``.

The child inherits the lock of that last file, and the system lifts it when the child is gone, however it went. So a job
without exit status whose lock is free has died, and no process id of another is ever taken for it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ser_core import places
from ser_core.engine.workshop import is_locked, locked, partial_of, sweep
from ser_core.errors import BadInput
from ser_core.ratings import write_whole

State = Literal["running", "done", "failed", "cancelled"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_PATIENCE_S = 5.0
"""How long a cancelled job may take to clear up before it is killed."""
_TAIL_BYTES = 8000


@dataclass(frozen=True)
class Job:
    """A job as it stood when ``jobs`` looked."""

    name: str
    args: tuple[str, ...]
    state: State
    pid: int
    """Of the child, which is the leader of its own process group."""
    folder: Path
    out: Path | None
    """The folder that the command was told to make with ``--out``."""
    started_at: datetime
    ended_at: datetime | None
    exit_code: int | None
    """0 done, 2 bad input, 1 our fault; None while it runs and if it ended without saying why."""
    reason: str
    """Why it failed, in a sentence; empty unless it did."""
    done: int
    total: int
    """Of ``total`` steps of what it is just doing, ``done`` are over; both 0 where nothing is known."""
    what: str
    """What it is just doing."""
    log_tail: str
    """The end of what it printed."""

    @property
    def progress(self) -> tuple[int, int]:
        """``(done, total)``."""
        return self.done, self.total


def start(args: list[str], name: str) -> Job:
    """Run ``python -m ser_core <args>``, for example ``["predict", "--stimuli", ...]``, and return at once.

    Raises:
        BadInput: a job is running already, or there was one of that name.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(f"'{name}' cannot name a job; use letters, digits, '_', '-' and '.'.")
    folder = _jobs_folder() / name
    with _door():
        running = [job.name for job in jobs() if job.state == "running"]
        if running:
            raise BadInput(f"'{running[0]}' is still running; wait for it or cancel it.")
        if folder.exists():
            raise BadInput(f"there was a job named '{name}' already; choose another name.")
        folder.mkdir()
        _spawn(args, name, folder)
    return _job(folder)


def jobs() -> list[Job]:
    """All jobs, the latest first; what a dead one left half-written is removed, and its log says so."""
    found = [_job(file.parent) for file in _jobs_folder().glob("*/job.json")]
    return sorted(found, key=lambda job: (job.started_at, job.name), reverse=True)


def cancel(job: Job) -> Job:
    """Ask a running job to clear up and end, and end it if it does not; a job that is over stays what it is."""
    lock = job.folder / "lock"
    if is_locked(lock):
        write_whole(job.folder / "cancelled", b"")
        _signal(job, signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE_S
        while is_locked(lock) and time.monotonic() < deadline:
            time.sleep(0.02)
        if is_locked(lock):
            _signal(job, signal.SIGKILL)
            with locked(lock):  # gives way when the child is gone
                pass
    return _job(job.folder)


def _signal(job: Job, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(job.pid, number)


# --- starting --------------------------------------------------------------------------------------------------------


def _spawn(args: list[str], name: str, folder: Path) -> None:
    (folder / "lock").touch()
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(places.ROOT), environment.get("PYTHONPATH")]))
    with (folder / "log.txt").open("wb") as log, locked(folder / "lock") as lock:
        child = subprocess.Popen(
            [sys.executable, "-m", "ser_core.engine.child", str(folder), *args],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
            pass_fds=(lock,),
        )
        said = {"name": name, "args": args, "pid": child.pid, "started_at": _now()}
        write_whole(folder / "job.json", json.dumps(said).encode())
    threading.Thread(target=child.wait, daemon=True, name=f"reap {name}").start()  # or it would stay a zombie


@contextmanager
def _door() -> Iterator[None]:
    """One at a time through here, in all threads and processes: between looking for a running job and starting one."""
    handle = os.open(_jobs_folder() / ".door", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _jobs_folder() -> Path:
    folder = places.runs() / ".jobs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _now() -> str:
    return datetime.now(UTC).isoformat()


# --- looking ---------------------------------------------------------------------------------------------------------


def _job(folder: Path) -> Job:
    said = _read(folder / "job.json")
    out = _out(said["args"])
    running = is_locked(folder / "lock")  # before exit.json is read: the child writes that and only then lets go
    ended = _read(folder / "exit.json")
    if not running:
        _clear_up(folder, out, said["pid"])
    state, reason = _state(folder, running=running, ended=ended)
    steps = _read(partial_of(out) / "progress.json") if out and running else {}
    return Job(
        name=said["name"],
        args=tuple(said["args"]),
        state=state,
        pid=said["pid"],
        folder=folder,
        out=out,
        started_at=datetime.fromisoformat(said["started_at"]),
        ended_at=None if running else _ended_at(folder, ended),
        exit_code=None if running else ended.get("code"),
        reason=reason,
        done=steps.get("done", 0),
        total=steps.get("total", 0),
        what=steps.get("what", ""),
        log_tail=_tail(folder / "log.txt"),
    )


def _state(folder: Path, *, running: bool, ended: dict[str, Any]) -> tuple[State, str]:
    if running:
        return "running", ""
    if ended.get("code") == 0:
        return "done", ""
    if (folder / "cancelled").exists():
        return "cancelled", ""
    if not ended:
        return "failed", "ended without saying why: it was killed, or the machine stopped or ran out of memory"
    return "failed", {2: "the input cannot be used; the log says why"}.get(ended["code"], "our fault; the log says where")


def _ended_at(folder: Path, ended: dict[str, Any]) -> datetime:
    if ended:
        return datetime.fromisoformat(ended["ended_at"])
    return datetime.fromtimestamp((folder / "log.txt").stat().st_mtime, UTC)  # the last time that it was heard of


def _clear_up(folder: Path, out: Path | None, pid: int) -> None:
    if out and _read(partial_of(out) / "progress.json").get("pid") == pid:
        # A process that is killed lets go of its locks one after the other: this job's is free, so the other soon is.
        with suppress(FileNotFoundError), locked(partial_of(out)):
            pass
    if out and sweep(out):
        with (folder / "log.txt").open("a", encoding="utf-8") as log:
            log.write(f"{partial_of(out)} was left half-written and has been removed.\n")


def _out(args: list[str]) -> Path | None:
    if "--out" in args[:-1]:
        return Path(args[args.index("--out") + 1])
    return next((Path(a.removeprefix("--out=")) for a in args if a.startswith("--out=")), None)


def _read(file: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    return found


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        return file.read().decode("utf-8", errors="replace")
