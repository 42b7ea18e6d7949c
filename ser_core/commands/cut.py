"""``cut DIR --out DIR --seed S``: what listeners marked, as clips of their own, beside random parts and the whole clips."""

from __future__ import annotations

import argparse
import dataclasses
import os
from pathlib import Path

from ser_core import cut
from ser_core.cli import Command, add_seed
from ser_core.errors import BadInput, Problem
from ser_core.ratings import read
from ser_core.stimuli import placed


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, metavar="DIR", help="folder with stimuli, raters and people's ratings")
    parser.add_argument(
        "--clips",
        type=Path,
        metavar="DIR",
        help="where 'file' is told from; of an export, its study's folder (default: DIR)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to make")
    add_seed(parser, help="the same seed places the random parts alike")


def _run(options: argparse.Namespace) -> None:
    tables = read(options.directory)
    tables = dataclasses.replace(tables, stimuli=placed(tables.stimuli, options.clips or options.directory))
    files = [file for file in tables.stimuli["file"] if file]
    if files and not options.clips and not any(map(os.path.exists, files)):
        raise BadInput(Problem("none of the clips is there; add --clips with the study's folder", options.directory))
    table, left_out = cut.cut(tables, options.out, seed=options.seed)
    counted = table["cut"].value_counts()
    print(f"{options.out / 'stimuli.csv'}: {', '.join(f'{counted[kind]} {kind}' for kind in cut.KINDS)}")
    for sentence in left_out:
        print(sentence)


COMMAND = Command("cut the parts that listeners marked, and random parts as long, for models to rate", _arguments, _run)
