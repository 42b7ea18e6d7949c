"""A server that is killed at any statement of the database, at every step of a session with every type of trial.

Each attempt is a process of its own that ends itself with SIGKILL before its n-th statement or commit, for n = 0, 1, …,
until one comes to its end. Nothing acknowledged is lost, nothing doubles, and the next trial is the one that it was.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from listening_tests import database
from listening_tests.schema import answers, participants, trials
from listening_tests.session import Answered
from listening_tests.store import Store
from tests.browser import whole_study
from tests.browser.walker import proper

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a process that forks")


def _dies(url: str, after: int, act: Callable[[Store], object]) -> bool:
    """Whether a process that does this dies at its statement or commit number ``after``; it ends well if there are fewer."""
    child = os.fork()
    if child == 0:
        engine = sa.create_engine(url)
        sa.event.listen(engine, "connect", database._settings)
        left = after

        def count(*_: object) -> None:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

        sa.event.listen(engine, "before_cursor_execute", count)
        sa.event.listen(engine, "commit", count)
        try:
            act(Store(engine=engine))
            os._exit(0)
        finally:  # whatever was raised: the parent's tests must not run on in here
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the process failed by itself"
    return False


def test_a_server_that_is_killed_at_any_statement_loses_and_doubles_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("EARWITNESS_DATABASE_URL", raising=False)
    study = whole_study.make(tmp_path / "whole")
    monkeypatch.setenv("EARWITNESS_STUDIES", str(study.folder))
    store = Store()
    store.open_study(study)
    (invitation,) = store.invite(study)
    person, url = invitation.participant, database.default_url()
    killed = 0
    order: list[tuple[object, ...]] = []
    given: dict[int, dict[str, object]] = {}

    def attempt(act: Callable[[Store], object], position: int) -> None:
        """Do it in processes that die ever later; after each, ask what is there."""
        nonlocal killed, order
        after = 0
        while True:
            store.engine.dispose()  # a connection must not be shared with the child
            died = _dies(url, after, act)
            drawn, stored = _state(store, person)
            assert drawn[: len(order)] == order
            assert {p: stored.get(p) for p in given} == given
            assert set(stored) - set(given) <= {position, *_skipped(stored)}
            order, after = drawn, after + 1
            killed += died
            if not died:
                return

    attempt(lambda child: child.begin(person, study), -1)
    rng = random.Random(5)
    while (trial := store.begin(person, study).current) and trial.type != "debrief":
        assert trial.position == len(given)
        answer = proper(trial, rng)
        event = Answered(trial.position, answer)
        attempt(lambda child: child.record(person, event), trial.position)  # noqa: B023
        given = _state(store, person)[1]
        assert trial.position in given
    assert store.session(person).finished
    assert sorted(given) == list(range(len(order) - 1))
    assert killed > 3 * len(order)  # each answer: a look at the session, the answer, the commit
    with store.engine.connect() as connection:
        assert connection.execute(sa.select(participants.c.finished_at)).scalar_one()


def _state(store: Store, person: str) -> tuple[list[tuple[object, ...]], dict[int, dict[str, object]]]:
    """The order that was drawn, and the answers by position; read past all caches."""
    mine = sa.select(answers.c.position, answers.c.answer).where(answers.c.participant == person)
    drawn = sa.select(trials.c.position, trials.c.type, trials.c.stimulus, trials.c.key).order_by(trials.c.position)
    with store.engine.connect() as connection:
        rows = connection.execute(mine).all()
        assert len({position for position, _ in rows}) == len(rows)
        return [tuple(row) for row in connection.execute(drawn)], dict(map(tuple, rows))


def _skipped(stored: dict[int, dict[str, object]]) -> set[int]:
    return {position for position, answer in stored.items() if answer.get("skipped")}
