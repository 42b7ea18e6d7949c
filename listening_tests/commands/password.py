"""``python -m listening_tests password``: is one set, and make a new one."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from listening_tests import researcher
from ser_core.cli import Command


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--new", action="store_true", help="make a new one, print it once, and sign everybody out")


def _run(options: Namespace) -> None:
    if options.new:
        print(f"The researcher's password is now: {researcher.new_password()}")
        print(f"Only its hash is kept, in {researcher.hash_file()}. Whoever was signed in has to sign in again.")
    elif researcher.password_hash():
        print("A password is set. It cannot be shown; --new makes another.")
    else:
        print("No password is set; --new makes one.")


COMMAND = Command("the researcher's password: whether one is set, or a new one", _arguments, _run)
