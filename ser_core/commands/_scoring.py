"""What ``score`` and ``compare`` share: which folders they read, what they write, and the short table they print."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import pandas as pd

from ser_core.cli import add_seed
from ser_core.ratings import make_folder, write_whole
from ser_core.report import number, overview


def add_arguments(parser: argparse.ArgumentParser, *, out: str, out_required: bool) -> None:
    """The folders, ``--out`` and ``--seed``."""
    parser.add_argument("directories", nargs="+", metavar="DIR", help="folder with stimuli, raters and ratings")
    parser.add_argument("--out", metavar="DIR", required=out_required, help=out)
    add_seed(parser, default=0, help="seed of the bootstrap intervals (default: 0)")


def write_files(files: Mapping[str, bytes], out: str) -> None:
    """Write each file whole into the folder, which is made if need be.

    Raises:
        BadInput: the folder cannot be made or written.
    """
    folder = make_folder(out)
    for name, content in files.items():
        write_whole(folder / name, content)
    print(f"Wrote {', '.join(files)} to {folder}")


def print_overview(scores: pd.DataFrame, groups: pd.DataFrame) -> None:
    """Print one line for each group and language: raters, judgements, WA, UA with its interval."""
    lines = [("group", "language", "raters", "judgements", "WA", "UA", "95 % interval")]
    for row in overview(scores, groups):
        lines.append(
            (
                row["group"],
                row["language"] or "all",
                f"{row['raters']:,}",
                f"{row['judgements']:,}",
                number(row["wa"]),
                number(row["ua"]),
                f"{number(row['ci_low'])} to {number(row['ci_high'])}" if number(row["ci_low"]) else "",
            )
        )
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    for line in lines:
        cells = [f"{c:<{w}}" if n < 2 else f"{c:>{w}}" for n, (c, w) in enumerate(zip(line, widths, strict=True))]
        print("  ".join(cells).rstrip())
