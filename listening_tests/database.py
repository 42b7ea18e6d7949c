"""Where participants' data is kept: SQLite (default) or any database that ``EARWITNESS_DATABASE_URL`` names.

``engine`` brings a database up to date when it is first opened; ``in_memory`` is for what must leave no trace.
"""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import sqlalchemy as sa

from listening_tests.schema import metadata
from ser_core import places

BUSY_MS = 10_000
"""How long SQLite waits for others who are writing."""

_MIGRATING = threading.Lock()
# WAL lets listeners write while a researcher reads; FULL is slower, but an answer survives a power cut; secure_delete
# overwrites with zeros what somebody who withdraws takes back.
_SQLITE = ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_MS}", "foreign_keys=ON", "secure_delete=ON")


def default_url() -> str:
    """``EARWITNESS_DATABASE_URL``, else a SQLite file beside the answers."""
    return os.environ.get("EARWITNESS_DATABASE_URL") or f"sqlite:///{places.answers() / 'answers.db'}"


def exists(url: str) -> bool:
    """Whether there may be something in the database; False for a SQLite file that nobody has made yet."""
    parsed = sa.make_url(url)
    return parsed.get_backend_name() != "sqlite" or bool(parsed.database and Path(parsed.database).exists())


@lru_cache(maxsize=8)
def engine(url: str) -> sa.Engine:
    """The database at ``url``, with all its tables."""
    with _MIGRATING:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        opened = sa.create_engine(url)
        if is_sqlite(opened):
            sa.event.listen(opened, "connect", _settings)
        config = alembic.config.Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with opened.begin() as connection:
            config.attributes["connection"] = connection
            alembic.command.upgrade(config, "head")
        return opened


def in_memory() -> sa.Engine:
    """An empty database that is gone when it is disposed of, or with the process.

    It has one connection, which threads wait for: SQLite keeps such a database for one connection only.
    """
    one = {"poolclass": sa.QueuePool, "pool_size": 1, "max_overflow": 0, "connect_args": {"check_same_thread": False}}
    opened = sa.create_engine("sqlite://", **one)
    sa.event.listen(opened, "connect", _settings)
    metadata.create_all(opened)
    return opened


def is_sqlite(opened: sa.Engine) -> bool:
    """Whether this is SQLite, whose files need some care of their own."""
    return opened.dialect.name == "sqlite"


def _settings(connection: Any, _: Any) -> None:
    for pragma in _SQLITE:
        connection.execute(f"PRAGMA {pragma}")
