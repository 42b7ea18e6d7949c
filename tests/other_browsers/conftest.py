"""Firefox and WebKit as Debian carries them; ``make test-browsers`` installs them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import app, chromium, context, start_app, start_whole, whole  # noqa: F401  (fixtures)
from tests.browser.devices import Device
from tests.other_browsers import webkit
from tests.other_browsers.bidi import Session
from tests.other_browsers.firefox import NO_SOUND_CARD, Firefox


def _firefox(folder: Path, **preferences: Any) -> Session:
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        pytest.skip("no Firefox is installed")
    return Session(program, folder / "profile", preferences=preferences)


@pytest.fixture(scope="session")
def firefox_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Debian's Firefox."""
    session = _firefox(tmp_path_factory.mktemp("firefox"), **NO_SOUND_CARD)
    yield session
    session.close()


@pytest.fixture
def firefox_without_output(tmp_path: Path) -> Iterator[Firefox]:
    """Debian's Firefox on a machine whose sound output never comes to life: its Web Audio waits for ever."""
    session = _firefox(tmp_path)
    yield Firefox(session, 1280, 900)
    session.close()


@pytest.fixture(scope="session")
def screen() -> Iterator[webkit.Screen]:
    """A screen for WebKit, which knows no headless mode."""
    if webkit.program() is None or shutil.which("WebKitWebDriver") is None or shutil.which("Xvfb") is None:
        pytest.skip("webkit2gtk-driver or xvfb is not installed")
    screen = webkit.Screen()
    yield screen
    screen.close()


@pytest.fixture(params=["firefox", "webkit"])
def browser(request: pytest.FixtureRequest) -> Iterator[Callable[[int, int], Device]]:
    """Open a window of a width and height in either browser."""
    place = request.getfixturevalue("firefox_session" if request.param == "firefox" else "screen")
    kind = Firefox if request.param == "firefox" else webkit.WebKit
    opened: list[Device] = []

    def make(width: int, height: int) -> Device:
        device = kind(place, width, height)
        opened.append(device)
        return device

    yield make
    for device in opened:
        device.close()
