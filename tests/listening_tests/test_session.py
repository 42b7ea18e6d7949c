"""The way through a study, without any database."""

from datetime import UTC, datetime, timedelta

import pytest

from listening_tests import languages
from listening_tests.session import ENDINGS, Answered, Refused, Session, step, too_late
from listening_tests.trial import Trial, trial_types

HEARD = {"label": "sad", "completions": 1}


def _session() -> Session:
    kinds = ["consent", "label", "label", "debrief"]
    return Session(tuple(Trial(i, kind, 0, f"c{i}", f"k{i}", _parameters(kind)) for i, kind in enumerate(kinds)))


def _parameters(kind: str) -> dict[str, object]:
    """The type's own, with two choices where it offers any."""
    complete = trial_types()[kind].parameters().model_dump(mode="json")
    return complete | ({"choices": ["angry", "sad"]} if "choices" in complete else {})


def test_trials_open_one_after_the_other():
    session = _session()
    assert session.current.position == 0
    assert session.upcoming.position == 1
    session = step(session, Answered(0, {"agreed": True}))
    assert (session.current.position, session.upcoming.position) == (1, 2)


def test_the_first_answer_counts_and_a_second_one_changes_nothing():
    session = step(_session(), Answered(0, {"agreed": True}))
    assert step(session, Answered(0, {"agreed": False})) == session


def test_an_answer_to_a_trial_that_is_not_open_yet_is_refused():
    with pytest.raises(Refused, match="not_open"):
        step(_session(), Answered(2, HEARD))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"label": "sad", "completions": 0}, "not_heard"),
        ({"label": "sad"}, "not_heard"),
        ({"label": "bored", "completions": 1}, "not_a_choice"),
        ({"label": None, "completions": 1}, "not_answered"),
        ({}, "not_answered"),
    ],
)
def test_an_answer_without_hearing_or_without_a_choice_is_refused(answer, reason):
    session = step(_session(), Answered(0, {"agreed": True}))
    with pytest.raises(Refused, match=reason):
        step(session, Answered(1, answer))


def test_consent_needs_a_yes():
    with pytest.raises(Refused, match="required"):
        step(_session(), Answered(0, {"agreed": False}))


def test_a_clip_that_failed_can_be_passed_over():
    session = step(_session(), Answered(0, {"agreed": True}))
    assert step(session, Answered(1, {"label": "", "failed": "media error 4"})).current.position == 2


def test_the_debrief_ends_the_session_and_takes_no_answer():
    session = _session()
    for position, answer in enumerate([{"agreed": True}, HEARD, {"label": "cannot_say", "completions": 2}]):
        assert not session.finished
        session = step(session, Answered(position, answer))
    assert session.finished
    assert session.progress == 1
    with pytest.raises(Refused):
        step(session, Answered(3, {}))


@pytest.mark.parametrize(
    ("hours", "resume_h", "over"), [(1.99, 2, False), (2.01, 2, True), (1000, 0, False), (0.6, 0.5, True), (0.4, 0.5, False)]
)
def test_a_session_goes_on_for_as_long_as_the_study_says(hours, resume_h, over):
    began = datetime(2025, 3, 29, 22, 0, tzinfo=UTC)  # the clocks of Europe change in the night
    assert too_late(began.isoformat(), resume_h, (began + timedelta(hours=hours)).isoformat()) is over


@pytest.mark.parametrize("tag", sorted(languages.available()))
def test_every_end_before_the_end_is_explained(tag):
    assert len({languages.texts(tag)[key] for key in ENDINGS.values()}) == len(ENDINGS)
