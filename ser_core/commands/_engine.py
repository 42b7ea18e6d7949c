"""What every command that works in shards may be told of where to compute, and what it says when it was cut off."""

from __future__ import annotations

import argparse
import sys

from ser_core.commands._machine import add_machine, use_machine
from ser_core.engine._engine import CutOff, Engine
from ser_core.engine.cluster import Cluster
from ser_core.engine.local import Local
from ser_core.errors import BadInput

ENGINES = ("local", "ray")


def add_engine(parser: argparse.ArgumentParser) -> None:
    """``--fresh``, what ``add_machine`` adds, ``--engine``, ``--address``, ``--workers`` and ``--threads``."""
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


def engine_of(options: argparse.Namespace) -> Engine:
    """The engine that was asked for; all that this process does keeps to the machine's options.

    Raises:
        BadInput: the options contradict each other.
    """
    use_machine(options)
    if options.workers is not None and options.workers < 1:
        raise BadInput(f"--workers must be 1 or more, not {options.workers}.")
    if options.engine == "ray":
        if options.device not in ("auto", "cpu"):
            raise BadInput("--device names a device of this machine; a Ray cluster has its own. Choose auto or cpu.")
        return Cluster(options.address or "auto", options.workers)
    if options.address:
        raise BadInput("--address is that of a Ray cluster; add --engine ray.")
    return Local(options.workers, options.device)


def told(cut: CutOff) -> int:
    """Say why it cannot go on now; the exit status."""
    for problem in cut.problems:
        print(problem, file=sys.stderr)
    print("What is finished was kept; the same command goes on from there.", file=sys.stderr)
    return 1
