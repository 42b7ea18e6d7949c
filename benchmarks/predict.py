"""How fast one model rates many clips, end to end: ``.venv/bin/python -m benchmarks.predict``.

Generated clips (a tone of each emotion's own pitch in noise; log-normal lengths, median 2 s, between 1 and 6 s), 200 more to
learn from, and the whole command ``python -m ser_core predict`` from its start to the finished folder: tables, every clip
decoded and checked, heard, the model fitted, clips rated, tables written. Once with one worker and once with two, each cold
(no features are known) and then cached (all are). Seconds are those on the wall. All runs must give the same ratings, byte
for byte; the benchmark stops if they do not.

``--threads`` is that of each worker: with the default, 1, a second worker means a second core.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from ser_core import audio

PITCH_HZ = {"angry": 400.0, "happy": 800.0, "neutral": 1600.0, "sad": 3200.0}
TRAIN = 200


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--model", default="logmel_probe")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("words", nargs="*", help="more for the command, after --, for example --set layer=8 --device cpu")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder), options)


def _measure(top: Path, options: argparse.Namespace) -> None:
    seconds = _table(top / "study", options.clips)
    _table(top / "train", TRAIN)
    print(f"{platform.machine()}, {os.cpu_count()} cores, {options.threads} threads a worker; {options.model}")
    print(f"{options.clips} clips to rate, {seconds / 3600:.1f} h of sound; {TRAIN} to learn from")
    print("| workers | features | seconds | clips/s | audio h/h |")
    print("|---|---|---|---|---|")
    first: bytes | None = None
    for workers in options.workers:
        for known in ("cold", "cached"):
            out = top / f"{workers}-{known}"
            taken = _timed(top, out, workers, options)
            print(f"| {workers} | {known} | {taken:.1f} | {options.clips / taken:.1f} | {seconds / taken:.0f} |", flush=True)
            ratings = (out / "ratings.csv").read_bytes()
            if first not in (None, ratings):
                sys.exit(f"{workers} workers, {known}: the ratings are not those of the first run")
            first = ratings


def _timed(top: Path, out: Path, workers: int, options: argparse.Namespace) -> float:
    words = ["predict", "--stimuli", top / "study" / "stimuli.csv", "--train", top / "train" / "stimuli.csv", "--out", out]
    words += ["--model", options.model, "--workers", workers, "--threads", options.threads, *options.words]
    environment = os.environ | {"EARWITNESS_FEATURES": str(top / f"features-{workers}")}
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "ser_core", *map(str, words)], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    return time.perf_counter() - began


def _table(folder: Path, count: int) -> float:
    """Clips and their table; how many seconds they last together."""
    rng = np.random.default_rng(len(folder.name))
    seconds = np.clip(np.exp(rng.normal(np.log(2), 0.5, count)), 1, 6)
    (folder / "clips").mkdir(parents=True)
    with (folder / "stimuli.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("stimulus", "file", "corpus", "language", "speaker", "truth"))
        for n, length in enumerate(seconds):
            emotion = list(PITCH_HZ)[n % len(PITCH_HZ)]
            times = np.arange(int(length * audio.RATE_HZ)) / audio.RATE_HZ
            sound = 0.2 * np.sin(2 * np.pi * PITCH_HZ[emotion] * times) + 0.1 * rng.standard_normal(len(times))
            soundfile.write(folder / "clips" / f"{n:05}.wav", np.clip(sound, -1, 1), audio.RATE_HZ)
            writer.writerow((f"{folder.name}-{n:05}", f"clips/{n:05}.wav", folder.name, "de", f"s{n % 10}", emotion))
    return float(seconds.sum())


if __name__ == "__main__":
    main()
