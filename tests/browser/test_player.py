"""The player under impatient fingers, other keys and another language."""

from __future__ import annotations

from playwright.sync_api import expect

from listening_tests import languages
from listening_tests import study as studies
from listening_tests.store import Store
from tests.browser.people import ROOT, Listener

GERMAN = languages.texts("de")


def _at_a_trial(app, context) -> Listener:
    study = studies.load(ROOT / "data" / "demo")
    (invitation,) = Store().invite(study)
    listener = Listener.at(context(locale="en-GB"), app.link(study, invitation), "en")
    listener.agree()
    listener.describe({"cmn": "none", "de": "B", "en": "native"})
    listener.answer("happy")
    listener.begin()
    listener.expect_done(3, 47)
    return listener


def test_a_double_click_plays_and_another_language_keeps_what_was_heard_and_chosen(app, context):
    listener = _at_a_trial(app, context)
    page = listener.page
    page.get_by_role("button", name=listener.words["player.play"]).dblclick()
    expect(listener.choice("angry")).to_be_enabled()
    listener.choice("sad").click()

    page.get_by_role("radio", name="Deutsch").click()
    expect(page.get_by_text(GERMAN["label.question"])).to_be_visible()
    chosen = page.get_by_role("button", name=GERMAN["emotion.sad"])
    expect(chosen).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name=GERMAN["continue"]).click()
    expect(page.get_by_text(GERMAN["progress"].format(done=4, total=47))).to_be_visible()


def test_keys_belong_to_what_has_the_focus(app, context):
    listener = _at_a_trial(app, context)
    page = listener.page
    page.get_by_role("radio", name="English").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_text(GERMAN["label.question"])).to_be_visible()
    expect(page.get_by_role("button", name=GERMAN["player.play"])).to_be_visible()  # nothing was played

    page.get_by_role("button", name=GERMAN["player.play"]).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=GERMAN["emotion.angry"])).to_be_enabled()
    page.keyboard.press("9")
    page.keyboard.press("4")
    expect(page.get_by_role("button", name=GERMAN["emotion.sad"])).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name=GERMAN["continue"]).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(GERMAN["progress"].format(done=4, total=47))).to_be_visible()
