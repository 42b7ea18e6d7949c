"""The command a researcher types, and the main job on real speech."""

from __future__ import annotations

from pathlib import Path

import pytest

from ser_core import ratings, runs
from ser_core.cli import main
from ser_core.engine._engine import CutOff
from tests.ser_core import voices


def run(*words: object) -> int:
    return main("ser_core", [str(word) for word in words])


def test_predict_writes_a_run_and_says_who_rated(tmp_path, capsys):
    study, train = voices.table(tmp_path / "study", speakers="x"), voices.table(tmp_path / "train")
    assert run("predict", "--stimuli", study, "--model", "majority", "--train", train, "--out", tmp_path / "run") == 0
    assert "4 clips rated by majority.de.de.s0" in capsys.readouterr().out
    assert len(ratings.read(tmp_path / "run").ratings) == 16


def test_predict_refuses_bad_input_with_every_problem_and_exit_status_2(tmp_path, capsys):
    study = voices.table(tmp_path / "study")
    words = ("predict", "--stimuli", study, "--model", "majority", "--train", study, "--out", tmp_path / "run")
    assert run(*words) == 2
    said = capsys.readouterr().err
    assert said.count("is also in training") == 8
    assert "8 problems; nothing was done." in said
    assert not (tmp_path / "run").exists()


def test_the_seed_is_part_of_who_rated(tmp_path):
    study, train = voices.table(tmp_path / "study", speakers="x"), voices.table(tmp_path / "train")
    words = ("predict", "--stimuli", study, "--model", "majority", "--train", train, "--out", tmp_path / "run", "--seed", 7)
    assert run(*words) == 0
    assert ratings.read(tmp_path / "run").raters["rater"].tolist() == ["majority.de.de.s7"]


def test_what_makes_no_sense_together_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("EARWITNESS_DEVICE", "cpu")
    words = ("predict", "--stimuli", tmp_path / "s.csv", "--model", "majority", "--out", tmp_path / "run")
    assert run(*words, "--workers", 0) == 2
    assert run(*words, "--address", "a:1") == 2
    assert run(*words, "--engine", "ray", "--device", "cuda:1") == 2
    said = capsys.readouterr().err
    assert "a Ray cluster has its own" in said
    assert "--workers must be 1 or more, not 0." in said
    assert "add --engine ray" in said


def test_what_cannot_go_on_now_ends_with_1_and_says_how_it_goes_on(tmp_path, capsys, monkeypatch):
    def cut_off(*_, **__):
        raise CutOff("the disk is full")

    monkeypatch.setattr(runs, "execute", cut_off)
    assert run("predict", "--stimuli", tmp_path / "s.csv", "--model", "majority", "--out", tmp_path / "run") == 1
    assert capsys.readouterr().err.splitlines() == [
        "the disk is full",
        "What is finished was kept; the same command goes on from there.",
    ]


def recalls(folder: Path) -> dict[str, float]:
    """UA of each rater, by its definition: the mean over emotions of the share of that emotion's clips recognised."""
    tables = ratings.read(folder)
    truth = dict(zip(tables.stimuli["stimulus"], tables.stimuli["truth"], strict=True))
    hits: dict[str, dict[str, list[bool]]] = {}
    for row in ratings.decide(tables.ratings).to_dict("records"):
        emotion = truth[row["stimulus"]]
        hits.setdefault(row["rater"], {}).setdefault(emotion, []).append(row["label"] == emotion)
    return {rater: sum(sum(heard) / len(heard) for heard in by.values()) / len(by) for rater, by in hits.items()}


@pytest.fixture(scope="module")
def real(shared, tmp_path_factory) -> Path:
    """A study of half the RAVDESS speakers; training on the other half, and on EMO-DB."""
    top = tmp_path_factory.mktemp("real")
    assert run("index", "ravdess", shared / "corpora" / "RAVDESS", "--out", top / "ravdess.csv") == 0
    assert run("index", "emodb", shared / "corpora" / "EMO-DB_altered", "--out", top / "emodb.csv") == 0
    draw = ("--per-emotion", 8, "--speakers", 8, "--seed", 0)
    assert run("select", top / "ravdess.csv", *draw, "--out", top / "study.csv") == 0
    rest = ("--per-emotion", 8, "--without-speakers-of", top / "study.csv", "--seed", 0)
    assert run("select", top / "ravdess.csv", *rest, "--out", top / "train.csv") == 0
    return top


def test_on_real_speech_the_probe_is_far_above_chance_for_speakers_it_never_heard(real):
    halves = real / "study.csv", real / "train.csv"
    for name, study, train in (("one", *halves), ("other", *reversed(halves))):
        words = ("predict", "--stimuli", study, "--train", train, real / "emodb.csv", "--model")
        assert run(*words, "logmel_probe", "--out", real / name) == 0
    ua = [recalls(real / name) for name in ("one", "other")]
    assert set(ua[0]) == {"logmel_probe.en.en.s0", "logmel_probe.de.en.s0"}
    # of 64 clips, 26 right by luck at a chance of 0.25 happens in 4 of 1000 cases (binomial)
    assert sum(each["logmel_probe.en.en.s0"] for each in ua) / 2 > 0.4


def test_on_real_speech_the_majority_is_at_chance(real):
    words = ("predict", "--stimuli", real / "study.csv", "--train", real / "train.csv", real / "emodb.csv")
    assert run(*words, "--model", "majority", "--out", real / "majority") == 0
    assert set(recalls(real / "majority").values()) == {0.25}
