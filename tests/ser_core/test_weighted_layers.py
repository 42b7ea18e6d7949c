"""Weighted layers as a method: many lessons at once, what a model tells, and what cannot be learned."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from benchmarks.methods import plain
from ser_core.errors import BadInput
from ser_core.experiments.kinds import Kind
from ser_core.features import features
from ser_core.methods import layer_probe, speaker_removed, weighted_layers
from ser_core.methods._method import CURVE, Lesson, configured
from ser_core.methods.weighted_layers import METHOD, Config
from ser_core.probing import Probe
from tests.ser_core import tiny_checkpoints
from tests.ser_core.small_ears import ENCODER, heard, of

EMOTIONS = ("angry", "happy", "neutral", "sad")
LAYERS = tiny_checkpoints.BLOCKS + 1
QUICK = {"encoder": ENCODER, "epochs": 6, "batch": 8, "learning_rate": 0.02}


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Iterator[pd.DataFrame]:
    with heard(tmp_path_factory.mktemp("weighted_layers")) as stimuli:
        yield stimuli


def test_many_at_once_are_each_what_a_plain_loop_makes_of_its_own_lesson(clips):
    ab, c = of(clips, "ab"), of(clips, "c")
    nobody = c.iloc[:0]
    with_shots = [pd.concat([of(clips, "a"), c.iloc[n : n + 2]]) for n in (0, 2)]
    lessons = [
        *(Lesson(train, nobody, Config(**QUICK)) for train in with_shots),
        Lesson(ab, c, Config(seed=3, keep="loss", **QUICK)),
        Lesson(ab, c, Config(layers="-1,0", **QUICK)),
        Lesson(ab[ab["truth"] != "sad"], nobody, Config(preset="few_shot", **QUICK)),
    ]
    models = weighted_layers.fit_many(lessons)
    known = features(ENCODER, clips, device="cpu")
    at = {id_: n for n, id_ in enumerate(clips["stimulus"])}
    labels = np.array([EMOTIONS.index(truth) for truth in clips["truth"]])
    for lesson, model in list(zip(lessons, models, strict=True))[:4]:
        config = lesson.config
        train, dev = (np.array([at[id_] for id_ in part["stimulus"]], np.int64) for part in (lesson.train, lesson.dev))
        layers = [known.layer(n) for n in config.numbers]
        theirs = plain(np.stack(layers, 1), labels, Probe(0, config.seed, train, dev), config.recipe)
        assert model.labels == EMOTIONS
        assert model.mixed.head.kept == theirs.head.kept
        said = weighted_layers.predict(model, clips).ratings["weight"].to_numpy().reshape(-1, 4)
        assert said == pytest.approx(theirs.head.posterior(theirs.hears(layers)), abs=1e-5)
    assert models[3].config.numbers == (0, LAYERS - 1)
    assert models[4].labels == ("angry", "happy", "neutral")


def test_a_model_tells_which_layers_it_hears_and_can_be_pickled(clips):
    model = pickle.loads(pickle.dumps(weighted_layers.fit(of(clips, "ab"), of(clips, "c"), Config(**QUICK))))
    told = METHOD.tells(model)
    assert list(told.curve.columns) == list(CURVE)
    assert (told.epochs, told.kept, told.stopped, told.batch) == (6, 6, "epochs", 8)
    assert told.trainable == (tiny_checkpoints.DIM + 1) * 4 + LAYERS
    (note,) = told.notes
    most, weights = note.removeprefix("layer ").split(" is heard most; weights of layers ")
    said = {int(n): float(w) for n, w in (word.split(":") for word in weights.split())}
    assert sum(said.values()) == pytest.approx(1, abs=0.003)
    assert max(said, key=lambda n: said[n]) == int(most)
    assert list(said) == list(range(LAYERS))


def test_an_encoder_of_one_layer_has_nothing_to_weigh_and_says_so(clips):
    model = weighted_layers.fit(clips, clips.iloc[:0], Config(encoder="logmel", epochs=2))
    assert METHOD.tells(model).notes == ("there is one layer alone (0) and nothing to weigh",)


def test_presets_are_those_of_the_submission_and_settings_are_laid_over_them():
    usual, few = Config().recipe, Config(preset="few_shot").recipe
    assert (usual.learning_rate, usual.weight_decay, usual.epochs, usual.batch, usual.keep) == (1e-3, 1e-4, 200, 128, "last")
    assert (few.epochs, few.batch) == (50, 256)
    text = configured(METHOD, {"encoder": ENCODER, "layers": "0, 2", "epochs": "7", "keep": "accuracy"}, seed=1)
    values = configured(METHOD, {"encoder": ENCODER, "layers": [0, 2], "epochs": 7, "keep": "accuracy"}, seed=1)
    assert text.numbers == values.numbers == (0, 2)
    assert (text.recipe, text.recipe.epochs, text.recipe.keep) == (values.recipe, 7, "accuracy")
    assert configured(METHOD, {"layers": -1}, seed=0).numbers == (0,)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"encoder": "logmell"}, "Did you mean 'logmel'"),
        ({"layers": 1}, "has no layer 1"),
        ({"layers": "al"}, "layers must be all, or numbers such as 0,6,-1, not 'al'"),
        ({"layers": "--1"}, "not '--1'"),
        ({"layers": ""}, "layers must be all"),
        ({"layers": "0,-1"}, "layer 0 stands twice"),
        ({"learning_rate": 0.0}, "learning_rate must be more than 0"),
        ({"batch": 0}, "batch must be 1 or more"),
        ({"seed": -1}, "seed must be 0 or more"),
    ],
)
def test_settings_that_make_no_sense_are_refused(setting, says):
    with pytest.raises(BadInput, match=says):
        Config(**setting)


def test_all_that_is_wrong_is_said_at_once(clips):
    with pytest.raises(BadInput) as bad:
        Config(layers=9, seed=-1, epochs=0, batch=0)
    assert len(bad.value.problems) == 4
    sad, others = clips[clips["truth"] == "sad"], clips[clips["truth"] != "sad"]
    with pytest.raises(BadInput) as bad:
        weighted_layers.fit_many([Lesson(sad, sad, Config(**QUICK)), Lesson(others, sad, Config(**QUICK))])
    assert [problem.what for problem in bad.value.problems] == [
        "at least two emotions are needed to tell apart; the training part holds only sad.",
        "dev clips are sad; the model learns angry, happy, neutral alone.",
    ]


@pytest.mark.parametrize("method", [weighted_layers, layer_probe])
def test_a_loss_that_is_no_number_any_more_is_refused(clips, method):
    with pytest.raises(BadInput, match=r"no number any more in epoch \d+ \(learning_rate 1e\+38\)"):
        method.fit(clips, clips.iloc[:0], method.Config(**{**QUICK, "learning_rate": 1e38}))


def test_the_speaker_is_removed_from_what_weighted_layers_hear(clips):
    train, test = of(clips, "ab"), of(clips, "c")
    config = speaker_removed.Config(encoder=ENCODER, representation="weighted", rounds=3)
    model = speaker_removed.fit(train, test.iloc[:0], config)
    mixed = weighted_layers.fit(train, test.iloc[:0], Config(encoder=ENCODER))
    heard = weighted_layers.represented(mixed, train).astype(np.float64)
    assert model.removal is not None
    assert model.removal.scale.mean == pytest.approx(heard.mean(axis=0), abs=1e-6)
    assert "is heard most" in speaker_removed.tells(model).notes[-1]
    rated = speaker_removed.predict(model, test).ratings
    assert np.allclose(rated.groupby("stimulus")["weight"].sum(), 1)
    one_layer = speaker_removed.fit(train, test.iloc[:0], speaker_removed.Config(encoder=ENCODER, rounds=3))
    assert one_layer.mix is None
    heard_layers = [Kind(ENCODER, "speaker_removed", each, ()).layer for each in (config, one_layer.config)]
    assert heard_layers == [None, LAYERS - 1]
    assert not np.allclose(rated["weight"], speaker_removed.predict(one_layer, test).ratings["weight"])
    with pytest.raises(BadInput, match="'layer' is of representation=layer; weighted hears all of them"):
        speaker_removed.Config(encoder=ENCODER, representation="weighted", layer=2)
    with pytest.raises(BadInput, match="Did you mean 'logmel'"):
        speaker_removed.Config(encoder="logmell", representation="weighted")
