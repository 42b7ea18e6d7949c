"""From frame posteriors to segments: smooth them, decide frame by frame, end no segment too soon, reach to the clip's end.

Conventions
    Posteriors are [frame, label], each frame summing to 1. Frames lie side by side: frame i lasts from ``edges_s[i]`` to
    ``edges_s[i + 1]``, ``edges_s[0]`` is 0. Labels stand in canonical order, ``neutral`` (no emotion) among them or not.
    Segments are ``(start_s, end_s, label)``; they tile the clip, neutral ones too, and neighbours differ in their label.

With the defaults a frame is its most probable label and equal neighbours are one segment: SpeechBrain's own way, where
frames do not overlap (``speechbrain_segments`` also does those that do).

References
    Wang et al.: Speech Emotion Diarization: Which Emotion Appears When?, 2023. Two thresholds, one to begin and one to end,
    as in voice activity detection.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ser_core.emotions import NEUTRAL
from ser_core.errors import BadInput
from ser_core.metrics.eder import Interval, Tail

Vector = npt.NDArray[np.float64]

TOLERANCE_S = 0.001
"""A clip's length is known that exactly; what is shorter is no tail."""


@dataclass(frozen=True)
class Segmentation:
    """How posteriors become segments: part of the config of every method that marks, and so of every run's record."""

    smooth_s: float = 0.0
    """Posteriors are smoothed over so many seconds around each frame; less than three frames: not at all."""
    smoothing: Literal["median", "mean"] = "median"
    """Of each label by itself; "mean" is a moving average."""
    begins_at: float = 0.0
    """The posterior from which an emotion is marked; 0: wherever it is the most probable label."""
    ends_below: float = 0.0
    """The posterior below which it ends; 0: the same as ``begins_at``."""
    min_length_s: float = 0.0
    """Shorter segments go, the shortest first, to the longer of their neighbours."""
    tail: Tail = "hold"
    """What comes after the last frame: its label goes on, nothing is marked there, or it is an error."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        wrong = [
            f"{name} must be 0 or more seconds, not {value}."
            for name, value in (("smooth_s", self.smooth_s), ("min_length_s", self.min_length_s))
            if not 0 <= value < float("inf")
        ]
        if not 0 <= self.ends_below <= self.begins_at <= 1:
            given = f"begins_at={self.begins_at}, ends_below={self.ends_below}"
            wrong.append(f"thresholds must be 0 <= ends_below <= begins_at <= 1, not {given}.")
        if wrong:
            raise BadInput(*wrong)


def frame_edges(frames: int, duration_s: float, *, hop_s: float = 0.0) -> Vector:
    """Where frames begin and end, [frame + 1], none of them after the clip's end.

    Args:
        frames: how many there are.
        duration_s: length of the clip.
        hop_s: from one frame's begin to the next one's; 0: they are spread evenly over the clip.

    >>> frame_edges(4, 2.0).tolist()
    [0.0, 0.5, 1.0, 1.5, 2.0]
    >>> frame_edges(3, 0.07, hop_s=0.02).tolist()
    [0.0, 0.02, 0.04, 0.06]
    """
    edges: Vector = (np.arange(frames + 1) * (hop_s or duration_s / frames)).astype(np.float64)
    return np.minimum(edges.round(6), duration_s)


def segments(
    posteriors: npt.ArrayLike, edges_s: Vector, duration_s: float, *, labels: Sequence[str], how: Segmentation
) -> list[Interval]:
    """The segments of one clip, from 0 to ``duration_s``.

    Raises:
        BadInput: frames end before the clip does, and ``how.tail`` is "error".

    >>> three = [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]]
    >>> segments(three, frame_edges(3, 0.7, hop_s=0.2), 0.7, labels=("angry", "neutral"), how=Segmentation())
    [(0.0, 0.2, 'angry'), (0.2, 0.7, 'neutral')]
    """
    smooth = smoothed(np.asarray(posteriors, dtype=np.float64), edges_s, how)
    found = _runs(decided(smooth, labels, how), edges_s)
    return lasting(_reaching(found, duration_s, how), how.min_length_s)


def smoothed(posteriors: Vector, edges_s: Vector, how: Segmentation) -> Vector:
    """The median or mean over the odd number of frames that ``smooth_s`` holds; beyond its ends the clip's last frames.

    >>> smoothed(np.array([[0.0], [0.0], [1.0], [0.0]]), frame_edges(4, 0.4), Segmentation(smooth_s=0.3)).ravel().tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    hop_s = edges_s[1] - edges_s[0]
    side = int((how.smooth_s / hop_s - 1) / 2 + 1e-6)  # frames on each side; a hop of 0.02 is not exact in binary
    if side <= 0:
        return posteriors
    around = np.lib.stride_tricks.sliding_window_view(np.pad(posteriors, ((side, side), (0, 0)), "edge"), 2 * side + 1, 0)
    return np.median(around, axis=-1) if how.smoothing == "median" else around.mean(axis=-1)


def decided(posteriors: Vector, labels: Sequence[str], how: Segmentation) -> list[str]:
    """A label for each frame.

    With thresholds: nothing is marked until an emotion reaches ``begins_at``; it lasts while it is at least ``ends_below``
    and no other that reaches ``begins_at`` is more probable. Of equally probable labels the first is taken.

    >>> decided(np.array([[0.4], [0.6], [0.4], [0.2]]), ["sad"], Segmentation(begins_at=0.5, ends_below=0.3))
    ['neutral', 'sad', 'sad', 'neutral']
    """
    emotions = [n for n, label in enumerate(labels) if label != NEUTRAL]
    if how.begins_at == 0 or not emotions:
        return [labels[best] for best in posteriors.argmax(axis=1)]
    best = np.array(emotions)[posteriors[:, emotions].argmax(axis=1)]
    given, now = [], -1
    for frame, other in zip(posteriors, best, strict=True):
        if now >= 0 and frame[now] < (how.ends_below or how.begins_at):
            now = -1
        if frame[other] >= how.begins_at and (now < 0 or frame[other] > frame[now]):
            now = int(other)
        given.append(labels[now] if now >= 0 else NEUTRAL)
    return given


def lasting(found: Sequence[Interval], min_length_s: float) -> list[Interval]:
    """The same time in segments of at least that length, or one segment.

    The shortest goes first (of equally short ones the earliest), to its only neighbour, to both where their labels are the
    same, else to the longer (the earlier of equally long ones).

    >>> lasting([(0.0, 1.0, "sad"), (1.0, 1.1, "neutral"), (1.1, 2.0, "sad")], 0.2)
    [(0.0, 2.0, 'sad')]
    """
    part = dict(enumerate(found))
    before = {n: n - 1 for n in part if n > 0}
    after = {n: n + 1 for n in part if n + 1 < len(part)}
    waiting = [(_length(interval), n) for n, interval in part.items()]
    heapq.heapify(waiting)
    while waiting and len(part) > 1:
        length, n = heapq.heappop(waiting)
        if n not in part or length != _length(part[n]):
            continue  # it was taken into another, or has grown and waits again
        if length >= min_length_s - 1e-9:
            break
        beside = [m for m in (before.get(n), after.get(n)) if m is not None]
        label = part[max(beside, key=lambda m: (_length(part[m]), -m))][2]
        for m in beside:
            if part[m][2] == label:
                first, last = min(n, m), max(n, m)
                part[first] = (part[first][0], part.pop(last)[1], label)
                after_last = after.pop(last, None)
                before.pop(last)
                if after_last is None:
                    after.pop(first, None)
                else:
                    after[first], before[after_last] = after_last, first
                n = first
        heapq.heappush(waiting, (_length(part[n]), n))
    return [part[n] for n in sorted(part)]


def speechbrain_segments(labels: Sequence[str], *, window_s: float, stride_s: float) -> list[Interval]:
    """SpeechBrain's arithmetic: equal neighbours are merged, and where frames of others overlap, each gets one half.

    Nothing is cut at the clip's end, nothing is held; it is how published error rates were computed.

    Args:
        labels: of each frame, the most probable.
        window_s: how long a frame lasts.
        stride_s: from one frame's begin to the next one's; a gap, where it is longer than a frame, belongs to none.

    >>> speechbrain_segments(["n", "n", "a"], window_s=0.4, stride_s=0.2)
    [(0.0, 0.5, 'n'), (0.5, 0.8, 'a')]
    """
    found: list[Interval] = []
    for n, label in enumerate(labels):
        start, end = round(n * stride_s, 9), round(n * stride_s + window_s, 9)
        if found and start <= found[-1][1]:
            last = found[-1]
            if last[2] == label:
                found[-1] = (last[0], end, label)
                continue
            start = round((start + last[1]) / 2, 9)
            found[-1] = (last[0], start, last[2])
        found.append((start, end, label))
    return found


def _runs(labels: Sequence[str], edges_s: Vector) -> list[Interval]:
    begins = [n for n, label in enumerate(labels) if n == 0 or label != labels[n - 1]]
    ends = [*begins[1:], len(labels)]
    return [(float(edges_s[b]), float(edges_s[e]), labels[b]) for b, e in zip(begins, ends, strict=True)]


def _reaching(found: list[Interval], duration_s: float, how: Segmentation) -> list[Interval]:
    start, end, label = found[-1]
    if duration_s - end > TOLERANCE_S:
        if how.tail == "error":
            raise BadInput(f"has its last frame end at {end:g} s, and lasts {duration_s:g} s; tail=error allows no gap.")
        if how.tail == "neutral" and label != NEUTRAL:
            return [*found, (end, duration_s, NEUTRAL)]
    return [*found[:-1], (start, duration_s, label)]


def _length(interval: Interval) -> float:
    return interval[1] - interval[0]
