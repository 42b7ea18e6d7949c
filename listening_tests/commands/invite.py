"""``invite STUDY``: make personal links; each is shown once, since only a hash of its token is kept."""

from __future__ import annotations

import argparse

from listening_tests import study
from listening_tests.store import Store
from ser_core.cli import Command


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help="the study's folder")
    parser.add_argument("--count", type=int, default=1, metavar="N", help="how many links (default: 1)")
    parser.add_argument("--address", default="http://127.0.0.1:8501", help="where the app answers (default: %(default)s)")


def _run(options: argparse.Namespace) -> None:
    found = study.load(options.study)
    for invitation in Store().invite(found, options.count):
        print(f"{invitation.participant}  {link(options.address, found.id, invitation.token)}")


def link(address: str, study_id: str, token: str) -> str:
    """A participant's personal link.

    >>> link("http://127.0.0.1:8501/", "demo", "abc")
    'http://127.0.0.1:8501/listen?study=demo&token=abc'
    """
    return f"{address.rstrip('/')}/listen?study={study_id}&token={token}"


COMMAND = Command("make personal links for participants", _arguments, _run)
