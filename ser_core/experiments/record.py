"""What decided the numbers of an experiment, in its ``config.yaml``; who goes on with one must agree with it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ser_core import run_record
from ser_core.engine._engine import Engine
from ser_core.experiments.plan import Planned


@dataclass(frozen=True)
class Ran:
    """How an experiment was run."""

    device: str
    engine: Engine
    threads: int
    revisions: dict[str, str]
    forwards: list[dict[str, Any]]
    """What each encoder had to hear."""
    learned: int
    """Models."""


def decided(plan: Planned, threads: int) -> dict[str, Any]:
    """Everything that decides the ratings: who goes on from finished shards must agree with it."""
    tables = {str(Path(name).absolute()): sha256 for name, sha256 in plan.read.items() if name != str(plan.file)}
    return {
        "experiment": _plain(plan),
        "tables": tables,
        "revisions": plan.revisions,
        "threads": threads,
        "versions": run_record.versions(),
        "code": run_record.code(),
    }


def _plain(plan: Planned) -> dict[str, Any]:
    """The experiment's file with all its defaults and its preset's choices."""
    return plan.experiment.model_dump(mode="json", by_alias=True)


def resolved(plan: Planned, ran: Ran, *, took_s: float) -> dict[str, Any]:
    """All that decided the numbers, and what it took."""
    return {
        "run": plan.out.name,
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "took_s": round(took_s, 1),
        "experiment": _plain(plan),
        "model": ", ".join(dict.fromkeys(job.kind.method for job in plan.jobs)),
        "seed": ", ".join(map(str, plan.experiment.seeds)),
        "encoder": ", ".join(plan.experiment.encoders),
        "revision": ", ".join(ran.revisions.values()),
        "revisions": ran.revisions,
        "models": len(plan.jobs),
        "learned": ran.learned,
        "forwards": ran.forwards,
        "device": ran.device,
        "engine": {"name": ran.engine.name, "workers": ran.engine.workers},
        "threads": ran.threads,
        "machine": {"system": platform.platform(), "processor": platform.machine(), "cores": os.cpu_count()},
        "versions": run_record.versions(),
        "git": run_record.git_revision(),
        "code": run_record.code(),
        "tables": plan.read,
    }
