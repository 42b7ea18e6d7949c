"""An experiment in miniature: every model of its grid is a rater, equal learnings are one, and bytes depend on no chance."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from ser_core import experiment_folders, ratings, runs
from ser_core.cli import main
from ser_core.engine._engine import Function, Shard
from ser_core.engine.local import Local
from ser_core.engine.workshop import resumable
from ser_core.experiment_tables import PLACE
from ser_core.experiments import plan, runner
from ser_core.experiments.runner import execute
from ser_core.stimuli import load
from tests.ser_core import tiny_checkpoints, voices

FILE = """
name: small
stimuli: [de/stimuli.csv, en/stimuli.csv]
encoders: {logmel: en}
settings: [mono, cross, trans, two_stage]
splits: {folds: 3}
listened: heard/stimuli.csv
grid:
  - {method: layer_probe, with.layer: all, with.epochs: 2, settings: [mono, cross, trans]}
  - {method: probe, with.penalty: [1, 10], settings: [mono, cross, trans]}
  - {method: tuned, with.epochs: 2, settings: two_stage}
"""


@pytest.fixture(scope="module")
def top(tmp_path_factory) -> Path:
    """Two languages of six voices; listeners heard a clip of the tables under another name, and two new voices."""
    top = tmp_path_factory.mktemp("experiment")
    for language in ("de", "en"):
        voices.table(top / language, languages=(language,), speakers=[f"{language}{n}" for n in range(6)])
    voices.table(top / "heard", languages=("de", "en"), speakers="yz")
    again = (top / "de" / "clips" / "de-de-de0-sad-0.wav").read_bytes()
    (top / "heard" / "clips" / "heard-de-y-sad-0.wav").write_bytes(again)
    (top / "small.yaml").write_text(FILE)
    return top


@pytest.fixture(scope="module", autouse=True)
def _own(top) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, tiny_checkpoints.one_thread():
        patch.setenv("EARWITNESS_DATA", str(top / "data"))
        patch.setenv("EARWITNESS_FEATURES", str(top / "features"))
        yield


@pytest.fixture(scope="module")
def folder(top) -> Path:
    assert main("ser_core", ["run", str(top / "small.yaml"), "--threads", "1", "--device", "cpu"]) == 0
    return top / "data" / "runs" / "small"


@pytest.fixture(scope="module")
def models(folder) -> pd.DataFrame:
    return experiment_folders.read(folder).models


def place(models: pd.DataFrame) -> pd.Series:
    return models["setting"] + " " + models["source"] + models["target"]


def test_there_is_a_model_for_each_point_of_the_grid_setting_and_fold(models):
    counts = models.groupby([place(models), "method", "settings"]).size().to_dict()
    probes = [("layer_probe", "epochs=2"), ("probe", ""), ("probe", "penalty=10.0")]
    wanted = {(where, *kind): 3 for where in ("mono enen", "cross ende", "trans dede") for kind in probes}
    assert counts == wanted | {("two_stage ende", "tuned", "epochs=2"): 3}
    assert set(models["layer"]) == {0}
    assert models["model"].tolist() == list(range(30))


def test_every_model_is_a_rater_whose_accuracy_is_that_of_its_ratings(folder, models):
    tables = ratings.read(folder)
    assert tables.raters["rater"].tolist() == models["rater"].tolist()
    said = ratings.decide(ratings.join(tables))
    right = said.assign(right=said["label"] == said["truth"])
    recall = right.groupby(["rater", "truth"])["right"].mean().groupby("rater").mean()
    assert models["ua"].to_numpy() == pytest.approx(recall[models["rater"]].to_numpy())
    assert models["n"].tolist() == right.groupby("rater").size()[models["rater"]].tolist()
    scores = pd.read_csv(folder / "scores.csv", keep_default_na=False).query(
        "metric == 'ua' and language == '' and rater != ''"
    )
    scored = scores.set_index("rater")["value"].astype(float)[models["rater"]]
    assert models["ua"].to_numpy() == pytest.approx(scored.to_numpy())


def test_the_settings_with_the_best_mean_on_dev_clips_are_chosen(models):
    for _, rows in models.groupby(["method", *PLACE]):
        means = rows.groupby("settings", sort=False)["dev_ua"].mean().round(9)
        assert set(rows.loc[rows["chosen"] == "yes", "settings"]) == {means.idxmax()}


def test_a_model_that_learned_the_same_is_trained_once_and_tested_twice(folder, models):
    config = yaml.safe_load((folder / "config.yaml").read_text())
    # cross learns where mono does; of two_stage both stages are trained
    assert (config["models"], config["learned"]) == (30, 30 - 9 + 3)
    same = models[models["method"] != "tuned"]
    dev = same.set_index(["method", "settings", "fold"]).groupby(same["setting"].to_numpy())["dev_ua"]
    assert dev.get_group("mono").tolist() == dev.get_group("cross").tolist()


def test_every_content_is_heard_once_for_each_thing_kept_of_it(folder):
    config = yaml.safe_load((folder / "config.yaml").read_text())
    different = 48 + 16 - 1  # one clip of the tables was heard by listeners
    assert [(each["clips"], each["heard"]) for each in config["forwards"]][:2] == [(different, different)] * 2
    assert {each["keeps"] for each in config["forwards"]} >= {"mean", "mean_std"}


def test_a_second_stage_goes_on_with_the_clips_of_the_target(folder, models):
    curves = experiment_folders.curves(folder)
    two = models[models["setting"] == "two_stage"]
    for number in two["model"]:
        assert curves[curves["model"] == number][["stage", "epoch"]].values.tolist() == [[1, 1], [1, 2], [2, 3], [2, 4]]
    both = ["mono", "trans"]  # English, then German, as these two alone
    one = models[models["method"].eq("probe") & models["setting"].isin(both) & models["settings"].eq("")]
    assert two["n_train"].tolist() == one.groupby("fold")["n_train"].sum().tolist()


def test_what_listeners_heard_is_learned_and_tested_by_nobody_and_rated_by_the_chosen(top, folder, models):
    listened = ratings.read(folder / "listened")
    chosen = models[models["chosen"] == "yes"]
    assert sorted(listened.raters["rater"]) == sorted(chosen["rater"])
    study = load(top / "heard" / "stimuli.csv")
    tested = ratings.read(folder).stimuli
    assert "de-de-de0-sad-0" not in set(tested["stimulus"])
    said = ratings.decide(ratings.join(listened))
    assert (said["language"] == said["target"]).all()
    right = (said["label"] == said["truth"]).groupby(said["rater"]).mean()
    assert chosen["listened_ua"].to_numpy() == pytest.approx(right[chosen["rater"]].to_numpy())
    assert models.loc[models["chosen"] == "no", "listened_ua"].isna().all()
    found = runs.of(study.assign(sha256=study["stimulus"].map(dict(_hashes(folder / "listened")))))
    assert [run.id for run in found] == ["small/listened"]
    notes = pd.read_csv(folder / "findings.csv")["what"].tolist()
    assert "kept out of all that is learned and tested, because listeners heard them: 1 clip" in notes


def _hashes(folder: Path) -> list[tuple[str, str]]:
    stimuli = ratings.read(folder).stimuli
    return list(zip(stimuli["stimulus"], stimuli["sha256"], strict=True))


class Backwards(Local):
    """Shards in another order, each as in another process; it fails of itself at the third but once."""

    fails = False

    def map(self, function: Function, shards: Sequence[Shard]) -> Iterator[tuple[Shard, Any]]:
        for number, shard in enumerate(reversed(shards)):
            if self.fails and shard.of == "models" and number == 3:
                raise ZeroDivisionError("of our own making")
            yield shard, pickle.loads(pickle.dumps(function))(pickle.loads(pickle.dumps(shard.content)))


def test_cut_off_and_gone_on_with_in_another_order_it_gives_the_same_bytes(top, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "TOGETHER", 2)  # several shards of models that are made together, too
    engine = Backwards(workers=1)
    engine.fails = True
    planned = plan.resolve(top / "small.yaml", tmp_path / "small")
    with pytest.raises(ZeroDivisionError):
        execute(planned, engine=engine, threads=1)
    assert resumable(tmp_path / "small")
    engine.fails = False
    done = execute(planned, engine=engine, threads=1)
    for name in ("ratings.csv", "raters.csv", "stimuli.csv", "scores.csv", "findings.csv", "listened/ratings.csv"):
        assert (done.folder / name).read_bytes() == (folder / name).read_bytes(), name
    changing = ["seconds", "peak_memory_mb"]
    one, other = (experiment_folders.read(f).models.drop(columns=changing) for f in (folder, done.folder))
    assert one.equals(other)
    assert np.isfinite(one["dev_loss"]).all()


def test_a_check_says_how_much_it_is_to_do_and_does_nothing(top, capsys):
    before = set((top / "data").rglob("*"))
    assert main("ser_core", ["run", "--check", str(top / "small.yaml")]) == 0
    said = capsys.readouterr()
    assert "24 models to learn, 3 of them a second stage, tested in 30 places" in said.out
    assert "logmel hears 63 clips, as far as it has not (mean)" in said.out
    assert set((top / "data").rglob("*")) == before


def ran(top: Path, name: str, grid: str, settings: str = "[mono]") -> int:
    text = FILE[: FILE.index("grid")].replace("small", name).replace("[mono, cross, trans, two_stage]", settings)
    (top / f"{name}.yaml").write_text(f"{text}projections: []\ngrid:\n{grid}")
    return main("ser_core", ["run", str(top / f"{name}.yaml"), "--threads", "1", "--device", "cpu"])


def test_models_that_diverge_are_told_and_the_others_are_as_without_them(top, folder, capsys):
    probe = "  - {method: layer_probe, with.epochs: 3, settings: [mono], with.learning_rate: "
    tuned = "  - {method: tuned, with.epochs: 3, settings: [two_stage], with.learning_rate: [1.0e+30]}\n"
    assert ran(top, "astray", f"{probe}[1.0e+30, 0.001]}}\n{tuned}", "[mono, two_stage]") == 3
    said = capsys.readouterr().err
    assert "6 of 9 models diverged, have no ratings and are in no mean; the others are whole" in said
    assert "  logmel layer_probe learning_rate=1e+30 epochs=3 layer=0: 3 of 3 models; model 0: the training loss" in said
    assert "in the stage before, the dev loss is no number any more in epoch 2" in said
    assert ran(top, "steady", f"{probe}[0.001]}}\n") == 0
    astray, steady = (experiment_folders.read(folder.parent / name) for name in ("astray", "steady"))
    lost = astray.models[astray.models["ua"].isna()]
    assert lost["model"].tolist() == [0, 1, 2, 6, 7, 8]
    assert lost[["wa", "dev_ua", "dev_loss", "epochs"]].isna().all(axis=None)
    assert set(lost["n"]) == {0}
    assert lost["notes"].str.contains(r"^diverged: .*choose a lower learning_rate$").all()
    assert astray.models.loc[astray.models["chosen"] == "yes", "model"].tolist() == [3, 4, 5]
    left = ["ua", "dev_ua", "listened_ua", "listened_n"]
    assert astray.models.loc[3:5, left].to_numpy().tolist() == steady.models[left].to_numpy().tolist()
    shares = [ratings.read(folder.parent / name).ratings["weight"].tolist() for name in ("astray", "steady")]
    assert shares[0] == shares[1]
    assert set(ratings.read(folder.parent / "astray").raters["rater"]) == set(astray.models.loc[3:5, "rater"])


def test_of_a_cell_in_which_a_model_diverged_nothing_is_told_but_that(top, folder):
    found = experiment_folders.read(folder.parent / "astray")
    first = found.findings.iloc[0]
    assert (first["severity"], first["check"]) == ("alarm", "diverged")
    assert first["what"].startswith("6 of 9 models diverged: no ratings, not chosen, in no mean. ")
    cells = found.cells
    assert cells[["ua", "wa", "dev_ua"]].isna().all(axis=1).tolist() == cells["settings"].str.contains("e\\+30").tolist()
    assert found.intervals["why"].str.contains("3 of 3 models diverged").sum() == 2


def test_an_experiment_of_which_every_model_diverges_says_so_and_writes_nothing(top, folder, capsys):
    assert ran(top, "lost", "  - {method: layer_probe, with.epochs: 3, with.learning_rate: [1.0e+30]}\n") == 2
    said = capsys.readouterr().err
    assert "every model diverged: the training loss is no number any more in epoch" in said
    assert not (folder.parent / "lost").exists()
