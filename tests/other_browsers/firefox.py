"""Debian's Firefox as a device of the tests."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from tests.browser.devices import Left, between
from tests.other_browsers.bidi import Refused, Session

# https://www.w3.org/TR/webdriver2/#keyboard-actions
KEYS = {
    "Tab": "\ue004",
    "Enter": "\ue007",
    "Shift": "\ue008",
    "Space": " ",
    "Escape": "\ue00c",
    "End": "\ue010",
    "Home": "\ue011",
    "ArrowLeft": "\ue012",
    "ArrowUp": "\ue013",
    "ArrowRight": "\ue014",
    "ArrowDown": "\ue015",
}

NO_SOUND_CARD = {"media.cubeb.force_mock_context": True}
"""A machine without a sound card has no output that could run: Firefox brings a device of its own for such machines."""


class Firefox:
    """One tab."""

    name = "firefox"

    def __init__(self, session: Session, width: int, height: int):
        self.session = session
        self.context = session.command("browsingContext.create", type="tab")["context"]
        size = {"width": width, "height": height}
        session.command("browsingContext.setViewport", context=self.context, viewport=size)

    def open(self, address: str) -> None:
        self.session.command("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def reload(self) -> None:
        self.session.command("browsingContext.reload", context=self.context, wait="complete")

    def ask(self, expression: str) -> Any:
        try:
            told = self.session.command(
                "script.evaluate",
                expression=f"(async () => JSON.stringify(await ({expression})) ?? 'null')()",
                target={"context": self.context},
                awaitPromise=True,
            )
        except Refused as refused:
            raise Left(str(refused)) from refused
        if told["type"] == "exception":
            raise AssertionError(told["exceptionDetails"]["text"])
        return json.loads(told["result"]["value"])

    def click(self, x: float, y: float) -> None:
        self._point("mouse", [(x, y)])

    def tap(self, x: float, y: float) -> None:
        self._point("touch", [(x, y)])

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self._point("mouse", between(start, end))

    def swipe(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self._point("touch", between(start, end))

    def _point(self, kind: str, points: list[tuple[float, float]]) -> None:
        moves = [{"type": "pointerMove", "x": round(x), "y": round(y)} for x, y in points]
        down = {"type": "pointerDown", "button": 0}
        actions = [moves[0], down, *moves[1:], {"type": "pointerUp", "button": 0}]
        self._perform({"type": "pointer", "id": kind, "parameters": {"pointerType": kind}, "actions": actions})

    def _perform(self, source: dict[str, Any]) -> None:
        self.session.command("input.performActions", context=self.context, actions=[source])

    def key(self, name: str) -> None:
        keys = [KEYS.get(part, part) for part in name.split("+")]
        downs = [{"type": "keyDown", "value": key} for key in keys]
        ups = [{"type": "keyUp", "value": key} for key in reversed(keys)]
        self._perform({"type": "key", "id": "keys", "actions": [*downs, *ups]})

    def write(self, text: str) -> None:
        presses = [{"type": kind, "value": letter} for letter in text for kind in ("keyDown", "keyUp")]
        self._perform({"type": "key", "id": "keys", "actions": presses})

    def picture(self, path: Path) -> None:
        shot = self.session.command("browsingContext.captureScreenshot", context=self.context)
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self) -> None:
        self.session.command("browsingContext.close", context=self.context)
