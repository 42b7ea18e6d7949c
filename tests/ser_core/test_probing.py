"""Many probes as one program are each what it would have been alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.layers import plain
from ser_core import probing
from ser_core.errors import BadInput
from ser_core.probing import Fitted, Probe, Recipe
from tests.ser_core import tiny_checkpoints

LAYERS, CLIPS, DIM = 2, 80, 12
NEVER = np.empty((0, 3))
QUICK = {"learning_rate": 0.02, "batch": 16, "epochs": 24, "patience": 3}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with tiny_checkpoints.one_thread():
        yield


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    return np.random.default_rng(0).permutation(np.arange(CLIPS) % 4)


@pytest.fixture(scope="module")
def bank(labels) -> np.ndarray:
    """Features of which each class has a little more or less: some probes stop early, some do not."""
    rng = np.random.default_rng(1)
    means = rng.standard_normal((LAYERS, 4, DIM))
    return (rng.standard_normal((LAYERS, CLIPS, DIM)) + 0.7 * means[:, labels]).astype(np.float32)


@pytest.fixture(scope="module")
def probes() -> list[Probe]:
    """Sets of unlike size, some with a last batch of one clip, each on both layers with two seeds."""
    rng = np.random.default_rng(2)
    sets = [rng.permutation(CLIPS)[: train + dev] for train, dev in ((33, 9), (60, 12))]
    parts = [(each[:train], each[train:]) for each, train in zip(sets, (33, 60), strict=True)]
    return [Probe(layer, seed, *part) for part in parts for layer in range(LAYERS) for seed in (0, 1)]


def apart(a: Fitted, b: Fitted) -> float:
    pairs = [pair for ours, theirs in zip(a.weights, b.weights, strict=True) for pair in zip(ours, theirs, strict=True)]
    return max(float(np.abs(x - y).max()) for x, y in pairs)


def course(fitted: Fitted) -> tuple[int, int, str]:
    return fitted.epochs, fitted.kept, fitted.stopped


@pytest.mark.parametrize(
    "recipe", [Recipe(**QUICK), Recipe(hidden=(8, 6), keep="accuracy", **QUICK)], ids=["paper", "as_run"]
)
def test_in_float64_each_probe_is_that_of_a_plain_loop_from_the_first_step_to_its_own_end(bank, labels, probes, recipe):
    exact = bank.astype(np.float64)
    together = probing.fit(exact, labels, probes, recipe)
    alone = [plain(exact, labels, probe, recipe) for probe in probes]
    assert [course(f) for f in together] == [course(f) for f in alone]
    assert len({f.epochs for f in together}) > 2
    assert max(apart(a, b) for a, b in zip(together, alone, strict=True)) < 1e-12
    assert [f.dev_loss for f in together] == pytest.approx([f.dev_loss for f in alone], abs=1e-12)
    for ours, theirs in zip(together, alone, strict=True):
        assert ours.curve == pytest.approx(theirs.curve, abs=1e-6)


@pytest.mark.parametrize("preset", probing.PRESETS)
def test_in_float32_each_probe_of_a_preset_is_that_of_a_plain_loop_within_1e_5(bank, labels, probes, preset):
    recipe = Recipe(hidden=probing.PRESETS[preset].hidden, keep=probing.PRESETS[preset].keep, epochs=8)
    together = probing.fit(bank, labels, probes[::3], recipe)
    alone = [plain(bank, labels, probe, recipe) for probe in probes[::3]]
    assert [course(f) for f in together] == [course(f) for f in alone]
    assert max(apart(a, b) for a, b in zip(together, alone, strict=True)) < 1e-5


def test_the_same_seed_gives_the_same_bytes_and_another_block_size_the_same_probes(bank, labels, probes):
    recipe = Recipe(**QUICK)
    first, again, blocks = (probing.fit(bank, labels, probes, recipe, at_once=n) for n in (None, None, 3))
    assert max(apart(a, b) for a, b in zip(first, again, strict=True)) == 0
    assert max(apart(a, b) for a, b in zip(first, blocks, strict=True)) < 1e-5
    assert [course(f) for f in first] == [course(f) for f in blocks]


def test_as_many_threads_as_torch_has_share_the_blocks_and_change_no_bit(bank, labels, probes):
    import torch

    recipe, told = Recipe(**QUICK), []
    alone = probing.fit(bank, labels, probes, recipe, at_once=3)
    torch.set_num_threads(2)
    try:
        shared = probing.fit(
            bank, labels, probes, recipe, at_once=3, progress=lambda done, total: told.append((done, total))
        )
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert max(apart(a, b) for a, b in zip(alone, shared, strict=True)) == 0
    assert told == [(3, 8), (6, 8), (8, 8)]


def test_layers_start_alike_and_seeds_do_not(bank, labels, probes):
    still = Recipe(learning_rate=1e-12, epochs=1)
    started = {
        (p.layer, p.seed): f.weights[0][0] for p, f in zip(probes, probing.fit(bank, labels, probes, still), strict=True)
    }
    assert started[0, 0] == pytest.approx(started[1, 0], abs=1e-9)
    assert np.abs(started[0, 0] - started[0, 1]).max() > 0.1


def test_a_probe_says_of_clips_what_its_head_computes():
    head = Fitted(((np.array([[1.0, -1.0]]), np.zeros(2)), (np.eye(2), np.array([0.0, 1.0]))), 1, 1, "epochs", 0.0, NEVER)
    said = head.posterior(np.array([[1.0], [-2.0]], np.float32))
    # relu(1, -1) -> (1, 0 + 1): even; relu(-2, 2) -> (0, 2 + 1)
    assert said == pytest.approx(np.array([[0.5, 0.5], [1 / (1 + np.e**3), np.e**3 / (1 + np.e**3)]]))


def test_a_recipe_that_cannot_be_is_refused_with_all_that_is_wrong():
    with pytest.raises(BadInput) as bad:
        Recipe(hidden=(0,), learning_rate=0, batch=0, epochs=0, patience=0, keep="best")  # type: ignore[arg-type]
    assert len(bad.value.problems) == 6


def test_without_dev_clips_a_probe_learns_for_all_epochs_and_keeps_the_last_whatever_lies_beside_it(bank, labels, probes):
    recipe, nobody = Recipe(**QUICK), np.array([], dtype=np.int64)
    blind, other = probing.fit(bank, labels, [replace(probes[0], dev=nobody), probes[1]], recipe)
    assert course(blind) == (24, 24, "epochs")
    assert np.isnan(blind.dev_loss)
    assert np.isnan(blind.curve[:, 1:]).all()
    assert blind.curve[:, 0] == pytest.approx(
        plain(bank, labels, probes[0], replace(recipe, patience=99)).curve[:, 0], abs=1e-5
    )
    assert course(other) == course(plain(bank, labels, probes[1], recipe))
