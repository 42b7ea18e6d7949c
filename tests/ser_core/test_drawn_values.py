"""Means, medians and kappa of draws are those of judgements written out as often as each draw holds them."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from ser_core.measures import _pairs, _votes
from ser_core.measures._answers import coded
from ser_core.statistics import bootstrap, drawn_values, handy

DRAWS, FEW = 40, 16


@pytest.fixture(params=[handy._FULL, 0], ids=["full", "sparse"])
def kind(request, monkeypatch):
    monkeypatch.setattr(handy, "_FULL", request.param)


def judged(rng: np.random.Generator, *, heard: float, raters: int = 9, clips: int = 40) -> bootstrap.Judgements:
    rater, clip = np.nonzero(rng.random((raters, clips)) < heard)
    assert len(np.unique(rater)) == raters
    assert len(np.unique(clip)) == clips
    label = rng.integers(0, 3, len(rater))
    return bootstrap.Judgements(rater, clip, clip % 2, label, np.arange(raters) % 2, np.arange(clips) % 2, (2, 3))


def written_out(judgements: bootstrap.Judgements, values: np.ndarray) -> list[np.ndarray]:
    """The values of each draw, each as often as it counts."""
    width = len(judgements.rater) + len(judgements.clip_stratum)
    found = []
    for _, raters, clips in bootstrap.crossed(judgements, draws=DRAWS, rng=bootstrap.generator(0, "x"), width=width):
        for r, c in zip(raters, clips, strict=True):
            pairs = zip(judgements.rater, judgements.clip, values, strict=True)
            found.append(np.array([value for rater, clip, value in pairs for _ in range(int(r[rater] * c[clip]))]))
    return found


@pytest.mark.parametrize("heard", [1.0, 0.5])
def test_a_mean_and_a_median_of_draws_are_those_of_values_written_out(kind, heard, monkeypatch):
    monkeypatch.setattr(drawn_values, "_FEW", 40)  # so that middle parts are tried
    monkeypatch.setattr(drawn_values, "_CELLS", 500)
    rng = np.random.default_rng(int(heard * 10))
    said = judged(rng, heard=heard)
    values = rng.lognormal(size=len(said.rater))
    written = written_out(said, values)
    means = drawn_values.means(said, values, draws=DRAWS, rng=bootstrap.generator(0, "x"))
    assert means == pytest.approx([math.fsum(draw) / len(draw) for draw in written], rel=4e-16)
    values = np.sort(values.round(1))  # with ties
    written = written_out(said, values)
    medians = drawn_values.medians(said, values, draws=DRAWS, rng=bootstrap.generator(0, "x"))
    assert medians.tolist() == [np.median(draw) for draw in written]


def test_a_median_far_from_the_middle_is_found_and_a_draw_of_nothing_has_neither(kind):
    said = bootstrap.Judgements(
        np.repeat([0, 1], 400),
        np.arange(800),
        *(np.zeros(800, dtype=int),) * 2,
        np.zeros(2, dtype=int),
        np.arange(800),
        (1, 1),
    )
    values = np.concatenate([np.linspace(0, 1, 400), np.linspace(8, 9, 400)])  # whoever is drawn twice decides
    written = written_out(said, values)
    found = drawn_values.medians(said, values, draws=DRAWS, rng=bootstrap.generator(0, "x"))
    assert found.tolist() == [np.median(draw) for draw in written]
    assert {bool(low) for low in found < 1} == {True, False}
    alone = bootstrap.Judgements(*(np.array([0, 1]),) * 2, *(np.zeros(2, dtype=int),) * 4, (1, 1))
    empty = [not len(draw) for draw in written_out(alone, np.array([1.0, 2.0]))]
    assert 0 < sum(empty) < DRAWS
    for formula in (drawn_values.means, drawn_values.medians):
        drawn = formula(alone, np.array([1.0, 2.0]), draws=DRAWS, rng=bootstrap.generator(0, "x"))
        assert np.isnan(drawn).tolist() == empty


def answers(rng: np.random.Generator, *, heard: float) -> pd.DataFrame:
    """Of five raters on side 0 and three on side 1, all of one language."""
    rows = [
        {"rater": f"r{n}", "side": int(n > 4), "group": f"g{n > 4}", "stimulus": f"c{clip:02}", "label": "xyz"[label]}
        for n in range(8)
        for clip, label in enumerate(np.where(rng.random(30) < 0.5, np.arange(30) % 3, rng.integers(0, 3, 30)))
        if rng.random() < heard
    ]
    truth = {f"c{clip:02}": "xyz"[clip % 3] for clip in range(30)}
    return pd.DataFrame(rows).assign(language="de", truth=lambda said: said["stimulus"].map(truth))


@pytest.mark.parametrize(("heard", "own"), [(1.0, False), (0.7, True)])
def test_kappa_of_draws_is_that_of_scikit_learn_with_clips_as_weights(kind, heard, own, monkeypatch):
    monkeypatch.setattr(_pairs, "_CELLS", 3 * FEW)
    rows = answers(np.random.default_rng(4), heard=heard)
    rows = rows[rows["side"] == 0] if own else rows
    found = _pairs.mean_kappa(rows, ("x",), own=own, seed=0, draws=FEW)
    said = coded(rows)
    wide = rows.pivot(index="rater", columns="stimulus", values="label").sort_index(axis=0).sort_index(axis=1)
    pairs = [
        (a, b)
        for a, b in combinations(range(len(wide)), 2)
        if (own or (a < 5 <= b)) and wide.iloc[[a, b]].notna().all().sum() >= _pairs.LEAST_COMMON
    ]
    assert found["pairs"] == len(pairs) > 4
    drawn = []
    rng = bootstrap.generator(0, "x", "de")
    for _, raters, clips in bootstrap.crossed(said, draws=FEW, rng=rng, width=8 * len(pairs)):
        for r, c in zip(raters, clips, strict=True):
            kappas, weights = [], []
            for a, b in pairs:
                both = wide.iloc[[a, b]].notna().all().to_numpy()
                if r[a] * r[b]:
                    kappas.append(cohen_kappa_score(*wide.iloc[[a, b]].to_numpy()[:, both], sample_weight=c[both]))
                    weights.append(r[a] * r[b])
            drawn.append(np.average(kappas, weights=weights) if kappas else np.nan)
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((low, high), abs=1e-12)


def test_votes_of_full_and_of_sparse_matrices_are_the_same(monkeypatch):
    said = judged(np.random.default_rng(2), heard=0.8)
    raters, clips = bootstrap.all_crossed(said, draws=DRAWS, rng=bootstrap.generator(0, "x"), width=50)
    full = _votes.votes(said)(raters, clips)
    monkeypatch.setattr(handy, "_FULL", 0)
    sparse = _votes.votes(said)(raters, clips)
    for name in ("often", "listeners", "agree", "said"):
        np.testing.assert_array_equal(getattr(full, name), getattr(sparse, name))
