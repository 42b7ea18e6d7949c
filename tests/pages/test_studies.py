"""The studies page: what is there, who is invited, and what is refused and why."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from listening_tests import simulate, study
from listening_tests.store import Store
from tests.pages.conftest import tones

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.usefixtures("signed_in")


def test_the_demo_study_is_shown_with_its_clips_and_says_that_its_voices_are_synthetic(look, saved):
    app = look("studies")
    assert not app.exception
    assert app.header[0].value == study.load(ROOT / "data" / "demo").title["en"]
    assert "Synthetic voices" in app.warning[0].value
    counts = pd.read_csv(io.BytesIO(saved["demo-clips.csv"]))
    by_hand = pd.read_csv(ROOT / "data" / "demo" / "stimuli.csv")
    assert counts["total"].sum() == len(by_hand)
    row = counts[(counts["part"] == "test") & (counts["language"] == "de")].iloc[0]
    wanted = by_hand[(by_hand["part"] == "test") & (by_hand["language"] == "de") & (by_hand["truth"] == "sad")]
    assert row["sad"] == len(wanted) > 0
    assert "Nobody has been invited yet" in app.info[0].value


def test_each_invited_listener_gets_a_link_that_opens_a_session_and_is_shown_only_once(look, saved):
    app = look("studies")
    app.number_input[0].set_value(3)
    next(b for b in app.button if b.label == "Make links").click()
    app.run()
    links = pd.read_csv(io.BytesIO(saved["demo-links.csv"]))
    assert app.code[0].value.splitlines() == links["link"].tolist()
    assert len(links) == 3
    for row in links.itertuples():
        asked = parse_qs(urlsplit(row.link).query)
        person = Store().participant(asked["study"][0], asked["token"][0])
        assert person is not None
        assert person.participant == row.participant
    assert [m.value for m in app.metric] == ["3", "0", "0"]
    next(b for b in app.button if b.label == "I have them, hide").click()
    app.run()
    assert not app.code
    assert not look("studies").code


def test_the_progress_of_listeners_is_counted(look, saved, data: Path):
    demo = study.load(ROOT / "data" / "demo")
    simulate.simulate(demo, Store(), listeners=2, seed=1)
    Store().invite(demo)
    app = look("studies")
    assert [m.value for m in app.metric] == ["3", "2", "2"]
    progress = pd.read_csv(io.BytesIO(saved["demo-progress.csv"]), keep_default_na=False)
    assert sorted(progress["answered"]) == [0, *[progress["trials"].iloc[0]] * 2]


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
