"""Rows over one axis of time: every part has its place, and what is known beside it is what the tables say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ser_core import segment_figures
from ser_core.emotions import CANNOT_SAY, EMOTIONS
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, frame
from ser_core.segment_figures import MOST_FRAMES, blocks, clips, colour, steps

NONE = pd.DataFrame(columns=["rater", "stimulus", "eder"])
PAGES = ("#fdfdfc", "#14181c")  # backgroundColor of .streamlit/config.toml, light and dark


def tables(*rows: tuple[object, ...]) -> Tables:
    """Ratings ``(rater, stimulus, start_s, end_s, label)`` of two clips of 2 s, the first angry from 0.5 to 1.5 s."""
    stimuli = [
        {"stimulus": "one", "language": "de", "duration_s": 2, "truth": "angry", "truth_start_s": 0.5, "truth_end_s": 1.5},
        {"stimulus": "two", "language": "de", "duration_s": 2, "truth": "sad"},
    ]
    ratings = pd.DataFrame(rows, columns=["rater", "stimulus", "start_s", "end_s", "label"]).assign(weight=1)
    raters = [
        {"rater": r, "rater_type": "machine" if r.startswith("model") else "human", "group": r.rstrip("0123456789")}
        for r in dict.fromkeys(ratings["rater"])
    ]
    return Tables(frame(STIMULI, stimuli), frame(RATERS, raters), frame(RATINGS, ratings))


def test_lanes_are_sorted_by_start_and_one_listeners_parts_share_a_lane() -> None:
    said = tables(
        ("late1", "one", 1.0, 1.5, "angry"),
        ("late2", "one", 0.2, 0.4, "angry"),
        ("late2", "one", 1.8, 2.0, "angry"),
        ("late3", "one", np.nan, np.nan, "sad"),
    )
    (block,) = blocks(said, "one", errors=NONE)
    (row,) = block.rows
    assert [(p.who, p.lane, p.start_s) for p in row.parts] == [("late2", 0, 0.2), ("late2", 0, 1.8), ("late1", 1, 1.0)]
    assert (block.said, block.of) == ("3 listeners, 2 marked a part", 2)


def test_a_part_says_how_far_its_edges_are_from_the_truth_and_a_neutral_one_does_not() -> None:
    said = tables(("p1", "one", 0.7, 1.5, "sad"), ("p1", "two", 0.7, 1.5, "sad"), ("p2", "one", 0.0, 0.3, "neutral"))
    errors = pd.DataFrame({"rater": ["p1"], "stimulus": ["one"], "eder": [0.5]})
    neutral, sad = blocks(said, "one", errors=errors)[0].rows
    assert sad.parts[0].note == "starts 0.20 s late, ends on time, EDER of the clip 0.50"
    assert neutral.parts[0].note == ""
    assert blocks(said, "two", errors=errors)[0].rows[0].parts[0].note == ""


def test_two_models_of_one_group_are_two_blocks_with_their_own_posteriors() -> None:
    said = tables(("model1", "one", 0.0, 2.0, "sad"), ("model2", "one", 0.0, 2.0, "angry"), ("p1", "one", 0.0, 2.0, "sad"))
    curve = pd.DataFrame({"start_s": [0.0, 1.0], "end_s": [1.0, 2.0], "angry": [0.25, 0.0], "sad": [0.75, 1.0]})
    people, first, second = blocks(said, "one", errors=NONE, posteriors={"model1": curve})
    assert [people.kind, first.kind, second.kind] == ["human", "machine", "machine"]
    assert [(row.label, row.curve) for row in first.rows] == [
        ("angry", [(0.5, 0.25), (1.5, 0.0)]),
        ("sad", [(0.5, 0.75), (1.5, 1.0)]),
    ]
    assert [(row.label, row.curve) for row in second.rows] == [("angry", [])]


def test_steps_are_what_counting_at_every_moment_gives() -> None:
    rng = np.random.default_rng(2)
    edges = np.sort(rng.uniform(0, 3, (60, 2)).round(2), axis=1)
    parts = pd.DataFrame({"rater": rng.integers(0, 25, 60).astype(str), "start_s": edges[:, 0], "end_s": edges[:, 1]})
    found = steps(parts)
    for at in np.arange(0.005, 3, 0.01):
        marked = parts.loc[(parts["start_s"] <= at) & (at < parts["end_s"]), "rater"].nunique()
        assert ([0] + [number for time, number in found if time <= at])[-1] == marked


def test_many_frames_are_averaged_and_keep_their_mean_and_their_times() -> None:
    count = 2 * MOST_FRAMES + 3
    start = np.arange(count) * 0.02
    p = np.random.default_rng(3).uniform(size=count)
    curve = pd.DataFrame({"start_s": start, "end_s": start + 0.02, "angry": p})
    row = blocks(tables(("model", "one", 0, 2, "angry")), "one", errors=NONE, posteriors={"model": curve})[0].rows[0]
    time, value = np.array(row.curve).T
    assert len(time) == count / 3 <= MOST_FRAMES
    assert time == pytest.approx((start + 0.01).reshape(-1, 3).mean(axis=1), abs=1e-4)
    assert value == pytest.approx(p.reshape(-1, 3).mean(axis=1), abs=1e-3)


def test_clips_come_hardest_first_and_those_without_a_rate_last() -> None:
    said = tables(("p1", "one", 0, 1, "sad"), ("p2", "two", 0, 1, "sad"), ("model", "two", 0, 1, "sad"))
    errors = pd.DataFrame({"rater": ["p2", "model"], "stimulus": ["two", "two"], "eder": [0.2, 0.4]})
    found = clips(said, errors)
    assert found["stimulus"].tolist() == ["two", "one"]
    assert found.loc[0, ["people", "models"]].tolist() == [1, 1]
    assert found.loc[0, "eder"] == pytest.approx(0.3)
    more = tables(("p1", "one", 0, 1, "sad"), ("p1", "two", 0, 1, "sad"), ("p2", "two", 0, 1, "sad"))
    assert clips(more, NONE)["stimulus"].tolist() == ["two", "one"]  # the one that most people marked


def test_the_table_holds_every_part_with_the_rate_of_its_rater() -> None:
    said = tables(("p1", "one", 0.5, 1.0, "sad"), ("p1", "one", np.nan, np.nan, "sad"), ("p2", "two", 0, 1, "sad"))
    errors = pd.DataFrame({"rater": ["p1"], "stimulus": ["one"], "eder": [0.2]})
    found = segment_figures.parts(said, "one", errors=errors)
    assert found.to_dict("records") == [
        {"group": "p", "rater": "p1", "label": "sad", "start_s": 0.5, "end_s": 1.0, "length_s": 0.5, "eder": 0.2}
    ]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("page", PAGES)
def test_every_labels_colour_stands_out_from_the_page(page: str) -> None:
    for label in (*EMOTIONS, CANNOT_SAY):
        low, high = sorted([luminance(colour(label)), luminance(page)])
        assert (high + 0.05) / (low + 0.05) >= 3, label
