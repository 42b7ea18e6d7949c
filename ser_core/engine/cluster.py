"""A Ray cluster as an engine: one actor for each worker, on whatever machines the cluster has.

The machines must see the clips, ``data/`` and the features under the same paths (a shared folder), and have this version of
the project there with its requirements and ``requirements-ray.txt``. All of that is looked at before anything is computed.
Runs are written by this process alone; workers read clips, and read and write features.
"""

from __future__ import annotations

import logging
import os
import platform
import signal
import socket
import threading
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ser_core import places, run_record
from ser_core.engine._engine import Answer, Function, Shard, answer, share_out
from ser_core.errors import BadInput
from ser_core.table_files import make_folder


@dataclass
class Cluster:
    """A Ray cluster.

    Args:
        address: ``host:port`` of its head, "auto" for the one that this machine belongs to, or "local" for one that is
            started on this machine for the run alone.
        workers: how many; None: one for each GPU of the cluster, or, without any, as many as its cores have room for.
    """

    address: str = "auto"
    workers: int | None = None
    name: str = field(default="ray", init=False)
    _crew: _Actors = field(init=False, repr=False)
    _idle: list[_Actor] = field(default_factory=list, init=False, repr=False)
    _connected: bool = field(default=False, init=False, repr=False)

    def begin(self, clips: Sequence[Path], *, threads: int) -> str:
        """Join the cluster, and see that each worker sees what it must."""
        ray = _connect(self.address)
        self._connected = True
        gpus, room = _room(ray, threads)
        if not room:
            raise BadInput(f"no machine of the cluster has {threads} cores for a worker's threads; give fewer --threads.")
        self.workers = self.workers or room
        if self.workers > room:
            each = "one GPU each" if gpus else f"{threads} threads each"
            raise BadInput(
                f"the cluster has room for {room} workers of {each}, not for {self.workers}; give fewer --workers."
            )
        self._crew = _Actors(ray, {"num_gpus": 1, "num_cpus": 1} if gpus else {"num_cpus": threads})
        self._idle = [self._crew.hire() for _ in range(self.workers)]
        hosts = _look_around(self._crew, self._idle, clips)
        return f"a Ray cluster: {self.workers} workers on {', '.join(hosts)}"

    def map(self, function: Function, shards: Sequence[Shard]) -> Iterator[tuple[Shard, Any]]:
        """See ``Engine``."""
        self._crew.teach(function)
        yield from share_out(self._crew, self._idle, shards)

    def close(self) -> None:
        """Leave the cluster; our workers end with that."""
        if self._connected:
            import ray

            ray.shutdown()


def _connect(address: str) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster that we start tells nobody of itself
    try:
        import ray
    except ImportError as error:
        raise BadInput("Ray is not installed here; 'pip install -r requirements-ray.txt' installs it.") from error
    if address not in ("auto", "local") and "://" not in address:
        _answers(address)
    heeded = signal.getsignal(signal.SIGTERM)
    how: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    try:
        ray.init(
            address=address,
            runtime_env={"env_vars": _environment()},
            log_to_driver=False,
            logging_level=logging.ERROR,
            **how,
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise BadInput(
            f"no Ray cluster can be joined at '{address}': {error}. 'ray start --head' starts one; --address local needs "
            f"none."
        ) from None
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, heeded)  # Ray's own would end us as a cancelled run ends, and nothing be kept
    return ray


def _answers(address: str) -> None:
    """Whether anybody is there at all, and no web server such as Ray's dashboard: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5) as line:
            line.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
            web = line.recv(5) == b"HTTP/"
    except (OSError, ValueError) as error:
        raise BadInput(f"no Ray cluster answers at '{address}' ({error}); it is host:port of its head.") from error
    if web:
        raise BadInput(f"a web server answers at '{address}', and no Ray cluster; the port of its head is usually 6379.")


def _environment() -> dict[str, str]:
    """What workers must know to find the same things."""
    ours = {name: value for name, value in os.environ.items() if name.startswith(("EARWITNESS_", "HF_"))}
    where = {"EARWITNESS_DATA": places.data(), "EARWITNESS_FEATURES": places.features(), "PYTHONPATH": places.ROOT}
    return ours | {name: os.path.abspath(path) for name, path in where.items()}


def _room(ray: Any, threads: int) -> tuple[int, int]:
    """How many GPUs there are, and how many workers find room."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    on_cpu = os.environ.get("EARWITNESS_DEVICE") == "cpu"
    gpus = 0 if on_cpu else sum(int(machine.get("GPU", 0)) for machine in machines)
    return gpus, gpus or sum(int(machine.get("CPU", 0)) // threads for machine in machines)


# --- do workers see what they must? -----------------------------------------------------------------------------------


def _look_around(crew: _Actors, workers: Sequence[_Actor], clips: Sequence[Path]) -> list[str]:
    """Names of the workers' machines.

    Raises:
        BadInput: a worker does not see a folder or clip, or has another version of us; all of them.
    """
    with ExitStack() as marks:
        marked = [marks.enter_context(_marked(folder)) for folder in (places.data(), places.features())]
        seen = crew.ask(workers, [str(file.absolute()) for file in (*marked, *clips)])
    problems = []
    for host, missing, code, python in seen:
        problems += [
            f"a worker on {host} does not see {file}; share that folder with all machines of the cluster, under that path."
            for file in missing
        ]
        if (code, python) != (run_record.code(), platform.python_version()):
            problems.append(f"a worker on {host} has another version of the project or of Python; give all the same.")
    if problems:
        raise BadInput(*dict.fromkeys(problems))
    return sorted({host for host, *_ in seen})


@contextmanager
def _marked(folder: Path) -> Iterator[Path]:
    """A file in a folder that only who really shares it can see."""
    mark = make_folder(folder) / f".seen-{uuid.uuid4().hex}"
    mark.touch()
    try:
        yield mark
    finally:
        mark.unlink()


class _Work:
    """What an actor does; lives in a process of the cluster."""

    def __init__(self) -> None:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # see ``local._work``
        self.key, self.function = "", None

    def look(self, files: list[str]) -> tuple[str, list[str], str, str]:
        """Machine, which of the files it does not see, version of us, version of Python."""
        missing = [file for file in files if not os.path.exists(file)]
        return platform.node(), missing, run_record.code(), platform.python_version()

    def work(self, key: str, function: list[Any], content: Any) -> Answer:
        """One shard; the function is fetched when it is another than the last."""
        if key != self.key:
            import ray

            self.key, self.function = key, ray.get(function[0])
        return answer(self.function, content)  # type: ignore[arg-type]


# --- the crew of share_out --------------------------------------------------------------------------------------------


@dataclass(eq=False)
class _Actor:
    handle: Any
    ready: Any = None
    """What it was given last, as Ray names its answer to come."""


class _Actors:
    def __init__(self, ray: Any, needs: dict[str, int]):
        self.ray = ray
        self.kind = ray.remote(max_restarts=0, max_task_retries=0, **needs)(_Work)

    def teach(self, function: Function) -> None:
        self.key, self.function = uuid.uuid4().hex, self.ray.put(function)

    def ask(self, workers: Sequence[_Actor], files: list[str]) -> list[tuple[str, list[str], str, str]]:
        try:
            answers: list[tuple[str, list[str], str, str]] = self.ray.get([one.handle.look.remote(files) for one in workers])
        except self.ray.exceptions.RayError as error:
            raise BadInput(
                f"a worker of the cluster cannot be started; is the project there, and installed? {error}"
            ) from None
        return answers

    def hire(self) -> _Actor:
        return _Actor(self.kind.remote())

    def give(self, worker: _Actor, shard: Shard) -> None:
        worker.ready = worker.handle.work.remote(self.key, [self.function], shard.content)

    def hear(self, busy: Collection[_Actor]) -> tuple[_Actor, Answer | None]:
        (ready,), _ = self.ray.wait([worker.ready for worker in busy], num_returns=1)
        worker = next(worker for worker in busy if worker.ready == ready)
        gone = self.ray.exceptions
        try:
            said: Answer = self.ray.get(ready)
        except (gone.RayActorError, gone.OutOfMemoryError, gone.NodeDiedError, gone.ObjectLostError):
            self.ray.kill(worker.handle)
            return worker, None
        return worker, said
