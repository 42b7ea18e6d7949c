"""``python -m listening_tests serve``, which ``make app`` runs: a password on a fresh machine, a link to try, the app."""

from __future__ import annotations

import os
import socket
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from listening_tests import researcher, study
from listening_tests.store import Store
from ser_core import places
from ser_core.cli import Command
from ser_core.errors import BadInput, Problem

_HOST = "127.0.0.1"
_DEMO = places.ROOT / "data" / "demo"


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8501, help="port on this machine (default: %(default)s)")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser window")


def _run(options: Namespace) -> None:
    _check_free(options.port)
    password = researcher.ensure_password()
    print("\n".join(welcome(f"http://{_HOST}:{options.port}", password, listener_link())), flush=True)
    os.execv(sys.executable, [sys.executable, *command(options.port, browser=not options.no_browser)])


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just left is free; uvicorn does the same
        try:
            probe.bind((_HOST, port))
        except (OSError, OverflowError) as error:
            what = f"port {port} cannot be used ({error}); is Earwitness running already? Another one: --port {port + 1}"
            raise BadInput(Problem(what)) from error


def listener_link() -> str | None:
    """Invite one listener to the first open study; the address after the server's, or None where no study is open.

    The demo is opened if nobody has opened or closed it yet, so that a fresh machine has a link to try. Only hashes of
    tokens are kept, so an unused link of an earlier start cannot be shown again: each start invites one more.
    """
    store = Store()
    for folder in places.studies():
        try:
            found = study.load(folder)
        except BadInput:
            continue  # the studies page shows what is wrong with it
        if folder == _DEMO and store.state(found.id) == "draft":
            store.open_study(found)
        if store.state(found.id) == "open":
            invitation = store.invite(found)[0]
            return f"listen?study={found.id}&token={invitation.token}"
    return None


def welcome(address: str, password: str | None, link: str | None) -> list[str]:
    """What a person who started the app needs to know, line by line."""
    lines = ["", f"  Researchers   {address}/studies"]
    if password:
        lines += [f"  Password      {password}", "                (shown this once; only its hash is kept)"]
    else:
        lines += [f"  Password      as before (lost? {places.typed('listening_tests', 'password', '--new')})"]
    if link:
        lines += [f"  One listener  {address}/{link}"]
    return [*lines, "  To stop       Ctrl-C", ""]


def command(port: int, *, browser: bool) -> list[str]:
    """The arguments for Python that start the app."""
    app = Path(places.ROOT) / "app.py"
    settings = {
        "server.address": _HOST,
        "server.port": port,
        "server.headless": str(not browser).lower(),
        "logger.hideWelcomeMessage": "true",  # ours names the same address
    }
    return ["-m", "streamlit", "run", str(app), *(f"--{name}={value}" for name, value in settings.items())]


COMMAND = Command("start the app on this machine, and print its addresses", _arguments, _run)
