"""Every corpus keeps the contract; those whose real clips are at hand are checked against the manifest beside them."""

from __future__ import annotations

import csv
import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser_core import languages, ratings
from ser_core.cli import main
from ser_core.corpora import emodb, emotiontts, nemo, own, ravdess, turev, urdu
from ser_core.corpora._corpus import Corpus
from ser_core.corpora._survey import KINDS
from ser_core.emotions import EMOTIONS, canonical
from ser_core.errors import BadInput, Problem
from ser_core.registry import discover

CORPORA: dict[str, Corpus] = discover("ser_core.corpora", "CORPUS")
REAL = [
    ("RAVDESS", ravdess), ("EMO-DB_altered", emodb), ("EMO-DB_original_7", emodb), ("EmotionTTS_KO", emotiontts),
    ("TurEV-DB", turev), ("URDU", urdu), ("nEMO", nemo),
]  # fmt: skip


def a_clip(path: Path, level: float = 0.5) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(path.name))
    soundfile.write(path, level * rng.uniform(-1, 1, 4000), 16_000)
    return path


@pytest.mark.parametrize("name", CORPORA)
def test_a_corpus_says_what_may_be_done_with_it_and_how_to_get_it(name):
    corpus = CORPORA[name]
    assert isinstance(corpus, Corpus)
    assert all([corpus.title, corpus.licence, corpus.obtain, corpus.layout])
    assert all(languages.is_tag(tag) for tag in corpus.languages)
    assert corpus.citation or not corpus.languages


@pytest.mark.parametrize("name", [n for n in CORPORA if n != "own"])
def test_a_corpus_stands_in_the_document_as_it_describes_itself(name):
    corpus = CORPORA[name]
    assert corpus.whole
    clips = corpus.whole.clips or "its table says"
    row = f"| `{name}` | {corpus.title} | {' '.join(corpus.languages)} | {clips} | {corpus.licence} |"
    assert row in (Path(__file__).parents[2] / "docs" / "corpora.md").read_text(encoding="utf-8")


def test_every_kind_of_finding_stands_in_the_document():
    document = (Path(__file__).parents[2] / "docs" / "corpora.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"\n| {kind} |" not in document] == []


@pytest.mark.parametrize("name", CORPORA)
def test_the_command_tells_all_that_is_known_of_a_corpus(name, capsys):
    assert main("ser_core", ["corpora", name]) == 0
    said = " ".join(capsys.readouterr().out.split())
    corpus = CORPORA[name]
    for fact in (corpus.title, corpus.licence, corpus.citation, corpus.obtain, corpus.layout, *corpus.remarks):
        assert " ".join(fact.split()) in said
    assert all(f"{code} = {label}" in said for code, label in corpus.label_map.items())


def test_a_corpus_that_is_none_is_refused_with_the_nearest(capsys):
    assert main("ser_core", ["corpora", "ravdes"]) == 2
    assert "Did you mean 'ravdess'?" in capsys.readouterr().err


@pytest.mark.parametrize("name", CORPORA)
def test_a_corpus_maps_its_codes_onto_canonical_emotions(name):
    assert set(CORPORA[name].label_map.values()) <= set(EMOTIONS)


@pytest.mark.parametrize("name", [n for n in CORPORA if n != "own"])
def test_a_folder_without_the_corpus_gives_an_empty_table_and_names_what_it_saw(name, tmp_path):
    a_clip(tmp_path / "holiday.wav")
    seen: list[Problem] = []
    stimuli = CORPORA[name].index(tmp_path, seen.append)
    assert len(stimuli) == 0
    assert [p.file for p in seen] == [tmp_path / "holiday.wav"]


@pytest.mark.parametrize(("folder", "corpus"), REAL)
def test_the_index_of_a_real_corpus_is_what_its_manifest_says(shared, folder, corpus):
    root = shared / "corpora" / folder
    with (root / "MANIFEST.csv").open(encoding="utf-8") as file:
        manifest = {row["path"]: row for row in csv.DictReader(file)}
    problems: list[Problem] = []
    stimuli = corpus.index(root, problems.append)
    assert not problems
    assert set(stimuli["file"]) == set(manifest)
    for row in stimuli.to_dict("records"):
        wanted = manifest[row["file"]]
        names = ("language", "speaker", "gender", "sha256")
        assert [row[n] for n in names] == [wanted[n] for n in names]
        assert row["truth"] == canonical(wanted["emotion"])  # it says "fear" for one of them
        assert row["duration_s"] == pytest.approx(float(wanted["seconds"]), abs=1e-4)
        assert (row["sample_rate"], row["channels"]) == (wanted["sample_rate"], wanted["channels"])


def test_the_label_key_that_emotiontts_publishes_is_kept_beside_the_one_that_its_manifest_says_is_right(shared):
    root = shared / "corpora" / "EmotionTTS_KO"
    with (root / "MANIFEST.csv").open(encoding="utf-8") as file:
        published = {row["path"]: row["emotion_in_source_readme"] for row in csv.DictReader(file)}
    stimuli = emotiontts.index(root)
    assert dict(zip(stimuli["file"], stimuli["truth_published"], strict=True)) == published
    assert (stimuli["truth"] != stimuli["truth_published"]).sum() == 150


def test_what_is_said_stands_beside_real_korean_and_polish_speech(shared):
    korean, polish = emotiontts.index(shared / "corpora" / "EmotionTTS_KO"), nemo.index(shared / "corpora" / "nEMO")
    assert (korean["text"] != "").all()
    assert not korean["text"].str.startswith("\ufeff").any()
    assert polish.groupby("sentence")["text"].nunique().max() == 1


@pytest.mark.parametrize(("folder", "corpus"), REAL)
def test_the_index_of_a_real_corpus_is_a_valid_table_and_the_same_each_time(shared, folder, corpus, tmp_path):
    first = corpus.index(shared / "corpora" / folder)
    second = corpus.index(shared / "corpora" / folder)
    assert ratings.to_csv(first) == ratings.to_csv(second)
    (tmp_path / "stimuli.csv").write_text(ratings.to_csv(first))
    assert ratings.read_table(tmp_path / "stimuli.csv", ratings.STIMULI)["stimulus"].is_unique


def test_an_adapter_does_not_read_the_manifest(shared, tmp_path):
    shutil.copytree(shared / "corpora" / "EMO-DB_original_7" / "wav", tmp_path / "wav")
    assert sorted(emodb.index(tmp_path)["truth"]) == sorted(
        ["angry", "bored", "disgusted", "fearful", "happy", "sad", "neutral"]
    )


def test_every_emotion_of_ravdess_is_told_by_its_number(tmp_path):
    wanted = ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgusted", "surprised"]
    for code in range(1, 9):
        a_clip(tmp_path / "Actor_02" / f"03-01-0{code}-01-02-01-02.wav")
    stimuli = ravdess.index(tmp_path)
    assert stimuli["truth"].tolist() == wanted
    assert set(stimuli["gender"]) == {"female"}


def test_song_a_second_copy_and_a_foreign_name_are_left_out_with_the_reason(tmp_path):
    a_clip(tmp_path / "Actor_01" / "03-01-05-01-01-01-01.wav")
    a_clip(tmp_path / "Actor_01" / "03-02-05-01-01-01-01.wav")
    a_clip(tmp_path / "again" / "Actor_01" / "03-01-05-01-01-01-01.wav")
    a_clip(tmp_path / "Actor_01" / "03-01-09-01-01-01-01.wav")
    a_clip(tmp_path / "Actor_01" / "._03-01-05-01-01-01-01.wav")
    problems: list[Problem] = []
    assert ravdess.index(tmp_path, problems.append)["file"].tolist() == ["Actor_01/03-01-05-01-01-01-01.wav"]
    said = [p.what for p in problems]
    assert len(said) == 3
    assert any("song" in what for what in said)
    assert any("same name" in what for what in said)
    assert any("is not named as ravdess" in what for what in said)


def test_a_silent_and_a_broken_clip_are_left_out_with_the_reason_and_the_rest_goes_on(tmp_path):
    a_clip(tmp_path / "wav" / "03a01Fa.wav")
    a_clip(tmp_path / "wav" / "03a01Wa.wav", level=0)
    (tmp_path / "wav" / "03a01Ta.wav").write_bytes(b"")
    problems: list[Problem] = []
    assert emodb.index(tmp_path, problems.append)["stimulus"].tolist() == ["emodb_03a01Fa"]
    assert sorted(p.file.name for p in problems) == ["03a01Ta.wav", "03a01Wa.wav"]


def test_what_nobody_asked_to_hear_of_is_logged(tmp_path, caplog):
    a_clip(tmp_path / "holiday.wav")
    emodb.index(tmp_path)
    assert "holiday.wav" in caplog.text


def own_folder(tmp_path: Path, *rows: str, header: str = "stimulus,file,language,truth") -> Path:
    (tmp_path / "stimuli.csv").write_text("\n".join([header, *rows]) + "\n")
    return tmp_path


def test_own_clips_get_their_length_and_hash_and_the_name_of_their_folder(tmp_path):
    clip = a_clip(tmp_path / "clips" / "1.wav")
    row = own.index(own_folder(tmp_path, "007,clips/1.wav,cmn-x-tianjin,angry")).iloc[0]
    assert (row["stimulus"], row["language"], row["corpus"]) == ("007", "cmn-x-tianjin", tmp_path.name)
    assert row["duration_s"] == 0.25
    assert row["sha256"] == hashlib.sha256(clip.read_bytes()).hexdigest()


def test_own_clips_that_cannot_be_heard_are_left_out_and_the_rest_goes_on(tmp_path):
    a_clip(tmp_path / "1.wav")
    problems: list[Problem] = []
    stimuli = own.index(own_folder(tmp_path, "a,1.wav,de,sad", "b,2.wav,de,sad", "c,,de,sad"), problems.append)
    assert stimuli["stimulus"].tolist() == ["a"]
    assert len(problems) == 2


def test_an_own_clip_that_was_exchanged_after_it_was_hashed_is_left_out(tmp_path):
    a_clip(tmp_path / "1.wav")
    root = own_folder(tmp_path, f"a,1.wav,de,sad,{'0' * 64}", header="stimulus,file,language,truth,sha256")
    problems: list[Problem] = []
    assert len(own.index(root, problems.append)) == 0
    assert "has changed" in problems[0].what
    assert problems[0].line == 2


def test_a_wrong_table_of_own_clips_is_refused(tmp_path):
    with pytest.raises(BadInput, match="unknown emotion"):
        own.index(own_folder(tmp_path, "a,1.wav,de,angryy"))
