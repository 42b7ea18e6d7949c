"""The queue: commands run one after the other on each device, as child processes that nobody has to watch.

A page starts a job and may be reloaded, closed or restarted with its whole server; the job goes on, and its folder
``runs/.jobs/<name>/`` tells all there is to know: ``job.json`` (what was asked, its turn, process id), ``log.txt`` (both its
outputs), ``began.json`` and ``exit.json`` (written by the child when its turn comes, and when it ends), ``cancelled``
(written by who cancelled it), and ``lock-<turn>``.

The child inherits the lock of that last file, and the system lifts it when the child is gone, however it went. So a job
without exit status whose lock is free has died, and no process id of another is ever taken for it. The same locks are the
queue: each job has the next turn, and its child waits for the locks of those before it that need the same device. Nothing
has to hand the turns on, so nothing is lost with the server.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ser_core import places
from ser_core.engine.workshop import partial_of, resumable, sweep
from ser_core.errors import BadInput, Problem
from ser_core.locks import is_locked, locked, wait_until_free
from ser_core.table_files import make_folder, write_whole

State = Literal["waiting", "running", "done", "failed", "cancelled"]
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
    place: int
    """Of a waiting job: 1 is next on its device. 0 of all others."""
    turn: int
    """Its number in the queue of all devices; a resumed job has a new one."""
    pid: int
    """Of the child, which is the leader of its own process group."""
    folder: Path
    out: Path | None
    """The folder that the command was told to make with ``--out``."""
    device: str
    """Where it computes: what the run tells ("cpu", "cuda:0, cuda:1"), and before that what it queues for ("auto")."""
    queued_at: datetime
    started_at: datetime | None
    """When its turn came; None while it waits, and if it never came."""
    ended_at: datetime | None
    exit_code: int | None
    """0 done, 2 bad input, 1 our fault; None before it ends and if it ended without saying why."""
    reason: str
    """Why it failed, in a sentence; empty unless it did."""
    resumable: bool
    """Whether ``resume`` can go on: it failed and left finished shards, which ``discard`` throws away, or never began."""
    done: int
    total: int
    """Of ``total`` clips in the step that it is just doing, ``done`` are over; both 0 where nothing is known."""
    what: str
    """What it is just doing."""
    clips_per_s: float | None
    """How fast that is, measured over the shards finished since the step began; None before the first."""
    left_s: float | None
    """Seconds until that step is over, at this speed; None where it cannot be told."""
    log_tail: str
    """The end of what it printed."""

    @property
    def progress(self) -> tuple[int, int]:
        """``(done, total)``."""
        return self.done, self.total


def start(args: list[str], name: str) -> Job:
    """Queue ``python -m ser_core <args>``, for example ``["predict", "--stimuli", ...]``, and return at once.

    It begins by itself when no job queued before it needs the same device: ``--device`` of its arguments (else
    ``EARWITNESS_DEVICE``, else ``auto``, which is all of this machine), or the cluster of ``--engine ray --address``.

    Raises:
        BadInput: the name cannot be one, or there was a job of that name.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(f"'{name}' cannot name a job; use letters, digits, '_', '-' and '.'.")
    folder = _jobs_folder() / name
    with _door():
        if folder.exists():
            raise BadInput(f"there was a job named '{name}' already; choose another name.")
        make_folder(folder)
        try:
            _spawn(args, name, folder)
        except BaseException:
            shutil.rmtree(folder)
            raise
    return _look(folder)


def jobs() -> list[Job]:
    """All jobs, the one queued last first; what a dead one left that is of no use is removed, and its log says so.

    A folder whose ``job.json`` cannot be read tells of no job.
    """
    found = [_job(folder, said) for folder, said in _known()]
    waiting = [job for job in found if job.state == "waiting"]
    placed = [replace(job, place=_place(job, waiting)) if job.state == "waiting" else job for job in found]
    return sorted(placed, key=lambda job: job.turn, reverse=True)


def cancel(job: Job) -> Job:
    """End a job that waits or runs: it is asked to clear up, and killed if it does not; nothing of its run is kept.

    A job that is over stays what it is.
    """
    job = _look(job.folder)  # it may have been resumed since, as another process
    lock = _lock(job)
    if is_locked(lock):
        write_whole(job.folder / "cancelled", b"")
        _signal(job, signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE_S
        while is_locked(lock) and time.monotonic() < deadline:
            time.sleep(0.02)
        if is_locked(lock):
            _signal(job, signal.SIGKILL)
            wait_until_free(lock)
        if job.out:
            sweep(job.out)
    return _look(job.folder)


def resume(job: Job) -> Job:
    """Queue a failed job again, at the end; its run goes on from the shards that it finished.

    Raises:
        BadInput: it has not failed, or left nothing to go on from.
    """
    with _door():
        now = _look(job.folder)
        if not now.resumable:
            raise BadInput(f"'{job.name}' is {now.state} and left nothing to go on from; start it anew.")
        for name in ("exit.json", "began.json"):
            (job.folder / name).unlink(missing_ok=True)
        _spawn(list(now.args), now.name, now.folder)
    return _look(job.folder)


def discard(job: Job) -> Job:
    """Throw away what a failed job left of its run; one that has left nothing, or is not over, stays what it is."""
    with _door():
        now = _look(job.folder)
        if now.resumable and now.out:
            sweep(now.out)
    return _look(job.folder)


def wait(job: Job) -> Job:
    """The job once its process is gone."""
    wait_until_free(_lock(_look(job.folder)))
    return _look(job.folder)


def _signal(job: Job, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(job.pid, number)


# --- queueing --------------------------------------------------------------------------------------------------------


def _spawn(args: list[str], name: str, folder: Path) -> None:
    """Start the child with the next turn; only behind the door."""
    others = [said for _, said in _known()]
    turn, device = 1 + max((other["turn"] for other in others), default=0), _device_of(args)
    before = [
        _jobs_folder() / other["name"] / f"lock-{other['turn']}" for other in others if _share(other["device"], device)
    ]
    after = [str(lock) for lock in before if is_locked(lock)]
    for old in folder.glob("lock-*"):
        old.unlink()
    own = folder / f"lock-{turn}"
    own.touch()
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(places.ROOT), environment.get("PYTHONPATH")]))
    with (folder / "log.txt").open("ab") as log, locked(own) as lock:
        child = subprocess.Popen(
            [sys.executable, "-m", "ser_core.engine.child", str(folder), json.dumps(after), *args],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
            pass_fds=(lock,),
        )
        said = {"name": name, "args": args, "turn": turn, "device": device, "pid": child.pid, "queued_at": _now()}
        try:
            write_whole(folder / "job.json", json.dumps(said).encode())
        except BaseException:
            child.kill()  # nobody would know of it
            child.wait()
            raise
    threading.Thread(target=child.wait, daemon=True, name=f"reap {name}").start()  # or it would stay a zombie


def _device_of(args: Sequence[str]) -> str:
    address = _option(args, "--address") or "auto"
    if _option(args, "--engine") == "ray" and address != "local":  # which is this machine
        return f"ray at {address}"
    return _option(args, "--device") or os.environ.get("EARWITNESS_DEVICE") or "auto"


def _share(one: str, other: str) -> bool:
    """Whether two jobs would compute on the same device.

    >>> _share("cuda:0", "cuda:1"), _share("cuda:0", "cuda"), _share("auto", "cpu"), _share("auto", "ray at a:6379")
    (False, True, True, False)
    """
    if one.startswith("ray") or other.startswith("ray"):
        return one == other
    same_kind = one.partition(":")[0] == other.partition(":")[0]
    return one == other or "auto" in (one, other) or (same_kind and "cuda" in (one, other))


def _place(job: Job, waiting: list[Job]) -> int:
    return 1 + sum(other.turn < job.turn and _share(other.device, job.device) for other in waiting)


@contextmanager
def _door() -> Iterator[None]:
    """One at a time through here, in all threads and processes: whoever gives out a turn."""
    handle = _jobs_folder() / ".door"
    handle.touch()
    with locked(handle):
        yield


def _jobs_folder() -> Path:
    return make_folder(places.runs() / ".jobs")


def _now() -> str:
    return datetime.now(UTC).isoformat()


# --- looking ---------------------------------------------------------------------------------------------------------


def _look(folder: Path) -> Job:
    found = next((job for job in jobs() if job.folder == folder), None)
    if found is None:
        raise BadInput(Problem("there is no such job any more", folder))
    return found


def _lock(job: Job) -> Path:
    return job.folder / f"lock-{job.turn}"


def _known() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each job's folder and what its ``job.json`` holds; before there was a queue, jobs had no turn."""
    for file in _jobs_folder().glob("*/job.json"):
        if said := _read(file):
            yield file.parent, {"turn": 0, "device": "auto", "queued_at": said.get("started_at")} | said


def _job(folder: Path, said: dict[str, Any]) -> Job:
    out = _out(said["args"])
    lives = is_locked(
        folder / f"lock-{said['turn']}"
    )  # before exit.json is read: the child writes that and only then lets go
    began, ended = _read(folder / "began.json"), _read(folder / "exit.json")
    if not lives:
        _clear_up(folder, out, said["pid"])
    state, reason = _state(folder, lives=lives, began=bool(began), ended=ended)
    steps = _read(partial_of(out) / "progress.json") if out and state == "running" else {}
    return Job(
        name=said["name"],
        args=tuple(said["args"]),
        state=state,
        place=0,
        turn=said["turn"],
        pid=said["pid"],
        folder=folder,
        out=out,
        device=steps.get("device") or said["device"],
        queued_at=datetime.fromisoformat(said["queued_at"]),
        started_at=datetime.fromisoformat(began["at"]) if began else None,
        ended_at=None if lives else _ended_at(folder, ended),
        exit_code=None if lives else ended.get("code"),
        reason=reason,
        resumable=state == "failed" and (not began or (out is not None and resumable(out))),
        done=steps.get("done", 0),
        total=steps.get("total", 0),
        what=steps.get("what", ""),
        clips_per_s=steps.get("clips_per_s"),
        left_s=steps.get("left_s"),
        log_tail=_tail(folder / "log.txt"),
    )


def _state(folder: Path, *, lives: bool, began: bool, ended: dict[str, Any]) -> tuple[State, str]:
    if lives:
        return "running" if began else "waiting", ""
    if ended.get("code") == 0:
        return "done", ""
    if (folder / "cancelled").exists():
        return "cancelled", ""
    if not ended:
        return "failed", "ended without saying why: it was killed, or the machine stopped or ran out of memory"
    return "failed", {2: "the input cannot be used; the log says why"}.get(
        ended["code"], "our fault, or the machine's (network, disk, memory); the log says which"
    )


def _ended_at(folder: Path, ended: dict[str, Any]) -> datetime:
    if ended:
        return datetime.fromisoformat(ended["ended_at"])
    heard_of = folder / ("log.txt" if (folder / "log.txt").exists() else "job.json")
    return datetime.fromtimestamp(heard_of.stat().st_mtime, UTC)


def _clear_up(folder: Path, out: Path | None, pid: int) -> None:
    if out and _read(partial_of(out) / "progress.json").get("pid") == pid:
        # A process that is killed lets go of its locks one after the other: this job's is free, so the other soon is.
        wait_until_free(partial_of(out))
    if out and not resumable(out) and sweep(out):
        with (folder / "log.txt").open("a", encoding="utf-8") as log:
            log.write(f"{partial_of(out)} was left half-written and has been removed.\n")


def _out(args: Sequence[str]) -> Path | None:
    out = _option(args, "--out")
    return Path(out) if out else None


def _option(args: Sequence[str], name: str) -> str | None:
    """The value of ``--name value`` or ``--name=value``."""
    if name in args[:-1]:
        return args[list(args).index(name) + 1]
    return next((arg.removeprefix(f"{name}=") for arg in args if arg.startswith(f"{name}=")), None)


def _read(file: Path) -> dict[str, Any]:
    """What a file says; nothing, where it is not there, damaged, or another's."""
    with suppress(OSError, ValueError):
        found = json.loads(file.read_bytes())
        if isinstance(found, dict):
            return found
    return {}


def _tail(log: Path) -> str:
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        return file.read().decode("utf-8", errors="replace")
    return ""
