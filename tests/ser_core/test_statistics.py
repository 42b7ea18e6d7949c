"""Welch against R, scipy, pingouin and the textbook; corrections against statsmodels; the bootstrap against enumeration."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pingouin
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from ser_core.metrics._metric import metrics
from ser_core.statistics import bootstrap
from ser_core.statistics.correction import fdr, holm
from ser_core.statistics.welch import welch
from tests import reference

A = [0.71, 0.64, 0.83, 0.58, 0.77, 0.69, 0.74]
B = [0.55, 0.61, 0.49, 0.72, 0.38]


def test_welch_gives_the_numbers_of_r():
    # R 4.2.2: t.test(c(.71,.64,.83,.58,.77,.69,.74), c(.55,.61,.49,.72,.38))
    result = welch(A, B)
    assert result.t == pytest.approx(2.4386281, abs=5e-8)
    assert result.df == pytest.approx(6.3847176, abs=5e-8)
    assert result.p == pytest.approx(0.04813942, abs=5e-9)
    assert (result.ci_low, result.ci_high) == pytest.approx((0.001756702, 0.315386155), abs=5e-10)
    assert (result.mean_a, result.mean_b) == pytest.approx((0.7085714, 0.55), abs=5e-8)
    assert (result.n_a, result.n_b, result.note) == (7, 5, "")


values = st.lists(st.floats(0, 1, allow_subnormal=False), min_size=2, max_size=8)


@given(a=values, b=values)
def test_welch_equals_scipy_and_the_textbook(a, b):
    result = welch(a, b)
    if result.note.startswith("not tested"):
        assert np.ptp(a) < 1e-9
        assert np.ptp(b) < 1e-9
        return
    if min(np.ptp(a), np.ptp(b)) < 1e-6:
        assert not math.isnan(result.p)
        return  # a variance of rounding errors has no exact textbook value
    theirs = stats.ttest_ind(a, b, equal_var=False)
    t, df = reference.welch_t_df(a, b)
    assert (result.t, result.df) == pytest.approx((theirs.statistic, theirs.df), rel=1e-9)
    assert (result.t, result.df) == pytest.approx((t, df), rel=1e-6)
    assert result.p == pytest.approx(theirs.pvalue, rel=1e-9)


def test_groups_of_equal_size_are_still_tested_by_welch():
    a, b = [0.1, 0.9, 0.5, 0.3], [0.50, 0.52, 0.51, 0.49]
    assert welch(a, b).df == pytest.approx(stats.ttest_ind(a, b, equal_var=False).df)
    assert welch(a, b).df < 3.1  # Student's test would have 6


def test_swapping_the_groups_turns_every_sign():
    one, other = welch(A, B), welch(B, A)
    for name in ("t", "difference", "effect", "d_av"):
        assert getattr(one, name) == pytest.approx(-getattr(other, name))
    assert (one.ci_low, one.effect_ci_low) == pytest.approx((-other.ci_high, -other.effect_ci_high))
    assert (one.p, one.bf10) == pytest.approx((other.p, other.bf10))


def test_the_effect_is_hedges_g_with_its_sign():
    g = welch(B, A).effect
    assert g < 0
    assert abs(g) == pytest.approx(abs(pingouin.compute_effsize(A, B, eftype="hedges")), rel=0.01)  # its J is approximate
    m = len(A) + len(B) - 2
    pooled = math.sqrt((6 * reference.variance(A) + 4 * reference.variance(B)) / m)
    exact = math.gamma(m / 2) / (math.sqrt(m / 2) * math.gamma((m - 1) / 2))
    assert welch(A, B).effect == pytest.approx(exact * (reference.mean(A) - reference.mean(B)) / pooled)


def test_the_interval_of_the_effect_is_pingouins():
    result = welch(A, B)
    theirs = pingouin.compute_esci(stat=result.effect, nx=7, ny=5, eftype="hedges", decimals=9)
    assert (result.effect_ci_low, result.effect_ci_high) == pytest.approx(tuple(theirs), abs=1e-8)


def test_d_av_divides_by_the_mean_variance_as_jasp_does():
    expected = (reference.mean(A) - reference.mean(B)) / math.sqrt((reference.variance(A) + reference.variance(B)) / 2)
    assert welch(A, B).d_av == pytest.approx(expected)


def test_the_bayes_factor_is_pingouins():
    row = pingouin.ttest(np.array(A), np.array(B), correction=True).iloc[0]
    assert welch(A, B).bf10 == pytest.approx(float(row["BF10"]), abs=5e-4)


@pytest.mark.parametrize(
    ("a", "b", "says"),
    [
        ([0.5], B, "group a has 1 value, a test needs at least 2"),
        (A, [], "group b has 0 values"),
        ([0.5, math.nan], B, "group a has 1 value"),
        ([0.5, 0.5], [0.5, 0.5, 0.5], "all listeners have the same value"),
        ([1.0, 1.0], [0.25, 0.25], "one value in each group"),
        ([0.0, 0.0], [0.0, 0.0], "no variance"),
    ],
)
def test_what_cannot_be_tested_says_why_and_has_no_p(a, b, says):
    result = welch(a, b)
    assert result.note.startswith("not tested: ")
    assert says in result.note
    assert all(math.isnan(v) for v in (result.t, result.df, result.p, result.effect, result.bf10))


def test_one_constant_group_is_tested_on_the_variance_of_the_other_and_says_so():
    result = welch([1.0, 1.0, 1.0], [0.5, 0.7, 0.9])
    assert result.df == pytest.approx(2)
    assert "all values of group a are equal" in result.note


def test_unknown_values_are_left_out():
    assert welch([*A, math.nan], B) == welch(A, B)


# --- corrections ---

p_values = st.lists(st.floats(0, 1), max_size=12)


@given(p=p_values)
def test_corrections_equal_their_definitions(p):
    np.testing.assert_allclose(holm(p), reference.holm(p))
    np.testing.assert_allclose(fdr(p), reference.benjamini_hochberg(p))


@pytest.mark.parametrize("seed", range(3))
def test_corrections_equal_those_of_statsmodels(seed):
    p = np.random.default_rng(seed).random(9) ** 3
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])
    np.testing.assert_allclose(fdr(p), multipletests(p, method="fdr_bh")[1])


def test_a_test_that_was_not_made_is_not_one_of_the_family():
    np.testing.assert_allclose(holm([0.01, math.nan, 0.04]), [0.02, math.nan, 0.04])
    np.testing.assert_allclose(fdr([math.nan, 0.01, 0.04]), [math.nan, 0.02, 0.04])


# --- bootstrap ---


def judgements(rows, *, raters=None, clips=None, shape=(2, 2)):
    """rows of (rater, clip, truth, label); every clip of one truth may stand for another."""
    table = np.array(rows)
    truth_of = {clip: truth for _, clip, truth, _ in rows}
    return bootstrap.Judgements(
        rater=table[:, 0],
        clip=table[:, 1],
        truth=table[:, 2],
        label=table[:, 3],
        rater_stratum=np.array(raters if raters is not None else [0] * (table[:, 0].max() + 1)),
        clip_stratum=np.array(clips if clips is not None else [truth_of[c] for c in sorted(truth_of)]),
        shape=shape,
    )


def crossed(seed=0, raters=4, clips=6):
    rng = np.random.default_rng(seed)
    rows = [(r, c, c % 2, int(rng.random() < 0.5)) for r in range(raters) for c in range(clips)]
    return rows, judgements(rows)


def test_every_draw_keeps_the_balance_of_a_crossed_design():
    _, data = crossed()
    counts = bootstrap.confusions(data, draws=50, rng=np.random.default_rng(0))
    assert counts.shape == (50, 2, 2)
    np.testing.assert_array_equal(counts.sum(axis=2), np.full((50, 2), 12.0))


def test_the_spread_equals_that_of_all_possible_draws():
    """Two listeners, two clips of each truth: every draw can be listed, with loops, and its WA averaged and squared."""
    rows = [
        (r, c, c // 2, label)
        for r, c, label in zip([0, 0, 0, 0, 1, 1, 1, 1], [0, 1, 2, 3] * 2, [0, 1, 1, 1, 0, 0, 1, 0], strict=True)
    ]
    data = judgements(rows)
    right = {(r, c): float(t == label) for r, c, t, label in rows}
    every = [
        np.mean([right[r, c] for r in who for c in (*first, *second)])
        for who in itertools.product((0, 1), repeat=2)
        for first in itertools.product((0, 1), repeat=2)
        for second in itertools.product((2, 3), repeat=2)
    ]
    drawn = metrics()["wa"].value(bootstrap.confusions(data, draws=40_000, rng=np.random.default_rng(1)))
    assert drawn.mean() == pytest.approx(np.mean(every), abs=0.005)
    assert drawn.std() == pytest.approx(np.std(every), rel=0.03)


def test_the_same_seed_gives_the_same_draws_and_another_gives_others():
    _, data = crossed()
    first, again, other = (bootstrap.confusions(data, draws=20, rng=bootstrap.generator(s, "a")) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_draws_do_not_depend_on_the_order_of_the_rows():
    rows, data = crossed()
    turned = judgements(rows[::-1])
    one, two = (bootstrap.confusions(d, draws=20, rng=np.random.default_rng(3)) for d in (data, turned))
    np.testing.assert_array_equal(one, two)


def test_memory_is_held_in_chunks_whatever_the_number_of_draws(monkeypatch):
    _, data = crossed()
    monkeypatch.setattr(bootstrap, "_CELLS_AT_ONCE", 100)
    counts = bootstrap.confusions(data, draws=33, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(counts.sum(axis=(1, 2)), np.full(33, 24.0))


def test_a_single_rater_varies_by_clips_only_and_a_single_clip_not_at_all():
    rows = [(0, c, c % 2, 0) for c in range(4)]
    assert bootstrap.can_vary(judgements(rows))
    assert not bootstrap.can_vary(judgements(rows[:2]))


def test_raters_stand_in_only_for_those_of_their_stratum():
    rows = [(0, 0, 0, 0), (0, 1, 1, 0), (1, 0, 0, 1), (1, 1, 1, 1)]
    apart = judgements(rows, raters=[0, 1])
    counts = bootstrap.confusions(apart, draws=10, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(counts, np.ones((10, 2, 2)))


def test_an_interval_leaves_out_draws_where_nothing_can_be_said():
    values = np.array([[0.2, np.nan], [0.4, np.nan], [np.nan, np.nan]])
    low, high = bootstrap.interval(values)
    assert (low[0], high[0]) == pytest.approx((0.205, 0.395))
    assert np.isnan([low[1], high[1]]).all()


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    """200 studies of 8 listeners and 16 clips, with spread between listeners and between clips; true WA is 0.5."""
    held = 0
    for study in range(200):
        rng = np.random.default_rng([7, study])
        chance = 1 / (1 + np.exp(-(rng.normal(0, 0.7, (8, 1)) + rng.normal(0, 0.7, (1, 16)))))
        right = rng.random((8, 16)) < chance
        rows = [(r, c, c % 2, int(right[r, c]) ^ (c % 2) ^ 1) for r in range(8) for c in range(16)]
        drawn = metrics()["wa"].value(bootstrap.confusions(judgements(rows), draws=200, rng=rng))
        low, high = bootstrap.interval(drawn)
        held += int(low <= 0.5 <= high)
    assert 180 <= held <= 200
