"""What a test needs of any browser: open an address, ask the page, press at a point, press keys, write.

The tests look for things through ``finding.js``, which is the same in every browser, and press where a person would.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Error, Page

FINDING = Path(__file__).with_name("finding.js").read_text(encoding="utf-8").strip().removesuffix(";")
PATIENT_S = 45.0
"""Two cores may be busy with other tests."""

REST = """document.querySelector('.stApp')?.dataset.testScriptState === 'notRunning'
    && !document.getAnimations().some((one) => one instanceof CSSTransition && one.playState === 'running')"""
"""Streamlit says so itself; and nothing is fading in or out."""

What = dict[str, str]
"""Something to look for: ``role`` with ``name`` and perhaps ``group``, or a ``selector``."""


class Left(Exception):
    """The page was left while it was being asked."""


def between(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    """Points on the way, both ends among them."""
    return [(start[0] + (end[0] - start[0]) * i / 6, start[1] + (end[1] - start[1]) * i / 6) for i in range(7)]


class Device(Protocol):
    """One browser with one page."""

    name: str

    def open(self, address: str) -> None:
        """Go to an address and wait until it is loaded."""

    def reload(self) -> None:
        """Load the page anew."""

    def ask(self, expression: str) -> Any:
        """What a JavaScript expression (perhaps a promise) gives, as JSON."""

    def click(self, x: float, y: float) -> None:
        """Press the mouse at a point of what is seen, in CSS pixels."""

    def tap(self, x: float, y: float) -> None:
        """Touch a point."""

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press the mouse at one point and let go at another."""

    def swipe(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Put a finger on one point and lift it at another."""

    def key(self, name: str) -> None:
        """Press a key, such as ``Enter``, ``Space``, ``a`` or ``Shift+ArrowRight``."""

    def write(self, text: str) -> None:
        """Type a text into what has the focus."""

    def picture(self, path: Path) -> None:
        """A picture of what is seen, as PNG."""

    def close(self) -> None:
        """End it."""


class Chromium:
    """A page of Playwright's."""

    name = "chromium"

    def __init__(self, page: Page):
        self.page = page

    def open(self, address: str) -> None:
        self.page.goto(address)

    def reload(self) -> None:
        self.page.reload()

    def ask(self, expression: str) -> Any:
        return self.page.evaluate(expression)

    def click(self, x: float, y: float) -> None:
        self.page.mouse.click(x, y)

    def tap(self, x: float, y: float) -> None:
        self.page.touchscreen.tap(x, y)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=6)
        self.page.mouse.up()

    def swipe(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        finger = self.page.context.new_cdp_session(self.page)  # Playwright itself can only tap
        for i, (x, y) in enumerate(between(start, end)):
            points = [{"x": x, "y": y}]
            finger.send("Input.dispatchTouchEvent", {"type": "touchMove" if i else "touchStart", "touchPoints": points})
        self.page.wait_for_timeout(100)  # a finger that rests before it is lifted flings nothing
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": end[0], "y": end[1] + 1}]})
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        finger.detach()

    def key(self, name: str) -> None:
        self.page.keyboard.press(name)

    def write(self, text: str) -> None:
        self.page.keyboard.insert_text(text)

    def picture(self, path: Path) -> None:
        self.page.screenshot(path=path)

    def close(self) -> None:
        self.page.close()


class Eyes:
    """Looks at a device: waits for what a participant would wait for, and says what it sees when that never comes."""

    def __init__(self, device: Device):
        self.device = device

    def ask(self, function: str, what: What | None = None) -> Any:
        """Call a function of ``finding.js``."""
        call = f"window.earwitnessTest.{function}({json.dumps(what) if what else ''})"
        try:
            known = self.device.ask("Boolean(window.earwitnessTest)")
            if not known:
                self.device.ask(f"({FINDING}, true)")
            return self.device.ask(call)
        except (Error, Left):  # the page was just being left
            return None

    def until(self, meets: Any, told: str) -> Any:
        """Ask again and again until the answer is true."""
        late = time.monotonic() + PATIENT_S
        while not (found := meets()):
            if time.monotonic() > late:
                raise AssertionError(f"{self.device.name}: {told}\nThe page says:\n{self.ask('text')}")
            time.sleep(0.03)
        return found

    def wait_for(self, what: What) -> None:
        """Wait until it can be pressed."""
        why = ""

        def ready() -> bool:
            nonlocal why
            why = self.ask("why", what)
            return why == ""

        try:
            self.until(ready, "")
        except AssertionError as error:
            raise AssertionError(f"{what} {why}{error}") from None

    def at_rest(self) -> bool:
        """Whether the page is drawn, and not being drawn anew."""
        return bool(self.device.ask(REST))

    def sees(self, text: str) -> bool:
        """Whether the page says this now."""
        return " ".join(text.split()) in (self.ask("text") or "")

    def wait_to_read(self, text: str) -> None:
        """Wait until the page says this."""
        self.until(lambda: self.sees(text), f"never said {text!r}")
