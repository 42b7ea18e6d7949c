"""The participant's page, without a browser: what it shows to whom, and what it stores."""

from __future__ import annotations

import random
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from listening_tests import languages, preview, schema
from listening_tests import study as studies
from listening_tests.clock import stamp
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
    demo = studies.load(ROOT / "data" / "demo")
    Store().open_study(demo)
    return demo


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
    own = [ENGLISH[key] for key in ("consent.agree", "consent.decline", "withdraw.button")]
    assert [b.label for b in at.button] == own


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


def _come_to(store: Store, study, *, left: int):
    """Somebody who has answered all but ``left`` trials."""
    (invitation,) = store.invite(study)
    session, rng = store.begin(invitation.participant, study), random.Random(1)
    while not session.drawn or len(session.trials) - 1 - len(session.answered) > left:
        answer = trial_types()[session.current.type].simulate(session.current, rng)
        session = store.record(invitation.participant, Answered(session.current.position, answer))
    return invitation, session


def test_the_page_goes_on_at_the_open_trial_and_ends_with_the_code(study):
    store = Store()
    invitation, session = _come_to(store, study, left=1)
    at = _open(invitation.token)
    assert not at.code
    answer = trial_types()[session.current.type].simulate(session.current, random.Random(2))
    store.record(invitation.participant, Answered(session.current.position, answer))
    at = at.run()
    assert ENGLISH["debrief.title"] in _said(at)
    code = store.participant("demo", invitation.token).completion_code
    assert at.code[0].value == code
    again = _open(invitation.token)
    assert ENGLISH["finished_link"].format(code=code) in _said(again)
    store.set_language(invitation.participant, "de")
    assert languages.texts("de")["finished_link"].format(code=code) in _said(_open(invitation.token))


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


@pytest.mark.parametrize("opened_before", [True, False])
def test_a_study_that_broke_goes_on_as_it_was_and_one_that_never_was_is_not_available(
    study, opened_before, tmp_path, monkeypatch
):
    if not opened_before:
        monkeypatch.setenv("EARWITNESS_DATABASE_URL", f"sqlite:///{tmp_path / 'fresh.db'}")
    (invitation,) = Store().invite(study)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "study.yaml").write_text("id: demo\n")
    monkeypatch.setenv("EARWITNESS_STUDIES", str(broken))
    said = _said(_open(invitation.token))
    assert (ENGLISH["consent.title"] in said) is opened_before
    assert (said == ENGLISH["broken_study"]) is not opened_before


# --- a study's life ---


@pytest.mark.parametrize(("state", "says"), [("draft", "not_open_yet"), ("closed", "closed")])
def test_a_link_of_a_study_that_is_not_open_says_so(study, state, says, tmp_path, monkeypatch):
    store = Store()
    if state == "draft":
        monkeypatch.setenv("EARWITNESS_DATABASE_URL", f"sqlite:///{tmp_path / 'fresh.db'}")
        store = Store()
    (invitation,) = store.invite(study)
    if state == "closed":
        store.close_study(study.id)
    at = _open(invitation.token)
    assert ENGLISH[says] in _said(at)
    assert [b.label for b in at.button] == [ENGLISH["withdraw.button"]]
    at.session_state["interface"] = "de"
    assert languages.texts("de")[says] in _said(at.run())
    store.open_study(study)
    assert languages.texts("de")["consent.title"] in _said(at.run())


def test_who_is_in_the_middle_of_a_closed_study_goes_on(study):
    store = Store()
    invitation, _ = _come_to(store, study, left=3)
    store.close_study(study.id)
    assert ENGLISH["closed"] not in _said(_open(invitation.token))


def _edited(study, tmp_path: Path, monkeypatch, more: str, **changed: str):
    """The demo with other settings, in a folder of its own, open."""
    folder = tmp_path / "edited"
    shutil.copytree(study.folder, folder)
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    for old, new in changed.items():
        text = text.replace(old, new)
    (folder / "study.yaml").write_text(f"{text}\n{more}\n", encoding="utf-8")
    monkeypatch.setenv("EARWITNESS_STUDIES", str(folder))
    edited = studies.load(folder)
    Store().open_study(edited)
    return edited


def test_a_link_goes_on_only_as_long_as_the_study_says(study, tmp_path, monkeypatch):
    edited = _edited(study, tmp_path, monkeypatch, "resume_h: 2")
    store = Store()
    invitation, _ = _come_to(store, edited, left=3)
    assert ENGLISH["too_late"] not in _said(_open(invitation.token))
    began = stamp(datetime.now(UTC) - timedelta(hours=2.1))
    with store.engine.begin() as connection:
        connection.execute(schema.participants.update().values(started_at=began))
    assert ENGLISH["too_late"] in _said(_open(invitation.token))


def _links(at: AppTest) -> list[str]:
    return [element.proto.url for element in at.get("link_button")]


RECRUITING = """recruitment:
  id_parameter: PROLIFIC_PID
  completion_url: "https://back.example/done?cc={code}&who={id}"
  ended_url: "https://back.example/sorry?who={id}"
  declined_url: "https://back.example/no"
"""


def test_who_does_not_fit_is_thanked_and_sent_back(study, tmp_path, monkeypatch):
    edited = _edited(study, tmp_path, monkeypatch, f"only_groups: true\n{RECRUITING}")
    store = Store()
    (invitation,) = store.invite(edited)
    store.begin(invitation.participant, edited)
    store.record(invitation.participant, Answered(0, {"agreed": True}))
    polish = {**BACKGROUND, "native_languages": "pl", "proficiency": "cmn:none de:none en:C"}
    assert store.record(invitation.participant, Answered(1, polish)).ended == "screened_out"
    at = _open(invitation.token)
    assert ENGLISH["ended.screened_out"] in _said(at)
    assert _links(at) == ["https://back.example/sorry?who="]
    assert not at.code


def test_who_does_not_consent_can_go_back_to_where_they_came_from(study, tmp_path, monkeypatch):
    (invitation,) = Store().invite(_edited(study, tmp_path, monkeypatch, RECRUITING))
    at = _open(invitation.token)
    assert not _links(at)
    at = _press(at, "consent.decline")
    assert _links(at) == ["https://back.example/no"]
    assert not _links(_press(at, "consent.again"))


def test_a_run_of_the_page_asks_the_database_little(study):
    store = Store()
    invitation, _ = _come_to(store, study, left=5)
    at = _open(invitation.token)
    asked: list[str] = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda _c, _u, statement, *_: asked.append(statement))
    at.run()
    assert len(asked) <= 3, asked


# --- the one link for all ---


def _arrive(code: str, **more: str) -> AppTest:
    at = AppTest.from_file(str(ROOT / "pages" / "listen.py"), default_timeout=30)
    for name, value in {"study": "demo", "join": code, **more}.items():
        at.query_params[name] = value
    return at.run()


def _its_token(at: AppTest) -> str:
    given = at.query_params["token"]
    return given if isinstance(given, str) else given[0]


def test_the_link_for_all_leads_to_a_link_of_one_s_own(study):
    store = Store()
    at = _arrive(store.new_join_code(study))
    assert study.title["en"] in _said(at).replace("\\", "")
    assert store.read_participants("demo").empty  # a link that is only looked at, or fetched by a robot, makes nobody
    at = _press(at, "join.start")
    assert ENGLISH["consent.title"] in _said(at)
    assert ENGLISH["join.keep"] in _said(at)
    assert set(at.query_params) == {"study", "token"}
    token = _its_token(at)
    assert f"token={token}" in at.code[0].value
    person = store.participant("demo", token)
    at = _press(at, "consent.agree")
    assert ENGLISH["join.keep"] not in _said(at)
    again = _open(token)  # a reload, or the bookmark on another device
    assert ENGLISH["background.title"] in _said(again)
    assert store.read_participants("demo")["participant"].tolist() == [person.participant]


def test_going_back_to_the_link_for_all_goes_on_with_the_same_session(study):
    store = Store()
    code = store.new_join_code(study)
    at = _press(_press(_arrive(code), "join.start"), "consent.agree")
    at.query_params.clear()
    at.query_params["study"], at.query_params["join"] = "demo", code
    assert ENGLISH["background.title"] in _said(at.run())
    assert len(store.read_participants("demo")) == 1


@pytest.mark.parametrize(("code", "says"), [("guess", "wrong_link"), ("%00", "wrong_link"), ("..", "no_link")])
def test_a_wrong_link_for_all_opens_nothing(study, code, says):
    Store().new_join_code(study)
    at = _arrive(code)
    assert _said(at) == ENGLISH[says]
    assert not at.button


def test_the_link_for_all_of_a_closed_study_says_so(study):
    store = Store()
    code = store.new_join_code(study)
    at = _arrive(code)
    store.close_study("demo")
    assert ENGLISH["closed"] in _said(_arrive(code))
    assert ENGLISH["closed"] in _said(_press(at, "join.start"))  # who had the page open already
    assert store.read_participants("demo").empty


def test_whom_a_service_sends_comes_back_to_the_same_session_and_is_sent_back_at_the_end_only(study, tmp_path, monkeypatch):
    edited = _edited(study, tmp_path, monkeypatch, RECRUITING)
    store = Store()
    code = store.new_join_code(edited)
    at = _press(_arrive(code, PROLIFIC_PID="5f3c9e"), "join.start")
    assert ENGLISH["join.keep"] not in _said(at)
    assert store.read_participants("demo")["external_id"].tolist() == ["5f3c9e"]
    person = store.participant("demo", _its_token(at))
    session = store.begin(person.participant, edited)
    rng = random.Random(1)
    while not session.finished:
        at = _arrive(code, PROLIFIC_PID="5f3c9e") if session.current.position in (0, 1, 4) else at
        assert not _links(at)
        answer = trial_types()[session.current.type].simulate(session.current, rng)
        session = store.record(person.participant, Answered(session.current.position, answer))
    back = [f"https://back.example/done?cc={person.completion_code}&who=5f3c9e"]
    assert _links(at.run()) == back  # the debrief
    assert _links(_arrive(code, PROLIFIC_PID="5f3c9e")) == back  # the same person once more
    assert len(store.read_participants("demo")) == 1


def test_a_link_whose_id_was_not_filled_in_says_so(study, tmp_path, monkeypatch):
    edited = _edited(study, tmp_path, monkeypatch, RECRUITING)
    code = Store().new_join_code(edited)
    at = _arrive(code, PROLIFIC_PID="{{%PROLIFIC_PID%}}")
    assert _said(at) == ENGLISH["bad_id"]
    assert not at.button


# --- taking everything back ---


@pytest.mark.parametrize("left", [None, 3, 0])
def test_a_participant_withdraws_before_during_and_after(study, left):
    store = Store()
    invitation = store.invite(study)[0] if left is None else _come_to(store, study, left=left)[0]
    given = 0 if left is None else store.count("demo")
    at = _press(_open(invitation.token), "withdraw.button")
    assert ENGLISH["withdraw.text"] in _said(at)
    at = _press(at, "withdraw.no")
    assert store.count("demo") == given
    at = _press(_press(at, "withdraw.button"), "withdraw.yes")
    left_behind = store.receipt("demo", invitation.token)
    for shown in (at, _open(invitation.token)):
        assert ENGLISH["withdrawn.title"] in _said(shown)
        assert shown.code[0].value == left_behind.receipt
        assert not shown.button
    assert left_behind.answers == given
    assert store.count("demo") == 0
    assert store.read_participants("demo").empty


def test_a_second_tab_learns_of_the_withdrawal_at_its_next_click(study):
    store = Store()
    (invitation,) = store.invite(study)
    first, second = _open(invitation.token), _open(invitation.token)
    _press(_press(first, "withdraw.button"), "withdraw.yes")
    assert ENGLISH["withdrawn.title"] in _said(_press(second, "consent.agree"))
    assert _consents(store) == []


# --- a preview ---


def _preview(token: str) -> AppTest:
    at = AppTest.from_file(str(ROOT / "pages" / "listen.py"), default_timeout=30)
    at.query_params["study"], at.query_params["preview"] = "demo", token
    return at.run()


def test_a_preview_shows_every_page_and_stores_nothing(study):
    store = Store()
    store.close_study("demo")
    at = _preview(preview.make(study))
    assert ENGLISH["preview.banner"] in _said(at)
    assert ENGLISH["consent.title"] in _said(at)
    at = _press(at, "consent.agree")
    for _ in range(len(study.settings.timeline) + 1):
        assert ENGLISH["preview.banner"] in _said(at)
        if at.code:
            break
        at = _press(at, "preview.part")
    assert ENGLISH["debrief.title"] in _said(at)
    at = _press(at, "preview.again")
    assert ENGLISH["consent.title"] in _said(at)
    assert store.read_participants("demo").empty
    assert store.count("demo") == 0


def test_a_preview_speaks_one_language_from_the_first_moment(study, monkeypatch):
    monkeypatch.setattr("listening_tests.languages.best", lambda *_: "de")  # what the browser asks for
    said = _said(_preview(preview.make(study)))
    assert languages.texts("de")["preview.banner"] in said
    assert languages.texts("de")["consent.title"] in said


def test_a_preview_that_is_over_or_made_up_opens_nothing(study):
    assert _said(_preview("made-up")) == ENGLISH["preview.over"]
    (invitation,) = Store().invite(study)
    assert _said(_preview(invitation.token)) == ENGLISH["preview.over"]
    assert _said(_open(preview.make(study))) == ENGLISH["wrong_link"]
