"""Every check of the audit finds what was put there for it, and is silent where there is nothing."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from ser_core import audio, audit, sound_facts
from ser_core.cli import main
from ser_core.sound_facts import measure, measure_all

SHARED = Path(os.environ.get("EARWITNESS_SHARED", Path(__file__).resolve().parents[3] / "shared"))
CORPORA = ("EmotionTTS_KO", "URDU", "EMO-DB_altered", "EMO-DB_original_7", "RAVDESS", "TurEV-DB", "nEMO")


def clips(**columns: list[str]) -> pd.DataFrame:
    """A table of as many clips as the columns have rows; two speakers who both say everything, unless told otherwise."""
    n = len(next(iter(columns.values())))
    usual = {
        "stimulus": [f"c{i}" for i in range(n)],
        "sha256": [f"{i:064x}" for i in range(n)],
        "corpus": ["x"] * n,
        "language": ["de"] * n,
        "speaker": ["s1", "s2"] * (n // 2),
        "truth": [e for e in ("angry", "happy", "sad") for _ in range(2)][:n] if n <= 6 else ["angry"] * n,
    }
    return pd.DataFrame(usual | columns)


def found(table: pd.DataFrame, sounds: pd.DataFrame | None = None) -> dict[str, str]:
    """Severity by check."""
    return {f.check: f.severity for f in audit.audit(table, sounds)}


def test_a_sound_set_of_clips_has_no_finding():
    assert found(clips(truth=["angry", "angry", "happy", "happy", "sad", "sad"])) == {}


def test_a_speaker_in_two_parts_is_an_alarm_with_the_speaker_s_name():
    table = clips(split=["train", "train", "train", "train", "test", "train"])
    (alarm,) = [f for f in audit.audit(table) if f.check == "speaker overlap"]
    assert alarm.severity == "alarm"
    assert "'s1' of x is in test and in train" in alarm.what


def test_a_speaker_of_the_same_name_in_another_corpus_is_another_speaker():
    table = clips(split=["train", "test"] * 3, corpus=["x", "y"] * 3, speaker=["s1"] * 6)
    assert "speaker overlap" not in found(table)


def test_a_sentence_in_two_parts_is_a_warning_and_a_take_of_one_speaker_an_alarm():
    words = clips(split=["train", "test"] * 3, sentence=["a"] * 6)
    assert found(words)["sentence overlap"] == "warning"
    assert "take overlap" not in found(words)
    takes = clips(split=["train", "test"], sentence=["a", "a"], speaker=["s1", "s1"], truth=["sad", "sad"])
    assert found(takes)["take overlap"] == "alarm"


def test_clips_of_the_same_bytes_are_a_warning_and_an_alarm_where_their_labels_differ():
    same = ["a" * 64, "a" * 64]
    assert found(clips(sha256=same, truth=["sad", "sad"]))["duplicate"] == "warning"
    assert found(clips(sha256=same, truth=["sad", "angry"]))["duplicate"] == "alarm"


def test_speakers_who_speak_one_emotion_only_are_an_alarm():
    table = clips(truth=["angry", "sad"] * 4)
    assert found(table)["speaker = emotion"] == "alarm"
    assert "speaker = emotion" not in found(clips(truth=["angry", "angry", "sad", "sad"]))


def test_gender_that_goes_with_emotion_is_a_warning():
    confounded = clips(truth=["angry", "sad"] * 10, gender=["male", "female"] * 10, speaker=["s1", "s2", "s3", "s4"] * 5)
    assert found(confounded)["gender x emotion"] == "warning"
    even = clips(truth=["angry", "sad"] * 10, gender=["male", "male", "female", "female"] * 5)
    assert "gender x emotion" not in found(even)


def test_a_missing_or_rare_emotion_is_a_warning_that_names_it():
    table = clips(language=["de", "de", "de", "en", "en", "en"], truth=["angry", "sad", "sad", "angry", "angry", "angry"])
    (missing,) = [f.what for f in audit.audit(table) if f.check == "class counts"]
    assert missing == "en has no clip that is sad"
    rare = clips(truth=["angry"] * 7 + ["sad"])
    assert [f.what for f in audit.audit(rare) if f.check == "class counts"] == ["de is unbalanced: 7 angry, 1 sad"]


def buzz(path: Path, hz: float, *, seconds: float = 1.2, level: float = 0.1, rate: int = 16000, dull: bool = False) -> Path:
    """A voice-like buzz that gets going; ``dull`` has hardly any energy above 1 kHz."""
    time_s = np.arange(int(seconds * rate)) / rate
    harmonics = range(1, int((900 if dull else 6000) / hz))
    sound = sum((np.sin(2 * np.pi * hz * k * time_s) / k for k in harmonics), np.zeros(len(time_s)))
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * (2 + hz / 100) * time_s)
    soundfile.write(path, level * sound * swell, rate, subtype="PCM_16")
    return path


@pytest.mark.parametrize("hz", [90.0, 130.0, 220.0, 310.0])
def test_the_pitch_of_a_buzz_is_found(tmp_path, hz):
    assert measure(buzz(tmp_path / "a.wav", hz)).f0_hz == pytest.approx(hz, rel=0.02)


def voices(folder: Path, *, swapped: bool) -> pd.DataFrame:
    rows = []
    for speaker in range(8):
        for emotion in ("angry", "sad"):
            lively = (emotion == "angry") != swapped
            path = buzz(
                folder / f"{speaker}{emotion}.wav",
                100 + 12 * speaker + (60 if lively else 0),
                level=0.3 if lively else 0.05,
                seconds=1.1 + 0.03 * speaker + 0.011 * lively,
                dull=not lively,
            )
            rows.append({"stimulus": path.stem, "file": str(path), "speaker": str(speaker), "truth": emotion})
    return pd.DataFrame(rows).assign(corpus="x", language="de", sha256="")


def test_a_label_key_that_contradicts_the_voices_is_an_alarm_and_a_right_one_is_not(tmp_path):
    for swapped in (True, False):
        folder = tmp_path / str(swapped)
        folder.mkdir()
        table = voices(folder, swapped=swapped)
        sounds, _ = measure_all(table)
        assert ("label key" in found(table, sounds)) == swapped


def test_a_resampled_and_shortened_copy_is_found_as_a_near_duplicate(tmp_path):
    first, other = buzz(tmp_path / "a.wav", 120), buzz(tmp_path / "b.wav", 170)
    samples, _ = soundfile.read(first)
    from scipy.signal import resample_poly

    copy = tmp_path / "copy.wav"
    soundfile.write(copy, 0.4 * resample_poly(samples, 3, 2)[: int(1.1 * 24000)], 24000, subtype="PCM_16")
    table = clips(file=[str(first), str(other), str(copy)], speaker=["s1", "s2", "s1"])
    (pair,) = [f.clips for f in audit.audit(table, measure_all(table)[0]) if f.check == "near-duplicate"]
    assert pair == ("c0 ~ c2",)


def test_all_pairs_that_are_alike_are_counted_and_the_first_named_however_the_clips_are_parted(monkeypatch):
    rng = np.random.default_rng(0)
    some = rng.standard_normal((40, 120))[rng.integers(0, 40, 200)] + 0.05 * rng.standard_normal((200, 120))
    pictures = (some / np.linalg.norm(some, axis=1, keepdims=True)).astype(np.float32)
    apart = np.linalg.norm(pictures[:, None].astype(np.float64) - pictures, axis=2)
    pairs = [(a, b) for a, b in np.argwhere(apart < audit.ALIKE).tolist() if a < b]
    assert 100 < len(pairs) < 1000
    for block in (7, 64, 2048):
        monkeypatch.setattr(audit, "_BLOCK", block)
        assert audit._alike(pictures) == (len(pairs), pairs[: audit.SHOWN])


def test_clips_measured_in_processes_of_their_own_have_the_same_numbers(tmp_path, monkeypatch):
    paths = [buzz(tmp_path / f"{i}.wav", 100 + 30 * i, seconds=0.3) for i in range(3)] + [tmp_path / "gone.wav"]
    table = clips(file=[str(p) for p in paths])
    alone, unheard = measure_all(table)
    monkeypatch.setattr(sound_facts, "_MANY", 2)
    beside, unheard_too = measure_all(table)
    assert beside.drop(columns="picture").equals(alone.drop(columns="picture"))
    assert np.array_equal(np.stack(beside["picture"]), np.stack(alone["picture"]))
    assert unheard_too == unheard == {"c3": "there is no such file"}


@pytest.mark.parametrize("samples", [[0.0, 0.5, 0.0], [0.5, -0.5]])
def test_a_clip_of_next_to_nothing_has_numbers(tmp_path, samples):
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    sound = measure(tmp_path / "a.wav")
    assert np.isfinite([sound.level_db, sound.bright_db, *sound.picture]).all()
    assert np.isnan(sound.f0_hz)


def test_of_a_long_clip_the_first_minute_after_the_silence_is_listened_to(tmp_path, monkeypatch):
    monkeypatch.setattr(audio, "_BLOCK", 4_000)
    monkeypatch.setattr(sound_facts, "HEARD_S", 0.5)
    first, later = (soundfile.read(buzz(tmp_path / "a.wav", hz))[0] for hz in (120, 250))
    soundfile.write(tmp_path / "long.wav", np.concatenate([np.zeros(16_000), first, later]), 16_000)
    sound = measure(tmp_path / "long.wav")
    assert sound.f0_hz == pytest.approx(120, rel=0.02)
    assert sound.frames == 16_000 + len(first) + len(later)


def test_equal_lengths_stereo_among_mono_softness_and_clipping_are_named(tmp_path):
    paths = [buzz(tmp_path / f"{i}.wav", 100 + 7 * i, level=0.003 if i == 1 else 0.3 if i else 5.0) for i in range(10)]
    samples, rate = soundfile.read(paths[2])
    soundfile.write(paths[2], np.stack([samples, samples], axis=1), rate)
    table = clips(file=[str(p) for p in paths], truth=["angry", "sad"] * 5)
    severities = found(table, measure_all(table)[0])
    assert severities["equal length"] == "alarm"
    assert (severities["near-silent"], severities["clipped"], severities["channels"]) == ("warning", "warning", "note")


def test_the_command_ends_with_2_on_an_alarm_and_goes_on_past_a_clip_that_cannot_be_heard(tmp_path, capsys):
    buzz(tmp_path / "a.wav", 120)
    (tmp_path / "b.wav").write_bytes(b"no sound")
    header = "stimulus,file,corpus,language,speaker,truth,split"
    (tmp_path / "s.csv").write_text(f"{header}\n1,a.wav,x,de,s1,angry,train\n2,b.wav,x,de,s1,sad,test\n")
    assert main("ser_core", ["audit", str(tmp_path / "s.csv"), "--out", str(tmp_path / "found.csv")]) == 2
    said = capsys.readouterr().out
    assert "speaker overlap" in said
    assert "is not a sound file we can read" in said
    assert "2 clips, the sound of 1: 1 alarms" in said
    table = pd.read_csv(tmp_path / "found.csv")
    assert table["check"].iloc[0] == "speaker overlap"
    assert table.iloc[-1][["check", "clips"]].tolist() == ["unheard", "2"]
    assert main("ser_core", ["audit", str(tmp_path / "s.csv"), "--split", "splitt"]) == 2
    assert "Did you mean 'split'?" in capsys.readouterr().err


@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared")
def test_the_known_defects_of_real_corpora_are_found_without_being_told(monkeypatch):
    monkeypatch.setattr(sound_facts, "_MANY", 10_000)  # in this process
    tables = []
    for name in CORPORA:
        told = pd.read_csv(SHARED / "corpora" / name / "MANIFEST.csv", dtype=str, keep_default_na=False)
        published = told.get("emotion_in_source_readme", told["emotion"])
        table = told.assign(stimulus=name + "/" + told["path"], file=str(SHARED / "corpora" / name) + "/" + told["path"])
        tables.append(table.assign(corpus=name, truth=told["emotion"], published=published))
    table = pd.concat(tables, ignore_index=True).fillna({"gender": ""})
    sounds, unheard = measure_all(table)
    assert not unheard

    def said(check: str, severity: str) -> list[str]:
        return [f.what.partition(":")[0] for f in findings if (f.check, f.severity) == (check, severity)]

    findings = audit.audit(table, sounds)
    assert said("speaker = emotion", "alarm") == ["URDU"]
    assert said("equal length", "alarm") == ["EMO-DB_altered"]
    assert said("channels", "note") == ["RAVDESS"]
    assert "RAVDESS" in said("near-silent", "warning")
    assert said("label key", "alarm") == []
    duplicates = [f.clips for f in findings if f.check == "near-duplicate"]
    assert duplicates == [("EMO-DB_altered/wav/03a01Fa.wav ~ EMO-DB_original_7/wav/03a01Fa.wav",)]
    table["truth"] = table["published"]  # the key of the source's README
    findings = audit.audit(table, sounds)
    assert said("label key", "alarm") == ["EmotionTTS_KO"]
