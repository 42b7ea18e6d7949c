"""A study as a listener meets it, with nothing stored: each preview has a database of its own, in memory.

A preview is made by a researcher's page, works for drafts, and is gone with the process or when 16 others were made after
it. Its link holds a token as a participant's does, and opens nothing else.
"""

from __future__ import annotations

import random
import threading
from collections import OrderedDict
from urllib.parse import urlencode

from listening_tests import database
from listening_tests.session import Answered, Session
from listening_tests.store import Participant, Store
from listening_tests.study import Study
from listening_tests.trial import Trial, trial_types

_MOST = 16
_LOCK = threading.Lock()
_PREVIEWS: OrderedDict[str, Store] = OrderedDict()


def link(study: Study, address: str) -> str:
    """Make a preview; its link. ``address``: of the server, with nothing after it."""
    return f"{address}/listen?{urlencode({'study': study.id, 'preview': make(study)})}"


def make(study: Study) -> str:
    """Make a preview; its token."""
    store = Store(engine=database.in_memory())
    store.open_study(study, prepare=False)
    (invitation,) = store.invite(study)
    with _LOCK:
        _PREVIEWS[invitation.token] = store
        if len(_PREVIEWS) > _MOST:
            _, oldest = _PREVIEWS.popitem(last=False)
            oldest.engine.dispose()
    return invitation.token


def find(token: str) -> Store | None:
    """The store of a preview, or None if there is none (any more)."""
    return _PREVIEWS.get(token)


def by_key(key: str) -> tuple[Store, Participant, Trial] | None:
    """The participant and trial that the random name of a clip belongs to, in the answers' database or a preview's."""
    for store in (Store(), *list(_PREVIEWS.values())):
        if found := store.by_key(key):
            return (store, *found)
    return None


def skip(store: Store, participant: str, *, part: bool = False) -> Session:
    """Answer the open trial as a simulated listener does; with ``part`` also those after it of the same type and block."""
    session = store.session(participant)
    first = session.current
    while (trial := session.current) and first and trial_types()[trial.type].check(trial, {}) != "not_open":
        if trial.position != first.position and not (part and (trial.type, trial.block) == (first.type, first.block)):
            break
        answer = trial_types()[trial.type].simulate(trial, random.Random(trial.key))
        session = store.record(participant, Answered(trial.position, answer))
    return session


def again(token: str, study: Study) -> str:
    """Begin a preview anew, with the study as it is now; its new token."""
    with _LOCK:
        before = _PREVIEWS.pop(token, None)
    if before:
        before.engine.dispose()
    return make(study)
