"""A plan for a run, and everything in it resolved: method, config, tables, and the hash of each file that was read.

What is wrong with a plan is found here, before a clip is opened, all of it at once.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core import audio
from ser_core.encoders import _checkpoint
from ser_core.encoders._find import find
from ser_core.errors import BadInput, Problem
from ser_core.methods._find import find_method
from ser_core.methods._method import Ears, Method, configured, settable
from ser_core.stimuli import line, load

PRACTICE = "practice"
"""The ``part`` of clips that only train listeners; nobody is scored on them."""

SHARD = 256
"""Clips in a shard, if nothing else is said."""

LARGEST = 512
"""Of a shard: what is heard together must be one window of the features' store (``features.WINDOW``)."""


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Plan:
    """What a run is asked to do; with the same files, it decides every rating."""

    stimuli: Path
    """Table of the clips to rate."""
    train: tuple[Path, ...]
    """Tables of the clips to learn from; not used by a method that comes trained."""
    method: str
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What is chosen of the method's config; the rest has its defaults."""
    shard: int = SHARD
    """Clips that one worker is given at once; they are computed together."""
    threads: int = field(default_factory=cores)
    """With how many threads each worker computes on a CPU; by default the cores of this machine."""


@dataclass(frozen=True)
class Resolved:
    """A plan whose tables and settings were read and found good."""

    plan: Plan
    method: Method
    config: Any
    ears: Ears | None
    revision: str
    """Of the encoder, as it is here now; empty where nothing is heard."""
    clips: pd.DataFrame
    """To rate; with ``_table`` and ``_row``, which tell where a row stood."""
    train: pd.DataFrame
    """To learn from, likewise; empty where the method comes trained."""
    read: dict[Path, str]
    """sha256 of each table's file as it was read."""

    @property
    def chosen(self) -> str:
        """What differs from the method's defaults, as ``--set`` takes it: part of the names of its raters.

        Two runs of one method with other settings are two models, and are compared with each other.
        """
        config = dataclasses.asdict(self.config)
        return " ".join(f"{key}={config[key]}" for key, usual in settable(self.method).items() if config[key] != usual)

    def checked(self, clips: pd.DataFrame, train: pd.DataFrame) -> Resolved:
        """The same with hashes and lengths in both tables."""
        return dataclasses.replace(self, clips=clips, train=train)


def resolve(plan: Plan, out: Path) -> Resolved:
    """Read what the plan names.

    Raises:
        BadInput: all that is wrong before a clip is opened.
    """
    problems: list[Problem] = []
    read: dict[Path, str] = {}
    method, config, ears, revision = None, None, None, ""
    try:
        method = find_method(plan.method)
        config = configured(method, plan.settings, seed=plan.seed)
        ears = method.hears(config)
        revision = revision_here(ears.encoder) if ears else ""
    except BadInput as bad:
        problems += bad.problems
    if os.path.exists(out):
        problems.append(Problem("exists already; a run never writes over another. Choose another name", out))
    if not 1 <= plan.shard <= LARGEST:
        problems.append(Problem(f"a shard must hold 1 to {LARGEST} clips, not {plan.shard}"))
    if plan.threads < 1:
        problems.append(Problem(f"a worker computes with at least 1 thread, not {plan.threads}"))
    clips = _table(plan.stimuli, problems, read)
    train = _training(plan, problems, read) if method is None or method.learns else clips.iloc[:0]
    if problems or method is None:
        raise BadInput(*problems)
    clips = clips[clips["part"] != PRACTICE] if "part" in clips else clips
    if clips.empty:
        raise BadInput(Problem("no clip to rate: the table is empty, or all of it is practice", plan.stimuli))
    return Resolved(plan, method, config, ears, revision, clips.reset_index(drop=True), train, read)


def revision_here(encoder: str) -> str:
    """Of the encoder, as it is on this machine now.

    Raises:
        BadInput: there is none of that name; it is nowhere here and nothing may be fetched; or its folder holds no weights.
    """
    about = find(encoder)
    folder = _checkpoint.folder(encoder, about) if _checkpoint.stays_offline() else _checkpoint.found(encoder, about)
    return _checkpoint.revision(about, folder)


def _training(plan: Plan, problems: list[Problem], read: dict[Path, str]) -> pd.DataFrame:
    if not plan.train:
        problems.append(Problem("no training table; name at least one with --train"))
        return pd.DataFrame()
    told = len(problems)
    train = [_table(path, problems, read) for path in plan.train]
    if len(problems) == told and not any(map(len, train)):
        problems.append(Problem("no clip to learn from: the training tables are empty"))
    for path, table in zip(plan.train, train, strict=True):
        problems += [Problem("'truth' is empty; nothing can be learned from it", path, n) for n in _lines(table, "truth")]
    return pd.concat(train, ignore_index=True)


def _table(path: Path, problems: list[Problem], read: dict[Path, str]) -> pd.DataFrame:
    """The table at ``path`` with two columns more, ``_table`` and ``_row``; its problems and its hash are noted."""
    try:
        read[path] = audio.sha256(path)  # here and not when the run is over: a table may be edited meanwhile
        table = load(path)
    except BadInput as bad:
        problems += bad.problems
        return pd.DataFrame(columns=["truth", "file", "_table", "_row"])
    table = table.assign(_table=str(path), _row=range(len(table)))
    problems += [Problem("'file' is empty; a model needs a clip to hear", path, n) for n in _lines(table, "file")]
    return table


def _lines(table: pd.DataFrame, column: str) -> list[int | None]:
    empty = table[table[column] == ""]
    return [line(name, row) for name, row in zip(empty["_table"], empty["_row"], strict=True)] if len(empty) else []
