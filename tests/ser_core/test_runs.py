"""A run is whole or not there, says everything that decided it, and refuses what would not be fair."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from ser_core import audio, ratings, runs
from ser_core.engine.workshop import partial_of, resumable
from ser_core.errors import BadInput
from ser_core.features import WINDOW
from ser_core.methods import majority
from ser_core.run_plan import LARGEST
from ser_core.stimuli import load
from tests.ser_core import voices


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A study in German and a dialect of English, and two training tables, German and English."""
    top = tmp_path_factory.mktemp("made")
    voices.table(top / "study", languages=("de", "en-scotland"), speakers="xy")
    voices.table(top / "german", languages=("de",), takes=2)
    voices.table(top / "english", languages=("en",), takes=2)
    return top


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def plan(top: Path, *, method: str = "majority", study: Path | None = None, train: tuple[str, ...] = ("german", "english")):
    tables = tuple(top / name / "stimuli.csv" for name in train)
    return runs.Plan(stimuli=study or top / "study" / "stimuli.csv", train=tables, method=method)


def refused(plan: runs.Plan, out: Path) -> list[str]:
    beside = set(out.parent.iterdir())
    with pytest.raises(BadInput) as caught:
        runs.execute(plan, out)
    assert set(out.parent.iterdir()) == beside  # nothing is left behind
    return [str(problem) for problem in caught.value.problems]


def edited(top: Path, folder: Path, *, change) -> Path:
    """A copy of the study with its rows changed by ``change(row)``; the clips stay where they are."""
    rows = list(csv.reader((top / "study" / "stimuli.csv").read_text().splitlines()))[1:]
    rows = [[r[0], str(top / "study" / r[1]), *r[2:]] for r in rows]
    return voices.write(folder / "study.csv", [tuple(change(n, r)) for n, r in enumerate(rows)])


# --- what a run writes -----------------------------------------------------------------------------------------------


def test_a_run_rates_every_clip_by_one_model_for_each_language_of_training(made, tmp_path):
    runs.execute(plan(made), tmp_path / "run")
    tables = ratings.read(tmp_path / "run")
    assert sorted(tables.raters["rater"]) == [
        "majority.de.de.s0", "majority.de.en-scotland.s0", "majority.en.de.s0", "majority.en.en-scotland.s0",
    ]  # fmt: skip
    decided = ratings.decide(tables.ratings)
    assert decided.groupby("stimulus")["rater"].nunique().tolist() == [2] * 16


def test_raters_say_how_they_were_made(made, tmp_path):
    run = runs.execute(plan(made, method="logmel_probe"), tmp_path / "run")
    raters = run.tables.raters.set_index("rater")
    mono, cross = raters.loc["logmel_probe.de.de.s0"], raters.loc["logmel_probe.en.de.s0"]
    assert (mono["group"], mono["setting"]) == ("logmel_probe de mono", "mono")
    assert (cross["group"], cross["setting"]) == ("logmel_probe en cross", "cross")
    assert raters.loc["logmel_probe.en.en-scotland.s0", "setting"] == "cross"
    for name, value in (("rater_type", "machine"), ("method", "logmel_probe"), ("encoder", "logmel"), ("run", "run")):
        assert set(raters[name]) == {value}
    assert (raters["revision"] != "").all()


def test_two_settings_of_a_method_are_two_raters_that_can_be_compared(made, tmp_path):
    usual = plan(made, method="logmel_probe")
    runs.execute(usual, tmp_path / "usual")
    runs.execute(dataclasses.replace(usual, settings={"penalty": "10"}), tmp_path / "smooth")
    both = ratings.read_all([tmp_path / "usual", tmp_path / "smooth"]).raters
    assert {"logmel_probe.de.de.s0", "logmel_probe penalty=10.0.de.de.s0"} < set(both["rater"])
    assert {"logmel_probe de mono", "logmel_probe penalty=10.0 de mono"} < set(both["group"])


def test_two_spellings_of_a_language_are_one(made, tmp_path):
    study = edited(made, tmp_path, change=lambda n, r: [*r[:3], "DE", *r[4:]])
    run = runs.execute(plan(made, study=study, train=("german",)), tmp_path / "run")
    assert set(run.tables.raters["setting"]) == {"mono"}


def test_the_same_plan_gives_the_same_ratings_byte_for_byte(made, tmp_path, monkeypatch):
    for name in ("first", "second"):
        monkeypatch.setenv("EARWITNESS_FEATURES", str(tmp_path / "features" / name))  # the second run hears every clip again
        runs.execute(plan(made, method="logmel_probe"), tmp_path / name)
    first, second = ((tmp_path / name / "ratings.csv").read_bytes() for name in ("first", "second"))
    assert first == second


def test_the_probe_recognises_what_it_was_taught(made, tmp_path):
    run = runs.execute(plan(made, method="logmel_probe"), tmp_path / "run")
    joined = ratings.join(ratings.Tables(run.tables.stimuli, run.tables.raters, ratings.decide(run.tables.ratings)))
    assert (joined["label"] == joined["truth"]).mean() > 0.9


def test_practice_clips_are_left_out(made, tmp_path):
    study = edited(made, tmp_path, change=lambda n, r: [*r[:6], "practice" if n < 3 else "test"])
    run = runs.execute(plan(made, study=study), tmp_path / "run")
    assert len(run.tables.stimuli) == 13
    assert set(run.tables.stimuli["part"]) == {"test"}


def test_the_configuration_says_everything_that_decided_the_ratings(made, tmp_path):
    runs.execute(plan(made, method="logmel_probe"), tmp_path / "run")
    config = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert (config["model"], config["seed"], config["encoder"], config["device"]) == ("logmel_probe", 0, "logmel", "cpu")
    assert config["hyper_parameters"] == {"seed": 0, "penalty": 1.0, "max_iterations": 1000}
    assert set(config["versions"]) >= {"python", "torch", "torchaudio", "numpy"}
    table = made / "german" / "stimuli.csv"
    assert config["train"][0]["sha256"] == hashlib.sha256(table.read_bytes()).hexdigest()
    assert config["train"][0]["clips"] == {"de": {"angry": 4, "happy": 4, "neutral": 4, "sad": 4}}
    assert config["stimuli"]["rated"]["en-scotland"] == {"angry": 2, "happy": 2, "neutral": 2, "sad": 2}
    assert config["disjoint"] == {"clips": True, "shared_speakers": []}


def test_the_configuration_tells_of_the_tables_as_they_were_read(made, tmp_path, monkeypatch):
    study = edited(made, tmp_path, change=lambda n, r: r)
    train = tmp_path / "train.csv"
    ratings.write_whole(train, ratings.to_csv(load(made / "german" / "stimuli.csv")).encode())
    before = [hashlib.sha256(table.read_bytes()).hexdigest() for table in (study, train)]
    write = ratings.write

    def edited_meanwhile(*words, **how):
        for table in (study, train):
            table.write_text("stimulus,language\n")
        write(*words, **how)

    monkeypatch.setattr(ratings, "write", edited_meanwhile)
    run = runs.execute(runs.Plan(stimuli=study, train=(train,), method="majority"), tmp_path / "run")
    assert [run.config["stimuli"]["sha256"], run.config["train"][0]["sha256"]] == before


def test_speakers_in_both_parts_are_named(made, tmp_path):
    study = edited(made, tmp_path, change=lambda n, r: [*r[:2], "german", r[3], "a" if n == 0 else "z", *r[5:]])
    run = runs.execute(plan(made, study=study), tmp_path / "run")
    assert run.config["disjoint"]["shared_speakers"] == ["german a"]
    assert "german a" in (tmp_path / "run" / "log.txt").read_text()


def test_a_finished_run_holds_its_tables_and_nothing_of_its_making(made, tmp_path):
    runs.execute(plan(made), tmp_path / "run")
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [
        "codebook.csv", "config.yaml", "log.txt", "raters.csv", "ratings.csv", "stimuli.csv",
    ]  # fmt: skip
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_the_clips_of_a_run_are_found_from_its_table_and_have_their_true_hash(made, tmp_path):
    runs.execute(plan(made), tmp_path / "run")
    stimuli = load(tmp_path / "run" / "stimuli.csv")
    assert [audio.sha256(file) for file in stimuli["file"]] == stimuli["sha256"].tolist()


def test_a_method_that_comes_trained_needs_no_training_table_and_uses_none(made, tmp_path, monkeypatch):
    def fit(train, dev, config):
        assert train.empty
        assert dev.empty
        return majority.Model(("angry", "sad"), (0.25, 0.75))

    trained = dataclasses.replace(majority.METHOD, fit=fit, learns=False, trained_on="DE")
    monkeypatch.setattr("ser_core.run_plan.find_method", lambda name: trained)
    study = made / "study" / "stimuli.csv"
    for train in ((), (tmp_path / "gone.csv",)):
        run = runs.execute(runs.Plan(stimuli=study, train=train, method="trained"), tmp_path / f"run{len(train)}")
        assert run.tables.raters[["rater", "setting", "source"]].to_numpy().tolist() == [
            ["trained.de.de.s0", "mono", "de"], ["trained.de.en-scotland.s0", "cross", "de"],
        ]  # fmt: skip
        assert run.config["train"] == []
        assert len(run.tables.ratings) == 16 * 2


# --- what it refuses -------------------------------------------------------------------------------------------------


def test_a_folder_that_exists_is_not_written_over(made, tmp_path):
    (tmp_path / "run").mkdir()
    assert "exists already" in refused(plan(made), tmp_path / "run")[0]


def test_an_unknown_model_and_missing_tables_are_told_together(made, tmp_path):
    wrong = runs.Plan(stimuli=made / "gone.csv", train=(made / "lost.csv",), method="majorty")
    said = "\n".join(refused(wrong, tmp_path / "run"))
    assert "Did you mean 'majority'?" in said
    assert "gone.csv" in said
    assert "lost.csv" in said


def test_every_clip_that_cannot_be_heard_is_named_with_its_reason_and_line(made, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    wrong = {1: str(tmp_path / "gone.wav"), 2: str(tmp_path / "broken.wav")}
    study = edited(made, tmp_path, change=lambda n, r: [r[0], wrong.get(n, r[1]), *r[2:]])
    said = refused(plan(made, study=study), tmp_path / "run")
    assert len(said) == 2
    assert "gone.wav: there is no such file (line 3 of" in said[0]
    assert "broken.wav" in said[1]
    assert "line 4" in said[1]


def test_a_clip_in_training_and_study_is_refused_even_under_another_name(made, tmp_path):
    copy = tmp_path / "innocent.wav"
    shutil.copy(next((made / "german" / "clips").iterdir()), copy)
    study = edited(made, tmp_path, change=lambda n, r: [r[0], str(copy) if n == 4 else r[1], *r[2:]])
    said = refused(plan(made, study=study), tmp_path / "run")
    assert len(said) == 1
    assert said[0].startswith(f"{study}:6: ")
    assert "is also in training (as 'german-de-" in said[0]


def test_an_emotion_that_is_not_taught_is_refused_for_each_language(made, tmp_path):
    voices.table(tmp_path / "poor", languages=("de", "en"), emotions=("angry", "happy"))
    wrong = runs.Plan(stimuli=made / "study" / "stimuli.csv", train=(tmp_path / "poor" / "stimuli.csv",), method="majority")
    said = refused(wrong, tmp_path / "run")
    assert len(said) == 2
    assert "no training clip in language 'de' is neutral or sad" in said[0]


def test_training_clips_without_truth_are_named_by_line(made, tmp_path):
    table = voices.write(
        tmp_path / "train.csv", [("1", "1.wav", "c", "de", "s", "", ""), ("2", "2.wav", "c", "de", "s", "", "")]
    )
    wrong = runs.Plan(stimuli=made / "study" / "stimuli.csv", train=(table,), method="majority")
    said = refused(wrong, tmp_path / "run")
    assert [line.split(": ")[0] for line in said] == [f"{table}:2", f"{table}:3"]


def test_a_shard_or_number_of_threads_that_makes_no_sense_is_refused(made, tmp_path):
    assert LARGEST == WINDOW  # what is heard together is one window of the store, or batches would depend on what is there
    wrong = dataclasses.replace(plan(made), shard=513, threads=0)
    assert refused(wrong, tmp_path / "run") == [
        "a shard must hold 1 to 512 clips, not 513",
        "a worker computes with at least 1 thread, not 0",
    ]


def test_training_tables_without_a_clip_are_refused(made, tmp_path):
    table = voices.write(tmp_path / "train.csv", [])
    wrong = runs.Plan(stimuli=made / "study" / "stimuli.csv", train=(table,), method="majority")
    assert refused(wrong, tmp_path / "run") == ["no clip to learn from: the training tables are empty"]


def test_a_study_of_practice_alone_is_refused(made, tmp_path):
    study = edited(made, tmp_path, change=lambda n, r: [*r[:6], "practice"])
    assert "no clip to rate" in refused(plan(made, study=study), tmp_path / "run")[0]


def test_a_clip_that_was_exchanged_after_it_was_indexed_is_refused(made, tmp_path):
    stimuli = load(made / "study" / "stimuli.csv").assign(sha256="0" * 64)
    (tmp_path / "study.csv").write_text(ratings.to_csv(stimuli))
    said = refused(plan(made, study=tmp_path / "study.csv"), tmp_path / "run")
    assert len(said) == 16
    assert "is not the clip that was indexed" in said[0]


# --- whole or not there ----------------------------------------------------------------------------------------------


def test_a_crash_in_the_middle_leaves_no_run_but_what_is_finished(made, tmp_path, monkeypatch):
    def crash(*_, **__):
        assert partial_of(tmp_path / "run").is_dir()
        assert not (tmp_path / "run").exists()
        raise RuntimeError("out of memory")

    monkeypatch.setattr(ratings, "write", crash)
    with pytest.raises(RuntimeError, match="out of memory"):
        runs.execute(plan(made), tmp_path / "run")
    assert list(tmp_path.iterdir()) == [partial_of(tmp_path / "run")]
    assert resumable(tmp_path / "run")


def test_what_a_dead_run_left_is_removed_and_said(made, tmp_path):
    partial_of(tmp_path / "run").mkdir()
    (partial_of(tmp_path / "run") / "ratings.csv").write_text("half")
    runs.execute(plan(made), tmp_path / "run")
    assert "half-written" in (tmp_path / "run" / "log.txt").read_text()


def test_two_runs_do_not_write_the_same_folder(made, tmp_path, monkeypatch):
    said: list[list[str]] = []
    write = ratings.write

    def meanwhile(*words, **how):
        other = threading.Thread(target=lambda: said.append(refused(plan(made), tmp_path / "run")))
        other.start()
        other.join()
        write(*words, **how)

    monkeypatch.setattr(ratings, "write", meanwhile)
    runs.execute(plan(made), tmp_path / "run")
    assert "being written by another process" in said[0][0]
    assert len(ratings.read(tmp_path / "run").ratings) == 16 * 2 * 4


def test_progress_is_told_while_the_run_is_made(made, tmp_path, monkeypatch):
    seen: list[dict[str, Any]] = []
    inspect = audio.inspect

    def watched(path):
        file = partial_of(tmp_path / "run") / "progress.json"
        seen.extend([json.loads(file.read_text())] if file.exists() else [])
        return inspect(path)

    monkeypatch.setattr(audio, "inspect", watched)
    runs.execute(plan(made), tmp_path / "run")
    assert seen
    assert all(0 <= step["done"] <= step["total"] == 48 and "checking" in step["what"] for step in seen)


# --- which runs belong to a study ------------------------------------------------------------------------------------


def test_a_run_belongs_to_the_study_whose_clips_it_rated(made, data):
    run = runs.execute(plan(made), data / "runs" / "mine")
    (found,) = runs.of(run.tables.stimuli)
    assert (found.id, found.folder, found.config) == ("mine", data / "runs" / "mine", run.config)
    assert ratings.to_csv(found.tables.ratings) == ratings.to_csv(run.tables.ratings)


def test_a_run_whose_record_is_damaged_is_named(made, data):
    run = runs.execute(plan(made), data / "runs" / "mine")
    for content in (b"model: [", b"", b"\xff"):
        (run.folder / "config.yaml").write_bytes(content)
        with pytest.raises(BadInput, match=r"mine/config\.yaml: is damaged"):
            runs.of(run.tables.stimuli)


def test_a_run_does_not_belong_to_a_study_with_other_or_fewer_or_unhashed_clips(made, data):
    stimuli = runs.execute(plan(made), data / "runs" / "mine").tables.stimuli
    assert runs.of(stimuli.iloc[1:]) == []
    assert runs.of(stimuli.assign(sha256="")) == []
    assert runs.of(stimuli.assign(stimulus=stimuli["stimulus"] + "x")) == []


def test_half_written_runs_and_an_empty_data_folder_are_no_runs(made, data):
    stimuli = load(made / "study" / "stimuli.csv")
    assert runs.of(stimuli) == []
    run = runs.execute(plan(made), data / "runs" / "mine")
    (data / "runs" / "mine").rename(partial_of(data / "runs" / "mine"))
    assert runs.of(run.tables.stimuli) == []
