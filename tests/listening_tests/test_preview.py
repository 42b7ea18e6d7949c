"""A preview is the real thing, and leaves no trace."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from listening_tests import preview
from listening_tests.store import Store


@pytest.fixture(autouse=True)
def none_before():
    preview._PREVIEWS.clear()


def _preview(study):
    link = urlsplit(preview.link(study, "http://127.0.0.1:8501"))
    asked = parse_qs(link.query)
    assert (link.path, asked["study"]) == ("/listen", [study.id])
    (token,) = asked["preview"]
    store = preview.find(token)
    return token, store, store.participant(study.id, token).participant


def test_a_preview_of_a_draft_goes_to_the_end_and_stores_nothing(store, study):
    store.close_study("tones")
    before = {path.name: path.read_bytes() for path in _files(store)}
    _, shown, person = _preview(study)
    session = shown.begin(person, study)
    seen = []
    while not session.finished:
        seen.append(session.current.type)
        session = preview.skip(shown, person)
    assert seen == ["consent", "background", "training", "label", "label", "label", "label"]
    assert shown.count("tones") == 7
    assert {path.name: path.read_bytes() for path in _files(store)} == before
    assert store.read_participants("tones").empty


def _files(store: Store) -> list[Path]:
    folder = Path(str(store.engine.url.database)).parent
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.endswith("-shm"))


def test_a_part_is_skipped_at_once(store, study):
    _, shown, person = _preview(study)
    shown.begin(person, study)
    for _ in range(3):
        preview.skip(shown, person)
    assert preview.skip(shown, person, part=True).current.type == "debrief"
    assert preview.skip(shown, person).current.type == "debrief"


def test_previews_do_not_know_of_each_other(store, study):
    (one, first, person), (two, second, _) = _preview(study), _preview(study)
    first.begin(person, study)
    assert first.participant(study.id, two) is None
    assert second.participant(study.id, one) is None
    assert store.participant(study.id, one) is None
    assert second.count(study.id) == 0


def _by_key(key: str):
    found = preview.by_key(key)
    assert found is not None
    return found


def test_a_clip_is_found_in_the_answers_database_and_in_a_preview(store, study):
    _, shown, person = _preview(study)
    shown.begin(person, study)
    trial = shown.session(person).trials[1]
    where, who, found = _by_key(trial.key)
    assert (where, who.participant, found) == (shown, person, trial)
    (real,) = store.invite(study)
    trial = store.begin(real.participant, study).trials[0]
    where, who, _ = _by_key(trial.key)
    assert (where.engine, who.participant) == (store.engine, real.participant)
    assert preview.by_key("guessed") is None


def test_threads_share_a_preview(store, study):
    _, shown, person = _preview(study)
    with ThreadPoolExecutor(8) as pool:
        sessions = list(pool.map(lambda _: shown.begin(person, study), range(16)))
    assert len({tuple(t.key for t in s.trials) for s in sessions}) == 1


def test_old_previews_go(store, study):
    first, shown, _ = _preview(study)
    gone = weakref.ref(shown)
    del shown
    for _ in range(preview._MOST):
        preview.make(study)
    assert preview.find(first) is None
    assert len(preview._PREVIEWS) == preview._MOST
    gc.collect()
    assert gone() is None


def test_a_preview_can_begin_again(store, study):
    token, shown, person = _preview(study)
    shown.begin(person, study)
    preview.skip(shown, person)
    again = preview.again(token, study)
    assert preview.find(token) is None
    fresh = preview.find(again)
    assert fresh.count(study.id) == 0
    assert fresh.participant(study.id, again).started_at == ""
