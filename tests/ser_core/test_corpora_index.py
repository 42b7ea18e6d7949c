"""What ``index`` says of a corpus's files, and how it goes on past bad ones."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser_core.cli import main
from ser_core.corpora import _survey, emodb, emovo, ravdess, urdu
from ser_core.corpora._corpus import sounds
from ser_core.corpora._survey import KINDS, Finding, survey
from ser_core.errors import Problem
from tests.ser_core import corpus_trees as trees


def run(*words: object) -> int:
    return main("ser_core", [str(word) for word in words])


def seen(corpus, root: Path) -> list[Finding]:
    left_out: list[Problem] = []
    return survey(corpus.CORPUS, root, corpus.index(root, left_out.append), left_out)


def kinds(found: list[Finding]) -> Counter[str]:
    counts = Counter[str]()
    for finding in found:
        counts[finding.kind] += finding.clips
    return counts


def noise(path: Path, seconds: float = 0.1, *, rate_hz: int = 16_000, level: float = 0.5, **how: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = int(how.pop("channels", 1))  # type: ignore[call-overload]
    rng = np.random.default_rng(sum(path.name.encode()))
    soundfile.write(path, rng.uniform(-level, level, (int(seconds * rate_hz), channels)), rate_hz, **how)
    return path


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.fixture
def awkward(tmp_path) -> Path:
    """One sentence of EMOVO in every form that a file can have; the name of the sentence tells nothing of it."""
    root = tmp_path / "EMOVO"
    noise(root / "neu-f1-b1.wav", subtype="PCM_U8")
    noise(root / "neu-f1-b2.wav", subtype="PCM_24")
    noise(root / "neu-f1-b3.wav", rate_hz=96_000)
    noise(root / "neu-f1-l1.wav", channels=5)
    noise(root / "neu-f1-l2.wav", format="FLAC")  # what it is, its name does not say
    noise(root / "neu-f1-l3.mp3", format="WAV", subtype="PCM_16")
    hours(root / "neu-f1-l4.flac", 3)
    noise(root / "dis-f1-b1.wav", 0)
    (root / "dis-f1-b2.wav").write_bytes(b"")
    soundfile.write(root / "dis-f1-b3.wav", np.array([0.1, np.nan, 0.2]), 16_000, subtype="FLOAT")
    (root / "dis-f1-l1.wav").write_text("These are words.")
    whole = noise(root / "dis-f1-l2.wav").read_bytes()
    (root / "dis-f1-l2.wav").write_bytes(whole[: len(whole) // 2])
    whole = noise(root / "dis-f1-l3.flac").read_bytes()
    (root / "dis-f1-l3.flac").write_bytes(whole[: len(whole) // 2])
    (root / "dis-f1-l4.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(100))
    noise(root / "dis-f1-n1.wav", channels=9)
    noise(root / "dis-f1-n2.wav", level=0)
    (root / "dis-f1-n3.wav").mkdir()
    (root / "dis-f1-n4.wav").symlink_to(root / "gone.wav")
    os.mkfifo(root / "dis-f1-n5.wav")
    noise(root / "holiday.wav")
    return root


def hours(path: Path, count: int) -> None:
    """Speech of ``count`` hours would fill a disk; a tone that FLAC writes in little does not."""
    second = (0.1 * np.sin(2 * np.pi * 200 * np.arange(8000 * 60) / 8000)).astype("float32")
    with soundfile.SoundFile(path, "w", 8000, 1) as file:
        for _ in range(60 * count):
            file.write(second)


def test_every_awkward_file_is_read_or_named_with_its_reason_and_counted_and_the_run_goes_on(awkward, tmp_path, capsys):
    assert run("index", "emovo", awkward, "--out", tmp_path / "s.csv", "--findings", tmp_path / "f.csv") == 0
    with (tmp_path / "s.csv").open() as file:
        table = {Path(row["file"]).name: row for row in csv.DictReader(file)}
    assert {name: (row["sample_rate"], row["channels"]) for name, row in table.items()} == {
        "neu-f1-b1.wav": ("16000", "1"),
        "neu-f1-b2.wav": ("16000", "1"),
        "neu-f1-b3.wav": ("96000", "1"),
        "neu-f1-l1.wav": ("16000", "5"),
        "neu-f1-l2.wav": ("16000", "1"),
        "neu-f1-l3.mp3": ("16000", "1"),
        "neu-f1-l4.flac": ("8000", "1"),
    }
    assert float(table["neu-f1-l4.flac"]["duration_s"]) == 10_800
    said = capsys.readouterr()
    reasons = {
        "dis-f1-b1.wav": ("0 samples", "ends before its sound begins"),
        "dis-f1-b2.wav": ("is empty (0 bytes)",),
        "dis-f1-b3.wav": ("not numbers",),
        "dis-f1-l1.wav": ("is not a sound file",),
        "dis-f1-l2.wav": ("is truncated",),
        "dis-f1-l3.flac": ("is truncated",),
        "dis-f1-l4.m4a": ("is not a sound file",),
        "dis-f1-n1.wav": ("has 9 channels",),
        "dis-f1-n2.wav": ("is silent",),
        "dis-f1-n3.wav": ("is not a file",),
        "dis-f1-n4.wav": ("no such file",),
        "dis-f1-n5.wav": ("is not a file",),
        "holiday.wav": ("is not named as emovo",),
    }
    lines = {Path(line.split(": ")[1]).name: line for line in said.err.splitlines() if line.startswith("left out: ")}
    assert set(lines) == set(reasons)
    for name, some in reasons.items():
        assert any(part in lines[name] for part in some), lines[name]
    assert "7 clips of 1 speakers (neutral 7); 13 files left out" in said.out
    assert "unreadable    11 files" in said.out
    assert "silent        1 file" in said.out
    assert "extra         1 file" in said.out
    assert "long: " in said.err
    with (tmp_path / "f.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert Counter(row["kind"] for row in rows)["unreadable"] == 11
    assert sum(row["kind"] == "missing" for row in rows) == 1 + 588 - 7  # the sentence, and a line for each


def test_a_clip_that_cannot_be_heard_is_not_missing_too(tmp_path):
    trees.tree(tmp_path, *(f"f1/{e}-f1-b1.wav" for e in ("neu", "dis")))
    (tmp_path / "f1" / "tri-f1-b1.wav").write_bytes(b"")
    [missing] = [f for f in seen(emovo, tmp_path) if f.kind == "missing"]
    assert missing.clips == 588 - 3


# --- what is seen ----------------------------------------------------------------------------------------------------


def test_what_is_seen_of_the_real_corpora_is_what_their_readmes_say(shared):
    corpora = shared / "corpora"
    faint = {(f.kind, f.file) for f in seen(ravdess, corpora / "RAVDESS") if f.file}
    assert faint == {
        ("soft", "Actor_09/03-01-04-01-01-01-09.wav"),
        ("channels", "Actor_20/03-01-03-01-02-01-20.wav"),
    }
    altered = kinds(seen(emodb, corpora / "EMO-DB_altered"))
    assert altered == {"missing": 495, "equal length": 40}
    assert kinds(seen(emodb, corpora / "EMO-DB_original_7")) == {"missing": 528}
    assert kinds(seen(urdu, corpora / "URDU")) == {"missing": 320, "equal length": 79, "clipped": 14}


def test_missing_clips_are_counted_by_emotion_and_named(tmp_path):
    trees.tree(tmp_path, *(f"03-01-0{e}-01-01-01-01.wav" for e in range(1, 9)))
    [missing] = [f for f in seen(ravdess, tmp_path) if f.kind == "missing"]
    assert missing.clips == 1432
    assert missing.what.startswith("1432 of 1440 clips (angry 191, happy 191, neutral 95, sad 191, ")
    assert missing.what.endswith(
        "ravdess_03-01-01-01-01-01-02, ravdess_03-01-01-01-01-01-03, ravdess_03-01-01-01-01-01-04 and 1429 more)"
    )


def test_more_clips_than_were_published_are_told_of(tmp_path, monkeypatch):
    trees.tree(tmp_path, *(f"Angry/SM1_F{n}_A{n}.wav" for n in range(1, 402)))
    extra = [f for f in seen(urdu, tmp_path) if f.kind == "extra"]
    assert [str(f) for f in extra] == ["1 clips more than the 400 that were published: another release?"]


def test_the_same_bytes_under_another_name_are_duplicates(tmp_path):
    one = noise(tmp_path / "03-01-03-01-02-01-07.wav")
    (tmp_path / "03-01-03-01-02-02-07.wav").write_bytes(one.read_bytes())
    (tmp_path / "03-01-04-01-02-02-07.wav").write_bytes(one.read_bytes())
    found = [f for f in seen(ravdess, tmp_path) if f.kind == "duplicated"]
    assert [str(f) for f in found] == [
        f"03-01-0{name}-07.wav: is byte by byte the same as 03-01-03-01-02-01-07.wav"
        for name in ("3-01-02-02", "4-01-02-02")
    ]


@pytest.mark.parametrize(("equal", "other", "suspicious"), [(5, 20, True), (5, 21, False), (4, 4, False), (30, 0, True)])
def test_a_fifth_of_the_clips_at_one_length_and_no_fewer_than_five_are_suspicious(tmp_path, equal, other, suspicious):
    for n in range(equal + other):
        noise(tmp_path / f"SM1_F{n}_A{n}.wav", 0.1 if n < equal else 0.11 + n / 1000)
    assert kinds(seen(urdu, tmp_path))["equal length"] == (equal if suspicious else 0)


@pytest.mark.parametrize(("level", "kind"), [(0.009, "soft"), (0.02, None), (0.99, None), (30.0, "clipped")])
def test_soft_and_clipped_clips_are_told_of(tmp_path, level, kind):
    noise(tmp_path / "SM1_F1_A1.wav", level=level, subtype="PCM_16")
    assert [f.kind for f in seen(urdu, tmp_path) if f.file] == ([kind] if kind else [])


def test_one_sample_at_full_scale_is_how_a_clip_is_made_loud_and_no_clipping(tmp_path):
    sound = np.random.default_rng(0).uniform(-0.9, 0.9, 30_000)
    sound[7] = 1.0
    soundfile.write(tmp_path / "SM1_F1_A1.wav", sound, 16_000)
    assert not [f for f in seen(urdu, tmp_path) if f.kind == "clipped"]


def test_findings_stand_in_the_order_in_which_they_are_explained(awkward):
    order = list(KINDS)
    found = [order.index(f.kind) for f in seen(emovo, awkward)]
    assert found == sorted(found)


def test_many_files_of_one_kind_are_named_up_to_a_number_and_all_in_the_table_of_findings(tmp_path, capsys):
    trees.tree(tmp_path / "x", *(f"holiday{n}.wav" for n in range(30)), "SM1_F1_A1.wav")
    assert run("index", "urdu", tmp_path / "x", "--out", tmp_path / "s.csv", "--findings", tmp_path / "f.csv") == 0
    said = capsys.readouterr()
    assert said.err.count("holiday") == 20
    assert "extra: 10 more; --findings writes them all" in said.err
    assert "30 files: here, and no clip of the corpus" in said.out
    assert (tmp_path / "f.csv").read_text().count("holiday") == 30


def test_a_table_of_findings_names_even_files_that_are_no_utf_8(tmp_path):
    trees.tree(tmp_path / "x", "SM1_F1_A1.wav")
    try:
        (tmp_path / "x" / "\udc82.wav").write_bytes(b"")
    except OSError:
        pytest.skip("this file system keeps no such names")
    assert run("index", "urdu", tmp_path / "x", "--out", tmp_path / "s.csv", "--findings", tmp_path / "f.csv") == 0
    assert "\\udc82.wav" in (tmp_path / "f.csv").read_text(encoding="utf-8")


def test_own_clips_are_looked_at_too(tmp_path, capsys):
    root = trees.tianjin(tmp_path / "tjd")
    (root / "negation0.wav").unlink()
    assert run("index", "own", root, "--out", tmp_path / "s.csv") == 0
    said = capsys.readouterr()
    assert "missing: " in said.err
    assert "negation0.wav: there is no such file" in said.err
    assert "9 of 9 clips last exactly 0.1 s" in said.out


def test_files_are_found_in_the_order_of_paths_whatever_the_disk_says(tmp_path):
    trees.tree(tmp_path, "b/1.wav", "a/2.WAV", "a b/3.flac", "a/1.aiff", "d.wav/4.ogg")
    (tmp_path / "c.txt").write_text("no sound")
    found = [path.relative_to(tmp_path).as_posix() for path in sounds(tmp_path)]
    assert set(found) == {"a/1.aiff", "a/2.WAV", "a b/3.flac", "b/1.wav", "d.wav", "d.wav/4.ogg"}  # a folder is named too
    assert found == [p.relative_to(tmp_path).as_posix() for p in sorted(tmp_path / f for f in found)]


def test_every_finding_is_of_a_kind_that_is_explained():
    source = Path(_survey.__file__).read_text(encoding="utf-8")
    assert all(f'"{kind}"' in source for kind in KINDS)
