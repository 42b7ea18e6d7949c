"""What participants give is kept: once, in order, and for good."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from listening_tests import database, progress, schema, timeline
from listening_tests.session import Answered, Refused
from listening_tests.store import Store
from listening_tests.timeline import Listener
from ser_core.errors import BadInput
from tests.listening_tests.conftest import DURABLE

BACKGROUND = {
    "native_languages": "de",
    "dialects": "",
    "proficiency": "en:C",
    "age_band": "25–34",
    "hearing": "hearing_normal",
}
HEARD = {"label": "sad", "plays": 1, "completions": 1, "response_s": 1.25, "failed": ""}


def _begin(store, study):
    (invited,) = store.invite(study)
    return invited.participant, store.begin(invited.participant, study)


def _described(store, person):
    """After consent and background."""
    store.record(person, Answered(0, {"agreed": True}))
    return store.record(person, Answered(1, BACKGROUND))


def _rows(store: Store, table: sa.Table) -> list[sa.RowMapping]:
    with store.engine.connect() as connection:
        return list(connection.execute(sa.select(table)).mappings())


def test_the_token_is_not_in_the_database(store, study):
    (invited,) = store.invite(study)
    assert len(invited.token) >= 22  # 128 bits in base64
    dump = str(_rows(store, schema.participants))
    assert invited.token not in dump
    assert hashlib.sha256(invited.token.encode()).hexdigest() in dump
    assert store.participant("tones", invited.token).participant == invited.participant


@pytest.mark.parametrize(("study_id", "token"), [("tones", "wrong"), ("other", None), ("tones", "")])
def test_a_wrong_token_or_study_opens_nothing(store, study, study_id, token):
    (invited,) = store.invite(study)
    assert store.participant(study_id, invited.token if token is None else token) is None


def test_the_order_is_drawn_once_and_kept(store, study):
    person, first = _begin(store, study)
    assert store.begin(person, study) == first
    assert Store().session(person) == first
    assert [t.type for t in first.trials] == ["consent", "background"]
    whole = _described(store, person)
    assert [t.type for t in whole.trials] == ["consent", "background", "training", *["label"] * 4, "debrief"]
    assert {t.stimulus for t in whole.trials if t.type == "label"} == {"001", "002", "003", "004"}
    assert whole.trials[:2] == first.trials
    assert store.begin(person, study) == Store().session(person) == whole


def test_two_tabs_that_open_at_once_share_one_order(store, study):
    (invited,) = store.invite(study)
    with ThreadPoolExecutor(8) as pool:
        sessions = list(pool.map(lambda _: store.begin(invited.participant, study), range(8)))
    assert len({tuple(t.key for t in s.trials) for s in sessions}) == 1


def test_the_order_follows_from_the_seed_and_differs_between_seeds(study):
    def order(seed):
        return [t.stimulus for t in timeline.draw(study, Listener(seed))]

    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(20)}) > 5


def test_clip_names_are_random_and_say_nothing(store, study):
    _, session = _begin(store, study)
    _, other = _begin(store, study)
    keys = [t.key for t in (*session.trials, *other.trials)]
    assert len(set(keys)) == len(keys)
    assert all(len(k) >= 22 for k in keys)


def test_an_answer_is_stored_exactly_once_whatever_arrives(store, study):
    person, _ = _begin(store, study)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.record(person, Answered(0, {"agreed": True})), range(16)))
    assert len(_rows(store, schema.answers)) == 1
    store.record(person, Answered(0, {"agreed": False}))
    assert _rows(store, schema.answers)[0]["answer"] == {"agreed": True}


def test_a_refused_answer_leaves_an_event_and_no_answer(store, study):
    person, _ = _begin(store, study)
    with pytest.raises(Refused):
        store.record(person, Answered(5, HEARD))
    assert _rows(store, schema.answers) == []
    assert [(e["position"], e["kind"], e["detail"]) for e in _rows(store, schema.events)] == [
        (5, "refused", {"reason": "not_open"})
    ]


def test_only_what_a_trial_declares_is_kept_of_an_answer(store, study):
    person, _ = _begin(store, study)
    store.record(person, Answered(0, {"agreed": True, "planted": "x" * 100_000}))
    assert _rows(store, schema.answers)[0]["answer"] == {"agreed": True}


def test_the_database_itself_refuses_to_change_an_answer_or_a_consent(store, study):
    person, _ = _begin(store, study)
    store.consent(person, study, language="de", agreed=True)
    store.record(person, Answered(0, {"agreed": True}))
    for table in (schema.answers, schema.consents):
        column = table.c.answered_at
        with pytest.raises(sa.exc.DatabaseError, match="append-only"), store.engine.begin() as connection:
            connection.execute(table.update().values({column: "1999"}))


def test_consent_is_kept_with_the_text_its_version_its_language_and_the_time(store, study):
    person, _ = _begin(store, study)
    store.consent(person, study, language="de", agreed=False)
    store.consent(person, study, language="de", agreed=True)
    no, yes = _rows(store, schema.consents)
    assert (no["agreed"], yes["agreed"]) == (False, True)
    assert yes["text_version"] == "3"
    assert yes["text_sha256"] == hashlib.sha256(b"Bitte zustimmen.").hexdigest()
    assert yes["language"] == "de"
    assert yes["answered_at"].endswith("+00:00")


def test_a_session_goes_on_where_it_stopped_after_a_restart(store, study):
    person, _ = _begin(store, study)
    _described(store, person)
    reopened = Store().session(person)
    assert reopened.current.position == 2
    assert reopened.answered == {0, 1}


def test_the_last_answer_finishes_the_session(store, study):
    person, _ = _begin(store, study)
    for trial in _described(store, person).trials[2:-1]:
        assert progress.listeners(study, store)["finished_at"].tolist() == [""]
        store.record(person, Answered(trial.position, HEARD))
    row = progress.listeners(study, store).iloc[0]
    assert row["finished_at"]
    assert (row["group"], row["answered"], row["trials"]) == ("German listeners", 7, 7)


def test_the_migrations_make_the_declared_tables(store):
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []


def test_sqlite_is_set_so_that_a_power_cut_loses_no_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_SQLITE", DURABLE)
    with database.engine(f"sqlite:///{tmp_path / 'answers.db'}").connect() as connection:
        modes = [
            connection.execute(sa.text(f"PRAGMA {p}")).scalar() for p in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert modes == ["wal", 2, 1]


def test_another_database_can_be_named(tmp_path: Path, monkeypatch, folder):
    monkeypatch.setenv("EARWITNESS_DATABASE_URL", f"sqlite:///{tmp_path / 'elsewhere' / 'a.db'}")
    Store()
    assert (tmp_path / "elsewhere" / "a.db").exists()


@pytest.mark.parametrize("count", [-1, 0, 10_001, 99_999_999_999])
def test_nobody_and_far_too_many_are_not_invited(store, study, count):
    with pytest.raises(BadInput, match="at least one listener and at most 10,000"):
        store.invite(study, count)
