"""What axe-core says of the pages of the researcher, and of those that a participant meets beside the trials."""

from __future__ import annotations

from pages.parts import frame
from ser_core.methods._find import find_method
from tests.browser.people import opened, sign_in
from tests.browser.test_every_trial import violations


def test_no_page_of_the_researcher_has_a_serious_violation(whole, context):
    app, study = whole
    opened(study).invite(study)
    page = context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{app.address}/studies")
    page.get_by_label("Password").wait_for()
    found = violations(page, "sign-in")
    sign_in(page, app, "studies")
    for name, label in frame.RESEARCHER.items():
        page.get_by_role("link", name=label, exact=True).click()
        page.get_by_role("heading", level=1).wait_for()
        found += violations(page, name)
    page.get_by_role("link", name="Models", exact=True).click()
    page.get_by_test_id("stCheckbox").get_by_text(find_method("speechbrain_sed").title, exact=True).click()
    page.get_by_text("Settings of").click()
    page.get_by_role("spinbutton", name="Min length, s").wait_for()
    found += violations(page, "models, one ticked")
    assert not found, "\n".join(found)


def test_a_wrong_link_and_the_data_protection_page_have_no_serious_violation(whole, context):
    app, study = whole
    version = study.version
    opened(study)
    found = []
    for tag, locale in (("en", "en-GB"), ("de", "de-DE"), ("zh-Hans", "zh-CN")):
        page = context(locale=locale, viewport={"width": 390, "height": 844}).new_page()
        page.goto(f"{app.address}/listen?study={study.id}&token=guessed")
        page.get_by_role("radio", name="English").wait_for()
        found += violations(page, f"wrong link in {tag}")
        page.goto(f"{app.address}/privacy?study={study.id}&version={version}&language={tag}")
        page.get_by_role("heading", level=1).wait_for()
        found += violations(page, f"data protection in {tag}")
    assert not found, "\n".join(found)
