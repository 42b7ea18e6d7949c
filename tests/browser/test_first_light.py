"""From a personal link to one page that compares: two listeners, two models, the demo study, in real Chromium."""

from __future__ import annotations

import re

import pandas as pd
import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from listening_tests import export, languages, schema
from listening_tests import study as studies
from listening_tests.store import Store
from ser_core import runs
from tests.browser.devices import Chromium
from tests.browser.people import ROOT, Listener, command, current, opened, run_models, sign_in
from tests.browser.walker import Walker, advance

LABELLED = 3 + 44  # consent, background, one training trial, 44 clips
TOTAL = LABELLED + 3 + 1  # three clips to mark a part of, a question
RATED = 44 + 3
BY_HAND = 8
"""How many trials each listener answers at the page before the store is given the rest of the clips; ``make test-browsers``
has them answer every one."""


def _answers(store: Store, person: str) -> list[sa.RowMapping]:
    query = sa.select(schema.answers).where(schema.answers.c.participant == person).order_by(schema.answers.c.position)
    with store.engine.connect() as connection:
        return list(connection.execute(query).mappings())


def test_two_listeners_two_models_and_one_page_that_compares(app, context, tmp_path):
    study = studies.load(ROOT / "data" / "demo")
    truth = study.stimuli.set_index("stimulus")["truth"].to_dict()
    store = opened(study)
    german, mandarin = store.invite(study, 2)

    _german_listener(app, context, store, study, german, truth)
    _mandarin_listener(app, context, store, study, mandarin)
    assert [len(_answers(store, i.participant)) for i in (german, mandarin)] == [TOTAL, TOTAL]
    tables = export.tables(study, store)
    group = tables.raters.set_index("rater")["group"]  # both were invited in one moment, so either may come first
    assert group[[german.participant, mandarin.participant]].tolist() == ["German listeners", "Mandarin listeners"]
    assert len(group) == 2
    whole = tables.ratings["start_s"].isna()
    assert (int(whole.sum()), int((~whole).sum())) == (2 * RATED, 2 * 3)

    page = context(viewport={"width": 1280, "height": 900}, accept_downloads=True).new_page()
    sign_in(page, app, "models")
    run_models(page, study, "majority", "logmel_probe")
    assert sorted(run.config["model"] for run in runs.of(study.stimuli)) == ["logmel_probe", "majority"]
    _compare(page, app, study, tmp_path)


def _german_listener(app, context, store, study, invitation, truth):
    """Answers what was meant; reloads in the middle of a trial, clicks twice, and goes on in a second tab for a while."""
    device = context(locale="de-DE", viewport={"width": 1280, "height": 900})
    listener = Listener.at(device, app.link(study, invitation), "de")
    page, person = listener.page, invitation.participant
    listener.agree()
    _read_on_in_german(page)
    listener.describe({"cmn": "none", "de": "native", "en": "B"})
    listener.expect_done(2, TOTAL)
    listener.answer(truth[current(store, person)[1]])
    expect(page.get_by_text(re.compile("sollte .* klingen"))).to_be_visible()
    listener.begin()
    expect(page.locator("html")).to_have_attribute("lang", "de")

    listener.hear()
    before = current(store, person)
    page.reload()
    expect(listener.choice("angry")).to_be_enabled()  # what was heard before the reload counts
    assert current(store, person) == before
    listener.choice(truth[before[1]]).click()
    listener.button("continue").dblclick()
    listener.expect_done(4, TOTAL)
    assert [a["position"] for a in _answers(store, person)] == [0, 1, 2, 3]
    measured = _answers(store, person)[3]["answer"]
    length_s = study.stimuli.set_index("stimulus").loc[before[1], "duration_s"]
    assert (measured["plays"], measured["completions"]) == (1, 1)
    assert measured["coverage_s"] == pytest.approx(length_s, abs=0.1)
    assert 0 < measured["response_s"] < 60

    other = Listener.at(device, app.link(study, invitation), "de")
    listener.hear()
    listener.choice("sad").click()
    other.answer("angry")
    other.expect_done(5, TOTAL)
    listener.button("continue").click()
    listener.expect_done(5, TOTAL)
    assert _answers(store, person)[4]["answer"]["label"] == "angry"
    other.page.close()

    for done in range(5, BY_HAND):
        listener.expect_done(done, TOTAL)
        listener.answer(truth[current(store, person)[1]])
    _skip_clips(listener, store, study, person)
    walker = Walker(Chromium(page), study, person, "de")
    walker.labels = truth
    walker.walk()
    _expect_the_end(page, listener, store, person)
    page.reload()
    expect(page.get_by_text(listener.words["finished_link"].split("{")[0].strip())).to_be_visible()


def _read_on_in_german(page):
    """Begins the questions on the background in English; what was chosen stays chosen in German."""
    english, german = languages.texts("en"), languages.texts("de")
    page.get_by_role("radio", name="English").click()
    page.get_by_text(english["background.hearing_aid"], exact=True).click()
    page.get_by_role("radio", name="Deutsch").click()
    expect(page.get_by_role("radio", name=german["background.hearing_aid"], exact=True)).to_be_checked()


def _mandarin_listener(app, context, store, study, invitation):
    """On a phone, with touch; then, on another device, with the keyboard alone."""
    phone = context(locale="zh-CN", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    listener = Listener.at(phone, app.link(study, invitation), "zh-Hans")
    page = listener.page
    listener.agree()
    listener.describe({"cmn": "native", "de": "none", "en": "C"})
    listener.answer("happy")
    listener.begin()
    for done in range(3, 6):
        listener.expect_done(done, TOTAL)
        page.get_by_role("button", name=listener.words["player.play"]).tap()
        expect(listener.choice("neutral")).to_be_enabled()
        listener.choice("neutral").tap()
        listener.button("continue").tap()
    listener.expect_done(6, TOTAL)
    page.goto("about:blank")
    page.go_back()
    listener.expect_done(6, TOTAL)
    phone.close()

    laptop = context(locale="zh-CN", viewport={"width": 1280, "height": 900})
    listener = Listener.at(laptop, app.link(study, invitation), "zh-Hans")
    page = listener.page
    for done in range(6, BY_HAND):
        listener.expect_done(done, TOTAL)
        expect(page.get_by_role("button", name=listener.words["player.play"])).to_be_visible()
        page.keyboard.press("Space")
        expect(listener.choice("angry")).to_be_enabled()
        page.keyboard.press(str(1 + done % 5))
        page.keyboard.press("Enter")
    _skip_clips(listener, store, study, invitation.participant)
    Walker(Chromium(page), study, invitation.participant, "zh-Hans", hand="keyboard").walk()
    _expect_the_end(page, listener, store, invitation.participant)


def _skip_clips(listener, store, study, person):
    """Go on where parts are to be marked."""
    listener.expect_done(BY_HAND, TOTAL)
    advance(store, study, person, "clip")
    listener.page.reload()
    listener.expect_done(LABELLED, TOTAL)


def _expect_the_end(page, listener, store, person):
    expect(page.get_by_text(listener.words["debrief.text"])).to_be_visible()
    with store.engine.connect() as connection:
        who = schema.participants.c.participant == person
        row = connection.execute(sa.select(schema.participants).where(who)).mappings().one()
    assert row["finished_at"]
    expect(page.get_by_text(row["completion_code"])).to_be_visible()


def _compare(page, app, study, tmp_path):
    """What the page offers for download is, to the byte, what the commands write without it."""
    people, scored = tmp_path / "people", tmp_path / "scored"
    found = [str(run.folder) for run in runs.of(study.stimuli)]
    command("listening_tests", "export", str(study.folder), "--out", str(people))
    command("ser_core", "score", str(people), *found, "--out", str(scored))
    page.get_by_role("link", name="Compare").click()
    for group in ("German listeners", "Mandarin listeners", "majority cmn mono", "logmel_probe de cross"):
        expect(page.locator(".js-plotly-plot").filter(has_text=group).first).to_be_visible()
    for name in ("scores.csv", "confusion.csv"):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        assert download.value.path().read_bytes() == (scored / name).read_bytes()
    _expect_numbers_counted_by_hand(pd.read_csv(scored / "scores.csv", dtype=str, keep_default_na=False), study)


def _expect_numbers_counted_by_hand(scores, study):
    """Weighted accuracy, counted from the database with a loop; and chance, which the majority cannot miss."""
    truth = study.stimuli.set_index("stimulus")["truth"]
    tables = export.tables(study, Store())
    group = tables.raters.set_index("rater")["group"]
    for name in ("German listeners", "Mandarin listeners"):
        given = [(r.stimulus, r.label) for r in tables.ratings.itertuples() if group[r.rater] == name and pd.isna(r.start_s)]
        right = sum(truth[clip] == label for clip, label in given)
        row = scores[
            (scores["metric"] == "wa") & (scores["group"] == name) & (scores["rater"] == "") & (scores["language"] == "")
        ]
        assert [float(v) for v in row["value"]] == [pytest.approx(right / RATED)]
        assert row["n"].tolist() == [str(RATED)]
    chance = scores[(scores["metric"] == "ua") & scores["group"].str.startswith("majority")]
    assert set(chance["value"].astype(float)) == {0.25}
