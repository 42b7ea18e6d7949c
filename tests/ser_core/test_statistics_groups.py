"""Tests of two sides against R, statsmodels, pingouin, enumeration, and integrals written out."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pingouin
import pytest
from scipy import integrate, stats
from statsmodels.stats.weightstats import ttost_ind

from ser_core.metrics._metric import metrics
from ser_core.statistics import assumptions, bootstrap
from ser_core.statistics.difference import Side, difference
from ser_core.statistics.equivalence import equivalence
from ser_core.statistics.paired import paired
from ser_core.statistics.permutation import DRAWN, permutation

A = [0.71, 0.64, 0.83, 0.58, 0.77, 0.69, 0.74]
B = [0.55, 0.61, 0.49, 0.72, 0.38, 0.66, 0.70]


# --- the same listeners ---


def test_paired_t_equals_that_of_r():
    """R 4.2.2: t.test(c(.71,.64,.83,.58,.77), c(.55,.61,.49,.72,.38), paired = TRUE)."""
    found = paired(A[:5], B[:5])
    assert (found.t, found.df, found.p) == pytest.approx((1.591671, 4, 0.186672), rel=1e-5)
    assert (found.ci_low, found.ci_high) == pytest.approx((-0.11611995, 0.42811995), rel=1e-7)


def test_paired_effects_are_those_of_cumming_in_the_spread_of_listeners():
    found = paired(A, B)
    assert found.d_av == pytest.approx(pingouin.compute_effsize(A, B, paired=True, eftype="cohen"))
    correction = math.gamma(6 / 2) / (math.sqrt(6 / 2) * math.gamma(5 / 2))
    assert found.effect == pytest.approx(correction * found.d_av)
    unit = found.effect / found.difference
    assert (found.effect_ci_low, found.effect_ci_high) == pytest.approx((unit * found.ci_low, unit * found.ci_high))


def test_the_paired_bayes_factor_is_the_integral_of_rouder():
    found, n = paired(A, B), 7
    df, r = n - 1, 0.707

    def under_g(g: float) -> float:
        inner = (1 + n * g * r**2) ** -0.5 * (1 + found.t**2 / ((1 + n * g * r**2) * df)) ** (-n / 2)
        return inner * (2 * math.pi) ** -0.5 * g**-1.5 * math.exp(-1 / (2 * g))

    expected = integrate.quad(under_g, 0, np.inf)[0] / (1 + found.t**2 / df) ** (-n / 2)
    assert found.bf10 == pytest.approx(expected, rel=1e-3)  # pingouin rounds to four digits


def test_a_pair_with_an_unknown_side_is_left_out_whole():
    found = paired([*A, math.nan, 0.3], [*B, 0.2, math.nan])
    assert found == paired(A, B)
    assert (found.n_a, found.n_b) == (7, 7)


@pytest.mark.parametrize(
    ("a", "b", "says"),
    [
        ([], [], "0 listeners heard both"),
        ([0.5], [math.nan], "0 listeners heard both"),
        ([0.5, 0.6, 0.7], [0.4, 0.5, 0.6], "all listeners have the same difference"),
    ],
)
def test_paired_values_that_allow_no_test_are_refused_in_words(a, b, says):
    found = paired(a, b)
    assert says in found.note
    assert math.isnan(found.p)
    assert math.isnan(found.effect)


# --- permutation ---


def test_an_exact_p_is_the_share_of_all_splits_counted_one_by_one():
    both, apart = [*A[:5], *B[:4]], abs(np.mean(A[:5]) - np.mean(B[:4]))
    as_far = [
        abs(np.mean([both[n] for n in chosen]) - np.mean([both[n] for n in range(9) if n not in chosen])) >= apart - 1e-12
        for chosen in itertools.combinations(range(9), 5)
    ]
    found = permutation(A[:5], B[:4], rng=np.random.default_rng(0))
    assert found.p == pytest.approx(np.mean(as_far))
    assert found.note.startswith("exact, all 126 splits")


def test_more_splits_than_can_be_looked_at_are_drawn_and_the_p_is_near_that_of_all():
    rng = np.random.default_rng(5)
    a, b = rng.normal(0.6, 0.1, 9), rng.normal(0.5, 0.1, 9)  # 48,620 splits
    found = permutation(a, b, rng=np.random.default_rng(1))
    assert found.note.startswith(f"{DRAWN:,} random splits")
    everything = np.concatenate([a, b])
    sums = np.array([everything[list(chosen)].sum() for chosen in itertools.combinations(range(18), 9)])
    expected = np.mean(np.abs(2 * sums - everything.sum()) >= abs(a.sum() - b.sum()) - 1e-12)
    assert found.p == pytest.approx(expected, abs=4 * math.sqrt(expected / DRAWN))
    assert found == permutation(a, b, rng=np.random.default_rng(1))


def test_groups_without_variance_are_not_permuted():
    assert "the same value" in permutation([0.5, 0.5], [0.5, 0.5], rng=np.random.default_rng(0)).note


# --- equivalence ---


@pytest.mark.parametrize("margin", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("sides", [(A, B), (B, A), (A, [x + 0.03 for x in A[:4]])])
def test_equivalence_equals_that_of_statsmodels(sides, margin):
    a, b = sides
    found = equivalence(a, b, margin=margin)
    p, low, high = ttost_ind(np.array(a), np.array(b), -margin, margin, usevar="unequal")
    assert found.p == pytest.approx(p)
    decides = low if low[1] > high[1] else high
    assert (found.t, found.df) == pytest.approx((decides[0], decides[2]))
    within = -margin < found.ci_low and found.ci_high < margin
    assert within == (found.p < 0.05) == found.note.startswith("comparable")


# --- listeners and clips drawn anew ---


def side(right) -> Side:
    """From who was right about which clip, ``[rater, clip]``; NaN where one did not hear it."""
    table = np.array(right, dtype=float)
    rater, clip = np.nonzero(~np.isnan(table))
    return Side(rater, clip, table[rater, clip] == 1)


def sides(seed: int, raters=(3, 4), clips=8):
    rng = np.random.default_rng(seed)
    return [rng.random((n, clips)) < share for n, share in zip(raters, (0.4, 0.8), strict=True)]


def test_the_difference_is_that_of_pooled_ua():
    (a, b), truth = sides(1), np.array([0, 0, 0, 1, 1, 1, 1, 1])
    found = difference(side(a), side(b), truth, draws=100, rng=np.random.default_rng(0))
    recalls = [[right[:, truth == e].mean() for e in (0, 1)] for right in (a, b)]
    assert (found.mean_a, found.mean_b) == pytest.approx(tuple(np.mean(recalls, axis=1)))
    assert (found.n_a, found.n_b) == (3, 4)


def test_the_spread_of_the_difference_is_that_of_all_possible_draws():
    """Two listeners and one model, two clips of each emotion: every draw can be listed, with loops."""
    right_a, right_b = np.array([[1, 0, 1, 1], [1, 0, 0, 0]]), np.array([[0, 1, 1, 0]])
    a, b = side(right_a), side(right_b)
    every = [
        np.mean([right_a[r, c] for r in who for c in (*first, *second)])
        - np.mean([right_b[0, c] for c in (*first, *second)])
        for who in itertools.product((0, 1), repeat=2)
        for first in itertools.product((0, 1), repeat=2)
        for second in itertools.product((2, 3), repeat=2)
    ]
    found = difference(a, b, np.array([0, 0, 1, 1]), draws=40_000, rng=np.random.default_rng(1))
    assert (found.ci_low, found.ci_high) == pytest.approx(np.quantile(every, [0.025, 0.975]), abs=0.02)
    beyond = min(np.mean(np.array(every) <= 0), np.mean(np.array(every) >= 0))
    assert found.p == pytest.approx(min(1, 2 * beyond), abs=0.02)
    assert "b is one rater" in found.note
    alike = difference(a, b, np.array([0, 0, 1, 1]), draws=40_000, rng=np.random.default_rng(1), margin=0.6)
    outside = max(np.mean(np.array(every) <= -0.6), np.mean(np.array(every) >= 0.6))
    assert alike.p == pytest.approx(outside, abs=0.01)
    assert (alike.ci_low, alike.ci_high) == pytest.approx(np.quantile(every, [0.05, 0.95]), abs=0.02)
    assert alike.note.startswith("comparable" if outside < 0.05 else "not shown to be comparable")


def test_what_is_hard_about_a_clip_is_shared_by_both_sides():
    """Both sides fail on the same clips, so other clips would not part them: the interval has no room for clips."""
    clips = np.tile([1.0, 0.0], 10)
    same, model = side(np.tile(clips, (3, 1))), side(clips[None])
    found = difference(same, model, np.zeros(20, dtype=np.int64), draws=50, rng=bootstrap.generator(0))
    assert found.difference == 0
    assert "every draw gives the same difference" in found.note


def test_a_side_that_misses_clips_keeps_its_own_ua():
    a, b = side([[1, 0, math.nan, math.nan]]), side(np.ones((1, 4)))
    found = difference(a, b, np.array([0, 0, 1, 1]), draws=500, rng=np.random.default_rng(0))
    assert (found.mean_a, found.mean_b) == (0.5, 1.0)
    assert -1 <= found.ci_low <= found.ci_high <= 0


def test_nothing_to_draw_leaves_no_interval():
    one = side(np.ones((1, 2)))
    found = difference(one, one, np.array([0, 1]), draws=100, rng=np.random.default_rng(0))
    assert math.isnan(found.p)
    assert found.note == "not tested: nothing can be drawn anew"


# --- assumptions ---


def test_assumptions_are_those_of_scipy_said_in_words():
    rng = np.random.default_rng(0)
    wide, narrow = rng.exponential(1.0, 30), rng.normal(0, 0.05, 20)
    said = assumptions.of_groups(wide, narrow)
    w, p = stats.shapiro(wide)
    assert f"speaks against it in a (n 30, Shapiro-Wilk W = {w:.2f}, p < 0.001)" in said
    assert p < 0.001
    assert "nothing speaks against it in b (n 20" in said
    f, p = stats.levene(wide, narrow, center="median")
    assert f"vary alike: speaks against it (Brown-Forsythe F(1, 48) = {f:.2f}, p = {p:.3f})" in said


@pytest.mark.parametrize(
    ("a", "b", "says"),
    [
        ([0.5, 0.6], [0.5, 0.5, 0.5], "2 values of a are too few to check, all values of b are equal"),
        ([], [0.1, math.nan], "1 value of b is too few to check"),
    ],
)
def test_what_cannot_be_checked_is_said(a, b, says):
    assert says in assumptions.of_groups(a, b)
    assert "nan" not in assumptions.of_groups(a, b)


def test_nothing_is_said_of_nothing():
    assert assumptions.of_groups([], []) == assumptions.of_differences([]) == ""


def test_ua_of_the_bootstrap_is_the_metric():
    right, truth = sides(2)[0], np.array([0, 0, 0, 1, 1, 2, 2, 2])
    counts = np.zeros((3, 4))  # the fourth label is whatever was wrong
    for c, t in enumerate(truth):
        counts[t, t] += right[:, c].sum()
        counts[t, 3] += (~right[:, c]).sum()
    found = difference(side(right), side(right), truth, draws=0, rng=np.random.default_rng(0))
    assert found.mean_a == pytest.approx(float(metrics()["ua"].value(counts)))
