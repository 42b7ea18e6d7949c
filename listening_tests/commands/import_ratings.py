"""``import-ratings FORMAT SRC --out DIR``: judgements that others published, as the three tables."""

from __future__ import annotations

import argparse
from pathlib import Path

from listening_tests.importers._importer import Importer
from ser_core import ratings
from ser_core.cli import Command
from ser_core.registry import discover


def _formats() -> dict[str, Importer]:
    return discover("listening_tests.importers", "IMPORTER")


def _arguments(parser: argparse.ArgumentParser) -> None:
    titles = "; ".join(f"{name}: {importer.title}" for name, importer in _formats().items())
    parser.add_argument("format", choices=_formats(), metavar="FORMAT", help=titles)
    parser.add_argument("source", type=Path, metavar="SRC", help="the folder with the format's files")
    parser.add_argument("--out", required=True, metavar="DIR", help="where to write the three tables")


def _run(options: argparse.Namespace) -> None:
    tables = _formats()[options.format].read(options.source)
    ratings.write(tables, options.out)
    print(f"{len(tables.ratings)} ratings of {len(tables.raters)} listeners on {len(tables.stimuli)} clips: {options.out}")


COMMAND = Command("turn published judgements into the three tables", _arguments, _run)
