"""Taking data away: when a participant withdraws, and when a study's retention period is over.

Withdrawing deletes the answers, the consents, what was noted beside them, the order of the clips and the participant's row
with all that it held. What stays is a receipt that names nobody: a random code, the study, how many answers were deleted
and when, and the hash of the link, so that the link can show the receipt. Exports that were made before are files of the
researcher's, out of our reach.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from listening_tests import database, versions
from listening_tests.clock import now, stamp
from listening_tests.schema import answers, consents, events, participants, trials, withdrawals
from listening_tests.study import Study

_READABLE = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without I, O, 0 and 1, which people mistake for each other


def readable(length: int) -> str:
    """A random code that people can read out: 5 bits for each character."""
    return "".join(secrets.choice(_READABLE) for _ in range(length))


@dataclass(frozen=True)
class Receipt:
    """What is left of a participant who withdrew."""

    receipt: str
    study: str
    answers: int
    withdrawn_at: str


@dataclass(frozen=True)
class Due:
    """A participant whose data is to be deleted: when they last did something, and the day from which it is due."""

    participant: str
    last_at: str
    due_at: str


def withdraw(engine: sa.Engine, participant: str) -> Receipt | None:
    """Delete what there is of a participant and leave a receipt; None if there is no such participant (any more)."""
    with engine.begin() as connection:
        mine = _leaving(connection, participant)
        if mine is None:
            return None
        given = sa.select(sa.func.count()).where(answers.c.participant == participant)
        count = int(connection.execute(given).scalar_one())
        receipt = Receipt(f"W{readable(10)}", mine.study, count, now())
        connection.execute(withdrawals.insert(), {**vars(receipt), "token_sha256": mine.token_sha256})
        _delete(connection, participant)
    _forget(engine)
    return receipt


def receipt(engine: sa.Engine, study_id: str, token_sha256: str) -> Receipt | None:
    """The receipt that a link shows after its participant withdrew, or None."""
    columns = [withdrawals.c[name] for name in Receipt.__dataclass_fields__]
    query = sa.select(*columns).where(withdrawals.c.study == study_id, withdrawals.c.token_sha256 == token_sha256)
    with engine.connect() as connection:
        row = connection.execute(query).mappings().first()
    return Receipt(**row) if row else None


def expire(engine: sa.Engine, study: Study) -> list[Due]:
    """Delete everything of those whose retention period is over, without a receipt; returns whom it was about."""
    today = now()
    over = [due for due in dues(engine, study) if due.due_at <= today]
    for due in over:
        with engine.begin() as connection:
            if _leaving(connection, due.participant) is not None:
                _delete(connection, due.participant)
    if over:
        _forget(engine)
    return over


def dues(engine: sa.Engine, study: Study) -> list[Due]:
    """When the data of each participant who has begun is to be deleted, soonest first; nobody where nothing is to be.

    The period is ``retention_days`` after the last answer (or the begin, if there is none). Where what the study says now
    differs from what it said when somebody began, the shorter period holds: no one is kept longer than they were told.
    """
    last = sa.select(sa.func.max(answers.c.answered_at)).where(answers.c.participant == participants.c.participant)
    columns = [participants.c[name] for name in ("participant", "study_version", "started_at", "finished_at")]
    query = sa.select(*columns, last.scalar_subquery().label("last_at"))
    with engine.connect() as connection:
        begun = (participants.c.study == study.id) & (participants.c.started_at != "")
        rows = connection.execute(query.where(begun)).mappings().all()
    found = []
    for row in rows:
        days = _days(engine, study, row["study_version"])
        last_at = max(row["started_at"], row["finished_at"], row["last_at"] or "")
        if days:
            due = datetime.fromisoformat(last_at) + timedelta(days=days)
            found.append(Due(row["participant"], last_at, stamp(due)))
    return sorted(found, key=lambda due: (due.due_at, due.participant))


def _days(engine: sa.Engine, study: Study, version: str) -> int:
    told = versions.kept(engine, study.id, version)
    periods = [s.settings.retention_days for s in (study, told) if s is not None]
    return min((days for days in periods if days), default=0)


def _leaving(connection: sa.Connection, participant: str) -> Any:
    """The participant's study and token, if they are still there; marked as leaving, which lets the database delete them.

    The mark comes first, since it locks the row: a second tab waits here, and then finds nobody.
    """
    who = participants.c.participant == participant
    connection.execute(participants.update().where(who).values(withdrawing=True))
    return connection.execute(sa.select(participants.c.study, participants.c.token_sha256).where(who)).first()


def _delete(connection: sa.Connection, participant: str) -> None:
    for table in (answers, consents, events, trials, participants):
        connection.execute(table.delete().where(table.c.participant == participant))


def _forget(engine: sa.Engine) -> None:
    """Take the deleted rows out of SQLite's log as well; secure_delete has overwritten them in the file itself.

    Whoever writes waits meanwhile, so this gives up quickly where somebody is reading; SQLite then does it by and by.
    """
    if database.is_sqlite(engine):
        with suppress(sa.exc.OperationalError), engine.connect() as connection:
            connection.execute(sa.text("PRAGMA busy_timeout=200"))
            connection.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))
            connection.execute(sa.text(f"PRAGMA busy_timeout={database.BUSY_MS}"))
