"""A study is a draft, open or closed; links do what they say; who has begun goes on with the study as it was."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
import sqlalchemy as sa

from listening_tests import assignment, copies, life, schema, timeline
from listening_tests import study as studies
from listening_tests.session import Answered, Refused
from listening_tests.store import Store
from listening_tests.timeline import Listener
from tests.listening_tests.conftest import tone
from tests.listening_tests.test_store import BACKGROUND


@pytest.fixture
def fresh(tmp_path, store) -> Store:
    """A database in which nobody has opened anything."""
    return Store(f"sqlite:///{tmp_path / 'fresh' / 'answers.db'}")


def _invited(store, study) -> str:
    return store.invite(study)[0].participant


def _described(store, person):
    store.record(person, Answered(0, {"agreed": True}))
    return store.record(person, Answered(1, BACKGROUND))


def test_a_study_is_a_draft_until_it_is_opened_and_can_be_closed_and_opened_again(fresh, study):
    assert fresh.state("tones") == fresh.state("never heard of") == "draft"
    fresh.close_study("tones")
    assert fresh.state("tones") == "draft"
    for act, state in (
        (fresh.open_study, "open"),
        (lambda s: fresh.close_study(s.id), "closed"),
        (fresh.open_study, "open"),
    ):
        act(study)
        assert fresh.state("tones") == state
        assert Store(fresh.engine.url.render_as_string()).state("tones") == state


@pytest.mark.parametrize(("closed", "reason"), [(False, "not_open_yet"), (True, "closed")])
def test_nobody_begins_with_a_study_that_is_not_open(fresh, study, closed, reason):
    person = _invited(fresh, study)
    if closed:
        fresh.open_study(study)
        fresh.close_study("tones")
    with pytest.raises(Refused, match=reason):
        fresh.begin(person, study)
    fresh.open_study(study)
    assert fresh.begin(person, study).current.type == "consent"


def test_who_has_begun_finishes_after_the_study_was_closed(store, study):
    begun, late = _invited(store, study), _invited(store, study)
    store.begin(begun, study)
    store.close_study("tones")
    assert _described(store, begun).drawn
    assert store.begin(begun, study).current.type == "training"
    with pytest.raises(Refused, match="closed"):
        store.begin(late, study)


def test_simulated_listeners_try_out_a_draft(fresh, study):
    (invitation,) = fresh.invite(study, simulated=[7])
    assert fresh.begin(invitation.participant, study).current.type == "consent"
    assert fresh.state("tones") == "draft"


# --- the one link for all ---


def test_the_link_for_all_makes_a_participant_each_time(store, study):
    code = store.new_join_code(study)
    tokens = {store.join("tones", code) for _ in range(3)}
    assert len(tokens) == 3
    assert len({store.participant("tones", token).participant for token in tokens}) == 3
    assert all(len(token) >= 22 for token in tokens)


@pytest.mark.parametrize("code", ["", "guess", "ü", "x" * 10_000])
def test_a_wrong_code_lets_nobody_in(store, study, code):
    with pytest.raises(Refused, match="wrong_link"):
        store.join("tones", code)
    store.new_join_code(study)
    with pytest.raises(Refused, match="wrong_link"):
        store.join("tones", code)


def test_a_link_for_all_can_be_renewed_and_taken_back(store, study):
    first = store.new_join_code(study)
    token = store.join("tones", first)
    second = store.new_join_code(study)
    assert store.join_code("tones") == second != first
    with pytest.raises(Refused, match="wrong_link"):
        store.join("tones", first)
    store.revoke_join_code(study)
    assert store.join_code("tones") == ""
    with pytest.raises(Refused, match="wrong_link"):
        store.join("tones", second)
    assert store.participant("tones", token) is not None  # who came by it keeps their own link


def test_nobody_joins_a_study_that_is_not_open(fresh, study):
    code = fresh.new_join_code(study)
    with pytest.raises(Refused, match="not_open_yet"):
        fresh.join("tones", code)
    fresh.open_study(study)
    assert fresh.join("tones", code, external_id="known")
    fresh.close_study("tones")
    with pytest.raises(Refused, match="closed"):
        fresh.join("tones", code, external_id="new")
    assert fresh.join("tones", code, external_id="known")  # they may have begun, and can finish


def test_the_same_external_id_is_the_same_participant_even_from_two_tabs_at_once(store, study):
    code = store.new_join_code(study)
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda _: store.join("tones", code, external_id="5f3c"), range(16)))
    other = store.join("tones", code, external_id="5f3d")
    assert len(tokens) == 1
    assert other not in tokens
    people = store.read_participants("tones")
    assert sorted(people["external_id"]) == ["5f3c", "5f3d"]
    store.new_join_code(study)
    assert {store.returning("tones", "5f3c")} == tokens


def test_a_token_cannot_be_told_from_an_external_id(store, study, tmp_path):
    code = store.new_join_code(study)
    other = Store(f"sqlite:///{tmp_path / 'other.db'}")
    other.open_study(study)
    assert store.join("tones", code, external_id="5f3c") != other.join(
        "tones", other.new_join_code(study), external_id="5f3c"
    )


# --- versions ---


def _exchange(folder: Path, clip: str) -> None:
    tone(folder / "clips" / clip, 900.0)


def test_who_has_begun_goes_on_with_the_study_as_it_was(store, study, folder):
    early, late = _invited(store, study), _invited(store, study)
    store.begin(early, study)
    text = (folder / "study.yaml").read_text(encoding="utf-8").replace("{en: Tones, de: Töne}", "{en: New, de: Neu}")
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    store.begin(late, store.current("tones"))
    assert store.study_of(early).title["en"] == "Tones"
    assert store.study_of(early).version == study.version
    assert store.study_of(late).title["en"] == "New"
    assert store.state("tones") == "open"
    people = store.read_participants("tones").set_index("participant")["study_version"]
    assert people[early] != people[late]


def test_a_folder_that_breaks_while_the_study_is_open_stops_nobody(store, study, folder):
    (folder / "study.yaml").write_text("id: tones\n", encoding="utf-8")
    person = _invited(store, study)
    begun = store.current("tones")
    store.begin(person, begun)
    assert begun.version == store.study_of(person).version == study.version
    assert list(begun.stimuli["stimulus"]) == list(study.stimuli["stimulus"])


def test_a_clip_that_was_exchanged_still_sounds_as_it_did_for_who_has_begun(store, study, folder):
    before, _ = soundfile.read(folder / "clips" / "2.wav", dtype="int16")
    _exchange(folder, "2.wav")
    heard, _ = soundfile.read(io.BytesIO(copies.of(study, "002").read_bytes()), dtype="int16")
    assert np.array_equal(heard, before)
    changed = studies.load(folder)
    exchanged, _ = soundfile.read(folder / "clips" / "2.wav", dtype="int16")
    now_heard, _ = soundfile.read(copies.of(changed, "002"), dtype="int16")
    assert np.array_equal(now_heard, exchanged)
    assert not np.array_equal(exchanged, before)


def test_a_clip_that_was_exchanged_before_anything_was_opened_is_not_passed_off_as_the_old_one(
    study, folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path / "nothing opened"))
    _exchange(folder, "2.wav")
    with pytest.raises(OSError, match="exchanged"):
        copies.of(study, "002")
    with pytest.raises(KeyError):
        copies.of(study, "no such clip")


def test_opening_makes_every_copy_once(fresh, study, tmp_path, monkeypatch):
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path / "another"))
    fresh.open_study(study)
    assert len(list((tmp_path / "another" / "answers" / "served").glob("*.flac"))) == len(study.stimuli)
    assert copies.prepare(study) == 0


def test_a_louder_version_is_another_copy(study, store):
    louder = study.stimuli.assign(gain_db=6.0)
    quiet, _ = soundfile.read(copies.of(study, "001"))
    loud, _ = soundfile.read(copies.of(studies.Study(study.folder, "v", study.settings, study.timeline, louder, ""), "001"))
    assert np.abs(loud).max() / np.abs(quiet).max() == pytest.approx(10 ** (6 / 20), rel=1e-3)


# --- a server that is killed ---


def test_a_server_killed_between_the_answer_and_the_placing_is_made_up_for(store, study, monkeypatch):
    person = _invited(store, study)
    store.begin(person, study)
    store.record(person, Answered(0, {"agreed": True}))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(assignment, "place", killed)
        with pytest.raises(KeyboardInterrupt):
            store.record(person, Answered(1, BACKGROUND))
    halfway = Store().session(person)
    assert halfway.answered == {0, 1}
    assert not halfway.drawn
    assert halfway.current is None
    session = Store().begin(person, study)
    assert session.drawn
    assert session.current.type == "training"
    seed = _seed(store, person)
    expected = timeline.draw(study, Listener(seed, BACKGROUND))
    assert [t.stimulus for t in session.trials] == [t.stimulus for t in expected]


def _seed(store: Store, person: str) -> int:
    with store.engine.connect() as connection:
        query = sa.select(schema.participants.c.seed).where(schema.participants.c.participant == person)
        return int(connection.execute(query).scalar_one())


def test_a_study_that_people_were_invited_to_before_there_were_drafts_is_open(tmp_path, study, monkeypatch):
    import alembic.command
    import alembic.config

    from listening_tests import database

    engine = sa.create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "0001")
        row = {"study": "tones", "token_sha256": "t", "seed": 1, "completion_code": "c", "invited_at": "2025"}
        old = sa.table("participants", *(sa.column(n) for n in ("participant", "simulated", *row)))
        connection.execute(old.insert(), {"participant": "P1", "simulated": False, **row})
        simulated = {**row, "study": "only-simulated", "token_sha256": "u"}
        connection.execute(old.insert(), {"participant": "P2", "simulated": True, **simulated})
    engine.dispose()
    upgraded = Store(f"sqlite:///{tmp_path / 'old.db'}")
    assert upgraded.state("tones") == "open"
    assert upgraded.state("only-simulated") == "draft"
    assert life.token_for(upgraded.engine, "tones", "x") != life.token_for(upgraded.engine, "tones", "y")
