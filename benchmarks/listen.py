"""How long a listener waits for the next trial beside many others: ``.venv/bin/python -m benchmarks.listen``.

Each listener is a websocket that speaks Streamlit's protocol to the real app with the real store: it opens a personal link
at the first labelling trial and then answers as the player does (a trigger with the trial's key), on average every
``--every`` seconds (exponential gaps). It also fetches its clips over HTTP, as the player does: the open one and the next
one early. Waiting is the time from sending an answer to the end of the run that shows the next trial.

``--browser`` puts a real Chromium beside them, which hears and answers: click -> next clip playable.
``--researcher`` keeps the studies page open beside them, with its progress that looks again by itself.

At the end the answers in the database are counted: those that the listeners sent, no more and no fewer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from playwright.async_api import Page, async_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from listening_tests import languages, researcher
from listening_tests import study as studies
from listening_tests.session import Answered
from listening_tests.store import Invitation, Store
from listening_tests.trial import trial_types

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "data" / "demo"
RAMP_S = 0.05  # between one listener's coming and the next one's
LATE_S = 60
MOST = 40  # answers of one listener; the study has 44 labelling trials
LISTENING = {
    "plays": 1,
    "completions": 1,
    "coverage_s": 2.0,
    "response_s": 1.5,
    "failed": "",
    "clips": [[1, 1, 2.0]],
    "log": [[1.0, 0, 0, 0.0], [3.0, 0, 2, 2.0]],
    "touch": False,
}


@dataclass
class Listener:
    """One websocket: what the last run showed, how long each answer took, and how long each clip."""

    query: str
    socket: ClientConnection
    clips: Clips | None
    page: str = ""
    player: str = ""
    trial: str = ""
    urls: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    """Long messages that a browser keeps, so that the server need not send them again."""
    sent: int = 0
    received: int = 0
    waited: list[tuple[float, float]] = field(default_factory=list)
    """Milliseconds to the next trial, and when it came."""

    async def open(self) -> None:
        """The first run of the page."""
        await self._run(BackMsg())
        self.received = 0
        await self._fetch()

    async def answer(self, label: str) -> None:
        """Answer the open trial, wait for the next, and fetch what it plays and what comes after it."""
        message = BackMsg()
        trigger = message.rerun_script.widget_states.widgets.add()
        trigger.id = f"$$STREAMLIT_INTERNAL_KEY_{self.player}__events"
        value = {"trial": self.trial, "answer": {"label": label, **LISTENING}}
        trigger.json_trigger_value = json.dumps([{"event": "answer", "value": value}])
        before, started = self.trial, time.perf_counter()
        await self._run(message)
        ended = time.perf_counter()
        self.waited.append(((ended - started) * 1e3, ended))
        self.sent += 1
        if self.trial == before:
            raise RuntimeError(f"the answer to trial {before} did not lead to another")
        await self._fetch()

    async def _fetch(self) -> None:
        if self.clips:
            await self.clips.get(self.urls)

    async def _run(self, message: BackMsg) -> None:
        message.rerun_script.query_string = self.query
        message.rerun_script.page_script_hash = self.page
        message.rerun_script.cached_message_hashes.extend(self.known)
        message.rerun_script.page_name = "" if self.page else "listen"
        await self.socket.send(message.SerializeToString())
        while True:
            came = await asyncio.wait_for(self.socket.recv(), LATE_S)
            self.received += len(came)
            said = ForwardMsg()
            said.ParseFromString(came)  # type: ignore[arg-type]
            if said.metadata.cacheable:
                self.known.add(said.hash)
            kind = said.WhichOneof("type")
            if kind == "navigation":
                self.page = said.navigation.page_script_hash
            elif kind == "delta":
                self._see(said.delta.new_element)
            elif kind == "script_finished":
                return

    def _see(self, element: Any) -> None:
        given = element.bidi_component.json or element.bidi_component.mixed.json
        data = json.loads(given) if given else {}
        if "trial" in data:
            self.player, self.trial = element.bidi_component.id, data["trial"]
            self.urls = [*(clip["url"] for clip in data["clips"]), *data["next_urls"]]


class Clips:
    """A browser's one connection for its clips; each address is fetched once."""

    def __init__(self, port: int):
        self.port = port
        self.had: set[str] = set()
        self.took_ms: list[float] = []
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, urls: list[str]) -> None:
        """Fetch those that were not fetched before."""
        for url in urls:
            if url in self.had:
                continue
            self.had.add(url)
            started = time.perf_counter()
            status = await asyncio.wait_for(self._get(url), LATE_S)
            self.took_ms.append((time.perf_counter() - started) * 1e3)
            if status != 200:
                raise RuntimeError(f"{url}: status {status}")

    async def _get(self, url: str) -> int:
        request = f"GET /{url} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode()
        while True:
            kept = self._streams is not None
            reader, writer = self._streams = self._streams or await asyncio.open_connection("127.0.0.1", self.port)
            try:
                writer.write(request)
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = next(line for line in head.split("\r\n") if line.startswith("content-length:"))
                await reader.readexactly(int(length.partition(":")[2]))
                return int(head.split(" ", 2)[1])
            except (asyncio.IncompleteReadError, ConnectionError):  # the server closes a connection that rested for seconds
                if not kept:
                    raise
                self.close()

    def close(self) -> None:
        """Leave the connection."""
        if self._streams:
            self._streams[1].close()
        self._streams = None


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


def _invite(store: Store, count: int) -> tuple[list[Invitation], int]:
    """Listeners who stand at their first labelling trial, and how many answers that took."""
    study = studies.load(DEMO)
    store.open_study(study)
    invited = store.invite(study, count)
    for invitation in invited:
        session = store.begin(invitation.participant, study)
        while (trial := session.current) and trial.type != "label":
            answer = trial_types()[trial.type].simulate(trial, random.Random(trial.key))
            session = store.record(invitation.participant, Answered(trial.position, answer))
    return invited, store.count(study.id)


@dataclass(frozen=True)
class Load:
    """A load on one server: its port, how long it lasts and how often each listener answers."""

    port: int
    until: float
    every_s: float
    with_clips: bool

    async def listen(self, invitation: Invitation, *, start_s: float) -> Listener:
        """One listener from coming to going."""
        rng = random.Random(invitation.participant)
        await asyncio.sleep(start_s)
        async with self._socket() as websocket:
            listener = Listener(_query(invitation), websocket, Clips(self.port) if self.with_clips else None)
            await listener.open()
            while (pause := rng.expovariate(1 / self.every_s)) + time.perf_counter() < self.until and listener.sent < MOST:
                await asyncio.sleep(pause)
                await listener.answer(rng.choice(["angry", "happy", "neutral", "sad"]))
            await asyncio.sleep(max(0.0, self.until - time.perf_counter()))
            if listener.clips:
                listener.clips.close()
        return listener

    def _socket(self) -> connect:
        address, origin = f"ws://127.0.0.1:{self.port}/_stcore/stream", f"http://127.0.0.1:{self.port}"
        protocols: Any = ["streamlit"]
        return connect(
            address,
            subprotocols=protocols,
            origin=origin,  # type: ignore[arg-type]
            compression=None,
            max_size=None,
            open_timeout=LATE_S,
        )


def _query(invitation: Invitation) -> str:
    return f"study=demo&token={invitation.token}"


# --- real browsers ---


@asynccontextmanager
async def _chromium(port: int) -> AsyncIterator[Page]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = await browser.new_page(locale="en-GB", base_url=f"http://127.0.0.1:{port}")
        page.set_default_timeout(LATE_S * 1e3)
        yield page
        await browser.close()


# The clip of trial n is the n-th that the page decodes. All is seen from within the page, so that nothing of the tool that
# drives the browser is in the time.
_COUNT_DECODED = """
window.decoded = 0;
const decode = OfflineAudioContext.prototype.decodeAudioData;
OfflineAudioContext.prototype.decodeAudioData = function (bytes, resolve, reject) {
  return decode.call(this, bytes, (buffer) => { resolve(buffer); window.decoded += 1; }, reject);
};
"""
_NEXT = """
(player, wanted) => new Promise((resolve) => {
  const before = player.querySelector(".play");
  const start = performance.now();
  const look = () => {
    const play = player.querySelector(".play");
    if (play && play !== before && !play.disabled && window.decoded >= wanted) resolve(performance.now() - start);
    else requestAnimationFrame(look);
  };
  player.querySelector(".continue").click();
  look();
})
"""


async def _hear(load: Load, invitation: Invitation, *, start_s: float) -> list[float]:
    """Hear, choose, go on: milliseconds from each click on "continue" to a button that plays the next clip, decoded."""
    words = languages.texts("en")
    took: list[float] = []
    async with _chromium(load.port) as page:
        await page.add_init_script(_COUNT_DECODED)
        await page.goto(f"/listen?{_query(invitation)}")
        await page.get_by_role("button", name=words["player.play"], exact=True).wait_for()
        await asyncio.sleep(start_s)
        while time.perf_counter() < load.until and len(took) < MOST:
            await page.get_by_role("button", name=words["player.play"], exact=True).click()
            await page.get_by_role("group").get_by_role("button", name=words["emotion.sad"]).click()  # once it was heard
            took.append(await page.locator(".player").evaluate(_NEXT, len(took) + 2))
    return took


async def _watch(load: Load, password: str) -> list[float]:
    """The studies page with its progress, until the end."""
    async with _chromium(load.port) as page:
        await page.goto("/studies")
        await page.get_by_label("Password").fill(password)
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("heading", name="Everybody").wait_for()
        await asyncio.sleep(max(0.0, load.until - time.perf_counter()))
    return []


# --- the whole ---


@dataclass(frozen=True)
class Beside:
    """Who is there beside the websockets: a listener with a browser, a researcher with one."""

    browser: bool = False
    researcher: bool = False
    password: str = ""


async def _all(load: Load, invited: list[Invitation], beside: Beside) -> tuple[list[Listener], list[float]]:
    """Everybody at once; the listeners, and what the one at a real browser waited."""
    *others, last = invited if beside.browser else [*invited, None]
    coming = [load.listen(invitation, start_s=n * RAMP_S) for n, invitation in enumerate(others) if invitation]
    browsers: list[Awaitable[list[float]]] = []
    if last:
        browsers.append(_hear(load, last, start_s=RAMP_S * len(others)))
    if beside.researcher:
        browsers.append(_watch(load, beside.password))
    heard, took = await asyncio.gather(asyncio.gather(*coming), asyncio.gather(*browsers))
    return heard, [ms for each in took for ms in each]


async def _metered(
    server: psutil.Process, load: Load, invited: list[Invitation], beside: Beside, seconds: float
) -> tuple[tuple[list[Listener], list[float]], float]:
    """The load, and the seconds of CPU that the server took once all had come."""

    async def until_all_came() -> float:
        await asyncio.sleep(load.until - seconds - time.perf_counter())
        return float(sum(server.cpu_times()[:2]))

    heard, before = await asyncio.gather(_all(load, invited, beside), until_all_came())
    return heard, sum(server.cpu_times()[:2]) - before


def measure(listeners: int, *, seconds: float, every_s: float, clips: bool, beside: Beside) -> dict[str, float]:
    """Run one load on a fresh server and database; figures as the table prints them."""
    with tempfile.TemporaryDirectory() as data:
        os.environ["EARWITNESS_DATA"] = data
        beside = replace(beside, password=researcher.ensure_password() or "")
        store = Store()
        invited, before = _invite(store, listeners + beside.browser + 1)
        with _server() as (server, port):
            asyncio.run(Load(port, 0, every_s, clips).listen(invited.pop(), start_s=0))  # what a first visitor brings in
            rss = server.memory_info().rss
            load = Load(port, time.perf_counter() + RAMP_S * listeners + seconds, every_s, clips)
            (heard, browser), cpu_s = asyncio.run(_metered(server, load, invited, beside, seconds))
            grown = server.memory_info().rss - rss
        sent = sum(listener.sent for listener in heard) + len(browser)
        stored = store.count("demo") - before
        store.engine.dispose()
    waited = [ms for listener in heard for ms, _ in listener.waited]
    late = [at for listener in heard for _, at in listener.waited if at > load.until - seconds]
    fetched = [ms for listener in heard if listener.clips for ms in listener.clips.took_ms]
    return {
        "listeners": listeners,
        "answers": sent,
        **_quantiles("", waited),
        **_quantiles("clip_", fetched),
        **_quantiles("browser_", browser),
        "cpu_ms_per_answer": 1e3 * cpu_s / max(1, len(late)),
        "kb_per_answer": sum(listener.received for listener in heard) / sent / 1e3,
        "mb_per_listener": grown / 2**20 / listeners,
        "lost": max(0, sent - stored),
        "doubled": max(0, stored - sent),
        "busy_elsewhere": os.getloadavg()[0],
    }


def _quantiles(name: str, ms: list[float]) -> dict[str, float]:
    if not ms:
        return {}
    p50, p95 = np.percentile(ms, [50, 95])
    return {f"{name}p50_ms": p50, f"{name}p95_ms": p95, f"{name}max_ms": max(ms)}


def main() -> None:
    """Print one row for each number of listeners."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listeners", type=int, nargs="+", default=[1, 50, 200, 500], metavar="N")
    parser.add_argument("--seconds", type=float, default=40, help="after all have come (default: %(default)g)")
    parser.add_argument(
        "--every", type=float, default=8, metavar="S", help="mean seconds between answers (default: %(default)g)"
    )
    parser.add_argument("--no-clips", dest="clips", action="store_false", help="the websockets fetch no clips")
    parser.add_argument("--browser", action="store_true", help="one more listener, at a real Chromium")
    parser.add_argument("--researcher", action="store_true", help="the studies page is open in a real Chromium")
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, server and listeners on it")
    for count in options.listeners:
        row = measure(
            count,
            seconds=options.seconds,
            every_s=options.every,
            clips=options.clips,
            beside=Beside(options.browser, options.researcher),
        )
        print(
            "  ".join(f"{name} {value:,.1f}" if value % 1 else f"{name} {value:,.0f}" for name, value in row.items()),
            flush=True,
        )


if __name__ == "__main__":
    main()
