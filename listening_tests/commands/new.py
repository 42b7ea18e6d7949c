"""``new DIR --stimuli CSV``: a study folder around clips that were chosen, ready to check, edit and open."""

from __future__ import annotations

import argparse
import re
import shutil
from pathlib import Path
from string import Template

import pandas as pd

from listening_tests import study
from listening_tests.languages import spoken
from ser_core import ratings, stimuli
from ser_core.cli import Command
from ser_core.emotions import in_order
from ser_core.errors import BadInput, Problem
from ser_core.languages import base

_TEMPLATE = Path(__file__).parent.parent / "new_study.yaml"


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="the new study's folder; its name becomes the study's id")
    parser.add_argument("--stimuli", type=Path, required=True, metavar="CSV", help="the clips that listeners rate")
    parser.add_argument(
        "--practice", type=Path, metavar="CSV", help="clips for training trials with feedback; they do not count"
    )
    parser.add_argument("--training", type=Path, metavar="CSV", help="clips that models may learn from")
    parser.add_argument("--title", default="", help="what participants see (default: the id)")


def _run(options: argparse.Namespace) -> None:
    folder: Path = options.folder
    if folder.exists():
        raise BadInput(Problem("exists already; choose another name or remove it", folder))
    clips = stimuli.load(options.stimuli).assign(part="test")
    if options.practice:
        practice = stimuli.load(options.practice).assign(part="practice")
        clips = ratings.frame(ratings.STIMULI, pd.concat([clips, practice], ignore_index=True))
    settings = _settings(folder.resolve().name, clips, options)
    learn = stimuli.load(options.training) if options.training else None
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise BadInput(Problem(f"cannot be made: {error.strerror}", folder)) from error
    try:
        stimuli.save(clips, folder / "stimuli.csv")
        if learn is not None:
            stimuli.save(learn, folder / "training" / "stimuli.csv")
            settings += "\ntraining: training/stimuli.csv        # what models may learn from; listeners never hear it\n"
        (folder / "study.yaml").write_text(settings, encoding="utf-8")
        made = study.load(folder)
    except BadInput:
        shutil.rmtree(folder)  # half a study would be found and offered by the app
        raise
    print(f"{folder}: {len(made.stimuli)} clips. Edit the consent text and the title in study.yaml, then check and open it:")
    print(f"python -m listening_tests check {folder}")
    print(f"python -m listening_tests open {folder}")


def identity(name: str) -> str:
    """The id that a folder's name gives.

    >>> identity("Wer hört's? 2")
    'wer-h-rt-s-2'
    """
    return re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_") or "study"


def _settings(name: str, clips: pd.DataFrame, options: argparse.Namespace) -> str:
    own = identity(name)
    languages = sorted({base(tag) for tag in clips["language"]})
    groups = [f"  - {{name: {spoken(tag, 'en')} listeners, native: {tag}}}" for tag in languages]
    synthetic = "synthetic" in clips and (clips["synthetic"] == "yes").any()
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        id=own,
        title=f"'{(options.title or own).replace(chr(39), chr(39) * 2)}'",
        emotions=", ".join(in_order(set(clips["truth"]) - {""})),
        groups="\n".join(groups),
        synthetic="true" if synthetic else "false",
        training="  - {trial: training, part: practice}\n" if options.practice else "",
    )


COMMAND = Command("make a study folder around chosen clips", _arguments, _run)
