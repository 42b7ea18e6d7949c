"""``score DIR [DIR ...]``: how well each rater and each group recognised the emotions, and found where they show."""

from __future__ import annotations

import argparse

from ser_core import scores
from ser_core.cli import Command
from ser_core.commands._scoring import add_arguments, add_eder_arguments, add_where, print_overview, read_where, write_files
from ser_core.errors import BadInput
from ser_core.report import said_of_eder


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser, out="where to write; needed for several folders, else the folder itself", out_required=False)
    add_eder_arguments(parser)
    add_where(parser)


def _run(options: argparse.Namespace) -> None:
    if not options.out and len(options.directories) > 1:
        raise BadInput("several folders are scored together: say with --out DIR where the scores go")
    tables, said = read_where(options)
    scored = scores.score(tables, seed=options.seed, tail=options.tail, compat=options.compat, said=said)
    write_files(scored.files, options.out or options.directories[0])
    print_overview(scored, scores.groups(tables), said_of_eder(options.tail, options.compat))


COMMAND = Command("score every rater and group: scores.csv, confusion.csv, segments.csv", _arguments, _run)
