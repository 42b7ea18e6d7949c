"""Paired tests over folds and seeds: against scipy and R's formulas, and on folders of experiments."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student
from scipy.stats import ttest_rel, wilcoxon

from ser_core import cli, model_pairs
from ser_core.errors import BadInput
from ser_core.experiment_folders import read
from ser_core.statistics.resampled import corrected
from ser_core.statistics.signed_rank import signed_rank
from tests.ser_core import made_experiments


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "made"
    encoders = {"w2v2-de": "de", "w2v2-en": "en"}
    models = made_experiments.make(folder, encoders=encoders, seeds=(0, 1), settings=("", "epochs=3"))
    chance = np.random.default_rng(0).normal(0, 0.05, len(models))
    models.assign(ua=(models["ua"].astype(float) + chance).clip(0, 1)).to_csv(folder / "models.csv", index=False)
    return folder


@pytest.mark.parametrize("n", [2, 5, 9])
def test_signed_ranks_are_those_of_scipy_where_it_is_exact(n):
    differences = np.random.default_rng(n).normal(0.1, 1, n)
    found = signed_rank([*differences, np.nan, 0.0])
    assert found.p == pytest.approx(wilcoxon(differences, method="exact").pvalue)
    assert (found.n, found.floor) == (n, 2 / 2**n)
    assert signed_rank(np.abs(differences)).p == found.floor


def test_signed_ranks_with_ties_are_exact_too_and_many_are_approximate():
    differences = [0.1, -0.1, 0.1 + 1e-15, 0.3, 0.3, 0.5]  # mean ranks 2, 2, 2, 4.5, 4.5, 6
    signs = np.array(np.meshgrid(*[[0, 1]] * 6)).reshape(6, -1).T
    sums = signs @ [2, 2, 2, 4.5, 4.5, 6]
    assert signed_rank(differences).p == pytest.approx((np.abs(sums - 10.5) >= abs(19 - 10.5)).mean())
    many = np.random.default_rng(0).normal(0.2, 1, 30)
    assert signed_rank(many).p == pytest.approx(wilcoxon(many, method="approx").pvalue)
    assert np.isnan(signed_rank([0.0, 0.0]).p)


def test_the_corrected_test_is_the_t_test_with_a_larger_variance():
    differences = np.random.default_rng(3).normal(0.05, 0.05, 10)
    t, p = corrected(differences, n_train=90, n_test=10)
    shrunk = np.sqrt((1 / 10) / (1 / 10 + 10 / 90))
    assert t == pytest.approx(shrunk * ttest_rel(differences, np.zeros(10)).statistic)
    assert p == pytest.approx(2 * student.sf(abs(t), 9))
    assert np.isnan(corrected([0.1, 0.1], n_train=9, n_test=1)).all()
    assert np.isnan(corrected([0.1], n_train=9, n_test=1)).all()


def test_encoders_are_paired_by_fold_on_the_layer_that_dev_clips_chose(run):
    experiment = read(run)
    found = model_pairs.table(experiment.models, by="encoder")
    assert len(found) == 2 * 2  # two places, two settings
    row = found[(found["setting"] == "mono") & ~found["a"].str.contains("epochs")].iloc[0]
    sides = []
    for encoder in ("w2v2-de", "w2v2-en"):
        models = experiment.models[(experiment.models["encoder"] == encoder) & (experiment.models["setting"] == "mono")]
        models = models[models["settings"] == ""]
        chosen = models.groupby("layer")["dev_ua"].mean().round(12).idxmax()
        sides.append(models[models["layer"] == chosen].groupby("fold")["ua"].mean().to_numpy())
    theirs = ttest_rel(*sides)
    assert (row["t"], row["p"], row["df"]) == pytest.approx((theirs.statistic, theirs.pvalue, 4))
    assert row["p_wilcoxon"] >= row["wilcoxon_floor"] == 0.0625
    assert row["p_corrected"] > row["p"]
    assert row["p_holm"] >= row["p"]
    assert "folds share training clips" in row["note"]


def test_settings_and_seeds_can_be_paired_too_and_other_methods_are_not_mixed_in(run):
    models = read(run).models
    by_seed = model_pairs.table(models, by="settings", over="seed", metric="wa")
    assert set(by_seed["pairs"]) == {2}
    assert by_seed["p_corrected"].isna().all()
    assert all(a.split()[0] == b.split()[0] for a, b in zip(by_seed["a"], by_seed["b"], strict=True))
    other = models.assign(method="probe", ua=models["ua"] - 0.125)
    by_method = model_pairs.table(pd.concat([models, other]), by="method")
    equal = by_method[by_method["a"].str.contains("epochs") == by_method["b"].str.contains("epochs")]
    assert equal["difference"].to_numpy() == pytest.approx(0.125)
    assert equal["note"].str.startswith("no t-test: the difference is the same in every fold").all()


def test_what_cannot_be_paired_is_said(run):
    models = read(run).models
    with pytest.raises(BadInput, match="no two models differ in their method with the same encoder"):
        model_pairs.table(models, by="method")
    one = models[(models["fold"] == 0) | (models["encoder"] == "w2v2-de")]
    assert model_pairs.table(one)["note"].str.startswith("not tested: 1 fold of both sides").all()
    fewer = model_pairs.table(models[(models["fold"] < 3) | (models["encoder"] == "w2v2-de")])
    assert fewer["note"].str.startswith("2 folds of one side only are left out").all()
    gone = models.assign(ua=models["ua"].mask((models["fold"] == 0) & (models["encoder"] == "w2v2-de")))
    lost = model_pairs.table(gone)
    assert lost["note"].str.fullmatch(r"not tested: \d+ of \d+ models diverged").all()
    assert lost[["t", "p", "p_wilcoxon"]].isna().all(axis=None)


def test_the_command_prints_the_floor_and_writes_all_columns(run, tmp_path, capsys):
    out = tmp_path / "pairs.csv"
    assert cli.main("ser_core", ["model-pairs", str(run), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "its floor" in said
    assert "0.062" in said
    assert "Nadeau & Bengio 2003" in said
    assert list(pd.read_csv(out).columns) == list(model_pairs.COLUMNS)
    assert cli.main("ser_core", ["model-pairs", str(tmp_path / "none"), str(tmp_path)]) == 2
    assert cli.main("ser_core", ["model-pairs", str(run), "--by", "method"]) == 2
    said = capsys.readouterr().err
    assert "see --by" in said
    assert f"{tmp_path / 'none'}: is no folder; name that of an experiment" in said
