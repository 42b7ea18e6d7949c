"""Which group a listener belongs to, whether there is room in it, and whose place they take.

A listener *counts* in a group if they finished, or are on their way and have answered something within the study's
``drop_out_h``. Whoever dropped out, withdrew or failed a check does not count: their place in the Latin square and their
clips are given again. Everything here happens in one transaction that excludes the others who are being placed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count

import sqlalchemy as sa

from listening_tests.schema import answers, participants, studies, trials
from listening_tests.study import OTHERS, Study
from listening_tests.timeline import Listener
from listening_tests.trial import trial_types


def place(connection: sa.Connection, participant: str, study: Study, said: Mapping[str, str]) -> tuple[str, Listener | None]:
    """The group of a participant, and what their order is drawn from; or why they cannot take part, and None.

    Must be the first statement of its transaction: it takes the study's row, so that the next who is placed waits.
    """
    connection.execute(studies.update().where(studies.c.study == study.id).values(state=studies.c.state))
    group = study.group(said)
    if group == OTHERS and study.settings.only_groups:
        return "screened_out", None
    me = connection.execute(sa.select(participants).where(participants.c.participant == participant)).mappings().one()
    counted = _counted(connection, study, group, simulated=me["simulated"], besides=participant)
    quota = study.quota(group)
    if quota and len(counted) >= quota:
        return "full", None
    used = Counter(counted.values())
    free = next(p for p in count() if not used[p])
    return group, Listener(me["seed"], said, free, _coverage(connection, list(counted)))


def _counted(connection: sa.Connection, study: Study, group: str, *, simulated: bool, besides: str) -> dict[str, int]:
    """The listeners who count in a group, with their places."""
    since = (datetime.now(UTC) - timedelta(hours=study.settings.drop_out_h)).isoformat(timespec="milliseconds")
    last = sa.select(sa.func.max(answers.c.answered_at)).where(answers.c.participant == participants.c.participant)
    query = sa.select(participants.c.participant, participants.c.place).where(
        participants.c.study == study.id,
        participants.c["group"] == group,
        participants.c.place >= 0,
        participants.c.outcome == "",
        participants.c.simulated == simulated,
        participants.c.participant != besides,
        (participants.c.finished_at != "") | (last.scalar_subquery() >= since),
    )
    return {row.participant: row.place for row in connection.execute(query)}


def _coverage(connection: sa.Connection, counted: list[str]) -> dict[str, int]:
    """How often each clip stands in the orders of these listeners; planned repeats count once."""
    rates = [name for name, kind in trial_types().items() if kind.hears]
    query = (
        sa.select(trials.c.stimulus, sa.func.count())
        .where(trials.c.participant.in_(counted), trials.c.type.in_(rates), trials.c["repeat"] <= 1)
        .group_by(trials.c.stimulus)
    )
    return {stimulus: int(n) for stimulus, n in connection.execute(query)}
