"""``score DIR [DIR ...]``: how well each rater and each group recognised the emotions."""

from __future__ import annotations

import argparse

from ser_core import scores
from ser_core.cli import Command
from ser_core.commands._scoring import add_arguments, print_overview, write_files
from ser_core.errors import BadInput
from ser_core.ratings import read_all


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser, out="where to write; needed for several folders, else the folder itself", out_required=False)


def _run(options: argparse.Namespace) -> None:
    if not options.out and len(options.directories) > 1:
        raise BadInput("several folders are scored together: say with --out DIR where the scores go")
    tables = read_all(options.directories)
    scored = scores.score(tables, seed=options.seed)
    write_files(scored.files, options.out or options.directories[0])
    print_overview(scored.scores, scores.groups(tables))
    for sentence in scored.left_out:
        print(sentence)


COMMAND = Command("score every rater and group: scores.csv, confusion.csv, segments.csv", _arguments, _run)
