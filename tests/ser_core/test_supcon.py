"""Contrast and adversary: losses equal a plain loop, gradients are turned round exactly, a planted short cut is left."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pandas as pd
import pytest

from ser_core.errors import BadInput
from ser_core.methods import _course, _losses, supcon
from tests.ser_core.planted import EMOTIONS, FEATURES, planted_features  # noqa: F401  (a fixture)


def _plain(z, emotions, languages, temperature, same, cross):
    """The definition, clip by clip."""
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    losses = []
    for i in range(len(z)):
        others = [a for a in range(len(z)) if a != i]
        below = sum(math.exp(z[i] @ z[a] / temperature) for a in others)
        pairs = [(same if languages[p] == languages[i] else cross, p) for p in others if emotions[p] == emotions[i]]
        total = sum(weight for weight, _ in pairs)
        if total:
            losses.append(-sum(w * math.log(math.exp(z[i] @ z[p] / temperature) / below) for w, p in pairs) / total)
    return np.mean(losses) if losses else 0.0


@pytest.mark.parametrize(("same", "cross"), [(1.0, 1.0), (0.5, 3.0), (0.0, 1.0), (1.0, 0.0)])
@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_the_contrast_of_a_batch_equals_a_plain_loop(same, cross, temperature):
    import torch

    rng = np.random.default_rng(7)
    z, emotions, languages = rng.normal(size=(17, 5)), rng.integers(0, 4, 17), rng.integers(0, 3, 17)
    emotions[0] = 9  # a clip without another of its emotion
    found = _losses.supervised_contrast(
        *(torch.tensor(each) for each in (z, emotions, languages)), temperature=temperature, same=same, cross=cross
    )
    assert float(found) == pytest.approx(_plain(z, emotions, languages, temperature, same, cross), rel=1e-9)


def test_a_batch_without_pairs_has_no_contrast_and_no_nan_gradient():
    import torch

    z = torch.randn(3, 4, requires_grad=True)
    loss = _losses.supervised_contrast(z, torch.arange(3), torch.zeros(3), temperature=0.1)
    loss.backward()
    assert float(loss.detach()) == 0
    assert z.grad.abs().sum() == 0
    pair = _losses.supervised_contrast(z, torch.tensor([0, 0, 1]), torch.zeros(3), temperature=0.1)
    pair.backward()
    assert torch.isfinite(z.grad).all()


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0, 4.0])
def test_a_reversed_gradient_is_turned_round_and_scaled_exactly_and_the_values_stay(strength):
    import torch

    torch.manual_seed(0)
    x = torch.randn(5, 3, requires_grad=True)
    weight = torch.randn(3, 2)
    (plain,) = torch.autograd.grad(((x * 2) @ weight).sin().sum(), x)
    passed = _losses.reversed_gradient(x * 2, strength)
    assert torch.equal(passed, x * 2)
    (turned,) = torch.autograd.grad((passed @ weight).sin().sum(), x)
    assert torch.equal(turned, -strength * plain)
    assert torch.equal(_losses.reversed_gradient(x.detach(), strength), x.detach())


def _clips(name, cues, offsets, *, follows, shift, each, seed):
    """Clips of speakers who differ by an offset and show mostly one emotion, which ``shift`` exchanges."""
    rng, rows = np.random.default_rng(seed), []
    for s, offset in enumerate(offsets):
        for n in range(each):
            emotion = (s + shift) % 4 if rng.random() < follows else int(rng.integers(4))
            FEATURES[f"{name}{s}.{n}"] = cues[emotion] + offset + 0.4 * rng.normal(size=len(offset))
            row = {"stimulus": f"{name}{s}.{n}", "corpus": "x", "language": "de" if s % 2 else "pl", "speaker": f"s{s}"}
            rows.append({**row, "truth": EMOTIONS[emotion]})
    return pd.DataFrame(rows)


def _world(seed, *, follows, cue=0.6):
    rng = np.random.default_rng(seed)
    cues, offsets = cue * np.eye(20)[:4], np.pad(1.5 * rng.normal(size=(8, 8)), ((0, 0), (4, 8)))
    train = _clips(f"train{seed}", cues, offsets, follows=follows, shift=0, each=40, seed=seed)
    return train, _clips(f"test{seed}", cues, offsets, follows=follows, shift=1, each=25, seed=seed + 50)


def _learned(train, dev=None, **settings):
    usual = {"epochs": 25, "hidden": 32, "embedding": 16, "batch": 64, "learning_rate": 3e-3, "contrast": 0, "adversary": 0}
    return supcon.fit(train, train.iloc[:0] if dev is None else dev, supcon.Config(**usual | settings))


def _right(model, clips):
    rows = supcon.METHOD.predict(model, clips).ratings
    said = rows.loc[rows.groupby("stimulus", sort=False)["weight"].idxmax(), "label"]
    return float(np.mean(said.to_numpy() == clips["truth"].to_numpy()))


def test_an_adversary_leaves_the_short_cut_through_the_speaker_and_does_no_harm_without_one():
    train, test = _world(1, follows=0.9)
    assert _right(_learned(train, adversary=1.0), test) > _right(_learned(train), test) + 0.12
    train, test = _world(2, follows=0.0)
    assert _right(_learned(train, adversary=1.0), test) > _right(_learned(train), test) - 0.05


def test_contrast_lays_emotions_of_two_languages_beside_each_other_and_costs_no_accuracy():
    import torch
    from sklearn.metrics import silhouette_score

    train, test = _world(3, follows=0.0, cue=1.2)
    model = _learned(train, contrast=2.0)
    heard = model.scale(_course.vectors(None, test))
    with torch.no_grad():
        laid = model.network["embedding"](model.network["body"](torch.from_numpy(heard).float())).numpy()
    for others in (slice(None), (test["language"] == "de").to_numpy()):
        before, after = (silhouette_score(x[others], test["truth"][others], metric="cosine") for x in (heard, laid))
        assert after > before + 0.2
    assert _right(model, test) > _right(_learned(train), test) - 0.03


def test_the_same_lesson_gives_the_same_network_and_stops_by_the_dev_part():
    train, dev = _world(4, follows=0.0)
    first, again, other = (
        _learned(train, dev, contrast=0.5, adversary=0.1, patience=2, seed=seed, epochs=60) for seed in (0, 0, 1)
    )
    rated = [supcon.METHOD.predict(model, dev).ratings for model in (first, again, pickle.loads(pickle.dumps(first)), other)]
    assert rated[0].equals(rated[1])
    assert rated[0].equals(rated[2])
    assert not rated[0].equals(rated[3])
    told = supcon.METHOD.tells(first)
    assert told.stopped == "patience"
    assert told.epochs == len(told.curve) == told.kept + 2
    assert told.kept == told.curve["dev_loss"].idxmin() + 1
    assert told.trainable == sum(part.numel() for part in first.network.parameters())


def test_without_dev_clips_all_epochs_are_learned_and_that_is_said():
    train, _ = _world(5, follows=0.0)
    told = supcon.METHOD.tells(_learned(train, epochs=2))
    assert (told.epochs, told.kept, told.stopped) == (2, 2, "epochs")
    assert "no dev clips" in told.notes[0]


def test_what_cannot_be_learned_is_refused_with_the_reason():
    train, dev = _world(6, follows=0.0)
    with pytest.raises(BadInput, match="all clips are of one speaker"):
        _learned(train.assign(speaker="a"), adversary=0.1)
    with pytest.raises(BadInput, match="320 of 320 clips say no speaker"):
        _learned(train.assign(speaker=""), adversary=0.1)
    with pytest.raises(BadInput, match="nothing to contrast"):
        _learned(train.assign(language="de"), contrast=1.0, w_same=0.0)
    with pytest.raises(BadInput, match="dev clips are fearful"):
        _learned(train, dev.assign(truth="fearful"))
    with pytest.raises(BadInput, match="the training part holds only sad"):
        _learned(train.assign(truth="sad"))
    with pytest.raises(BadInput, match="no number any more in epoch 1"):
        _learned(train, learning_rate=1e30)
    with pytest.raises(BadInput) as bad:
        supcon.Config(hidden=0, temperature=0.0, contrast=-1.0, layer=99, epochs=0)
    assert len(bad.value.problems) == 5
