"""A researcher hears exactly the part that somebody marked, and the playhead stops where it ends."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from listening_tests import simulate
from tests.browser import tone_study
from tests.browser.conftest import serving
from tests.browser.people import opened, sign_in
from tests.browser.test_every_trial import violations
from tests.browser.test_segment import TAP, rendered
from tests.browser.tone_study import time_of

PART = "[role=slider][aria-label*=listeners]"


def test_what_is_played_is_the_part_that_was_marked(tmp_path, context, monkeypatch: pytest.MonkeyPatch):
    study = tone_study.make(tmp_path / "studies" / "rising")
    monkeypatch.setenv("EARWITNESS_STUDIES", str(study.folder))
    with serving(tmp_path) as start:
        app, store = start(), opened(study)
        simulate.simulate(study, store, listeners=5, seed=1)
        given = store.read_answers(study.id)
        marks = given[(given["stimulus"] == "one") & given["answer"].map(lambda a: a.get("part") == "segment")]
        (start_s, end_s), *others = sorted(tuple(a["segments"][0]) for a in marks["answer"])
        assert others

        page = context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).new_page()
        page.add_init_script(TAP)
        sign_in(page, app, "segments?clip=one")
        page.goto(f"{app.address}/segments?clip=one")
        everybody = page.locator(PART)
        expect(everybody.first).to_be_visible()
        spoken = f"{start_s:.2f} to {end_s:.2f} s"
        row = next(r for r in everybody.all() if f": {spoken}" in (r.get_attribute("aria-valuetext") or ""))
        button = page.locator(".row").filter(has=row).get_by_role("button").first
        expect(button).to_be_enabled()
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
        stopped = page.locator(f".playhead[data-at='{end_s:.3f}']")
        row.press("Enter")  # opens the way to the loudspeakers, on which the tap sits from then on
        expect(stopped).to_be_visible()
        page.evaluate("window.rendered = []")
        row.press("Enter")
        heard, rate = rendered(page, (end_s - start_s) * 0.99)
        window = int(0.04 * rate)
        assert time_of(heard[:window], rate) - 0.02 == pytest.approx(start_s, abs=0.005)
        assert time_of(heard[-window:], rate) + 0.02 == pytest.approx(end_s, abs=0.005)
        assert len(heard) / rate == pytest.approx(end_s - start_s, abs=0.005)

        expect(stopped).to_be_visible()
        expect(button.locator("path")).to_have_attribute("d", _icon(page))
        assert not violations(page, "segments")


def _icon(page) -> str:
    """How a button looks that would play, not stop: as the one of the whole clip, which nobody pressed."""
    return page.get_by_role("button", name="Play Whole clip").locator("path").get_attribute("d")
