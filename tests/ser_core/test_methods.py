"""Every method keeps the contract: it fits, it rates, and what it gives is a posterior."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from ser_core import audio, ratings
from ser_core.emotions import in_order
from ser_core.encoders import wav2vec2
from ser_core.encoders._find import all_encoders
from ser_core.errors import BadInput
from ser_core.features import features as encoded
from ser_core.methods import logmel_probe, majority, probe
from ser_core.methods._find import all_methods
from ser_core.methods._method import Ears, Method, settable
from ser_core.stimuli import load
from tests.ser_core import tiny_checkpoints, voices

METHODS = {name: method for name, method in all_methods().items() if method.learns and not method.marks}


def clips(folder, **how) -> pd.DataFrame:
    stimuli = load(voices.table(folder, **how))
    return stimuli.assign(sha256=[audio.sha256(file) for file in stimuli["file"]])


@pytest.fixture(scope="module")
def train(tmp_path_factory) -> pd.DataFrame:
    return clips(tmp_path_factory.mktemp("train"), takes=3)


@pytest.fixture(scope="module")
def heard(tmp_path_factory) -> pd.DataFrame:
    return clips(tmp_path_factory.mktemp("heard"), speakers=("c", "d"))


def rate(name: str, train: pd.DataFrame, heard: pd.DataFrame) -> pd.DataFrame:
    method = METHODS[name]
    little = {"epochs": 2, "crop_s": 0.3}  # nothing here depends on how well it has learned
    few = {key: value for key, value in little.items() if key in settable(method)}
    return method.predict(method.fit(train, train.iloc[:0], method.config(**few)), heard).ratings


@pytest.mark.parametrize("name", METHODS)
def test_a_method_says_what_it_is(name):
    method = METHODS[name]
    assert isinstance(method, Method)
    assert method.title
    ears = method.hears(method.config())
    assert ears is None or ears.encoder in all_encoders()


@pytest.mark.parametrize("name", METHODS)
def test_the_configuration_of_a_method_is_frozen_has_defaults_and_a_seed(name):
    config = METHODS[name].config(seed=3)
    assert config.seed == 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 4


@pytest.mark.parametrize("name", METHODS)
def test_a_method_gives_each_clip_a_posterior_over_the_emotions_of_training(name, train, heard):
    given = rate(name, train, heard)
    assert list(given.columns) == ["stimulus", "label", "weight"]
    wanted = [(id_, label) for id_ in heard["stimulus"] for label in in_order(set(train["truth"]))]
    assert list(zip(given["stimulus"], given["label"], strict=True)) == wanted
    assert given["weight"].between(0, 1).all()
    assert np.allclose(given.groupby("stimulus")["weight"].sum(), 1)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_gives_the_same_twice(name, train, heard):
    assert ratings.to_csv(rate(name, train, heard)) == ratings.to_csv(rate(name, train, heard))


@pytest.mark.parametrize("name", METHODS)
def test_a_method_rates_a_clip_the_same_whatever_lies_beside_it(name, train, heard):
    alone = rate(name, train, heard.iloc[[3]])
    among = rate(name, train, heard)
    assert np.allclose(alone["weight"], among.loc[among["stimulus"] == heard.iloc[3]["stimulus"], "weight"], atol=1e-9)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_does_not_look_at_the_truth_it_is_asked_for(name, train, heard):
    blind = heard.assign(truth="")
    assert ratings.to_csv(rate(name, train, heard)) == ratings.to_csv(rate(name, train, blind))


@pytest.mark.parametrize("name", METHODS)
def test_a_method_knows_only_the_emotions_it_was_taught(name, train, heard):
    two = train[train["truth"].isin(["angry", "sad"])]
    assert set(rate(name, two, heard)["label"]) == {"angry", "sad"}


def test_majority_gives_the_shares_of_training(train, heard):
    some = pd.concat([train[train["truth"] == "sad"], train[train["truth"] == "happy"].iloc[:3]])
    given = rate("majority", some, heard.iloc[:1])
    assert given["weight"].tolist() == [3 / 9, 6 / 9]


def test_of_equally_frequent_emotions_majority_says_the_first_in_canonical_order(train, heard):
    shuffled = train.sample(frac=1, random_state=1)
    given = majority.predict(majority.fit(shuffled, train.iloc[:0], majority.Config()), heard).ratings
    table = ratings.frame(ratings.RATINGS, given.assign(rater="m"))
    assert set(ratings.decide(table)["label"]) == {"angry"}


def test_the_probe_learns_what_can_be_learned(train, heard):
    given = rate("logmel_probe", train, heard)
    best = given.loc[given.groupby("stimulus")["weight"].idxmax()].set_index("stimulus")["label"]
    assert (best.reindex(heard["stimulus"]).to_numpy() == heard["truth"].to_numpy()).all()


def test_the_probe_is_scaled_by_training_alone(train, heard):
    model = logmel_probe.fit(train, train.iloc[:0], probe.Fitting())
    rated = probe.predict(model, heard).ratings
    again = probe.predict(model, pd.concat([heard, heard.iloc[:1].assign(stimulus="x", file=train["file"].iloc[0])])).ratings
    assert np.allclose(rated["weight"], again["weight"].iloc[: len(rated)], atol=1e-12)
    features = encoded("logmel", train, pooling="mean_std").layer(0).astype(np.float64)
    assert model.mean == pytest.approx(features.mean(axis=0))


def test_the_optimum_of_the_probe_is_that_of_its_formula(train, heard):
    """The gradient of the penalised, class-weighted likelihood, written out, is 0 where the probe stopped."""
    model = logmel_probe.fit(train, train.iloc[:0], probe.Fitting(penalty=10))
    x = (encoded("logmel", train, pooling="mean_std").layer(0).astype(np.float64) - model.mean) / model.scale
    truth = np.array([model.labels.index(t) for t in train["truth"]])
    logits = x @ model.probe.coef_.T + model.probe.intercept_
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    gradient = (p - np.eye(len(model.labels))[truth]).T @ x + 10 * model.probe.coef_  # classes are equal, so weights are 1
    assert np.abs(gradient).max() < 0.01 * len(x)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"penalty": 0}, "penalty"),
        ({"max_iterations": 0}, "max_iterations"),
        ({"encoder": "logmell"}, "Did you mean 'logmel'"),
        ({"layer": 1}, "has no layer 1"),
    ],
)
def test_the_probe_refuses_settings_that_make_no_sense(setting, says):
    with pytest.raises(BadInput, match=says):
        probe.Config(**setting)


def test_the_probe_takes_the_layer_and_the_pooling_that_were_chosen(train, heard, tmp_path, monkeypatch):
    monkeypatch.setenv("EARWITNESS_FEATURES", str(tmp_path / "features"))
    monkeypatch.setenv("EARWITNESS_MODELS", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "w2v2-en").symlink_to(tiny_checkpoints.kept("w2v2-en"))
    monkeypatch.setitem(wav2vec2.ENCODERS, "w2v2-en", tiny_checkpoints.small("w2v2-en"))
    config = probe.Config(encoder="w2v2-en", layer=1, pooling="mean")
    model = probe.fit(train, train.iloc[:0], config)
    with tiny_checkpoints.one_thread():
        kept = encoded("w2v2-en", train)
    assert probe.hears(config) == Ears("w2v2-en", "mean")
    assert model.mean == pytest.approx(kept.layer(-3).astype(np.float64).mean(axis=0))
    assert len(probe.predict(model, heard).ratings) == 4 * len(heard)


def test_the_probe_refuses_a_single_emotion(train):
    with pytest.raises(BadInput, match="at least two emotions"):
        logmel_probe.fit(train[train["truth"] == "sad"], train.iloc[:0], probe.Fitting())


@pytest.mark.parametrize("module", ["methods.probe", "methods", "runs", "engine.jobs", "commands.predict"])
def test_importing_it_leaves_torch_and_sklearn_out(module):
    code = f"import sys, ser_core.{module}; print({{'torch', 'torchaudio', 'sklearn'}} & set(sys.modules))"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == "set()"
