"""What is told of a run: all that decides its numbers, before it begins; and where and with what it was made, at its end."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import json
import platform
import subprocess
from collections.abc import Collection
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pandas as pd

from ser_core import places
from ser_core.emotions import in_order
from ser_core.run_checks import by_language, shared_speakers
from ser_core.run_plan import Resolved

_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "torchaudio", "transformers", "peft", "soundfile")


def decided(told: Resolved) -> dict[str, Any]:
    """Everything that decides the ratings, as JSON has it: who goes on from finished shards must agree with it."""
    plan = told.plan
    tables = {str(path.absolute()): digest for path, digest in told.read.items()}
    return {
        "model": plan.method,
        "hyper_parameters": hyper_parameters(told),
        "seed": plan.seed,
        "shard": plan.shard,
        "threads": plan.threads,
        "encoder": dataclasses.asdict(told.ears) if told.ears else None,
        "revision": told.revision,
        "tables": tables,
        "versions": versions(),
        "code": code(),
    }


def config(told: Resolved, run: str, *, engine: dict[str, Any], devices: Collection[str], revision: str) -> dict[str, Any]:
    """What ``config.yaml`` of a finished run holds.

    Args:
        told: the plan, checked.
        run: name of the run.
        engine: where it was worked out.
        devices: every device that computed something.
        revision: of the encoder that heard; empty without one.
    """
    plan, train = told.plan, told.train
    return {
        "run": run,
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": plan.method,
        "hyper_parameters": hyper_parameters(told),
        "seed": plan.seed,
        "encoder": told.ears.encoder if told.ears else None,
        "revision": revision or None,
        "device": ", ".join(sorted(devices)),
        "engine": engine,
        "shard": plan.shard,
        "threads": plan.threads,
        "versions": versions(),
        "git": git_revision(),
        "code": code(),
        "stimuli": {"file": str(plan.stimuli), "sha256": told.read[plan.stimuli], "rated": _counts_by_language(told.clips)},
        "train": [
            {
                "file": str(path),
                "sha256": told.read[path],
                "clips": _counts_by_language(train[train["_table"] == str(path)]),
            }
            for path in plan.train
            if told.method.learns
        ],
        "disjoint": {"clips": True, "shared_speakers": shared_speakers(told.clips, train)},
    }


def hyper_parameters(told: Resolved) -> dict[str, Any]:
    """The method's config, in the types that JSON and YAML have."""
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(told.config), default=str))
    return plain


def counts(clips: pd.DataFrame) -> dict[str, int]:
    """How many clips of each emotion, in canonical order.

    >>> counts(pd.DataFrame({"truth": ["sad", "angry", "sad", ""]}))
    {'angry': 1, 'sad': 2, 'unknown': 1}
    """
    found = clips["truth"].replace("", "unknown").value_counts()
    return {label: int(found[label]) for label in in_order(set(found.index))}


def _counts_by_language(clips: pd.DataFrame) -> dict[str, dict[str, int]]:
    return {language: counts(part) for language, part in by_language(clips)}


@cache
def code() -> str:
    """The first 16 digits of the SHA-256 of all code that models run through: a changed line may change a number."""
    digest = hashlib.sha256()
    for file in sorted((places.ROOT / "ser_core").rglob("*.py")):
        digest.update(file.relative_to(places.ROOT).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def versions() -> dict[str, str | None]:
    """Of Python and of every package that decides numbers."""
    return {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}}


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def git_revision() -> str | None:
    """Of this project; None where it is no git checkout."""
    command = ["git", "-C", str(places.ROOT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None
