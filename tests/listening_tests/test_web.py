"""The routes beside the pages: who may hear what, and what the browser learns."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from starlette.applications import Starlette
from starlette.testclient import TestClient

from listening_tests import schema, web
from listening_tests.session import Answered

BACKGROUND = {"native_languages": "de", "dialects": "", "proficiency": "en:B", "age_band": "65+", "hearing": "not_said"}
HEARD = {"label": "sad", "completions": 1}


@pytest.fixture
def client():
    return TestClient(Starlette(routes=web.routes, middleware=web.middleware))


@pytest.fixture
def listener(store, study):
    """A participant who has come to the training trial, and their session."""
    (invited,) = store.invite(study)
    store.begin(invited.participant, study)
    store.record(invited.participant, Answered(0, {"agreed": True}))
    return invited.participant, store.record(invited.participant, Answered(1, BACKGROUND))


def test_the_open_trial_s_clip_is_heard_sample_by_sample(client, listener, study):
    _, session = listener
    answer = client.get(f"/api/audio/{session.current.key}")
    assert answer.status_code == 200
    heard, rate = soundfile.read(io.BytesIO(answer.content), dtype="int16")
    original, original_rate = soundfile.read(study.path(session.current.stimulus), dtype="int16")
    assert rate == original_rate
    assert np.array_equal(heard, original)


def test_only_the_open_trial_and_the_next_one_can_be_heard(client, listener, store):
    person, session = listener
    found = [client.get(f"/api/audio/{t.key}").status_code for t in session.trials]
    assert found == [404, 404, 200, 200, 404, 404, 404, 404]
    store.record(person, Answered(2, HEARD))
    found = [client.get(f"/api/audio/{t.key}").status_code for t in session.trials]
    assert found == [404, 404, 404, 200, 200, 404, 404, 404]


def test_nothing_can_be_heard_after_the_session(client, listener, store):
    person, session = listener
    for trial in session.trials[2:-1]:
        store.record(person, Answered(trial.position, HEARD))
    assert {client.get(f"/api/audio/{t.key}").status_code for t in session.trials} == {404}


@pytest.mark.parametrize("key", ["x", "001", "clips/1.wav", "..%2F..%2Fstudy.yaml", "0" * 22])
def test_a_guessed_name_is_not_found(client, listener, key):
    assert client.get(f"/api/audio/{key}").status_code == 404


def test_a_range_is_answered_with_just_that_range(client, listener):
    _, session = listener
    whole = client.get(f"/api/audio/{session.current.key}").content
    part = client.get(f"/api/audio/{session.current.key}", headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.content == whole[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    beyond = client.get(f"/api/audio/{session.current.key}", headers={"Range": f"bytes={len(whole)}-"})
    assert beyond.status_code == 416


def test_the_browser_keeps_no_clip_and_learns_no_name(client, listener, study):
    _, session = listener
    answer = client.get(f"/api/audio/{session.current.key}")
    assert answer.headers["cache-control"] == "private, no-store"
    assert session.current.stimulus not in str(answer.headers)
    assert "content-disposition" not in answer.headers
    assert study.path(session.current.stimulus).name not in str(answer.headers)


def test_what_a_file_says_of_itself_is_not_served(client, listener, study):
    _, session = listener
    path = study.path(session.current.stimulus)
    samples, rate = soundfile.read(path)
    with soundfile.SoundFile(path, "w", rate, 1, subtype="PCM_16") as file:
        file.title, file.comment = "secretly_happy", "happy take 3"
        file.write(samples)
    assert b"secretly_happy" in path.read_bytes()
    answer = client.get(f"/api/audio/{session.current.key}")
    assert answer.status_code == 200
    assert b"happy" not in answer.content


def test_a_clip_that_vanished_is_not_found_rather_than_an_error(client, listener, study):
    _, session = listener
    study.path(session.current.stimulus).unlink()
    assert client.get(f"/api/audio/{session.current.key}").status_code == 404


def test_every_answer_carries_the_security_headers(client, store):
    headers = client.get("/healthz").headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe-eval" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"


def test_an_event_is_kept_for_the_trial_whose_key_it_names(client, listener, store):
    person, session = listener
    sent = client.post("/api/events", content=f'{{"trial": "{session.current.key}", "kind": "failed", "detail": "code 4"}}')
    assert sent.status_code == 204
    with store.engine.connect() as connection:
        row = connection.execute(schema.events.select()).mappings().one()
    assert (row["participant"], row["position"], row["kind"], row["detail"]) == (person, 2, "failed", {"detail": "code 4"})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 4000, 400),
        (b'{"trial": "\\ud800", "kind": "x"}', 404),
        (b"not json", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"trial": "guess", "kind": "x"}', 404),
        (b"x" * 5000, 413),
    ],
)
def test_an_event_that_cannot_be_ours_is_refused(client, listener, body, status):
    assert client.post("/api/events", content=body).status_code == status


def test_health_says_whether_the_database_answers(client, store, monkeypatch, tmp_path):
    assert client.get("/healthz").json() == {"database": "ok"}
    store.engine.dispose()
    (tmp_path / "data" / "answers" / "answers.db").unlink()
    (tmp_path / "data" / "answers" / "answers.db").mkdir()
    assert client.get("/healthz").status_code == 503
