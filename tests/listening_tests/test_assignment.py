"""Who takes part in which group, whose place they take, and that nobody takes one that is gone."""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from listening_tests import store as stores
from listening_tests import study as studies
from listening_tests.schema import participants, trials
from listening_tests.session import Answered, Session
from listening_tests.store import Store
from listening_tests.study import Study
from listening_tests.trial import trial_types

GERMAN = {
    "native_languages": "de",
    "dialects": "",
    "proficiency": "en:C",
    "age_band": "25–34",
    "hearing": "hearing_normal",
}
POLISH = {**GERMAN, "native_languages": "pl", "proficiency": "en:C de:B"}


def edited(folder: Path, *changes: tuple[str, str]) -> Study:
    """The study of tones, changed."""
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    return studies.load(folder)


@pytest.fixture
def small(folder: Path) -> Study:
    """The study with places for three German listeners, each of whom labels two of the four clips."""
    return edited(
        folder,
        ("native: de}", "native: de, quota: 3}"),
        (
            "{trial: label}",
            "{block: b, order: latin_square, timeline: [{trial: label, per_listener: 2}, {trial: attention}]}",
        ),
    )


def invited(store: Store, study: Study, *, simulated: bool = False) -> str:
    return store.invite(study, simulated=[1] if simulated else None)[0].participant


def said(store: Store, study: Study, person: str, background: dict[str, str] = GERMAN) -> Session:
    """Somebody who opens the link, agrees and answers the background form."""
    store.begin(person, study)
    store.record(person, Answered(0, {"agreed": True}))
    return store.record(person, Answered(1, background))


def finish(store: Store, person: str) -> None:
    session, rng = store.session(person), random.Random(1)
    while not session.finished and (trial := session.current):
        session = store.record(person, Answered(trial.position, trial_types()[trial.type].simulate(trial, rng)))


def row(store: Store, person: str) -> sa.RowMapping:
    with store.engine.connect() as connection:
        return connection.execute(sa.select(participants).where(participants.c.participant == person)).mappings().one()


def long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, what is stored is of two days ago."""
    then = (datetime.now(UTC) - timedelta(days=2)).isoformat(timespec="milliseconds")
    monkeypatch.setattr(stores, "now", lambda: then)


def test_each_listener_of_a_group_gets_the_next_place_and_other_groups_count_from_0(store, small):
    people = [invited(store, small) for _ in range(5)]
    for person, background in zip(people, (GERMAN, POLISH, GERMAN, POLISH, GERMAN), strict=True):
        said(store, small, person, background)
    placed = [(row(store, p)["group"], row(store, p)["place"]) for p in people]
    assert [place for group, place in placed if group == "German listeners"] == [0, 1, 2]
    assert [place for group, place in placed if group == studies.OTHERS] == [0, 1]
    types = [[t.type for t in store.session(p).trials if t.block_name] for p in people]
    assert [kinds[0] for kinds in types] == ["label", "label", "attention", "attention", "label"]


def test_who_comes_when_the_group_is_full_is_told_so_and_hears_nothing(store, small):
    for _ in range(3):
        said(store, small, invited(store, small))
    late = said(store, small, person := invited(store, small))
    assert late.ended == "full"
    assert late.current is None
    assert row(store, person)["place"] == -1
    assert store.begin(person, small).ended == "full"
    assert said(store, small, invited(store, small), POLISH).ended == ""  # others have no quota


def test_who_fits_no_group_is_sent_home_where_the_study_is_for_its_groups_only(store, folder):
    study = edited(folder, ("timeline:", "only_groups: true\ntimeline:"))
    assert said(store, study, invited(store, study), POLISH).ended == "screened_out"
    assert said(store, study, invited(store, study)).ended == ""


def test_who_drops_out_gives_their_place_and_their_clips_to_the_next(store, small, monkeypatch):
    first, second, third, fourth = (invited(store, small) for _ in range(4))
    said(store, small, first)
    with monkeypatch.context() as patch:
        long_ago(patch)
        said(store, small, second)
    said(store, small, third)
    said(store, small, fourth)
    assert [row(store, p)["place"] for p in (first, second, third, fourth)] == [0, 1, 1, 2]
    heard = [frozenset(t.stimulus for t in store.session(p).trials if t.type == "label") for p in (first, second, third)]
    assert heard[1] == heard[2] == {"001", "002", "003", "004"} - heard[0]


def test_who_answered_long_ago_but_to_the_end_still_counts(store, small, monkeypatch):
    done, late = invited(store, small), invited(store, small)
    with monkeypatch.context() as patch:
        long_ago(patch)
        said(store, small, done)
        finish(store, done)
    said(store, small, late)
    assert row(store, done)["finished_at"]
    assert row(store, late)["place"] == 1


@pytest.mark.parametrize("outcome", ["failed_check", "withdrawn"])
def test_who_failed_a_check_or_withdrew_gives_their_place_back(store, small, outcome):
    person, following = invited(store, small), invited(store, small)
    said(store, small, person)
    with store.engine.begin() as connection:
        connection.execute(participants.update().where(participants.c.participant == person).values(outcome=outcome))
    said(store, small, following)
    assert row(store, following)["place"] == 0


def test_simulated_listeners_take_no_place_from_people(store, small):
    for _ in range(3):
        said(store, small, invited(store, small, simulated=True))
    assert said(store, small, invited(store, small, simulated=True)).ended == "full"
    person = invited(store, small)
    assert said(store, small, person).ended == ""
    assert row(store, person)["place"] == 0


def test_of_many_who_want_the_last_places_at_once_exactly_as_many_as_there_are_get_one(store, small):
    people = [invited(store, small) for _ in range(12)]
    for person in people:
        store.begin(person, small)
        store.record(person, Answered(0, {"agreed": True}))
    start = threading.Barrier(len(people))

    def come(person: str) -> str:
        own = Store()
        start.wait()
        return own.record(person, Answered(1, GERMAN)).ended

    with ThreadPoolExecutor(len(people)) as pool:
        ended = list(pool.map(come, people))
    assert Counter(ended) == {"": 3, "full": 9}
    placed = [p for p, end in zip(people, ended, strict=True) if not end]
    assert sorted(row(store, p)["place"] for p in placed) == [0, 1, 2]
    heard = Counter(t.stimulus for p in placed for t in store.session(p).trials if t.type == "label")
    assert set(heard.values()) <= {1, 2}
    assert len(heard) == 4


def test_two_tabs_that_send_the_background_at_once_take_one_place(store, small):
    person = invited(store, small)
    store.begin(person, small)
    store.record(person, Answered(0, {"agreed": True}))

    def send(_: int) -> Session:
        store.record(person, Answered(1, GERMAN))
        return store.begin(person, small)  # what the page does next

    with ThreadPoolExecutor(6) as pool:
        sessions = list(pool.map(send, range(6)))
    assert len({tuple(t.key for t in s.trials) for s in sessions}) == 1
    assert row(store, person)["place"] == 0
    said(store, small, following := invited(store, small))
    assert row(store, following)["place"] == 1


def test_over_many_listeners_of_whom_some_drop_out_every_clip_is_rated_equally_often(store, folder, monkeypatch):
    study = edited(folder, ("{trial: label}", "{trial: label, per_listener: 3, repeats: 1}"))
    stayed = []
    for n in range(20):
        person = invited(store, study)
        if n % 4 == 1:
            with monkeypatch.context() as patch:
                long_ago(patch)
                said(store, study, person)
        else:
            said(store, study, person)
            finish(store, person)
            stayed.append(person)
    query = sa.select(trials.c.stimulus).where(
        trials.c.participant.in_(stayed), trials.c.type == "label", trials.c["repeat"] <= 1
    )
    with store.engine.connect() as connection:
        rated = Counter(connection.execute(query).scalars())
    assert sum(rated.values()) == 45
    assert set(rated.values()) <= {11, 12}  # 45 ratings of four clips


def test_groups_are_covered_apart(store, folder):
    study = edited(folder, ("{trial: label}", "{trial: label, per_listener: 2}"))
    heard = []
    for background in (GERMAN, POLISH, GERMAN, POLISH):
        person = invited(store, study)
        said(store, study, person, background)
        heard.append({t.stimulus for t in store.session(person).trials if t.type == "label"})
    assert not heard[0] & heard[2]
    assert not heard[1] & heard[3]
