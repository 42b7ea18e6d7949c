"""This machine as an engine: one worker in this process, or several in processes of their own, one for each device.

Worker processes are started anew (spawn), because CUDA and thread pools do not survive a fork. They end when this process
does, in the middle of a shard too: the device may be another's by then.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from ser_core.engine._engine import Answer, Function, Shard, answer, share_out
from ser_core.features import device_named

_SPAWN = multiprocessing.get_context("spawn")


@dataclass
class Local:
    """This machine.

    Args:
        workers: how many; None: one for each CUDA device, else one.
        device: as ``features.device_named`` has it; "auto" gives each worker a CUDA device of its own.
    """

    workers: int | None = None
    device: str = "auto"
    name: str = field(default="local", init=False)
    _crew: _Processes | None = field(default=None, init=False, repr=False)
    _idle: list[_Process] = field(default_factory=list, init=False, repr=False)

    def begin(self, clips: Sequence[Path], *, threads: int) -> str:
        """Find the devices.

        Raises:
            BadInput: this machine has no such device.
        """
        if self.device not in ("auto", "cpu"):
            device_named(self.device)
        devices = _devices(self.device)
        self.workers = self.workers or len(devices)
        if self.workers == 1:
            return "this process"
        self._crew = _Processes([devices[n % len(devices)] for n in range(self.workers)])
        return f"{self.workers} processes, device {', '.join(sorted(set(devices)))}"

    def map(self, function: Function, shards: Sequence[Shard]) -> Iterator[tuple[Shard, Any]]:
        """See ``Engine``; with one worker a shard that ends it ends this process too, and all else stands."""
        if self._crew is None:
            for shard in shards:
                yield shard, function(shard.content)
        else:
            self._crew.function = pickle.dumps(function)
            while len(self._idle) < min(self._crew.size, len(shards)):
                self._idle.append(self._crew.hire())
            try:
                yield from share_out(self._crew, self._idle, shards)
            except BaseException:
                self.close()  # others are still busy with what nobody asks for any more
                raise

    def close(self) -> None:
        """End the worker processes."""
        if self._crew:
            self._crew.dismiss()
        self._idle.clear()


def _devices(device: str) -> list[str]:
    """The devices that a name means; torch is asked only where there might be several."""
    if device != "auto" or os.environ.get("EARWITNESS_DEVICE", "auto") not in ("", "auto") or not _may_have_cuda():
        return [device]
    import torch

    return [f"cuda:{n}" for n in range(torch.cuda.device_count())] or [device]


def _may_have_cuda() -> bool:
    return any(Path("/dev").glob("nvidia[0-9]*")) or Path("/dev/dxg").exists()  # the latter under Windows' Linux


@dataclass(eq=False)
class _Process:
    """A worker process and our end of the pipe to it."""

    process: SpawnProcess
    pipe: Connection
    device: str
    knows: bytes = b""
    """The function that it was told last."""


class _Processes:
    """The crew of ``share_out``."""

    def __init__(self, devices: list[str]):
        self.function = b""
        self.size = len(devices)
        self._free = list(reversed(devices))
        self._all: list[_Process] = []

    def hire(self) -> _Process:
        ours, theirs = _SPAWN.Pipe()
        device = self._free.pop()
        process = _SPAWN.Process(target=_work, args=(theirs, device), daemon=True)
        process.start()
        theirs.close()
        worker = _Process(process, ours, device)
        self._all.append(worker)
        return worker

    def give(self, worker: _Process, shard: Shard) -> None:
        try:
            if worker.knows is not self.function:
                worker.pipe.send_bytes(b"function")
                worker.pipe.send_bytes(self.function)
                worker.knows = self.function
            worker.pipe.send_bytes(b"shard")
            worker.pipe.send(shard.content)
        except (BrokenPipeError, ConnectionResetError):
            return  # it is dead, and ``hear`` finds that out

    def hear(self, busy: Collection[_Process]) -> tuple[_Process, Answer | None]:
        pipes = {worker.pipe: worker for worker in busy}
        worker = pipes[wait(list(pipes))[0]]  # type: ignore[index]
        try:
            said: Answer = worker.pipe.recv()
        except (EOFError, OSError):  # it died before it answered, or with half of the answer written
            self._bury(worker)
            return worker, None
        return worker, said

    def _bury(self, worker: _Process) -> None:
        worker.process.join()
        worker.pipe.close()
        self._free.append(worker.device)
        self._all.remove(worker)

    def dismiss(self) -> None:
        for worker in list(self._all):
            worker.process.kill()  # whatever it is doing, nobody waits for it
            self._bury(worker)


def _work(pipe: Connection, device: str) -> None:
    """A worker process: told a function, then shards, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # threads of one worker must not spin while those of another want the core
    if device != "auto":
        os.environ["EARWITNESS_DEVICE"] = device
    threading.Thread(target=_end_with_parent, daemon=True).start()
    function: Any = None
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):  # who started it is gone
        while True:
            if pipe.recv_bytes() == b"function":
                function = pickle.loads(pipe.recv_bytes())
            else:
                pipe.send(answer(function, pipe.recv()))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
