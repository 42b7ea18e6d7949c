"""``model-pairs RUN [RUN ...]``: paired tests between encoders or methods over the folds or seeds of experiments."""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from ser_core import experiment_folders, model_pairs
from ser_core.cli import Command
from ser_core.commands._scoring import columns
from ser_core.errors import BadInput, Problem
from ser_core.experiment_protocol import shots_words
from ser_core.model_pairs import EQUAL, METRICS, SHARED
from ser_core.ratings import to_csv, write_whole
from ser_core.report import number


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of an experiment, such as data/runs/NAME")
    parser.add_argument(
        "--by", default="encoder", choices=EQUAL, help="in what the sides of a pair differ (default: encoder)"
    )
    parser.add_argument("--over", default="fold", choices=SHARED, help="what they are paired by (default: fold)")
    parser.add_argument("--metric", default="ua", choices=METRICS, help="of the test clips (default: ua)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="a CSV file for all columns")


def _run(options: argparse.Namespace) -> None:
    problems, found = list[Problem](), list[pd.DataFrame]()
    for folder in dict.fromkeys(options.runs):
        if not folder.is_dir():
            problems.append(Problem("is no folder; name that of an experiment, such as data/runs/NAME", folder))
            continue
        try:
            found.append(experiment_folders.read(folder).models)
        except BadInput as bad:
            problems += bad.problems
    if problems:
        raise BadInput(*problems)
    rows = model_pairs.table(pd.concat(found, ignore_index=True), by=options.by, over=options.over, metric=options.metric)
    if options.out:
        write_whole(options.out, to_csv(rows).encode())
    _print(rows, options)


def _print(rows: pd.DataFrame, options: argparse.Namespace) -> None:
    lines = [("place", "a", "b", "n", "a - b", "p (t)", "Holm", "corrected", "p (Wilcoxon)", "its floor")]
    for row in rows.to_dict("records"):
        place = [
            row["setting"],
            f"{row['source']}->{row['target']}",
            shots_words(row["shots"]),
            row["condition"],
        ]
        ps = (number(row[name]) for name in ("p", "p_holm", "p_corrected", "p_wilcoxon", "wilcoxon_floor"))
        lines.append((" ".join(filter(None, place)), row["a"], row["b"], str(row["pairs"]), number(row["difference"]), *ps))
    print(*columns(lines, left=3), sep="\n")
    print(f"{options.metric.upper()}, paired by {options.over}: {SHARED[options.over]}.")
    for note in dict.fromkeys(note for note in rows["note"] if note != SHARED[options.over]):
        print(note)


COMMAND = Command("paired tests between encoders or methods, over the folds or seeds of experiments", _arguments, _run)
