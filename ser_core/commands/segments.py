"""``segments DIR [DIR ...]``: who agrees on which part of a clip shows the emotion, and by how much edges lie apart."""

from __future__ import annotations

import argparse

import pandas as pd

from ser_core.cli import Command
from ser_core.commands._scoring import add_arguments, columns, write_files
from ser_core.made_up import stamped, words
from ser_core.ratings import read_all, to_csv
from ser_core.report import number
from ser_core.segment_agreement import agreement, density, deviations
from ser_core.segment_marks import marks


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser, out="folder to write into", out_required=True)


def _run(options: argparse.Namespace) -> None:
    tables = read_all(options.directories)
    left_out = marks(tables).left_out
    agreed = agreement(tables, seed=options.seed)
    made = {"agreement.csv": agreed, "deviations.csv": deviations(tables), "density.csv": density(tables)}
    said = words(tables)
    write_files({name: to_csv(stamped(table, said)).encode() for name, table in made.items()}, options.out)
    _print(agreed)
    for sentence in left_out:
        print(sentence)


def _print(agreed: pd.DataFrame) -> None:
    """One line for every two groups: agreement on where, with its interval."""
    over_all = agreed[(agreed["kind"] == "where") & (agreed[["language", "emotion", "stimulus"]] == "").all(axis=1)]
    lines = [("group", "against", "pairs", "undefined", "agreement", "95 % interval")]
    for row in over_all.to_dict("records"):
        low, high = number(row["ci_low"]), number(row["ci_high"])
        counts = f"{row['pairs']:,}", f"{row['undefined']:,}"
        lines.append((row["group"], row["against"], *counts, number(row["value"]), f"{low} to {high}" if low else ""))
    for line in columns(lines, left=2):
        print(line)


COMMAND = Command(
    "agreement on where the emotion shows, corrected for chance: agreement.csv, deviations.csv, density.csv",
    _arguments,
    _run,
)
