"""A study's life: draft, open, closed; and its one link for all.

draft   nobody has opened it; a link says that it is not open yet
open    links work
closed  nobody new can begin; who has begun can finish
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Literal, cast

import sqlalchemy as sa

from listening_tests import copies, versions
from listening_tests import study as study_folders
from listening_tests.clock import now
from listening_tests.schema import studies
from listening_tests.session import Refused
from listening_tests.study import Study
from ser_core.errors import BadInput, nearest

State = Literal["draft", "open", "closed"]
_WHY_NOT = {"draft": "not_open_yet", "closed": "closed"}


def state(engine: sa.Engine, study_id: str) -> State:
    """Where a study is in its life; a study that nobody has touched is a draft."""
    return cast(State, _row(engine, study_id)["state"])


def named(engine: sa.Engine, name: str) -> str:
    """The id of the study that a command names by its folder or its id.

    Raises:
        BadInput: it is neither the folder of a study nor an id that the database knows; or the folder is broken.
    """
    if Path(name, "study.yaml").exists():
        return study_folders.chosen(name).id
    with engine.connect() as connection:
        known = list(connection.execute(sa.select(studies.c.study)).scalars())
    if name not in known:
        raise BadInput(f"no study '{name}': neither a folder nor the id of a study that was opened. {nearest(name, known)}")
    return name


def open_study(engine: sa.Engine, study: Study, *, prepare: bool = True) -> None:
    """Let people begin; keep the version, and make the copies of its clips that they will hear.

    Raises:
        OSError: a clip was changed since the study was checked.
    """
    if prepare:
        copies.prepare(study)
    versions.keep(engine, study)
    _set(engine, study.id, state="open")


def close_study(engine: sa.Engine, study_id: str) -> None:
    """Let nobody new begin."""
    if state(engine, study_id) != "draft":
        _set(engine, study_id, state="closed")


def check_open(engine: sa.Engine, study_id: str) -> None:
    """Whether somebody may begin.

    Raises:
        Refused: the study is a draft or closed.
    """
    found = state(engine, study_id)
    if found != "open":
        raise Refused(_WHY_NOT[found])


def join_code(engine: sa.Engine, study_id: str) -> str:
    """What the one link for all holds; empty if there is none."""
    return str(_row(engine, study_id)["join_code"])


def set_join_code(engine: sa.Engine, study: Study, code: str) -> str:
    """Make the one link for all, or make another in its place, or (empty) take it back; returns the code."""
    versions.keep(engine, study)
    _set(engine, study.id, join_code=code)
    return code


def new_code() -> str:
    """A code that nobody guesses, 96 bits."""
    return secrets.token_urlsafe(12)


def check_code(engine: sa.Engine, study_id: str, code: str) -> None:
    """Whether this is the code of the link for all.

    Raises:
        Refused: it is not, or not any more.
    """
    known = join_code(engine, study_id)
    if not known or not hmac.compare_digest(known.encode(), code.encode()):
        raise Refused("wrong_link")


def token_for(engine: sa.Engine, study_id: str, external_id: str) -> str:
    """The token of whoever a recruiting service calls ``external_id``: always the same, and not to be guessed from it."""
    secret = str(_row(engine, study_id)["secret"])
    digest = hmac.digest(secret.encode(), external_id.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def _row(engine: sa.Engine, study_id: str) -> sa.RowMapping | dict[str, str]:
    with engine.connect() as connection:
        row = connection.execute(sa.select(studies).where(studies.c.study == study_id)).mappings().first()
    return row or {"state": "draft", "join_code": "", "secret": ""}


def _set(engine: sa.Engine, study_id: str, **values: str) -> None:
    with engine.begin() as connection:
        connection.execute(studies.update().where(studies.c.study == study_id).values(**values, changed_at=now()))
