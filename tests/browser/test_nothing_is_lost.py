"""What happens to an answer when the server goes away under it."""

from __future__ import annotations

import signal

import sqlalchemy as sa
from playwright.sync_api import expect

from listening_tests import schema
from listening_tests import study as studies
from listening_tests.store import Store
from tests.browser.people import ROOT, Listener, opened

TOTAL = 51  # trials of the demo study that wait for an answer


def test_an_answer_given_while_the_server_is_down_arrives_once_it_is_back(start_app, context):
    """Of two listeners: one who waits, one who loads the page anew."""
    app = start_app()
    both = [_came_to_the_training(app, context) for _ in range(2)]
    for listener, _, _ in both:
        listener.answer("happy")
        listener.begin()
        listener.hear()
        listener.choice("sad").click()

    app.process.send_signal(signal.SIGKILL)
    app.process.wait()
    for listener, person, store in both:
        listener.button("continue").click()
        expect(listener.page.get_by_text(listener.words["player.saving"])).to_be_visible()
        assert len(_answers(store, person)) == 3

    start_app()
    both[1][0].page.reload()
    for listener, person, store in both:
        listener.expect_done(4, TOTAL)
        answers = _answers(store, person)
        assert [a["position"] for a in answers] == [0, 1, 2, 3]
        assert answers[3]["answer"]["label"] == "sad"
        assert answers[3]["answer"]["completions"] == 1


def test_a_wrong_link_gets_one_polite_sentence_in_the_visitor_s_language(app, context):
    for locale, interface in (("de-DE", "de"), ("zh-CN", "zh-Hans"), ("fr-FR", "en")):
        page = context(locale=locale).new_page()
        page.goto(f"{app.address}/listen?study=demo&token=guessed")
        words = Listener(page, interface).words
        expect(page.get_by_text(words["wrong_link"])).to_be_visible()
        expect(page.get_by_text("Sign in")).to_have_count(0)


def _came_to_the_training(app, context) -> tuple[Listener, str, Store]:
    study = studies.load(ROOT / "data" / "demo")
    store = opened(study)
    (invitation,) = store.invite(study)
    listener = Listener.at(context(locale="en-GB"), app.link(study, invitation), "en")
    listener.agree()
    listener.describe({"cmn": "none", "de": "B", "en": "native"})
    listener.expect_done(2, TOTAL)
    return listener, invitation.participant, store


def _answers(store: Store, person: str) -> list[sa.RowMapping]:
    query = sa.select(schema.answers).where(schema.answers.c.participant == person).order_by(schema.answers.c.position)
    with store.engine.connect() as connection:
        return list(connection.execute(query).mappings())
