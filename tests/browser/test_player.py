"""The player under impatient fingers, other keys and another language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from listening_tests import languages
from listening_tests import study as studies
from listening_tests.store import Store
from listening_tests.study import Study
from tests.browser import tone_study
from tests.browser.conftest import serving
from tests.browser.people import ROOT, App, Listener, opened
from tests.browser.walker import HURRY

ENGLISH, GERMAN = languages.texts("en"), languages.texts("de")


def _at_a_trial(app, context) -> tuple[Listener, int]:
    study = studies.load(ROOT / "data" / "demo")
    (invitation,) = opened(study).invite(study)
    listener = Listener.at(context(locale="en-GB"), app.link(study, invitation), "en")
    listener.agree()
    listener.describe({"cmn": "none", "de": "B", "en": "native"})
    listener.answer("happy")
    listener.begin()
    total = Store().session(invitation.participant).total
    listener.expect_done(3, total)
    return listener, total


def test_a_double_click_plays_and_another_language_keeps_what_was_heard_and_chosen(app, context):
    listener, total = _at_a_trial(app, context)
    page = listener.page
    page.get_by_role("button", name=listener.words["player.play"]).dblclick()
    expect(listener.choice("angry")).to_be_enabled()
    listener.choice("sad").click()

    page.get_by_role("radio", name="Deutsch").click()
    expect(page.get_by_text(GERMAN["label.question"])).to_be_visible()
    chosen = page.get_by_role("button", name=GERMAN["emotion.sad"])
    expect(chosen).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name=GERMAN["continue"]).click()
    expect(page.get_by_text(GERMAN["progress"].format(done=4, total=total))).to_be_visible()


def test_keys_belong_to_what_has_the_focus(app, context):
    listener, total = _at_a_trial(app, context)
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
    expect(page.get_by_text(GERMAN["progress"].format(done=4, total=total))).to_be_visible()


# --- a trial that asks everything, of a clip that may be played once ------------------------------------------------


@pytest.fixture(scope="module")
def rising(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, Study]]:
    """The app on the study of rising tones."""
    folder = tmp_path_factory.mktemp("rising")
    with pytest.MonkeyPatch.context() as patch:
        study = tone_study.make(folder / "studies" / "rising")
        patch.setenv("EARWITNESS_STUDIES", str(study.folder))
        with serving(folder) as start:
            yield start(), study


def _at_the_rich_trial(rising, context, script: str = HURRY):
    app, study = rising
    person, link = tone_study.come_to(app, study, lambda trial: trial.stimulus == "rich")
    device = context(locale="en-GB")
    device.add_init_script(script)
    page = device.new_page()
    page.goto(link)
    return page, person


def _button(page, key: str):
    return page.get_by_role("button", name=ENGLISH[key], exact=True)


def _emotion(page, label: str):
    return page.get_by_role("button", name=ENGLISH[f"emotion.{label}"])


def _stored(page, person: str) -> dict[str, Any]:
    expect(page.get_by_text(ENGLISH["debrief.title"])).to_be_visible()
    given = Store().read_answers("rising")
    answer: dict[str, Any] = given[given["participant"] == person].iloc[-1]["answer"]
    return answer


def test_continue_says_what_is_missing_and_goes_there(rising, context):
    page, person = _at_the_rich_trial(rising, context)
    _button(page, "continue").click(force=True)
    expect(page.get_by_role("alert")).to_have_text(ENGLISH["player.listen"])
    _button(page, "player.play").click()
    expect(_emotion(page, "sad")).to_be_enabled()
    _emotion(page, "sad").click()
    expect(_button(page, "continue")).to_be_disabled()
    _button(page, "continue").click(force=True)
    missing = ENGLISH["player.missing"].format(what=ENGLISH["confidence.question"])
    expect(page.get_by_role("alert")).to_have_text(missing)
    page.keyboard.press("ArrowRight")  # the first step of the scale has the focus
    expect(page.get_by_role("radio", name="2", exact=True).first).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("7")
    page.keyboard.press("Enter")
    stored = _stored(page, person)
    assert (stored["label"], stored["confidence"], stored["arousal"]) == ("sad", 2, 7)


def test_who_cannot_say_is_not_asked_how_sure_they_are(rising, context):
    page, person = _at_the_rich_trial(rising, context)
    _button(page, "player.play").click()
    expect(_emotion(page, "sad")).to_be_enabled()
    _emotion(page, "sad").click()
    sure = page.get_by_role("group", name=ENGLISH["confidence.question"])
    sure.get_by_role("radio", name="4").check()
    _emotion(page, "cannot_say").click()
    expect(sure).to_be_hidden()
    page.get_by_role("group", name=ENGLISH["dimension.arousal"]).get_by_role("radio", name="5").check()
    _button(page, "continue").click()
    stored = _stored(page, person)
    assert (stored["label"], stored["confidence"], stored["arousal"]) == ("cannot_say", None, 5)


def test_a_clip_that_may_be_played_once_says_so_and_a_reload_gives_no_second_time(rising, context):
    page, _ = _at_the_rich_trial(rising, context)
    expect(page.get_by_text(ENGLISH["player.left"].format(n=1))).to_be_visible()
    _button(page, "player.play").click()
    expect(_emotion(page, "sad")).to_be_enabled()
    expect(page.get_by_text(ENGLISH["player.none_left"])).to_be_visible()
    expect(_button(page, "player.again")).to_be_disabled()
    page.reload()
    expect(_emotion(page, "sad")).to_be_enabled()
    expect(_button(page, "player.again")).to_be_disabled()


def test_a_reload_in_the_middle_of_a_clip_goes_on_where_it_was(rising, context):
    page, person = _at_the_rich_trial(rising, context, script="")
    _button(page, "player.play").click()
    kept = (
        "JSON.parse(Object.entries(sessionStorage).find(([key]) => key.endsWith('draft'))?.[1] ?? 'null')?.clips[0].position"
    )
    page.evaluate(f"new Promise((done) => setInterval(() => {kept} > 0.5 && done(), 50))")
    page.reload()
    _button(page, "player.play").click()
    expect(_emotion(page, "sad")).to_be_enabled()
    _emotion(page, "cannot_say").click()
    page.get_by_role("group", name=ENGLISH["dimension.arousal"]).get_by_role("radio", name="5").check()
    _button(page, "continue").click()
    stored = _stored(page, person)
    assert (stored["plays"], stored["completions"]) == (1, 1)
    assert stored["coverage_s"] == pytest.approx(tone_study.SECONDS, abs=0.1)


def test_what_is_typed_survives_a_reload_and_another_language(rising, context):
    page, person = _at_the_rich_trial(rising, context)
    _button(page, "player.play").click()
    _emotion(page, "cannot_say").click()
    written = 'a, "b"; c\n=1+1 & 50 % 🎧 שלום'
    page.get_by_role("textbox").fill(written)
    page.get_by_role("group", name=ENGLISH["dimension.arousal"]).get_by_role("radio", name="9: excited").check()
    page.reload()
    expect(page.get_by_role("textbox")).to_have_value(written)
    page.get_by_role("radio", name="Deutsch").click()
    expect(page.get_by_text(GERMAN["dimension.arousal"])).to_be_visible()
    expect(page.get_by_role("textbox")).to_have_value(written)
    page.get_by_role("button", name=GERMAN["continue"]).click()
    expect(page.get_by_text(GERMAN["debrief.title"])).to_be_visible()
    given = Store().read_answers("rising")
    stored = given[given["participant"] == person].iloc[-1]["answer"]
    assert (stored["comment"], stored["arousal"]) == (written, 9)


def test_the_response_time_runs_from_the_first_sound_to_the_choice(rising, context):
    # the same moments, taken by the page itself: when a source was told to start, and when the choice was pressed
    watch = """
    const begin = AudioBufferSourceNode.prototype.start;
    AudioBufferSourceNode.prototype.start = function (when, ...more) {
      window.begun ??= performance.now() + 1000 * (when - this.context.currentTime + this.context.outputLatency);
      return begin.call(this, when, ...more);
    };
    addEventListener("click", (event) => {
      if (event.composedPath()[0].closest(".option")) window.chosen = performance.now();
    }, true);
    """
    page, person = _at_the_rich_trial(rising, context, script=watch)
    _button(page, "player.play").click()
    expect(_emotion(page, "sad")).to_be_enabled()
    _emotion(page, "cannot_say").click()
    page.get_by_role("group", name=ENGLISH["dimension.arousal"]).get_by_role("radio", name="5").check()
    took = page.evaluate("(window.chosen - window.begun) / 1000")
    _button(page, "continue").click()
    assert took > tone_study.SECONDS
    assert _stored(page, person)["response_s"] == pytest.approx(took, abs=0.06)
