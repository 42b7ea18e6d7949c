"""ESD, PAVOQUE, IEMOCAP and ZED, read from trees with their true names and their awkward cases."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser_core.corpora import esd, iemocap, pavoque, zed
from ser_core.errors import BadInput, Problem
from ser_core.ratings import STIMULI, read_table, to_csv
from tests.ser_core import corpus_trees as trees
from tests.ser_core.voices import clip


@pytest.fixture
def said() -> list[Problem]:
    return []


@pytest.mark.parametrize("name", ["esd", "pavoque", "iemocap", "zed"])
def test_the_index_is_a_valid_table_and_the_same_each_time(name, tmp_path):
    corpus = {"esd": esd, "pavoque": pavoque, "iemocap": iemocap, "zed": zed}[name]
    root = getattr(trees, name)(tmp_path / "corpus")
    first, second = corpus.index(root), corpus.index(root)
    assert to_csv(first) == to_csv(second)
    (tmp_path / "stimuli.csv").write_text(to_csv(first), encoding="utf-8")
    again = read_table(tmp_path / "stimuli.csv", STIMULI)
    assert again["stimulus"].is_unique
    assert all((root / file).is_file() for file in again["file"])


# --- ESD -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "language", "truth", "gender", "sentence", "split"),
    [
        ("0001/Neutral/0001_000001.wav", "cmn", "neutral", "female", "cmn-001", ""),
        ("0004/Neutral/0004_000350.wav", "cmn", "neutral", "male", "cmn-350", ""),
        ("0010/Angry/train/0010_000351.wav", "cmn", "angry", "male", "cmn-001", "train"),
        ("0011/Happy/evaluation/0011_000702.wav", "en", "happy", "male", "en-002", "evaluation"),
        ("0019/Sad/test/0019_001400.wav", "en", "sad", "female", "en-350", "test"),
        ("Emotion Speech Dataset/0020/Surprise/0020_001750.wav", "en", "surprised", "male", "en-350", ""),
        ("0002_000777.wav", "cmn", "happy", "female", "cmn-077", ""),  # flat, as in the lists of Han 2025's code
    ],
)
def test_esd_tells_all_by_number_and_speaker(tmp_path, path, language, truth, gender, sentence, split):
    clip(tmp_path / path, "sad")
    [row] = esd.index(tmp_path).to_dict("records")
    assert [row[n] for n in ("language", "truth", "gender", "sentence", "split")] == [
        language,
        truth,
        gender,
        sentence,
        split,
    ]
    assert row["stimulus"] == f"esd_{Path(path).stem}"
    assert row["speaker"] == Path(path).stem[:4]


def test_one_sentence_of_esd_has_one_name_in_every_emotion_and_of_every_speaker_of_the_language(tmp_path):
    for name in ("0001_000007", "0001_000357", "0009_001407"):
        clip(tmp_path / f"{name}.wav", "sad")
    assert set(esd.index(tmp_path)["sentence"]) == {"cmn-007"}


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("0001/Angry/0001_000350.wav", "lies in the folder Angry, but its number 350 is one of Neutral"),
        ("0002/Angry/0001_000351.wav", "lies in the folder of speaker 0002"),
        ("0001/Surprise/0001_001751.wav", "has the number 1751"),
        ("0001/Neutral/0001_000000.wav", "has the number 0"),
        ("0021/Neutral/0021_000001.wav", "is not named as esd"),
    ],
)
def test_a_clip_of_esd_that_contradicts_itself_is_left_out_with_the_reason(tmp_path, said, path, says):
    clip(tmp_path / path, "sad")
    assert esd.index(tmp_path, said.append).empty
    assert says in said[0].what


def test_both_releases_of_esd_in_one_folder_give_each_clip_once(tmp_path, said):
    clip(tmp_path / "0001" / "Angry" / "0001_000351.wav", "angry")
    clip(tmp_path / "0001" / "Angry" / "evaluation" / "0001_000351.wav", "angry")
    clip(tmp_path / "__MACOSX" / "0001" / "Angry" / "._0001_000351.wav", "angry")
    assert len(esd.index(tmp_path, said.append)) == 1
    assert ["has the same name" in p.what for p in said] == [True]


# --- PAVOQUE ---------------------------------------------------------------------------------------------------------


def test_pavoque_is_cut_from_its_long_recordings_to_the_sample(tmp_path):
    root = trees.pavoque(tmp_path, per_style=3, styles=["sad"])
    stimuli = pavoque.index(root)
    assert stimuli["file"].tolist() == [f"cut/{n}-sad.flac" for n in ("m0001", "m0001a", "m0002", "m0003", "obadiah0001")]
    whole, rate = soundfile.read(root / "pavoque-sad.flac", dtype="int32")
    cut, cut_rate = soundfile.read(root / "cut" / "m0002-sad.flac", dtype="int32")  # third in the recording
    assert rate == cut_rate == 44_100
    assert np.array_equal(cut, whole[8820:13230])
    assert soundfile.info(root / "cut" / "m0002-sad.flac").subtype == "PCM_24"
    assert stimuli["text"].tolist()[2] == "Satz m0002: Ja."


def test_a_take_of_pavoque_keeps_its_sentence_and_a_style_that_is_no_emotion_has_no_truth(tmp_path):
    root = trees.pavoque(tmp_path, per_style=1, styles=["angry", "poker"])
    rows = {row["stimulus"]: row for row in pavoque.index(root).to_dict("records")}
    take = rows["pavoque_m0001a-angry"]
    assert (take["sentence"], take["take"], take["truth"], take["script"]) == ("m0001", "a", "angry", "read")
    assert rows["pavoque_spike0001-angry"]["script"] == "role"
    assert rows["pavoque_m0001-poker"]["truth"] == ""  # the prompt's letter is not the style
    assert rows["pavoque_poker_n0001-poker"]["script"] == "role"
    assert {row["speaker"] for row in rows.values()} == {"roettig"}


def test_cuts_that_pavoques_own_build_made_are_taken_and_not_made_again(tmp_path, said):
    root = trees.pavoque(tmp_path, per_style=1, styles=["happy"])
    clip(root / "build" / "wav" / "m0001-happy.wav", "happy")
    stimuli = pavoque.index(root, said.append)
    assert not said
    assert stimuli["file"].tolist() == ["build/wav/m0001-happy.wav", "cut/m0001a-happy.flac", "cut/poppy0001-happy.flac"]
    made = (root / "cut" / "m0001a-happy.flac").stat().st_mtime_ns
    pavoque.index(root)
    assert (root / "cut" / "m0001a-happy.flac").stat().st_mtime_ns == made


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ("- prompt: m0001\n  file: ./pavoque/m0001.wav\n  style: sad\n", "release v0.2"),
        ("- {prompt: m0001, style: sad, start: 0.2, end: 0.1}\n", "none that can be cut"),
        ("- {prompt: ../m0001, style: sad, start: 0.0, end: 0.1}\n", "none that can be cut"),
        ("- {prompt: m0001, style: sad, start: 0.0, end: 99}\n", "before 'm0001-sad' does"),
        ("- {prompt: [", "cannot be read"),
        ("- just words\n", "lacks its prompt"),
    ],
)
def test_a_table_of_pavoque_that_cannot_be_followed_is_told_of(tmp_path, said, entries, says):
    root = trees.pavoque(tmp_path, per_style=1, styles=["sad"])
    (root / "pavoque-sad.yaml").write_text(entries)
    assert pavoque.index(root, said.append).empty
    assert says in said[0].what
    assert not list(root.rglob("*m0001*"))


def test_a_corpus_on_a_disk_that_cannot_be_written_is_refused_in_words(tmp_path):
    root = trees.pavoque(tmp_path, per_style=1, styles=["sad"])
    (root / "cut").write_text("a file where the folder should be")
    with pytest.raises(BadInput, match="copy the corpus first"):
        pavoque.index(root)


# --- IEMOCAP ---------------------------------------------------------------------------------------------------------


def iemocap_tree(root: Path, labels: dict[str, str]) -> Path:
    """Utterance -> code; the tables lie as in the release."""
    for name, code in labels.items():
        dialogue = name.rpartition("_")[0]
        session = root / f"Session{name[4]}"
        clip(session / "sentences" / "wav" / dialogue / f"{name}.wav", "sad")
        table = session / "dialog" / "EmoEvaluation" / f"{dialogue}.txt"
        table.parent.mkdir(parents=True, exist_ok=True)
        with table.open("a") as file:
            file.write(f"[6.2901 - 8.2357]\t{name}\t{code}\t[2.5000, 2.5000, 2.5000]\nC-E2:\tNeutral;\t()\n")
    return root


def test_the_speaker_of_iemocap_is_the_last_letter_and_not_the_side_with_the_markers(tmp_path):
    root = iemocap_tree(
        tmp_path, {"Ses01F_impro01_M003": "neu", "Ses05M_script01_1b_F012": "ang", "Ses02F_script03_2_F041": "fru"}
    )
    rows = {row["stimulus"]: row for row in iemocap.index(root).to_dict("records")}
    names = ("speaker", "gender", "truth", "style", "session", "dialogue")
    assert [rows["iemocap_Ses01F_impro01_M003"][n] for n in names] == [
        "1M", "male", "neutral", "improvised", "1", "Ses01F_impro01",
    ]  # fmt: skip
    assert [rows["iemocap_Ses05M_script01_1b_F012"][n] for n in names] == [
        "5F", "female", "angry", "scripted", "5", "Ses05M_script01_1b",
    ]  # fmt: skip
    assert rows["iemocap_Ses02F_script03_2_F041"]["truth"] == "frustrated"


def test_excited_stays_apart_from_happy_and_no_agreement_is_no_truth(tmp_path):
    codes = ["ang", "hap", "exc", "sad", "neu", "fru", "fea", "sur", "dis", "xxx", "oth"]
    root = iemocap_tree(tmp_path, {f"Ses03M_impro04_F{n:03d}": code for n, code in enumerate(codes)})
    stimuli = iemocap.index(root)
    assert dict(zip(stimuli["code"], stimuli["truth"], strict=True)) == {**iemocap.LABELS, "xxx": "", "oth": ""}


def test_what_single_raters_said_macs_twins_and_whole_dialogues_are_no_labels_and_no_clips(tmp_path, said):
    root = iemocap_tree(tmp_path, {"Ses01F_impro01_F000": "sad"})
    evaluation = root / "Session1" / "dialog" / "EmoEvaluation"
    (evaluation / "Categorical").mkdir()
    (evaluation / "Categorical" / "Ses01F_impro01_e2_cat.txt").write_text(
        "[1.0 - 2.0]\tSes01F_impro01_F000\tang\t[1, 1, 1]\n"
    )
    (evaluation / "._Ses01F_impro01.txt").write_bytes(b"\x00\x05\x16\x07[1.0 - 2.0]\tSes01F_impro01_F000\tang\t")
    clip(root / "Session1" / "dialog" / "wav" / "Ses01F_impro01.wav", "sad")
    clip(root / "Session1" / "dialog" / "wav" / "Ses01M_script01_1b.wav", "happy")
    clip(root / "Session1" / "sentences" / "wav" / "Ses01F_impro01" / "._Ses01F_impro01_F000.wav", "sad")
    clip(root / "Session1" / "sentences" / "wav" / "Ses01F_impro01" / "Ses01F_impro01_F001.wav", "sad")
    assert iemocap.index(root, said.append)[["stimulus", "truth"]].to_numpy().tolist() == [
        ["iemocap_Ses01F_impro01_F000", "sad"]
    ]
    assert ["2 recordings of whole dialogues" in said[0].what, "stands in no table" in said[1].what] == [True, True]
    assert len(said) == 2


def test_the_generated_tree_has_the_clips_it_should_have(tmp_path):
    stimuli = iemocap.index(trees.iemocap(tmp_path, sessions=[4], per_emotion=3))
    assert Counter(stimuli["code"]) == {"ang": 8, "neu": 8, "sad": 8, "hap": 4, "exc": 4}
    assert Counter(stimuli["speaker"]) == {"4F": 16, "4M": 16}


# --- ZED -------------------------------------------------------------------------------------------------------------


def zed_tree(root: Path, entries: dict[str, object], *, seconds: float = 0.5) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for id_ in entries:
        clip(root / "wavs" / f"{id_}.wav", "sad", seconds=seconds)
    (root / "ZED.json").write_text(json.dumps(entries))
    return root


def entry(id_: str, *parts: tuple[str, float, float]) -> dict[str, object]:
    emotions = [{"emo": emo, "start": start, "end": end} for emo, start, end in parts]
    return {"wav": f"datafolder/wavs/{id_}.wav", "duration": 0.5, "emotion": emotions, "transcription": "so  what"}


def test_zed_tells_where_the_emotion_is_heard(tmp_path):
    root = zed_tree(tmp_path / "a" / "ZED", {"spk12_2": entry("spk12_2", ("happy", 0.1, 0.35))})
    [row] = zed.index(tmp_path).to_dict("records")
    assert row["stimulus"] == "zed_spk12_2"
    assert row["speaker"] == "spk12"
    assert (row["truth"], row["truth_start_s"], row["truth_end_s"]) == ("happy", 0.1, 0.35)
    assert (row["text"], row["language"]) == ("so what", "en")
    assert (tmp_path / row["file"]).samefile(root / "wavs" / "spk12_2.wav")


def test_an_end_a_few_frames_after_the_clip_is_the_clips_end_and_a_later_one_is_refused(tmp_path, said):
    entries = {"spk1_1": entry("spk1_1", ("sad", 0.2, 0.52)), "spk2_1": entry("spk2_1", ("sad", 0.2, 0.7))}
    stimuli = zed.index(zed_tree(tmp_path, entries), said.append)
    assert stimuli[["stimulus", "truth_end_s"]].to_numpy().tolist() == [["zed_spk1_1", 0.5]]
    assert "its emotion is said to end at 0.7 s" in said[0].what


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (entry("spk1_1", ("sad", 0.1, 0.2), ("angry", 0.3, 0.4)), "has 2 emotions"),
        (entry("spk1_1"), "has 0 emotions"),
        (entry("spk1_1", ("surprised", 0.1, 0.2)), "has the emotion 'surprised'"),
        (entry("spk1_1", ("sad", 0.3, 0.2)), "not possible"),
        ({"wav": "datafolder/wavs/spk1_1.wav"}, "'spk1_1' cannot be read: KeyError"),
        (entry("spk9_9", ("sad", 0.1, 0.2)), "no such file"),
    ],
)
def test_an_entry_of_zed_that_we_cannot_hold_is_left_out_with_the_reason(tmp_path, said, told, says):
    assert zed.index(zed_tree(tmp_path, {"spk1_1": told}), said.append).empty
    assert any(says in problem.what for problem in said)


@pytest.mark.parametrize("content", ["{", "[]", "\xff"])
def test_a_zed_json_that_is_none_is_told_of(tmp_path, said, content):
    (tmp_path / "ZED.json").write_text(content, encoding="latin-1")
    assert zed.index(tmp_path, said.append).empty
    assert said[0].file == tmp_path / "ZED.json"
