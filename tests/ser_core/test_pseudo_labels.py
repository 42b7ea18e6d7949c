"""Pseudo-labels: who is labelled and drawn equals the definition, and a planted gap between languages is closed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ser_core.errors import BadInput
from ser_core.methods import pseudo_labels
from ser_core.methods.pseudo_labels import rebalanced, sure
from tests.ser_core.planted import EMOTIONS, FEATURES, planted_features  # noqa: F401  (a fixture)


@pytest.mark.parametrize("tau", [0.0, 0.4, 0.6, 1.0])
def test_labelled_are_the_clips_of_which_it_is_sure_enough(tau):
    posteriors = np.random.default_rng(1).dirichlet(np.ones(4), 50).astype(np.float32)
    plain = [n for n, row in enumerate(posteriors.tolist()) if max(row) >= tau]
    assert sure(posteriors, tau).tolist() == plain


@pytest.mark.parametrize(("source", "target"), [(10, 3), (9, 3), (3, 9), (4, 0), (5, 5)])
def test_clips_of_the_target_are_drawn_until_they_are_as_many(source, target):
    of_target = np.array([False] * source + [True] * target)
    rows = rebalanced(of_target, seed=1, epoch=2)
    counts = np.bincount(rows, minlength=source + target)
    assert (counts[:source] == 1).all()
    assert counts[source:].sum() == (max(source, target) if target else 0)
    assert np.ptp(counts[source:]) <= 1 if target else True
    assert rebalanced(of_target, seed=1, epoch=2).tolist() == rows.tolist()


def _clips(name, language, count, *, turned, seed):
    """Clips whose four cues are turned by an angle in the plane of each pair of them and further dimensions."""
    rng, rows = np.random.default_rng(seed), []
    turn = np.eye(16)
    for n in range(8):
        turn[[[n], [n + 8]], [n, n + 8]] = [[np.cos(turned), -np.sin(turned)], [np.sin(turned), np.cos(turned)]]
    for n in range(count):
        FEATURES[f"{name}{n}"] = turn @ (2.0 * np.eye(16)[n % 4] + 0.45 * rng.normal(size=16))
        row = {"stimulus": f"{name}{n}", "sha256": f"{name}{n}", "language": language, "truth": EMOTIONS[n % 4]}
        rows.append(row)
    return pd.DataFrame(rows)


def _world(turned):
    parts = (("a", "de", 160, 0.0, 1), ("u", "ur", 120, turned, 2), ("t", "ur", 80, turned, 3))
    return [_clips(f"{name}{turned}", tag, count, turned=angle, seed=seed) for name, tag, count, angle, seed in parts]


def _learned(train, unlabelled, **settings):
    usual = {"epochs": 30, "every": 8, "hidden": 0, "batch": 64, "learning_rate": 2e-2, "weight_decay": 0.02, "tau": 0.8}
    config = pseudo_labels.Config(**usual | settings)
    return pseudo_labels.fit(train, train.iloc[:0], config, unlabelled=unlabelled.drop(columns="truth"))


def _right(model, clips):
    rows = pseudo_labels.predict(model, clips).ratings
    said = rows.loc[rows.groupby("stimulus", sort=False)["weight"].idxmax(), "label"]
    return float(np.mean(said.to_numpy() == clips["truth"].to_numpy()))


def test_labels_of_its_own_close_the_gap_to_a_language_that_is_turned_against_the_source_and_do_no_harm_without_a_gap():
    for turned, gain in ((1.0, 0.06), (0.0, -0.03)):
        train, unlabelled, test = _world(turned)
        none, hard, soft = (_right(_learned(train, unlabelled, labels=labels), test) for labels in ("none", "hard", "soft"))
        assert min(hard, soft) > none + gain


def test_the_last_weights_are_kept_and_what_was_labelled_is_told():
    train, unlabelled, test = _world(0.4)
    model = _learned(train, unlabelled)
    told = pseudo_labels.METHOD.tells(model)
    assert (told.epochs, told.kept, told.stopped) == (30, 30, "epochs")
    assert "120 unlabelled clips of the target" in told.notes
    labelled = [note for note in told.notes if "unlabelled clips labelled" in note]
    assert [note.split(":")[0] for note in labelled] == ["epoch 8", "epoch 16", "epoch 24"]
    again = _learned(train, unlabelled)
    assert pseudo_labels.predict(again, test).ratings.equals(pseudo_labels.predict(model, test).ratings)


def test_without_unlabelled_clips_it_says_so_and_with_none_wanted_they_are_not_looked_at():
    train, unlabelled, _ = _world(0.4)
    alone = pseudo_labels.fit(train, train.iloc[:0], pseudo_labels.Config(epochs=1))
    assert "there were no unlabelled clips: it learned from labelled ones only" in alone.told.notes
    late = _learned(train, unlabelled, epochs=2)
    assert "none was labelled: 8 epochs were not reached" in late.told.notes
    kept = _learned(train, unlabelled, epochs=2, labels="none")
    assert len(kept.told.notes) == 1


def test_what_cannot_be_labelled_is_refused_with_the_reason():
    train, unlabelled, _ = _world(0.4)
    with pytest.raises(BadInput, match="there is no unlabelled clip to label"):
        _learned(train, unlabelled.iloc[:0])
    with pytest.raises(BadInput, match="5 clips are labelled and unlabelled at once"):
        _learned(train, pd.concat([unlabelled, train.iloc[:5]]))
    with pytest.raises(BadInput, match="dev clips are fearful; the model learns angry, happy, neutral, sad alone"):
        pseudo_labels.fit(train, train.iloc[:9].assign(truth="fearful"), pseudo_labels.Config(), unlabelled=unlabelled)
    with pytest.raises(BadInput, match="no number any more in epoch 1"):
        _learned(train, unlabelled, learning_rate=1e30)
    with pytest.raises(BadInput) as bad:
        pseudo_labels.Config(tau=1.5, every=0, hidden=-1, entropy_weight=-1.0, batch=0)
    assert len(bad.value.problems) == 5
