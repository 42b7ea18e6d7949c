"""``published NAME --out DIR``: a paper's counts as tables to score, and where it does not agree with itself."""

from __future__ import annotations

import argparse

from ser_core import published, published_checks, published_counts
from ser_core.cli import Command
from ser_core.commands._scoring import write_files
from ser_core.ratings import to_csv


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paper", metavar="NAME", help="which: a folder of data/published with confusion tables")
    parser.add_argument("--out", metavar="DIR", required=True, help="folder to write into; score and compare read it")


def _run(options: argparse.Namespace) -> None:
    paper = published.read(options.paper)
    tables, found = published_counts.tables(paper.name), published_checks.contradictions(paper)
    named = {"stimuli": tables.stimuli, "raters": tables.raters, "ratings": tables.ratings, "contradictions": found}
    write_files({f"{name}.csv": to_csv(data).encode() for name, data in named.items()}, options.out)
    print(f"{paper.title}: {len(found)} places that do not fit, by table:")
    for place, rows in found.groupby("place", sort=False):
        print(f"  {place}: {len(rows)}")
    print("A rater of these tables is a whole group: what single listeners said is not printed.")


COMMAND = Command("a paper's printed counts as tables to score, and where it contradicts itself", _arguments, _run)
