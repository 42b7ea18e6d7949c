"""The participant's page, without a browser: what it shows to whom, and what it stores."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from listening_tests import languages, schema
from listening_tests import study as studies
from listening_tests.session import Answered
from listening_tests.store import Store
from listening_tests.trial import trial_types

ROOT = Path(__file__).resolve().parents[2]
ENGLISH = languages.texts("en")
BACKGROUND = {"native_languages": "de", "dialects": "", "proficiency": "en:B", "age_band": "65+", "hearing": "not_said"}
HEARD = {"label": "sad", "plays": 1, "completions": 1, "coverage_s": 2.0, "response_s": 0.9, "failed": ""}


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("EARWITNESS_DATABASE_URL", raising=False)
    monkeypatch.delenv("EARWITNESS_STUDIES", raising=False)
    return studies.load(ROOT / "data" / "demo")


def _open(token: str, *, study_id: str = "demo", through_app: bool = False) -> AppTest:
    at = AppTest.from_file(str(ROOT / ("app.py" if through_app else "pages/listen.py")), default_timeout=30)
    at.query_params["study"], at.query_params["token"] = study_id, token
    if through_app:
        at.run()
        at.switch_page("pages/listen.py")
        at.query_params["study"], at.query_params["token"] = study_id, token
    return at.run()


def _said(at: AppTest) -> str:
    assert not at.exception
    return "\n".join(
        str(e.value) for kind in (at.markdown, at.header, at.subheader, at.info, at.error, at.success) for e in kind
    )


def _consents(store: Store) -> list[bool]:
    with store.engine.connect() as connection:
        return [row.agreed for row in connection.execute(schema.consents.select().order_by(schema.consents.c.id))]


def _press(at: AppTest, key: str) -> AppTest:
    return next(b for b in at.button if b.label == ENGLISH[key]).click().run()


@pytest.mark.parametrize("through_app", [True, False])
def test_a_link_opens_the_consent_and_nothing_else(study, through_app):
    (invitation,) = Store().invite(study)
    at = _open(invitation.token, through_app=through_app)
    assert ENGLISH["consent.title"] in _said(at)
    assert ENGLISH["synthetic"] in _said(at)
    assert "Studies" not in _said(at)
    assert [b.label for b in at.button] == [ENGLISH["consent.agree"], ENGLISH["consent.decline"]]


@pytest.mark.parametrize(
    ("study_id", "token", "says"),
    [("demo", "", "no_link"), ("demo", "guess", "wrong_link"), ("gone", "guess", "wrong_link")],
)
def test_a_link_that_opens_nothing_gets_one_sentence(study, study_id, token, says):
    at = _open(token, study_id=study_id)
    assert _said(at) == ENGLISH[says]
    assert not at.button


def test_a_no_is_stored_as_a_no_and_can_be_taken_back(study):
    store = Store()
    (invitation,) = store.invite(study)
    at = _press(_open(invitation.token), "consent.decline")
    assert ENGLISH["consent.declined"] in _said(at)
    assert store.session(invitation.participant).answered == frozenset()
    at = _press(_press(at, "consent.again"), "consent.agree")
    assert _consents(store) == [False, True]
    assert ENGLISH["background.title"] in _said(at)


def test_the_background_form_is_not_taken_half_filled(study):
    store = Store()
    (invitation,) = store.invite(study)
    at = _press(_open(invitation.token), "consent.agree")
    assert [r.value for r in at.radio] == [None] * 6
    at = _press(at, "continue")
    missing = [line[2:] for line in at.error[0].value.splitlines() if line.startswith("- ")]
    assert ENGLISH["required"] in at.error[0].value
    assert missing == [radio.label for radio in at.radio]
    at.radio(key="age").set_value("65+")
    assert ENGLISH["background.age"] not in _press(at, "continue").error[0].value
    assert store.session(invitation.participant).answered == {0}


def test_a_full_background_form_becomes_tags_and_levels(study):
    store = Store()
    (invitation,) = store.invite(study)
    at = _press(_open(invitation.token), "consent.agree")
    given = {"knows.cmn": "none", "knows.de": "native", "knows.en": "C", "dialect.en-scotland": "no"}
    for key, value in {**given, "age": "35–44", "hearing": "not_said"}.items():
        at.radio(key=key).set_value(value)
    at.multiselect(key="other").set_value(["pl"])
    at = _press(at, "continue")
    answer = store.read_answers("demo").set_index("type").loc["background", "answer"]
    assert answer == {
        "native_languages": "de pl",
        "dialects": "",
        "proficiency": "cmn:none en:C",
        "age_band": "35–44",
        "hearing": "not_said",
    }
    assert ENGLISH["training.title"] in _said(at)


def test_nobody_is_without_a_native_language(study):
    (invitation,) = Store().invite(study)
    at = _press(_open(invitation.token), "consent.agree")
    for key in ("knows.cmn", "knows.de", "knows.en"):
        at.radio(key=key).set_value("A")
    for key, value in {"dialect.en-scotland": "yes", "age": "65+", "hearing": "hearing_aid"}.items():
        at.radio(key=key).set_value(value)
    assert ENGLISH["background.no_native"] in _said(_press(at, "continue"))


def _come_to(store: Store, study, position: int):
    (invitation,) = store.invite(study)
    session = store.begin(invitation.participant, study)
    for trial, answer in zip(session.trials[:position], [{"agreed": True}, BACKGROUND, *[HEARD] * 99], strict=False):
        session = store.record(invitation.participant, Answered(trial.position, answer))
    return invitation, session


def test_the_page_goes_on_at_the_open_trial_and_ends_with_the_code(study):
    store = Store()
    invitation, session = _come_to(store, study, 46)
    at = _open(invitation.token)
    assert ENGLISH["label.question"] in _said(at)
    store.record(invitation.participant, Answered(session.current.position, HEARD))
    at = at.run()
    assert ENGLISH["debrief.title"] in _said(at)
    code = store.participant("demo", invitation.token).completion_code
    assert at.code[0].value == code
    again = _open(invitation.token)
    assert _said(again) == ENGLISH["finished_link"].format(code=code)
    store.set_language(invitation.participant, "de")
    assert _said(_open(invitation.token)) == languages.texts("de")["finished_link"].format(code=code)


def test_a_no_in_a_second_tab_does_not_contradict_a_yes(study):
    store = Store()
    (invitation,) = store.invite(study)
    first, second = _open(invitation.token), _open(invitation.token)
    _press(first, "consent.agree")
    assert ENGLISH["background.title"] in _said(_press(second, "consent.decline"))
    assert _consents(store) == [True]


def test_what_a_mail_program_puts_behind_a_link_does_no_harm(study):
    (invitation,) = Store().invite(study)
    assert ENGLISH["consent.title"] in _said(_open(f"{invitation.token}. "))


def test_the_participant_s_language_is_kept_for_the_next_device(study):
    (invitation,) = Store().invite(study)
    at = _open(invitation.token)
    at.session_state["interface"] = "de"
    at.run()
    german = languages.texts("de")
    assert german["consent.title"] in _said(at)
    assert german["consent.title"] in _said(_open(invitation.token))


def test_a_broken_study_is_not_opened(study, tmp_path, monkeypatch):
    store = Store()
    (invitation,) = store.invite(study)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "study.yaml").write_text("id: demo\n")
    monkeypatch.setenv("EARWITNESS_STUDIES", str(broken))
    assert _said(_open(invitation.token)) == ENGLISH["broken_study"]


def test_every_trial_type_of_the_demo_was_met(study):
    assert {entry["trial"] for entry in study.settings.timeline} == set(trial_types())
