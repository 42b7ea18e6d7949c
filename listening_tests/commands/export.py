"""``export STUDY --out DIR``: people's answers as stimuli, raters and ratings."""

from __future__ import annotations

import argparse

from listening_tests import export, study
from listening_tests.store import Store
from ser_core import ratings
from ser_core.cli import Command


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help="the study's folder")
    parser.add_argument("--out", required=True, metavar="DIR", help="where to write the three tables")
    parser.add_argument("--form", choices=["csv", "parquet"], default="csv", help="(default: csv)")


def _run(options: argparse.Namespace) -> None:
    found, store = study.chosen(options.study), Store()
    tables = export.tables(found, store)
    ratings.write(tables, options.out, form=options.form)
    print(f"{len(tables.ratings)} ratings of {len(tables.raters)} listeners on {len(tables.stimuli)} clips: {options.out}")
    if left_out := export.outdated(found, store):
        print(f"Left out: {left_out} ratings of clips that were exchanged or removed after they were heard.")


COMMAND = Command("write people's answers as the three tables", _arguments, _run)
