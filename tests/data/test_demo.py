"""The committed demo clips are what their tables and their README say; nothing here needs espeak-ng but the last test."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import soundfile

from ser_core.ratings import STIMULI

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
FOLDERS = {"study": DEMO, "training": DEMO / "training"}
EMOTIONS = {"angry", "happy", "neutral", "sad"}


@cache
def table(part: str) -> pd.DataFrame:
    data = pd.read_csv(FOLDERS[part] / "stimuli.csv", dtype=str, keep_default_na=False)
    return data.assign(path=[FOLDERS[part] / file for file in data["file"]], duration_s=data["duration_s"].astype(float))


@cache
def both() -> pd.DataFrame:
    return pd.concat([table("study"), table("training")], ignore_index=True)


@cache
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("demo_make", DEMO / "make.py")
    assert spec
    assert spec.loader
    module = sys.modules["demo_make"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("part", FOLDERS)
def test_every_file_is_in_its_table_with_its_hash_and_length(part: str) -> None:
    rows = table(part)
    assert {p.name for p in (FOLDERS[part] / "clips").iterdir()} == {p.name for p in rows["path"]}
    for row in rows.itertuples():
        assert hashlib.sha256(row.path.read_bytes()).hexdigest() == row.sha256
        info = soundfile.info(row.path)
        assert (info.format, info.subtype, info.channels, info.samplerate) == ("FLAC", "PCM_16", 1, 16000)
        assert row.duration_s == pytest.approx(info.frames / info.samplerate, abs=1e-4)
        assert (3.5 <= row.duration_s <= 6) if row.part == "mark" else (1.4 <= row.duration_s <= 3.5)


@pytest.mark.parametrize("part", FOLDERS)
def test_the_tables_have_the_columns_of_every_stimuli_table_and_four_more(part: str) -> None:
    own = ["part", "sentence", "gender", "synthetic"]
    assert table(part).columns.drop("path").tolist() == [*(c.name for c in STIMULI.columns), *own]
    assert set(table(part)["synthetic"]) == {"yes"}
    assert table(part)["gender"].isin(["female", "male"]).all()


def test_ids_are_unique_over_both_parts_and_tell_nothing_of_the_emotion() -> None:
    ids = both()["stimulus"]
    assert ids.is_unique
    assert ids.str.fullmatch(r"[ct]\d{3}").all()
    assert (both()["file"] == "clips/" + ids + ".flac").all()
    for _, rows in both().groupby("part"):  # dealt by lot: neighbours are alike about as often as chance has it, 1 in 4
        if len(rows) > 1:
            assert (rows["truth"] == rows["truth"].shift()).mean() < 0.4


def test_the_parts_hold_the_languages_and_clips_that_the_readme_names() -> None:
    study, training = table("study"), table("training")
    played = study[study["part"] == "test"]
    assert played["language"].value_counts().to_dict() == {"cmn": 12, "de": 12, "en": 12, "en-scotland": 8}
    assert training["language"].value_counts().to_dict() == {"cmn": 48, "de": 48, "en": 48}
    assert study["part"].value_counts().to_dict() == {"test": 44, "mark": 3, "practice": 1}
    assert set(training["part"]) == {"train"}


def test_each_emotion_is_spoken_equally_often_for_every_sentence_and_voice() -> None:
    rows = both()[both()["part"].isin(["test", "train"])]
    for _, clips in rows.groupby(["part", "speaker", "sentence"]):
        assert sorted(clips["truth"]) == sorted(EMOTIONS)


def test_test_and_training_share_neither_sentence_nor_voice() -> None:
    study, training = table("study"), table("training")
    assert not set(study["sentence"]) & set(training["sentence"])
    assert not set(study["speaker"]) & set(training["speaker"])
    variants = [set(rows["speaker"].str.rpartition("-")[2]) for rows in (study, training)]
    assert not variants[0] & variants[1]
    assert not set(study.loc[study["part"] == "practice", "sentence"]) & set(study.loc[study["part"] == "test", "sentence"])


def test_all_clips_together_are_at_most_five_megabytes() -> None:
    assert sum(p.stat().st_size for p in both()["path"]) <= 5_000_000


def test_no_file_carries_a_tag() -> None:
    for path in both()["path"]:
        assert [kind for kind, _ in flac_blocks(path)] == [
            0,
            4,
        ]  # STREAMINFO, and the comment block that libFLAC always writes
        comments = dict(flac_blocks(path))[4]
        vendor = int.from_bytes(comments[:4], "little")
        assert int.from_bytes(comments[4 + vendor : 8 + vendor], "little") == 0


def flac_blocks(path: Path) -> list[tuple[int, bytes]]:
    """Metadata blocks as the FLAC format (RFC 9639, section 8) lays them out: (type, content)."""
    content, at, blocks = path.read_bytes(), 4, []
    assert content[:4] == b"fLaC"
    while True:
        head, length = content[at], int.from_bytes(content[at + 1 : at + 4], "big")
        blocks.append((head & 0x7F, content[at + 4 : at + 4 + length]))
        at += 4 + length
        if head & 0x80:
            return blocks


def test_the_rules_give_every_emotion_and_say_joy_is_higher_and_anger_louder() -> None:
    rules = maker().RULES
    assert set(rules) == EMOTIONS
    assert rules["happy"].pitch_st > rules["angry"].pitch_st
    assert rules["angry"].level_db > rules["happy"].level_db


def test_the_same_clips_come_out_of_the_synthesiser_again() -> None:
    if (
        not shutil.which("espeak-ng")
        or "1.51 " not in subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True).stdout
    ):
        pytest.skip("no espeak-ng 1.51, which made the committed files")
    make = maker()
    study = table("study")
    rows = study[study["part"] != "mark"].set_index(["language", "sentence", "truth"])
    planned = make.study_part()
    assert len(planned) == len(rows)
    for clip in planned[::6]:
        row = rows.loc[(clip.language, clip.sentence, clip.emotion)]
        committed = soundfile.read(row["path"])[0]
        assert row["speaker"] == f"{clip.language}-{clip.voice}"
        assert np.abs(make.render(clip) - committed).max() <= 2.0**-12  # rounding may fall otherwise on another processor
    for (_, clips), path in zip(make.marking_part(), study.loc[study["part"] == "mark", "path"], strict=True):
        committed = soundfile.read(path)[0]
        assert np.abs(np.concatenate([make.render(clip) for clip in clips]) - committed).max() <= 2.0**-12
