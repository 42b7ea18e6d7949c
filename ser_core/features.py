"""Any clips through any encoder: each content once, all layers, kept for whoever asks again.

``features`` looks up each clip's content (sha256) in the store of that encoder, revision and settings (``feature_store``),
hears what is missing in one pass (``encoders/_pass``), and gives the whole as a table whose numbers stay on the disk until
somebody looks at them. Clips that cannot be heard are left out and named; the others are not held up by them.

The key is what decides the numbers: content, encoder, revision, pooling, the layer where one alone is kept, dtype, how sound
is read, how long clips are cut.
The device is not: in fp32 devices agree within 1e-4. In bf16 they need not, so how far it strays from fp32 is measured on
some of the clips and told.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pandas as pd

from ser_core import audio, feature_shards, places
from ser_core.encoders import _checkpoint
from ser_core.encoders._encoder import DTYPES, Encoder, Hearing
from ser_core.encoders._find import find, open_encoder
from ser_core.encoders._pass import PIECE_S, Clip, Pass
from ser_core.errors import BadInput, Problem, nearest
from ser_core.feature_shards import Values
from ser_core.feature_store import About, Store
from ser_core.table_files import write_whole

POOLINGS = ("mean", "mean_std", "frames")
"""Mean over a clip's frames; means, then deviations; or all frames, of all layers or of one."""

WINDOW = 512
"""Clips that are sorted by length together and become one shard: what a killed process loses, and what memory holds."""

_DRIFT_CLIPS = 4
_BUDGET_S = {"cpu": 24, "mps": 60}
_BUDGET_GPU_S = 320

Progress = Callable[[int, int, str], None]
"""``progress(done, total, what)``"""


@dataclass(frozen=True)
class Features:
    """What an encoder made of clips; reads from the disk what is looked at."""

    index: pd.DataFrame
    """``sha256``, ``frames`` of each clip that was heard, under the index that it had in the table asked for."""
    left_out: tuple[Problem, ...]
    """Each clip that could not be heard, and why."""
    about: About
    device: str
    """Where clips were heard just now; empty if all were known."""
    known: int
    """How many different clips were in the store before."""
    made: int
    """How many different clips were heard by this call."""
    drift: float | None
    """Largest |bf16 - fp32| / |fp32| (Euclidean norms over a layer), over the layers of a few clips; None in fp32."""
    _store: Store = field(repr=False)

    def __len__(self) -> int:
        """How many clips were heard."""
        return len(self.index)

    def __getitem__(self, position: int) -> Values:
        """The clip at a position of ``index``.

        [layer, width]; where frames are kept [layer, frame, dim], or [frame, dim] where one layer was asked for.
        """
        return self._store.clip(str(self.index["sha256"].iloc[position]))

    def __iter__(self) -> Iterator[Values]:
        """Clip by clip, in the order of ``index``."""
        return (self[position] for position in range(len(self)))

    def layer(self, number: int) -> Values:
        """Float32 [clip, width] of one layer (negative: from the end), in memory; not where frames are kept."""
        if self.about.keeps_frames:
            raise ValueError("clips have different numbers of frames; take them one by one")
        return self._store.layer(self.index["sha256"].tolist(), number)


def features(
    encoder: str,
    clips: pd.DataFrame,
    *,
    pooling: str = "mean",
    layer: int | None = None,
    dtype: str = "fp32",
    device: str = "auto",
    offline: bool = False,
    progress: Progress | None = None,
    keep_open: bool = False,
) -> Features:
    """Look up what is known, hear what is not.

    Args:
        encoder: its name.
        clips: a table with ``file`` and ``sha256`` (where that is empty, it is worked out).
        pooling: one of ``POOLINGS``.
        layer: of frames, the one layer that is kept (negative: from the end); None: all. Of means all are kept.
        dtype: "fp32" or "bf16", of the weights and the computation; what is kept is float32.
        device: "cpu", "cuda", "cuda:1", "mps", or "auto": ``EARWITNESS_DEVICE``, else the best there is.
        offline: fetch nothing.
        progress: told how far it is.
        keep_open: leave the encoder open for the next call in this process that asks so; ``close_kept`` lets it go.

    Raises:
        BadInput: no such encoder, pooling, layer, dtype or device; its files are missing or wrong; a shard is damaged; the
            store cannot be written. Clips that cannot be heard are no error: see ``Features.left_out``.
    """
    for word, words, what in ((pooling, POOLINGS, "pooling"), (dtype, DTYPES, "dtype")):
        if word not in words:
            raise BadInput(f"there is no {what} '{word}'. {nearest(word, words)}")
    found = find(encoder)
    if layer is not None:
        if pooling != "frames":
            raise BadInput(f"pooling '{pooling}' keeps all layers; choose one (layer {layer}) only of 'frames'.")
        layer = found.layer(layer)
    contents, files, left_out = _by_content(clips)
    task = _Task(encoder, found, pooling, layer, dtype, device, offline, progress or _silent, left_out, keep_open)
    store = task.fill(files)
    heard = [sha256 != "" and sha256 in store for sha256 in contents]
    kept = [sha256 for sha256, yes in zip(contents, heard, strict=True) if yes]
    frames = np.array([store.frames(sha256) for sha256 in kept], dtype=np.int64)
    index = pd.DataFrame({"sha256": kept, "frames": frames}, index=clips.index[heard])
    known = len(set(kept)) - task.made
    return Features(index, tuple(left_out), store.about, task.used, known, task.made, _drift_of(store), store)


def device_named(name: str) -> str:
    """The device that a name means on this machine; "auto" is ``EARWITNESS_DEVICE``, else CUDA, MPS or CPU.

    Raises:
        BadInput: there is none of that name here.
    """
    import torch

    if name == "auto":
        name = os.environ.get("EARWITNESS_DEVICE", "auto") or "auto"
    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return next(kind for kind in ("cuda", "mps", "cpu") if here[kind])
    kind, _, number = name.partition(":")
    if kind not in here:
        raise BadInput(f"there is no device '{name}'. {nearest(kind, [*here, 'auto'])}")
    if not here[kind] or (number and not (number.isdigit() and kind == "cuda" and int(number) < torch.cuda.device_count())):
        raise BadInput(f"there is no {name} here; this machine has {', '.join(kind for kind, yes in here.items() if yes)}.")
    return name


def _silent(done: int, total: int, what: str) -> None:
    pass


def _by_content(clips: pd.DataFrame) -> tuple[list[str], dict[str, str], list[Problem]]:
    """The sha256 of each row ("" where the file cannot be read), a file of each content, and what cannot be read."""
    contents, files, left_out = [], dict[str, str](), list[Problem]()
    for file, sha256 in zip(clips["file"].astype(str), clips["sha256"].astype(str), strict=True):
        if not sha256:
            try:
                sha256 = audio.sha256(file)
            except BadInput as bad:
                left_out += bad.problems
        contents.append(sha256)
        if sha256:
            files.setdefault(sha256, file)
    return contents, files, left_out


@dataclass
class _Task:
    """One call of ``features``: opens the encoder only when something is to be heard."""

    name: str
    encoder: Encoder
    pooling: str
    layer: int | None
    dtype: str
    device: str
    offline: bool
    progress: Progress
    left_out: list[Problem]
    keep_open: bool = False
    used: str = ""
    made: int = 0
    _refused: set[str] = field(default_factory=set)
    _hearing: Hearing | None = None

    def fill(self, files: dict[str, str]) -> Store:
        """Hear what the store lacks, and wait for what other processes hear of it."""
        store = Store(places.features(), self._about(self._revision(fetch=False)))
        store.refresh()
        if self._missing(store, files):
            revision = self._revision(fetch=True)
            if revision != store.about.revision:  # files were fetched, or put there by hand, that are not what is pinned
                store = Store(places.features(), self._about(revision))
                store.refresh()
        while missing := self._missing(store, files):
            with store.claimed(missing) as mine:
                self._hear([Clip(sha256, files[sha256]) for sha256 in mine], store)
            store.refresh()
            if self._missing(store, files):
                self.progress(len(files) - len(missing), len(files), "waiting for clips that another process hears")
                store.wait()
                store.refresh()
        return store

    def _missing(self, store: Store, files: dict[str, str]) -> list[str]:
        return [sha256 for sha256 in files if sha256 not in store and sha256 not in self._refused]

    def _about(self, revision: str) -> About:
        width = self.encoder.dim * (2 if self.pooling == "mean_std" else 1)
        settings = {"pooling": self.pooling, "dtype": self.dtype, "sound": audio.HEARD_AS, "pieces": f"{PIECE_S} s"}
        if self.layer is None:
            return About(self.name, revision, settings, self.encoder.layers, width)
        return About(self.name, revision, settings | {"layer": str(self.layer)}, 1, width)

    def _revision(self, *, fetch: bool) -> str:
        """Of the files that are here; without any, what is pinned, so that what is known needs no checkpoint."""
        here = _checkpoint.found(self.name, self.encoder)
        if here is None and self.encoder.source and (fetch or not self.encoder.revision):
            here = _checkpoint.folder(self.name, self.encoder, offline=self.offline)
        return _checkpoint.revision(self.encoder, here)

    def _hear(self, clips: Sequence[Clip], store: Store) -> None:
        if not clips:
            return
        hearing = self._hearing or self._opened(clips, store)
        self._hearing = hearing
        done = 0

        def heard(clip: Clip) -> None:
            nonlocal done
            done += 1
            self.made += 1
            self.progress(done, len(clips), f"hearing on {self.used}")

        def refused(clip: Clip, why: BadInput) -> None:
            nonlocal done
            done += 1
            self._refused.add(clip.sha256)
            self.left_out.extend(why.problems)
            self.progress(done, len(clips), f"hearing on {self.used}")

        work = Pass(hearing, self.pooling, self.layer, _budget(self.used), refused, heard)
        for start in range(0, len(clips), WINDOW):
            with feature_shards.writing(store.folder) as shard:
                work.hear(clips[start : start + WINDOW], shard)

    def _opened(self, clips: Sequence[Clip], store: Store) -> Hearing:
        self.used = device_named(self.device)
        _full_precision()
        if self.dtype != "fp32" and _drift_of(store) is None:
            self._measure_drift(clips, store)
        self.progress(0, len(clips), f"opening {self.name} on {self.used} in {self.dtype}")
        if self.keep_open:
            return _kept_open(self.name, store.about.revision, device=self.used, dtype=self.dtype, offline=self.offline)
        return self._open(self.dtype)

    def _open(self, dtype: str) -> Hearing:
        return open_encoder(self.name, device=self.used, dtype=dtype, offline=self.offline).hearing

    def _measure_drift(self, clips: Sequence[Clip], store: Store) -> None:
        """One dtype after the other, so that two sets of weights are never there at once."""
        samples = []
        for clip in clips[: 4 * _DRIFT_CLIPS]:
            try:
                samples.append(audio.read(clip.file)[: PIECE_S * audio.RATE_HZ])
            except BadInput:
                continue  # it is named when its turn comes
            if len(samples) == _DRIFT_CLIPS:
                break
        if samples:
            self.progress(0, len(clips), f"measuring how far {self.dtype} strays from fp32")
            exact, other = (self._open(dtype).pooled(samples).double().cpu().numpy() for dtype in ("fp32", self.dtype))
            norm = np.linalg.norm(exact, axis=-1)
            drift = float((np.linalg.norm(other - exact, axis=-1) / np.maximum(norm, 1e-12)).max())
            write_whole(store.folder / "drift.json", json.dumps({"drift": drift, "clips": len(samples)}).encode())


@lru_cache(maxsize=1)
def _kept_open(name: str, revision: str, *, device: str, dtype: str, offline: bool) -> Hearing:
    return open_encoder(name, device=device, dtype=dtype, offline=offline).hearing


def close_kept() -> None:
    """Let go of the encoder that was kept open, and of its memory."""
    _kept_open.cache_clear()


def _drift_of(store: Store) -> float | None:
    file = store.folder / "drift.json"
    return float(json.loads(file.read_text())["drift"]) if file.exists() else None


def _budget(device: str) -> int:
    return _BUDGET_S.get(device, _BUDGET_GPU_S) * audio.RATE_HZ


def _full_precision() -> None:
    """No TF32 in convolutions, where it is on by default: with its 10 bits a clip would depend on its batch."""
    import torch

    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
