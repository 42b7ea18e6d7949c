"""What a study's participants left in the database, as data frames: read whole for the export, counted for the overview.

``people``, ``trials`` and ``consents`` have a row each; ``standing`` and ``counts`` let the database count, so that looking
at a study every few seconds costs its listeners nothing, however many answers there are.
"""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa

from listening_tests import schema
from listening_tests.schema import answers, participants
from listening_tests.store import Store

_SECRET = ("token_sha256", "seed", "withdrawing")


def people(store: Store, study_id: str) -> pd.DataFrame:
    """Every participant of a study in the order of invitation, without what opens their link."""
    columns = [c for c in participants.c if c.name not in _SECRET]
    return _frame(store, sa.select(*columns).where(participants.c.study == study_id).order_by(*_ORDER))


def trials(store: Store, study_id: str, *, types: list[str] | None = None) -> pd.DataFrame:
    """Every trial that was drawn, with its answer (a dict; None if there is none yet) and ``answered_at`` (then empty).

    Args:
        store: where to read.
        study_id: of which study.
        types: only trials of these types.
    """
    drawn = schema.trials
    columns = [c for c in drawn.c if c.name != "key"]
    query = (
        sa.select(*columns, answers.c.answer, answers.c.answered_at)
        .select_from(drawn.join(participants).outerjoin(answers, _same(drawn)))
        .where(participants.c.study == study_id)
        .order_by(*_ORDER, drawn.c.position)
    )
    found = _frame(store, query if types is None else query.where(drawn.c.type.in_(types)))
    return found.assign(answered_at=found["answered_at"].fillna("").astype("str"))


def consents(store: Store, study_id: str) -> pd.DataFrame:
    """Everything that was said to the consent text, in order; a no as well."""
    said = schema.consents
    columns = [c for c in said.c if c.name != "id"]
    query = sa.select(*columns).select_from(said.join(participants)).where(participants.c.study == study_id)
    return _frame(store, query.order_by(*_ORDER, said.c.id))


def standing(store: Store, study_id: str) -> pd.DataFrame:
    """How many answers each participant has given (``answered``), and when the last one was (``last_at``)."""
    columns = (answers.c.participant, sa.func.count().label("answered"), sa.func.max(answers.c.answered_at).label("last_at"))
    query = sa.select(*columns).join(participants, participants.c.participant == answers.c.participant)
    return _frame(store, query.where(participants.c.study == study_id).group_by(answers.c.participant))


def counts(store: Store, study_id: str) -> pd.DataFrame:
    """How many trials were drawn and how many answered: a row for each participant, type, block and its name."""
    drawn = schema.trials
    unit = (drawn.c.participant, drawn.c.block, drawn.c.block_name, drawn.c.type)
    columns = (*unit, sa.func.count().label("drawn"), sa.func.count(answers.c.participant).label("answered"))
    query = sa.select(*columns).select_from(drawn.join(participants).outerjoin(answers, _same(drawn)))
    return _frame(store, query.where(participants.c.study == study_id).group_by(*unit).order_by(*unit))


def times(store: Store, study_id: str) -> pd.DataFrame:
    """When each answer was given, in the order shown: ``participant, position, type, answered_at``."""
    drawn = schema.trials
    columns = (answers.c.participant, answers.c.position, drawn.c.type, answers.c.answered_at)
    query = sa.select(*columns).select_from(answers.join(drawn, _same(drawn)).join(participants))
    return _frame(store, query.where(participants.c.study == study_id).order_by(answers.c.participant, answers.c.position))


def versions(store: Store, study_id: str) -> pd.DataFrame:
    """Every version of a study that somebody began with, the first one first: ``version, kept_at``."""
    kept = schema.versions
    query = sa.select(kept.c.version, kept.c.kept_at).where(kept.c.study == study_id)
    return _frame(store, query.order_by(kept.c.kept_at, kept.c.version))


def withdrawn(store: Store, study_id: str) -> int:
    """How many participants have taken everything back."""
    query = sa.select(sa.func.count()).select_from(schema.withdrawals).where(schema.withdrawals.c.study == study_id)
    with store.engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


_ORDER = (participants.c.invited_at, participants.c.participant)


def _same(drawn: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(answers.c.participant == drawn.c.participant, answers.c.position == drawn.c.position)


def _frame(store: Store, query: sa.Select[tuple[object, ...]]) -> pd.DataFrame:
    with store.engine.connect() as connection:
        rows = connection.execute(query)
        return pd.DataFrame(rows.all(), columns=list(rows.keys()))
