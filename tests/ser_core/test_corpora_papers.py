"""The corpora beside those of Han 2025, read from trees with their true names and their awkward cases."""

from __future__ import annotations

import csv
import json
from collections import Counter

import pytest

from ser_core.corpora import (
    cafe,
    cremad,
    emotiontts,
    emovo,
    nemo,
    ravdess,
    savee,
    shemo,
    subesco,
    tess,
    thaiser,
    turev,
    urdu,
)
from ser_core.corpora._corpus import Corpus, LeftOut
from ser_core.corpora._survey import survey
from ser_core.errors import Problem
from ser_core.ratings import STIMULI, read_table, to_csv
from ser_core.registry import discover
from tests.ser_core import corpus_trees as trees

CORPORA: dict[str, Corpus] = discover("ser_core.corpora", "CORPUS")
HERE = ("cafe", "cremad", "emotiontts", "emovo", "nemo", "savee", "shemo", "subesco", "tess", "thaiser", "turev", "urdu")


@pytest.fixture
def said() -> list[Problem]:
    return []


def rows(stimuli) -> dict[str, dict[str, str]]:
    return {row["stimulus"]: row for row in stimuli.to_dict("records")}


def told(stimuli, *names: str) -> list[list[str]]:
    return stimuli[list(names)].to_numpy().tolist()


# --- what holds for all ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HERE)
def test_the_index_is_a_valid_table_and_the_same_each_time(name, tmp_path, said):
    root = getattr(trees, name)(tmp_path / "corpus")
    first, second = CORPORA[name].index(root, said.append), CORPORA[name].index(root, said.append)
    assert to_csv(first) == to_csv(second)
    (tmp_path / "stimuli.csv").write_text(to_csv(first), encoding="utf-8")
    again = read_table(tmp_path / "stimuli.csv", STIMULI)
    assert len(again)
    assert again["stimulus"].is_unique
    assert all((root / file).is_file() for file in again["file"])
    assert set(again["truth"]) <= set(CORPORA[name].label_map.values())
    assert (again["speaker"] != "").all()


@pytest.mark.parametrize("name", HERE)
def test_macs_twins_and_hidden_folders_are_no_clips(name, tmp_path, said):
    root = getattr(trees, name)(tmp_path / "corpus")
    before = CORPORA[name].index(root, said.append)
    count = len(said)
    for clip in before["file"].head(3):
        path = root / clip
        (path.parent / f"._{path.name}").write_bytes(b"\0\5\x16\7")
        (root / "__MACOSX").mkdir(exist_ok=True)
        (root / "__MACOSX" / path.name).write_bytes(path.read_bytes())
    assert to_csv(CORPORA[name].index(root, said.append)) == to_csv(before)
    assert len(said) == 2 * count


@pytest.mark.parametrize("name", [n for n, corpus in CORPORA.items() if corpus.whole and corpus.whole.truths])
def test_the_counts_of_emotions_add_up_to_the_whole_or_leave_what_has_none(name):
    whole = CORPORA[name].whole
    assert set(whole.truths) <= set(CORPORA[name].label_map.values())
    rest = {"pavoque": 819, "iemocap": 10_039 - 5531}.get(name, 0)  # poker; labels that few papers use
    assert sum(whole.truths.values()) == whole.clips - rest


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("emovo", "emovo_neu-f1-b1", "emovo_tri-m3-d2"),
        ("cafe", "cafe_01-C-1-1", "cafe_12-T-2-6"),
        ("savee", "savee_DC_a01", "savee_KL_su15"),
        ("ravdess", "ravdess_03-01-01-01-01-01-01", "ravdess_03-01-08-02-02-02-24"),
        ("cremad", "1001_DFA_ANG_XX", "1091_WSI_SAD_XX"),
        ("esd", "esd_0001_000001", "esd_0020_001750"),
        ("emotiontts", "emotiontts_ema00001", "emotiontts_neo00305"),
    ],
)
def test_names_that_follow_a_scheme_are_as_many_as_were_published(name, first, last, tmp_path):
    whole = CORPORA[name].whole
    assert whole.names
    names = list(whole.names(tmp_path, None))
    assert (names[0], names[-1]) == (first, last)
    assert len(names) == len(set(names)) == whole.clips


def test_the_names_of_crema_d_are_those_of_its_own_list(shared, tmp_path):
    with (shared / "listeners" / "CREMA-D" / "SentenceFilenames.csv").open() as file:
        listed = {row["Filename"] for row in csv.DictReader(file)}
    assert set(cremad._names(tmp_path, None)) == listed


# --- one after the other ---------------------------------------------------------------------------------------------


def test_emovo(tmp_path, said):
    stimuli = emovo.index(trees.emovo(tmp_path), said.append)
    assert not said
    assert Counter(stimuli["truth"]) == {
        "neutral": 3, "disgusted": 2, "happy": 2, "fearful": 2, "angry": 2, "surprised": 2, "sad": 2,
    }  # fmt: skip
    last = rows(stimuli)["emovo_neu-f2-d2"]
    assert [last[n] for n in ("speaker", "gender", "sentence", "script", "channels", "sample_rate")] == [
        "f2", "female", "d2", "question", "2", "48000",
    ]  # fmt: skip


def test_a_clip_of_emovo_in_another_actors_folder_is_left_out(tmp_path, said):
    trees.tree(tmp_path, "m1/rab-m2-b1.wav")
    assert emovo.index(tmp_path, said.append).empty
    assert "lies in the folder of speaker m1, but its name is of m2" in said[0].what


def test_urdu_numbers_with_and_without_zeros_are_read(tmp_path, said):
    stimuli = urdu.index(trees.urdu(tmp_path), said.append)
    assert not said
    assert told(stimuli, "stimulus", "speaker", "gender", "truth") == [
        ["urdu_SM1_F11_A011", "SM1", "male", "angry"],
        ["urdu_SM1_F4_A04", "SM1", "male", "angry"],
        ["urdu_SF7_F2_H02", "SF7", "female", "happy"],
        ["urdu_SM5_F36_N064", "SM5", "male", "neutral"],
        ["urdu_SM6_F4_S0100", "SM6", "male", "sad"],
    ]


def test_a_clip_of_urdu_in_another_emotions_folder_is_left_out(tmp_path, said):
    assert urdu.index(trees.tree(tmp_path, "Happy/SM1_F1_A01.wav"), said.append).empty
    assert "lies in the folder Happy, but its name says angry" in said[0].what


def test_cafe_is_read_whatever_became_of_its_accents(tmp_path, said):
    stimuli = cafe.index(trees.cafe(tmp_path), said.append)
    assert not said
    found = rows(stimuli)
    assert {id_: row["truth"] for id_, row in found.items()} == {
        "cafe_01-C-2-1": "angry", "cafe_02-C-1-1": "angry", "cafe_04-D-2-6": "disgusted", "cafe_12-J-2-1": "happy",
        "cafe_07-N-1-3": "neutral", "cafe_09-P-1-2": "fearful", "cafe_10-S-2-5": "surprised", "cafe_11-T-1-4": "sad",
    }  # fmt: skip
    assert [found["cafe_01-C-2-1"][n] for n in ("gender", "intensity")] == ["male", "fort"]
    assert [found["cafe_02-C-1-1"][n] for n in ("gender", "intensity")] == ["female", "faible"]
    assert found["cafe_07-N-1-3"]["intensity"] == ""


@pytest.mark.parametrize("folder", ["Colère", "Cole\u0300re"])
def test_a_clip_of_cafe_in_another_emotions_folder_is_left_out_whoever_wrote_the_accent(tmp_path, said, folder):
    assert cafe.index(trees.tree(tmp_path, f"{folder}/Fort/01-J-2-1.wav"), said.append).empty
    assert "but its name says happy" in said[0].what


def test_a_folder_whose_name_is_no_utf_8_is_named_and_the_rest_goes_on(tmp_path, said):
    trees.tree(tmp_path / "D" / "Fort", "04-D-2-6.wav")
    try:
        (tmp_path / "D").rename(str(tmp_path / "D") + "\udc82go\udc96t")  # as unzip leaves a name of code page 437
    except OSError:
        pytest.skip("this file system keeps no such names")
    trees.tree(tmp_path, "Joie/Fort/12-J-2-1.wav")
    assert cafe.index(tmp_path, said.append)["stimulus"].tolist() == ["cafe_12-J-2-1"]
    assert "'D\\x82go\\x96t' is no UTF-8" in said[0].what


def test_savee_tells_sad_and_surprised_from_each_other_in_both_ways_of_naming(tmp_path, said):
    stimuli = savee.index(trees.savee(tmp_path), said.append)
    assert not said
    wanted = {
        "a01": "angry",
        "d15": "disgusted",
        "f02": "fearful",
        "h03": "happy",
        "n30": "neutral",
        "sa01": "sad",
        "su15": "surprised",
    }
    assert {id_: row["truth"] for id_, row in rows(stimuli).items()} == {
        f"savee_{speaker}_{code}": truth for speaker in ("DC", "KL") for code, truth in wanted.items()
    }


def test_the_folder_of_one_speaker_of_savee_can_be_indexed_alone_and_a_clip_of_nobody_cannot(tmp_path, said):
    root = trees.savee(tmp_path)
    assert set(savee.index(root / "AudioData" / "DC", said.append)["speaker"]) == {"DC"}
    assert savee.index(trees.tree(tmp_path / "x", "a01.wav"), said.append).empty
    assert "does not tell the speaker" in said[-1].what


def test_tess_is_taken_once_though_it_is_nested_twice(tmp_path, said):
    stimuli = tess.index(trees.tess(tmp_path), said.append)
    assert len(stimuli) == 8
    assert [p.why for p in said if isinstance(p, LeftOut)] == ["copy"] * 8
    found = rows(stimuli)
    assert found["tess_OAF_bite_neutral"]["file"].endswith("OA_bite_neutral.wav")
    assert found["tess_OAF_back_ps"]["truth"] == found["tess_YAF_back_ps"]["truth"] == "surprised"
    assert set(stimuli["gender"]) == {"female"}


def test_the_missing_clips_of_tess_are_named_once_every_word_was_seen(tmp_path):
    words = [f"word{'abcdefghij'[n // 20]}{'abcdefghijklmnopqrst'[n % 20]}" for n in range(200)]
    trees.tree(tmp_path, *(f"OAF_{word}_sad.wav" for word in words))
    stimuli = tess.index(tmp_path)
    [missing] = [f for f in survey(tess.CORPUS, tmp_path, stimuli, []) if f.kind == "missing"]
    assert missing.what.startswith("2600 of 2800 clips")
    assert "tess_OAF_wordaa_angry" in missing.what


def test_shemo_keeps_both_sets_of_labels_apart(tmp_path, said):
    stimuli = shemo.index(trees.shemo(tmp_path), said.append)
    assert not said
    assert told(stimuli, "stimulus", "speaker", "gender", "truth", "truth_modified") == [
        ["shemo_F05A102", "F05", "female", "angry", "sad"],
        ["shemo_F21N05", "F21", "female", "neutral", "neutral"],
        ["shemo_M01F01", "M01", "male", "fearful", "fearful"],
        ["shemo_M01W02", "M01", "male", "surprised", ""],
        ["shemo_M33S11", "M33", "male", "sad", ""],
    ]


def test_a_revision_of_shemo_that_cannot_be_read_is_told_of(tmp_path, said):
    root = trees.shemo(tmp_path)
    (root / "modified_shemo.json").write_text('{"F21N05.wav": {"emotion": "hungry"}}')
    assert len(shemo.index(root, said.append)) == 5
    assert "cannot be read: KeyError 'hungry'" in said[0].what


def test_subesco_reads_the_name_with_the_bracket_and_tells_a_woman_from_a_man_of_her_number(tmp_path, said):
    stimuli = subesco.index(trees.subesco(tmp_path), said.append)
    assert not said
    assert told(stimuli, "stimulus", "speaker", "truth", "sentence", "take", "sample_rate") == [
        ["subesco_F_02_MONIKA_S_10_ANGRY_1", "F_02", "angry", "10", "1", "16000"],
        ["subesco_F_02_MONIKA_S_2_SURPRISE_3", "F_02", "surprised", "2", "3", "16000"],
        ["subesco_M_02_TITO_S_1_DISGUST_5", "M_02", "disgusted", "1", "5", "16000"],
        ["subesco_M_02_TITO_S_1_NEUTRAL_1", "M_02", "neutral", "1", "1", "44100"],
    ]


def test_subesco_with_the_bracket_mended_beside_the_original_is_one_clip(tmp_path, said):
    trees.tree(tmp_path, "F_02_MONIKA_S_2_SURPRISE_3].wav", "F_02_MONIKA_S_2_SURPRISE_3.wav")
    assert len(subesco.index(tmp_path, said.append)) == 1
    assert "has the same name" in said[0].what


def test_an_utterance_of_thai_ser_is_one_in_every_microphone_and_all_have_its_votes(tmp_path, said):
    stimuli = thaiser.index(trees.thaiser(tmp_path), said.append)
    found = rows(stimuli)
    same = [found[f"thaiser_s001_{mic}_actor001_impro1_1"] for mic in ("con", "clip", "middle")]
    assert {row["utterance"] for row in same} == {"s001_actor001_impro1_1"}
    names = ("truth", "majority", "agreement", "votes", "gender", "speaker_age", "style", "speaker")
    assert {tuple(row[n] for n in names) for row in same} == {
        ("angry", "angry", "0.75", "angry;angry+frustrated;neutral", "female", "23", "improvised", "001")
    }
    assert [row["mic"] for row in same] == ["con", "clip", "middle"]
    assert [p.what for p in said] == ["stands in no emotion_label.json, and its name does not tell what was acted"]


def test_thai_ser_keeps_what_most_papers_drop_and_reads_scripted_names_without_a_label(tmp_path, said):
    found = rows(thaiser.index(trees.thaiser(tmp_path), said.append))
    zoom = found["thaiser_z001_mic_actor162_script2_1_5c"]
    assert [zoom[n] for n in ("truth", "majority", "agreement", "sentence", "votes")] == [
        "frustrated", "", "0.4", "script2-1", "sad;frustrated;",
    ]  # fmt: skip
    unlabelled = found["thaiser_s001_middle_actor002_script1_2_3b"]
    assert [unlabelled[n] for n in ("truth", "majority", "votes", "gender")] == ["happy", "", "", ""]


def test_thai_ser_misses_what_its_own_table_names(tmp_path, said):
    root = trees.thaiser(tmp_path)
    stimuli = thaiser.index(root, said.append)
    [missing] = [f for f in survey(thaiser.CORPUS, root, stimuli, said) if f.kind == "missing"]
    assert missing.what == "1 of 3 clips (thaiser_s001_con_actor001_impro1_2)"


def test_crema_ds_clips_have_the_ids_of_its_votes_and_the_wav_file_is_taken(tmp_path, said):
    stimuli = cremad.index(trees.cremad(tmp_path), said.append)
    assert told(stimuli, "stimulus", "truth", "level", "gender", "speaker_age") == [
        ["1001_IEO_ANG_HI", "angry", "high", "male", "51"],
        ["1002_DFA_NEU_XX", "neutral", "unspecified", "female", "21"],
        ["1040_ITH_SAD_XX", "sad", "unspecified", "", ""],
    ]
    assert stimuli["file"].str.startswith("AudioWAV/").all()
    assert sorted((p.why, p.file.name) for p in said) == [
        ("copy", "1001_IEO_ANG_HI.mp3"), ("unreadable", "1003_TIE_FEA_XX.wav"),
    ]  # fmt: skip
    assert any("git lfs pull" in p.what for p in said)


def test_crema_ds_clips_and_its_imported_votes_are_the_same_stimuli(shared, tmp_path, monkeypatch):
    from listening_tests.importers import cremad as votes
    from listening_tests.importers._importer import Options

    imported = votes.read(shared / "listeners" / "CREMA-D", Options()).tables.stimuli.set_index("stimulus")
    stimuli = cremad.index(trees.cremad(tmp_path))
    alike = ["corpus", "language", "speaker", "truth", "sentence", "level"]
    assert imported.loc[stimuli["stimulus"], alike].to_numpy().tolist() == stimuli[alike].to_numpy().tolist()


def test_the_swapped_key_of_emotiontts_is_put_right_and_the_published_one_kept(tmp_path, said):
    stimuli = emotiontts.index(trees.emotiontts(tmp_path), said.append)
    assert not said
    assert told(stimuli, "stimulus", "truth", "truth_published", "sentence") == [
        ["emotiontts_neo00400", "angry", "sad", "angry-100"],
        ["emotiontts_ema00001", "neutral", "neutral", "plain-001"],
        ["emotiontts_ema00100", "neutral", "neutral", "plain-100"],
        ["emotiontts_ema00101", "happy", "happy", "plain-001"],
        ["emotiontts_ema00201", "sad", "angry", "plain-001"],
        ["emotiontts_ema00301", "angry", "sad", "plain-001"],
    ]
    assert rows(stimuli)["emotiontts_ema00001"]["text"] == "오월 십칠일"


def test_turev_stays_calm(tmp_path, said):
    assert told(turev.index(trees.turev(tmp_path), said.append), "speaker", "truth", "sentence") == [
        ["1157", "angry", "kustah"], ["1234", "calm", "acik"], ["1234", "happy", "acik"], ["7895", "sad", "gicik"],
    ]  # fmt: skip


def test_nemo_reports_the_rows_without_sound_and_strips_its_speakers(tmp_path, said):
    root = trees.nemo(tmp_path)
    stimuli = nemo.index(root, said.append)
    assert not said
    assert told(stimuli, "stimulus", "speaker", "truth", "text", "speaker_age") == [
        ["nemo_EB0_anger_1", "EB0", "angry", "Ucho.", "23"],
        ["nemo_WR0_surprised_64", "WR0", "surprised", "Ucho.", "23"],
    ]
    [missing] = [f for f in survey(nemo.CORPUS, root, stimuli, said) if f.kind == "missing"]
    assert "nemo_EB0_fear_2, nemo_EB0_fear_3" in missing.what


def test_a_clip_that_nemos_table_does_not_know_or_contradicts_is_left_out(tmp_path, said):
    root = trees.nemo(tmp_path)
    trees.tree(root / "samples", "EB0_anger_2.wav", "EB0_fear_2.wav")
    table = (root / "data.tsv").read_text().replace("EB0_fear_2.wav\tfear", "EB0_fear_2.wav\tsadness")
    (root / "data.tsv").write_text(table)
    assert len(nemo.index(root, said.append)) == 2
    assert sorted(p.what for p in said) == [
        "is of EB0 (sadness) by data.tsv, and not of EB0 (fear)",
        "stands in no data.tsv",
    ]


@pytest.mark.parametrize("name", ["nemo", "shemo", "thaiser", "cremad"])
@pytest.mark.parametrize("content", [b"\xff\xfe", b"{", b"[]", b'{"a": 1}', b'{"a": []}', b"\0\0", b""])
def test_a_corpuss_own_table_that_is_none_never_stops_the_index(name, content, tmp_path, said):
    root = getattr(trees, name)(tmp_path)
    files = {
        "nemo": "data.tsv",
        "shemo": "modified_shemo.json",
        "thaiser": "emotion_label.json",
        "cremad": "VideoDemographics.csv",
    }
    (root / files[name]).write_bytes(content)
    stimuli = CORPORA[name].index(root, said.append)
    assert len(stimuli) + len(said) >= 2
    assert survey(CORPORA[name], root, stimuli, said) is not None


def test_video_and_actors_that_ravdess_does_not_have_are_left_out(tmp_path, said):
    trees.tree(tmp_path, "02-01-05-01-01-01-01.wav", "03-01-05-01-01-01-25.wav", "03-01-05-01-01-01-24.wav")
    assert ravdess.index(tmp_path, said.append)["speaker"].tolist() == ["24"]
    assert [p.what for p in said] == ["is video without sound", "is of actor 25; RAVDESS has 24"]


def test_an_actors_table_of_thai_ser_that_is_none_is_told_of(tmp_path, said):
    root = trees.thaiser(tmp_path)
    (root / "actor_demography.json").write_text(json.dumps({"data": [{"Age": 3}]}))
    assert set(thaiser.index(root, said.append)["gender"]) == {""}
    assert any(p.file == root / "actor_demography.json" for p in said)
