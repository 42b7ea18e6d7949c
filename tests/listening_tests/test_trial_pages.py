"""The pages beside the clips: background, instruction, attention, break, debrief."""

from __future__ import annotations

import pytest

from listening_tests import study as studies
from listening_tests.trial import After, trial_types
from listening_tests.trial_types import attention, background, debrief, instruction, training
from tests.listening_tests._ui import Page, trial

SAID = {"native_languages": "de", "dialects": "", "proficiency": "en:A", "age_band": "65+", "hearing": "not_said"}


def test_a_listener_without_a_native_language_is_asked_again(study):
    one = trial("background", study)
    assert background.check(one, SAID) is None
    assert background.check(one, SAID | {"native_languages": " "}) == "background.no_native"
    assert background.check(one, SAID | {"proficiency": ""}) == "not_answered"
    assert background.check(one, SAID | {"proficiency": "en:perfect"}) == "not_a_choice"
    assert background.check(one, SAID | {"native_languages": "German!"}) == "not_a_choice"
    assert background.check(one, SAID | {"age_band": "30"}) == "not_answered"


def test_what_the_rules_of_the_study_speak_of_is_asked_too(folder):
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    rule = '{name: German listeners, who: "native(de) and not knows(cmn, B) and not grew_up_with(de-AT)"}'
    (folder / "study.yaml").write_text(text.replace("{name: German listeners, native: de}", rule), encoding="utf-8")
    found = studies.load(folder)
    one = trial("background", found, languages=["fr"])
    assert one.parameters == {"languages": ["cmn", "de", "en", "fr"], "dialects": ["de-at", "en-scotland"]}
    page = Page(found, "de")
    background.show(one, page)
    radios = {options["key"] for command, _, options in page.st.drawn if command == "radio"}
    asked = {"knows.cmn", "knows.de", "knows.en", "knows.fr", "dialect.de-at", "dialect.en-scotland"}
    assert radios == asked | {"age", "hearing"}


def test_the_form_of_the_background_becomes_an_answer(study):
    one, page = trial("background", study), Page(study)
    background.show(one, page)
    page.st.buttons["background_send"]()
    assert page.submitted is None  # nothing is chosen beforehand
    background.show(one, page)
    (wrong,) = (arguments[0] for command, arguments, _ in page.st.drawn if command == "error")
    assert "How well do you know German?" in wrong
    page.st.session_state |= {"knows.de": "native", "knows.en": "B", "other": ["fr"], "dialect.en-scotland": "no"}
    page.st.session_state |= {"age": "25–34", "hearing": "hearing_normal"}
    page.st.buttons["background_send"]()
    assert page.submitted == {
        "native_languages": "de fr",
        "dialects": "",
        "proficiency": "en:B",
        "age_band": "25–34",
        "hearing": "hearing_normal",
    }


def test_html_of_a_study_can_neither_run_nor_load_anything(study):
    html = (
        '<h2 style="color:red">Hello</h2><script>alert(1)</script><iframe src="https://example.org"></iframe>'
        '<img src="x" onerror="alert(1)"><a href="javascript:alert(1)">here</a><p onclick="alert(1)">Listen</p>'
    )
    page = Page(study)
    one = trial("instruction", study, html={"en": html, "de": html})
    instruction.show(one, page)
    (shown,) = (arguments[0] for command, arguments, _ in page.st.drawn if command == "html")
    assert "Hello" in shown
    assert "<p>Listen</p>" in shown
    for forbidden in ("script", "iframe", "img", "onclick", "onerror", "javascript", "style"):
        assert forbidden not in shown
    page.st.buttons["read key3"]()
    assert page.submitted == {"read": True}


def test_an_instruction_has_something_to_read_in_every_language(study):
    def fits(**parameters):
        return instruction.fits(instruction.Instruction.model_validate(parameters).model_dump(mode="json"), study)

    assert fits(title={"en": "A", "de": "B"}) == ["has nothing to read; give it a 'text'"]
    assert fits(text={"en": "A"}) == ["'text' has no text for the interface language 'de'"]


def test_the_attention_page_names_an_answer_and_notes_what_was_chosen(study):
    drawn = {trial("attention", study, seed=seed).parameters["answer"] for seed in range(30)}
    assert drawn == {"angry", "happy", "neutral", "sad"}
    one, page = trial("attention", study, answer="sad", on_fail="end"), Page(study, "de")
    attention.show(one, page)
    assert "„traurig“" in page.shown.questions[0].prompt
    assert attention.check(one, {"chosen": "happy"}) is None
    assert attention.check(one, {"chosen": "bored"}) == "not_a_choice"
    assert attention.after(one, {"chosen": "happy"}, []) == After(ends="failed_check")
    assert attention.after(one, {"chosen": "sad"}, []) == After()
    noted = trial("attention", study, answer="sad")
    assert attention.after(noted, {"chosen": "happy"}, []) == After()
    assert attention.TRIAL.times({"count": 3}) == 3


def test_an_answer_that_is_not_shown_cannot_be_asked_for(study):
    def fits(**parameters):
        return attention.fits(attention.Attention.model_validate(parameters).model_dump(mode="json"), study)

    assert fits(answer="hapy") == ["'answer' is none of the choices. Did you mean 'happy'?"]
    assert fits(choices=["sad"]) == ["there is only one answer to choose; name more choices"]
    assert fits(choices=["sad", "sat"]) == ["choice 'sat' is none of the study's emotions. Did you mean 'sad'?"]


def test_nobody_rests_for_less_than_asked(study, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    one, page = trial("break", study, least_s=30), Page(study)
    kind = trial_types()["break"]
    kind.show(one, page)
    now[0] += 12.5
    page.st.buttons["rested key3"]()
    assert page.submitted is None
    kind.show(one, page)
    assert "18 s are left" in page.st.words()
    now[0] += 20
    page.st.buttons["rested key3"]()
    assert page.submitted == {"rested_s": 32.5}
    assert kind.check(one, page.submitted) is None
    assert kind.check(one, {"rested_s": 20}) == "break.too_short"


@pytest.mark.parametrize("url", ["", "https://app.prolific.com/submissions/complete?cc=CODE1234"])
def test_the_debrief_shows_the_code_and_the_way_back(study, url):
    page = Page(study, completion_url=url)
    debrief.show(trial("debrief", study, text={"en": "It was about voices.", "de": "Es ging um Stimmen."}), page)
    assert "CODE1234" in page.st.words()
    assert "It was about voices." in page.st.words()
    assert [a[1] for command, a, _ in page.st.drawn if command == "link_button"] == ([url] if url else [])


def test_a_tilde_between_numbers_strikes_nothing_out(study):
    page = Page(study)
    instruction.show(trial("instruction", study, text={"en": "10~15 minutes, 2~3 breaks, ~~never~~", "de": "x"}), page)
    assert r"10\~15 minutes, 2\~3 breaks, ~~never~~" in page.st.words()


@pytest.mark.parametrize(("following", "told"), [("training", False), ("label", True), ("", True)])
def test_only_after_the_last_practice_clip_no_more_is_told(study, following, told):
    clip = study.stimuli["stimulus"].iloc[0]
    page = Page(study)
    page.following = following
    training.feedback(trial("training", study, clip), {"label": "sad"}, page)
    assert (page.text("training.next") in page.st.words()) is told
