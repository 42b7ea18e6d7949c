"""Labelling and training: what is offered, what is asked beside it, and what counts as heard."""

from __future__ import annotations

import random
import re

import pytest

from listening_tests.trial import cleaned
from listening_tests.trial_types import _sam, label, training
from tests.listening_tests._ui import Page, trial

HEARD = {"plays": 1, "completions": 1, "clips": [[1, 1, 0.3]]}


def _fits(name, study, **parameters):
    model = (training.Training if name == "training" else label.Label).model_validate(parameters)
    return (training if name == "training" else label).fits(model.model_dump(mode="json"), study)


def test_the_choices_are_the_emotions_of_the_study_and_cannot_say(study):
    assert label.choices(trial("label", study)) == ["angry", "happy", "neutral", "sad", "cannot_say"]


def test_a_forced_choice_offers_no_way_out(study):
    one = trial("label", study, cannot_say=False)
    assert label.choices(one) == ["angry", "happy", "neutral", "sad"]
    assert label.check(one, {"label": "cannot_say", **HEARD}) == "not_a_choice"


def test_shuffled_choices_are_the_same_for_a_listener_in_every_trial_and_differ_between_listeners(study):
    drawn = {seed: tuple(label.choices(trial("label", study, seed=seed, choice_order="shuffled"))) for seed in range(20)}
    assert len(set(drawn.values())) > 5
    assert all(order[-1] == "cannot_say" for order in drawn.values())
    for seed, order in drawn.items():
        rng = random.Random(99)
        again = label.resolve(label.Label(choice_order="shuffled").model_dump(mode="json"), study, seed, rng)
        fewer = label.Label(choice_order="shuffled", choices=["sad", "angry"]).model_dump(mode="json")
        assert tuple(again["choices"]) == order[:-1]
        block = label.resolve(fewer, study, seed, rng)["choices"]
        assert block == [choice for choice in order if choice in ("sad", "angry")]


@pytest.mark.parametrize(
    ("plays", "heard", "reason"),
    [
        ({"least": 1}, [1, 1, 0.3], None),
        ({"least": 1}, [3, 0, 0.2], "not_heard"),
        ({"least": 1, "to_end": False}, [1, 0, 0.1], None),
        ({"least": 2}, [1, 1, 0.3], "not_heard"),
        ({"least": 2}, [2, 2, 0.3], None),
        ({"most": 2}, [2, 1, 0.3], None),
        ({"most": 2}, [3, 3, 0.3], "heard_too_often"),
        ({"most": 0}, [99, 99, 0.3], None),
    ],
)
def test_a_clip_is_heard_as_often_as_the_study_says(study, plays, heard, reason):
    one = trial("label", study, plays=plays)
    assert label.check(one, {"label": "sad", "clips": [heard]}) == reason
    sums = {"plays": heard[0], "completions": heard[1]}
    assert label.check(one, {"label": "sad", **sums}) == reason


def test_nobody_is_asked_how_sure_they_are_of_not_being_able_to_say(study):
    one = trial("label", study, confidence=True)
    assert label.check(one, {"label": "sad", **HEARD}) == "not_answered"
    assert label.check(one, {"label": "sad", "confidence": "4", **HEARD}) is None
    assert label.check(one, {"label": "sad", "confidence": 6, **HEARD}) == "not_a_choice"
    assert label.check(one, {"label": "cannot_say", **HEARD}) is None
    assert label.check(one, {"label": "cannot_say", "confidence": 2, **HEARD}) == "not_asked"


def test_the_value_of_an_option_is_stored_as_the_number_it_is():
    assert cleaned(label.ANSWER, {"confidence": "4", "valence": 9, "arousal": "nine"})["confidence"] == 4
    assert cleaned(label.ANSWER, {"arousal": "nine"})["arousal"] is None


def test_dimensions_are_asked_in_the_study_s_order_on_nine_pictures(study):
    one = trial("label", study, dimensions=["valence", "arousal"], comment=True)
    page = Page(study, "de")
    label.show(one, page)
    assert [q.name for q in page.shown.questions] == ["label", "valence", "arousal", "comment"]
    valence = page.shown.questions[1]
    assert [o.value for o in valence.options] == [str(n) for n in range(1, 10)]
    assert (valence.low, valence.high) == ("unangenehm", "angenehm")
    assert label.check(one, {"label": "sad", "valence": 9, **HEARD}) == "not_answered"
    assert label.check(one, {"label": "sad", "valence": 9, "arousal": 1, **HEARD}) is None
    assert label.check(one, {"label": "sad", "valence": 9, "arousal": 0, **HEARD}) == "not_a_choice"


@pytest.mark.parametrize("dimension", ["arousal", "valence", "dominance"])
def test_every_step_has_a_picture_of_its_own_within_its_box(dimension):
    pictures = [_sam.picture(dimension, step) for step in range(1, 10)]
    assert len(set(pictures)) == 9
    for path in pictures:
        assert re.fullmatch(r"[MLQHVahv0-9 .\-]+", path)
        corners = [tuple(map(float, pair)) for pair in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path)]
        assert all(0 <= x <= 64 and 0 <= y <= 64 for x, y in corners)


def test_what_is_wrong_with_the_choices_is_said_with_the_nearest_word(study):
    assert _fits("label", study, choices=["angry", "hapy"]) == [
        "choice 'hapy' is none of the study's emotions. Did you mean 'happy'?"
    ]
    assert _fits("label", study, choices=["angry", "angry", "sad"]) == ["'angry' stands twice in 'choices'"]
    assert _fits("label", study, choices=["angry"], cannot_say=False) == [
        "there is only one answer to choose; name more choices"
    ]
    assert _fits("label", study, dimensions=["valence", "valence"]) == ["'valence' stands twice in 'dimensions'"]


def test_impossible_hearings_are_refused():
    with pytest.raises(ValueError, match=r"'most' \(1\) is less than 'least' \(2\)"):
        label.Label.model_validate({"plays": {"least": 2, "most": 1}})


def test_training_says_right_or_wrong_and_why(study):
    clips = study.stimuli.copy()
    clips["why"] = "The pitch goes up."
    clips["why.de"] = "Die Tonhöhe steigt."
    object.__setattr__(study, "stimuli", clips)
    truth = clips.set_index("stimulus").loc["000", "truth"]
    one = trial("training", study, "000")
    right, wrong, german, unheard = Page(study), Page(study), Page(study, "de"), Page(study)
    training.feedback(one, {"label": truth}, right)
    training.feedback(one, {"label": "sad"}, wrong)
    training.feedback(one, {"label": "sad"}, german)
    training.feedback(one, {"label": "", "failed": "media error 4"}, unheard)
    assert not [c for c, _, _ in unheard.st.drawn if c in ("success", "info")]
    assert [c for c, _, _ in right.st.drawn if c in ("success", "info")] == ["success"]
    assert [c for c, _, _ in wrong.st.drawn if c in ("success", "info")] == ["info"]
    assert "The pitch goes up." in right.st.words()
    assert "Die Tonhöhe steigt." in german.st.words()
    assert "The pitch" not in german.st.words()


def test_training_needs_to_know_what_was_meant(study):
    assert _fits("training", study, choices=["sad", "angry"]) == [
        "clip '000' was meant to sound happy, which is none of the choices"
    ]
    clips = study.stimuli.copy()
    clips.loc[clips["stimulus"] == "000", "truth"] = ""
    object.__setattr__(study, "stimuli", clips)
    assert _fits("training", study) == ["tells what was meant, but clip '000' has no 'truth' in stimuli.csv"]
