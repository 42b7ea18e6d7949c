"""The studies page: what is there, who is invited, and what is refused and why."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from listening_tests import preview, simulate, study
from listening_tests.store import Store
from pages.parts import child, study_export
from ser_core.cli import main
from tests.pages.conftest import tones

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.usefixtures("signed_in")


@pytest.fixture
def tab(look):
    """The studies page with one of its tabs open, as ``tab("Links")``."""

    def open_tab(name: str) -> AppTest:
        app = look("studies")
        app.session_state["tab"] = name
        return app.run()

    return open_tab


@pytest.fixture
def tones_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> study.Study:
    """A small study, the only one."""
    monkeypatch.setenv("EARWITNESS_STUDIES", str(tones(tmp_path / "tones")))
    return study.load(tmp_path / "tones")


def press(app: AppTest, label: str) -> AppTest:
    next(b for b in app.button if b.label == label).click()
    app.run()
    assert not app.exception
    return app


def labels(app: AppTest) -> set[str]:
    return {button.label for button in app.button}


def wait_for(name: str) -> None:
    found = child.find(name)
    assert found is not None
    found.process.wait(60)


def test_the_demo_study_is_shown_with_its_clips_and_says_that_its_voices_are_synthetic(tab, saved):
    app = tab("About")
    assert not app.exception
    assert app.header[0].value == study.load(ROOT / "data" / "demo").title["en"]
    assert "Synthetic voices" in app.warning[0].value
    counts = pd.read_csv(io.BytesIO(saved["demo-clips.csv"]))
    by_hand = pd.read_csv(ROOT / "data" / "demo" / "stimuli.csv")
    assert counts["total"].sum() == len(by_hand)
    row = counts[(counts["part"] == "test") & (counts["language"] == "de")].iloc[0]
    wanted = by_hand[(by_hand["part"] == "test") & (by_hand["language"] == "de") & (by_hand["truth"] == "sad")]
    assert row["sad"] == len(wanted) > 0
    assert "Nobody has been invited yet" in tab("Progress").info[0].value


def test_a_draft_is_opened_closed_and_opened_again(look, tones_study):
    app = look("studies")
    assert Store().state("tones") == "draft"
    assert "every link says that the study is not open" in " ".join(c.value for c in app.caption)
    press(app, "Open the study")
    assert Store().state("tones") == "open"
    assert "`responsible`, `contact`, `retention_days`" in app.success[0].value
    press(app, "Close the study")
    assert Store().state("tones") == "closed"
    press(app, "Open it again")
    assert Store().state("tones") == "open"
    assert "Open the study" not in labels(app)


def test_a_preview_is_made_when_it_is_asked_for_and_stores_nothing(look, tones_study):
    app = look("studies")
    assert not app.get("link_button")
    press(app, "Preview as a listener")
    (link,) = app.get("link_button")
    token = parse_qs(urlsplit(link.proto.url).query)["preview"][0]
    assert preview.find(token) is not None
    assert Store().read_participants("tones").empty


def test_a_copy_is_a_draft_of_its_own_and_is_chosen(look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tones(tmp_path / "studies" / "tones")
    app = look("studies")
    app.selectbox(key="study").set_value("tones").run()
    app.text_input(key="copy id").set_value("tones-again")
    press(app, "Copy the study")
    assert study.load(tmp_path / "studies" / "tones-again").id == "tones-again"
    assert "draft `tones-again`" in app.success[0].value
    assert app.selectbox(key="study").value == "tones-again"
    assert Store().state("tones-again") == "draft"


@pytest.mark.parametrize("name", ["../elsewhere", "", "..", "a/b", "tones"])
def test_a_copy_of_an_impossible_name_is_refused(look, tones_study, name, data: Path):
    app = look("studies")
    app.text_input(key="copy id").set_value(name)
    press(app, "Copy the study")
    assert len(app.error) == 1
    assert not (data / "studies").exists()
    assert not (data / "elsewhere").exists()


def test_each_invited_listener_gets_a_link_that_opens_a_session_and_is_shown_only_once(tab, saved):
    app = tab("Links")
    assert "as soon as the study is open" in app.info[0].value
    app.number_input[0].set_value(3)
    press(app, "Make links")
    links = pd.read_csv(io.BytesIO(saved["demo-links.csv"]))
    assert app.code[0].value.splitlines() == links["link"].tolist()
    assert len(links) == 3
    for row in links.itertuples():
        asked = parse_qs(urlsplit(row.link).query)
        person = Store().participant(asked["study"][0], asked["token"][0])
        assert person is not None
        assert person.participant == row.participant
    press(app, "I have them, hide")
    assert not any("&token=" in code.value for code in app.code)
    assert not any("&token=" in code.value for code in tab("Links").code)
    assert [m.value for m in tab("Progress").metric] == ["0", "0", "0", "3", "0"]


def test_the_one_link_for_all_is_shown_renewed_and_taken_back(tab, tones_study):
    app = press(tab("Links"), "Make the link for all")
    first = Store().join_code("tones")
    assert first
    assert f"join={first}" in app.code[0].value
    press(app, "Make another")
    second = Store().join_code("tones")
    assert second != first
    assert f"join={second}" in app.code[0].value
    press(app, "Take it back")
    assert Store().join_code("tones") == ""
    assert not any("join=" in code.value for code in app.code)


def test_a_recruiting_service_gets_the_link_with_the_place_for_its_id(tab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    more = 'recruitment: {completion_url: "https://example.org/done?cc={code}"}'
    monkeypatch.setenv("EARWITNESS_STUDIES", str(tones(tmp_path / "tones", more=more)))
    app = press(tab("Links"), "Make the link for all")
    shown = [code.value for code in app.code]
    assert shown[0].endswith("&PROLIFIC_PID={{%PROLIFIC_PID%}}")
    assert "https://example.org/done?cc={code}" in shown
    for key in ("ended_url", "declined_url"):
        assert any(f"nowhere: `{key}` is not set" in m.value for m in app.markdown)


def test_the_progress_of_people_and_of_simulated_listeners_is_counted_apart(tab, saved, tones_study):
    simulate.simulate(tones_study, Store(), listeners=2, seed=1)
    Store().invite(tones_study)
    app = tab("Progress")
    assert [m.value for m in app.metric] == ["0", "0", "0", "1", "0"]
    people = pd.read_csv(io.BytesIO(saved["tones-progress-people.csv"]), keep_default_na=False)
    assert people["state"].tolist() == ["invited"]
    app.session_state["who"] = "simulated"
    app.run()
    assert [m.value for m in app.metric] == ["2", "0", "0", "0", "0"]
    assert "Nobody was there" in " ".join(w.value for w in app.warning)
    everybody = pd.read_csv(io.BytesIO(saved["tones-progress-simulated.csv"]), keep_default_na=False)
    assert (everybody["answered"] == everybody["trials"]).all()
    blocks = pd.read_csv(io.BytesIO(saved["tones-blocks-simulated.csv"]))
    assert blocks.set_index("type").loc["label", "answered"].sum() == 4
    groups = pd.read_csv(io.BytesIO(saved["tones-groups-simulated.csv"]))
    assert groups["finished"].sum() == 2
    assert {"tones-times-simulated.csv", "tones-versions.csv"} - set(saved) == {"tones-versions.csv"}


def test_a_groups_name_cannot_bring_html_into_the_page(tab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tones(tmp_path / "tones")
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    changed = text.replace("name: German listeners, native: de", "name: '<img src=x>', native: de, quota: 3")
    (folder / "study.yaml").write_text(changed, encoding="utf-8")
    monkeypatch.setenv("EARWITNESS_STUDIES", str(folder))
    simulate.simulate(study.load(folder), Store(), listeners=2, seed=1)
    app = tab("Progress")
    bars = " ".join(element.proto.body for element in app.get("html"))
    assert "&lt;img src=x&gt;" in bars
    assert "<img" not in bars
    assert "2 of 3 wanted finished, 0 under way, 1 still wanted" in bars


def test_simulated_listeners_are_made_by_a_process_of_their_own_and_deleted_again(tab, tones_study):
    app = tab("Try out")
    app.number_input(key="sim listeners").set_value(4)
    app.number_input(key="sim drop outs").set_value(0)
    press(app, "Simulate")
    wait_for("simulate tones")
    app.run()
    assert not app.exception
    assert "4 simulated listeners: 4 finished" in app.success[0].value
    assert Store().read_participants("tones")["simulated"].tolist() == [True] * 4
    app.run()
    press(app, "Delete them all")
    wait_for("simulate tones")
    assert Store().read_participants("tones").empty


def test_the_saved_zip_holds_what_the_command_writes_byte_for_byte(tab, tones_study, tmp_path: Path):
    simulate.simulate(tones_study, Store(), listeners=2, seed=1)
    app = tab("Export")
    assert not app.exception
    options = ["--for-spreadsheets"]
    content = study_export.zipped(tones_study.folder, options, allowed=lambda: True)()
    command = ["export", str(tones_study.folder), "--out", str(tmp_path / "out"), *options]
    assert main("listening_tests", command) == 0
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sorted(archive.namelist()) == sorted(path.name for path in (tmp_path / "out").iterdir())
        for name in archive.namelist():
            assert archive.read(name) == (tmp_path / "out" / name).read_bytes()
    assert study_export.zipped(tones_study.folder, options, allowed=lambda: True)() == content


def test_whoever_signed_out_meanwhile_gets_no_zip(tones_study):
    with pytest.raises(PermissionError):
        study_export.zipped(tones_study.folder, [], allowed=lambda: False)()


def test_ids_of_a_service_are_offered_only_where_there_is_one_and_with_a_warning(
    tab, tones_study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert [box.label for box in tab("Export").checkbox] == ["Also copies for spreadsheets"]
    monkeypatch.setenv("EARWITNESS_STUDIES", str(tones(tmp_path / "more", more="recruitment: {}")))
    app = tab("Export")
    app.checkbox(key="external ids").check().run()
    assert "not pseudonymous" in app.warning[0].value
    assert "--with-external-ids" in " ".join(c.value for c in app.caption)


def test_versions_and_what_each_group_gets_can_be_saved(tab, saved, tones_study):
    simulate.simulate(tones_study, Store(), listeners=2, seed=1)
    app = tab("About")
    assert not app.exception
    versions = pd.read_csv(io.BytesIO(saved["tones-versions.csv"]))
    assert versions["begun"].tolist() == [2]
    plan = pd.read_csv(io.BytesIO(saved["tones-plan.csv"])).set_index("group")
    assert plan.loc["German listeners", "trials"] == 4  # consent, background, two clips
    assert "Until you delete it" in " ".join(m.value for m in app.markdown)


def test_a_study_whose_time_is_over_says_whom_it_is_about_and_deletes_them(
    tab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("EARWITNESS_STUDIES", str(tones(tmp_path / "tones", more="retention_days: 1")))
    found = study.load(tmp_path / "tones")
    gone = simulate.simulate(found, Store(), listeners=2, seed=1, crowd=simulate.Crowd(drop_outs=1.0))
    assert len(gone) == 2  # their last answer is 25 hours old
    app = tab("About")
    assert "The time of 2 participants is over" in " ".join(w.value for w in app.warning)
    press(app, "Delete it")
    assert Store().read_participants("tones").empty
    assert not any("is over" in w.value for w in app.warning)


def test_a_broken_study_is_refused_with_every_problem_and_where_it_is(look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tones(tmp_path / "broken", truths=("angry", "angryy"))
    (folder / "clips" / "0.wav").write_bytes(b"")
    monkeypatch.setenv("EARWITNESS_STUDIES", str(folder))
    app = look("studies")
    assert not app.exception
    assert "**broken** is not opened" in app.error[0].value
    assert f"{folder / 'stimuli.csv'}:3: unknown emotion 'angryy'" in app.code[0].value
    assert not app.header
    assert not app.number_input


def test_a_broken_study_does_not_hide_a_good_one(look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tones(tmp_path / "studies" / "bad", more="colour: red")
    tones(tmp_path / "studies" / "good")
    monkeypatch.setenv("EARWITNESS_STUDIES", str(tmp_path / "studies"))
    app = look("studies")
    assert app.header[0].value == "Tones"
    assert "unknown key 'colour'" in app.code[0].value
    assert not app.warning  # these are no synthetic voices


def test_two_studies_of_one_name_are_told_apart(look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("a", "b"):
        tones(tmp_path / "studies" / name)
    monkeypatch.setenv("EARWITNESS_STUDIES", str(tmp_path / "studies"))
    app = look("studies")
    assert app.header[0].value == "Tones"
    assert "has the id 'tones', as" in app.code[0].value


def test_the_address_chooses_among_several_studies(look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    both = f"{tones(tmp_path / 'tones')}:{ROOT / 'data' / 'demo'}"
    monkeypatch.setenv("EARWITNESS_STUDIES", both)
    app = look("studies")
    assert app.header[0].value == "Tones"
    app.selectbox(key="study").set_value("demo").run()
    assert app.header[0].value != "Tones"
    assert app.query_params["study"] in ("demo", ["demo"])  # which of the two depends on who wrote it
    assert app.switch_page("pages/models.py").run().selectbox[0].value == "demo"  # another page stays with it
    app = AppTest.from_file(ROOT / "app.py", default_timeout=60).switch_page("pages/studies.py")
    app.query_params["study"] = "demo"
    assert app.run().header[0].value != "Tones"


def test_an_address_of_a_study_that_is_gone_shows_another(look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    both = f"{tones(tmp_path / 'tones')}:{ROOT / 'data' / 'demo'}"
    monkeypatch.setenv("EARWITNESS_STUDIES", both)
    app = AppTest.from_file(ROOT / "app.py", default_timeout=60).switch_page("pages/studies.py")
    app.query_params["study"] = "gone"
    app.run()
    assert not app.exception
    assert app.header[0].value == "Tones"


def test_without_any_study_the_page_says_where_to_put_one(look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EARWITNESS_STUDIES", str(tmp_path / "nothing"))
    app = look("studies")
    assert not app.exception
    assert "study.yaml" in app.info[0].value
