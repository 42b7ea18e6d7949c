"""Jobs in real child processes: one that succeeds, one that is refused, one that crashes, and some that are killed."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ser_core import places, ratings
from ser_core.engine import local
from ser_core.engine import workshop as engine_workshop
from ser_core.engine.workshop import locked, partial_of, sweep
from ser_core.errors import BadInput
from tests.ser_core import voices


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path / "data"))
    yield tmp_path / "data"
    for job in local.jobs():
        local.cancel(job)


@pytest.fixture
def args(tmp_path) -> list[str]:
    """A prediction that is done at once."""
    study, train = voices.table(tmp_path / "study", speakers="x"), voices.table(tmp_path / "train")
    out = tmp_path / "data" / "runs" / "first"
    return ["predict", "--stimuli", str(study), "--model", "majority", "--train", str(train), "--out", str(out)]


@pytest.fixture
def endless(tmp_path, args) -> list[str]:
    """A prediction with so many clips to check that it is never done while a test looks."""
    clip = str(voices.clip(tmp_path / "long.wav", "sad", seconds=30))
    table = [(str(n), clip, "c", "de", "s", "sad", "") for n in range(20_000)]
    return ["predict", "--stimuli", str(voices.write(tmp_path / "endless.csv", table)), *args[3:]]


def ended(job: local.Job) -> local.Job:
    """The job once its process is gone: its lock gives way then and not before."""
    with locked(job.folder / "lock"):
        pass
    return next(j for j in local.jobs() if j.name == job.name)


def under_way(job: local.Job) -> local.Job:
    """The job once it tells its progress."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        now = next(j for j in local.jobs() if j.name == job.name)
        if now.total:
            return now
        assert now.state == "running", now.log_tail
    raise AssertionError("no progress in a minute")


def reaped(job: local.Job) -> bool:
    """Whether the process is not even a zombie any more."""
    for thread in threading.enumerate():
        if thread.name == f"reap {job.name}":
            thread.join(10)
    try:
        os.kill(job.pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_job_that_succeeds_is_done_and_its_run_is_there(data, args):
    started = local.start(args, "first")
    assert (started.name, started.out) == ("first", data / "runs" / "first")
    job = ended(started)
    assert (job.state, job.exit_code, job.reason) == ("done", 0, "")
    assert "4 clips rated by majority.de.de.s0" in job.log_tail
    assert job.ended_at is not None
    assert job.started_at < job.ended_at
    assert len(ratings.read(data / "runs" / "first").stimuli) == 4
    assert reaped(job)


def test_a_job_with_bad_input_fails_with_2_and_its_log_says_why(data, args):
    job = ended(local.start([*args[:3], "--model", "majorty", *args[5:]], "first"))
    assert (job.state, job.exit_code) == ("failed", 2)
    assert "the log says why" in job.reason
    assert "Did you mean 'majority'?" in job.log_tail


def test_a_job_with_words_that_no_command_knows_fails_with_2(data):
    job = ended(local.start(["predikt"], "first"))
    assert (job.state, job.exit_code) == ("failed", 2)
    assert "invalid choice" in job.log_tail


def test_a_job_that_crashes_fails_with_1_and_shows_where(data, args, tmp_path, monkeypatch):
    crash = (
        "import ser_core.ratings\ndef write(*_, **__): raise MemoryError('no room left')\nser_core.ratings.write = write\n"
    )
    (tmp_path / "sitecustomize.py").write_text(crash)
    monkeypatch.setattr(places, "ROOT", f"{tmp_path}{os.pathsep}{places.ROOT}")
    job = ended(local.start(args, "first"))
    assert (job.state, job.exit_code) == ("failed", 1)
    assert "MemoryError: no room left" in job.log_tail
    assert "Traceback" in job.log_tail
    assert sorted(p.name for p in (data / "runs").iterdir()) == [".jobs"]  # nothing half-written


def test_a_running_job_tells_how_far_it_is(data, endless):
    job = under_way(local.start(endless, "first"))
    assert job.state == "running"
    assert 0 <= job.done < job.total
    assert job.progress == (job.done, job.total)
    assert job.what.startswith("checking")
    assert (job.exit_code, job.ended_at) == (None, None)


def test_a_job_that_is_killed_has_failed_without_saying_why_and_its_half_written_folder_is_gone(data, endless):
    job = under_way(local.start(endless, "first"))
    assert partial_of(data / "runs" / "first").is_dir()
    os.kill(job.pid, signal.SIGKILL)
    job = ended(job)
    assert (job.state, job.exit_code) == ("failed", None)
    assert job.reason.startswith("ended without saying why")
    assert "was left half-written and has been removed" in job.log_tail
    assert not partial_of(data / "runs" / "first").exists()
    assert not (data / "runs" / "first").exists()
    assert reaped(job)


def test_a_cancelled_job_clears_up_behind_itself(data, endless):
    job = under_way(local.start(endless, "first"))
    job = local.cancel(job)
    assert (job.state, job.exit_code) == ("cancelled", 128 + signal.SIGTERM)
    assert not partial_of(data / "runs" / "first").exists()
    assert reaped(job)


def test_a_job_that_does_not_heed_is_ended_all_the_same(data, endless, monkeypatch):
    job = under_way(local.start(endless, "first"))
    os.kill(job.pid, signal.SIGSTOP)  # a stopped process hears no request
    monkeypatch.setattr(local, "_PATIENCE_S", 0.1)
    job = local.cancel(job)
    assert (job.state, job.exit_code) == ("cancelled", None)
    assert not partial_of(data / "runs" / "first").exists()


def test_cancelling_what_is_over_changes_nothing(data, args):
    job = ended(local.start(args, "first"))
    assert local.cancel(job) == job
    assert not (job.folder / "cancelled").exists()


def test_a_second_job_waits_its_turn(data, endless, args):
    first = under_way(local.start(endless, "first"))
    with pytest.raises(BadInput, match="'first' is still running"):
        local.start(args, "second")
    assert [job.name for job in local.jobs()] == ["first"]
    local.cancel(first)
    assert ended(local.start(args, "second")).state == "done"


def test_a_name_is_used_once_and_names_a_folder(data, args):
    ended(local.start(args, "first"))
    with pytest.raises(BadInput, match="there was a job named 'first'"):
        local.start(args, "first")
    for name in ("", "../first", ".hidden", "a b"):
        with pytest.raises(BadInput, match="cannot name a job"):
            local.start(args, name)


def test_a_job_outlives_the_server_that_started_it_and_the_next_one_knows_how_it_stands(data, endless):
    code = "import sys; from ser_core.engine import local; local.start(sys.argv[1:], 'first')"
    subprocess.run([sys.executable, "-c", code, *endless], check=True)
    job = under_way(local.jobs()[0])
    assert job.state == "running"
    os.kill(job.pid, signal.SIGKILL)
    assert ended(job).reason.startswith("ended without saying why")


def test_a_job_that_ended_while_no_server_was_there_is_known_as_done(data, args):
    code = "import sys; from ser_core.engine import local; local.start(sys.argv[1:], 'first')"
    subprocess.run([sys.executable, "-c", code, *args], check=True)
    assert ended(local.jobs()[0]).state == "done"


def test_the_latest_job_comes_first(data, args):
    for name in ("b", "a", "c"):
        ended(local.start(["corpora"], name))
    assert [job.name for job in local.jobs()] == ["c", "a", "b"]


def test_what_a_living_run_is_writing_is_not_swept_away(tmp_path):
    partial_of(tmp_path / "run").mkdir()
    with locked(partial_of(tmp_path / "run")):
        assert not sweep(tmp_path / "run")
    assert sweep(tmp_path / "run")
    assert not sweep(tmp_path / "run")


def test_who_loses_the_race_for_a_folder_is_refused_and_takes_away_only_what_is_its_own(tmp_path, monkeypatch):
    def after_another(path):
        partial_of(tmp_path / "run").mkdir()
        (partial_of(tmp_path / "run") / "log.txt").write_text("theirs")
        return locked(path)

    monkeypatch.setattr(engine_workshop, "locked", after_another)
    with pytest.raises(BadInput, match="being written by another process"), engine_workshop.workshop(tmp_path / "run"):
        pass
    assert [p.name for p in tmp_path.iterdir()] == [".run.partial"]
    assert (partial_of(tmp_path / "run") / "log.txt").read_text() == "theirs"


def test_a_folder_that_was_just_named_already_holds_something_so_that_no_rename_replaces_it(tmp_path):
    with engine_workshop.workshop(tmp_path / "run") as shop:
        (tmp_path / "other").mkdir()
        with pytest.raises(OSError, match="not empty"):
            (tmp_path / "other").rename(shop.folder)


def test_a_folder_that_took_the_place_of_a_dead_one_is_not_swept(tmp_path, monkeypatch):
    partial_of(tmp_path / "run").mkdir()
    flock = fcntl.flock

    def meanwhile(handle, how):
        monkeypatch.setattr(fcntl, "flock", flock)
        sweep(tmp_path / "run")
        partial_of(tmp_path / "run").mkdir()
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", meanwhile)
    assert not sweep(tmp_path / "run")
    assert partial_of(tmp_path / "run").is_dir()


def test_the_engine_knows_no_page():
    code = "import sys, ser_core.engine.local; print({'streamlit', 'torch'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"


def test_jobs_without_any_are_none(data: Path):
    assert local.jobs() == []
