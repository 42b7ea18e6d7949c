"""``open STUDY``: check a study whole, then let people begin with it."""

from __future__ import annotations

import argparse

from listening_tests import study
from listening_tests.store import Store
from ser_core.cli import Command
from ser_core.errors import BadInput, Problem


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help="the study's folder")


def _run(options: argparse.Namespace) -> None:
    found, store = study.chosen(options.study), Store()
    try:
        store.open_study(found)
    except OSError as error:
        raise BadInput(Problem(f"changed while it was opened ({error}); please try again", found.folder)) from error
    print(f"{found.id} is open (version {found.version[:12]}). Links work from now on; make some:")
    print(f"python -m listening_tests invite {options.study}")
    settings = found.settings
    if not settings.responsible or not settings.contact:
        print("Note: study.yaml names nobody as 'responsible:' or 'contact:'; the data-protection page says so.")
    if not settings.retention_days:
        print("Note: 'retention_days:' is not set; data is kept until you delete it.")


COMMAND = Command("let people begin with a study, after it was checked", _arguments, _run)
