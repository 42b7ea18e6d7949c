"""One plan, worked out in every way: on one worker, on two, on a Ray cluster that loses one, killed and gone on with."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest

from ser_core import places, ratings, run_record, runs
from ser_core.engine._engine import CutOff
from ser_core.engine.cluster import Cluster
from ser_core.engine.local import Local
from ser_core.engine.workshop import partial_of, resumable
from ser_core.errors import BadInput
from tests.ser_core import voices, watched

STOP_AT = "study-en-x-angry-0"
"""The first clip of the fourth of six shards; each of two models rates it."""

PLAN = ("--shard", "4", "--threads", "1", "--set", f"stop_at={STOP_AT}")


@pytest.fixture(scope="module")
def top(tmp_path_factory) -> Path:
    """A study in German and English, of which two clips have one content, and a training table."""
    top = tmp_path_factory.mktemp("top")
    voices.table(top / "study", languages=("de", "en"), speakers="xyz")
    voices.table(top / "train", languages=("de", "en"), speakers="a")
    clips = top / "study" / "clips"
    shutil.copy(clips / "study-de-x-angry-0.wav", clips / "study-en-z-angry-0.wav")
    return top


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch) -> None:
    """Data and features of each test's own: every clip is heard anew."""
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("EARWITNESS_FEATURES", str(tmp_path / "features"))
    monkeypatch.setenv(watched.DIARY, str(tmp_path))


@pytest.fixture
def plan(top, monkeypatch) -> runs.Plan:
    monkeypatch.setattr("ser_core.run_plan.find_method", lambda name: watched.METHOD)
    return plan_of(top)


def plan_of(top: Path) -> runs.Plan:
    tables = top / "study" / "stimuli.csv", (top / "train" / "stimuli.csv",)
    return runs.Plan(*tables, "watched", settings={"stop_at": STOP_AT}, shard=4, threads=1)


@pytest.fixture(scope="module")
def undisturbed(top, tmp_path_factory) -> Path:
    """The run on one worker."""
    with pytest.MonkeyPatch.context() as patch:
        own = tmp_path_factory.mktemp("undisturbed")
        patch.setenv("EARWITNESS_FEATURES", str(own / "features"))
        patch.setenv(watched.DIARY, str(own))
        patch.setattr("ser_core.run_plan.find_method", lambda name: watched.METHOD)
        return runs.execute(plan_of(top), own / "run").folder


def assert_equal(one: Path, other: Path) -> None:
    for name in ("ratings.csv", "posteriors.parquet", "stimuli.csv"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def rated(diary: Path) -> list[str]:
    return [call for call in watched.calls(diary) if call.startswith("rate")]


# --- what the run is --------------------------------------------------------------------------------------------------


def test_posteriors_are_ordered_by_rater_clip_and_time(undisturbed):
    found = pd.read_parquet(undisturbed / "posteriors.parquet")
    tables = ratings.read(undisturbed)
    assert found.columns.tolist() == ["rater", "stimulus", "start_s", "end_s", "angry", "happy", "neutral", "sad"]
    assert {str(kind) for kind in found.dtypes.iloc[4:]} == {"float32"}
    place = pd.DataFrame(
        {
            "rater": found["rater"].map({name: n for n, name in enumerate(tables.raters["rater"])}),
            "stimulus": found["stimulus"].map({name: n for n, name in enumerate(tables.stimuli["stimulus"])}),
            "start_s": found["start_s"],
        }
    )
    assert place.equals(place.sort_values(["rater", "stimulus", "start_s"]))
    assert len(found) == 2 * 24 * 30  # each of two models, 24 clips, 30 frames
    assert found.iloc[:, 4:].sum(axis=1).sub(1).abs().max() < 1e-5


def test_ratings_of_parts_are_those_that_the_posteriors_say(undisturbed):
    tables = ratings.read(undisturbed)
    frames = pd.read_parquet(undisturbed / "posteriors.parquet")
    frames["label"] = frames[["angry", "happy", "neutral", "sad"]].idxmax(axis=1)
    frames["middle_s"] = (frames["start_s"] + frames["end_s"]) / 2
    both = frames.merge(tables.ratings, on=["rater", "stimulus"], suffixes=("_frame", ""))
    inside = both[(both["start_s"] <= both["middle_s"]) & (both["middle_s"] < both["end_s"])]
    assert len(inside) == len(frames)
    assert (inside["label_frame"] == inside["label"]).mean() > 0.999  # rounding may turn a tie
    assert len(tables.ratings) > 2 * 24


# --- many workers -----------------------------------------------------------------------------------------------------


def test_two_workers_of_which_one_is_killed_give_the_same_bytes(plan, undisturbed, tmp_path):
    with watched.killing(tmp_path):
        run = runs.execute(plan, tmp_path / "run", engine=Local(2))
    assert_equal(run.folder, undisturbed)
    assert run.config["engine"] == {"name": "local", "workers": 2}
    done = rated(tmp_path)
    assert (len(done), len(set(done))) == (13, 12)  # six shards for each of two models, and one of them twice
    assert [call for call in set(done) if done.count(call) == 2] == [next(call for call in done if STOP_AT in call)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A Ray cluster of two machines with one core each, as far as Ray knows."""
    from ray.cluster_utils import Cluster as Machines

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    machines = Machines(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    machines.add_node(num_cpus=1)
    yield machines.address
    machines.shutdown()


def test_a_ray_cluster_of_which_a_worker_is_killed_gives_the_same_bytes(plan, undisturbed, cluster, tmp_path):
    run_record.code.cache_clear()  # the project may be worked on while its tests run
    with watched.killing(tmp_path):
        run = runs.execute(plan, tmp_path / "run", engine=Cluster(cluster))
    assert_equal(run.folder, undisturbed)
    assert run.config["engine"] == {"name": "ray", "workers": 2}
    done = rated(tmp_path)
    assert (len(done), len(set(done))) == (13, 12)


def test_a_worker_of_the_cluster_that_does_not_see_the_clips_is_told_before_anything_is_computed(cluster, tmp_path):
    engine = Cluster(cluster, 1)
    heeded = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(BadInput, match=r"does not see .*gone\.wav; share that folder with all machines"):
            engine.begin([tmp_path / "gone.wav"], threads=1)
        assert signal.getsignal(signal.SIGTERM) is heeded  # Ray's own would throw away what is finished
    finally:
        engine.close()
    assert [path.name for path in places.data().iterdir()] == []  # nothing of the looking is left


@pytest.mark.parametrize(
    ("workers", "threads", "what"), [(3, 1, "room for 2 workers of 1 threads each, not for 3"), (1, 2, "has 2 cores")]
)
def test_more_than_the_cluster_has_is_refused(cluster, workers, threads, what):
    engine = Cluster(cluster, workers)
    try:
        with pytest.raises(BadInput, match=what):
            engine.begin([], threads=threads)
    finally:
        engine.close()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere"])
def test_an_address_where_no_cluster_answers_is_told_at_once(address):
    with pytest.raises(BadInput, match=rf"no Ray cluster answers at '{address}'"):
        Cluster(address).begin([], threads=1)


def test_an_address_where_a_web_server_answers_is_told_at_once():
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server_thread = threading.Thread(target=server.handle_request)
        server_thread.start()
        with pytest.raises(BadInput, match=r"a web server answers at .*, and no Ray cluster"):
            Cluster(f"127.0.0.1:{server.server_port}").begin([], threads=1)
        server_thread.join()


# --- cut off and gone on with -----------------------------------------------------------------------------------------


def command(top: Path, own: Path) -> list[str]:
    tables = ["--stimuli", str(top / "study" / "stimuli.csv"), "--train", str(top / "train" / "stimuli.csv")]
    return ["predict", *tables, "--model", "watched", "--out", str(own / "run"), *PLAN]


@pytest.fixture(scope="module")
def killed(top, tmp_path_factory) -> Path:
    """A folder in which a run was killed when it had rated three of twelve shards, with its features and its diary."""
    own = tmp_path_factory.mktemp("killed")
    code = "import sys; from tests.ser_core.watched import main; sys.exit(main(sys.argv[1:]))"
    environment = os.environ | {"EARWITNESS_FEATURES": str(own / "features"), watched.DIARY: str(own)}
    environment["PYTHONPATH"] = str(places.ROOT)
    with watched.stopping(own) as stopped:
        run = subprocess.Popen([sys.executable, "-c", code, *command(top, own)], env=environment, stderr=subprocess.DEVNULL)
        assert stopped() == run.pid
        run.kill()
        run.wait()
    return own


@pytest.fixture
def remains(killed, plan, top, monkeypatch) -> Path:
    """The same, as the killed run left it."""
    kept = killed.with_name("kept")
    if not kept.exists():
        shutil.copytree(killed, kept)
    shutil.rmtree(killed)
    shutil.copytree(kept, killed)
    plan_of_remains = partial_of(killed / "run") / "plan.json"  # as above
    monkeypatch.setenv("EARWITNESS_FEATURES", str(killed / "features"))
    monkeypatch.setenv(watched.DIARY, str(killed))
    monkeypatch.setattr("ser_core.run_record.code", lambda: json.loads(plan_of_remains.read_bytes())["code"])
    return killed


def test_a_killed_run_is_gone_on_with_byte_for_byte_and_no_finished_shard_is_done_again(remains, undisturbed, top):
    before = watched.calls(remains)
    assert len(before) == 2 + 4  # both models are fitted, three shards rated, one begun
    assert [path.name for path in remains.iterdir() if path.name.startswith(".run")] == [".run.partial"]
    assert resumable(remains / "run")
    run = runs.execute(plan_of(top), remains / "run")
    assert_equal(run.folder, undisturbed)
    after = watched.calls(remains)[len(before) :]
    assert len(after) == 9  # nothing is fitted again, and of twelve shards three were finished
    assert before[-1] == after[0]  # the one that was begun
    assert len({*before, *after}) == 2 + 12
    assert "rating clips: 3 of 12 shards were finished before" in (run.folder / "log.txt").read_text()
    assert "learning: 2 of 2 shards were finished before" in (run.folder / "log.txt").read_text()
    assert run.config["device"] == "cpu"
    assert not partial_of(run.folder).exists()


def test_another_plan_does_not_go_on_from_there_unless_it_is_told_to_begin_anew(remains, top, undisturbed):
    other = runs.Plan(**{**vars(plan_of(top)), "seed": 7, "shard": 24})
    with pytest.raises(BadInput, match=r"differs from this one in hyper_parameters, seed, shard\..*add --fresh"):
        runs.execute(other, remains / "run")
    assert resumable(remains / "run")
    run = runs.execute(other, remains / "run", fresh=True)
    assert run.config["seed"] == 7
    assert "were finished before" not in (run.folder / "log.txt").read_text()


def test_a_clip_that_was_changed_meanwhile_is_named_and_nothing_is_thrown_away(remains, top):
    clip = top / "study" / "clips" / "study-de-x-sad-0.wav"
    told = clip.stat()
    try:
        os.utime(clip, ns=(told.st_atime_ns, told.st_mtime_ns + 1))
        with pytest.raises(CutOff, match=r"study-de-x-sad-0\.wav: was changed after it was checked; .* or add --fresh"):
            runs.execute(plan_of(top), remains / "run")
    finally:
        os.utime(clip, ns=(told.st_atime_ns, told.st_mtime_ns))
    assert resumable(remains / "run")


@pytest.mark.parametrize(
    ("end", "stays"),
    [
        (RuntimeError("our fault"), True),
        (BadInput("bad"), False),
        (KeyboardInterrupt(), False),
        (SystemExit(143), False),
    ],
)
def test_what_ends_a_run_decides_whether_its_finished_shards_stay(plan, tmp_path, monkeypatch, end, stays):
    def ends(*_: object, **__: object) -> None:
        raise end

    monkeypatch.setattr(ratings, "write", ends)
    with pytest.raises(type(end)):
        runs.execute(plan, tmp_path / "run")
    assert resumable(tmp_path / "run") == stays
    assert partial_of(tmp_path / "run").exists() == stays
    assert not (tmp_path / "run").exists()
