"""``withdraw PARTICIPANT``: delete everything of a participant who asked for it; a receipt without personal data stays."""

from __future__ import annotations

import argparse

from listening_tests.store import Store
from ser_core.cli import Command
from ser_core.errors import BadInput


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("participant", metavar="PARTICIPANT", help="such as P7KQ2M4XA, as in the tables of the study")


def _run(options: argparse.Namespace) -> None:
    receipt = Store().withdraw(options.participant)
    if receipt is None:
        raise BadInput(f"there is no participant '{options.participant}'; withdrawn already, or mistyped?")
    print(f"Deleted: {receipt.answers} answers, the consent and all else of {options.participant} in '{receipt.study}'.")
    print(f"Receipt: {receipt.receipt}. The participant's link shows it too.")
    print("Tables that were exported before still hold these answers; delete or export them anew.")


COMMAND = Command("delete everything of a participant who withdraws", _arguments, _run)
