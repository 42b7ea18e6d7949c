"""Every method that can be learned, as one grid: from each corpus and from several, with shots and noise, in miniature."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

from ser_core import experiment_folders
from ser_core.cli import main
from ser_core.commands.run import _table as printed_table
from ser_core.methods._find import all_methods
from ser_core.methods._method import settable
from ser_core.tables import SETTINGS
from tests.ser_core import tiny_checkpoints, voices

LANGUAGES = ("de", "en", "pl")
LEARNED = {name: m for name, m in all_methods().items() if m.learns and not m.marks and "encoder" in settable(m)}
QUICK = {"epochs": 2, "every": 1, "rounds": 2, "crop_s": 0.3}
"""What makes a method quick, where it has it."""
FILE = {
    "name": "all",
    "stimuli": [f"{language}/stimuli.csv" for language in LANGUAGES],
    "encoders": {"logmel": ""},
    "settings": ["mono", "transfer", "multi_source"],
    "targets": ["de"],
    "shots": {"counts": [0, 4]},
    "splits": {"folds": 3},
    "noisy": ["noisy/stimuli.csv"],
    "grid": [
        {"method": name, **{f"with.{key}": value for key, value in QUICK.items() if key in settable(method)}}
        for name, method in LEARNED.items()
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Iterator[Path]:
    top = tmp_path_factory.mktemp("all")
    for language in LANGUAGES:
        voices.table(top / language, languages=(language,), speakers=[f"{language}{n}" for n in range(6)])
    (top / "noises").mkdir()
    hiss = np.random.default_rng(0).standard_normal(16_000).astype(np.float32) / 10
    soundfile.write(top / "noises" / "hiss.wav", hiss, 16_000)
    (top / "all.yaml").write_text(yaml.safe_dump(FILE))
    with pytest.MonkeyPatch.context() as patch, tiny_checkpoints.one_thread():
        patch.setenv("EARWITNESS_DATA", str(top / "data"))
        patch.setenv("EARWITNESS_FEATURES", str(top / "features"))
        noise = ["noise", *(str(top / language / "stimuli.csv") for language in LANGUAGES), "--from", str(top / "noises")]
        assert main("ser_core", [*noise, "--snr", "10", "--out", str(top / "noisy")]) == 0
        assert main("ser_core", ["run", str(top / "all.yaml"), "--threads", "1", "--device", "cpu"]) == 0
        yield top / "data" / "runs" / "all"


@pytest.fixture(scope="module")
def models(folder) -> pd.DataFrame:
    return experiment_folders.read(folder).models


def test_every_method_is_tested_in_every_setting_with_and_without_shots_and_noise(models):
    folds, shots, conditions = 3, 2, 2
    counted = models.groupby(["method", "setting"]).size().to_dict()
    each = {
        "mono": folds * conditions,
        "transfer": 2 * folds * shots * conditions,
        "multi_source": folds * shots * conditions,
    }
    assert counted == {(name, setting): count for name in LEARNED for setting, count in each.items()}
    assert set(models["setting"]) < set(SETTINGS)
    assert models["ua"].between(0, 1).all()
    assert set(models["condition"]) == {"", "hiss 10 dB"}


def test_a_model_that_is_tested_with_noise_is_the_one_that_is_tested_without(models):
    each = models.groupby(["method", "setting", "source", "shots", "fold"], sort=False)
    assert each["dev_ua"].nunique().eq(1).all()
    assert each.size().eq(2).all()


def test_every_row_says_what_it_was_given_of_the_target(models):
    few = models["setting"] != "mono"
    assert (models.loc[~few, "shots"] == "").all()
    assert (models.loc[few, "n_shots"] == models.loc[few, "shots"].astype(int)).all()
    adapting = models["method"].map(lambda name: all_methods()[name].adapts)
    assert (models.loc[few & adapting, ["n_shots", "n_unlabelled"]].sum(axis=1) == 8).all()  # of the two other voices
    assert (models.loc[~(few & adapting), "n_unlabelled"] == 0).all()
    assert set(models["disjoint"]) == {"speaker"}
    assert models["dev_from"].eq(np.where(few, "source", "target")).all()
    learned = models.groupby(["setting", "shots"])["n_train"].unique().map(list).to_dict()
    assert learned == {("mono", ""): [8], ("transfer", "0"): [8], ("transfer", "4"): [12]} | {
        ("multi_source", "0"): [16],
        ("multi_source", "4"): [20],
    }


def test_what_is_printed_says_nothing_of_the_layer_of_a_method_that_has_none(models):
    printed = printed_table(models).set_index("model")["layer"]
    weighted = printed.index.str.startswith("weighted_layers")
    assert set(printed[weighted]) == {""}
    assert set(printed[printed.index.str.startswith("layer_probe")]) == {"0"}


def test_learning_curves_are_finite_and_of_every_method_that_learns_by_epochs(folder, models):
    curves = experiment_folders.curves(folder)
    drawn = set(models.loc[models["model"].isin(curves["model"]), "method"])
    assert drawn == {name for name in LEARNED if "epochs" in settable(LEARNED[name])}
    assert np.isfinite(curves[["train_loss", "dev_loss"]]).all(axis=None)
