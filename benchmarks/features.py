"""How fast clips become features: ``.venv/bin/python -m benchmarks.features``.

One wav2vec 2.0 base with random weights, the same clips (noise, as long as IEMOCAP's turns: log-normal, median 3.6 s,
between 1 and 15 s), fp32, mean over frames of all 13 layers, each in its own way:

ours    what ``python -m ser_core features`` does once the model is open: hash, decode, batch, compute, write a shard
(a)     the transformers library, clip by clip in file order
(b)     the transformers library, padded batches of 8 in file order, as its documentation has it (with attention mask)
again   the whole of ``features(...)`` for clips that are known, and all of a layer read

All decode the same WAV files. The three take turns, and the fastest of all rounds counts, for other work on the machine
only ever slows. Beside them stands what the machine can do: operations are counted from the shapes (a multiplication and an
addition are two), for frames that exist, and divided by the time; the matrix rate is that of one large product of float32
matrices, measured between the rounds. Peak memory is that of a process that does nothing else (``--only``).

``--clock cpu --threads 1`` counts the process's own seconds on one core instead of those on the wall: the fair measure on a
machine that others use at the same time, where the wall's seconds are theirs as well.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile

from ser_core import audio, feature_shards, features
from ser_core.encoders._find import open_encoder
from ser_core.encoders._pass import Clip, Pass

ENCODER = "w2v2-base"
WAYS = ("ours", "one at a time", "batches of 8")
_CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="fp32", choices=("fp32", "bf16"), help="of ours; the others stay in fp32")
    parser.add_argument("--budget", type=float, help="seconds in a batch of ours, if not the built-in")
    parser.add_argument("--threads", type=int, help="of torch, if not its own choice")
    parser.add_argument("--clock", default="wall", choices=_CLOCKS, help="whose seconds count")
    parser.add_argument("--only", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.threads:
        import torch

        torch.set_num_threads(options.threads)
    if options.only:
        print(_peak_of(options))
        return
    with tempfile.TemporaryDirectory() as folder:
        options.folder = Path(folder)
        _measure(options)


def _measure(options: argparse.Namespace) -> None:
    import torch

    device = features.device_named(options.device)
    clips, seconds = _made(options.folder, options.clips)
    os.environ["EARWITNESS_MODELS"] = str(options.folder / "models")
    ways = {name: _way(name, clips, options, device) for name in WAYS}
    operations = sum(_operations(int(length * audio.RATE_HZ)) for length in seconds)
    best: dict[str, float] = {}
    rates: list[float] = []
    for _ in range(options.rounds):
        for name, way in ways.items():
            rates.append(_matrix_rate(device, options.dtype, _CLOCKS[options.clock]))
            taken = _timed(way, device, _CLOCKS[options.clock])
            best[name] = min(taken, best.get(name, taken))
    del ways
    again = _again(clips, options)
    rate = max(rates)
    print(f"{device}, {platform.machine()}, torch {torch.__version__}: {torch.get_num_threads()} of {os.cpu_count()} cores")
    print(f"{len(clips)} clips, {sum(seconds):.0f} s of sound ({min(seconds):.1f} to {max(seconds):.1f} s each)")
    print(f"{operations / 1e12:.2f} T operations; seconds of the {options.clock}")
    print(f"matrix rate in {options.dtype}: {rate / 1e9:.0f} G operations/s (at its lowest {min(rates) / 1e9:.0f})")
    print("| way | clips/s | audio h/h | of the matrix rate | times (a) | times (b) | peak MB |")
    print("|---|---|---|---|---|---|---|")
    best["again"] = again
    for name, taken in best.items():
        share = "" if name == "again" else f"{operations / taken / rate:.0%}"
        peak = "" if name == "again" else _peak(name, options)
        a, b = best["one at a time"] / taken, best["batches of 8"] / taken
        print(f"| {name} | {len(clips) / taken:.2f} | {sum(seconds) / taken:.1f} | {share} | {a:.2f} | {b:.2f} | {peak} |")


# --- what is heard ---------------------------------------------------------------------------------------------------


def _made(folder: Path, count: int) -> tuple[pd.DataFrame, list[float]]:
    """Clips and a checkpoint, made if they are not there."""
    rng = np.random.default_rng(0)
    seconds = np.clip(np.exp(rng.normal(np.log(3.6), 0.6, count)), 1, 15)
    files = [folder / f"{n:04}.wav" for n in range(count)]
    for file, length in zip(files, seconds, strict=True):
        if not file.exists():
            soundfile.write(file, 0.1 * rng.standard_normal(int(length * audio.RATE_HZ)), audio.RATE_HZ)
    _checkpoint(folder / "models" / ENCODER)
    return pd.DataFrame({"file": [str(f) for f in files], "sha256": [audio.sha256(f) for f in files]}), seconds.tolist()


def _checkpoint(folder: Path) -> None:
    if folder.exists():
        return
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    torch.manual_seed(0)
    Wav2Vec2Model(Wav2Vec2Config()).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=False).save_pretrained(folder)


def _operations(samples: int) -> int:
    """Of wav2vec 2.0 base for one clip: products of matrices alone."""
    dim, wide, layers, inside = 768, 3072, 12, 512
    total, channels = 0, 1
    for kernel, stride in ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2)):
        samples = (samples - kernel) // stride + 1
        total += 2 * kernel * channels * inside * samples
        channels = inside
    frames = samples
    total += 2 * inside * dim * frames + 2 * 128 * (dim // 16) * dim * frames
    return total + layers * (frames * (8 * dim * dim + 4 * dim * wide) + 4 * frames * frames * dim)


# --- the ways --------------------------------------------------------------------------------------------------------


def _way(name: str, clips: pd.DataFrame, options: argparse.Namespace, device: str) -> Callable[[], object]:
    if name == "ours":
        return _ours(clips, options, device)
    return _transformers(clips["file"].tolist(), options.folder, device, 1 if name == "one at a time" else 8)


def _ours(clips: pd.DataFrame, options: argparse.Namespace, device: str) -> Callable[[], object]:
    features._full_precision()
    hearing = open_encoder(ENCODER, device=device, dtype=options.dtype, offline=True).hearing
    budget = int(options.budget * audio.RATE_HZ) if options.budget else features._budget(device)
    found = [Clip(sha256, file) for sha256, file in zip(clips["sha256"], clips["file"], strict=True)]
    folder = options.folder / "store"
    folder.mkdir(exist_ok=True)

    def way() -> None:
        for shard in folder.iterdir():  # the same shard would not be written again
            for file in shard.iterdir():
                file.unlink()
            shard.rmdir()
        work = Pass(hearing, "mean", None, budget, lambda clip, why: sys.exit(str(why)), lambda clip: None)
        for start in range(0, len(found), features.WINDOW):
            with feature_shards.writing(folder) as shard:
                work.hear(found[start : start + features.WINDOW], shard)

    return way


def _transformers(files: list[str], folder: Path, device: str, size: int) -> Callable[[], object]:
    import torch
    from transformers import Wav2Vec2FeatureExtractor, Wav2Vec2Model

    checkpoint = folder / "models" / ENCODER
    extractor = Wav2Vec2FeatureExtractor.from_pretrained(checkpoint)
    model = Wav2Vec2Model.from_pretrained(checkpoint).eval().to(device)

    def way() -> Any:
        found = []
        with torch.inference_mode():
            for start in range(0, len(files), size):
                samples = [soundfile.read(file, dtype="float32")[0] for file in files[start : start + size]]
                inputs = extractor(
                    samples, sampling_rate=audio.RATE_HZ, return_tensors="pt", padding=True, return_attention_mask=size > 1
                ).to(device)
                states = torch.stack(model(**inputs, output_hidden_states=True).hidden_states, dim=1)
                counts = model._get_feat_extract_output_lengths(torch.tensor([len(s) for s in samples])).tolist()
                found += [state[:, :count].mean(dim=1).cpu() for state, count in zip(states, counts, strict=True)]
        return torch.stack(found)

    return way


def _again(clips: pd.DataFrame, options: argparse.Namespace) -> float:
    os.environ["EARWITNESS_FEATURES"] = str(options.folder / "features")
    how = {"dtype": options.dtype, "device": options.device, "offline": True}
    first = features.features(ENCODER, clips, **how)
    assert (first.made, len(first.left_out)) == (len(clips), 0)
    best = np.inf
    for _ in range(5):
        started = _CLOCKS[options.clock]()
        second = features.features(ENCODER, clips, **how)
        second.layer(-1)
        best = min(best, _CLOCKS[options.clock]() - started)
    assert second.made == 0
    return float(best)


# --- what it costs ---------------------------------------------------------------------------------------------------


def _timed(way: Callable[[], object], device: str, clock: Callable[[], float]) -> float:
    import torch

    started = clock()
    way()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return clock() - started


def _matrix_rate(device: str, dtype: str, clock: Callable[[], float]) -> float:
    """Operations/s of one large product, the best of some."""
    import torch

    size = 8192 if device.startswith("cuda") else 2048
    kind = {"fp32": torch.float32, "bf16": torch.bfloat16}[dtype]
    one, other = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
    best = min(_timed(lambda: one @ other, device, clock) for _ in range(6))
    return 2 * size**3 / best


def _peak(name: str, options: argparse.Namespace) -> str:
    words = ["--only", name, "--in", str(options.folder), "--clips", str(options.clips), "--device", options.device]
    words += ["--dtype", options.dtype, *(["--threads", str(options.threads)] if options.threads else [])]
    words += [*(["--budget", str(options.budget)] if options.budget else [])]
    done = subprocess.run([sys.executable, "-m", "benchmarks.features", *words], capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()[-1]


def _peak_of(options: argparse.Namespace) -> str:
    """Megabytes: of the process, or of the GPU's memory."""
    import torch

    device = features.device_named(options.device)
    clips, _ = _made(options.folder, options.clips)
    os.environ["EARWITNESS_MODELS"] = str(options.folder / "models")
    _way(options.only, clips, options, device)()
    if device.startswith("cuda"):
        return f"{torch.cuda.max_memory_allocated() / 1e6:.0f}"
    status = Path("/proc/self/status")
    if status.exists():  # getrusage's figure is inherited from the process that started this one
        return f"{int(status.read_text().partition('VmHWM:')[2].split()[0]) * 1024 / 1e6:.0f}"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.0f}"  # macOS tells bytes


if __name__ == "__main__":
    main()
