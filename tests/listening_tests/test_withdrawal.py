"""What somebody takes back is gone: from the database, its files and every cache; a receipt stays that names nobody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from listening_tests import schema, withdrawal
from listening_tests.clock import stamp
from listening_tests.session import Answered, Refused
from listening_tests.store import Invitation, Store
from listening_tests.study import load
from tests.listening_tests.test_store import BACKGROUND, HEARD

OF_PEOPLE = (schema.participants, schema.trials, schema.answers, schema.consents, schema.events)


def _rows(store: Store, table: sa.Table) -> list[sa.RowMapping]:
    with store.engine.connect() as connection:
        return list(connection.execute(sa.select(table)).mappings())


def _listened(store, study, *, answers: int) -> Invitation:
    (invitation,) = store.invite(study)
    person = invitation.participant
    store.begin(person, study)
    store.consent(person, study, language="de", agreed=True)
    for given in [{"agreed": True}, BACKGROUND, *[HEARD] * 5][:answers]:
        session = store.session(person)
        store.record(person, Answered(session.current.position, given))
    store.log(person, 0, "seen", {})
    return invitation


@pytest.mark.parametrize("answers", [0, 1, 4, 7])
def test_nothing_of_a_participant_stays_but_a_receipt(store, study, answers):
    stays, goes = _listened(store, study, answers=3), _listened(store, study, answers=answers)
    receipt = store.withdraw(goes.participant)
    assert (receipt.study, receipt.answers) == ("tones", answers)
    for table in OF_PEOPLE:
        assert {row["participant"] for row in _rows(store, table)} == {stays.participant}
    (left,) = _rows(store, schema.withdrawals)
    assert set(left) == {"receipt", "study", "token_sha256", "answers", "withdrawn_at"}
    assert goes.participant not in str(left)
    assert store.receipt("tones", goes.token) == receipt
    assert store.participant("tones", goes.token) is None
    assert store.session(stays.participant).answered == {0, 1, 2}


def test_who_was_only_invited_can_withdraw_too(store, study):
    (invitation,) = store.invite(study)
    assert store.withdraw(invitation.participant).answers == 0
    with pytest.raises(Refused, match="withdrawn"):
        store.begin(invitation.participant, study)


def test_withdrawing_twice_or_from_two_tabs_leaves_one_receipt(store, study):
    goes = _listened(store, study, answers=4)
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda _: store.withdraw(goes.participant), range(8)))
    assert sum(r is not None for r in receipts) == 1
    assert len(_rows(store, schema.withdrawals)) == 1
    assert store.withdraw(goes.participant) is None


def test_whatever_another_tab_sends_afterwards_is_refused_and_not_stored(store, study):
    goes = _listened(store, study, answers=3)
    session = store.session(goes.participant)
    Store().withdraw(goes.participant)
    for attempt in (
        lambda: store.record(goes.participant, Answered(session.current.position, HEARD)),
        lambda: store.session(goes.participant),
        lambda: store.begin(goes.participant, study),
        lambda: store.study_of(goes.participant),
    ):
        with pytest.raises(Refused, match="withdrawn"):
            attempt()
    store.log(goes.participant, 3, "late", {})
    store.consent(goes.participant, study, language="de", agreed=True)
    store.set_language(goes.participant, "en")
    assert store.by_key(session.current.key) is None
    assert all(_rows(store, table) == [] for table in OF_PEOPLE)


def test_answers_and_consents_go_only_with_their_participant(store, study):
    person = _listened(store, study, answers=3).participant
    for table in (schema.answers, schema.consents):
        with pytest.raises(sa.exc.DatabaseError, match="kept"), store.engine.begin() as connection:
            connection.execute(table.delete().where(table.c.participant == person))


def test_what_was_said_is_not_in_the_files_of_the_database_either(store, study):
    (invitation,) = store.invite(study)
    person = invitation.participant
    store.begin(person, study)
    store.record(person, Answered(0, {"agreed": True}))
    store.record(person, Answered(1, {**BACKGROUND, "native_languages": "de tlh"}))
    assert "de tlh" in _bytes(store)
    store.withdraw(person)
    assert "de tlh" not in _bytes(store)
    assert person not in _bytes(store)


def _bytes(store: Store) -> str:
    file = Path(str(store.engine.url.database))
    found = [path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*"))]
    return b"".join(found).decode("latin-1")


def test_the_place_of_who_withdrew_is_given_again(store, folder):
    text = (folder / "study.yaml").read_text(encoding="utf-8").replace("native: de}", "native: de, quota: 1}")
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    study = load(folder)
    first, second = _listened(store, study, answers=2), _listened(store, study, answers=2)
    assert store.session(second.participant).ended == "full"
    store.withdraw(first.participant)
    third = _listened(store, study, answers=2)
    assert not store.session(third.participant).ended


# --- the retention period ---


def _last_active(store, person: str, days_ago: float) -> None:
    """Move what somebody did into the past. The database refuses to change an answer, so it is written anew."""
    at = stamp(datetime.now(UTC) - timedelta(days=days_ago))
    answers, participants = schema.answers, schema.participants
    with store.engine.begin() as connection:
        who = participants.c.participant == person
        rows = list(connection.execute(sa.select(answers).where(answers.c.participant == person)).mappings())
        connection.execute(participants.update().where(who).values(withdrawing=True, started_at=at))
        connection.execute(answers.delete().where(answers.c.participant == person))
        for row in rows:
            connection.execute(answers.insert(), {**row, "answered_at": at})
        finished = sa.case((participants.c.finished_at != "", at), else_="")
        connection.execute(participants.update().where(who).values(withdrawing=False, finished_at=finished))


def _retaining(folder: Path, days: int):
    path = folder / "study.yaml"
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("retention_days")]
    path.write_text("\n".join([*kept, f"retention_days: {days}"]) + "\n", encoding="utf-8")
    return load(folder)


def test_data_goes_when_its_period_is_over_and_not_a_day_before(store, folder):
    study = _retaining(folder, 30)
    people = {days: _listened(store, study, answers=n).participant for days, n in ((29.9, 7), (30.1, 7), (45, 3), (90, 0))}
    (waiting,) = store.invite(study)
    for days, person in people.items():
        _last_active(store, person, days)
    with store.engine.begin() as connection:
        connection.execute(schema.participants.update().values(invited_at="2001-01-01T00:00:00.000+00:00"))
    dues = withdrawal.dues(store.engine, study)
    assert [due.participant for due in dues] == [people[d] for d in (90, 45, 30.1, 29.9)]
    assert {due.participant for due in store.expire(study)} == {people[30.1], people[45], people[90]}
    left = {row["participant"] for row in _rows(store, schema.participants)}
    assert left == {people[29.9], waiting.participant}
    assert {row["participant"] for row in _rows(store, schema.answers)} == {people[29.9]}
    assert _rows(store, schema.withdrawals) == []  # nobody withdrew
    assert store.expire(study) == []


def test_without_a_period_nothing_expires(store, study):
    person = _listened(store, study, answers=7).participant
    _last_active(store, person, 10_000)
    assert withdrawal.dues(store.engine, study) == store.expire(study) == []


@pytest.mark.parametrize(("told", "now", "days"), [(30, 365, 30), (365, 30, 30), (0, 30, 30), (30, 0, 30)])
def test_nobody_is_kept_longer_than_they_were_told(store, folder, told, now, days):
    person = _listened(store, _retaining(folder, told), answers=2).participant
    _last_active(store, person, 10)
    (due,) = withdrawal.dues(store.engine, _retaining(folder, now))
    span = datetime.fromisoformat(due.due_at) - datetime.fromisoformat(due.last_at)
    assert span == timedelta(days=days)
