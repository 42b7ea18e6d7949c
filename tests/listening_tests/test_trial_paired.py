"""Comparing two clips: which pairs, for what, and which clip was chosen."""

from __future__ import annotations

import pytest

from listening_tests.trial_types import paired
from tests.listening_tests._ui import Page, trial

BOTH = {"clips": [[1, 1, 0.3], [1, 1, 0.3]]}


def _fits(study, table, **parameters):
    if table is not None:
        (study.folder / "pairs.csv").write_text(table, encoding="utf-8")
    return paired.fits(paired.Paired.model_validate(parameters).model_dump(mode="json"), study)


def test_both_clips_are_heard_before_the_answer(study):
    one = trial("paired", study, "001", other="002")
    assert paired.check(one, {"choice": "a", **BOTH}) is None
    assert paired.check(one, {"choice": "a", "clips": [[1, 1, 0.3], [1, 0, 0.1]]}) == "not_heard"
    assert paired.check(one, {"choice": "a", "plays": 2, "completions": 2}) == "not_heard"
    assert paired.check(one, {"choice": "tie", **BOTH}) == "not_a_choice"
    assert paired.check(trial("paired", study, "001", other="002", tie=True), {"choice": "tie", **BOTH}) is None


def test_the_clip_that_was_chosen_is_known(study):
    one = trial("paired", study, "002", other="001")
    assert paired.chosen(one, {"choice": "a"}) == "002"
    assert paired.chosen(one, {"choice": "b"}) == "001"
    assert paired.chosen(one, {"choice": "tie"}) == ""


def test_each_pair_may_be_compared_for_an_emotion_of_its_own(study):
    assert _fits(study, "a,b,emotion\n001,002,sad\n003,004,angry\n") == []
    parameters = paired.Paired().model_dump(mode="json")
    assert paired.pairs(parameters, study) == [("001", "002"), ("003", "004")]
    page = Page(study)
    paired.show(trial("paired", study, "004", other="003", emotion=""), page)  # the order of the two was drawn
    assert page.shown.questions[0].prompt == "In which recording does the voice sound more angry?"
    assert page.shown.clips == 2
    assert page.shown.names == ["First recording", "Second recording"]


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("a,b\n001,001\n", "pairs.csv, line 2: clip '001' is compared with itself"),
        ("a,b\n001,02\n", "pairs.csv, line 2: no clip '02'. Did you mean '002'?"),
        ("a,b\n001,002\n002,001\n", "pairs.csv, line 3: the same pair as in line 2"),
        ("a,b\n", "pairs.csv holds no pair; it needs the columns a and b, and a line for each pair"),
        ("x,y\n001,002\n", "pairs.csv holds no pair; it needs the columns a and b, and a line for each pair"),
        ("", "pairs.csv holds no pair; it needs the columns a and b, and a line for each pair"),
    ],
)
def test_what_is_wrong_with_the_pairs_is_said_with_the_line(study, table, problem):
    assert _fits(study, table, emotion="sad") == [problem]


def test_pairs_need_an_emotion_and_a_table(study):
    assert _fits(study, None, emotion="sad") == [
        "the study's folder has no table 'pairs.csv' with the columns a and b. There is none."
    ]
    assert _fits(study, "a,b\n001,002\n") == [
        "pairs.csv, line 2: says of no emotion; fill the column 'emotion', or give the trial an 'emotion'"
    ]
    assert _fits(study, "a,b,emotion\n001,002,sat\n") == [
        "pairs.csv, line 2: 'sat' is none of the study's emotions. Did you mean 'sad'?"
    ]


def test_a_table_outside_the_study_is_not_read(study):
    (study.folder.parent / "other.csv").write_text("a,b\n001,002\n", encoding="utf-8")
    assert "has no table" in _fits(study, None, emotion="sad", pairs="../other.csv")[0]
