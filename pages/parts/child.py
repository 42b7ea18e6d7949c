"""Commands of the people's side that take a while, run beside the server so that no listener waits for them.

Each is ``python -m listening_tests ...`` in a process of its own, at low priority: the server only starts it and looks how
it ended. A page that is closed or loaded again finds it by its name; it does not outlive the server's memory of it, but what
it has committed is kept.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

import streamlit as st

from ser_core import places
from ser_core.errors import BadInput


@dataclass(frozen=True)
class Child:
    """A command that runs or ran; ``said`` is what it printed, once it is over."""

    args: tuple[str, ...]
    process: subprocess.Popen[bytes]
    output: IO[bytes]

    @property
    def running(self) -> bool:
        """Whether it is still at it."""
        return self.process.poll() is None

    @property
    def failed(self) -> bool:
        """Whether it ended with an error."""
        return self.process.poll() not in (None, 0)

    @property
    def said(self) -> str:
        """Everything that it has printed so far."""
        self.output.seek(0)
        return self.output.read().decode("utf-8", "replace").strip()

    @property
    def command(self) -> str:
        """What one would type for the same."""
        return places.typed("listening_tests", *self.args)


def start(name: str, args: Sequence[str]) -> Child:
    """Start ``python -m listening_tests <args>`` under a name and return at once; one that runs under it goes on instead."""
    before = _children().get(name)
    if before is not None and before.running:
        return before
    output = tempfile.TemporaryFile()  # noqa: SIM115 - the child writes into it after we have returned
    process = subprocess.Popen(
        _command(args),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=_environment(),
        start_new_session=True,  # an interrupt of the server in its terminal is not one of the child
    )
    _children()[name] = Child(tuple(args), process, output)
    return _children()[name]


def find(name: str) -> Child | None:
    """The latest command of this name, running or over."""
    return _children().get(name)


def forget(name: str) -> None:
    """Do not show any more how it ended."""
    child = _children().get(name)
    if child is not None and not child.running:
        del _children()[name]


def wait(args: Sequence[str]) -> str:
    """Run ``python -m listening_tests <args>`` to its end; what it printed.

    Raises:
        BadInput: it refused what it was given; with its words.
    """
    ended = subprocess.run(
        _command(args), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=_environment()
    )
    if ended.returncode:
        raise BadInput(ended.stderr.strip() or f"it ended with status {ended.returncode}")
    return ended.stdout.strip()


def _command(args: Sequence[str]) -> list[str]:
    modest = ["nice", "-n", "10"] if shutil.which("nice") else []
    return [*modest, sys.executable, "-m", "listening_tests", *args]


def _environment() -> dict[str, str]:
    """Ours, and a Python that finds the project wherever the server was started from."""
    path = os.pathsep.join(filter(None, [str(places.ROOT), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": path, "PYTHONUTF8": "1"}


@st.cache_resource(show_spinner=False)
def _children() -> dict[str, Child]:
    return {}
