"""A page that lost its server: it says so in the participant's language, and its next press counts."""

from __future__ import annotations

from playwright.sync_api import expect

from listening_tests import languages
from listening_tests import study as studies
from listening_tests.store import Store
from tests.browser.people import ROOT, Listener, opened

GERMAN = languages.texts("de")


def test_the_first_press_after_the_server_was_away_counts(start_app, context) -> None:
    app = start_app()
    study = studies.load(ROOT / "data" / "demo")
    invitation = opened(study).invite(study)[0]
    page = Listener.at(context(viewport={"width": 390, "height": 844}, locale="de-DE"), app.link(study, invitation), "de")
    expect(page.button("consent.agree")).to_be_visible()
    whole = page.page.get_by_test_id("stApp")
    expect(whole).to_have_attribute("data-test-script-state", "notRunning")
    # what translates has come: a dead server brings nothing more
    expect(page.page.locator("html[data-shown]")).to_be_attached()

    app.process.kill()
    app.process.wait()
    lost = page.page.get_by_role("dialog", name=GERMAN["connection.lost"])
    expect(lost).to_contain_text(GERMAN["connection.wait"])
    expect(lost.get_by_role("button", name=GERMAN["connection.close"])).to_be_visible()

    start_app()
    expect(whole).to_have_attribute("data-test-connection-state", "CONNECTED")
    expect(lost).not_to_be_visible()
    page.button("consent.agree").click()
    expect(page.page.get_by_role("radiogroup", name=GERMAN["background.age"])).to_be_visible()
    page.describe({"cmn": "none", "de": "native", "en": "B"})
    expect(page.button("training.begin").or_(page.button("player.play"))).to_be_visible()
    with Store().engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*), sum(agreed) from consents").one() == (1, 1)
