"""The routes beside the pages, and the headers on all of them.

``/api/audio/KEY/N``  the sound N of one participant's trial under its random key, with Range; only while it is open or next
``/api/events``       what the player reports beside the answers
``/healthz``          whether the process answers and its database does

A clip is served as the copy that ``copies.py`` makes of its samples alone: neither what the corpus wrote into its file nor a
name that gives the emotion away ever reaches the browser.
"""

from __future__ import annotations

import base64
import gc
import hashlib
import importlib
import importlib.util
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import soundfile
import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from listening_tests import copies, languages, preview
from listening_tests import study as studies
from listening_tests.session import Refused
from listening_tests.store import Store
from listening_tests.study import Study
from listening_tests.trial import Field, Trial, cleaned, trial_types
from ser_core import places
from ser_core.errors import BadInput


def _inline_scripts() -> str:
    """The hashes of the inline scripts of the installed Streamlit's page, as a CSP names them; it holds one small one."""
    found = importlib.util.find_spec("streamlit")  # asks where it lies without importing it
    page = Path(str(found and found.origin)).parent / "static" / "index.html"
    scripts = re.findall(rb"<script>(.*?)</script>", page.read_bytes(), re.DOTALL)
    return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s).digest()).decode()}'" for s in scripts)


# Streamlit injects styles, and imports our component's script from a blob.
CSP = "; ".join(
    (
        "default-src 'self'",
        f"script-src 'self' blob: {_inline_scripts()}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' blob:",
        "connect-src 'self' ws: wss:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "Referrer-Policy": "no-referrer",  # a participant's link holds their token
    "X-Content-Type-Options": "nosniff",
}
_EVENT_BYTES = 4096
_EVENT = (Field("trial", "the trial's key"), Field("kind", "what happened"), Field("detail", "more of it"))
_WARM = ("ser_core.report", "ser_core.figures", "plotly.graph_objects", "pingouin")


class SecurityHeaders:
    """Put our headers on every response, Streamlit's own included."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI; websockets pass through untouched."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def audio(request: Request) -> Response:
    """A clip of a trial that is open or comes next; anything else is simply not there."""
    found, number = _find(request.path_params["key"]), request.path_params["n"]
    if found is None or not re.fullmatch("[0-9]{1,3}", number):
        return Response(status_code=404)
    try:
        served = _sound(*found, int(number))
    except (BadInput, KeyError, OSError, soundfile.LibsndfileError):
        return Response(status_code=404)
    if served is None:
        return Response(status_code=404)
    return FileResponse(served, media_type="audio/flac", headers={"Cache-Control": "private, no-store"})


def _find(key: str) -> tuple[Study, Trial] | None:
    """The trial of a random key, with its study as its participant began it; None unless it may be heard now."""
    found = preview.by_key(key)
    if found is None:
        return None
    store, participant, trial = found
    try:
        session = store.session(participant.participant)
    except (Refused, BadInput):  # withdrawn a moment ago; or a study that no one can read
        return None
    if trial.position not in {t.position for t in (session.current, session.upcoming) if t}:
        return None
    try:
        return store.study_at(participant.study, participant.study_version), trial
    except BadInput:
        return None


def _sound(study: Study, trial: Trial, number: int) -> Path | None:
    """The file of the trial's sound ``number``: one that its type makes, or the stimulus (0) or a pair's other one (1)."""
    if trial_types()[trial.type].sound:
        return _made(trial, number)
    stimulus = (trial.stimulus, trial.other)[number] if number < 2 else ""
    return copies.of(study, stimulus) if stimulus else None


def _made(trial: Trial, number: int) -> Path | None:
    kind = trial_types()[trial.type]
    assert kind.sound is not None
    make = kind.sound
    try:  # trials that sound the same share one file; what cannot be named so is kept for its trial
        name = kind.recipe(trial, number) if kind.recipe else f"{trial.key}|{number}"
        return copies.made(name, lambda: make(trial, number))
    except IndexError:  # the trial has fewer sounds
        return None


async def events(request: Request) -> Response:
    """Keep what the player reports of an open trial; small, and only from who holds the trial's key."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _EVENT_BYTES:
            return Response(status_code=413)
    try:
        event = cleaned(_EVENT, json.loads(body))
    except (ValueError, AttributeError, RecursionError):
        return Response(status_code=400)
    key, kind, detail = event["trial"], event["kind"][:40], event["detail"]
    if not key or not kind:
        return Response(status_code=400)
    return Response(status_code=204 if await run_in_threadpool(_log, key, kind, detail) else 404)


def _log(key: str, kind: str, detail: str) -> bool:
    found = preview.by_key(key)
    if found is None or found[1].finished_at:
        return False
    store, participant, trial = found
    store.log(participant.participant, trial.position, kind, {"detail": detail})
    return True


def health(_: Request) -> Response:
    """200 when the database answers, else 503."""
    try:
        with Store().engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
    except sa.exc.SQLAlchemyError:
        return JSONResponse({"database": "does not answer"}, status_code=503)
    return JSONResponse({"database": "ok"})


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[None]:
    """Import now what a researcher's page would import later, while listeners wait for the one interpreter; then freeze it.

    A frozen heap is left out of every garbage collection; with half a million objects one would take a quarter of a second.
    """
    for name in _WARM:
        importlib.import_module(name)
    for tag in languages.available():
        languages.texts(tag)
    for folder in places.studies():
        with suppress(BadInput):  # the studies page says what is wrong with it
            studies.load(folder)
    gc.collect()
    gc.freeze()
    yield


routes = [
    Route("/api/audio/{key}/{n}", audio, methods=["GET"]),
    Route("/api/events", events, methods=["POST"]),
    Route("/healthz", health, methods=["GET"]),
]
middleware = [Middleware(SecurityHeaders)]
