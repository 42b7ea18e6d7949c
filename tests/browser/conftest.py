"""The real app in a process of its own, and a real Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from listening_tests import researcher
from listening_tests.study import Study
from tests.browser import whole_study
from tests.browser.people import ROOT, App

PATIENT_MS = 45_000  # two cores may be busy with other tests


@contextmanager
def serving(folder: Path) -> Iterator[Callable[..., App]]:
    """Start the app with data in a folder of its own; called again, it starts it anew on the same data and port."""
    data = folder / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARWITNESS_DATA", str(data))
        patch.delenv("EARWITNESS_DATABASE_URL", raising=False)
        patch.delenv("EARWITNESS_PASSWORD_HASH", raising=False)
        password = researcher.ensure_password() or ""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        running: list[subprocess.Popen[str]] = []
        said: list[str] = []
        try:
            yield lambda: _started(running, port, data, password, said)
        finally:
            for process in running:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        assert not any("Traceback" in line for line in said), "the server was in trouble:\n" + "".join(said)


def _started(running: list[subprocess.Popen[str]], port: int, data: Path, password: str, said: list[str]) -> App:
    app = [str(ROOT / "app.py"), f"--server.port={port}", "--server.headless=true"]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", *app],
        cwd=ROOT,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    running.append(process)
    ready = threading.Event()

    def listen() -> None:  # to the end: a full pipe would stop the server
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if "URL:" in line:
                ready.set()
        ready.set()  # a server that dies does not hang the test

    threading.Thread(target=listen, daemon=True).start()
    ready.wait()
    assert process.poll() is None, "the app did not start:\n" + "".join(said)
    return App(f"http://127.0.0.1:{port}", data, password, process)


@pytest.fixture
def start_app(tmp_path: Path) -> Iterator[Callable[..., App]]:
    """Start the app with data of its own; call it again to start it anew on the same data and port."""
    with serving(tmp_path) as start:
        yield start


@contextmanager
def _whole(folder: Path) -> Iterator[tuple[Callable[[], App], Study]]:
    with pytest.MonkeyPatch.context() as patch:
        study = whole_study.make(folder / "studies" / "whole")
        patch.setenv("EARWITNESS_STUDIES", str(study.folder))
        with serving(folder) as start:
            yield start, study


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, Study]]:
    """The app on a small study with every type of trial, for all tests of a file."""
    with _whole(tmp_path_factory.mktemp("whole")) as (start, study):
        yield start(), study


@pytest.fixture
def start_whole(tmp_path: Path) -> Iterator[tuple[Callable[[], App], Study]]:
    """The same for one test, which starts it itself."""
    with _whole(tmp_path) as (start, study):
        yield start, study


@pytest.fixture
def app(start_app: Callable[..., App]) -> App:
    """The app on the demo study."""
    return start_app()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, or the one that Playwright brought."""
    named = os.environ.get("EARWITNESS_CHROMIUM")  # make test looks in more places than PATH
    path = named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    quiet = [
        "--no-sandbox",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=quiet)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Make browser contexts (a device each); they are closed after the test."""
    made: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        context = chromium.new_context(**options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENT_MS)
        made.append(context)
        return context

    expect.set_options(timeout=PATIENT_MS)
    yield make
    for context in made:
        context.close()
