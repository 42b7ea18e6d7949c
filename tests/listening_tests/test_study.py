"""A study is checked whole, and everything wrong with it is said with file and line."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import reduce
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from listening_tests import settings
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
        ("title: {en: Tones, de: Töne}", "title: Tones", "study.yaml:2: 'title': must hold lines of 'key: value'"),
        ("id: tones", "id: To nes", "study.yaml:1: 'id': string should match"),
        ("id: tones", "id: tones\nquota: 6", "study.yaml:2: unknown key 'quota'."),
        ("{trial: label}", "{trial: labell}", "study.yaml:14: no trial type 'labell'. Did you mean 'label'?"),
        ("{trial: label}", "{trial: label, part: tests}", "study.yaml:14: label: stimuli.csv has no clip with part"),
        ("{trial: label}", "{trial: label, shufled: true}", "study.yaml:14: label: unknown key 'shufled'. Did you mean"),
        ("{trial: label}", "{trial: label, shuffled: 1}", "study.yaml:14: label: 'shuffled': must be true or false, not 1"),
        ("  - {trial: consent}\n", "", "study.yaml:10: the timeline must begin with consent"),
        ("  - {trial: label}\n", "", "study.yaml:10: no trial of the timeline asks for a rating"),
        ("  - {trial: debrief}\n", "", "study.yaml:10: the timeline must end with debrief"),
        ("{trial: label}", "{trial: [label]}", "study.yaml:14: no trial type '['label']'"),
        ("{trial: label}", "{trial: label, part: [test]}", "study.yaml:14: label: 'part': must be text"),
        ("{trial: label}", "{trial: label, choices: [sad, joy]}", "study.yaml:14: label: choice"),
        ("{trial: label}", "{trial: label, choices: [sad], cannot_say: false}", "study.yaml:14: label: there"),
        ("  - {trial: training}", "  - {trial: consent}\n  - {trial: training}", "study.yaml:13: consent can only stand"),
        ("  - {trial: training}", "  - {trial: debrief}\n  - {trial: training}", "study.yaml:13: debrief can only stand"),
        ("  - {trial: training}", "  - {trial: background}", "study.yaml:10: background stands 2 times in the timeline"),
        ("neutral, sad]", "neutral, sad, sad]", "study.yaml:4: 'sad' stands twice"),
        ("{trial: label}", "{trial: headphone_check, pass_mark: 9}", "study.yaml:14: headphone_check: 'pass_mark' (9) is"),
        ("id: tones", "id: tones\nrecruitment: {id_parameter: token}", "study.yaml:2: 'recruitment.id_parameter': 'token'"),
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
    assert any("training: tells what was meant, but clip '000' has no 'truth'" in p for p in problems(folder))


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


def test_a_typo_a_wrong_type_an_unknown_emotion_and_a_quota_that_cannot_be_met_are_told_at_once(folder):
    edit(folder / "study.yaml", "id: tones", "id: tones\nlanguagess: [en]")
    edit(folder / "study.yaml", "neutral, sad]", "neutral, sadd]")
    edit(folder / "study.yaml", 'version: "3"', "version: 3")
    edit(
        folder / "study.yaml",
        "native: de}",
        "native: de, quota: 1}\n  - {name: Poles, native: pl, quota: many}\n  - {name: Scots, who: nativ(en-scotland)}",
    )
    edit(
        folder / "study.yaml",
        "  - {trial: label}\n",
        "  - {trial: label, per_listener: 2, choice: [sad]}\n"
        "  - block: more\n    order: shufled\n    timeline:\n      - {trial: breake}\n      - {trial: likert, scalse: []}\n"
        "  - labell\n",
    )
    edit(folder / "stimuli.csv", "s1,angry", "s1,bored")
    assert problems(folder) == [
        "study.yaml:2: unknown key 'languagess'. Did you mean 'languages'?",
        "study.yaml:5: unknown emotion 'sadd'. Did you mean 'sad'?",
        "study.yaml:7: 'consent.version': must be text (put a number in quotation marks), not 3",
        "study.yaml:11: 'groups.1.quota': must be a whole number, not 'many'",
        "study.yaml:12: group 'Scots': 'nativ(en-scotland)': no condition 'nativ'. Did you mean 'native'?",
        "study.yaml:17: label: unknown key 'choice'. Did you mean 'choices'?",
        "study.yaml:19: more: 'order': 'shufled' is not possible. Did you mean 'shuffled'?",
        "study.yaml:21: no trial type 'breake'. Did you mean 'break'?",
        "study.yaml:22: likert: unknown key 'scalse'. Did you mean 'scales'?",
        "study.yaml:22: likert: needs at least one scale in 'scales'",
        "study.yaml:23: 'timeline.5': must hold lines of 'key: value', not 'labell'",
        "stimuli.csv:3: clip '001' is 'bored', which study.yaml's emotions do not hold",
        "stimuli.csv:6: clip '004' is 'sad', which study.yaml's emotions do not hold",
    ]


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ("{name: A, native: de, quota: 1}", "study.yaml:9: group 'A': 1 listeners who hear 2 clips each leave 2 of"),
        ("{name: A, native: de, qouta: 3}", "study.yaml:9: unknown key 'qouta'. Did you mean 'quota'?"),
        ("{name: A, native: de, quota: -1}", "study.yaml:9: 'groups.0.quota': must be at least 0, not -1"),
        ("{name: A, who: native(de) and not native(de-AT)}", "study.yaml:9: group 'A': nobody can fit"),
        ("{name: A, who: 'knows(en, C) and not knows(en, B)'}", "study.yaml:9: group 'A': nobody can fit"),
        ("{name: A, who: age_band(18-24) and age_band(65+)}", "study.yaml:9: group 'A': nobody can fit"),
        ("{name: A, who: native(de) andd knows(cmn)}", "study.yaml:9: group 'A': 'native(de) andd knows(cmn)': 'andd' is"),
        ("{name: A}", "study.yaml:9: group 'A': say who belongs to it"),
        ("{name: A, native: de, who: native(de)}", "study.yaml:9: group 'A': say who belongs to it"),
        (
            "{name: A, who: knows(de)}\n  - {name: B, native: pl}\n  - {name: C, who: native(de) and not native(pl)}",
            "study.yaml:11: group 'C': whoever fits it is in 'A' already",
        ),
        (
            "{name: A, who: knows(de)}\n  - {name: B, who: not knows(de)}\n  - {name: C, native: pl}",
            "study.yaml:11: group 'C': whoever fits it is in 'A' or 'B' already",
        ),
    ],
)  # fmt: skip
def test_a_group_that_cannot_be_filled_is_named(folder, groups, says):
    edit(folder / "study.yaml", "{name: German listeners, native: de}", groups)
    edit(folder / "study.yaml", "{trial: label}", "{trial: label, per_listener: 2}")
    assert [p.startswith(says) for p in problems(folder)] == [True], problems(folder)


@pytest.mark.parametrize(
    "groups",
    [
        "{name: A, native: de, quota: 2}",
        "{name: A, who: native(de) and knows(cmn)}\n  - {name: B, native: de}",
        "{name: A, who: native(de) or native(pl)}\n  - {name: B, who: native(cmn) and not native(de)}",
        "{name: A, who: 'knows(en, B) and not knows(en, C)'}",
        "{name: A, who: grew_up_with(en-scotland) and not native(en)}",
    ],
)
def test_a_group_that_can_be_filled_is_not_complained_of(folder, groups):
    edit(folder / "study.yaml", "{name: German listeners, native: de}", groups)
    edit(folder / "study.yaml", "{trial: label}", "{trial: label, per_listener: 2}")
    assert studies.load(folder).settings.groups[0].name == "A"


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ("{trial: label, max_in_a_row: {part: 1}}", "label: 4 of 4 clips have 'test' as 'part'; with at most 1 in a row"),
        ("{trial: label, max_in_a_row: {turth: 1}}", "label: stimuli.csv has no column 'turth'. Did you mean 'truth'?"),
        ("{trial: label, max_in_a_row: {truth: 0}}", "label: at most 0 in a row of 'truth' is not possible"),
        ("{trial: label, max_in_a_row: {truth: 1}, shuffled: false}", "label: 'max_in_a_row' needs 'shuffled: true'"),
        ("{trial: label, balanced_by: [speeker]}", "label: stimuli.csv has no column 'speeker'. Did you mean 'speaker'?"),
        ("{trial: label, per_listener: 5}", "label: 'per_listener' is 5, but there are 4 clips"),
        ("{trial: label, per_listener: 2, repeats: 3}", "label: 'repeats' is 3, but each listener hears only 2 clips"),
        ("{trial: label, per_listener: 1, repeats: 1}", "label: a clip cannot be heard a second time"),
        ("{trial: label, per_listener: 2, max_in_a_row: {language: 1}}", "label: 2 of 2 clips have 'de' as 'language'"),
        ("{trial: label, scattered: true}", "label: 'scattered' places trials among those of a block"),
        ("{trial: label, only: nativ(de)}", "label: 'nativ(de)': no condition 'nativ'. Did you mean 'native'?"),
        ("{trial: label, only: native(de) and not knows(de)}", "label: nobody can fit 'native(de) and not knows(de)'"),
        ("{block: b, order: mixd, timeline: [{trial: label}]}", "b: 'order': 'mixd' is not possible. Did you mean 'mixed'?"),
        ("{block: b, timeline: []}", "b: 'timeline': must not be shorter than 1"),
        ("{block: b, max_in_a_row: {truth: 1}, timeline: [{trial: label}]}", "block 'b': 'max_in_a_row' needs 'order"),
        ("{block: b, order: mixed, max_in_a_row: {part: 2}, timeline: [{trial: label}, {trial: break}]}",
         "block 'b': 4 of 4 clips have 'test' as 'part'; with at most 2 in a row, 1 others"),
        ("{block: b, order: mixed, timeline: [{trial: label}, {block: c, timeline: [{trial: break}]}]}",
         "block 'b': in a mixed block all trials are in one list, so that block 'c'"),
        ("{block: b, order: mixed, timeline: [{trial: label, max_in_a_row: {truth: 1}}]}", "label: in a mixed block"),
        ("{block: b, order: mixed, timeline: [{trial: label, shuffled: false}]}", "label: in a mixed block every trial is"),
        ("{block: b, order: latin_square, timeline: [{trial: label}, {block: c, timeline: [{trial: break}]}]}",
         "block 'b': a Latin square is over blocks"),
        ("{block: b, timeline: [{trial: label, scattered: true}]}", "block 'b': holds nothing among which"),
        ("{block: b, timeline: [{trial: label}, {trial: attention, scattered: true, every: 2}]}", "attention: is either"),
        ("{block: b, timeline: [{trial: label}, {trial: training, every: 2}]}", "training: 'every' is for pages"),
        ("{block: b, timeline: [{trial: label}, {trial: break, every: 4}]}", "break: 'every: 4' never comes between"),
        ("{block: b, timeline: [{trial: break}, {trial: label, scattered: true, repeats: 1}]}", "label: 'repeats' is for"),
        ("{block: b, only: native(de), timeline: [{trial: label, only: not native(de)}]}",
         "label: nobody can fit 'not native(de)' inside its block"),
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_drawn_is_named(folder, entries, says):
    edit(folder / "study.yaml", "{trial: label}", entries)
    assert [p.startswith(f"study.yaml:14: {says}") for p in problems(folder)] == [True], problems(folder)


def test_a_block_for_listeners_of_no_group_is_named_where_others_are_sent_home(folder):
    edit(folder / "study.yaml", "{trial: label}", "{trial: label}\n  - {trial: break, only: not native(de)}")
    studies.load(folder)
    edit(folder / "study.yaml", "timeline:", "only_groups: true\ntimeline:")
    (said,) = problems(folder)
    assert said.startswith("study.yaml:16: break: nobody of the study's groups fits 'not native(de)', and others")


def test_limits_are_checked_for_every_listener_whatever_part_of_a_mixed_block_is_for_them(folder):
    mixed = (
        "block: b\n    order: mixed\n    max_in_a_row: {language: 2}\n    timeline:\n"
        "      - {trial: label}\n      - {trial: clip, part: practice, only: knows(pl)}"
    )
    edit(folder / "study.yaml", "{trial: label}", mixed)
    assert studies.load(folder)
    edit(folder / "study.yaml", "{language: 2}", "{language: 1}")  # three German clips of five fit, two and two of four too
    assert studies.load(folder)
    edit(folder / "stimuli.csv", "004,clips/4.wav,en-scotland", "004,clips/4.wav,de")
    (said,) = problems(folder)
    assert said.startswith("study.yaml:16: block 'b': 4 of 5 clips have 'de' as 'language'; with at most 1 in a row")


def places(data: object, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place of a YAML document."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        yield (*at, key)
        yield from places(value, (*at, key))


@pytest.mark.parametrize(
    "wrong", ["delete", "rename", None, 5, -1, True, "x", "", [], {}, [5], {"x": 5}, {"trial": "label"}]
)
def test_whatever_stands_wherever_in_study_yaml_is_good_or_told(folder, wrong):
    more = (
        "  - {trial: label, per_listener: 2, max_in_a_row: {truth: 1}, plays: {least: 1}}\n"
        "  - {block: b, order: mixed, only: native(de), timeline: [{trial: clip, segment: {count: 2}}]}\n"
    )
    edit(folder / "study.yaml", "  - {trial: label}\n", more)
    path = folder / "study.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    for *outer, key in places(data):
        changed = copy.deepcopy(data)
        parent = reduce(lambda inside, step: inside[step], outer, changed)
        if wrong == "delete":
            del parent[key]
        elif wrong == "rename" and isinstance(parent, dict):
            parent[f"{key}q"] = parent.pop(key)
        else:
            parent[key] = wrong
        path.write_text(yaml.safe_dump(changed, allow_unicode=True), encoding="utf-8")
        with suppress(BadInput):
            found, lines, problems = settings.read(path)
            assert problems or found.model_dump(exclude_unset=True).keys() <= changed.keys()
            entries, _ = settings.timeline(found, lines, path)
            assert len(entries) <= len(found.timeline)


def test_what_the_manual_shows_of_order_and_groups_can_be_written(folder):
    manual = (Path(studies.__file__).parent.parent / "docs" / "study.md").read_text(encoding="utf-8")
    shown = [part.partition("```")[0] for part in manual.split("```yaml\n")[1:]]
    assert len(shown) == 2
    head = (folder / "study.yaml").read_text(encoding="utf-8").partition("groups:")[0]
    path = folder / "study.yaml"
    path.write_text(head + "".join(shown), encoding="utf-8")
    found, lines, problems = settings.read(path)
    entries, wrong = settings.timeline(found, lines, path)
    assert not problems + wrong
    assert [type(e).__name__ for e in entries] == ["Entry", "Entry", "Block", "Block", "Entry"]
    assert [g.quota for g in found.groups] == [6, 6]
