"""Experiments on noisy clips: the same tasks, tested on (or also learned from) copies with noise in them.

A table of ``python -m ser_core noise`` holds copies of clips, each with the clip it was made of, the noise and its ratio.
What was done to the clips of a test is its *condition*: ``kitchen 10 dB``; where each clip got one noise of several,
``mixed 10 dB``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

import pandas as pd

from ser_core.errors import BadInput, Problem
from ser_core.settings import Task

NOISE_IN = ("test", "both")
NEEDED = ("noise_of", "noise", "snr_db")

Copies = dict[str, dict[str, str]]
"""By condition and the id of a clip, that of its copy."""


def copies_of(noisy: pd.DataFrame) -> Copies:
    """The conditions of a table of noisy clips.

    Where a clip has several copies with one ratio, each noise is a condition of its own.

    Raises:
        BadInput: it is no such table, or a clip has two copies of one condition.

    >>> rows = [["a1", "a", "kitchen", "10"], ["b1", "b", "park", "10"], ["a2", "a", "kitchen", "0"]]
    >>> copies_of(pd.DataFrame(rows, columns=["stimulus", *NEEDED]))
    {'mixed 10 dB': {'a': 'a1', 'b': 'b1'}, 'kitchen 0 dB': {'a': 'a2'}}
    """
    if absent := [name for name in NEEDED if name not in noisy]:
        raise BadInput(f"no noisy clips: the table lacks {', '.join(absent)}; make it by 'python -m ser_core noise'.")
    found: Copies = {}
    for ratio, rows in noisy.groupby("snr_db", sort=False):
        several = rows["noise_of"].duplicated().any()
        for _, part in rows.groupby("noise" if several else "snr_db", sort=False):
            name = str(part["noise"].iloc[0]) if part["noise"].nunique() == 1 else "mixed"
            if twice := sorted(part.loc[part["noise_of"].duplicated(), "noise_of"])[:3]:
                raise BadInput(f"clips have two copies with {name} at {ratio!s} dB: {', '.join(twice)}; leave one out.")
            found[f"{name} {ratio!s} dB"] = dict(zip(part["noise_of"], part["stimulus"], strict=True))
    return found


def with_noise(tasks: Sequence[Task], copied: Copies, where: Literal["test", "both"]) -> list[Task]:
    """Each task as it is, then under each condition.

    Args:
        tasks: of ``settings.tasks``.
        copied: of ``copies_of``.
        where: whether clips are noisy in the ``test``, or in ``both`` training (dev included) and test.

    Raises:
        BadInput: clips have no copy under a condition; each condition once.
    """
    if missing := list(_missing(tasks, copied, where)):
        raise BadInput(*(Problem(what) for what in missing))
    parts = ("test",) if where == "test" else ("train", "dev", "test", "then_train", "then_dev", "unlabelled", "own")
    found = []
    for task in tasks:
        found.append(task)
        for name, by_clip in copied.items():
            changed: dict[str, Any] = {part: tuple(by_clip[id_] for id_ in getattr(task, part)) for part in parts}
            found.append(replace(task, condition=name, **changed))
    return found


def _missing(tasks: Sequence[Task], copied: Copies, where: str) -> Iterator[str]:
    asked = {id_ for task in tasks for id_ in task.test}
    if where == "both":
        asked |= {id_ for t in tasks for part in (t.train, t.dev, t.then_train, t.then_dev, t.unlabelled) for id_ in part}
    for name, by_clip in copied.items():
        if lacking := sorted(asked - set(by_clip)):
            shown = ", ".join(f"'{id_}'" for id_ in lacking[:3])
            more = " ..." if len(lacking) > 3 else ""
            yield f"{len(lacking)} of {len(asked)} clips have no copy with {name}: {shown}{more}"
