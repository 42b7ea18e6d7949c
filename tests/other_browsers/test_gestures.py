"""Browsers let a page sound only in answer to a press: nothing plays before one, and the first press plays at once."""

from __future__ import annotations

import time

import pytest

from tests.browser.devices import Device
from tests.browser.people import opened
from tests.browser.walker import Walker, advance

ACTIVATED = "navigator.userActivation?.hasBeenActive ?? null"


def test_the_first_press_plays_and_nothing_plays_before(whole, browser):
    _press(whole, browser(1280, 900))


def test_without_web_audio_an_audio_element_plays(whole, firefox_without_output):
    _press(whole, firefox_without_output, timed=False)  # without a sound card Firefox hurries through a clip


def _press(whole, device: Device, *, timed: bool = True) -> None:
    app, study = whole
    store = opened(study)
    (invitation,) = store.invite(study)
    trial = advance(store, study, invitation.participant, "training")
    walker = Walker(device, study, invitation.participant, "en")
    device.open(app.link(study, invitation))
    play = {"role": "button", "name": walker.words["player.play"]}
    walker.eyes.wait_for(play)
    assert device.ask(ACTIVATED) is not True
    until = time.monotonic() + 2  # four times as long as the clip
    while time.monotonic() < until:
        assert walker.eyes.ask("why", play) == ""
        assert device.ask("performance.getEntriesByType('resource').some((one) => one.name.includes('/api/audio/'))")
        time.sleep(0.1)

    walker.answer(trial)
    walker.press_on()
    kept = walker.kept()[trial.position]
    assert (kept["plays"], kept["completions"]) == (1, 1)
    assert kept["coverage_s"] == pytest.approx(0.5, abs=0.02)
    assert kept["log"][0][0] >= 1.5  # seconds after the trial was loaded: the press
    (start, *_, end) = kept["log"]
    assert (start[2], end[2]) == (0, 2)
    if not timed:
        return
    assert kept["response_s"] >= 0.5
    assert end[0] - start[0] == pytest.approx(0.5, abs=0.4)  # it was played in real time
