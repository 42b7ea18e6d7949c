"""The real app in a process of its own, and a real Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from listening_tests import researcher
from tests.browser.people import ROOT, App

PATIENT_MS = 20_000  # two cores may be busy with other tests


@pytest.fixture
def start_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., App]]:
    """Start the app with data of its own; call it again to start it anew on the same data and port."""
    data = tmp_path / "data"
    monkeypatch.setenv("EARWITNESS_DATA", str(data))
    monkeypatch.delenv("EARWITNESS_DATABASE_URL", raising=False)
    monkeypatch.delenv("EARWITNESS_PASSWORD_HASH", raising=False)
    password = researcher.ensure_password() or ""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running: list[subprocess.Popen[str]] = []

    def start() -> App:
        command = [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            str(ROOT / "app.py"),
            f"--server.port={port}",
            "--server.headless=true",
        ]
        process = subprocess.Popen(
            command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        running.append(process)
        assert process.stdout is not None
        said = []
        for line in process.stdout:  # ends when the server ends, so a server that dies does not hang the test
            said.append(line)
            if "URL:" in line:
                return App(f"http://127.0.0.1:{port}", data, password, process)
        raise AssertionError("the app did not start:\n" + "".join(said))

    yield start
    for process in running:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


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
