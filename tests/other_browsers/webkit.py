"""WebKitGTK's MiniBrowser as a device of the tests: the engine of Safari, on a screen that nobody sees."""

from __future__ import annotations

import glob
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.key_input import KeyInput
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from tests.browser.devices import Left, between
from tests.other_browsers.firefox import KEYS


def program() -> str | None:
    """Where Debian's webkit2gtk-driver keeps its browser."""
    return next(iter(glob.glob("/usr/lib/*/webkit2gtk-4.*/MiniBrowser")), None)


class Screen:
    """An X server without a screen."""

    def __init__(self) -> None:
        reads, writes = os.pipe()
        command = ["Xvfb", "-displayfd", str(writes), "-screen", "0", "1400x1000x24", "-nolisten", "tcp"]
        self.process = subprocess.Popen(command, pass_fds=[writes], stderr=subprocess.DEVNULL)
        os.close(writes)
        with os.fdopen(reads) as told:
            self.number = told.readline().strip()
        if not self.number:
            raise RuntimeError("Xvfb did not start")

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()


class WebKit:
    """One window. Its driver knows mouse and keys; it takes a touch for a press of the mouse."""

    name = "webkit"

    def __init__(self, screen: Screen, width: int, height: int):
        options = Options()
        options.binary_location = program() or ""
        options.add_argument("--automation")
        options.add_argument("--full-screen")  # its toolbar would not let the window be as narrow as a phone
        place = {"DISPLAY": f":{screen.number}", "LANG": "C"}  # a locale whose name is no language: the page must bear it
        service = Service("/usr/bin/WebKitWebDriver", env={**os.environ, **place})
        self.driver = webdriver.WebKitGTK(options=options, service=service)
        self.driver.set_window_size(width, height)
        self.version = self.driver.capabilities["browserVersion"]

    def open(self, address: str) -> None:
        self.driver.get(address)

    def reload(self) -> None:
        self.driver.refresh()

    def ask(self, expression: str) -> Any:
        script = f"""const done = arguments[arguments.length - 1];
            const told = async () => JSON.stringify(await ({expression})) ?? "null";
            told().then(done, (error) => done(JSON.stringify({{ thrown: String(error) }})));"""
        try:
            told = json.loads(self.driver.execute_async_script(script))
        except WebDriverException as error:
            raise Left(str(error)) from error
        if isinstance(told, dict) and "thrown" in told:
            raise AssertionError(told["thrown"])
        return told

    def click(self, x: float, y: float) -> None:
        self._point([(x, y)])

    def tap(self, x: float, y: float) -> None:
        self._point([(x, y)])

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self._point(between(start, end))

    swipe = drag

    def _point(self, points: list[tuple[float, float]]) -> None:
        actions = ActionBuilder(self.driver, mouse=PointerInput("mouse", "mouse"))
        for i, (x, y) in enumerate(points):
            actions.pointer_action.move_to_location(round(x), round(y))
            if i == 0:
                actions.pointer_action.pointer_down()
        actions.pointer_action.pointer_up()
        actions.perform()

    def key(self, name: str) -> None:
        keys = [KEYS.get(part, part) for part in name.split("+")]
        self._keys([("down", key) for key in keys] + [("up", key) for key in reversed(keys)])

    def write(self, text: str) -> None:
        if re.fullmatch("[ -~]*", text):
            self._keys([(way, letter) for letter in text for way in ("down", "up")])
        else:  # the driver has no keys for these; they come as from an input method
            assert self.ask(f"document.execCommand('insertText', false, {json.dumps(text)})")

    def _keys(self, presses: list[tuple[str, str]]) -> None:
        actions = ActionBuilder(self.driver, keyboard=KeyInput("keys"))
        for way, key in presses:
            (actions.key_action.key_down if way == "down" else actions.key_action.key_up)(key)
        actions.perform()

    def picture(self, path: Path) -> None:
        self.driver.save_screenshot(str(path))

    def close(self) -> None:
        self.driver.quit()
