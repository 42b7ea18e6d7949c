# ruff: noqa: N999 (a file is called as its command)
"""``import FORMAT FILE --out DIR``: a listening test made with another tool, as a study folder and a report."""

from __future__ import annotations

import argparse
from pathlib import Path

from listening_tests.importers import _importer
from listening_tests.importers._importer import Importer, Options
from ser_core.cli import Command
from ser_core.registry import discover


def _formats() -> dict[str, Importer]:
    found: dict[str, Importer] = discover("listening_tests.importers", "IMPORTER")
    return {name: importer for name, importer in found.items() if importer.study}


def _arguments(parser: argparse.ArgumentParser) -> None:
    titles = "; ".join(f"{name}: {importer.title}" for name, importer in _formats().items())
    parser.add_argument("format", choices=_formats(), metavar="FORMAT", help=titles)
    parser.add_argument("file", type=Path, metavar="FILE", help="the other tool's file")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the new study's folder")
    parser.add_argument(
        "--audio", type=Path, metavar="ROOT", help="the folder that paths in FILE begin in (default: looked for around FILE)"
    )
    parser.add_argument("--no-copy", action="store_true", help="name the clips where they lie instead of copying them")
    parser.add_argument("--language", default="", metavar="TAG", help="what is spoken in the clips, for example de or cmn")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="VALUE=EMOTION",
        help="which emotion an answer of FILE stands for; often",
    )
    parser.add_argument(
        "--questionnaire", choices=("first", "last"), default="last", help="when a questionnaire is asked (default: last)"
    )


def _run(options: argparse.Namespace) -> None:
    make = _formats()[options.format].study
    assert make is not None
    said = Options(
        language=options.language,
        emotions=_importer.emotions(options.map),
        audio=options.audio,
        copies=not options.no_copy,
        questionnaire_first=options.questionnaire == "first",
    )
    print(make(options.file, options.out, said))


COMMAND = Command("make a study folder from another tool's listening test", _arguments, _run)
