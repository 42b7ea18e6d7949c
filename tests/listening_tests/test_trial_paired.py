"""Comparing two clips: which pairs, for what, and which clip was chosen."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from listening_tests import study as studies
from listening_tests import timeline
from listening_tests.session import Answered
from listening_tests.timeline import Listener
from listening_tests.trial import trial_types
from listening_tests.trial_types import paired
from ser_core.errors import BadInput
from tests.listening_tests._ui import Page, trial

BOTH = {"clips": [[1, 1, 0.3], [1, 1, 0.3]]}


def _fits(study, table, **parameters):
    tables = {} if table is None else {"pairs.csv": table}
    return paired.fits(paired.Paired.model_validate(parameters).model_dump(mode="json"), replace(study, tables=tables))


def test_both_clips_are_heard_before_the_answer(study):
    one = trial("paired", study, "001", other="002")
    assert paired.check(one, {"choice": "a", **BOTH}) is None
    assert paired.check(one, {"choice": "a", "clips": [[1, 1, 0.3], [1, 0, 0.1]]}) == "not_heard"
    assert paired.check(one, {"choice": "a", "plays": 2, "completions": 2}) == "not_heard"
    assert paired.check(one, {"choice": "tie", **BOTH}) == "not_a_choice"
    assert paired.check(trial("paired", study, "001", other="002", tie=True), {"choice": "tie", **BOTH}) is None


@pytest.fixture
def compared(folder):
    """The study with two pairs in place of labels, each compared for an emotion of its own."""
    (folder / "pairs.csv").write_text("a,b,emotion\n001,002,sad\n003,004,angry\n", encoding="utf-8")
    text = (folder / "study.yaml").read_text(encoding="utf-8").replace("trial: label", "trial: paired")
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    return studies.load(folder)


def _pairs(trials):
    return {frozenset((t.stimulus, t.other)): t.parameters["emotion"] for t in trials if t.type == "paired"}


TOLD = {frozenset(("001", "002")): "sad", frozenset(("003", "004")): "angry"}


def test_each_pair_may_be_compared_for_an_emotion_of_its_own(compared):
    drawn = timeline.draw(compared, Listener(3))
    assert _pairs(drawn) == TOLD
    page = Page(compared)
    paired.show(next(t for t in drawn if t.parameters.get("emotion") == "angry"), page)
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


def test_a_table_outside_the_study_is_not_read(compared):
    (compared.folder.parent / "other.csv").write_text("a,b\n001,002\n", encoding="utf-8")
    text = (compared.folder / "study.yaml").read_text(encoding="utf-8")
    outside = text.replace("trial: paired", "trial: paired, emotion: sad, pairs: ../other.csv")
    (compared.folder / "study.yaml").write_text(outside, encoding="utf-8")
    with pytest.raises(BadInput, match=r"has no table '\.\./other\.csv'"):
        studies.load(compared.folder)


def test_a_table_that_is_no_text_is_told_with_its_line(compared):
    (compared.folder / "pairs.csv").write_bytes(b"a,b\n001,\xff\n")
    with pytest.raises(BadInput, match=r"pairs\.csv is not a CSV table in UTF-8"):
        studies.load(compared.folder)


@pytest.mark.parametrize("later", ["a,b,emotion\n001,003,happy\n", "a,b,emotion\n001,002,\n", ""])
def test_who_began_before_the_pairs_were_changed_compares_what_was_written_then(store, compared, later):
    store.open_study(compared)
    person = store.invite(compared)[0].participant
    store.begin(person, compared)
    (compared.folder / "pairs.csv").write_text(later, encoding="utf-8")
    session = store.session(person)
    while not session.drawn:
        given = trial_types()[session.current.type].simulate(session.current, random.Random(0))
        session = store.record(person, Answered(session.current.position, given))
    assert _pairs(session.trials) == TOLD
