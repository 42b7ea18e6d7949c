"""One step of a run after the other, each cut into shards whose results are kept as soon as they are there.

A result is one pickled file, ``shards/<stage>-<number>``, written whole or not at all. What is there is not worked out
again. Models are kept in the same way and not fitted anew: training takes the longest, and on a GPU it does not give the
same bits twice, so that the second half of the ratings would be those of another model.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ser_core.engine._engine import CutOff, Engine, Function, Shard
from ser_core.engine.workshop import Workshop
from ser_core.errors import Problem
from ser_core.table_files import write_whole


@dataclass(frozen=True)
class Results(Sequence[Any]):
    """The results of a stage in the order of its shards; each is read from the disk when it is asked for."""

    files: tuple[Path, ...]

    def __len__(self) -> int:
        """How many shards there were."""
        return len(self.files)

    def __getitem__(self, number: Any) -> Any:
        """One shard's result.

        Raises:
            CutOff: what was kept of it is damaged.
        """
        file = self.files[number]
        try:
            return pickle.loads(file.read_bytes())
        except (pickle.UnpicklingError, EOFError) as error:
            raise CutOff(Problem("is damaged; remove it, and only this shard is worked out again", file)) from error

    def __iter__(self) -> Iterator[Any]:
        """Shard by shard."""
        return (self[number] for number in range(len(self)))


def cut(length: int, size: int) -> list[slice]:
    """Positions in shards of ``size``; the last may be smaller.

    >>> cut(5, 2)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 6, None)]
    """
    return [slice(start, start + size) for start in range(0, length, size)]


def work_through(
    stage: str, function: Function, shards: Sequence[Shard], *, engine: Engine, shop: Workshop, what: str
) -> Results:
    """Work out every shard of a stage that is not there yet, and tell how it goes.

    Args:
        stage: a word, part of the files' names.
        function: of a shard's content; its result can be pickled, and may tell its ``device``.
        shards: numbered from 0.
        engine: where they are worked out.
        shop: where the results are kept.
        what: what is being done, for watchers.
    """
    files = tuple(shop.shards / f"{stage}-{shard.number:05d}" for shard in shards)
    todo = [shard for shard, file in zip(shards, files, strict=True) if not file.exists()]
    total = sum(len(shard.clips) for shard in shards)
    known = total - sum(len(shard.clips) for shard in todo)
    results = Results(files)
    if len(todo) < len(shards):
        shop.log(f"{what}: {len(shards) - len(todo)} of {len(shards)} shards were finished before")
        left = {shard.number for shard in todo}
        for number in range(len(files)):
            shop.devices |= set() if number in left else _device_of(results[number])
    began, done = time.monotonic(), 0
    shop.progress(known, total, what)
    for shard, result in engine.map(function, todo):
        shop.devices |= _device_of(result)
        write_whole(files[shard.number], pickle.dumps(result))
        done += len(shard.clips)
        shop.progress(known + done, total, what, clips_per_s=done / max(time.monotonic() - began, 1e-6))
    return results


def _device_of(result: Any) -> set[str]:
    return {getattr(result, "device", "")} - {""}
