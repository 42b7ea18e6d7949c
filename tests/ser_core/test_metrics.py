"""Every metric that is found keeps the contract, and equals scikit-learn and the loops of tests/reference.py."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, precision_score, recall_score

from ser_core.metrics._metric import Metric, metrics
from tests import reference

TRUTHS = ["angry", "happy", "neutral", "sad"]
LABELS = [*TRUTHS, "cannot_say"]
NAMES = list(metrics())

judgements = st.lists(st.tuples(st.sampled_from(TRUTHS), st.sampled_from(LABELS)), max_size=40)


def counts_of(pairs: list[tuple[str, str]]) -> np.ndarray:
    table = np.zeros((len(TRUTHS), len(LABELS)))
    for truth, label in pairs:
        table[TRUTHS.index(truth), LABELS.index(label)] += 1
    return table


@pytest.fixture(params=NAMES)
def metric(request: pytest.FixtureRequest) -> Metric:
    return metrics()[request.param]


def some_counts() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 9, size=(2, 3, 4, 5)).astype(float)


def test_a_metric_says_what_it_is(metric):
    assert metric.title
    assert metric.help[0].islower() or metric.help.startswith("F1")
    assert metric.bounds[0] < metric.bounds[1]


def test_a_metric_keeps_its_leading_dimensions(metric):
    shape = (2, 3, 4) if metric.per_emotion else (2, 3)
    assert metric.value(some_counts()).shape == shape
    assert metric.rests_on(some_counts()).shape == shape


def test_a_batch_gives_what_each_table_gives_alone(metric):
    counts = some_counts()
    batch = metric.value(counts)
    for i in range(2):
        for j in range(3):
            np.testing.assert_array_equal(batch[i, j], metric.value(counts[i, j]))


def test_a_metric_stays_within_its_bounds(metric):
    value = metric.value(some_counts())
    assert ((value >= metric.bounds[0]) & (value <= metric.bounds[1])).all()


def test_nothing_judged_is_undefined_and_rests_on_nothing(metric):
    nothing = np.zeros((4, 5))
    assert np.isnan(metric.value(nothing)).all()
    assert (metric.rests_on(nothing) == 0).all()


def test_all_right_is_the_better_bound_and_all_wrong_the_worse(metric):
    right = np.hstack([np.eye(4) * 3, np.zeros((4, 1))])
    wrong = np.roll(np.eye(4), 1, axis=1) * 3
    worse, better = metric.bounds if metric.higher_is_better else metric.bounds[::-1]
    if np.isfinite(metric.bounds).all():
        np.testing.assert_array_equal(np.unique(metric.value(right)), [better])
        np.testing.assert_array_equal(np.unique(metric.value(wrong)), [worse])
    else:  # no table of counts reaches the bound, but twice as many judgements come nearer to it
        for counts, bound in ((right, better), (wrong, worse)):
            value, nearer = (np.sign(bound) * metric.value(n * counts) for n in (1, 2))
            assert ((value > 0) & (value < nearer)).all()


def test_the_order_of_the_emotions_does_not_matter(metric):
    counts, order = some_counts()[0, 0], [2, 0, 3, 1]
    turned = counts[order][:, [*order, 4]]
    expected = metric.value(counts)[order] if metric.per_emotion else metric.value(counts)
    np.testing.assert_allclose(metric.value(turned), expected)


@given(pairs=judgements)
@pytest.mark.parametrize("name", NAMES)
def test_a_metric_equals_the_slow_reference(name, pairs):
    metric, slow = metrics()[name], getattr(reference, name)
    expected = [slow(pairs, e) for e in TRUTHS] if metric.per_emotion else slow(pairs)
    np.testing.assert_allclose(metric.value(counts_of(pairs)), np.array(expected, dtype=float))


def test_scikit_learn_says_the_same():
    rng = np.random.default_rng(0)
    truth = rng.choice(TRUTHS, 200)
    label = np.where(rng.random(200) < 0.6, truth, rng.choice(LABELS, 200))
    counts = counts_of(list(zip(truth, label, strict=True)))
    found = {name: metric.value(counts) for name, metric in metrics().items()}
    options = {"labels": TRUTHS, "average": None}
    np.testing.assert_allclose(found["recall"], recall_score(truth, label, **options))
    np.testing.assert_allclose(found["precision"], precision_score(truth, label, **options))
    np.testing.assert_allclose(found["f1"], f1_score(truth, label, **options))
    assert found["macro_f1"] == pytest.approx(f1_score(truth, label, labels=TRUTHS, average="macro"))
    assert found["ua"] == pytest.approx(balanced_accuracy_score(truth, label))
    assert found["wa"] == pytest.approx(accuracy_score(truth, label))


def test_hu_equals_wagners_definition_from_recall_and_precision_of_scikit_learn():
    rng = np.random.default_rng(1)
    truth, label = rng.choice(TRUTHS, 200), rng.choice(LABELS, 200)
    both = (score(truth, label, labels=TRUTHS, average=None) for score in (recall_score, precision_score))
    np.testing.assert_allclose(
        metrics()["hu"].value(counts_of(list(zip(truth, label, strict=True)))), np.prod(list(both), 0)
    )


def test_d_prime_of_20_hits_in_20_and_no_false_alarm_has_half_a_judgement_more_in_each_cell():
    value = metrics()["d_prime"].value(np.array([[20.0, 0.0], [0.0, 20.0]]))
    np.testing.assert_allclose(value, 2 * norm.ppf(20.5 / 21))


def test_d_prime_does_not_follow_the_readiness_to_answer_as_recall_does():
    """Two listeners, one bold and one shy with "angry", of the same distance 1.5 between the two normal curves."""
    d_prime, recall, n = metrics()["d_prime"], metrics()["recall"], 10_000
    bold, shy = (norm.cdf([[1.5 - c, c - 1.5], [-c, c]]) * n for c in (0.2, 1.4))
    np.testing.assert_allclose([d_prime.value(table)[0] for table in (bold, shy)], 1.5, atol=0.01)
    assert recall.value(bold)[0] - recall.value(shy)[0] > 0.3


def test_only_what_is_declared_so_is_tested_between_groups():
    assert [name for name, metric in metrics().items() if metric.per_emotion and metric.compared] == [
        "f1",
        "precision",
        "recall",
    ]


def test_cannot_say_counts_as_heard_and_not_recognised():
    counts = np.array([[3.0, 0.0, 1.0], [0.0, 4.0, 0.0]])
    assert metrics()["recall"].value(counts).tolist() == [0.75, 1.0]
    assert metrics()["wa"].value(counts) == pytest.approx(7 / 8)


def test_an_emotion_nobody_spoke_has_no_precision_and_no_part_in_the_means():
    counts = np.array([[4.0, 1.0], [0.0, 0.0]])
    np.testing.assert_array_equal(metrics()["precision"].value(counts), [1.0, np.nan])
    assert metrics()["ua"].value(counts) == pytest.approx(0.8)
    assert metrics()["macro_f1"].value(counts) == pytest.approx(8 / 9)


def test_ua_and_wa_differ_where_emotions_were_played_unequally_often():
    counts = np.array([[9.0, 1.0], [1.0, 1.0]])
    assert metrics()["ua"].value(counts) == pytest.approx(0.7)
    assert metrics()["wa"].value(counts) == pytest.approx(10 / 12)


@pytest.mark.parametrize("module", ["ser_core.metrics._metric", "ser_core.statistics.welch", "ser_core.scores"])
def test_measures_load_neither_torch_nor_streamlit(module):
    code = (
        f"import sys, {module} as m; from ser_core.metrics._metric import metrics; metrics(); "
        "print([n for n in ('torch', 'streamlit', 'transformers', 'listening_tests') if n in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
