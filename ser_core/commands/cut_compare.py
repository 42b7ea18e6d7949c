"""``cut-compare RUN [RUN ...] --out DIR``: the part that listeners picked against a random one and the whole clip."""

from __future__ import annotations

import argparse

from ser_core.cli import Command
from ser_core.commands._scoring import add_arguments, columns, write_files
from ser_core.cut_scores import compare
from ser_core.made_up import stamped, words
from ser_core.ratings import read_all, to_csv
from ser_core.report import number


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser, out="folder to write into", out_required=True)


def _run(options: argparse.Namespace) -> None:
    tables = read_all(options.directories)
    made = compare(tables, seed=options.seed)
    write_files({"cuts.csv": to_csv(stamped(made, words(tables))).encode()}, options.out)
    header = ("group", "measure", "clips", "picked", "random", "whole", "picked - random", "95 % interval")
    lines: list[tuple[str, ...]] = [header]
    over_all = made[(made["language"] == "") & (made["emotion"] == "")]
    for (group, measure), rows in over_all.groupby(["group", "measure"], sort=False):
        by = rows.set_index(["cut", "against"]).to_dict("index")
        less = by["picked", "random"]
        values = [number(by[kind, ""]["value"]) for kind in ("picked", "random", "whole")]
        interval = f"{number(less['ci_low'])} to {number(less['ci_high'])}" if number(less["ci_low"]) else ""
        lines.append((str(group), str(measure), f"{less['clips']:,}", *values, number(less["value"]), interval))
    for line in columns(lines, left=2):
        print(line)


COMMAND = Command("compare picked parts, random parts and whole clips as a model hears them: cuts.csv", _arguments, _run)
