"""A method for tests of runs: it marks parts by the pitch of log-mel frames, keeps a diary, and stops where it is told.

The diary is the file ``calls`` of the folder that the environment names; every call writes a line.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from ser_core import run_plan
from ser_core.features import features
from ser_core.locks import locked, wait_until_free
from ser_core.methods._method import Ears, Method, Rated, emotions_of

FRAME_S = 0.01

DIARY = "EARWITNESS_DIARY"
"""No setting of the method: settings are part of a rater's name."""


@dataclass(frozen=True)
class Config:
    """Hyper-parameters."""

    seed: int = 0
    stop_at: str = ""
    """Before it rates this clip it says its process id and waits, if ``stopping`` is on."""


@dataclass(frozen=True)
class Model:
    """A mean spectrum for each emotion."""

    language: str
    labels: tuple[str, ...]
    means: np.ndarray
    config: Config


def fit(train: pd.DataFrame, dev: pd.DataFrame, config: Config) -> Model:
    """The mean of all frames of each emotion."""
    note(f"fit {train['language'].iloc[0]}")
    labels = emotions_of(train)
    frames = frames_of(train)
    truths = train["truth"].tolist()
    means = [
        np.mean([f for f, truth in zip(frames, truths, strict=True) if truth == label], axis=(0, 1)) for label in labels
    ]
    return Model(str(train["language"].iloc[0]), labels, np.stack(means), config)


def predict(model: Model, stimuli: pd.DataFrame) -> Rated:
    """A softmax of the distance to each mean for every frame; as many parts as labels change."""
    note(f"rate as {model.language}: {' '.join(stimuli['stimulus'])}")
    if model.config.stop_at in set(stimuli["stimulus"]):
        stop(Path(os.environ[DIARY]))
    parts, posteriors = [], []
    for stimulus, frames in zip(stimuli["stimulus"], frames_of(stimuli), strict=True):
        chance = np.random.default_rng(0).standard_normal((frames.shape[1], len(model.labels)))  # or all frames were alike
        nearness = -0.1 * np.linalg.norm(frames[:, None] - model.means, axis=2)
        weights = np.exp(nearness + 0.2 * (frames - frames.mean(axis=0)) @ chance)
        weights /= weights.sum(axis=1, keepdims=True)
        starts = FRAME_S * np.arange(len(frames))
        posteriors.append(
            pd.DataFrame({"stimulus": stimulus, "start_s": starts, "end_s": starts + FRAME_S}).join(
                pd.DataFrame(weights.astype(np.float32), columns=list(model.labels))
            )
        )
        best = weights.argmax(axis=1)
        edges = [0, *(np.flatnonzero(np.diff(best)) + 1), len(best)]
        for a, b in pairwise(edges):
            end_s = min(b * FRAME_S, 0.3)
            parts.append((stimulus, a * FRAME_S, end_s, model.labels[best[a]], 1.0))
    return Rated(
        pd.DataFrame(parts, columns=["stimulus", "start_s", "end_s", "label", "weight"]),
        pd.concat(posteriors, ignore_index=True),
    )


def frames_of(clips: pd.DataFrame) -> list[np.ndarray]:
    """Of each clip's 0.3 s, float64 [30, band]."""
    return [frames[:30].astype(np.float64) for frames in features("logmel", clips, pooling="frames", layer=-1)]


def hears(config: Config) -> Ears:
    """All frames of log-mel bands."""
    return Ears("logmel", "frames", -1)


METHOD = Method(title="Watched", config=Config, fit=fit, predict=predict, hears=hears, marks=True)


# --- diary and stops --------------------------------------------------------------------------------------------------


def note(text: str) -> None:
    """A line in the diary; several processes may write at once."""
    with (Path(os.environ[DIARY]) / "calls").open("a") as file:
        file.write(text + "\n")


def calls(diary: Path) -> list[str]:
    """The diary."""
    return (diary / "calls").read_text().splitlines()


def stop(diary: Path) -> None:
    """Say who we are and wait, if somebody listens."""
    try:
        pipe = os.open(diary / "said", os.O_WRONLY)
    except FileNotFoundError:
        return
    os.write(pipe, b"%-20d" % os.getpid())
    wait_until_free(diary / "gate")


@contextmanager
def stopping(diary: Path):
    """In this block the method stops where it is told to; gives a function that returns the id of the process that does."""
    with _listening(diary) as pipe:
        yield lambda: _stopped(pipe, diary)


@contextmanager
def killing(diary: Path):
    """In this block a process that comes to where the method stops is killed there, once."""
    with _listening(diary) as pipe:
        killer = threading.Thread(target=lambda: _kill(_stopped(pipe, diary)))
        killer.start()
        try:
            yield
        finally:
            os.write(pipe, b"0")  # nobody came
            killer.join()


@contextmanager
def _listening(diary: Path):
    os.mkfifo(diary / "said")
    (diary / "gate").touch()
    pipe = os.open(diary / "said", os.O_RDWR)  # with a writer of our own, it never ends
    try:
        with locked(diary / "gate"):
            yield pipe
    finally:
        os.close(pipe)
        (diary / "said").unlink(missing_ok=True)


def _stopped(pipe: int, diary: Path) -> int:
    ready, _, _ = select.select([pipe], [], [], 120)
    assert ready, "nobody came to the clip in two minutes"
    (diary / "said").unlink()  # whoever comes next goes on
    return int(os.read(pipe, 20))


def _kill(process: int) -> None:
    if process:
        os.kill(process, signal.SIGKILL)


def install() -> None:
    """Let plans of this process find the method, as 'watched'."""
    setattr(run_plan, "find_method", lambda name: METHOD)  # noqa: B010 (mypy would have it exported)


def main(words: list[str]) -> int:
    """``python -m ser_core`` with the method."""
    from ser_core.cli import main

    install()
    return main("ser_core", words)
