"""Questions that a study words itself: who is asked what, which answers are taken, and what a study may not write."""

from __future__ import annotations

import pytest

from listening_tests.trial import cleaned
from listening_tests.trial_types import likert, questionnaire
from tests.listening_tests._ui import EXAMPLES, Page, trial

GOOD = {"instrument": "yes", "years": "12", "heard": "home work", "ease": "7"}
TEXT = {"en": "What?", "de": "Was?"}


def _check(study, **answers):
    return questionnaire.check(trial("questionnaire", study), {"answers": answers})


def test_every_question_that_applies_is_asked_and_no_other(study):
    assert _check(study, **GOOD) is None
    without = {name: value for name, value in GOOD.items() if name != "years"}
    assert _check(study, **without) == "not_answered"
    assert _check(study, **without | {"instrument": "no"}) is None
    assert _check(study, **GOOD | {"instrument": "no"}) == "not_asked"
    assert _check(study, **GOOD | {"planted": "x"}) == "not_asked"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("instrument", "perhaps", "not_a_choice"),
        ("instrument", "", "not_answered"),
        ("years", "many", "not_a_number"),
        ("years", "nan", "not_a_number"),
        ("years", "1e400", "not_a_number"),
        ("years", "91", "number_out_of_range"),
        ("years", -1, "number_out_of_range"),
        ("years", 90, None),
        ("years", "0", None),
        ("years", "2.5", None),
        ("heard", "home", None),
        ("heard", "home home", "not_a_choice"),
        ("heard", "home sea", "not_a_choice"),
        ("ease", "8", "not_a_choice"),
        ("ease", 3, None),
        ("more", "Everything = 1 + 1; \"quoted\", & 100 % 😀 مرحبا", None),
        ("more", ["a", "b"], None),
    ],
)  # fmt: skip
def test_an_answer_is_what_the_question_allows(study, name, value, reason):
    assert _check(study, **GOOD | {name: value}) == reason


def test_free_text_is_kept_as_it_was_typed(study):
    typed = ' =cmd(); "a", b & c % + \n\t😀 مرحبا '
    kept = cleaned(questionnaire.ANSWER, {"answers": {"more": typed}})["answers"]["more"]
    assert kept == typed


def test_the_player_gets_the_questions_in_the_listener_s_language(study):
    page = Page(study, "de")
    questionnaire.show(trial("questionnaire", study), page)
    form = page.shown
    assert form.clips == 0
    assert [q.kind for q in form.questions] == ["choice", "number", "several", "scale", "long_text"]
    assert form.questions[0].prompt == "Spielen Sie?"
    assert [o.label for o in form.questions[0].options] == ["Ja", "no"]
    assert (form.questions[3].low, form.questions[3].high, len(form.questions[3].options)) == ("nein", "ja", 7)
    assert form.questions[1].only_if == {"instrument": ["yes"]}


def _wrong(study, *questions):
    full = questionnaire.Questionnaire.model_validate({"questions": list(questions)}).model_dump(mode="json")
    return questionnaire.fits(full, study)


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        ({"name": "b", "kind": "choice", "text": TEXT}, "a question of the kind 'choice' needs 'options' to choose from"),
        ({"name": "b", "kind": "text", "text": {"en": "What?"}}, "'text' has no text for the interface language 'de'"),
        (
            {"name": "b", "kind": "text", "text": TEXT, "options": [{"value": "x"}]},
            "a question of the kind 'text' has no options; did you mean kind: choice?",
        ),
        (
            {"name": "b", "kind": "choice", "text": TEXT, "options": [{"value": "x"}, {"value": "x"}]},
            "the option 'x' stands twice",
        ),
        (
            {"name": "b", "kind": "choice", "text": TEXT, "options": [{"value": "x", "label": {"en": "X"}}, {"value": "y"}]},
            "'label of 'x'' has no text for the interface language 'de'",
        ),
        (
            {"name": "b", "kind": "number", "text": TEXT, "minimum": 5, "maximum": 2},
            "'minimum' (5.0) is more than 'maximum' (2.0)",
        ),
        ({"name": "b", "kind": "text", "text": TEXT, "maximum": 2}, "'maximum' is for questions of the kind 'number'"),
        (
            {"name": "b", "kind": "text", "text": TEXT, "only_if": {"instrumnt": ["yes"]}},
            "'only_if' names no earlier question 'instrumnt'. Did you mean 'instrument'?",
        ),
        (
            {"name": "b", "kind": "text", "text": TEXT, "only_if": {"instrument": ["yess"]}},
            "'only_if': 'instrument' has no value 'yess'. Did you mean 'yes'?",
        ),
        (
            {"name": "b", "kind": "text", "text": TEXT, "only_if": {"words": ["yes"]}},
            "'only_if': 'words' is answered in free words; a rule needs a question with options",
        ),
    ],
)
def test_what_is_wrong_with_a_question_is_said(study, question, problem):
    first = EXAMPLES["questionnaire"]["questions"][0]
    words = {"name": "words", "kind": "text", "text": TEXT}
    assert _wrong(study, first, words, question) == [f"question 'b': {problem}"]


def test_two_questions_of_one_name_are_refused(study):
    one = {"name": "a", "kind": "text", "text": TEXT}
    assert _wrong(study, one, one) == ["two questions are called 'a'"]
    assert _wrong(study) == ["needs at least one question in 'questions'"]


def test_scales_are_rated_after_the_clip_was_heard(study):
    one = trial("likert", study, "001")
    assert likert.check(one, {"answers": {"strength": "5"}, "clips": [[1, 1, 0.3]]}) is None
    assert likert.check(one, {"answers": {"strength": "6"}, "clips": [[1, 1, 0.3]]}) == "not_a_choice"
    assert likert.check(one, {"answers": {"strength": "5"}, "clips": [[1, 0, 0.3]]}) == "not_heard"
    assert likert.fits(likert.Likert().model_dump(mode="json"), study) == ["needs at least one scale in 'scales'"]


@pytest.mark.parametrize(
    ("sent", "reason"),
    [(7, None), ("07", None), (7.0, None), (8, "not_a_choice"), ([7, 7], "not_a_choice"), (None, "not_answered")],
)
def test_a_step_may_come_as_the_number_it_is(study, sent, reason):
    steps = [{"name": "s", "text": TEXT, "options": [{"value": "07"}, {"value": "no"}]}]
    one = trial("likert", study, "001", scales=steps)
    assert likert.check(one, {"answers": {"s": sent}, "clips": [[1, 1, 0.3]]}) == reason
