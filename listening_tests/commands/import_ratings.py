"""``import-ratings FORMAT SRC --out DIR``: judgements that others collected or published, as the three tables."""

from __future__ import annotations

import argparse
from pathlib import Path

from listening_tests.importers import _importer
from listening_tests.importers._importer import Importer, Options
from ser_core import ratings
from ser_core.cli import Command, several
from ser_core.errors import BadInput
from ser_core.registry import discover

_FLAGS = {"language": "--language", "emotions": "--map", "study": "--study"}


def _formats() -> dict[str, Importer]:
    found: dict[str, Importer] = discover("listening_tests.importers", "IMPORTER")
    return {name: importer for name, importer in found.items() if importer.read}


def _arguments(parser: argparse.ArgumentParser) -> None:
    titles = "; ".join(f"{name}: {importer.title}" for name, importer in _formats().items())
    parser.add_argument("format", choices=_formats(), metavar="FORMAT", help=titles)
    parser.add_argument("source", type=Path, metavar="SRC", help="the folder with the format's files")
    parser.add_argument("--out", required=True, metavar="DIR", help="where to write the three tables")
    parser.add_argument("--language", default="", metavar="TAG", help=_for("language", "what is spoken in the clips"))
    what = _for("emotions", "which emotion an answer stands for; often")
    parser.add_argument("--map", action="append", default=[], dest="emotions", metavar="VALUE=EMOTION", help=what)
    what = _for("study", "the folder that `import` made of the test, which knows the clips' files and language")
    parser.add_argument("--study", type=Path, metavar="DIR", help=what)


def _for(option: str, what: str) -> str:
    return f"{what} ({', '.join(name for name, importer in _formats().items() if option in importer.uses)})"


def _run(options: argparse.Namespace) -> None:
    importer = _formats()[options.format]
    assert importer.read is not None
    unused = [flag for name, flag in _FLAGS.items() if getattr(options, name) and name not in importer.uses]
    if unused:
        raise BadInput(*(f"{flag} means nothing for '{options.format}', whose files say it themselves" for flag in unused))
    said = Options(language=options.language, emotions=_importer.emotions(options.emotions), study=options.study)
    found = importer.read(options.source, said)
    ratings.write(found.tables, options.out)
    for note in found.notes:
        print(note)
    if found.notes:
        text = "".join(f"- {note}\n" for note in found.notes)
        ratings.write_whole(Path(options.out) / "import-notes.md", f"# What these tables cannot say\n\n{text}".encode())
    tables = found.tables
    raters, clips = several(len(tables.raters), "rater"), several(len(tables.stimuli), "clip")
    print(f"{several(len(tables.ratings), 'rating')} of {raters} on {clips}: {options.out}")


COMMAND = Command("turn others' judgements into the three tables", _arguments, _run)
