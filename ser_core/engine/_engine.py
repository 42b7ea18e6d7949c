"""What an engine is: a function of a shard goes in, and its result comes back, wherever that was worked out.

A shard is the unit of everything: of what one worker is given at once, of what is computed together, of what is kept when a
run is cut off, and of what a dead worker costs. So no number depends on how many workers there are or on how fast they were.

Functions are objects that can be pickled (``tasks.py``). They return what they found; results come back as they are ready.
"""

from __future__ import annotations

import traceback
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ser_core.errors import BadInput, Problem

Function = Callable[[Any], Any]

TRIES = 3
"""How many workers a shard may cost before it is given up."""


@dataclass(frozen=True)
class Shard:
    """Some of the work."""

    number: int
    content: Any
    clips: tuple[str, ...]
    """Ids of the clips in it (or names of what else it holds), for whoever wants to know which they were."""
    of: str = "clips"
    """What else."""


class CutOff(BadInput):
    """A run cannot go on now, by no fault of its input; what is finished stays, and the same command goes on from there."""


class Engine(Protocol):
    """Where shards are worked out."""

    name: str
    workers: int | None
    """How many; known after ``begin``."""

    def begin(self, clips: Sequence[Path], *, threads: int) -> str:
        """Get ready; what it is, in words, for the log.

        Args:
            clips: some files that every worker must see.
            threads: how many each worker computes with on a CPU.

        Raises:
            BadInput: there is no such device or cluster, or a worker does not see the files.
        """

    def map(self, function: Function, shards: Sequence[Shard]) -> Iterator[tuple[Shard, Any]]:
        """Each shard with ``function(shard.content)``, in any order.

        Raises:
            BadInput: what the function raised.
            CutOff: a shard ended ``TRIES`` workers.
            RuntimeError: the function failed in another way, with the traceback of the worker.
        """

    def close(self) -> None:
        """Let all workers go."""


# --- a function's answer on its way back ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What became of a shard on a worker."""

    value: Any = None
    problems: tuple[Problem, ...] = ()
    cause: OSError | None = None
    failed: str = ""
    """A traceback."""


def answer(function: Function, content: Any) -> Answer:
    """What the function returns or raises, fit to be sent."""
    try:
        return Answer(function(content))
    except BadInput as bad:
        return Answer(problems=bad.problems, cause=bad.__cause__ if isinstance(bad.__cause__, OSError) else None)
    except Exception:
        return Answer(failed=traceback.format_exc())


def value_of(answer: Answer) -> Any:
    """What the function returned; or what it raised is raised here."""
    if answer.failed:
        raise RuntimeError(f"a worker failed:\n{answer.failed}")
    if answer.problems:
        raise BadInput(*answer.problems) from answer.cause
    return answer.value


# --- several workers --------------------------------------------------------------------------------------------------

Worker = TypeVar("Worker")


class Crew(Protocol[Worker]):
    """Workers that can die."""

    def hire(self) -> Worker:
        """A new one."""

    def give(self, worker: Worker, shard: Shard) -> None:
        """Let it work on a shard; returns at once, even if it is dead."""

    def hear(self, busy: Collection[Worker]) -> tuple[Worker, Answer | None]:
        """The next of them that is ready, and its answer: None if it died. Blocks until there is one."""


def share_out(crew: Crew[Worker], idle: list[Worker], shards: Sequence[Shard]) -> Iterator[tuple[Shard, Any]]:
    """Give shards to workers until all are done; one whose worker died is given out again.

    Args:
        crew: how they are spoken to.
        idle: the workers; who died is replaced in it.
        shards: in the order in which they are given out.
    """
    todo, died, busy = deque(shards), Counter[int](), dict[Worker, Shard]()
    while todo or busy:
        while todo and idle:
            worker = idle.pop()
            busy[worker] = todo.popleft()
            crew.give(worker, busy[worker])
        worker, said = crew.hear(busy)
        shard = busy.pop(worker)
        if said is None:
            died[shard.number] += 1
            if died[shard.number] == TRIES:
                raise CutOff(_given_up(shard))
            todo.appendleft(shard)
            worker = crew.hire()
        idle.append(worker)
        if said is not None:
            yield shard, value_of(said)


def _given_up(shard: Shard) -> str:
    clips = ", ".join(f"'{clip}'" for clip in shard.clips[:5]) + (", ..." if len(shard.clips) > 5 else "")
    return (
        f"shard {shard.number} ended {TRIES} workers that were given it: they were killed, or ran out of memory. It holds "
        f"{len(shard.clips)} {shard.of}: {clips}. With fewer --workers each has more memory."
    )
