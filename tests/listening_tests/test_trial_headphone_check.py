"""The headphone check: what passes, what follows, and that the browser cannot know where the tone is."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest

from listening_tests import sounds
from listening_tests.session import Answered, Session, step
from listening_tests.trial import After, Trial
from listening_tests.trial_types import headphone_check as check_
from listening_tests.trial_types import level_check
from tests.listening_tests._ui import Page, trial


def _attempts(study, count=2, **parameters):
    return [trial("headphone_check", study, seed=n, position=3 + n, **parameters) for n in range(count)]


def _answer(one, right):
    """``right`` rounds right, the others wrong."""
    targets = one.parameters["targets"]
    chosen = [target if n < right else target % 3 + 1 for n, target in enumerate(targets)]
    return {
        "answers": {f"round{n}": str(value) for n, value in enumerate(chosen, 1)},
        "clips": [[1, 1, 4.0]] * len(targets),
    }


def test_the_pass_mark_decides(study):
    (one,) = _attempts(study, 1)
    assert [check_.score(one, _answer(one, n)) for n in range(7)] == list(range(7))
    assert not check_.passed(one, _answer(one, 4))
    assert check_.passed(one, _answer(one, 5))
    assert check_.check(one, _answer(one, 0)) is None  # wrong is an answer too


def test_who_passes_skips_the_attempts_left_and_who_fails_the_last_one_leaves(study):
    first, second = _attempts(study)
    label = trial("label", study, "001", position=9)
    assert check_.after(first, _answer(first, 6), [second, label]) == After(skips=[4])
    assert check_.after(first, _answer(first, 2), [second, label]) == After()
    assert check_.after(second, _answer(second, 2), [label]) == After(ends="failed_check")
    assert check_.after(second, _answer(second, 5), [label]) == After(skips=[])


def test_who_fails_learns_how_many_were_right_and_not_which(study):
    (one,) = _attempts(study, 1)
    page, passed = Page(study), Page(study, "de")
    check_.feedback(one, _answer(one, 3), page)
    check_.feedback(one, _answer(one, 5), passed)
    assert "3 of 6" in page.st.words()
    assert [command for command, _, _ in passed.st.drawn] == ["header", "success"]


def test_a_failed_check_may_only_be_noted(study):
    (one,) = _attempts(study, 1, on_fail="continue")
    assert check_.after(one, _answer(one, 0), []) == After()


def test_another_check_is_not_skipped_with_this_one(study):
    (huggins,) = _attempts(study, 1)
    other = replace(trial("headphone_check", study, position=4, method="antiphase"))
    assert check_.after(huggins, _answer(huggins, 6), [other]) == After(skips=[])


def test_there_are_as_many_attempts_as_the_retries_and_one():
    assert check_.TRIAL.times({"retries": 0}) == 1
    assert check_.TRIAL.times({"retries": 2}) == 3


def test_a_session_goes_on_or_ends_as_the_check_says(study):
    attempts = _attempts(study)
    drawn = (*attempts, trial("label", study, "001"), trial("debrief", study))
    session = Session(tuple(replace(one, position=i) for i, one in enumerate(drawn)))
    passed = step(session, Answered(0, _answer(attempts[0], 6)))
    assert passed.current is not None
    assert passed.current.type == "label"
    again = step(session, Answered(0, _answer(attempts[0], 1)))
    assert again.current == session.trials[1]
    failed = step(again, Answered(1, _answer(attempts[1], 1)))
    assert (failed.ended, failed.current) == ("failed_check", None)


def test_a_round_that_was_not_heard_or_not_answered_is_refused(study):
    (one,) = _attempts(study, 1)
    answer = _answer(one, 6)
    assert check_.check(one, answer | {"clips": [[1, 1, 4.0]] * 5 + [[1, 0, 2.0]]}) == "not_heard"
    assert check_.check(one, answer | {"clips": [[1, 1, 4.0]] * 5}) == "not_heard"
    assert check_.check(one, answer | {"answers": {"round1": "1"}}) == "not_answered"
    assert check_.check(one, answer | {"answers": {**answer["answers"], "round6": "4"}}) == "not_a_choice"


def test_the_browser_gets_the_same_whatever_is_right(study):
    shown = []
    for one in _attempts(study, 5):
        page = Page(study)
        check_.show(one, page)
        shown.append((asdict(page.shown), page.st.words()))
    assert all(other == shown[0] for other in shown)
    assert shown[0][0]["clips"] == 6


def test_the_places_are_drawn_anew_and_equally_often(study):
    drawn = {tuple(one.parameters["targets"]) for one in _attempts(study, 10)}
    assert len(drawn) > 5
    assert all(Counter(places) == {1: 2, 2: 2, 3: 2} for places in drawn)
    for one in _attempts(study, 10, method="antiphase"):
        assert all(a != b for a, b in zip(one.parameters["targets"], one.parameters["turned"], strict=True))


@pytest.mark.parametrize("method", ["huggins", "antiphase"])
def test_the_sound_of_each_round_holds_its_target(study, method):
    (one,) = _attempts(study, 1, method=method)
    step = sounds.RATE_HZ * 3 // 2
    for n, target in enumerate(one.parameters["targets"]):
        samples, rate = check_.sound(one, n)
        assert (rate, samples.shape[1]) == (44100, 2)
        parts = [samples[i * step : i * step + sounds.RATE_HZ].astype(float) for i in range(3)]
        if method == "huggins":  # the one part whose sides differ
            different = [not np.array_equal(part[:, 0], part[:, 1]) for part in parts]
            assert different == [i + 1 == target for i in range(3)]
        else:
            assert int(np.argmin([np.square(part[:, 0]).sum() for part in parts])) + 1 == target


def test_sounds_of_one_recipe_are_the_same_and_there_are_few_of_them(study):
    attempts = [*_attempts(study, 60), *_attempts(study, 20, method="antiphase")]
    made: dict[str, list[tuple[Trial, int]]] = {}
    for one in attempts:
        for n in range(6):
            made.setdefault(check_.recipe(one, n), []).append((one, n))
    assert len(made) <= 3 * check_.NOISES + 6
    for same in list(made.values())[:3]:
        (first, n), (other, m) = same[0], same[-1]
        assert np.array_equal(check_.sound(first, n)[0], check_.sound(other, m)[0])
    with pytest.raises(IndexError):
        check_.recipe(attempts[0], 6)


def test_somebody_simulated_wears_headphones(study):
    attempts = _attempts(study, 40)
    passed = [check_.passed(one, check_.simulate(one, random.Random(i))) for i, one in enumerate(attempts)]
    assert sum(passed) > 30


def test_more_right_than_there_are_rounds_cannot_be_asked_for():
    with pytest.raises(ValueError, match="nobody could pass"):
        check_.HeadphoneCheck.model_validate({"rounds": 4})


def test_the_volume_is_set_on_a_noise_as_loud_as_the_clips(study):
    one = trial("level_check", study)
    assert one.parameters["lufs"] == -23.0
    samples, _ = level_check.sound(one, 0)
    assert np.array_equal(samples, level_check.sound(one, 0)[0])
    page = Page(study)
    level_check.show(one, page)
    assert page.shown.loop
    assert level_check.check(one, {"level": "comfortable", "clips": [[1, 0, 2.0]]}) is None
    assert level_check.check(one, {"level": "comfortable", "clips": [[0, 0, 0.0]]}) == "not_heard"
