"""Clips that do not arrive or are no sound: asked for again, then reported and passed over, and the session goes on."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, Route

from listening_tests import schema
from listening_tests.trial import Trial
from tests.browser.devices import Chromium
from tests.browser.people import opened
from tests.browser.walker import HURRY, Walker, advance

BROKEN: dict[str, Any] = {
    "aborted": lambda route: route.abort(),
    "missing": lambda route: route.fulfill(status=404),
    "garbage": lambda route: route.fulfill(body=b"no sound at all" * 99, content_type="audio/flac"),
}


def _open(whole, context, to: str) -> tuple[Page, Walker, Trial]:
    """Somebody who is about to open the link at a trial of this type."""
    app, study = whole
    store = opened(study)
    (invitation,) = store.invite(study)
    trial = advance(store, study, invitation.participant, to)
    page = context(locale="en-GB").new_page()
    page.add_init_script(HURRY)
    walker = Walker(Chromium(page), study, invitation.participant, "en")
    walker.link = app.link(study, invitation)
    return page, walker, trial


@pytest.mark.parametrize("how", BROKEN)
def test_a_clip_that_never_plays_is_reported_and_passed_over(whole, context, how):
    page, walker, trial = _open(whole, context, "label")
    asked: list[str] = []

    def fail(route: Route) -> None:
        asked.append(route.request.url)
        BROKEN[how](route)

    page.route(f"**/api/audio/{trial.key}/*", fail)
    page.goto(walker.link)
    walker.eyes.wait_to_read(walker.words["player.failed"])
    assert len(asked) >= 3  # a hiccup of the network is the likeliest cause
    walker.press({"role": "button", "name": walker.words["player.retry"]})
    walker.eyes.until(lambda: walker.eyes.ask("text") and len(asked) >= 6, "it was not asked for again")
    skip = {"role": "button", "name": walker.words["player.skip"]}
    walker.press(skip)
    walker.eyes.until(lambda: walker.store.session(walker.person).answered >= {trial.position}, "not passed over")

    kept = walker.kept()[trial.position]
    assert kept["failed"].startswith("media error")
    assert (kept["label"], kept["plays"], kept["response_s"]) == ("", 0, None)
    events = sa.select(schema.events.c.kind).where(schema.events.c.participant == walker.person)
    with walker.store.engine.connect() as connection:
        assert "failed" in set(connection.execute(events).scalars())
    walker.at_trial()


def test_a_clip_that_fails_twice_is_played_all_the_same(whole, context):
    page, walker, trial = _open(whole, context, "label")
    asked: list[str] = []

    def fail_twice(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) <= 2:
            route.abort()
        else:
            route.continue_()

    page.route(f"**/api/audio/{trial.key}/*", fail_twice)
    page.goto(walker.link)
    walker.answer(walker.at_trial())
    walker.press_on()
    assert len(asked) == 3
