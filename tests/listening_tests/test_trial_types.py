"""What every trial type must keep, whichever there are."""

from __future__ import annotations

import random

import pytest

from listening_tests import languages, timeline
from listening_tests.session import Answered, Session, step
from listening_tests.trial import trial_types
from listening_tests.trial_types import label

TYPES = sorted(trial_types().items())


@pytest.mark.parametrize(("name", "kind"), TYPES)
def test_a_trial_type_declares_itself(name, kind):
    assert kind.title
    assert all(p.help and p.name.isidentifier() for p in kind.parameters), name
    assert all(f.help and f.name.isidentifier() for f in kind.answer), name
    assert len({p.name for p in kind.parameters}) == len(kind.parameters)
    if kind.hears:
        assert {"part", "shuffled"} <= {p.name for p in kind.parameters}
    if kind.rates:
        assert "label" in {f.name for f in kind.answer}


def test_every_trial_can_answer_by_itself_and_its_answer_is_taken(study):
    session = Session(timeline.draw(study, 7))
    rng = random.Random(7)
    while not session.finished:
        trial = session.current
        answer = trial_types()[trial.type].simulate(trial, rng)
        declared = {f.name for f in trial_types()[trial.type].answer}
        assert set(answer) == declared, trial.type
        session = step(session, Answered(trial.position, answer))
    assert session.current.type == "debrief"


def test_a_refusal_is_a_sentence_in_every_language(study):
    reasons = {kind.check(trial, {}) for trial in timeline.draw(study, 0) for kind in [trial_types()[trial.type]]}
    assert None not in reasons
    for tag in languages.available():
        assert reasons <= set(languages.texts(tag))


def test_the_choices_are_the_emotions_of_the_study_and_cannot_say(study):
    trial = next(t for t in timeline.draw(study, 0) if t.type == "label")
    assert label.choices(trial) == ["angry", "happy", "neutral", "sad", "cannot_say"]


def test_a_listener_without_a_native_language_is_asked_again(study):
    trial = timeline.draw(study, 0)[1]
    answer = {"native_languages": " ", "dialects": "", "proficiency": "de:A", "age_band": "65+", "hearing": "not_said"}
    assert trial_types()["background"].check(trial, answer) == "background.no_native"
