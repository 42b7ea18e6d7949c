"""Worker processes of this machine: what they answer, and what their death costs."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ser_core import features, places
from ser_core.encoders._find import open_encoder
from ser_core.engine._engine import TRIES, CutOff, Shard
from ser_core.engine.local import Local, _Process, _Processes
from ser_core.engine.tasks import Fit, Hear
from ser_core.errors import BadInput
from ser_core.locks import locked
from ser_core.methods import majority
from ser_core.methods._find import all_methods
from ser_core.methods._method import Ears
from tests.ser_core import deadly, voices

SHARDS = [Shard(n, n, (f"clip-{n}",)) for n in range(6)]


@pytest.fixture(scope="module")
def two() -> Iterator[Local]:
    """This machine with two workers, which the tests of this file share."""
    engine = Local(2, "cpu")
    assert engine.begin([], threads=1) == "2 processes, device cpu"
    yield engine
    engine.close()


def squares(engine: Local, function: deadly.Square) -> tuple[dict[int, int], set[int]]:
    answers = list(engine.map(function, SHARDS))
    return {shard.number: square for shard, (square, _) in answers}, {pid for _, (_, pid) in answers}


def test_every_shard_comes_back_once_from_the_workers_and_not_from_this_process(two):
    found, pids = squares(two, deadly.Square())
    assert found == {n: n * n for n in range(6)}
    assert len(list(two.map(deadly.Square(), SHARDS))) == 6
    assert os.getpid() not in pids


def test_one_worker_is_this_process():
    engine = Local(1)
    engine.begin([], threads=1)
    assert squares(engine, deadly.Square()) == ({n: n * n for n in range(6)}, {os.getpid()})


def test_a_worker_that_is_killed_costs_only_its_shard_which_is_given_out_again(two, tmp_path):
    (tmp_path / "armed").touch()
    found, _ = squares(two, deadly.Square(3, str(tmp_path / "armed")))
    assert found == {n: n * n for n in range(6)}
    assert not (tmp_path / "armed").exists()  # it did happen


def test_a_shard_that_ends_every_worker_is_given_up_with_its_clips_named(two, tmp_path):
    (tmp_path / "armed").touch()
    with pytest.raises(CutOff, match=rf"shard 3 ended {TRIES} workers.*1 clips: 'clip-3'"):
        squares(two, deadly.Square(3, str(tmp_path / "armed"), once=False))


def test_bad_input_arrives_with_all_its_problems(two):
    with pytest.raises(BadInput) as caught:
        list(two.map(deadly.refuse, SHARDS[2:3]))
    assert [str(problem) for problem in caught.value.problems] == ["a.csv:2: is no number", "b.csv: is no word"]
    assert caught.value.__cause__ is None


def test_a_full_disk_is_told_from_bad_input(two):
    with pytest.raises(BadInput) as caught:
        list(two.map(deadly.no_room, SHARDS[:1]))
    assert isinstance(caught.value.__cause__, OSError)


def test_a_mistake_of_ours_arrives_with_the_traceback_of_the_worker(two):
    with pytest.raises(RuntimeError, match=r"(?s)deadly\.py.*ZeroDivisionError: of our own making"):
        list(two.map(deadly.crash, SHARDS[:1]))


def test_an_encoder_is_opened_once_for_all_shards_and_let_go_before_a_model_is_fitted(tmp_path, monkeypatch):
    monkeypatch.setenv("EARWITNESS_FEATURES", str(tmp_path / "features"))
    opened: list[str] = []

    def counted(name: str, **how: Any) -> Any:
        opened.append(name)
        return open_encoder(name, **how)

    monkeypatch.setattr(features, "open_encoder", counted)
    features.close_kept()
    files = [str(voices.clip(tmp_path / f"{emotion}.wav", emotion)) for emotion in ("sad", "angry", "happy")]
    clips = pd.DataFrame({"file": files, "sha256": ""})
    hear = Hear(Ears("logmel", "mean_std"), 1)
    assert [hear(clips.iloc[[row]]).made for row in (0, 1)] == [1, 1]
    assert opened == ["logmel"]
    Fit(majority.METHOD, majority.Config(), 1)(pd.DataFrame({"truth": ["sad"]}))
    assert hear(clips.iloc[[2]]).made == 1
    assert opened == ["logmel"] * 2


@pytest.mark.parametrize("method", all_methods().values(), ids=lambda method: method.title)
def test_every_method_can_be_sent_to_a_worker(method):
    assert pickle.loads(pickle.dumps(method)) == method


def test_a_worker_that_dies_with_half_an_answer_written_is_told_as_dead():
    ours, theirs = multiprocessing.Pipe()
    os.write(theirs.fileno(), (100).to_bytes(4, "big") + b"half")
    theirs.close()
    worker = _Process(multiprocessing.get_context("spawn").Process(target=os.getpid), ours, "cpu")
    crew = _Processes([])
    worker.process.start()
    crew._all.append(worker)
    assert crew.hear([worker]) == (worker, None)


def test_a_worker_ends_in_the_middle_of_a_shard_when_the_run_is_killed(tmp_path):
    code = "import sys; from tests.ser_core import deadly; deadly.wait_in_a_worker(sys.argv[1])"
    (tmp_path / "gate").touch()
    with locked(tmp_path / "gate"):
        run = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, cwd=places.ROOT)
        assert run.stdout
        assert run.stdout.readline() == b"waiting\n"
        run.kill()
        run.wait()
        assert run.stdout.read() == b""  # the worker had it open too, so it is gone
        run.stdout.close()


def test_a_device_that_is_not_here_is_told_before_anything_is_computed():
    with pytest.raises(BadInput, match="there is no device 'banana'"):
        Local(2, "banana").begin([], threads=1)


def test_workers_end_with_the_engine_even_in_the_middle_of_a_shard(tmp_path):
    engine = Local(2, "cpu")
    engine.begin([], threads=1)
    shards = engine.map(deadly.Square(), SHARDS)
    _, (_, pid) = next(shards)
    engine.close()
    assert not Path(f"/proc/{pid}").exists()
