"""A small client of WebDriver BiDi, the protocol that Firefox speaks by itself (https://www.w3.org/TR/webdriver-bidi/).

Playwright's own client asks for a command that Debian's Firefox does not know, and geckodriver is in no package registry.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

PATIENT_S = 60

_PREFERENCES = {
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "app.normandy.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
    "remote.active-protocols": 1,
    "dom.w3c_touch_events.enabled": 1,
}


class Refused(Exception):
    """A command that the browser did not carry out, and why."""


class Session:
    """One browser process and the connection to it."""

    def __init__(self, program: str, profile: Path, *, preferences: dict[str, Any] | None = None):
        """Start the browser with an empty profile.

        Raises:
            RuntimeError: it ended before it listened.
        """
        profile.mkdir(parents=True)
        wanted = {**_PREFERENCES, **(preferences or {})}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in wanted.items()]
        (profile / "user.js").write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [program, "--headless", "--no-remote", "--remote-debugging-port=0", "--profile", str(profile)]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.open = ExitStack()
        self.socket = self.open.enter_context(connect(f"{self._address()}/session", max_size=None))
        self.sent = 0
        self.version = self.command("session.new", capabilities={})["capabilities"]["browserVersion"]

    def _address(self) -> str:
        assert self.process.stderr is not None
        said = []
        for line in self.process.stderr:  # ends when the browser ends
            said.append(line)
            if found := re.search(r"listening on (ws://\S+)", line):
                threading.Thread(target=self.process.stderr.read, daemon=True).start()  # a full pipe would stop the browser
                return found[1]
        raise RuntimeError("the browser did not start:\n" + "".join(said))

    def command(self, method: str, **parameters: Any) -> Any:
        """Send a command and wait for its reply; events are passed over.

        Raises:
            Refused: the browser did not do it.
            TimeoutError: there was no reply.
        """
        self.sent += 1
        self.socket.send(json.dumps({"id": self.sent, "method": method, "params": parameters}))
        while True:
            reply = json.loads(self.socket.recv(timeout=PATIENT_S))
            if reply.get("id") != self.sent:
                continue
            if reply["type"] == "error":
                raise Refused(f"{method}: {reply['error']}: {reply['message']}")
            return reply["result"]

    def close(self) -> None:
        """End the browser with all its processes."""
        self.open.close()
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
