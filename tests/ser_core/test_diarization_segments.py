"""Frame posteriors become segments that tile the clip; each step against an obvious second way, and by its properties."""

from __future__ import annotations

import itertools
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser_core.diarization._segments import (
    Segmentation,
    decided,
    frame_edges,
    lasting,
    segments,
    smoothed,
    speechbrain_segments,
)
from ser_core.errors import BadInput

LABELS = ("angry", "neutral", "sad")


def posteriors(names: str) -> np.ndarray:
    """One letter a frame, as sure as can be."""
    return np.array([[name == label[0] for label in LABELS] for name in names], dtype=float)


def marked(names: str, duration_s: float, hop_s: float = 1.0, **how) -> list[tuple[float, float, str]]:
    edges = frame_edges(len(names), duration_s, hop_s=hop_s)
    return segments(posteriors(names), edges, duration_s, labels=LABELS, how=Segmentation(**how))


clips = st.tuples(
    st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=1, max_size=40),
    st.sampled_from([0.01, 0.02, 0.08, 0.27]),
    st.floats(0, 0.5),
)
hows = st.builds(
    Segmentation,
    smooth_s=st.sampled_from([0.0, 0.06, 0.3, 5.0]),
    smoothing=st.sampled_from(["median", "mean"]),
    begins_at=st.sampled_from([0.0, 0.4, 0.6]),
    ends_below=st.just(0.0),
    min_length_s=st.sampled_from([0.0, 0.05, 0.4]),
    tail=st.sampled_from(["hold", "neutral"]),
)


def as_clip(drawn) -> tuple[np.ndarray, np.ndarray, float]:
    counts, hop_s, rest_s = drawn
    values = np.array(counts, dtype=float) + 0.1
    duration_s = round(len(values) * hop_s + rest_s, 4)
    return values / values.sum(axis=1, keepdims=True), frame_edges(len(values), duration_s, hop_s=hop_s), duration_s


# --- properties ---


@given(clips, hows)
def test_segments_tile_the_clip_and_neighbours_differ(drawn, how):
    values, edges, duration_s = as_clip(drawn)
    found = segments(values, edges, duration_s, labels=LABELS, how=how)
    assert found[0][0] == 0
    assert found[-1][1] == duration_s
    for (start, end, label), (next_start, _, next_label) in itertools.pairwise(found):
        assert start < end == next_start
        assert label != next_label


@given(clips, hows)
def test_no_segment_is_shorter_than_the_minimum_unless_the_clip_is(drawn, how):
    values, edges, duration_s = as_clip(drawn)
    found = segments(values, edges, duration_s, labels=LABELS, how=how)
    assert len(found) == 1 or min(end - start for start, end, _ in found) >= how.min_length_s - 1e-9


@given(clips, st.sampled_from([0.0, 0.4]), st.sampled_from([0.0, 0.05, 0.4]))
def test_a_frame_cut_in_two_changes_nothing(drawn, on, min_length_s):
    values, edges, duration_s = as_clip(drawn)
    how = Segmentation(begins_at=on, min_length_s=min_length_s)
    halves = np.sort(np.concatenate([edges, (edges[1:] + edges[:-1]) / 2]))
    once = segments(values, edges, duration_s, labels=LABELS, how=how)
    assert segments(values.repeat(2, axis=0), halves, duration_s, labels=LABELS, how=how) == once


@given(clips)
def test_with_the_defaults_each_moment_has_the_most_probable_label_of_its_frame(drawn):
    values, edges, duration_s = as_clip(drawn)
    found = segments(values, edges, duration_s, labels=LABELS, how=Segmentation())
    for frame, middle in zip(values, (edges[1:] + edges[:-1]) / 2, strict=True):
        assert [label for start, end, label in found if start <= middle < end] == [LABELS[frame.argmax()]]


def slow_lasting(found, min_length_s):
    """One list, searched anew after every step."""
    found = [list(part) for part in found]
    while len(found) > 1:
        lengths = [end - start for start, end, _ in found]
        n = lengths.index(min(lengths))
        if lengths[n] >= min_length_s - 1e-9:
            break
        beside = [m for m in (n - 1, n + 1) if 0 <= m < len(found)]
        found[n][2] = found[max(beside, key=lambda m: (lengths[m], -m))][2]
        whole = [found[0]]
        for part in found[1:]:
            if part[2] == whole[-1][2]:
                whole[-1][1] = part[1]
            else:
                whole.append(part)
        found = whole
    return [tuple(part) for part in found]


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 2)), min_size=1, max_size=30), st.integers(0, 12))
def test_short_segments_go_as_the_slow_way_has_it(steps, min_length):
    at, label, found = 0.0, 0, []
    for length, step in steps:
        label = (label + step) % 3
        found.append((at, at + length, LABELS[label]))
        at += length
    assert lasting(found, min_length) == slow_lasting(found, min_length)


@given(clips, st.integers(1, 4))
def test_smoothing_is_the_median_or_mean_of_the_frames_around(drawn, side):
    values, _, _ = as_clip(drawn)
    edges = frame_edges(len(values), len(values) / 10)
    for smoothing, of in (("median", statistics.median), ("mean", statistics.fmean)):
        how = Segmentation(smooth_s=(2 * side + 1) / 10, smoothing=smoothing)
        found = smoothed(values, edges, how)
        for n in range(len(values)):
            around = [values[min(max(m, 0), len(values) - 1)] for m in range(n - side, n + side + 1)]
            assert found[n] == pytest.approx([of(column) for column in zip(*around, strict=True)])


# --- by hand ---


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("hold", [(0.0, 1.0, "neutral"), (1.0, 3.5, "sad")]),
        ("neutral", [(0.0, 1.0, "neutral"), (1.0, 3.0, "sad"), (3.0, 3.5, "neutral")]),
    ],
)
def test_what_comes_after_the_last_frame_follows_the_policy(tail, expected):
    assert marked("nss", 3.5, tail=tail) == expected


def test_a_tail_that_may_not_be_is_told_with_both_times():
    with pytest.raises(BadInput, match=r"last frame end at 3 s, and lasts 3\.5 s; tail=error"):
        marked("nss", 3.5, tail="error")
    assert marked("nss", 3.0005, tail="error")[-1] == (1.0, 3.0005, "sad")


def test_frames_beyond_the_clips_end_are_cut():
    assert marked("a", 0.4) == [(0.0, 0.4, "angry")]


def test_an_emotion_lasts_until_it_falls_below_the_lower_threshold():
    level = np.array([0.2, 0.55, 0.65, 0.45, 0.35, 0.65, 0.2])
    frames = np.stack([level, 1 - level], axis=1)
    names = [
        "n" if label == "neutral" else "s"
        for label in decided(frames, ("sad", "neutral"), Segmentation(begins_at=0.6, ends_below=0.4))
    ]
    assert "".join(names) == "nnssnsn"
    alone = decided(frames, ("sad", "neutral"), Segmentation(begins_at=0.6))
    assert [n for n, label in enumerate(alone) if label == "sad"] == [2, 5]


def test_another_emotion_takes_over_when_it_is_more_probable_and_sure_enough():
    frames = np.array([[0.7, 0.2], [0.4, 0.45], [0.35, 0.6], [0.5, 0.3]])
    assert decided(frames, ("angry", "sad"), Segmentation(begins_at=0.6, ends_below=0.3)) == ["angry", "angry", "sad", "sad"]


def test_a_short_segment_goes_to_the_longer_of_its_neighbours():
    assert marked("nnnassss", 8, min_length_s=2) == [(0.0, 3.0, "neutral"), (3.0, 8.0, "sad")]


def test_a_clip_shorter_than_the_minimum_is_one_segment():
    assert marked("nas", 3, min_length_s=10) == [(0.0, 3.0, "angry")]  # n goes to a, then s to what is longer now


def test_speechbrains_way_halves_what_overlaps_and_leaves_gaps():
    assert speechbrain_segments(list("aan"), window_s=0.2, stride_s=0.3) == [
        (0.0, 0.2, "a"),
        (0.3, 0.5, "a"),
        (0.6, 0.8, "n"),
    ]
    assert speechbrain_segments(list("an"), window_s=1.0, stride_s=0.5) == [(0.0, 0.75, "a"), (0.75, 1.5, "n")]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"smooth_s": -1}, "smooth_s must be 0 or more"),
        ({"min_length_s": float("nan")}, "min_length_s must be 0 or more"),
        ({"begins_at": 0.4, "ends_below": 0.5}, "ends_below <= begins_at"),
        ({"begins_at": 1.2}, "begins_at <= 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(how, says):
    with pytest.raises(BadInput, match=says):
        Segmentation(**how)
