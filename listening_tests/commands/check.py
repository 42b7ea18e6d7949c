"""``check STUDY``: everything that is wrong with a study, with file and line."""

from __future__ import annotations

import argparse

from listening_tests import study
from listening_tests.languages import spoken
from ser_core.cli import Command


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help="the study's folder")


def _run(options: argparse.Namespace) -> None:
    found = study.chosen(options.study)
    test = found.stimuli[found.stimuli["part"] == "test"]
    print(f"{found.id}: {found.title[found.languages[0]]}")
    print(f"version {found.version[:12]}; interface languages {', '.join(found.languages)}")
    for tag, clips in test.groupby("language"):
        counts = ", ".join(f"{n} {label or 'unlabelled'}" for label, n in clips["truth"].value_counts().items())
        print(f"{spoken(str(tag), 'en')}: {len(clips)} clips ({counts})")
    print("No problem found.")


COMMAND = Command("check a study and list every problem with file and line", _arguments, _run)
