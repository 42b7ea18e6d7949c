"""How long a listener waits for the next trial beside many others: ``.venv/bin/python -m benchmarks.listen``.

Each listener is a websocket that speaks Streamlit's protocol to the real app with the real store: it opens a personal link
at the first labelling trial and then answers as the player does (a trigger with the trial's key), on average every
``--every`` seconds (exponential gaps). Waiting is the time from sending an answer to the end of the run that shows the next
trial. What this leaves out: the browser's own work, and the clips (a file each).

At the end the answers in the database are counted: those that the listeners sent, no more and no fewer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from listening_tests import study as studies
from listening_tests.session import Answered
from listening_tests.store import Invitation, Store

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "data" / "demo"
DONE = 3  # consent, background and the training trial are answered before
FIRST = (
    {"agreed": True},
    {"native_languages": "de", "dialects": "", "proficiency": "en:B", "age_band": "25–34", "hearing": "not_said"},
    {"label": "happy", "plays": 1, "completions": 1, "coverage_s": 2.0, "response_s": 1.0, "failed": ""},
)


@dataclass
class Listener:
    """One websocket: what the last run showed, and how long each answer took."""

    query: str
    socket: ClientConnection
    page: str = ""
    player: str = ""
    trial: str = ""
    sent: int = 0
    waited_ms: list[float] = field(default_factory=list)

    async def open(self) -> None:
        """The first run of the page."""
        await self._run(BackMsg())

    async def answer(self, label: str) -> None:
        """Answer the open trial and wait for the next."""
        message = BackMsg()
        given = {"label": label, "plays": 1, "completions": 1, "coverage_s": 2.0, "response_s": 1.5, "failed": ""}
        trigger = message.rerun_script.widget_states.widgets.add()
        trigger.id = f"$$STREAMLIT_INTERNAL_KEY_{self.player}__events"
        trigger.json_trigger_value = json.dumps([{"event": "answer", "value": {"trial": self.trial, "answer": given}}])
        before, started = self.trial, time.perf_counter()
        await self._run(message)
        self.waited_ms.append((time.perf_counter() - started) * 1e3)
        self.sent += 1
        if self.trial == before:
            raise RuntimeError(f"the answer to trial {before} did not lead to another")

    async def _run(self, message: BackMsg) -> None:
        message.rerun_script.query_string = self.query
        message.rerun_script.page_script_hash = self.page
        message.rerun_script.page_name = "" if self.page else "listen"
        await self.socket.send(message.SerializeToString())
        while True:
            said = ForwardMsg()
            said.ParseFromString(await asyncio.wait_for(self.socket.recv(), 60))  # type: ignore[arg-type]
            kind = said.WhichOneof("type")
            if kind == "navigation":
                self.page = said.navigation.page_script_hash
            elif kind == "delta":
                self._see(said.delta.new_element)
            elif kind == "script_finished":
                return

    def _see(self, element: Any) -> None:
        if element.WhichOneof("type") == "bidi_component":
            self.player = element.bidi_component.id
            self.trial = json.loads(element.bidi_component.json or element.bidi_component.mixed.json)["trial"]


@contextmanager
def _server() -> Iterator[tuple[psutil.Process, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", "--server.headless=true"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    next(line for line in process.stdout if "URL:" in line)
    try:
        yield psutil.Process(process.pid), port
    finally:
        process.terminate()
        process.communicate()


def _invite(store: Store, count: int) -> list[Invitation]:
    study = studies.load(DEMO)
    store.open_study(study)
    invited = store.invite(study, count)
    for invitation in invited:
        session = store.begin(invitation.participant, study)
        for trial, answer in zip(session.trials, FIRST, strict=False):
            store.record(invitation.participant, Answered(trial.position, answer))
    return invited


async def _listen(port: int, invitation: Invitation, *, start: float, until: float, every_s: float) -> Listener:
    rng = random.Random(invitation.participant)
    await asyncio.sleep(start)
    address, origin = f"ws://127.0.0.1:{port}/_stcore/stream", f"http://127.0.0.1:{port}"
    protocols: Any = ["streamlit"]
    async with connect(address, subprotocols=protocols, origin=origin, compression=None, max_size=None) as websocket:  # type: ignore[arg-type]
        listener = Listener(f"study=demo&token={invitation.token}", websocket)
        await listener.open()
        while (pause := rng.expovariate(1 / every_s)) + time.perf_counter() < until and listener.sent < 40:
            await asyncio.sleep(pause)
            await listener.answer(rng.choice(["angry", "happy", "neutral", "sad"]))
        await asyncio.sleep(max(0.0, until - time.perf_counter()))
    return listener


async def _all(port: int, invited: list[Invitation], *, seconds: float, every_s: float) -> list[Listener]:
    ramp_s = 0.05  # between one listener's coming and the next one's
    until = time.perf_counter() + ramp_s * len(invited) + seconds
    coming = [
        _listen(port, invitation, start=n * ramp_s, until=until, every_s=every_s) for n, invitation in enumerate(invited)
    ]
    return await asyncio.gather(*coming)


def measure(listeners: int, *, seconds: float, every_s: float) -> dict[str, float]:
    """Run one load on a fresh server and database; figures as the table prints them."""
    with tempfile.TemporaryDirectory() as data:
        os.environ["EARWITNESS_DATA"] = data
        store = Store()
        invited = _invite(store, listeners)
        with _server() as (server, port):
            rss, cpu = server.memory_info().rss, sum(server.cpu_times()[:2])
            heard = asyncio.run(_all(port, invited, seconds=seconds, every_s=every_s))
            used_s, grown = sum(server.cpu_times()[:2]) - cpu, server.memory_info().rss - rss
        sent = sum(listener.sent for listener in heard)
        stored = store.count("demo") - DONE * listeners
        store.engine.dispose()
    waited = np.concatenate([listener.waited_ms for listener in heard])
    p50, p95 = np.percentile(waited, [50, 95])
    return {
        "listeners": listeners,
        "answers": sent,
        "p50_ms": p50,
        "p95_ms": p95,
        "max_ms": waited.max(),
        "cpu_ms_per_answer": 1e3 * used_s / sent,
        "mb_per_listener": grown / 2**20 / listeners,
        "lost": max(0, sent - stored),
        "doubled": max(0, stored - sent),
    }


def main() -> None:
    """Print one row for each number of listeners."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listeners", type=int, nargs="+", default=[1, 50, 200], metavar="N")
    parser.add_argument("--seconds", type=float, default=40, help="after all have come (default: %(default)g)")
    parser.add_argument(
        "--every", type=float, default=8, metavar="S", help="mean seconds between answers (default: %(default)g)"
    )
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, server and listeners on it")
    for count in options.listeners:
        row = measure(count, seconds=options.seconds, every_s=options.every)
        print(
            "  ".join(f"{name} {value:,.1f}" if value % 1 else f"{name} {value:,.0f}" for name, value in row.items()),
            flush=True,
        )


if __name__ == "__main__":
    main()
