"""Shards are whole or not there, whatever is killed, damaged or full; several processes share the work."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core import audio, feature_cache, feature_shards
from ser_core.cli import main
from ser_core.errors import BadInput
from ser_core.feature_store import About, Store
from ser_core.features import features
from tests.ser_core import voices

ROOT = Path(__file__).resolve().parents[2]
REVISION = "64 bands, 25 ms every 10 ms, 60-7800 Hz"


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("EARWITNESS_FEATURES", str(tmp_path / "features"))
    return tmp_path / "features"


@pytest.fixture
def clips(tmp_path) -> pd.DataFrame:
    files = [voices.clip(tmp_path / f"{n}.wav", "sad", seconds=0.1) for n in range(24)]
    table = pd.DataFrame(
        {
            "stimulus": [f.stem for f in files],
            "file": [f.name for f in files],
            "sha256": [audio.sha256(f) for f in files],
            "language": "de",
            "truth": "sad",
        }
    )
    table.to_csv(tmp_path / "stimuli.csv", index=False)
    return table.assign(file=[str(f) for f in files])


CHILD = """
import os, resource, sys
import pandas as pd
from ser_core import features as module
from ser_core.errors import BadInput
from ser_core.stimuli import load

module.WINDOW = 4
stop, largest = int(sys.argv[2]), int(sys.argv[3])
heard = 0

def progress(done, total, what):
    global heard
    heard += what.startswith("hearing")
    if what.startswith("waiting"):
        print("waiting", flush=True)
    if heard == stop:
        print("stopped", flush=True)
        sys.stdin.readline()

clips = load(sys.argv[1])
import torch  # what takes long is done before the start
print("ready", flush=True)
sys.stdin.readline()
if largest:
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
try:
    found = module.features("logmel", clips, progress=progress)
    print("made", found.made, "of", len(found), flush=True)
except BadInput as bad:
    print("refused:", bad, flush=True)
"""


class Child:
    """A process of its own that hears the clips of the table; in shards of 4."""

    def __init__(self, table: Path, *, stop: int = -1, largest: int = 0):
        words = [sys.executable, "-c", CHILD, str(table), str(stop), str(largest)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        assert self.says() == "ready"

    def says(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def go(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()


@pytest.fixture
def child(tmp_path) -> Iterator[Callable[..., Child]]:
    made: list[Child] = []

    def start(**how) -> Child:
        made.append(Child(tmp_path / "stimuli.csv", **how))
        return made[-1]

    yield start
    for one in made:
        one.process.kill()
        one.process.communicate()


def whole(root: Path) -> int:
    """How many clips there are, all of whose features are what was written."""
    count, problems = feature_cache.verify(root)
    assert problems == []
    return count


# --- killed, and several at once -------------------------------------------------------------------------------------


def test_what_a_killed_process_had_finished_is_whole_and_the_rest_is_heard_by_the_next(clips, root, child):
    first = child(stop=10)
    first.go()
    assert first.says() == "stopped"
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    assert whole(root) == 8
    assert len(list(root.glob("*/.part-*"))) == 1
    found = features("logmel", clips)
    assert (found.known, found.made, len(found)) == (8, 16, 24)
    gone = feature_cache.collect(root, {})
    assert [g.why for g in gone] == ["left by a process that died"]
    assert not list(root.glob("*/.[pc][al]*-*"))
    assert whole(root) == 24


def test_two_processes_at_once_hear_each_clip_once(clips, root, child):
    both = child(), child()
    for one in both:
        one.go()
    said = []
    for one in both:
        words = one.says()
        while words == "waiting":
            words = one.says()
        said.append(words.split())
    assert [words[3] for words in said] == ["24", "24"]
    assert sum(int(words[1]) for words in said) == 24
    assert whole(root) == 24


def test_whoever_waits_for_one_that_is_killed_hears_its_clips_itself(clips, root, child):
    first, second = child(stop=6), child()
    first.go()
    assert first.says() == "stopped"
    second.go()
    assert second.says() == "waiting"
    first.process.send_signal(signal.SIGKILL)
    words = second.says()
    while words == "waiting":
        words = second.says()
    assert words == "made 20 of 24"
    assert whole(root) == 24


def test_a_full_disk_is_told_and_what_is_there_stays_valid(clips, root, child):
    features("logmel", clips.iloc[:5])
    limited = child(largest=900)  # bytes in a file: a shard of 4 clips has 1024
    limited.go()
    said = limited.says()
    assert said.startswith("refused: ")
    assert "features cannot be written here" in said
    assert whole(root) == 5
    assert not list(root.glob("*/.part-*"))
    assert features("logmel", clips).made == 19


# --- damaged ---------------------------------------------------------------------------------------------------------


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_a_single_wrong_bit_is_found_where_it_is_read_and_by_verify_and_gc_mends_it(clips, root, capsys):
    before = features("logmel", clips).layer(0)
    (values,) = root.glob("*/*/values.f32")
    flip(values, 100)
    found = features("logmel", clips)
    with pytest.raises(BadInput, match=r"damaged: its values are not what was written.*cache gc"):
        found.layer(0)
    assert found[23].shape == (1, 64)  # a clip beside it can be read
    assert main("ser_core", ["cache", "verify"]) == 2
    assert "values.f32 is not what was written" in capsys.readouterr().err
    assert main("ser_core", ["cache", "gc"]) == 0
    again = features("logmel", clips)
    assert again.made == 24
    assert np.array_equal(again.layer(0), before)


@pytest.mark.parametrize("name", ["values.f32", "checks.u32", "index.json"])
@pytest.mark.parametrize("how", ["cut", "gone"])
def test_a_shard_that_lacks_something_is_one_clear_error(clips, root, name, how):
    features("logmel", clips)
    (file,) = root.glob(f"*/*/{name}")
    if how == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BadInput) as caught:
        features("logmel", clips)
    (problem,) = caught.value.problems
    assert problem.file == file.parent
    assert "damaged" in problem.what
    assert len(feature_cache.collect(root, {})) == 1
    assert features("logmel", clips).made == 24


def test_an_index_that_was_edited_is_not_believed(clips, root):
    features("logmel", clips)
    (index,) = root.glob("*/*/index.json")
    text = index.read_text()
    index.write_text(text.replace(clips["sha256"][0], "0" * 64))
    with pytest.raises(BadInput, match="its index is not what was written"):
        features("logmel", clips)


# --- the store alone -------------------------------------------------------------------------------------------------


def filled(root: Path, values: np.ndarray, names: list[str], **how) -> Store:
    about = About("made-up", how.pop("revision", "1"), {"pooling": "mean"}, values.shape[1], values.shape[2])
    store = Store(root, about)
    with store.claimed(names), feature_shards.writing(store.folder) as shard:
        for name, clip in zip(names, values, strict=True):
            shard.add(name, clip, 7)
    store.refresh()
    return store


def names(count: int, start: int = 0) -> list[str]:
    return [f"{n:064x}" for n in range(start, start + count)]


def test_what_comes_out_is_what_went_in(root):
    values = np.random.default_rng(0).standard_normal((5, 3, 4)).astype(np.float32)
    store = filled(root, values, names(5))
    assert len(store) == 5
    assert np.array_equal(store.layer(names(5)[::-1], -1), values[::-1, 2])
    assert np.array_equal(store.clip(names(5)[3]), values[3])
    assert store.frames(names(5)[3]) == 7


def test_a_store_of_many_shards_opens_a_few_at_a_time(root):
    values = np.arange(100, dtype=np.float32).reshape(100, 1, 1)
    for n in range(100):
        store = filled(root, values[n : n + 1], names(1, n))
    before = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    assert np.array_equal(store.layer(names(100), 0)[:, 0], values[:, 0, 0])
    after = len(list(Path("/proc/self/fd").iterdir())) if before else 0
    assert after - before <= 40


def test_what_an_older_revision_made_goes(root):
    values = np.ones((2, 1, 1), np.float32)
    filled(root, values, names(2), revision="old")
    kept = filled(root, values, names(2), revision="new")
    assert feature_cache.collect(root, {}) == []  # nobody says which is in use
    dry = feature_cache.collect(root, {"made-up": "new"}, really=False)
    assert [g.why for g in dry] == ["of revision old; made-up is new now"]
    assert feature_cache.collect(root, {"made-up": "new"}) == dry
    assert [row.folder for row in feature_cache.overview(root)] == [kept.folder]


def test_clips_that_nobody_wants_go_and_the_others_stay_as_they_are(root):
    values = np.random.default_rng(0).standard_normal((6, 2, 3)).astype(np.float32)
    store = filled(root, values, names(6))
    filled(root, values[:2] + 1, names(2, 10))
    feature_cache.collect(root, {}, keep=set(names(6)[2:5]))
    store.refresh()
    assert len(store) == 3
    assert np.array_equal(store.layer(names(6)[2:5], 1), values[2:5, 1])
    assert whole(root) == 3


def test_a_clip_that_is_there_twice_is_kept_once(root):
    values = np.ones((3, 1, 1), np.float32)
    filled(root, values, names(3))
    filled(root, 2 * values[:2], names(2, 2))
    assert whole(root) == 5
    feature_cache.collect(root, {})
    assert whole(root) == 4


def test_a_shard_without_clips_is_not_kept(root):
    store = filled(root, np.ones((1, 1, 1), np.float32), names(1))
    with feature_shards.writing(store.folder):
        pass
    assert len(feature_shards.shards(store.folder)) == 1


# --- commands --------------------------------------------------------------------------------------------------------


def test_the_commands_tell_what_was_heard_what_was_known_and_what_could_not_be(clips, tmp_path, capsys):
    Path(clips["file"][0]).unlink()
    Path(clips["file"][1]).write_text("no sound")
    words = ["features", str(tmp_path / "stimuli.csv"), "--encoder", "logmel", "--device", "cpu"]
    assert main("ser_core", words) == 0
    said = capsys.readouterr()
    assert "22 clips, 1 layers of 64: 22 heard now on cpu" in said.out
    assert "0 from the cache, 2 left out" in said.out
    assert sum(line.startswith("left out: ") for line in said.err.splitlines()) == 2
    assert main("ser_core", words) == 0
    assert "none heard now, 22 from the cache, 2 left out" in capsys.readouterr().out
    assert main("ser_core", ["cache", "ls"]) == 0
    assert f"logmel  {REVISION}" in capsys.readouterr().out
    assert main("ser_core", ["cache", "verify"]) == 0
    assert "22 clips' features are what was written; 0 damaged shards" in capsys.readouterr().out
    assert main("ser_core", ["cache", "gc", "--dry-run"]) == 0
    assert "0 things" in capsys.readouterr().out


def test_features_of_which_nobody_can_tell_what_they_are_are_named_and_go(clips, root, capsys):
    features("logmel", clips.iloc[:2])
    (about,) = root.glob("*/about.json")
    about.write_text("{")
    assert main("ser_core", ["cache", "ls"]) == 0
    said = capsys.readouterr()
    assert "0 sets of features" in said.out
    assert f"{about}: cannot be read" in said.err
    assert main("ser_core", ["cache", "verify"]) == 2
    assert main("ser_core", ["cache", "gc"]) == 0
    assert features("logmel", clips.iloc[:2]).made == 2


def test_an_empty_cache_is_listed_checked_and_tidied(root):
    for action in ("ls", "verify", "gc"):
        assert main("ser_core", ["cache", action]) == 0
