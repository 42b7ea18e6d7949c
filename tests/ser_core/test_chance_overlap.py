"""Overlap by chance: against random segments that are really placed, against numerical integrals, against pairs in loops."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from ser_core.statistics.chance_overlap import coverage, expected_overlap
from ser_core.statistics.overlap_sums import EXPECTED, MARKED, SHARED, Layer, overlap_sums, pairs


def placed(lengths: tuple[float, ...], duration_s: float, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Parts of these lengths, in this order, thrown into the clip until none overlaps another or goes beyond the end."""
    while True:
        starts = rng.uniform(0, duration_s, len(lengths))
        parts = [(s, s + length) for s, length in zip(starts, lengths, strict=True)]
        apart = all(a[1] <= b[0] for a, b in itertools.pairwise(parts))
        if apart and parts[-1][1] <= duration_s:
            return parts


def seconds_shared(a: list[tuple[float, float]], b: list[tuple[float, float]]) -> float:
    return sum(max(0.0, min(p[1], q[1]) - max(p[0], q[0])) for p in a for q in b)


@pytest.mark.parametrize(
    ("a", "b"),
    [((1.0,), (2.5,)), ((0.4,), (0.7, 0.5)), ((3.1,), (0.3, 0.9)), ((0.5, 1.2), (0.6, 0.2)), ((0.2, 0.5, 0.4), (1.1, 0.8))],
)
def test_the_expected_overlap_is_what_segments_that_are_really_thrown_share(a, b):
    rng, throws = np.random.default_rng(1), 4000
    shared = [seconds_shared(placed(a, 4.0, rng), placed(b, 4.0, rng)) for _ in range(throws)]
    expected = expected_overlap([a, b], 4.0)[0, 1]
    assert expected == pytest.approx(np.mean(shared), abs=4 * np.std(shared) / math.sqrt(throws))
    assert np.std(shared) / math.sqrt(throws) < 0.02


lengths = st.lists(st.floats(0.01, 1.2), min_size=1, max_size=4).map(tuple)


def integral(of: list[tuple[float, ...]], duration_s: float) -> float:
    """Of the product of their chances to be covered, between all moments at which one of them changes its form."""

    def product(at_s: float) -> float:
        return math.prod(float(coverage(own, duration_s, np.array(at_s))) for own in of)

    knots = sorted({x for own in of for edge in np.cumsum([0, *own]) for x in (edge, edge + duration_s - sum(own))})
    pieces = [(low, high) for low, high in itertools.pairwise(knots) if high - low > 1e-9]
    return math.fsum(quad(product, low, high)[0] for low, high in pieces)


@settings(max_examples=40, deadline=None)
@given(a=lengths, b=lengths, free=st.floats(0.01, 3))
def test_every_way_to_the_integral_gives_the_integral(a, b, free):
    duration_s = max(sum(a), sum(b)) + free
    expected = expected_overlap([a, b], duration_s)
    assert expected[0, 1] == pytest.approx(integral([a, b], duration_s), abs=1e-6)
    assert expected == pytest.approx(expected.T)


@settings(max_examples=40, deadline=None)
@given(own=lengths, free=st.floats(0.01, 3))
def test_moments_are_covered_for_as_long_as_the_parts_are_and_alike_from_both_ends(own, free):
    duration_s = sum(own) + free
    assert integral([own], duration_s) == pytest.approx(sum(own), abs=1e-6)
    at_s = np.linspace(0, duration_s, 23)
    assert coverage(own, duration_s, at_s) == pytest.approx(coverage(own[::-1], duration_s, at_s[::-1]))


def test_two_random_halves_share_a_third_of_the_clip():
    assert expected_overlap([(2.0,)], 4.0)[0, 0] == pytest.approx(4 / 3)


def test_a_clip_that_one_part_nearly_fills_leaves_the_other_where_it_is():
    assert expected_overlap([(3.999,), (0.5,)], 4.0)[0, 1] == pytest.approx(0.5, abs=1e-3)


def test_parts_that_leave_nothing_free_are_our_own_mistake():
    with pytest.raises(AssertionError, match="one place only"):
        expected_overlap([(4.0,)], 4.0)


def test_sums_over_pairs_are_those_of_a_loop_over_pairs():
    rng = np.random.default_rng(3)
    raters, duration_s, groups = 9, 3.0, 3
    group = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2])
    parts = {n: placed(tuple(rng.uniform(0.1, 0.8, rng.integers(1, 3))), duration_s, rng) for n in range(raters) if n != 4}
    flat = [(n, *part) for n, own in parts.items() for part in own]
    layer = Layer(np.array([f[0] for f in flat]), np.array([f[1] for f in flat]), np.array([f[2] for f in flat]))
    weights = rng.integers(0, 4, (5, raters)).astype(np.uint16)
    sums = overlap_sums(layer, group, weights, groups=groups, duration_s=duration_s)
    for at, (g, h) in enumerate(pairs(groups)):
        for draw in range(5):
            wanted = np.zeros(3)
            for i in np.flatnonzero(group == g):
                for j in np.flatnonzero(group == h):
                    times = float(weights[draw, i]) * float(weights[draw, j]) * (i != j)
                    a, b = parts.get(i, []), parts.get(j, [])
                    length = [tuple(e - s for s, e in own) for own in (a, b)]
                    chance = expected_overlap(length, duration_s)[0, 1] if a and b else 0.0
                    wanted += times * np.array([sum(map(sum, length)), seconds_shared(a, b), chance])
            assert sums[at, [MARKED, SHARED, EXPECTED], draw] == pytest.approx(
                wanted, abs=1e-8
            )  # lengths are told apart to 1e-9
