"""The folder in which a run is made: one maker at a time, whole or not there, and gone on from by the same plan alone."""

from __future__ import annotations

import fcntl
import json
import os
import pickle
from pathlib import Path

import pytest

from ser_core.engine import workshop as engine_workshop
from ser_core.engine._engine import CutOff
from ser_core.engine.stages import Results
from ser_core.engine.workshop import partial_of, resumable, sweep, workshop
from ser_core.errors import BadInput
from ser_core.locks import locked

PLAN = {"model": "majority", "seed": 0, "settings": {"a": [1, 2]}}


def ending(out: Path, how: Exception | None) -> None:
    """A run that finishes a shard, and then ends so, or comes to where somebody has made its folder."""
    with workshop(out, PLAN) as shop:
        (shop.shards / "rate-00000").write_text("finished")
        if how:
            raise how
        out.mkdir()


def left(out: Path) -> Path:
    """What a run that was killed leaves: a plan and a finished shard, and nobody who holds the lock."""
    with pytest.raises(ZeroDivisionError):
        ending(out, ZeroDivisionError())
    return partial_of(out)


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
    with pytest.raises(BadInput, match="being written by another process"), workshop(tmp_path / "run", PLAN):
        pass
    assert [p.name for p in tmp_path.iterdir()] == [".run.partial"]
    assert (partial_of(tmp_path / "run") / "log.txt").read_text() == "theirs"


def test_a_folder_that_was_just_named_already_holds_something_so_that_no_rename_replaces_it(tmp_path):
    with workshop(tmp_path / "run", PLAN) as shop:
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


def test_the_same_plan_finds_what_was_finished_and_its_log(tmp_path):
    left(tmp_path / "run")
    assert resumable(tmp_path / "run")
    with workshop(tmp_path / "run", dict(reversed(PLAN.items()))) as shop:
        assert [file.name for file in shop.shards.iterdir()] == ["rate-00000"]
    assert (tmp_path / "run" / "log.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_another_plan_is_told_what_differs_and_touches_nothing(tmp_path):
    kept = left(tmp_path / "run")
    what = r"differs from this one in seed, settings\..*add --fresh"
    other = {**PLAN, "seed": 1, "settings": {"a": [1, 3]}}
    with pytest.raises(BadInput, match=what), workshop(tmp_path / "run", other):
        pass
    assert (kept / "shards" / "rate-00000").read_text() == "finished"
    with workshop(tmp_path / "run", other, fresh=True) as shop:
        assert list(shop.shards.iterdir()) == []
    assert "had left half-written" in (tmp_path / "run" / "log.txt").read_text()


def test_what_a_living_run_is_making_is_neither_resumable_nor_open_to_another(tmp_path):
    kept = left(tmp_path / "run")
    with locked(kept):
        assert not resumable(tmp_path / "run")
        for fresh in (False, True):
            making = workshop(tmp_path / "run", PLAN, fresh=fresh)
            with pytest.raises(BadInput, match="being written by another process"), making:
                pass
    assert resumable(tmp_path / "run")


def test_a_folder_without_a_finished_shard_is_not_gone_on_from(tmp_path):
    with pytest.raises(ZeroDivisionError), workshop(tmp_path / "run", PLAN):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_what_is_finished(tmp_path):
    full = BadInput("cannot be written")
    full.__cause__ = OSError(28, "No space left on device")
    with pytest.raises(CutOff, match="cannot be written"):
        ending(tmp_path / "run", full)
    assert resumable(tmp_path / "run")


def test_a_disk_that_is_full_when_a_line_is_logged_leaves_what_is_finished(tmp_path):
    with pytest.raises(CutOff, match="cannot be written: No space left"):
        ending(tmp_path / "run", OSError(28, "No space left on device"))
    assert resumable(tmp_path / "run")
    with pytest.raises(FileNotFoundError):  # our own mistake keeps its traceback
        ending(tmp_path / "other", FileNotFoundError(2, "No such file"))


def test_a_folder_that_somebody_made_meanwhile_costs_no_finished_work(tmp_path):
    with pytest.raises(CutOff, match="was made by somebody while this run went on"):
        ending(tmp_path / "run", None)
    (tmp_path / "run").rmdir()
    assert resumable(tmp_path / "run")


def test_a_finished_shard_that_is_damaged_is_named(tmp_path):
    (tmp_path / "rate-00000").write_bytes(pickle.dumps([1, 2])[:-3])
    with pytest.raises(CutOff, match=r"rate-00000: is damaged; remove it"):
        list(Results((tmp_path / "rate-00000",)))


def test_what_was_cleared_between_looking_and_locking_is_not_taken_for_what_is_left(tmp_path, monkeypatch):
    left(tmp_path / "run")
    flock = fcntl.flock

    def meanwhile(handle, how):
        monkeypatch.setattr(fcntl, "flock", flock)
        sweep(tmp_path / "run")
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", meanwhile)
    monkeypatch.setattr(engine_workshop, "is_locked", lambda path: False)
    with pytest.raises(BadInput, match="being written by another process"), workshop(tmp_path / "run", PLAN):
        pass


def test_progress_tells_speed_and_time_left_once_there_is_a_speed(tmp_path):
    with workshop(tmp_path / "run", PLAN) as shop:
        shop.progress(0, 40, "rating clips")
        told = json.loads((shop.folder / "progress.json").read_text())
        assert (told["clips_per_s"], told["left_s"], told["pid"]) == (None, None, os.getpid())
        shop.devices |= {"cuda:1", "cuda:0"}
        shop._said_at = 0.0
        shop.progress(10, 40, "rating clips", clips_per_s=5.0)
        told = json.loads((shop.folder / "progress.json").read_text())
        assert (told["done"], told["total"], told["left_s"], told["device"]) == (10, 40, 6.0, "cuda:0, cuda:1")
