"""What every trial type must keep, whichever there are."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listening_tests import languages, timeline
from listening_tests.session import Answered, Session, step
from listening_tests.timeline import Listener
from listening_tests.trial import Parameters, cleaned, trial_types
from tests.listening_tests._ui import EXAMPLES, Page, trial

TYPES = sorted(trial_types())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FAST = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _models(model):
    yield model
    for field in model.model_fields.values():
        found = field.annotation
        for inner in (found, *getattr(found, "__args__", ())):
            if isinstance(inner, type) and issubclass(inner, Parameters):
                yield from _models(inner)


@pytest.mark.parametrize("name", TYPES)
def test_a_trial_type_says_what_it_can_be_set_to_and_what_it_yields(name):
    kind = trial_types()[name]
    assert kind.title
    for model in _models(kind.parameters):
        assert all(field.description for field in model.model_fields.values()), model
    assert all(f.help and f.name.isidentifier() for f in kind.answer)
    assert len({f.name for f in kind.answer}) == len(kind.answer)
    if kind.hears and not kind.pairs:
        assert {"part", "shuffled", "max_in_a_row", "per_listener", "balanced_by", "repeats"} <= set(
            kind.parameters.model_fields
        )
    if kind.rates:
        assert {"label", "failed"} <= {f.name for f in kind.answer}
    if kind.pairs:
        assert kind.hears
    assert (kind.sound is None) == (kind.recipe is None)


@pytest.mark.parametrize("name", TYPES)
def test_parameters_survive_the_database(name):
    kind = trial_types()[name]
    kind.parameters()
    full = kind.parameters.model_validate(EXAMPLES.get(name, {})).model_dump(mode="json")
    assert json.loads(json.dumps(full)) == full
    assert kind.parameters.model_validate(full).model_dump(mode="json") == full


@pytest.mark.parametrize("name", [n for n in TYPES if n not in ("debrief",)])
def test_every_trial_can_answer_by_itself_and_its_answer_is_taken(name, study):
    kind = trial_types()[name]
    for seed in range(25):
        one = trial(name, study, "001", other="002", seed=seed)
        answer = kind.simulate(one, random.Random(seed))
        assert set(answer) == {f.name for f in kind.answer}
        assert cleaned(kind.answer, json.loads(json.dumps(answer))) == answer
        assert kind.check(one, answer) is None


def test_a_whole_session_of_simulated_answers_comes_to_its_end(study):
    session = Session(timeline.draw(study, Listener(7)))
    rng = random.Random(7)
    while not session.finished:
        current = session.current
        session = step(session, Answered(current.position, trial_types()[current.type].simulate(current, rng)))
    assert session.current.type == "debrief"


@pytest.mark.parametrize("name", TYPES)
def test_an_empty_answer_is_refused_in_a_sentence_of_every_language(name, study):
    reason = trial_types()[name].check(trial(name, study, "001", other="002"), {})
    assert reason is not None
    assert all(reason in languages.texts(tag) for tag in languages.available())


@pytest.mark.parametrize("name", TYPES)
@FAST
@given(data=st.data())
def test_no_answer_however_odd_breaks_the_check(name, study, data):
    kind = trial_types()[name]
    one = trial(name, study, "001", other="002")
    answer = kind.simulate(one, random.Random(1))
    names = [f.name for f in kind.answer] or ["label"]
    odd = data.draw(st.dictionaries(st.sampled_from(names), JSON, max_size=3))
    for sent in (odd, answer | odd):
        reason = kind.check(one, sent)
        assert reason is None or reason in languages.texts("en")
        if kind.after and reason is None:
            kind.after(one, cleaned(kind.answer, sent), [])


@pytest.mark.parametrize("interface", ["en", "de"])
@pytest.mark.parametrize("name", TYPES)
def test_a_trial_is_drawn_in_every_language_of_the_study(name, interface, study):
    page = Page(study, interface)
    trial_types()[name].show(trial(name, study, "001", other="002"), page)
    assert page.shown is not None or page.st.drawn


@pytest.mark.parametrize("interface", ["en", "de"])
@pytest.mark.parametrize("name", [n for n in TYPES if trial_types()[n].feedback])
def test_feedback_is_drawn_of_any_answer_that_is_taken(name, interface, study):
    kind, one = trial_types()[name], trial(name, study, "000")
    assert kind.feedback is not None
    for answer in (kind.simulate(one, random.Random(3)), {"failed": "media error 4"}):
        page = Page(study, interface)
        assert kind.check(one, answer) is None
        kind.feedback(one, answer, page)
        assert page.st.drawn


@pytest.mark.parametrize("name", [n for n in TYPES if trial_types()[n].hears])
def test_what_is_shown_of_a_clip_does_not_tell_what_was_meant(name, study):
    shown = []
    for clip, other in (("001", "002"), ("002", "003"), ("004", "001")):
        page = Page(study)
        trial_types()[name].show(trial(name, study, clip, other=other), page)
        shown.append((page.shown, page.st.words()))
    assert shown[0] == shown[1] == shown[2]


@pytest.mark.parametrize("name", TYPES)
def test_the_examples_fit_the_study(name, study):
    kind = trial_types()[name]
    study = replace(study, tables={"pairs.csv": "a,b\n001,002\n003,004\n"})
    full = kind.parameters.model_validate(EXAMPLES.get(name, {})).model_dump(mode="json")
    if kind.fits:
        assert kind.fits(full, study) == []


@pytest.mark.parametrize("name", [n for n in TYPES if trial_types()[n].answer and trial_types()[n].hears])
def test_a_sound_that_cannot_be_played_loses_the_trial_and_not_the_session(name, study):
    kind, one = trial_types()[name], trial(name, study, "001", other="002")
    assert kind.check(one, {"failed": "media error 4"}) is None
    answer = kind.simulate(one, random.Random(0))
    silent = answer | {"plays": 0, "completions": 0, "clips": [[0, 0, 0.0]] * len(answer["clips"])}
    assert kind.check(one, silent) == "not_heard"
    assert kind.check(replace(one, parameters=dict(one.parameters)), silent | {"failed": "media error 4"}) == "not_heard"
