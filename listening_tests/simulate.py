"""Run a study without people: each simulated listener answers every trial as its type declares."""

from __future__ import annotations

import random

from listening_tests.session import Answered
from listening_tests.store import Store
from listening_tests.study import Study
from listening_tests.trial import trial_types


def simulate(study: Study, store: Store, *, listeners: int, seed: int) -> list[str]:
    """Add simulated listeners, marked as such in every table; returns their ids.

    The same seed gives the same backgrounds, orders and answers again; only the ids of the listeners are others.
    """
    rng = random.Random(seed)
    seeds = [rng.getrandbits(62) for _ in range(listeners)]
    people = [i.participant for i in store.invite(study, simulated=seeds)]
    for person in people:
        session = store.begin(person, study)
        while not session.finished and (trial := session.current):
            answer = trial_types()[trial.type].simulate(trial, rng)
            session = store.record(person, Answered(trial.position, answer))
    return people
