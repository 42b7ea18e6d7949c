"""Pseudo-labels in a training: who is labelled when, that a planted gap is closed, and that it can be cut off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ser_core.errors import BadInput
from ser_core.methods import _trained, self_training, tuned
from ser_core.methods._method import Watch
from ser_core.training.checkpoints import Checkpoint
from ser_core.training.clips import Part
from ser_core.training.state import Stand
from tests.ser_core import tiny_checkpoints

EMOTIONS = ("angry", "happy", "neutral", "sad")
DIM = 64
"""Of log-mel, whose place the planted features take."""
FEATURES: dict[str, np.ndarray] = {}
QUIET = Watch(say=lambda words: None)


@pytest.fixture(autouse=True)
def planted_features(monkeypatch):
    """What the encoder hears is what the test planted: one frame for each clip."""

    def planted(ears, config, labels, clips):
        frames: Any = (
            np.stack([FEATURES[id_] for id_ in clips["stimulus"]])[:, None].astype(np.float32) if len(clips) else []
        )
        truths = np.array([labels.index(truth) for truth in clips["truth"]] if labels else [], np.int64)
        return Part(frames, np.ones(len(clips), np.int64), truths), "planted"

    monkeypatch.setattr(_trained, "part", planted)
    monkeypatch.setattr(tuned, "part", planted)
    with tiny_checkpoints.one_thread():
        yield


def _clips(name, language, count, *, turned, seed):
    """Clips whose four cues are turned by an angle in the plane of each pair of the first and the last dimensions."""
    rng, rows = np.random.default_rng(seed), []
    half, turn = DIM // 2, np.eye(DIM)
    for n in range(half):
        turn[[[n], [n + half]], [n, n + half]] = [[np.cos(turned), -np.sin(turned)], [np.sin(turned), np.cos(turned)]]
    for n in range(count):
        FEATURES[f"{name}{n}"] = turn @ (2.0 * np.eye(DIM)[n % 4] + 0.3 * rng.normal(size=DIM))
        row = {"stimulus": f"{name}{n}", "sha256": f"{name}{n}", "language": language, "truth": EMOTIONS[n % 4]}
        rows.append(row)
    return pd.DataFrame(rows)


def _world(turned):
    parts = (("a", "de", 160, 0.0, 1), ("u", "ur", 120, turned, 2), ("t", "ur", 80, turned, 3))
    return [_clips(f"{name}{turned}", tag, count, turned=angle, seed=seed) for name, tag, count, angle, seed in parts]


def _learned(train, unlabelled, watch=QUIET, **settings):
    usual = {"epochs": 24, "every": 8, "batch": 64, "learning_rate": 2e-2, "weight_decay": 0.02, "tau": 0.6}
    config = self_training.Config(**usual | settings)
    given = None if unlabelled is None else unlabelled.assign(truth="")
    return self_training.fit(train, train.iloc[:0], config, unlabelled=given, watch=watch)


def _right(model, clips):
    rows = tuned.predict(model, clips).ratings
    said = rows.loc[rows.groupby("stimulus", sort=False)["weight"].idxmax(), "label"]
    return float(np.mean(said.to_numpy() == clips["truth"].to_numpy()))


def test_labels_of_its_own_close_the_gap_to_a_language_that_is_turned_and_do_no_harm_without_a_gap():
    for turned, gain in ((1.0, 0.06), (0.0, -0.03)):
        train, unlabelled, test = _world(turned)
        none, own = (_learned(train, unlabelled, every=every) for every in (24, 8))
        assert _right(own, test) > _right(none, test) + gain
        assert "none was labelled: 24 epochs were not reached" in self_training.METHOD.tells(none).notes[-1]


def test_clips_are_labelled_by_what_the_last_weights_are_sure_of_and_drawn_until_they_are_as_many(monkeypatch):
    taught: list[Any] = []
    stage = tuned.stage

    def recording(labels, train, dev, config, watch, before=None):
        sure = {}
        if before is not None:
            now = replace(before, stand=Stand(before.stand.state, before.stand.last, {}))
            rows = tuned.predict(now, unlabelled).ratings
            best = rows.loc[rows.groupby("stimulus", sort=False)["weight"].idxmax()]
            sure = {row.stimulus: row.label for row in best.itertuples() if row.weight >= 0.6}
        taught.append((train, sure))
        return stage(labels, train, dev, config, watch, before)

    monkeypatch.setattr(tuned, "stage", recording)
    train, unlabelled, _ = _world(0.8)
    shots = unlabelled.iloc[:4].assign(stimulus=unlabelled["stimulus"].iloc[:4] + "k", sha256=list("klmn"))
    FEATURES.update(dict(zip(shots["stimulus"], (FEATURES[id_] for id_ in unlabelled["stimulus"].iloc[:4]), strict=True)))
    model = _learned(pd.concat([train, shots]), unlabelled)
    assert len(taught) == 3
    for round_, (part, sure) in enumerate(taught):
        counts = part["stimulus"].value_counts()
        assert (counts[train["stimulus"]] == 1).all()
        assert set(part["stimulus"]) == {*train["stimulus"], *shots["stimulus"], *sure}
        assert part["language"].value_counts().to_dict() == {"de": 160, "ur": 160}
        truths = dict(zip(part["stimulus"], part["truth"], strict=True))
        assert {id_: truths[id_] for id_ in sure} == sure
        assert bool(sure) == (round_ > 0)
    told = self_training.METHOD.tells(model)
    assert told.notes[-2:] == tuple(f"epoch {8 * n}: {len(taught[n][1])} of 120 unlabelled clips labelled" for n in (1, 2))
    assert (told.epochs, told.kept, told.stopped) == (24, 24, "epochs")
    assert told.curve["epoch"].tolist() == list(range(1, 25))
    plain = _learned(train, unlabelled, rebalance=False)
    assert plain.stand.state.epoch == 24
    assert (taught[4][0]["stimulus"].value_counts() == 1).all()


class _Cut(Exception):
    pass


def test_cut_off_after_it_has_labelled_it_goes_on_to_the_last_bit(tmp_path, monkeypatch):
    train, unlabelled, _ = _world(0.4)
    whole = _learned(train, unlabelled)
    write, seen = Checkpoint.write, []

    def cut(self, stand):
        write(self, stand)
        seen.append(stand.state.epoch)
        if len(seen) == 11:
            raise _Cut

    monkeypatch.setattr(Checkpoint, "write", cut)
    watch = Watch(tmp_path, lambda words: None)
    with pytest.raises(_Cut):
        _learned(train, unlabelled, watch)
    again = _learned(train, unlabelled, watch)
    assert seen == list(range(1, 25))
    assert all(value.equal(again.stand.kept[name]) for name, value in whole.stand.kept.items())


def test_the_best_on_dev_clips_rate_where_that_is_wanted_and_without_unlabelled_clips_it_says_so():
    train, unlabelled, test = _world(1.1)
    dev = test.assign(language="de")
    best = self_training.fit(
        train, dev, self_training.Config(epochs=4, every=2, rated_by="best"), unlabelled=unlabelled, watch=QUIET
    )
    told = self_training.METHOD.tells(best)
    assert told.kept == told.curve["dev_loss"].idxmin() + 1
    alone = _learned(train, None, epochs=2)
    assert "there were no unlabelled clips: it learned from labelled ones only" in self_training.METHOD.tells(alone).notes


def test_what_cannot_be_labelled_or_learned_is_refused_with_the_reason():
    train, unlabelled, _ = _world(0.4)
    with pytest.raises(BadInput, match="there is no unlabelled clip to label; take 'tuned'"):
        _learned(train, unlabelled.iloc[:0])
    with pytest.raises(BadInput, match="5 clips are labelled and unlabelled at once"):
        _learned(train, pd.concat([unlabelled, train.iloc[:5]]))
    with pytest.raises(BadInput, match="the training part holds only sad"):
        _learned(train.assign(truth="sad"), unlabelled)
    with pytest.raises(BadInput) as bad:
        self_training.Config(tau=1.5, every=0, carry_optimizer=False, layer=99, batch=0)
    assert len(bad.value.problems) == 5
