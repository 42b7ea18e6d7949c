"""The mixed model against lme4, against the definition of Laplace's approximation, and on what it must refuse."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize
from scipy.special import expit

from ser_core.comparisons import Asked, compare
from ser_core.counting import count
from ser_core.mixed_comparison import fitted
from ser_core.statistics.mixed_model import _Laplace, fit
from tests.ser_core.test_scores import EMOTIONS, answers, study


def made(seed: int, listeners: int, clips: int, listener_sd: float, clip_sd: float):
    """Two groups of listeners, two languages; a fifth of the judgements is missing."""
    rng = np.random.default_rng(seed)
    listener, clip = (a.ravel() for a in np.meshgrid(np.arange(listeners), np.arange(clips), indexing="ij"))
    kept = rng.random(listeners * clips) < 0.8
    listener, clip = listener[kept], clip[kept]
    cell = listener % 2 * 2 + clip % 2
    effect = rng.normal(0, listener_sd, listeners)[listener] + rng.normal(0, clip_sd, clips)[clip]
    eta = np.array([1.0, 0.2, 0.3, 0.8])[cell] + effect
    right = rng.random(len(listener)) < 1 / (1 + np.exp(-eta))
    return right, (cell[:, None] == np.arange(4)).astype(float), listener, clip


LME4 = {
    (1, 24, 40, 0.7, 0.9): (
        (0.84673890, -0.03425958, 0.31432308, 0.58996590),
        (0.3286210, 0.3249558, 0.3241980, 0.3349849),
        (0.5843077, 0.9964541),
        -462.63573,
    ),
    (2, 12, 60, 0.5, 0.0): (
        (0.8863403, 0.1312366, 0.5324959, 0.7629317),
        (0.2084375, 0.1871333, 0.1921376, 0.1961145),
        (0.1456029, 0.2941117),
        -371.055548,
    ),
    (3, 40, 16, 1.2, 1.5): (
        (0.7201519, -0.1759165, 0.2511082, 0.9626155),
        (0.5724939, 0.5727347, 0.5712777, 0.5825986),
        (0.9051942, 1.3787185),
        -295.25474,
    ),
}
"""R 4.2.2, lme4 1.1-31: glmer(right ~ 0 + cell + (1 | listener) + (1 | clip), binomial, control = glmerControl("bobyqa",
tolPwrss = 1e-12, optCtrl = list(maxfun = 2e5, rhoend = 1e-8))): coefficients, their standard errors, SDs, log-likelihood."""


@pytest.mark.parametrize("case", LME4)
def test_estimates_equal_those_of_lme4(case):
    beta, se, sds, log_likelihood = LME4[case]
    found = fit(*made(*case))
    assert found.refused == ""
    np.testing.assert_allclose(found.beta, beta, atol=2e-5)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), se, rtol=1e-4)
    np.testing.assert_allclose((found.listener_sd, found.clip_sd), sds, rtol=1e-4)
    assert found.log_likelihood == pytest.approx(log_likelihood, abs=1e-4)


def test_the_likelihood_is_laplaces_by_its_definition_and_the_gradient_is_its_own():
    right, x, listener, clip = made(4, 5, 7, 0.8, 0.8)
    model, at = _Laplace(right, x, listener, clip), np.array([0.5, 0.1, 0.2, 0.3, 0.6, 0.9])
    z = np.hstack([0.6 * (listener[:, None] == np.arange(5)), 0.9 * (clip[:, None] == np.arange(7))])

    def penalised(w):
        eta = x @ at[:4] + z @ w
        return -np.log(np.where(right, expit(eta), expit(-eta))).sum() + w @ w / 2

    mode = optimize.minimize(penalised, np.zeros(12), method="BFGS", options={"gtol": 1e-9})
    mu = expit(x @ at[:4] + z @ mode.x)
    hessian = (z.T * (mu * (1 - mu))) @ z + np.eye(12)
    value, gradient = model.value_and_gradient(at)
    assert value == pytest.approx(mode.fun + np.linalg.slogdet(hessian)[1] / 2, abs=1e-6)
    steps = [[model.value_and_gradient(at + sign * 1e-5 * e)[0] for sign in (1, -1)] for e in np.eye(6)]
    np.testing.assert_allclose(gradient, [(up - down) / 2e-5 for up, down in steps], atol=1e-5)


def test_no_spread_between_clips_beyond_chance_is_a_spread_of_0():
    right, x, listener, clip = made(2, 12, 60, 0.5, 0.0)
    rng = np.random.default_rng(0)
    found = fit(right, x, listener, rng.permutation(clip))
    assert found.refused == ""
    assert found.clip_sd == 0
    assert np.isfinite(found.covariance).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda right, x, listener, clip: (right, x, listener * 0, clip), "at least 2 listeners"),
        (lambda right, x, listener, clip: (right, x, listener, clip * 0), "at least 2 clips"),
        (
            lambda right, x, listener, clip: (right | (x[:, 0] > 0), x, listener, clip),
            "all answers are right or all are wrong",
        ),
        (lambda right, x, listener, clip: (right, np.hstack([x, x[:, :1]]), listener, clip), "without judgements"),
    ],
)
def test_what_has_no_estimate_is_refused_in_words(change, says):
    found = fit(*change(*made(1, 8, 10, 0.5, 0.5)))
    assert says in found.refused
    assert found.beta.size == 0


def of_mixed_model(tables):
    rows = compare(tables, draws=0, asked=Asked(mixed=True))
    return rows[rows["family"].str.contains("mixed model")]


def test_contrasts_are_those_of_the_model_in_every_emotion_and_over_them():
    tables = study(listeners=9, each=4)
    rows = of_mixed_model(tables)
    assert rows.groupby("family", sort=False).size().tolist() == [2, 1, 2 * len(EMOTIONS)]
    single = rows[rows["emotion"] != ""]
    over_all = rows[(rows["emotion"] == "") & (rows["language"] != "")].set_index("language")
    for language, part in single.groupby("language"):
        assert over_all.loc[language, "difference"] == pytest.approx(part["difference"].mean())
    between = rows[rows["language"] == ""].iloc[0]
    assert between["difference"] == pytest.approx(over_all.loc["de", "difference"] - over_all.loc["en", "difference"])
    assert (between["a"], between["b"]) == ("CN listeners: de less en", "DE listeners: de less en")
    assert between["p"] < 0.001  # one group is right in 0.9 of one language, both in 0.6 of all else
    judged = count(tables).judged
    model = fitted(judged[judged["rater_type"] == "human"])
    at = [model.cells.index((g, "en", "sad")) for g in ("CN listeners", "DE listeners")]
    row = single[(single["language"] == "en") & (single["emotion"] == "sad")].iloc[0]
    assert model.fit is not None
    assert row["difference"] == pytest.approx(model.fit.beta[at[0]] - model.fit.beta[at[1]])
    variance = np.array([1, -1]) @ model.fit.covariance[np.ix_(at, at)] @ np.array([1, -1])
    assert row["ci_high"] - row["ci_low"] == pytest.approx(2 * 1.959964 * np.sqrt(variance))


def test_an_emotion_that_everybody_got_right_is_left_out_and_said():
    rng = np.random.default_rng(3)
    clips = [f"{e}{n}" for e in ("sad", "happy", "angry") for n in range(5)]
    rows = [
        (f"{g}{n}", clip, clip[:-1] if clip.startswith("sad") or rng.random() < 0.6 else "calm")
        for g in "ab"
        for n in range(6)
        for clip in clips
    ]
    found = of_mixed_model(answers(rows)).set_index(["language", "emotion"])
    assert "not tested: a were always right in sad" in found.loc[("de", "sad"), "note"]
    assert np.isnan(found.loc[("de", "sad"), "p"])
    assert "left out: a were always right in sad" in found.loc[("de", ""), "note"]
    assert found.loc[("de", ""), "p"] > 0


def test_no_emotion_left_is_said_and_one_group_has_no_rows():
    alike = [(f"{g}{n}", clip, clip[:-1]) for g in "ab" for n in range(3) for clip in ("sad1", "happy1")]
    rows = of_mixed_model(answers(alike))
    assert rows["p"].isna().all()
    assert rows["note"].str.startswith("not tested").all()
    assert of_mixed_model(answers([r for r in alike if r[0].startswith("a")])).empty


@pytest.mark.parametrize(("people", "clips", "says"), [(1, 3, "1 listener and 3 clips"), (3, 1, "3 listeners and 1 clip")])
def test_a_single_listener_or_clip_has_no_spread_and_is_not_taken_for_certain(people, clips, says):
    rows = [
        (f"{g}{n}", f"{e}{k}", e if (n + k) % 2 else "calm")
        for g, size in (("a", people), ("b", 4))
        for n in range(size)
        for e in ("sad", "happy")
        for k in range(clips)
    ]
    found = of_mixed_model(answers(rows))
    assert found["p"].isna().all()
    assert found["note"].str.contains(f"a had {says}").any()
