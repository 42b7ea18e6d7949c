"""``POST /api/sign-in``: the researcher's password against a cookie, beside the pages.

A Streamlit page cannot set a cookie, and what it keeps itself is gone with the next reload, so the form of
``pages/parts/sign_in.py`` sends the password here and loads the page again.

Why another site cannot use it: a body must be JSON, which no form of another site can send, and where the browser says
where the request comes from it must be our own host. The cookie is HttpOnly and SameSite=Lax, and only its hash is kept.
"""

from __future__ import annotations

import json
from math import ceil
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from listening_tests import researcher
from ser_core.errors import BadInput

_LARGEST_BODY = 4096  # bytes; nobody's password is longer


async def _sign_in(request: Request) -> Response:
    if not _is_ours(request):
        return _says(403, "This request came from another site.")
    password = await _password(request)
    if password is None:
        return _says(400, 'Send JSON: {"password": "..."}.')
    who = request.client.host if request.client else ""
    wait_s = researcher.tries.wait_s(who)
    if wait_s > 0:
        return _wait(wait_s)
    try:
        right = await run_in_threadpool(researcher.verify, password, who=who)
    except BadInput as bad:
        return _says(503, str(bad))
    if not right:
        wait_s = researcher.tries.wait_s(who)
        return _wait(wait_s) if wait_s > 0 else _says(401, "That is not the password.")
    return _welcome(request, await run_in_threadpool(researcher.sign_in))


def _welcome(request: Request, browser: str) -> Response:
    answer = JSONResponse({"message": "Signed in."})
    answer.set_cookie(
        researcher.COOKIE,
        browser,
        max_age=researcher.SIGNED_IN_S,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https",
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _is_ours(request: Request) -> bool:
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        return False
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


async def _password(request: Request) -> str | None:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            return None
    try:
        password = json.loads(body)["password"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return password if isinstance(password, str) and password.isprintable() else None


def _wait(wait_s: float) -> Response:
    seconds = ceil(wait_s)
    answer = _says(429, f"That was not the password, too often. Try again in {seconds} second{'s' if seconds != 1 else ''}.")
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _says(status: int, message: str) -> Response:
    return JSONResponse({"message": message}, status_code=status)


routes: list[BaseRoute] = [Route("/api/sign-in", _sign_in, methods=["POST"])]
"""What ``listening_tests.web`` puts beside the pages."""
