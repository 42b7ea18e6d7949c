"""What ``index`` and ``select`` write: where the clips lie, how many of each, from whom, and what they refuse."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from ser_core.cli import main
from ser_core.ratings import STIMULI, read_table
from ser_core.stimuli import load
from tests.ser_core import voices


def run(*words: object) -> int:
    return main("ser_core", [str(word) for word in words])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def pool(tmp_path_factory) -> Path:
    """Two languages, six speakers, four emotions, three takes: 144 clips."""
    folder = tmp_path_factory.mktemp("pool")
    return voices.table(folder, languages=("de", "en"), speakers="abcdef", takes=3)


def test_corpora_lists_every_corpus_with_its_licence(capsys):
    assert run("corpora") == 0
    out = capsys.readouterr().out
    assert "CC BY-NC-SA 4.0" in out
    assert "10.5281/zenodo.1188976" in out


def test_paths_are_relative_where_the_clips_lie_below_the_table_else_absolute(tmp_path):
    clip = voices.clip(tmp_path / "corpus" / "wav" / "03a01Fa.wav", "happy")
    assert run("index", "emodb", tmp_path / "corpus", "--out", tmp_path / "all.csv") == 0
    assert run("index", "emodb", tmp_path / "corpus", "--out", tmp_path / "elsewhere" / "all.csv") == 0
    assert rows(tmp_path / "all.csv")[0]["file"] == "corpus/wav/03a01Fa.wav"
    assert rows(tmp_path / "elsewhere" / "all.csv")[0]["file"] == str(clip)


def test_index_prints_what_it_found_and_what_it_left_out_with_the_reason(tmp_path, capsys):
    voices.clip(tmp_path / "wav" / "03a01Fa.wav", "happy")
    voices.clip(tmp_path / "wav" / "08a01Ta.wav", "sad")
    (tmp_path / "wav" / "08a01Wa.wav").write_bytes(b"")
    assert run("index", "emodb", tmp_path, "--out", tmp_path / "s.csv") == 0
    said = capsys.readouterr()
    assert "2 clips of 2 speakers (happy 1, sad 1); 1 files left out" in said.out
    assert "08a01Wa.wav: is empty" in said.err


@pytest.mark.parametrize(
    ("corpus", "root", "says"),
    [
        ("emo-db", ".", "Did you mean 'emodb'?"),
        ("emodb", "gone", "no such folder"),
        ("emodb", ".", "holds no clip of EMO-DB"),
    ],
)
def test_index_refuses_what_cannot_be_and_writes_nothing(tmp_path, capsys, corpus, root, says):
    assert run("index", corpus, tmp_path / root, "--out", tmp_path / "s.csv") == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "s.csv").exists()


def test_as_many_clips_as_asked_of_each_language_and_emotion_evenly_from_all_speakers(pool, tmp_path):
    assert run("select", pool, "--per-emotion", 8, "--seed", 1, "--out", tmp_path / "s.csv") == 0
    chosen = rows(tmp_path / "s.csv")
    assert set(Counter((r["language"], r["truth"]) for r in chosen).values()) == {8}
    for language in ("de", "en"):
        each = Counter((r["truth"], r["speaker"]) for r in chosen if r["language"] == language)
        assert set(each.values()) == {1, 2}  # eight clips of six speakers
        in_all = Counter(r["speaker"] for r in chosen if r["language"] == language)
        assert max(in_all.values()) - min(in_all.values()) <= 1  # 32 clips of six speakers


def test_the_same_seed_draws_the_same_clips_and_another_draws_others(pool, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run("select", pool, "--per-emotion", 4, "--seed", seed, "--out", tmp_path / f"{name}.csv") == 0
    a, b, c = ((tmp_path / f"{name}.csv").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_the_draw_depends_neither_on_the_order_of_rows_nor_on_other_tables(pool, tmp_path):
    other = voices.table(tmp_path / "other", takes=2)
    table = rows(pool)
    backwards = tmp_path / "backwards.csv"
    with backwards.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows({**r, "file": str(pool.parent / r["file"])} for r in reversed(table))
    assert run("select", pool, "--per-emotion", 4, "--seed", 1, "--out", tmp_path / "a.csv") == 0
    assert run("select", other, backwards, "--per-emotion", 4, "--seed", 1, "--out", tmp_path / "b.csv") == 0
    a = {r["stimulus"] for r in rows(tmp_path / "a.csv")}
    assert a == {r["stimulus"] for r in rows(tmp_path / "b.csv") if r["corpus"] == pool.parent.name}


def test_the_chosen_clips_are_found_from_the_new_table(pool, tmp_path):
    assert run("select", pool, "--per-emotion", 2, "--seed", 1, "--out", tmp_path / "deep" / "s.csv") == 0
    assert all(Path(file).is_file() for file in load(tmp_path / "deep" / "s.csv")["file"])


def test_too_few_clips_are_refused_with_numbers_for_every_group(pool, tmp_path, capsys):
    assert run("select", pool, "--per-emotion", 19, "--seed", 1, "--out", tmp_path / "s.csv") == 2
    said = capsys.readouterr().err
    assert "de angry: 19 clips asked for, 18 there, of 6 speakers" in said
    assert said.count("19 clips asked for") == 8
    assert not (tmp_path / "s.csv").exists()


def test_only_the_emotions_asked_for_are_drawn(pool, tmp_path):
    words = ("select", pool, "--per-emotion", 2, "--seed", 1, "--emotions", "sad,angry", "--out", tmp_path / "s.csv")
    assert run(*words) == 0
    assert {r["truth"] for r in rows(tmp_path / "s.csv")} == {"angry", "sad"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--emotions", "sda"), "Did you mean 'sad'?"),
        (("--emotions", "calm"), "2 clips asked for, 0 there"),
        (("--speakers", 7), "7 speakers asked for, 6 there"),
        (("--seed", -1), "--seed must be 0 or more"),
        (("--per-emotion", 0), "--per-emotion must be at least 1"),
    ],
)
def test_what_cannot_be_drawn_is_refused(pool, tmp_path, capsys, options, says):
    words = ("select", pool, "--per-emotion", 2, "--seed", 1, "--out", tmp_path / "s.csv", *options)
    assert run(*words) == 2
    assert says in capsys.readouterr().err


def test_training_without_the_speakers_of_the_study_shares_none_of_them(pool, tmp_path):
    study, train = tmp_path / "study.csv", tmp_path / "train.csv"
    assert run("select", pool, "--per-emotion", 3, "--speakers", 3, "--seed", 1, "--out", study) == 0
    assert run("select", pool, "--per-emotion", 3, "--without-speakers-of", study, "--seed", 1, "--out", train) == 0
    first, second = ({r["speaker"] for r in rows(p)} for p in (study, train))
    assert (len(first), len(second)) == (3, 3)
    assert not first & second


def test_a_speaker_of_another_corpus_with_the_same_id_is_another_person(pool, tmp_path):
    other = voices.table(tmp_path / "other", speakers="abcdef")
    words = ("select", pool, "--per-emotion", 3, "--without-speakers-of", other, "--seed", 1, "--out", tmp_path / "s.csv")
    assert run(*words) == 0
    assert {r["speaker"] for r in rows(tmp_path / "s.csv")} == set("abcdef")


def test_an_id_in_two_tables_is_refused(pool, tmp_path, capsys):
    copy = tmp_path / "copy.csv"
    copy.write_bytes(pool.read_bytes())
    assert run("select", pool, copy, "--per-emotion", 1, "--seed", 1, "--out", tmp_path / "s.csv") == 2
    assert "stands in another table too" in capsys.readouterr().err


def test_ids_that_look_like_numbers_or_nothing_come_through_unchanged(tmp_path):
    ids = ["007", "2_493.01", "nan", "no"]
    table = [(id_, str(voices.clip(tmp_path / f"{i}.wav", "sad")), "x", "de", "01", "sad", "") for i, id_ in enumerate(ids)]
    source = voices.write(tmp_path / "in.csv", table)
    assert run("select", source, "--per-emotion", 4, "--seed", 1, "--out", tmp_path / "s.csv") == 0
    back = read_table(tmp_path / "s.csv", STIMULI)
    assert sorted(back["stimulus"]) == sorted(ids)
    assert set(back["speaker"]) == {"01"}
