"""The models page: a real run as a child process, what a failure leaves, and no polling where nothing runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import streamlit as st

from ser_core import places
from ser_core.engine import jobs
from ser_core.errors import BadInput
from tests.pages.conftest import tones

pytestmark = pytest.mark.usefixtures("signed_in")


def wait_for(job: jobs.Job) -> None:
    jobs.wait(job)


def start(app, model: str) -> jobs.Job:
    app.selectbox[0].set_value(model)
    next(b for b in app.button if b.label == "Start").click()
    app.run()
    assert not app.exception
    return jobs.jobs()[0]


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tones(tmp_path / "tones", more="training: training/stimuli.csv")
    tones(folder / "training", pitch_hz=600, truths=("angry", "happy", "angry"))
    monkeypatch.setenv("EARWITNESS_STUDIES", str(folder))
    return folder


def test_before_the_first_run_the_page_says_how_to_start(look, study: Path):
    app = look("models")
    assert not app.exception
    assert app.selectbox[0].options == ["Linear probe on log-mel statistics", "Majority of the training part"]
    assert "No model has rated this study's clips yet. Start one above." in app.info[0].value


def test_a_model_started_here_ends_among_the_finished_runs(look, study: Path):
    app = look("models")
    job = start(app, "majority")
    wait_for(job)
    app.run()
    assert not app.exception
    assert f"`{job.name}` is done" in app.success[0].value
    (row,) = app.dataframe[0].value.to_dict("records")
    assert row["run"] == job.name
    assert row["model"] == "Majority of the training part"
    assert row["clips"] == 2
    assert row["learned from"] == "German"
    assert (places.runs() / job.name / "ratings.csv").exists()


def test_a_run_that_fails_shows_its_reason_and_leaves_nothing_half_written(look, study: Path):
    (study / "training" / "clips" / "1.wav").write_bytes(b"RIFF")
    app = look("models")
    job = start(app, "majority")
    wait_for(job)
    app.run()
    assert not app.exception
    assert f"`{job.name}` failed" in app.error[0].value
    assert "exit status 2" in app.error[0].value
    assert "1.wav" in app.code[0].value
    assert [p.name for p in places.runs().iterdir() if p.name != ".jobs"] == []
    assert "No model has rated" in app.info[0].value


def running(folder: Path) -> jobs.Job:
    return jobs.Job(
        name="tones-majority-s0-1",
        args=("predict",),
        state="running",
        place=0,
        turn=1,
        pid=0,
        folder=folder,
        out=None,
        device="cpu",
        queued_at=datetime.now(UTC),
        started_at=datetime.now(UTC),
        ended_at=None,
        exit_code=None,
        reason="",
        resumable=False,
        done=3,
        total=12,
        what="hearing 007",
        clips_per_s=None,
        left_s=None,
        log_tail="first line\nsecond line",
    )


def test_while_a_model_runs_the_page_shows_how_far_it_is_and_starts_no_other(
    look, study: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs, "jobs", lambda: [running(study)])
    app = look("models")
    assert not app.exception
    (bar,) = app.get("progress")
    assert bar.proto.value == 25
    assert bar.proto.text == "hearing 007 (3 of 12)"
    assert app.code[0].value == "first line\nsecond line"
    assert next(b for b in app.button if b.label == "Start").disabled
    assert [b.label for b in app.button if b.key == "cancel"] == ["Cancel"]


def test_cancel_reaches_the_job(look, study: Path, monkeypatch: pytest.MonkeyPatch):
    cancelled: list[str] = []
    monkeypatch.setattr(jobs, "jobs", lambda: [running(study)])
    monkeypatch.setattr(jobs, "cancel", lambda job: cancelled.append(job.name))
    look("models").button(key="cancel").click().run()
    assert cancelled == ["tones-majority-s0-1"]


@pytest.mark.parametrize("busy", [True, False])
def test_the_page_comes_back_by_itself_only_while_a_model_runs(
    busy: bool, look, study: Path, monkeypatch: pytest.MonkeyPatch
):
    asked: list[object] = []
    real = st.fragment

    def fragment(function, *, run_every):
        asked.append(run_every)
        return real(function, run_every=run_every)

    monkeypatch.setattr(st, "fragment", fragment)
    monkeypatch.setattr(jobs, "jobs", lambda: [running(study)] if busy else [])
    assert not look("models").exception
    assert asked == [1 if busy else None]


def test_a_refused_start_says_why(look, study: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(args: list[str], name: str) -> jobs.Job:
        raise BadInput("'another' is still running; wait for it or cancel it.")

    monkeypatch.setattr(jobs, "start", refuse)
    app = look("models")
    next(b for b in app.button if b.label == "Start").click()
    app.run()
    assert "still running" in app.error[0].value


def test_a_study_without_a_training_part_says_what_is_missing(look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EARWITNESS_STUDIES", str(tones(tmp_path / "tones")))
    app = look("models")
    assert not app.exception
    assert "training:" in app.info[0].value
    assert not [b for b in app.button if b.label == "Start"]
