"""``compare DIR [DIR ...] --out DIR``: the scores, the tests between groups, and a report to hand on."""

from __future__ import annotations

import argparse

from ser_core.cli import Command
from ser_core.commands._scoring import (
    add_arguments,
    add_eder_arguments,
    add_test_arguments,
    add_where,
    print_overview,
    read_where,
    write_files,
)
from ser_core.comparisons import Asked
from ser_core.filters import parse
from ser_core.provenance import made_of
from ser_core.report import comparison, said_of_eder


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser, out="folder to write into", out_required=True)
    add_eder_arguments(parser)
    add_where(parser)
    add_test_arguments(parser)


def _run(options: argparse.Namespace) -> None:
    from threadpoolctl import threadpool_limits

    tables, said = read_where(options)
    with threadpool_limits(1, "blas"):  # its threads spin while they wait, and most products here are small
        made = comparison(
            tables,
            seed=options.seed,
            tail=options.tail,
            compat=options.compat,
            said=said,
            asked=Asked(options.margin, options.pair_by, options.mixed),
            made_of=made_of(options.directories, parse(options.where)),
        )
        write_files(made.files, options.out)
    print_overview(made.scored, made.groups, said_of_eder(options.tail, options.compat))


COMMAND = Command(
    "compare groups and models: the scores, tests.csv, groups.csv, a file for each measure, and a report as HTML and ZIP",
    _arguments,
    _run,
)
