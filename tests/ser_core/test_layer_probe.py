"""The layer probe as a method: heads of many layers, seeds and parts at once are those of one after the other."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from benchmarks.layers import plain
from ser_core.errors import BadInput
from ser_core.features import features
from ser_core.methods import layer_probe
from ser_core.methods._method import CURVE, Lesson, configured
from ser_core.methods.layer_probe import METHOD, Config
from ser_core.probing import PRESETS, Probe
from tests.ser_core import tiny_checkpoints
from tests.ser_core.small_ears import ENCODER, heard, of

EMOTIONS = ("angry", "happy", "neutral", "sad")
QUICK = {"encoder": ENCODER, "epochs": 6, "batch": 8, "learning_rate": 0.01}


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Iterator[pd.DataFrame]:
    with heard(tmp_path_factory.mktemp("layer_probe")) as stimuli:
        yield stimuli


def test_many_at_once_are_each_what_a_plain_loop_makes_of_its_own_lesson(clips):
    ab, bc, c, a = (of(clips, speakers) for speakers in ("ab", "bc", "c", "a"))
    lessons = [
        Lesson(ab, c, Config(layer=1, **QUICK)),
        Lesson(ab, c, Config(layer=-1, seed=3, **QUICK)),
        Lesson(ab, c, Config(layer=1, preset="as_run", **QUICK)),
        Lesson(bc, a, Config(layer=1, **QUICK)),
        Lesson(bc[bc["truth"] != "sad"], a.iloc[:0], Config(layer=0, **QUICK)),
    ]
    models = layer_probe.fit_many(lessons)
    known = features(ENCODER, clips, device="cpu")
    at = {id_: n for n, id_ in enumerate(clips["stimulus"])}
    labels = np.array([EMOTIONS.index(truth) for truth in clips["truth"]])
    for lesson, model in list(zip(lessons, models, strict=True))[:4]:
        config = lesson.config
        rows, dev = (np.array([at[id_] for id_ in part["stimulus"]]) for part in (lesson.train, lesson.dev))
        theirs = plain(known.layer(config.layer)[None], labels, Probe(0, config.seed, rows, dev), config.recipe)
        assert model.labels == EMOTIONS
        assert (model.head.epochs, model.head.kept) == (theirs.epochs, theirs.kept)
        said = layer_probe.predict(model, clips).ratings["weight"].to_numpy().reshape(-1, 4)
        assert said == pytest.approx(theirs.posterior(known.layer(config.layer)), abs=1e-5)
    assert models[4].labels == ("angry", "happy", "neutral")
    assert models[4].head.kept == 6
    alone = layer_probe.fit(lessons[3].train, lessons[3].dev, lessons[3].config)
    pairs = zip(alone.head.weights, models[3].head.weights, strict=True)
    assert max(np.abs(one[0] - among[0]).max() for one, among in pairs) < 1e-5


def test_a_head_tells_how_it_learned_and_can_be_pickled(clips):
    model = pickle.loads(pickle.dumps(layer_probe.fit(of(clips, "ab"), of(clips, "c"), Config(hidden="5,3", **QUICK))))
    told = METHOD.tells(model)
    assert list(told.curve.columns) == list(CURVE)
    assert told.curve["epoch"].tolist() == list(range(1, 7))
    assert told.curve["dev_loss"].min() == pytest.approx(model.head.dev_loss)
    assert told.curve["train_loss"].is_monotonic_decreasing
    assert (told.epochs, told.stopped, told.batch) == (6, "epochs", 8)
    wide = tiny_checkpoints.DIM
    assert told.trainable == (wide + 1) * 5 + (5 + 1) * 3 + (3 + 1) * 4


def test_what_is_set_is_laid_over_the_preset():
    assert Config().recipe == PRESETS["paper"]
    assert Config(preset="as_run").recipe == PRESETS["as_run"]
    text = configured(METHOD, {"preset": "as_run", "hidden": "none", "epochs": "7", "keep": "loss"}, seed=1)
    values = configured(METHOD, {"preset": "as_run", "hidden": [], "epochs": 7, "keep": "loss"}, seed=1)
    assert text == values
    assert (text.recipe.hidden, text.recipe.epochs, text.recipe.keep) == ((), 7, "loss")
    assert configured(METHOD, {"hidden": [128, 16]}, seed=0) == Config(hidden="128,16")


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"encoder": "logmell"}, "Did you mean 'logmel'"),
        ({"layer": 1}, "has no layer 1"),
        ({"hidden": "128;16"}, "'128;16' is no width"),
        ({"hidden": (128, 0)}, "must be 1 wide or more, not 0"),
        ({"learning_rate": 0.0}, "learning_rate must be more than 0"),
        ({"seed": -1}, "seed must be 0 or more"),
    ],
)
def test_settings_that_make_no_sense_are_refused(setting, says):
    with pytest.raises(BadInput, match=says):
        Config(**setting)


def test_all_that_is_wrong_with_settings_or_lessons_is_said_at_once(clips):
    with pytest.raises(BadInput) as bad:
        Config(layer=9, seed=-1, epochs=0, batch=0)
    assert len(bad.value.problems) == 4
    sad, others = clips[clips["truth"] == "sad"], clips[clips["truth"] != "sad"]
    with pytest.raises(BadInput) as bad:
        layer_probe.fit_many([Lesson(sad, sad, Config(**QUICK)), Lesson(others, sad, Config(**QUICK))])
    assert [problem.what for problem in bad.value.problems] == [
        "at least two emotions are needed to tell apart; the training part holds only sad.",
        "dev clips are sad; the model learns angry, happy, neutral alone.",
    ]
