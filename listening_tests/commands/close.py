"""``close STUDY``: let nobody new begin; who has begun can finish."""

from __future__ import annotations

import argparse

from listening_tests import life
from listening_tests.store import Store
from ser_core.cli import Command
from ser_core.errors import BadInput


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help="the study's folder, or its id (its folder may be broken or gone)")


def _run(options: argparse.Namespace) -> None:
    store = Store()
    study_id = life.named(store.engine, options.study)
    if store.state(study_id) == "draft":
        raise BadInput(f"'{study_id}' is a draft; nobody can begin with it")
    store.close_study(study_id)
    print(f"{study_id} is closed: nobody new can begin, and who has begun can finish. It can be opened again.")


COMMAND = Command("let nobody new begin with a study; who has begun can finish", _arguments, _run)
