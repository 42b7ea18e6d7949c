"""What ``score`` and ``compare`` share: which folders they read, what they write, and the short tables they print."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from ser_core.cli import add_seed
from ser_core.filters import FACTS, keep, parse
from ser_core.metrics.eder import COMPATS, TAILS
from ser_core.ratings import Tables, make_folder, read_all, write_whole
from ser_core.report import eder_overview, number, overview
from ser_core.scores import Scores


def add_arguments(parser: argparse.ArgumentParser, *, out: str, out_required: bool) -> None:
    """The folders, ``--out`` and ``--seed``."""
    parser.add_argument(
        "directories", nargs="+", metavar="DIR", help="folder with stimuli, raters and ratings, or a report.zip"
    )
    parser.add_argument("--out", metavar="DIR", required=out_required, help=out)
    add_seed(parser, default=0, help="seed of the bootstrap intervals (default: 0)")


def add_where(parser: argparse.ArgumentParser) -> None:
    """Which ratings are looked at: ``--where``, as often as wanted."""
    parser.add_argument(
        "--where",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help=f"only ratings of which this holds; of several values of one name any will do; names: {', '.join(FACTS)}; "
        "public=yes leaves out groups of fewer than 5 listeners",
    )


def read_where(options: argparse.Namespace) -> tuple[Tables, tuple[str, ...]]:
    """The folders' tables as far as ``--where`` wants them, and what that left out.

    Raises:
        BadInput: the tables are wrong, or a condition is.
    """
    return keep(read_all(options.directories), parse(options.where))


def add_eder_arguments(parser: argparse.ArgumentParser) -> None:
    """What EDER depends on: ``--tail`` and ``--compat``."""
    parser.add_argument(
        "--tail",
        choices=TAILS,
        default="neutral",
        help="EDER: time of which a model said nothing is charged, holds what was said last, or is neutral (the default); "
        "what a person did not mark is always neutral",
    )
    parser.add_argument(
        "--compat", choices=COMPATS[1:], default="", help="EDER by SpeechBrain's arithmetic: first letters, overlaps halved"
    )


def add_test_arguments(parser: argparse.ArgumentParser) -> None:
    """What of the tests is chosen (``comparisons.Asked``)."""
    parser.add_argument(
        "--margin",
        type=float,
        default=0.1,
        metavar="M",
        help="difference of UA below which groups are comparable (default: 0.1)",
    )
    parser.add_argument(
        "--pair-by", default="", metavar="COLUMN", help="compare the same listeners between the values of this column, too"
    )
    parser.add_argument("--mixed", action="store_true", help="fit the mixed model of listeners and clips, too (slow)")


def write_files(files: Mapping[str, bytes], out: str) -> None:
    """Write each file whole into the folder, which is made if need be.

    Raises:
        BadInput: the folder cannot be made or written.
    """
    folder = make_folder(out)
    for name, content in files.items():
        write_whole(folder / name, content)
    print(f"Wrote {', '.join(files)} to {folder}")


def print_overview(scored: Scores, groups: pd.DataFrame, eder: str) -> None:
    """Print one line for each group and language: of recognition, then of what was marked, and what was left out.

    Args:
        scored: what is written.
        groups: columns ``scores.GROUPS``.
        eder: in one sentence, how EDER was computed; said only if there is any.
    """
    if not groups.empty:
        lines = [("group", "language", "raters", "judgements", "WA", "UA", "95 % interval")]
        for row in overview(scored.scores, groups):
            sizes = (f"{row['raters']:,}", f"{row['judgements']:,}")
            lines.append((*_who(row), *sizes, number(row["wa"]), number(row["ua"]), _interval(row)))
        print(*columns(lines, left=2), sep="\n")
    markings = [row for row in eder_overview(scored.scores) if not row["emotion"]]
    if markings:
        marked = [("group", "language", "markings", "EDER", "95 % interval", "EDER pooled")]
        for row in markings:
            marked.append((*_who(row), f"{row['n']:,}", number(row["eder"]), _interval(row), number(row["pooled"])))
        print(*columns(marked, left=2), eder, sep="\n")
    for sentence in scored.left_out:
        print(sentence)


def _who(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["group"], row["language"] or "all"


def _interval(row: Mapping[str, Any]) -> str:
    return f"{number(row['ci_low'])} to {number(row['ci_high'])}" if number(row["ci_low"]) else ""


def columns(lines: Sequence[Sequence[str]], *, left: int) -> Iterator[str]:
    """Lines of cells as text in columns, the first ``left`` of them flush left and the rest flush right.

    >>> list(columns([("group", "UA"), ("a", "0.5")], left=1))
    ['group   UA', 'a      0.5']
    """
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (f"{c:<{w}}" if n < left else f"{c:>{w}}" for n, (c, w) in enumerate(zip(line, widths, strict=True)))
        yield "  ".join(cells).rstrip()
