"""``split STIMULI --out CSV``: the fixed parts of SERAB, as a column of the table."""

from __future__ import annotations

import argparse
from pathlib import Path

from ser_core.cli import Command, several
from ser_core.serab import split
from ser_core.splits import PARTS
from ser_core.stimuli import load, save


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stimuli", type=Path, metavar="STIMULI", help="a table of clips")
    parser.add_argument(
        "--speaker",
        default="speaker",
        metavar="COLUMN",
        help="who is taken for the speaker (as published, of ShEMO: serab_speaker)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="the table to write")


def _run(options: argparse.Namespace) -> None:
    table = split(load(options.stimuli), options.speaker)
    save(table, options.out)
    for corpus, own in table.groupby("corpus"):
        counted = own["split"].value_counts()
        said = ", ".join(f"{counted.get(part, 0)} {part}" for part in PARTS)
        voices = {part: set(own.loc[own["split"] == part, "speaker"]) for part in PARTS}
        both = len(voices["train"] & voices["test"])
        print(
            f"{options.out}: {corpus}: {said}"
            + (f"; of {several(both, 'speaker')} there are clips in train and in test" if both else "")
        )


COMMAND = Command(
    "deal a corpus's speakers to train, dev and test as SERAB does, for splits 'given' in an experiment", _arguments, _run
)
