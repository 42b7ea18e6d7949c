"""Which group a listener belongs to, whether there is room in it, and whose place they take.

A listener *counts* in a group if they finished, or are on their way and have answered something within the study's
``drop_out_h``. Whoever dropped out, withdrew or failed a check does not count: their place in the Latin square and their
clips are given again. Everything here happens in one transaction that excludes the others who are being placed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from listening_tests.schema import answers, participants, studies, trials
from listening_tests.settings import leaves
from listening_tests.study import OTHERS, Study
from listening_tests.timeline import Listener


def place(connection: sa.Connection, participant: str, study: Study, said: Mapping[str, str]) -> tuple[str, Listener | None]:
    """The group of a participant, and what their order is drawn from; or why they cannot take part, and None.

    Must be the first statement of its transaction: it takes the study's row, so that the next who is placed waits.
    """
    connection.execute(studies.update().where(studies.c.study == study.id).values(state=studies.c.state))
    group = study.group(said)
    if group == OTHERS and study.settings.only_groups:
        return "screened_out", None
    me = connection.execute(sa.select(participants).where(participants.c.participant == participant)).mappings().one()
    who = _counts(study, group, simulated=me["simulated"], besides=participant)
    taken = list(connection.execute(sa.select(participants.c.place).where(who)).scalars())
    quota = study.quota(group)
    if quota and len(taken) >= quota:
        return "full", None
    free = min(set(range(len(taken) + 1)) - set(taken))
    return group, Listener(me["seed"], said, free, _coverage(connection, study, who))


def _counts(study: Study, group: str, *, simulated: bool, besides: str) -> sa.ColumnElement[bool]:
    """Whether a participant counts in the group; simulated listeners and people are counted apart."""
    since = (datetime.now(UTC) - timedelta(hours=study.settings.drop_out_h)).isoformat(timespec="milliseconds")
    active = sa.exists().where(answers.c.participant == participants.c.participant, answers.c.answered_at >= since)
    return sa.and_(
        participants.c.study == study.id,
        participants.c["group"] == group,
        participants.c.place >= 0,
        participants.c.outcome == "",
        participants.c.simulated == simulated,
        participants.c.participant != besides,
        (participants.c.finished_at != "") | active,
    )


def _coverage(connection: sa.Connection, study: Study, who: sa.ColumnElement[bool]) -> dict[tuple[str, str], int]:
    """How often each clip stands in the orders of these listeners, by type of trial; planned repeats count once.

    It is asked for only where a listener hears a part of the clips: everybody else waits for whoever is being placed.
    """
    shared = {entry.trial for entry in leaves(study.timeline) if entry.parameters.get("per_listener")}
    if not shared:
        return {}
    query = (
        sa.select(trials.c.type, trials.c.stimulus, sa.func.count())
        .select_from(participants.join(trials))
        .where(who, trials.c.type.in_(shared), trials.c["repeat"] <= 1)
        .group_by(trials.c.type, trials.c.stimulus)
    )
    return {(kind, stimulus): int(n) for kind, stimulus, n in connection.execute(query)}
