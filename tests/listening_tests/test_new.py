"""A study made by command can be opened as it is."""

from __future__ import annotations

import shutil

import pytest

from listening_tests import study as studies
from ser_core.cli import main
from tests.listening_tests.conftest import tone


def _new(*arguments: object) -> int:
    return main("listening_tests", ["new", *map(str, arguments)])


def test_a_new_study_is_good_and_holds_the_chosen_clips(folder, tmp_path, capsys):
    made = tmp_path / "My first STUDY"
    assert _new(made, "--stimuli", folder / "stimuli.csv", "--title", "It's: mine") == 0
    assert "5 clips" in capsys.readouterr().out
    study = studies.load(made)
    assert study.id == "my-first-study"
    assert study.title["de"] == "It's: mine"
    assert study.emotions == ("angry", "happy", "neutral", "sad")
    assert study.group({"native_languages": "de"}) == "German listeners"
    assert study.path("001").samefile(folder / "clips" / "1.wav")
    assert [entry["trial"] for entry in study.settings.timeline] == ["consent", "background", "label", "debrief"]


def test_practice_and_training_clips_have_their_places(folder, tmp_path):
    for name in ("practice", "training"):
        shutil.copytree(folder, tmp_path / name)
    (tmp_path / "practice" / "stimuli.csv").write_text(
        "stimulus,file,language,truth\np1,clips/0.wav,de,sad\n", encoding="utf-8"
    )
    tone(tmp_path / "practice" / "clips" / "0.wav", 999)
    made = tmp_path / "s"
    practice, training = tmp_path / "practice" / "stimuli.csv", tmp_path / "training" / "stimuli.csv"
    assert _new(made, "--stimuli", folder / "stimuli.csv", "--practice", practice, "--training", training) == 0
    study = studies.load(made)
    assert study.stimuli.loc[study.stimuli["part"] == "practice", "stimulus"].tolist() == ["p1"]
    assert study.training is not None
    assert "training" in [entry["trial"] for entry in study.settings.timeline]


@pytest.mark.parametrize("wrong", ["exists", "missing clip", "missing table"])
def test_bad_input_leaves_no_half_study(folder, tmp_path, wrong, capsys):
    made = tmp_path / "s"
    table = folder / "stimuli.csv"
    if wrong == "exists":
        made.mkdir()
    if wrong == "missing clip":
        (folder / "clips" / "2.wav").unlink()
    if wrong == "missing table":
        table = tmp_path / "none.csv"
    assert _new(made, "--stimuli", table) == 2
    assert capsys.readouterr().err
    assert not (made / "study.yaml").exists()
    assert made.exists() == (wrong == "exists")
