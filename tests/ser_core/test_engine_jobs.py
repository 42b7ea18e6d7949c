"""Jobs in real child processes: one that succeeds, one that is refused, one that crashes, and some that are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ser_core import places, ratings
from ser_core.engine import jobs
from ser_core.engine.workshop import partial_of
from ser_core.errors import BadInput
from ser_core.locks import locked
from tests.ser_core import voices, watched


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path / "data"))
    yield tmp_path / "data"
    for job in jobs.jobs():
        jobs.cancel(job)


@pytest.fixture
def args(tmp_path) -> list[str]:
    """A prediction that is done at once."""
    study, train = voices.table(tmp_path / "study", speakers="x"), voices.table(tmp_path / "train")
    out = tmp_path / "data" / "runs" / "first"
    return ["predict", "--stimuli", str(study), "--model", "majority", "--train", str(train), "--out", str(out)]


@pytest.fixture
def endless(tmp_path, args) -> list[str]:
    """A prediction with so much to check that not even a shard is done while a test looks."""
    clip = str(voices.clip(tmp_path / "long.wav", "sad", seconds=60))
    table = [(str(n), clip, "c", "de", "s", "sad", "") for n in range(512)]
    return ["predict", "--stimuli", str(voices.write(tmp_path / "endless.csv", table)), *args[3:], "--shard", "512"]


def ended(job: jobs.Job) -> jobs.Job:
    """The job once its process is gone."""
    return jobs.wait(job)


def under_way(job: jobs.Job) -> jobs.Job:
    """The job once it tells its progress."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        now = next(j for j in jobs.jobs() if j.name == job.name)
        if now.total:
            return now
        assert now.state in ("waiting", "running"), now.log_tail
        time.sleep(0.02)  # the child needs the core that asking takes
    raise AssertionError("no progress in a minute")


def reaped(job: jobs.Job) -> bool:
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
    started = jobs.start(args, "first")
    assert (started.name, started.out) == ("first", data / "runs" / "first")
    job = ended(started)
    assert (job.state, job.exit_code, job.reason) == ("done", 0, "")
    assert "4 clips rated by majority.de.de.s0" in job.log_tail
    assert job.ended_at is not None
    assert job.started_at < job.ended_at
    assert len(ratings.read(data / "runs" / "first").stimuli) == 4
    assert reaped(job)
    assert jobs.cancel(job) == job  # what is over stays what it is
    assert not (job.folder / "cancelled").exists()


def test_a_job_with_words_that_no_command_knows_fails_with_2(data):
    job = ended(jobs.start(["predikt"], "first"))
    assert (job.state, job.exit_code) == ("failed", 2)
    assert "invalid choice" in job.log_tail


def test_a_job_that_crashes_fails_with_1_and_shows_where(data, args, tmp_path, monkeypatch):
    crash = (
        "import ser_core.ratings\ndef write(*_, **__): raise MemoryError('no room left')\nser_core.ratings.write = write\n"
    )
    (tmp_path / "sitecustomize.py").write_text(crash)
    monkeypatch.setattr(places, "ROOT", f"{tmp_path}{os.pathsep}{places.ROOT}")
    job = ended(jobs.start(args, "first"))
    assert (job.state, job.exit_code) == ("failed", 1)
    assert "MemoryError: no room left" in job.log_tail
    assert "Traceback" in job.log_tail
    assert not (data / "runs" / "first").exists()
    assert job.resumable  # when there is room again


def test_a_job_outlives_the_server_that_started_it_and_the_next_one_knows_how_it_stands(data, endless):
    code = "import sys; from ser_core.engine import jobs; jobs.start(sys.argv[1:], 'first')"
    subprocess.run([sys.executable, "-c", code, *endless], check=True)
    job = under_way(jobs.jobs()[0])
    assert job.state == "running"
    assert 0 <= job.done < job.total
    assert job.progress == (job.done, job.total)
    assert job.what.startswith("checking")
    assert (job.exit_code, job.ended_at) == (None, None)
    assert partial_of(data / "runs" / "first").is_dir()
    os.kill(job.pid, signal.SIGKILL)
    job = ended(job)
    assert (job.state, job.exit_code, job.resumable) == ("failed", None, False)
    assert job.reason.startswith("ended without saying why")
    assert "was left half-written and has been removed" in job.log_tail
    assert not partial_of(data / "runs" / "first").exists()
    assert not (data / "runs" / "first").exists()


def test_a_cancelled_job_clears_up_behind_itself(data, endless):
    job = under_way(jobs.start(endless, "first"))
    job = jobs.cancel(job)
    assert (job.state, job.exit_code) == ("cancelled", 128 + signal.SIGTERM)
    assert not partial_of(data / "runs" / "first").exists()
    assert reaped(job)


def test_a_job_that_does_not_heed_is_ended_all_the_same_with_what_it_left(data, args, monkeypatch):
    job = jobs.start(args, "first")
    os.kill(job.pid, signal.SIGSTOP)  # a stopped process hears no request
    partial_of(data / "runs" / "first").mkdir(parents=True)
    monkeypatch.setattr(jobs, "_PATIENCE_S", 0.1)
    job = jobs.cancel(job)
    assert (job.state, job.exit_code) == ("cancelled", None)
    assert not partial_of(data / "runs" / "first").exists()


# --- several ---------------------------------------------------------------------------------------------------------


def state(name: str) -> tuple[str, int]:
    job = next(job for job in jobs.jobs() if job.name == name)
    return job.state, job.place


def test_jobs_for_one_device_wait_for_each_other_and_begin_by_themselves(data):
    brief = ["predict", "--help"]
    with busy("cpu"):
        assert jobs.wait(jobs.start([*brief, "--device", "cuda:7"], "other")).state == "done"
        code = "import sys; from ser_core.engine import jobs; jobs.start(sys.argv[1:], 'second')"
        subprocess.run([sys.executable, "-c", code, *brief], check=True)  # who queued it is gone when its turn comes
        third = jobs.start(brief, "third")
        assert (third.state, third.started_at, third.device) == ("waiting", None, "auto")
        fourth = jobs.start(brief, "fourth")
        assert [state(name) for name in ("busy", "second", "third")] == [("running", 0), ("waiting", 1), ("waiting", 2)]
        assert state("fourth") == ("waiting", 3)
        os.kill(fourth.pid, signal.SIGKILL)
        fourth = jobs.wait(fourth)
        assert (fourth.state, fourth.resumable) == ("failed", True)  # it never began, so it can be queued again
        before, fourth = fourth, jobs.resume(fourth)
        assert jobs.cancel(third).state == "cancelled"
    assert ended(before).state == "done"  # an earlier look at the same job; the last of all, so whoever is before it is over
    began = {job.name: (job.started_at, job.ended_at) for job in jobs.jobs()}
    assert state("second")[0] == "done"
    assert began["second"][1] < began["fourth"][0]
    assert began["third"][0] is None


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("auto", "cpu", True),
        ("auto", "cuda:1", True),
        ("cuda", "cuda:1", True),
        ("cuda:1", "cuda:1", True),
        ("cuda:0", "cuda:1", False),
        ("cpu", "cuda", False),
        ("ray at auto", "auto", False),
        ("ray at auto", "ray at auto", True),
        ("ray at a:1", "ray at b:1", False),
    ],
)
def test_which_devices_are_the_same(one, other, shared):
    assert jobs._share(one, other) == jobs._share(other, one) == shared


def test_a_job_queues_for_the_device_that_its_arguments_or_the_environment_name(monkeypatch):
    monkeypatch.setenv("EARWITNESS_DEVICE", "cuda:3")
    assert jobs._device_of(["predict"]) == "cuda:3"
    assert jobs._device_of(["predict", "--device=cpu"]) == "cpu"
    assert jobs._device_of(["predict", "--engine", "ray", "--address", "a:6379"]) == "ray at a:6379"
    assert jobs._device_of(["predict", "--engine", "ray", "--address", "local"]) == "cuda:3"  # a cluster on this machine


# --- cut off ---------------------------------------------------------------------------------------------------------


def test_a_killed_job_is_resumed_and_does_nothing_twice(data, tmp_path, monkeypatch):
    code = "from tests.ser_core import watched\nwatched.install()\n"
    (tmp_path / "sitecustomize.py").write_text(code)
    monkeypatch.setattr(places, "ROOT", f"{tmp_path}{os.pathsep}{places.ROOT}")
    monkeypatch.setenv("EARWITNESS_FEATURES", str(tmp_path / "features"))
    study, train = voices.table(tmp_path / "study", speakers="x"), voices.table(tmp_path / "train", speakers="a")
    words = ["predict", "--stimuli", str(study), "--model", "watched", "--train", str(train), "--shard", "1"]
    monkeypatch.setenv(watched.DIARY, str(tmp_path))
    words += ["--set", "stop_at=study-de-x-neutral-0", "--out", str(data / "runs" / "first")]
    with watched.stopping(tmp_path) as stopped:
        job = jobs.start(words, "first")
        assert stopped() == job.pid
        os.kill(job.pid, signal.SIGKILL)
        job = jobs.wait(job)
    assert (job.state, job.resumable) == ("failed", True)
    again = jobs.resume(job)
    assert (again.name, again.state, again.turn) == ("first", "waiting", job.turn + 1)
    assert jobs.wait(again).state == "done"
    assert len(watched.calls(tmp_path)) == 1 + 4 + 1  # fitted once, four clips, one of them begun twice
    assert "2 of 4 shards were finished before" in next(iter(jobs.jobs())).log_tail


def test_a_job_with_bad_input_fails_with_2_its_log_says_why_and_what_it_left_can_be_thrown_away(data, args):
    job = ended(jobs.start([*args[:3], "--model", "majorty", *args[5:]], "first"))
    assert (job.state, job.exit_code, job.resumable) == ("failed", 2, False)
    assert "the log says why" in job.reason
    assert "Did you mean 'majority'?" in job.log_tail
    with pytest.raises(BadInput, match="'first' is failed and left nothing to go on from"):
        jobs.resume(job)
    left = partial_of(data / "runs" / "first")
    (left / "shards").mkdir(parents=True)
    for name in ("plan.json", "shards/rate-00000"):
        (left / name).write_text("{}")
    assert next(iter(jobs.jobs())).resumable
    job = jobs.discard(job)
    assert (job.state, job.resumable, left.exists()) == ("failed", False, False)


# --- names and order -------------------------------------------------------------------------------------------------


@contextmanager
def busy(device: str = "auto") -> Iterator[None]:
    """In this block another job runs, so that all others wait, which costs next to nothing."""
    folder = places.runs() / ".jobs" / "busy"
    folder.mkdir(parents=True)
    said = {"name": "busy", "args": [], "turn": 1, "device": device, "pid": 0, "queued_at": "2026-01-01T00:00:00+00:00"}
    for name, text in (("job.json", said), ("began.json", {"at": said["queued_at"]}), ("log.txt", ""), ("lock-1", "")):
        (folder / name).write_text(json.dumps(text))
    with locked(folder / "lock-1"):
        yield


def test_a_name_is_used_once_and_names_a_folder(data, args):
    with busy():
        jobs.start(args, "first")
        with pytest.raises(BadInput, match="there was a job named 'first'"):
            jobs.start(args, "first")
        for name in ("", "../first", ".hidden", "a b"):
            with pytest.raises(BadInput, match="cannot name a job"):
                jobs.start(args, name)


def test_a_job_of_an_earlier_release_is_still_told(data):
    folder = places.runs() / ".jobs" / "old"
    folder.mkdir(parents=True)
    said = {"name": "old", "args": ["predict"], "pid": 1, "started_at": "2026-01-01T00:00:00+00:00"}
    ended = {"code": 0, "ended_at": "2026-01-01T00:01:00+00:00"}
    for name, text in (("job.json", said), ("exit.json", ended), ("log.txt", "")):
        (folder / name).write_text(json.dumps(text))
    (job,) = jobs.jobs()
    assert (job.state, job.queued_at.isoformat(), job.started_at) == ("done", said["started_at"], None)


def test_a_damaged_folder_tells_of_no_job_and_keeps_no_other_from_being_told(data):
    with busy():
        for name, content in (("half", b'{"name": "ha'), ("empty", b""), ("other", b"[]")):
            (places.runs() / ".jobs" / name).mkdir()
            (places.runs() / ".jobs" / name / "job.json").write_bytes(content)
        (job,) = jobs.jobs()
        for name in ("began.json", "log.txt"):
            (job.folder / name).write_bytes(b"{")
    (job,) = jobs.jobs()
    (job.folder / "log.txt").unlink()
    (job,) = jobs.jobs()
    assert (job.name, job.state, job.log_tail) == ("busy", "failed", "")
    (job.folder / "job.json").unlink()
    with pytest.raises(BadInput, match="there is no such job any more"):
        jobs.cancel(job)


def test_a_job_that_cannot_be_written_down_is_not_started_and_leaves_its_name_free(data, monkeypatch):
    def full(path: Path, content: bytes) -> None:
        raise BadInput("cannot be written: no space left")

    with busy(), monkeypatch.context() as patch:
        patch.setattr(jobs, "write_whole", full)
        with pytest.raises(BadInput, match="no space left"):
            jobs.start(["predict", "--help"], "first")
        assert [path.name for path in (places.runs() / ".jobs").iterdir() if path.is_dir()] == ["busy"]
        assert not [pid for pid in children() if "ser_core.engine.child" in pid]


def children() -> list[str]:
    """The command lines of this process's children."""
    mine = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [Path(f"/proc/{pid}/cmdline").read_text() for pid in mine]


def test_the_latest_job_comes_first(data, args):
    with busy():
        for name in ("b", "a", "c"):
            jobs.start(args, name)
        assert [job.name for job in jobs.jobs()] == ["c", "a", "b", "busy"]
        for job in jobs.jobs()[:3]:
            assert jobs.cancel(job).state == "cancelled"


def test_the_engine_knows_no_page():
    code = "import sys, ser_core.engine.jobs; print({'streamlit', 'torch'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"


def test_jobs_without_any_are_none(data: Path):
    assert jobs.jobs() == []
