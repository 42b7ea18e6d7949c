"""``invite STUDY``: make personal links; each is shown once, since only a hash of its token is kept."""

from __future__ import annotations

import argparse

from listening_tests import overview, study
from listening_tests.store import Store
from ser_core.cli import Command
from ser_core.errors import BadInput


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help="the study's folder")
    parser.add_argument("--count", type=int, default=1, metavar="N", help="how many links (default: 1)")
    parser.add_argument("--address", default="http://127.0.0.1:8501", help="where the app answers (default: %(default)s)")


def _run(options: argparse.Namespace) -> None:
    if not options.address.startswith(("http://", "https://")):
        raise BadInput(f"--address must begin with http:// or https://, not '{options.address}'")
    found, store = study.chosen(options.study), Store()
    made = overview.links(found, store.invite(found, options.count), options.address.rstrip("/"))
    for row in made.itertuples():
        print(f"{row.participant}  {row.link}")
    if store.state(found.id) != "open":
        what = "a draft" if store.state(found.id) == "draft" else "closed"
        print(f"'{found.id}' is {what}: these links work once it is open. python -m listening_tests open {options.study}")


COMMAND = Command("make personal links for participants", _arguments, _run)
