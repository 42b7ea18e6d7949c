"""What tells speakers apart is taken away, exactly and only that; a planted short cut through the speaker is gone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from ser_core.errors import BadInput
from ser_core.methods import _inlp, speaker_removed


def _world(rng, offsets, share, clips=60):
    """Clips of speakers who differ by an offset and show the second emotion with probability share or 1 - share in turn."""
    features, emotions, speakers = [], [], []
    for k, offset in enumerate(offsets):
        for _ in range(clips):
            emotion = int(rng.random() < (share if k % 2 else 1 - share))
            features.append(offset + 0.7 * (2 * emotion - 1) * np.eye(len(offset))[0] + 0.5 * rng.normal(size=len(offset)))
            emotions.append(emotion)
            speakers.append(f"s{k}")
    return np.array(features), np.array(emotions), speakers


def _offsets(rng, dim=100, speakers=8):
    return np.pad(2 * rng.normal(size=(speakers, speakers - 1)), ((0, 0), (1, dim - speakers)))


@pytest.fixture(scope="module")
def planted():
    """Of three worlds: features, speakers, what was removed, and UA of a probe before, after, and with random directions.

    Whoever reads the emotion off the speaker is right in training and wrong in the test, where the shares are exchanged.
    """
    found = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        offsets = _offsets(rng)
        features, emotions, speakers = _world(rng, offsets, 0.95)
        others, truths, _ = _world(rng, offsets, 0.05)
        removals = {name: _inlp.learned(features, speakers, operator=name, seed=seed) for name in _inlp.OPERATORS}
        removals["random"] = _inlp.random(removals["correct"], seed=seed)
        right = {}
        for name, seen in {"plain": lambda x: x, **removals}.items():
            scale = _inlp.scale_of(seen(features))
            told = LogisticRegression(max_iter=1000).fit(scale(seen(features)), emotions)
            right[name] = told.score(scale(seen(others)), truths)
        found.append((features, speakers, removals, right))
    return found


def test_every_classifier_is_blind_to_what_is_left_and_removing_twice_removes_nothing_more(planted):
    for _, _, removals, _ in planted:
        for removal in removals.values():
            projection = removal.projection
            assert np.abs(projection @ projection - projection).max() < 1e-9
            assert np.abs(projection - projection.T).max() < 1e-12
            assert all(np.abs(weights @ projection).max() < 1e-6 for weights in removal.weights)
        assert removals["correct"].rank == np.linalg.matrix_rank(np.concatenate(removals["correct"].weights))


def test_the_rounds_end_once_speakers_are_told_apart_hardly_better_than_by_chance(planted):
    for features, speakers, removals, _ in planted:
        removal = removals["correct"]
        assert removal.accuracies[0] > 0.95
        assert len(removal.weights) == len(removal.accuracies) - 1 < 12
        assert min(removal.accuracies[:-1]) > 1 / 8 + 0.05 >= removal.accuracies[-1]
        known = [_inlp.identified(seen(features), speakers, seed=0) for seen in (_inlp.scale_of(features), removal)]
        assert known[0] > 0.85
        assert known[1] < 1 / 8 + 0.05


def test_the_published_operator_leaves_some_of_what_its_classifier_saw(planted):
    for features, speakers, removals, _ in planted:
        left = removals["published"](features)
        assert _inlp.identified(_inlp.scale_of(left)(left), speakers, seed=0) > _inlp.identified(
            removals["correct"](features), speakers, seed=0
        )


def test_without_the_speaker_a_short_cut_is_no_use_and_random_directions_do_not_help(planted):
    mean = {name: np.mean([right[name] for _, _, _, right in planted]) for name in planted[0][3]}
    assert mean["correct"] > mean["plain"] + 0.04
    assert mean["random"] < mean["plain"] + 0.01


def test_random_directions_are_as_many(planted):
    for _, _, removals, _ in planted:
        assert removals["random"].rank == removals["correct"].rank > 0


def test_who_has_one_clip_only_is_not_asked_for():
    assert np.isnan(_inlp.identified(np.eye(3), ["a", "b", "c"], seed=0))
    with pytest.raises(ValueError, match="one speaker"):
        _inlp.learned(np.eye(3), ["a"] * 3)


def test_clips_without_speakers_or_of_one_are_refused_where_speakers_are_removed(monkeypatch):
    monkeypatch.setattr(speaker_removed, "_vectors", lambda config, mix, clips: np.eye(4))
    clips = pd.DataFrame({"corpus": "x", "speaker": ["a", "a", "a", ""], "truth": ["sad", "happy"] * 2})
    with pytest.raises(BadInput, match="1 of 4 clips say no speaker"):
        speaker_removed.fit(clips, clips.iloc[:0], speaker_removed.Config())
    with pytest.raises(
        BadInput, match="all clips are of one speaker, and there is nobody to tell from another; set remove=nothing"
    ):
        speaker_removed.fit(clips.assign(speaker="a"), clips.iloc[:0], speaker_removed.Config(remove="random"))
    kept = speaker_removed.fit(clips.assign(speaker="a"), clips.iloc[:0], speaker_removed.Config(remove="nothing"))
    assert kept.removal is None
    with pytest.raises(BadInput) as bad:
        speaker_removed.Config(rounds=0, slack=1.0, penalty=0.0)
    assert len(bad.value.problems) == 3
