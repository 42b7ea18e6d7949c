"""The routes beside the pages: who may hear what, and what the browser learns."""

from __future__ import annotations

import hashlib
import io
import random
from pathlib import Path

import numpy as np
import pytest
import soundfile
from starlette.applications import Starlette
from starlette.testclient import TestClient

from listening_tests import copies, loudness, schema, web
from listening_tests import study as studies
from listening_tests.session import Answered
from listening_tests.trial import Trial, trial_types

BACKGROUND = {"native_languages": "de", "dialects": "", "proficiency": "en:B", "age_band": "65+", "hearing": "not_said"}
HEARD = {"label": "sad", "completions": 1}


def _copy(path: Path, gain_db: float = 0.0) -> Path:
    return copies.copy(path, hashlib.sha256(path.read_bytes()).hexdigest(), gain_db)


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
    answer = client.get(f"/api/audio/{session.current.key}/0")
    assert answer.status_code == 200
    heard, rate = soundfile.read(io.BytesIO(answer.content), dtype="int16")
    original, original_rate = soundfile.read(study.path(session.current.stimulus), dtype="int16")
    assert rate == original_rate
    assert np.array_equal(heard, original)


def test_only_the_open_trial_and_the_next_one_can_be_heard(client, listener, store):
    person, session = listener
    found = [client.get(f"/api/audio/{t.key}/0").status_code for t in session.trials]
    assert found == [404, 404, 200, 200, 404, 404, 404, 404]
    store.record(person, Answered(2, HEARD))
    found = [client.get(f"/api/audio/{t.key}/0").status_code for t in session.trials]
    assert found == [404, 404, 404, 200, 200, 404, 404, 404]


def test_nothing_can_be_heard_after_the_session(client, listener, store):
    person, session = listener
    for trial in session.trials[2:-1]:
        store.record(person, Answered(trial.position, HEARD))
    assert {client.get(f"/api/audio/{t.key}/0").status_code for t in session.trials} == {404}


def test_nothing_can_be_heard_after_a_session_ended_before_its_end(client, listener, store):
    person, session = listener
    with store.engine.begin() as connection:
        who = schema.participants.c.participant == person
        connection.execute(schema.participants.update().where(who).values(outcome="failed_check"))
    assert {client.get(f"/api/audio/{t.key}/0").status_code for t in session.trials} == {404}


@pytest.mark.parametrize("number", ["1", "999", "-1", "0x0", "٠", "9" * 5000])
def test_a_sound_that_there_is_not_is_not_found(client, listener, number):
    _, session = listener
    assert client.get(f"/api/audio/{session.current.key}/{number}").status_code == 404


@pytest.mark.parametrize("key", ["x", "001", "clips/1.wav", "..%2F..%2Fstudy.yaml", "0" * 22])
def test_a_guessed_name_is_not_found(client, listener, key):
    assert client.get(f"/api/audio/{key}/0").status_code == 404


def test_a_range_is_answered_with_just_that_range(client, listener):
    _, session = listener
    whole = client.get(f"/api/audio/{session.current.key}/0").content
    part = client.get(f"/api/audio/{session.current.key}/0", headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.content == whole[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    beyond = client.get(f"/api/audio/{session.current.key}/0", headers={"Range": f"bytes={len(whole)}-"})
    assert beyond.status_code == 416


def test_the_browser_keeps_no_clip_and_learns_no_name(client, listener, study):
    _, session = listener
    answer = client.get(f"/api/audio/{session.current.key}/0")
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
    answer = client.get(f"/api/audio/{session.current.key}/0")
    assert answer.status_code == 200
    assert b"happy" not in answer.content


def test_a_clip_that_vanished_is_still_heard_by_who_has_begun(client, listener, study, tmp_path):
    _, session = listener
    address = f"/api/audio/{session.current.key}/0"
    before = client.get(address).content
    study.path(session.current.stimulus).unlink()
    assert client.get(address).content == before
    for copy in (tmp_path / "data" / "answers" / "served").glob("*.flac"):
        copy.unlink()
    assert client.get(address).status_code == 404  # rather than an error


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


# --- what is served ---------------------------------------------------------------------------------------------------


def _heard(client, key: str, number: int = 0) -> tuple[np.ndarray, int]:
    answer = client.get(f"/api/audio/{key}/{number}")
    assert answer.status_code == 200
    return soundfile.read(io.BytesIO(answer.content), dtype="float64", always_2d=True)


@pytest.mark.parametrize(("suffix", "off"), [("wav", 1e-4), ("flac", 1e-4), ("mp3", 0.02), ("ogg", 0.02)])
def test_every_format_is_served_as_the_same_sound(store, tmp_path, suffix, off):
    rate, time_s = 44100, np.arange(44100) / 44100
    tone = 0.5 * np.sin(2 * np.pi * 440 * time_s)
    soundfile.write(tmp_path / f"clip.{suffix}", tone, rate)
    served, served_rate = soundfile.read(_copy(tmp_path / f"clip.{suffix}"))
    decoded, _ = soundfile.read(tmp_path / f"clip.{suffix}")
    assert served_rate == rate
    assert np.abs(served - decoded).max() < 5e-5  # about a step of 16 bit
    inner = slice(2205, -4410)  # a lossy encoder starts and ends softly
    assert np.abs(served[: tone.size][inner] - tone[inner]).max() < off


def test_two_channels_are_heard_as_their_mean_as_every_model_hears_them(store, tmp_path):
    time_s = np.arange(8000) / 8000
    left, right = 0.5 * np.sin(2 * np.pi * 200 * time_s), 0.25 * np.sin(2 * np.pi * 300 * time_s)
    soundfile.write(tmp_path / "two.wav", np.stack([left, right], axis=1), 8000)
    served, _ = soundfile.read(_copy(tmp_path / "two.wav"))
    assert served.ndim == 1
    assert np.abs(served - (left + right) / 2).max() < 5e-5


def test_a_gain_changes_what_is_heard_and_not_the_file(client, store, study):
    path = study.folder / "clips" / "1.wav"
    before = path.read_bytes()
    plain, _ = soundfile.read(_copy(path))
    louder, _ = soundfile.read(_copy(path, 6.0))
    assert 20 * np.log10(np.abs(louder).max() / np.abs(plain).max()) == pytest.approx(6.0, abs=0.01)
    assert path.read_bytes() == before


def test_a_clip_is_heard_as_loud_as_the_study_wants(client, store, folder):
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    (folder / "study.yaml").write_text(text + "loudness: {target_lufs: -30, per: clip}\n", encoding="utf-8")
    study = studies.load(folder)
    store.open_study(study)
    (invited,) = store.invite(study)
    store.begin(invited.participant, study)
    store.record(invited.participant, Answered(0, {"agreed": True}))
    session = store.record(invited.participant, Answered(1, BACKGROUND))
    for trial in (session.current, session.upcoming):
        samples, rate = _heard(client, trial.key)
        # a clip of 0.3 s is one block: the standard's loudness of a tone is its energy, K-weighted
        assert loudness.level_of(samples[:, 0], rate).lufs == pytest.approx(-30, abs=0.1)


def test_a_trial_has_only_the_sounds_that_it_has(client, listener):
    _, session = listener
    for number in ("1", "2", "99999999999999999999", "-1", "x"):
        assert client.get(f"/api/audio/{session.current.key}/{number}").status_code == 404
    assert client.get(f"/api/audio/{session.current.key}").status_code == 404


def test_a_pair_has_two_sounds(store, study):
    pair = Trial(3, "paired", 0, "001", "key", other="002")
    first, second = (web._sound(study, pair, number) for number in (0, 1))
    assert np.array_equal(soundfile.read(first)[0], soundfile.read(study.path("001"))[0])
    assert np.array_equal(soundfile.read(second)[0], soundfile.read(study.path("002"))[0])
    assert web._sound(study, pair, 2) is None


def test_a_sound_that_a_trial_makes_is_made_once_and_is_the_same_each_time(store, study):
    kind = trial_types()["level_check"]
    assert kind.sound is not None
    assert kind.resolve is not None
    trial = Trial(2, "level_check", 0, "", "key", kind.resolve(kind.parameters().model_dump(), study, 1, random.Random(1)))
    served = web._sound(study, trial, 0)
    assert served is not None
    made, rate = kind.sound(trial, 0)
    samples, served_rate = soundfile.read(served)
    assert served_rate == rate
    assert np.abs(samples - made).max() < 5e-5
    changed = served.stat().st_mtime_ns
    assert web._sound(study, trial, 0) == served
    assert served.stat().st_mtime_ns == changed


def test_a_file_that_changed_is_served_anew(store, study, tmp_path):
    path = tmp_path / "clip.wav"
    soundfile.write(path, np.full(800, 0.1), 8000)
    before = _copy(path)
    soundfile.write(path, np.full(900, 0.2), 8000)
    after = _copy(path)
    assert before != after
    assert soundfile.info(after).frames == 900
