"""``compare DIR [DIR ...] --out DIR``: the scores, the tests between groups, and a report to hand on."""

from __future__ import annotations

import argparse
import shlex

from ser_core.cli import Command
from ser_core.commands._scoring import add_arguments, print_overview, write_files
from ser_core.ratings import read_all
from ser_core.report import comparison


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser, out="folder to write into", out_required=True)


def _run(options: argparse.Namespace) -> None:
    tables = read_all(options.directories)
    command = ["python", "-m", "ser_core", "compare", *options.directories, "--out", options.out]
    command += ["--seed", str(options.seed)] if options.seed else []
    made = comparison(tables, seed=options.seed, command=shlex.join(command))
    write_files(made.files, options.out)
    print_overview(made.scored.scores, made.groups)
    for sentence in made.scored.left_out:
        print(sentence)


COMMAND = Command("compare groups and models: the scores, tests.csv, groups.csv and report.html", _arguments, _run)
