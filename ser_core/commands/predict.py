"""Let a model rate a study's clips, as a listener would."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ser_core import runs
from ser_core.cli import Command, add_seed
from ser_core.commands._machine import add_machine, use_machine
from ser_core.engine._engine import CutOff, Engine
from ser_core.engine.cluster import Cluster
from ser_core.engine.local import Local
from ser_core.errors import BadInput, Problem

ENGINES = ("local", "ray")


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stimuli", type=Path, required=True, metavar="CSV", help="the clips to rate")
    parser.add_argument(
        "--model",
        required=True,
        metavar="NAME",
        help="a file of ser_core/methods or ser_core/diarization, e.g. logmel_probe",
    )
    parser.add_argument(
        "--train",
        type=Path,
        nargs="+",
        default=[],
        metavar="CSV",
        help="clips to learn from; one model for each language. Not needed by a model that comes trained",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to make")
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="one of the model's own settings; may be given several times",
    )
    add_seed(parser, default=0, help="seed of everything drawn (default 0)")
    parser.add_argument(
        "--fresh", action="store_true", help="throw away what an earlier run, which was cut off, had finished"
    )
    add_machine(parser)
    parser.add_argument("--engine", default="local", choices=ENGINES, help="this machine, or a Ray cluster (default local)")
    parser.add_argument(
        "--address", metavar="WHERE", help="of the Ray cluster: host:port, local, or auto (default), the one of this machine"
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="how many compute at once (default: one for each GPU, else one; see docs)"
    )
    parser.add_argument(
        "--threads", type=int, metavar="N", help="of each worker on a CPU; part of the plan (default: this machine's cores)"
    )
    parser.add_argument(
        "--shard", type=int, metavar="N", help="clips that a worker is given at once; part of the plan (default 256)"
    )


def _run(options: argparse.Namespace) -> int | None:
    use_machine(options)
    engine = _engine(options)
    chosen = {name: value for name in ("shard", "threads") if (value := getattr(options, name)) is not None}
    plan = runs.Plan(
        stimuli=options.stimuli,
        train=tuple(dict.fromkeys(options.train)),
        method=options.model,
        seed=options.seed,
        settings=_settings(options.settings),
        **chosen,
    )
    try:
        run = runs.execute(plan, options.out, engine=engine, fresh=options.fresh)
    except CutOff as cut:
        for problem in cut.problems:
            print(problem, file=sys.stderr)
        print("What is finished was kept; the same command goes on from there.", file=sys.stderr)
        return 1
    print(f"{run.folder}: {len(run.tables.stimuli)} clips rated by {', '.join(run.tables.raters['rater'])}")
    return None


def _engine(options: argparse.Namespace) -> Engine:
    if options.workers is not None and options.workers < 1:
        raise BadInput(f"--workers must be 1 or more, not {options.workers}.")
    if options.engine == "ray":
        if options.device not in ("auto", "cpu"):
            raise BadInput("--device names a device of this machine; a Ray cluster has its own. Choose auto or cpu.")
        return Cluster(options.address or "auto", options.workers)
    if options.address:
        raise BadInput("--address is that of a Ray cluster; add --engine ray.")
    return Local(options.workers, options.device)


def _settings(given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    if wrong := [
        Problem(f"--set '{key}' says no value; write --set {key or 'KEY'}=VALUE")
        for key, sign, _ in pairs
        if not (key and sign)
    ]:
        raise BadInput(*wrong)
    return {key: value for key, _, value in pairs}


COMMAND = Command("let a model rate a study's clips, as a listener would", _arguments, _run)
