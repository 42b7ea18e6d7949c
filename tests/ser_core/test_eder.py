"""EDER against SpeechBrain's own numbers, pyannote's identification error rate, and a count of cells."""

from __future__ import annotations

import importlib.util
import itertools
import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.identification import IdentificationErrorRate

from ser_core.errors import BadInput
from ser_core.metrics._metric import SegmentMetric, segment_metrics
from ser_core.metrics.eder import TAILS, Interval, eder
from tests import reference

EMOTIONS = ["angry", "happy", "sad"]
CELLS = 16
CELL_S = 0.125
"""An eighth of a second: sums of them are exact."""

labels = st.sampled_from([*EMOTIONS, "neutral"])
bounds = st.tuples(st.integers(0, CELLS - 1), st.integers(1, CELLS)).filter(lambda pair: pair[0] < pair[1])
parts = st.lists(st.builds(lambda b, label: (b[0] * CELL_S, b[1] * CELL_S, label), bounds, labels), max_size=6)
whole = st.lists(labels, min_size=CELLS, max_size=CELLS)
some = st.lists(st.one_of(st.none(), labels), min_size=CELLS, max_size=CELLS)
LENGTH_S = CELLS * CELL_S


def runs(cells: list[str | None]) -> list[Interval]:
    """Parts of one label after the other, from a label for each cell."""
    found, at = [], 0
    for label, cell in itertools.groupby(cells):
        size = len(list(cell))
        if label:
            found.append((at * CELL_S, (at + size) * CELL_S, label))
        at += size
    return found


def in_cells(intervals: list[Interval], tail: str) -> list[set[str] | None]:
    """What is said of each cell; the tail policy cell by cell."""
    found: list[set[str] | None] = []
    before: set[str] = set()
    for n in range(CELLS):
        said = {label for start, end, label in intervals if start <= n * CELL_S < end}
        if not said and tail != "error":
            said = (before if tail == "hold" else set()) or {"neutral"}
        found.append(said - {"neutral"} if said else None)
        before = said
    return found


@given(parts, parts, st.sampled_from(TAILS))
def test_every_kind_of_error_is_what_counting_cells_gives(predicted, shown, tail):
    found = eder(predicted, shown, LENGTH_S, tail=tail)
    cells = reference.eder_cells(in_cells(predicted, tail), [held or set() for held in in_cells(shown, "neutral")])
    assert {kind: getattr(found, f"{kind}_s") / CELL_S for kind in cells} == cells
    assert found.rate == sum(cells.values()) / CELLS
    assert 0 <= found.rate <= 1


@given(parts, parts, st.sampled_from(TAILS))
def test_only_a_perfect_match_has_no_error(predicted, shown, tail):
    perfect = in_cells(predicted, tail) == [held or set() for held in in_cells(shown, "neutral")]
    assert (eder(predicted, shown, LENGTH_S, tail=tail).rate == 0) == perfect


times = st.floats(0, 3, allow_nan=False)
free = st.lists(st.tuples(times, times, labels).filter(lambda part: part[0] < part[1]), min_size=1, max_size=5)


@given(free, free, st.floats(0.01, 2.5), st.sampled_from(TAILS), st.data())
def test_cutting_a_part_in_two_changes_nothing_and_any_times_stay_within_0_and_1(predicted, shown, length_s, tail, data):
    def cut(intervals):
        (start, end, label), *rest = intervals
        at = data.draw(st.floats(start, end))
        return [part for part in ((start, at, label), (at, end, label)) if part[0] < part[1]] + rest

    found = eder(predicted, shown, length_s, tail=tail)
    again = eder(cut(predicted), cut(shown), length_s, tail=tail)
    assert 0 <= found.rate <= 1
    for name in ("rate", "me_s", "fa_s", "cf_s", "ol_s", "uncovered_s"):
        assert getattr(again, name) == pytest.approx(getattr(found, name), abs=1e-9)


def annotation(intervals: list[Interval]) -> Annotation:
    made = Annotation()
    for start, end, label in intervals:
        made[Segment(start, end)] = label
    return made


@settings(max_examples=40)
@given(some, whole)
def test_it_is_the_identification_error_rate_with_neutral_as_a_label(said, shown):
    rate = IdentificationErrorRate()
    clip = Timeline([Segment(0, LENGTH_S)])
    expected = rate(annotation(runs(shown)), annotation(runs(said)), uem=clip)
    assert eder(runs(said), runs(shown), LENGTH_S, tail="error").rate == pytest.approx(expected, abs=1e-9)
    covered = [cell or "neutral" for cell in said]
    expected = rate(annotation(runs(shown)), annotation(runs(covered)), uem=clip)
    for tail in TAILS:
        assert eder(runs(covered), runs(shown), LENGTH_S, tail=tail).rate == pytest.approx(expected, abs=1e-9)


@given(some.filter(any), st.sampled_from(EMOTIONS), bounds)
def test_speechbrains_arithmetic_is_the_same_for_one_emotion_inside_the_clip(said, emotion, where):
    shown = [(where[0] * CELL_S, where[1] * CELL_S, emotion)]
    ours, theirs = (eder(runs(said), shown, LENGTH_S, compat=compat) for compat in ("", "speechbrain"))
    assert theirs.rate == pytest.approx(ours.rate, abs=1e-9)
    assert (theirs.me_s, theirs.fa_s, theirs.cf_s, theirs.uncovered_s) == (ours.me_s, ours.fa_s, ours.cf_s, ours.uncovered_s)


def speechbrains_own():
    """SpeechBrain's file by itself: it needs nothing of the package, whose import takes seconds."""
    package = importlib.util.find_spec("speechbrain")
    spec = importlib.util.spec_from_file_location("theirs", Path(package.origin).parent / "utils/EDER.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.EDER


letters = st.text("ahns", min_size=1, max_size=12)


@given(letters, st.sampled_from([0.02, 0.1, 0.25]), st.sampled_from([0.5, 1, 1.5, 3]), bounds, st.sampled_from(EMOTIONS))
def test_speechbrain_itself_gives_the_same_for_frames_that_overlap_touch_or_leave_gaps(said, stride, times, where, emotion):
    start, end = (n * CELL_S for n in where)
    window = stride * times
    theirs = speechbrains_own()(list(said), "u", LENGTH_S, [{"emo": emotion, "start": start, "end": end}], window, stride)
    frames = [(stride * n, stride * n + window, NAMES[letter]) for n, letter in enumerate(said)]
    ours = eder(frames, [(start, end, emotion)], LENGTH_S, tail="error", compat="speechbrain")
    assert ours.rate == pytest.approx(theirs, abs=1e-12)


NAMES = {"a": "angry", "h": "happy", "s": "sad", "n": "neutral"}


def case(row: dict[str, str]) -> tuple[list[Interval], list[Interval], float]:
    letters = [letter for run in row["prediction"].split() for letter in run[0] * int(run.split("*")[1])]
    stride, window = float(row["stride_s"]), float(row["win_s"])
    said = [(stride * n, stride * n + window, NAMES[letter]) for n, letter in enumerate(letters)]
    emotion, where = row["reference"].split()
    start, end = map(float, where.split("-"))
    return said, [(start, end, emotion)], float(row["duration_s"])


def test_the_reference_cases_hold_with_their_components(shared):
    rows = pd.read_csv(shared / "reference/eder_cases.csv", dtype=str, keep_default_na=False).to_dict("records")
    assert len(rows) >= 8
    for row in rows:
        said, shown, length_s = case(row)
        theirs = eder(said, shown, length_s, tail="error", compat="speechbrain")
        assert theirs.rate == pytest.approx(float(row["speechbrain_eder"]), abs=1e-6), row["case"]
        ours = eder(said, shown, length_s, tail="error")
        if row["me_s"]:
            components = [float(row[name]) for name in ("me_s", "fa_s", "cf_s")]
            for found in (ours, theirs):
                assert (found.me_s, found.fa_s, found.cf_s) == pytest.approx(tuple(components), abs=1e-6), row["case"]
            assert ours.rate == pytest.approx(float(row["ier_neutral_kept"]), abs=1e-6)


def test_speechbrain_takes_sad_for_surprised_and_we_do_not():
    said = [(0.0, 0.5, "neutral"), (0.5, 1.5, "sad"), (1.5, 2.0, "neutral")]
    shown = [(0.5, 1.5, "surprised")]
    assert eder(said, shown, 2.0, compat="speechbrain").rate == 0
    assert eder(said, shown, 2.0).rate == 0.5


def test_the_tail_policies_on_a_prediction_that_ends_early():
    said, shown = [(0.0, 1.0, "sad")], [(0.5, 1.5, "sad")]
    rates = {tail: eder(said, shown, 2.0, tail=tail).rate for tail in TAILS}
    assert rates == {"error": 0.75, "hold": 0.5, "neutral": 0.5}
    held = eder(said, shown, 2.0, tail="hold")
    assert (held.fa_s, held.me_s) == (1.0, 0.0)
    assert eder(said, shown, 2.0, tail="error").uncovered_s == 1.0


def test_speechbrain_halves_overlaps_and_leaves_a_reference_beyond_the_end_as_it_is():
    said = [(0.0, 1.2, "neutral"), (0.8, 2.0, "sad")]
    assert eder(said, [(1.0, 2.0, "sad")], 2.0, compat="speechbrain").rate == pytest.approx(0)
    late = eder([(0.0, 2.4, "sad")], [(0.0, 2.4, "sad")], 2.0, compat="speechbrain")
    assert late.rate == pytest.approx(-0.2)
    assert eder([(0.0, 2.4, "sad")], [(0.0, 2.4, "sad")], 2.0).rate == 0


@pytest.mark.parametrize(
    ("said", "shown", "says"),
    [
        ([(0, 1, "sad")], [], "exactly one part with an emotion in the reference, not 0"),
        ([(0, 1, "sad")], [(0, 1, "sad"), (1, 2, "angry")], "not 2"),
        ([], [(0, 1, "sad")], "something that was said of the clip"),
        ([(0, 2, "sad"), (0.5, 1, "angry")], [(0, 1, "sad")], "from 0.5 s to 1 s does not follow the one from 0 s to 2 s"),
    ],
)
def test_what_speechbrain_cannot_do_is_refused(said, shown, says):
    with pytest.raises(BadInput, match=says):
        eder(said, shown, 2.0, compat="speechbrain")
    assert 0 <= eder(said, shown, 2.0, tail="neutral").rate <= 1


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(BadInput) as refused:
        eder([(1, 0.5, "sad"), (0, 1, "")], [(math.nan, 1, "sad")], 0, tail="holt", compat="speechbrian")  # type: ignore[arg-type]
    assert [str(p).split(".")[0] for p in refused.value.problems] == [
        "unknown tail policy 'holt'",
        "unknown compat 'speechbrian'",
        "a clip of 0 s has no time that could be right or wrong; give its length in seconds",
        "prediction: a part from 1 s to 0",
        "prediction: the part from 0 s to 1 s has no label",
        "reference: a part from nan s to 1 s is not possible",
    ]


@pytest.mark.parametrize("metric", segment_metrics().values(), ids=list(segment_metrics()))
def test_a_metric_of_parts_keeps_leading_dimensions_and_its_bounds(metric: SegmentMetric):
    rate, length_s = pd.Series([0.0, 0.25, 1.0]).to_numpy(), pd.Series([1.0, 2.0, 4.0]).to_numpy()
    weight = pd.DataFrame([[1, 1, 1], [1, 0, 0], [0, 0, 3], [0, 0, 0]], dtype=float).to_numpy()
    value = metric.value(weight, rate, length_s)
    assert metric.title
    assert metric.help
    assert value.tolist()[1:3] == list(metric.bounds)
    assert metric.bounds[0] < value[0] < metric.bounds[1]
    assert math.isnan(value[3])
    assert value[0] == metric.value(weight[0], rate, length_s)


def test_long_clips_count_for_more_only_where_time_is_pooled():
    weight, rate, length_s = (pd.Series(v).to_numpy() for v in ([1.0, 1.0], [0.5, 0.0], [1.0, 3.0]))
    values = {name: float(metric.value(weight, rate, length_s)) for name, metric in segment_metrics().items()}
    assert values == {"eder": 0.25, "eder_pooled": 0.125}
