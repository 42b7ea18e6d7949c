"""Every type of trial in Firefox and in WebKit, on a laptop and as narrow as a phone; nothing sounds before a press."""

from __future__ import annotations

import pytest

from tests.browser.people import opened
from tests.browser.test_every_trial import expect_stored
from tests.browser.walker import Walker

SIZES = {"laptop": (1280, 900), "phone": (390, 844)}


@pytest.mark.parametrize("size", SIZES)
def test_every_type_of_trial_can_be_answered(whole, browser, size):
    app, study = whole
    (invitation,) = opened(study).invite(study)
    device = browser(*SIZES[size])
    hand = "touch" if size == "phone" and device.name == "firefox" else "mouse"
    walker = Walker(device, study, invitation.participant, "en", hand=hand)
    device.open(app.link(study, invitation))
    too_wide: list[str] = []

    def look(trial: str) -> None:
        if (over := walker.eyes.ask("wide")) > 0:
            too_wide.append(f"{trial} is {over} px too wide")

    walker.walk(look)
    expect_stored(walker, touch=hand == "touch")
    assert not too_wide
