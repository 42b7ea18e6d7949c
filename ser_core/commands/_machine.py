"""What every command that hears clips may be told of the machine: where to compute, and whether to fetch."""

from __future__ import annotations

import argparse
import os


def add_machine(parser: argparse.ArgumentParser) -> None:
    """``--device`` and ``--offline``."""
    parser.add_argument(
        "--device", default="auto", metavar="NAME", help="cpu, cuda, cuda:1, mps (default: the best there is)"
    )
    parser.add_argument("--offline", action="store_true", help="fetch no model; say which is missing and how to get it")


def use_machine(options: argparse.Namespace) -> None:
    """Let everything that this process does keep to them."""
    if options.device != "auto":
        os.environ["EARWITNESS_DEVICE"] = options.device
    if options.offline:
        os.environ["EARWITNESS_OFFLINE"] = os.environ["HF_HUB_OFFLINE"] = "1"
