"""The methods section tells of an experiment what its config holds, and of a damaged one what is left."""

from __future__ import annotations

from typing import Any

import pytest

from ser_core.methods_models import models, of_run
from ser_core.provenance import MadeOf
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, frame

ASKED: dict[str, Any] = {
    "name": "layers",
    "encoders": {"wav2vec2-base": "en", "logmel": ""},
    "settings": ["mono", "cross"],
    "dev_from": "source",
    "splits": {"folds": 5, "train": 1600, "dev": 200, "test": 200, "by": "speaker", "dev_speakers": "own", "seed": 7},
    "grid": [{"method": "layer_probe", "with.layer": "all"}, {"method": "probe", "with.penalty": [1, 10]}],
    "seeds": [0, 1, 2],
    "noisy": [],
}
CONFIG = {
    "run": "layers/listened",
    "experiment": ASKED,
    "revisions": {"wav2vec2-base": "0b5b8e8", "logmel": "64 bands"},
    "models": 54,
    "device": "cuda",
    "code": "38e5",
    "versions": {"torch": "2.13.0"},
}


def made(*names: str) -> Tables:
    rows = [
        {"rater": f"m{n}", "rater_type": "machine", "method": "probe", "encoder": "logmel", "seed": "0", "run": name}
        for n, name in enumerate(names)
    ]
    return Tables(frame(STIMULI, []), frame(RATERS, rows), frame(RATINGS, []))


def test_an_experiment_is_told_with_its_revisions_seeds_and_splits():
    told = " ".join(models(made("layers", "other"), MadeOf(runs={"layers/listened": CONFIG})))
    for words in (
        "Run layers/listened: experiment layers of 54 models; seeds of the models: 0, 1, 2.",
        "the models whose settings and layer have the highest mean UA on dev clips, over folds and seeds, rated the clips",
        "wav2vec2-base (0b5b8e8; pretrained in en), logmel (64 bands).",
        "Models: method layer_probe, layer all; method probe, penalty 1 or 10.",
        "Settings: mono, cross.",
        "Clips were cut by speakers into 5 folds of at most 1,600 to train, 200 to stop training, 200 to test (seed 7).",
        "Dev clips were of speakers of their own, from the source of models tested elsewhere than they learned.",
        "Made on cuda; code 38e5; torch 2.13.0.",
        "How the models of these runs were made is not told by what was compared: other.",
    ):
        assert words in told, words
    assert "Copies with noise" not in told
    assert "Labelled clips" not in told


def test_what_else_an_experiment_can_ask_for_is_told():
    splits = {**ASKED["splits"], "folds": "speakers", "dev_speakers": "test"}
    more = {"settings": ["transfer"], "shots": {"counts": [0, 5], "trials": 3}, "noisy": ["babble.csv"], "noise_in": "both"}
    told = " ".join(of_run("layers", {**CONFIG, "experiment": {**ASKED, "splits": splits, **more}}))
    assert "into one speaker left out at a time" in told
    assert "of the test’s speakers" in told
    assert "that a model was given: 0, 5, drawn 3 times." in told
    assert "(babble.csv) stood in the test and in training." in told
    assert "listeners heard" not in told


@pytest.mark.parametrize("config", [{}, {"experiment": {}}, {"experiment": {"grid": 3, "splits": [], "encoders": "x"}}])
def test_a_config_of_which_much_is_missing_is_told_as_far_as_it_goes(config):
    told = list(of_run("half", config))
    assert told[0].startswith("Run half: ")
    assert "None" not in " ".join(told)
