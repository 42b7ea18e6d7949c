"""How long 100,000 clips take to index, audit and rate by ``majority``, in how much memory: ``python -m benchmarks.index``.

Writes a tree that lies and is named as THAI-SER does (``--clips`` FLAC files of 0.3 to 0.9 s at 16 kHz, no two equal, with
labels and votes), then runs the commands as anybody would, each in a process of its own, and reads from the system how long
it ran, how much of the processors' time it took, and the most memory it held. What this leaves out: the time to read a real
corpus from a disk. The clips were just written, so they are read from memory; and real clips last longer.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import soundfile

RATE_HZ = 16_000
TURNS = 500
"""Of each actor."""
TRAINING = 1000
"""Clips that ``majority`` learns from."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.index", description=__doc__)
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where the tree is made and kept (default: a folder that is removed)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        folder = options.folder or Path(passing)
        began = time.perf_counter()
        megabytes = tree(folder / "corpus", options.clips)
        print(f"{options.clips:,} clips, {megabytes:,.0f} MB, written in {time.perf_counter() - began:.0f} s")
        print(f"Python {platform.python_version()}, {os.cpu_count()} processors, {platform.machine()}")
        print("| command | seconds | processor seconds | clips/s | peak MB |\n|---|---|---|---|---|")
        table = folder / "stimuli.csv"
        run("index", "thaiser", folder / "corpus", "--out", table, clips=options.clips)
        run("audit", table, clips=options.clips)
        tree(folder / "training", TRAINING, first=options.clips)  # other actors' clips: no model is tested on its own
        training = folder / "training.csv"
        run("index", "thaiser", folder / "training", "--out", training, clips=TRAINING)
        run(
            "predict", "--stimuli", table, "--train", training, "--model", "majority", "--out", folder / "run",
            clips=options.clips,
        )  # fmt: skip


def tree(root: Path, clips: int, *, first: int = 0) -> float:
    """Write clips, from the ``first`` of all on, and their labels; the size of all, in MB."""
    rng = np.random.default_rng(first)
    voice = rng.standard_normal(10 * RATE_HZ).astype("float32") * 0.1
    labels, size = {}, 0
    for n, (folder, name) in enumerate(islice(names(), first, first + clips)):
        path = root / folder / f"{name}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        start, length = int(rng.integers(9 * RATE_HZ)), int(rng.integers(int(0.3 * RATE_HZ), int(0.9 * RATE_HZ)))
        soundfile.write(path, voice[start : start + length] * rng.uniform(0.5, 1), RATE_HZ)
        size += path.stat().st_size
        heard = ["Neutral", "Angry", "Happy", "Sad", "Frustrated"][n % 5]
        label = {"assigned_emo": heard, "majority_emo": heard, "agreement": 0.75, "annotated": [[heard], [heard], ["Sad"]]}
        labels[path.name] = [label]
    (root / "emotion_label.json").write_text(json.dumps(labels))
    return size / 1e6


def names() -> Iterator[tuple[str, str]]:
    """Folder and name of one clip after the other; two actors in each session."""
    for session in range(1, 1000):
        for actor in (2 * session - 1, 2 * session):
            for turn in range(TURNS):
                yield f"studio/studio{session:03d}/con", f"s{session:03d}_con_actor{actor:03d}_impro1_{turn}"


def run(*words: str | Path, clips: int) -> None:
    """Run a command of ours and print what it took; its own words go to the standard error."""
    began = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-m", "ser_core", *map(str, words)], stdout=sys.stderr)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    busy = used.ru_utime + used.ru_stime
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6  # Linux counts in KiB, macOS in bytes
    failed = f" (exit {child.returncode})" if child.returncode else ""
    print(f"| `{words[0]}`{failed} | {seconds:.0f} | {busy:.0f} | {clips / seconds:,.0f} | {peak:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
