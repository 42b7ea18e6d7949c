"""Geometries of emotions: against scipy, by every exchange in turn, and where the truth was planted."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from ser_core import cli, rsa
from ser_core.errors import BadInput
from tests.ser_core import voices

EMOTIONS = ["angry", "happy", "neutral", "sad"]


def made(rng, centroids, clips=30, noise=0.3):
    truth = np.repeat(EMOTIONS, clips)
    return np.repeat(centroids, clips, axis=0) + noise * rng.standard_normal((4 * clips, centroids.shape[1])), truth


@pytest.mark.parametrize("distance", rsa.DISTANCES)
def test_distances_are_those_of_scipy_between_the_means_of_standardised_clips(distance):
    vectors, truth = made(np.random.default_rng(0), np.random.default_rng(1).standard_normal((4, 6)) * 40 + 9)
    scaled = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    centroids = np.stack([scaled[truth == emotion].mean(axis=0) for emotion in EMOTIONS])
    found = rsa.geometry(vectors, truth, EMOTIONS, distance=distance)
    assert found[np.triu_indices(4, 1)] == pytest.approx(pdist(centroids, distance))


@pytest.mark.parametrize("count", [3, 4, 5])
def test_rho_and_p_are_what_scipy_gives_for_every_exchange_in_turn(count):
    rng = np.random.default_rng(count)
    one, other = (np.add(m, m.T) for m in np.triu(rng.integers(1, 9, (2, count, count)).astype(float), 1))  # with ties
    at = np.triu_indices(count, 1)
    rhos = [spearmanr(one[at], other[np.ix_(order, order)][at]).statistic for order in permutations(range(count))]
    found = rsa.agreement(one, other)
    assert found.rho == pytest.approx(rhos[0])
    assert found.p == pytest.approx(np.mean(np.array(rhos) >= rhos[0] - 1e-9))
    assert found.p >= 1 / found.ways == 1 / len(rhos)


def test_moved_and_scaled_number_by_number_a_geometry_is_the_same_and_with_names_exchanged_it_is_not():
    rng = np.random.default_rng(5)
    vectors, truth = made(rng, rng.standard_normal((4, 8)))
    one, moved = (rsa.geometry(v, truth, EMOTIONS) for v in (vectors, vectors * rng.uniform(0.1, 30, 8) + 50))
    assert moved == pytest.approx(one)
    assert rsa.agreement(one, moved) == rsa.Agreement(1.0, 1 / 24, 24)
    exchanged = rsa.geometry(vectors, truth, ["happy", "angry", "neutral", "sad"])
    assert rsa.agreement(one, exchanged).rho < 0.9
    assert np.isnan(rsa.agreement(one, 1 - np.eye(4)).rho)


def test_the_command_writes_agreements_and_distances_and_says_the_least_p(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("EARWITNESS_FEATURES", str(tmp_path / "features"))
    table = voices.table(tmp_path / "clips", languages=("de", "en", "tr"))
    out = tmp_path / "out"
    asked = ["rsa", str(table), "--encoder", "logmel", "--layer", "all", "--out", str(out)]
    assert cli.main("ser_core", asked) == 0
    assert "p is never below 0.0417" in capsys.readouterr().out
    agreements, distances = (pd.read_csv(out / name) for name in ("rsa.csv", "rsa_distances.csv"))
    pairs = [("de", "en"), ("de", "tr"), ("en", "tr")]
    assert list(zip(agreements["language_a"], agreements["language_b"], strict=True)) == pairs
    assert set(agreements["ways"]) == {24}
    assert len(distances) == 3 * 6
    both = [distances.loc[distances["language"] == name, "distance"] for name in ("de", "en")]
    assert agreements["rho"][0] == pytest.approx(spearmanr(*both).statistic)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["--layer", "1"], "has no layer 1"),
        (["--layer", "last"], "--layer must be all or a number"),
        (["--encoder", "logmell"], "Did you mean 'logmel'"),
        (["--emotions", "angry,sadd"], "unknown emotion 'sadd'. Did you mean 'sad'"),
        (["--emotions", "angry,sad"], "3 to 8 emotions are needed"),
        (["--emotions", "angry,sad,bored"], "language de has no clip that is bored"),
        (["--by", "corpus"], "compared by corpus; the tables hold clips"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path, capsys, asked, says):
    table = voices.write(
        tmp_path / "stimuli.csv",
        [
            (f"{lang}-{emotion}", "x.wav", "clips", lang, "a", emotion, "test")
            for lang in ("de", "en")
            for emotion in EMOTIONS
        ],
    )
    given = ["rsa", str(table), "--encoder", "logmel", "--out", str(tmp_path / "out"), *asked]
    assert cli.main("ser_core", given) == 2
    assert says in capsys.readouterr().err


def test_one_language_and_emotions_that_a_language_lacks_are_said_at_once():
    clips = pd.DataFrame({"language": ["de", "de"], "truth": ["sad", "happy"]})
    with pytest.raises(BadInput) as bad:
        rsa.emotions_of(clips, ["sad", "angry"], "language")
    assert len(bad.value.problems) == 3
