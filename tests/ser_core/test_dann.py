"""A domain adversary: a planted short cut that the target does not have is left, and no harm is done without a gap."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from ser_core.errors import BadInput
from ser_core.methods import dann
from tests.ser_core.planted import EMOTIONS, FEATURES, planted_features  # noqa: F401  (a fixture)


def _clips(name, language, count, *, gap, seed):
    """Four weak cues in all clips. Where there is a gap, the source has four strong ones more, which in the target say
    nothing of the emotion and lie elsewhere."""
    rng, rows = np.random.default_rng(seed), []
    strong = 2.0 * np.eye(24)[8:12] if gap and language == "de" else np.zeros((4, 24))
    elsewhere = np.zeros(24)
    if gap and language == "ur":
        elsewhere[8:12] = 3, -3, 1.5, -1.5
    for n in range(count):
        FEATURES[f"{name}{n}"] = np.eye(24)[n % 4] + strong[n % 4] + elsewhere + 0.5 * rng.normal(size=24)
        row = {"stimulus": f"{name}{n}", "sha256": f"{name}{n}", "corpus": "x", "language": language}
        rows.append({**row, "truth": EMOTIONS[n % 4]})
    return pd.DataFrame(rows)


def _world(gap):
    parts = (("a", "de", 160), ("u", "ur", 120), ("t", "ur", 100))
    return [_clips(f"{name}{gap}", tag, count, gap=gap, seed=seed) for seed, (name, tag, count) in enumerate(parts)]


def _learned(train, unlabelled, dev=None, **settings):
    config = dann.Config(**{"epochs": 40, "hidden": 32, "batch": 64, "learning_rate": 3e-3} | settings)
    return dann.fit(train, train.iloc[:0] if dev is None else dev, config, unlabelled=unlabelled.drop(columns="truth"))


def _right(model, clips):
    rows = dann.METHOD.predict(model, clips).ratings
    said = rows.loc[rows.groupby("stimulus", sort=False)["weight"].idxmax(), "label"]
    return float(np.mean(said.to_numpy() == clips["truth"].to_numpy()))


def test_an_adversary_of_domains_leaves_a_short_cut_that_the_target_does_not_have_and_does_no_harm_without_a_gap():
    for gap, gain in ((True, 0.12), (False, -0.05)):
        train, unlabelled, test = _world(gap)
        plain, adverse = (_learned(train, unlabelled, adversary=weight) for weight in (0.0, 1.0))
        assert _right(adverse, test) > _right(plain, test) + gain


def test_the_same_lesson_gives_the_same_network_keeps_the_last_weights_and_tells_of_its_adversary():
    train, unlabelled, test = _world(True)
    dev = test.assign(language="de", sha256=test["sha256"] + "d")
    first, again, other = (_learned(train, unlabelled, dev, epochs=5, seed=seed) for seed in (0, 0, 1))
    rated = [dann.METHOD.predict(model, test).ratings for model in (first, again, pickle.loads(pickle.dumps(first)), other)]
    assert rated[0].equals(rated[1])
    assert rated[0].equals(rated[2])
    assert not rated[0].equals(rated[3])
    told = dann.METHOD.tells(first)
    assert (told.epochs, told.kept, told.stopped) == (5, 5, "epochs")
    assert told.curve["dev_loss"].notna().all()
    assert told.notes[-1].startswith("120 unlabelled clips of the target; by the adversary ")


def test_labelled_clips_of_the_target_are_of_its_domain():
    train, unlabelled, _ = _world(True)
    mixed = pd.concat([train.iloc[:3], train.iloc[3:6].assign(language="ur"), train.iloc[6:8].assign(corpus="y")])
    assert dann._of_target(mixed, unlabelled).tolist() == [0] * 3 + [1] * 3 + [0] * 2
    assert dann._of_target(mixed, unlabelled.iloc[:0]).tolist() == [0] * 8


def test_without_unlabelled_clips_it_says_so_and_without_an_adversary_they_are_not_looked_at():
    train, unlabelled, test = _world(True)
    alone = dann.fit(train, train.iloc[:0], dann.Config(epochs=2))
    assert "without an adversary" in dann.METHOD.tells(alone).notes[-1]
    plain, less = (_learned(train, some, adversary=0.0, epochs=2) for some in (unlabelled, unlabelled.iloc[:0]))
    assert dann.METHOD.predict(plain, test).ratings.equals(dann.METHOD.predict(less, test).ratings)
    assert len(dann.METHOD.tells(plain).notes) == 1


def test_what_cannot_be_learned_is_refused_with_the_reason():
    train, unlabelled, _ = _world(True)
    with pytest.raises(BadInput, match="no unlabelled clip of the target for the adversary; set adversary=0"):
        _learned(train, unlabelled.iloc[:0])
    with pytest.raises(BadInput, match="all labelled clips are of the target itself"):
        _learned(train.assign(language="ur"), unlabelled)
    with pytest.raises(BadInput, match="5 clips are labelled and unlabelled at once"):
        _learned(train, pd.concat([unlabelled, train.iloc[:5]]))
    with pytest.raises(BadInput, match="the training part holds only sad"):
        _learned(train.assign(truth="sad"), unlabelled)
    with pytest.raises(BadInput, match="dev clips are fearful"):
        _learned(train, unlabelled, train.iloc[:4].assign(truth="fearful"))
    with pytest.raises(BadInput, match="no number any more in epoch 1"):
        _learned(train, unlabelled, learning_rate=1e30)
    with pytest.raises(BadInput) as bad:
        dann.Config(hidden=0, adversary=-1.0, layer=99, epochs=0, decay=0.0)
    assert len(bad.value.problems) == 5
