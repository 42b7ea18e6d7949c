"""``copy STUDY DIR``: a new study like another one, under an id of its own; it starts as a draft without participants."""

from __future__ import annotations

import argparse
import re
import shutil
from pathlib import Path

from listening_tests import study
from listening_tests.commands.new import identity
from listening_tests.study import Study
from ser_core import stimuli, yaml_lines
from ser_core.cli import Command
from ser_core.errors import BadInput, Problem


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help="the folder of the study to copy")
    parser.add_argument("folder", type=Path, metavar="DIR", help="the new study's folder; its name becomes the study's id")


def _run(options: argparse.Namespace) -> None:
    made = copy(study.load(options.study), options.folder)
    print(f"{options.folder}: study '{made.id}', a copy of '{options.study}'. It is a draft; edit it, then:")
    print(f"python -m listening_tests open {options.folder}")


def copy(original: Study, folder: Path) -> Study:
    """Copy a study's folder, with the clips that lie in it, under the id that the folder's name gives.

    Raises:
        BadInput: the folder exists or cannot be made, or another study has that id.
    """
    if folder.exists():
        raise BadInput(Problem("exists already; choose another name or remove it", folder))
    if folder.resolve().is_relative_to(original.folder.resolve()):
        raise BadInput(Problem(f"lies in the study that is to be copied, {original.folder}", folder))
    new_id = identity(folder.resolve().name)
    if new_id == original.id:
        raise BadInput(Problem(f"has a name that gives the id '{new_id}', which the original has; choose another", folder))
    try:
        shutil.copytree(original.folder, folder)
        _rename(folder / "study.yaml", new_id)
        for table in _tables(original):
            _tell_anew(original.folder / table, folder / table, original.folder, folder)
        return study.chosen(folder)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise BadInput(Problem(f"cannot be made: {error.strerror or error}", folder)) from error
    except BadInput:
        shutil.rmtree(folder)  # half a study would be found and offered by the app
        raise


def _rename(path: Path, new_id: str) -> None:
    """Change only the line of the id, so that the comments stay."""
    _, where = yaml_lines.read(path)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    at = (yaml_lines.line_of(where, ("id",)) or 1) - 1
    lines[at] = re.sub(r"^(\s*id\s*:\s*)(\"[^\"]*\"|'[^']*'|[^\s#]+)", rf"\g<1>{new_id}", lines[at].lstrip("\ufeff"))
    path.write_text("".join(lines), encoding="utf-8")


def _tables(original: Study) -> list[str]:
    return ["stimuli.csv", *([original.settings.training] if original.settings.training else [])]


def _tell_anew(old: Path, new: Path, old_top: Path, new_top: Path) -> None:
    """Clips inside the study are the copy's own; those elsewhere stay where they are, told from the new folder."""
    if not new.exists():  # the table itself lies outside
        return
    clips = stimuli.load(old)
    inside = Path(old_top).resolve()
    moved = [
        str(new_top.resolve() / Path(file).resolve().relative_to(inside))
        if file and Path(file).resolve().is_relative_to(inside)
        else file
        for file in clips["file"]
    ]
    stimuli.save(clips.assign(file=moved), new)


COMMAND = Command("make a new study like another one, under its own id", _arguments, _run)
