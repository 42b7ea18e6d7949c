"""Clipping: a mark is stored as it was made, and only a mark that the study allows is taken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listening_tests.trial import Segment
from listening_tests.trial_types import clip
from tests.listening_tests._ui import Page, trial

HEARD = {"label": "sad", "clips": [[1, 1, 2.0]]}


def _clip(study, **segment):
    one = trial("clip", study, "001", segment=segment)
    return replace(one, parameters={**one.parameters, "duration_s": 2.0})


def _check(one, segments, part="segment", **more):
    return clip.check(one, {**HEARD, "part": part, "segments": segments, **more})


@pytest.mark.parametrize(
    ("segments", "reason"),
    [
        ([[0.5, 1.0]], None),
        ([[0.0, 2.0]], None),
        ([[0.0, 2.019]], None),
        ([[0.0, 2.1]], "not_a_segment"),
        ([[-0.1, 1.0]], "not_a_segment"),
        ([[1.0, 0.5]], "segment_too_short"),
        ([[1.0, 1.0]], "segment_too_short"),
        ([[1.0, 1.05]], "segment_too_short"),
        ([[0.2, 0.8], [1.0, 1.5]], "no_segment"),
        ([], "no_segment"),
        ([[0.5]], "not_a_segment"),
        ([[0.5, 1.0, 1.5]], "not_a_segment"),
        ([0.5, 1.0], "no_segment"),
        ([0.5], "not_a_segment"),
        (["0.5 1.0"], "not_a_segment"),
        ([["soon", "later"]], "no_segment"),
        ("0.5", "no_segment"),
        (None, "no_segment"),
    ],
)
def test_a_mark_lies_in_the_clip_and_is_long_enough(study, segments, reason):
    assert _check(_clip(study), segments) == reason


def test_a_mark_may_not_be_longer_than_the_study_says(study):
    assert _check(_clip(study, longest_s=0.5), [[0.2, 0.7]]) is None
    assert _check(_clip(study, longest_s=0.5), [[0.2, 0.8]]) == "segment_too_long"


def test_several_marks_follow_one_another(study):
    one = _clip(study, count=2)
    assert _check(one, [[0.2, 0.8], [1.0, 1.5]]) is None
    assert _check(one, [[0.2, 0.8], [0.8, 1.5]]) is None
    assert _check(one, [[0.2, 0.8], [0.7, 1.5]]) == "not_a_segment"
    assert _check(one, [[1.0, 1.5], [0.2, 0.8]]) == "not_a_segment"
    assert _check(one, [[0.1, 0.4], [0.5, 0.8], [1.0, 1.5]]) == "no_segment"


def test_the_whole_clip_and_no_single_part_are_answers_of_their_own(study):
    one = _clip(study)
    assert _check(one, [], part="whole") is None
    assert _check(one, [], part="none") is None
    assert _check(one, [], part="") == "no_segment"
    assert _check(one, [[0.2, 0.8]], part="whole") == "not_a_segment"
    only_marks = _clip(study, whole=False, none=False)
    assert _check(only_marks, [], part="whole") == "not_a_segment"
    assert _check(only_marks, [], part="none") == "not_a_segment"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ends=st.lists(st.tuples(st.integers(-2, 42), st.integers(-2, 42)), max_size=4))
def test_marks_are_taken_exactly_if_they_lie_apart_in_order_and_within_limits(study, ends):
    one = _clip(study, shortest_s=0.2, longest_s=1.0, count=3)
    segments = [[start / 20, end / 20] for start, end in ends]  # steps of 50 ms, above the tolerance
    points = [point for pair in ends for point in pair]
    oracle = (
        1 <= len(ends) <= 3
        and all(0 <= point <= 40 for point in points)
        and points == sorted(points)
        and all(4 <= end - start <= 20 for start, end in ends)
    )
    assert (_check(one, segments) is None) == oracle


def test_a_mark_without_a_label_is_no_answer(study):
    assert _check(_clip(study), [[0.5, 1.0]], label="") == "not_answered"
    assert _check(_clip(study), [[0.5, 1.0]], label="", failed="media error 4") == "not_a_segment"


def test_the_player_is_told_what_may_be_marked(study):
    page = Page(study)
    clip.show(_clip(study, shortest_s=0.2, count=3, none=False), page)
    assert page.shown.segment == Segment(0.2, 0.0, 3, True, False)
    assert [q.name for q in page.shown.questions] == ["label"]


def test_a_clip_too_short_to_be_marked_is_told_before_anyone_hears_it(study):
    parameters = clip.Clip.model_validate({"segment": {"shortest_s": 5, "whole": False, "none": False}})
    problems = clip.fits(parameters.model_dump(mode="json"), study)
    assert problems[0] == "clip '001' is shorter than 'shortest_s' (5.0)"
    assert len(problems) == 4


def test_an_impossible_length_is_refused():
    with pytest.raises(ValueError, match=r"'longest_s' \(0.2\) is less than 'shortest_s' \(0.5\)"):
        clip.Clip.model_validate({"segment": {"shortest_s": 0.5, "longest_s": 0.2}})
