"""The data-protection page: public, in the participant's language, and true of their study and of its version."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from listening_tests import languages
from listening_tests import study as studies
from listening_tests.store import Store
from tests.pages.conftest import ROOT


def _look(**query: str) -> str:
    at = AppTest.from_file(str(ROOT / "pages" / "privacy.py"), default_timeout=30)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return "\n".join(str(e.value) for kind in (at.title, at.subheader, at.markdown) for e in kind)


def _study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str = "") -> Path:
    folder = tmp_path / "edited"
    shutil.copytree(ROOT / "data" / "demo", folder)
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    known = ("contact:", "responsible:", "retention_days:", "recruitment:")
    lines = [line for line in text.splitlines() if not line.startswith(known)]
    (folder / "study.yaml").write_text("\n".join([*lines, more]) + "\n", encoding="utf-8")
    monkeypatch.setenv("EARWITNESS_STUDIES", str(folder))
    return folder


@pytest.mark.parametrize("tag", sorted(languages.available()))
def test_it_says_everything_in_the_participant_s_language(tmp_path, monkeypatch, tag):
    more = 'responsible: "Prof. A. *Stern*, Uni"\ncontact: a.stern@uni.example\nretention_days: 400\nrecruitment: {}'
    _study(tmp_path, monkeypatch, more)
    said, words = _look(study="demo", language=tag), languages.texts(tag)
    told = {k: v for k, v in words.items() if k.startswith("privacy.") and k not in ("privacy.who_unnamed", "privacy.until")}
    for key, sentence in told.items():
        assert sentence.format(days=400, button=words["withdraw.button"]) in said, key
    plain = said.replace("\\", "")
    assert "Prof. A. *Stern*, Uni" in plain
    assert "a.stern@uni.example" in plain
    assert studies.load(tmp_path / "edited").title[tag] in plain


def test_it_does_not_promise_what_the_study_does_not(tmp_path, monkeypatch):
    _study(tmp_path, monkeypatch)
    said, words = _look(study="demo", language="en"), languages.texts("en")
    assert words["privacy.until"] in said
    assert words["privacy.who_unnamed"] in said
    assert words["privacy.stored_id"] not in said
    assert "days after" not in said


def test_who_has_begun_reads_what_they_were_told(tmp_path, monkeypatch):
    folder = _study(tmp_path, monkeypatch, "retention_days: 30")
    told = studies.load(folder)
    Store().open_study(told)
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    (folder / "study.yaml").write_text(text.replace("retention_days: 30", "retention_days: 365"), encoding="utf-8")
    assert "30 days after" in _look(study="demo", version=told.version, language="en")
    assert "365 days after" in _look(study="demo", language="en")


@pytest.mark.parametrize("study_id", ["", "gone", "../elsewhere", "%00", "x" * 9999])
def test_a_study_that_is_not_there_gets_one_sentence(study_id):
    assert _look(study=study_id, language="de") == languages.texts("de")["wrong_link"]


def test_an_unknown_version_or_language_is_passed_over():
    assert languages.texts("en")["privacy.title"] in _look(study="demo", version="made-up", language="tlh")
