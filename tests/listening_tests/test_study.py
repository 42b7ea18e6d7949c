"""A study is checked whole, and everything wrong with it is said with file and line."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

from listening_tests import study as studies
from ser_core import audio
from ser_core.cli import main
from ser_core.errors import BadInput


def problems(folder: Path) -> list[str]:
    with pytest.raises(BadInput) as caught:
        studies.load(folder)
    return [str(p).replace(str(folder) + "/", "") for p in caught.value.problems]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_good_study_loads_with_measured_durations(study):
    assert study.id == "tones"
    assert study.spoken == ("de", "en")
    assert study.dialects == ("en-scotland",)
    assert study.stimuli["duration_s"].tolist() == pytest.approx([0.3] * 5)
    assert study.stimuli["stimulus"].tolist() == ["000", "001", "002", "003", "004"]


def test_the_version_changes_with_any_edit_and_with_nothing_else(folder, study):
    assert studies.load(folder).version == study.version
    edit(folder / "study.yaml", "Please agree.", "Please do agree.")
    assert studies.load(folder).version != study.version


def test_every_problem_is_listed_at_once_with_its_line(folder):
    soundfile.write(folder / "clips" / "1.wav", np.zeros(4800), 16000)
    (folder / "clips" / "2.wav").unlink()
    (folder / "clips" / "3.wav").write_bytes(b"")
    edit(folder / "study.yaml", "emotions: [angry, happy, neutral, sad]", "emotions: [angry, happy, neutral, sadd]")
    edit(folder / "study.yaml", "version:", "versoin:")
    found = problems(folder)
    assert any(p.startswith("study.yaml:6: unknown key 'versoin'. Did you mean 'version'?") for p in found)
    assert any(
        p.startswith("study.yaml:6: 'consent.version' is missing") or "'consent.version' is missing" in p for p in found
    )
    assert any(p.startswith("stimuli.csv:3: clip '001': clips/1.wav") and "silent" in p for p in found)
    assert any(p.startswith("stimuli.csv:4: clip '002': clips/2.wav") for p in found)
    assert any(p.startswith("stimuli.csv:5: clip '003': clips/3.wav") for p in found)


def test_a_truncated_and_a_non_audio_file_are_named(folder):
    whole = (folder / "clips" / "1.wav").read_bytes()
    (folder / "clips" / "1.wav").write_bytes(whole[: len(whole) // 2])
    (folder / "clips" / "2.wav").write_text("these are words, not sound", encoding="utf-8")
    found = problems(folder)
    assert any("clip '001'" in p and "truncated" in p for p in found)
    assert any("clip '002'" in p for p in found)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("001,clips/1.wav,de", "000,clips/1.wav,de", "stimuli.csv:3: duplicate row: stimulus '000'"),
        ("s1,angry", "s1,angryy", "stimuli.csv:3: unknown emotion 'angryy'. Did you mean 'angry'?"),
        ("001,clips/1.wav,de,", "001,clips/1.wav,,", "stimuli.csv:3: 'language' is empty"),
        ("stimulus,file,language", "stimulus,file,langauge", "stimuli.csv:1: column 'language' is missing"),
        ("s1,angry", "s1,bored", "stimuli.csv:3: clip '001' is 'bored', which study.yaml's emotions do not hold"),
    ],
)
def test_a_wrong_row_of_the_stimuli_is_named(folder, old, new, says):
    edit(folder / "stimuli.csv", old, new)
    assert any(p.startswith(says) for p in problems(folder)), problems(folder)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("languages: [en, de]\n", "", "study.yaml:1: 'languages' is missing"),
        ("languages: [en, de]", "languages: [en, dee]", "study.yaml:3: no interface language 'dee'. Did you mean 'de'?"),
        ("emotions: [angry,", "emotions: [angri,", "study.yaml:4: unknown emotion 'angri'. Did you mean 'angry'?"),
        ("title: {en: Tones, de: Töne}", "title: {en: Tones}", "study.yaml:2: the title has no text for the interface"),
        ("title: {en: Tones, de: Töne}", "title: Tones", "study.yaml:2: 'title': input should be a valid dict"),
        ("id: tones", "id: To nes", "study.yaml:1: 'id': string should match"),
        ("id: tones", "id: tones\nquota: 6", "study.yaml:2: unknown key 'quota'."),
        ("{trial: label}", "{trial: labell}", "study.yaml:14: no trial type 'labell'. Did you mean 'label'?"),
        ("{trial: label}", "{trial: label, part: tests}", "study.yaml:14: label: stimuli.csv has no clip with part"),
        ("{trial: label}", "{trial: label, shufled: true}", "study.yaml:14: label has no parameter 'shufled'."),
        ("{trial: label}", "{trial: label, shuffled: 1}", "study.yaml:14: label: 'shuffled' must be like True, not 1"),
        ("  - {trial: consent}\n", "", "study.yaml:10: the timeline must begin with consent"),
        ("  - {trial: label}\n", "", "study.yaml:10: no trial of the timeline asks for a rating"),
        ("  - {trial: debrief}\n", "", "study.yaml:10: the timeline must end with debrief"),
        ("{trial: label}", "{trial: [label]}", "study.yaml:14: no trial type '['label']'"),
        ("{trial: label}", "{trial: label, part: [test]}", "study.yaml:14: label: 'part' must be like"),
        ("{trial: label}", "{trial: label, choices: [sad, joy]}", "study.yaml:14: label: choice"),
        ("{trial: label}", "{trial: label, choices: [sad], cannot_say: false}", "study.yaml:14: label: there"),
        ("  - {trial: training}", "  - {trial: consent}\n  - {trial: training}", "study.yaml:13: consent can only stand"),
        ("  - {trial: training}", "  - {trial: debrief}\n  - {trial: training}", "study.yaml:13: debrief can only stand"),
        ("  - {trial: training}", "  - {trial: background}", "study.yaml:10: background stands 2 times in the timeline"),
        ("neutral, sad]", "neutral, sad, sad]", "study.yaml:4: 'sad' stands twice"),
        ("languages: [en, de]", "languages: [en, de, en]", "study.yaml:3: 'en' stands twice"),
        ("id: tones", "id: tones\nx: &a [*a]", "study.yaml: an alias"),
        ("id: tones", "id: to\x07nes", "study.yaml:1: holds a character that no text file should"),
        ("native: de}", "native: German (DE)}", "study.yaml:9: group 'German listeners': 'German (DE)' is not a BCP 47"),
        ("id: tones", "id: tones\ntraining: training/stimuli.csv", "study.yaml: 'training' names training/stimuli.csv"),
    ],
)  # fmt: skip
def test_a_wrong_key_of_the_study_is_named(folder, old, new, says):
    edit(folder / "study.yaml", old, new)
    assert any(p.startswith(says) for p in problems(folder)), problems(folder)


def test_a_clip_that_is_not_the_one_the_table_was_made_for_is_refused(folder):
    edit(
        folder / "stimuli.csv",
        "stimulus,file,language,speaker,truth,part",
        "stimulus,file,language,speaker,truth,part,sha256",
    )
    text = (folder / "stimuli.csv").read_text().splitlines()
    rows = [text[0], *(line + "," + "0" * 64 for line in text[1:])]
    (folder / "stimuli.csv").write_text("\n".join(rows) + "\n")
    assert any("is not the file this table was made for" in p for p in problems(folder))


def test_check_prints_every_problem_and_exits_with_2(folder, capsys):
    edit(folder / "stimuli.csv", "s1,angry", "s1,angryy")
    edit(folder / "study.yaml", "id: tones", "id: To nes")
    assert main("listening_tests", ["check", str(folder)]) == 2
    said = capsys.readouterr().err
    assert "stimuli.csv:3: unknown emotion 'angryy'" in said
    assert "study.yaml:1: 'id'" in said
    assert "2 problems" in said


def test_check_of_a_good_study_exits_with_0_and_counts_its_clips(folder, capsys):
    assert main("listening_tests", ["check", str(folder)]) == 0
    assert "German: 2 clips" in capsys.readouterr().out


def test_check_of_a_folder_that_is_not_there_says_so(tmp_path, capsys):
    assert main("listening_tests", ["check", str(tmp_path / "none")]) == 2
    assert "study.yaml: this file is missing" in capsys.readouterr().err


def test_a_folder_that_is_copied_is_the_same_version(folder, study, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    assert studies.load(tmp_path / "copy").version == study.version


def test_the_shipped_demo_study_is_good():
    root = Path(studies.__file__).parent.parent
    assert studies.load(root / "data" / "demo").synthetic


def test_a_practice_clip_without_truth_has_nothing_to_tell(folder):
    edit(folder / "stimuli.csv", "s0,happy,practice", "s0,,practice")
    assert any("training tells what was meant, but clip '000' has no 'truth'" in p for p in problems(folder))


def test_the_same_clip_under_two_ids_is_named(folder):
    shutil.copy(folder / "clips" / "1.wav", folder / "clips" / "3.wav")
    assert "stimuli.csv:5: clip '003' has the same content as clip '001'; remove one of them" in problems(folder)


def test_a_training_table_is_checked_too(folder):
    (folder / "training").mkdir()
    (folder / "training" / "stimuli.csv").write_text("stimulus,language,truth\nt1,de,furious\n", encoding="utf-8")
    edit(folder / "study.yaml", "id: tones", "id: tones\ntraining: training/stimuli.csv")
    assert any(p.startswith("training/stimuli.csv:2: unknown emotion 'furious'") for p in problems(folder))


def test_a_link_that_points_to_nothing_is_a_missing_clip_and_no_crash(folder):
    (folder / "clips" / "1.wav").unlink()
    (folder / "clips" / "1.wav").symlink_to(folder / "nowhere.wav")
    (folder / ".#study.yaml").symlink_to("someone@host.1234")
    assert any("clip '001': clips/1.wav" in p for p in problems(folder))


def test_a_clip_outside_the_folder_that_changes_makes_another_version(folder, tmp_path):
    shutil.move(folder / "clips" / "1.wav", tmp_path / "outside.wav")
    edit(folder / "stimuli.csv", "clips/1.wav", str(tmp_path / "outside.wav"))
    before = studies.load(folder)
    shutil.copy(folder / "clips" / "2.wav", tmp_path / "changed.wav")
    samples, rate = soundfile.read(tmp_path / "changed.wav")
    soundfile.write(tmp_path / "outside.wav", samples / 2, rate)
    assert studies.load(folder).version != before.version


def test_two_studies_of_one_id_are_refused_by_name(store, folder, tmp_path, monkeypatch, capsys):
    shutil.copytree(folder, tmp_path / "copy")
    monkeypatch.setenv("EARWITNESS_STUDIES", f"{folder}:{tmp_path / 'copy'}")
    with pytest.raises(BadInput, match=r"has the id 'tones', as .*copy has"):
        studies.find("tones")
    for verb in (["check"], ["invite"], ["export", "--out", str(tmp_path / "out")], ["simulate", "--listeners", "1"]):
        assert main("listening_tests", [verb[0], str(folder), *verb[1:]]) == 2
        assert "Give each its own" in capsys.readouterr().err


def test_a_group_of_a_dialect_takes_those_who_grew_up_with_it(folder):
    edit(
        folder / "study.yaml",
        "groups:\n",
        "groups:\n  - {name: Scots, native: en-scotland}\n  - {name: English, native: en}\n",
    )
    study = studies.load(folder)
    assert study.group({"native_languages": "en", "dialects": "en-scotland"}) == "Scots"
    assert study.group({"native_languages": "en", "dialects": ""}) == "English"
    assert study.group({"native_languages": "pl", "dialects": ""}) == "other listeners"


def test_a_crowd_that_comes_at_once_has_the_clips_checked_once(folder, monkeypatch):
    checked = []
    inspect = audio.inspect

    def counted(path):
        checked.append(path)
        return inspect(path)

    monkeypatch.setattr(audio, "inspect", counted)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: studies.load(folder), range(16)))
    assert len(checked) == 5
    assert len({id(study) for study in found}) == 1


def test_a_broken_study_is_checked_once_until_it_is_mended(folder, monkeypatch):
    edit(folder / "stimuli.csv", "s1,angry", "s1,bored")
    before = problems(folder)
    monkeypatch.setattr(audio, "inspect", None)  # a second check would stumble over this
    assert problems(folder) == before
    monkeypatch.undo()
    edit(folder / "stimuli.csv", "s1,bored", "s1,angry")
    assert studies.load(folder).id == "tones"
