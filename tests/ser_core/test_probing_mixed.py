"""Many heads on weighted layers as one program are each what a plain loop makes of it alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.methods import plain
from ser_core import probing_mixed
from ser_core.errors import BadInput
from ser_core.probing import Probe
from ser_core.probing_mixed import Mixed, MixRecipe
from tests.ser_core import tiny_checkpoints

LAYERS, CLIPS, DIM = 3, 90, 10
QUICK = MixRecipe(learning_rate=0.02, batch=16, epochs=12)
NOBODY = np.empty(0, np.int64)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with tiny_checkpoints.one_thread():
        yield


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    return np.random.default_rng(0).permutation(np.arange(CLIPS) % 4)


@pytest.fixture(scope="module")
def bank(labels) -> np.ndarray:
    """[clip, layer, dim]: emotions only in layer 1; far from 0, of unlike spread, and one number that never changes."""
    rng = np.random.default_rng(1)
    made = rng.standard_normal((CLIPS, LAYERS, DIM))
    made[:, 1] += 0.7 * rng.standard_normal((4, DIM))[labels]
    made = 50 + made * rng.uniform(0.01, 30, (LAYERS, DIM))
    made[:, 2, 0] = 7
    return made


@pytest.fixture(scope="module")
def probes() -> list[Probe]:
    """Two sources with shots (of one length and seed: they share their steps), one with dev and two seeds, or alone."""
    drawn = np.random.default_rng(2).permutation(CLIPS)
    one, other, shots, dev = drawn[:40], drawn[40:73], drawn[73:83], drawn[83:]
    few = [np.concatenate([source, shots[n : n + 5]]) for source in (one, other) for n in (0, 5)]
    return [
        *(Probe(0, 0, each, NOBODY) for each in few),
        *(Probe(0, seed, one, dev) for seed in (0, 1)),
        Probe(0, 0, one, NOBODY),
    ]


def of(bank: np.ndarray) -> list[np.ndarray]:
    return [bank[:, n] for n in range(LAYERS)]


def apart(one: Mixed, other: Mixed, bank: np.ndarray) -> float:
    said = [mixed.head.posterior(mixed.hears(of(bank))) for mixed in (one, other)]
    assert one.head.mix is not None
    assert other.head.mix is not None
    return max(float(np.abs(said[0] - said[1]).max()), float(np.abs(one.head.mix - other.head.mix).max()))


@pytest.mark.parametrize("keep", ["last", "loss"])
def test_in_float64_each_head_is_that_of_a_plain_loop_to_its_last_step(bank, labels, probes, keep):
    recipe = replace(QUICK, keep=keep, epochs=16, patience=99, learning_rate=0.3)
    together = probing_mixed.fit(of(bank), labels, probes, recipe)
    alone = [plain(bank, labels, probe, recipe) for probe in probes]
    assert max(apart(a, b, bank) for a, b in zip(together, alone, strict=True)) < 1e-9
    assert [f.head.kept for f in together] == [f.head.kept for f in alone]
    for ours, theirs in zip(together, alone, strict=True):
        assert ours.head.curve == pytest.approx(theirs.head.curve, abs=1e-9, nan_ok=True)
    assert min(f.head.kept for f in together) < 16 or keep == "last"


def test_in_float32_each_head_is_that_of_a_plain_loop_within_1e_5(bank, labels, probes):
    single = bank.astype(np.float32)
    for mixed, probe in zip(probing_mixed.fit(of(single), labels, probes, QUICK), probes, strict=True):
        assert apart(mixed, plain(single, labels, probe, QUICK), single) < 1e-5


def test_heads_of_one_source_with_other_shots_are_one_block_and_others_are_not(probes):
    blocks = list(probing_mixed._blocks(probes, 32))
    assert sorted(map(sorted, blocks)) == [[0, 1], [2, 3], [4, 6], [5]]
    assert sorted(map(len, probing_mixed._blocks(probes * 3, 4))) == [2, 2, 2, 3, 4, 4, 4]


def test_the_layer_that_holds_the_emotions_is_heard_most_and_weights_sum_to_1(bank, labels, probes):
    (mixed,) = probing_mixed.fit(of(bank), labels, probes[:1], replace(QUICK, epochs=60))
    assert mixed.head.mix is not None
    assert mixed.head.mix.sum() == pytest.approx(1)
    assert mixed.head.mix[1] > 0.5


def test_clips_are_standardised_by_the_training_clips_alone(bank, labels, probes):
    (mixed,) = probing_mixed.fit(of(bank), labels, probes[:1], replace(QUICK, epochs=1))
    learned = bank[probes[0].train]
    assert mixed.mean == pytest.approx(learned.mean(axis=0), rel=1e-9)
    spread = learned.std(axis=0)
    spread[2, 0] = 1
    assert mixed.spread == pytest.approx(spread, rel=1e-9)
    elsewhere = bank.copy()
    elsewhere[np.setdiff1d(np.arange(CLIPS), probes[0].train)] *= 1.1
    (again,) = probing_mixed.fit(of(elsewhere), labels, probes[:1], replace(QUICK, epochs=1))
    assert apart(mixed, again, bank) < 1e-9


def test_the_same_seed_gives_the_same_bytes_whatever_the_number_of_threads(bank, labels, probes):
    import torch

    told: list[tuple[int, int]] = []
    alone = probing_mixed.fit(of(bank), labels, probes, QUICK)
    torch.set_num_threads(2)
    try:
        shared = probing_mixed.fit(of(bank), labels, probes, QUICK, progress=lambda *n: told.append(n))
    finally:
        torch.set_num_threads(1)
    assert max(apart(a, b, bank) for a, b in zip(alone, shared, strict=True)) == 0
    assert told[-1] == (7, 7)


def test_the_last_weights_are_kept_whatever_the_dev_clips_say_and_the_dev_curve_is_there(bank, labels, probes):
    recipe = replace(QUICK, epochs=15, patience=1, learning_rate=0.3)
    last, lowest = (
        probing_mixed.fit(of(bank), labels, probes[4:5], replace(recipe, keep=k))[0].head for k in ("last", "loss")
    )
    assert (last.epochs, last.kept, last.stopped) == (15, 15, "epochs")
    assert np.isfinite(last.curve).all()
    assert (lowest.stopped, lowest.kept) == ("patience", 1 + int(lowest.curve[:, 1].argmin()))


def test_a_recipe_knows_the_last_weights_only_where_they_can_be_kept():
    assert MixRecipe().keep == "last"
    with pytest.raises(BadInput, match="keep must be last or loss or accuracy, not best"):
        MixRecipe(keep="best")  # type: ignore[arg-type]
    from ser_core.probing import Recipe

    with pytest.raises(BadInput, match="keep must be loss or accuracy, not last"):
        Recipe(keep="last")
