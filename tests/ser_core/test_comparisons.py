"""Tests between groups, of the same listeners, and of models with people, against scipy and slow loops over judgements."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ser_core.comparisons import TESTS, compare
from ser_core.ratings import Tables
from tests import reference
from tests.ser_core.test_scores import EMOTIONS, answers, judgements, shuffled, study, with_corpora

DESIGN = (
    "family,test,unit,a,b,language,emotion,metric,mean_a,mean_b,difference,t,df,p,p_holm,p_fdr,ci_low,ci_high,"
    "effect,effect_ci_low,effect_ci_high,bf10,n_a,n_b"
)


def welch_of_people(rows: pd.DataFrame) -> pd.DataFrame:
    """The families of Welch's tests between groups of people."""
    between = ["UA by language", "F1, Precision, Recall by emotion and language"]
    return rows[rows["family"].isin([f"human groups: {name}" for name in between])].reset_index(drop=True)


def test_columns_begin_with_those_of_the_design():
    assert ",".join(compare(study()).columns).startswith(DESIGN)


def test_neither_the_order_of_the_rows_nor_corpora_change_a_test():
    tables = with_corpora(study())
    plain = Tables(tables.stimuli.assign(corpus=""), tables.raters, tables.ratings)
    pd.testing.assert_frame_equal(compare(tables), compare(shuffled(tables)))
    pd.testing.assert_frame_equal(compare(tables), compare(plain))


def test_tests_are_those_of_scipy_on_one_value_for_each_listener():
    tables = study(listeners=6)
    rows = welch_of_people(compare(tables))
    assert len(rows) == 2 + 2 * 3 * len(EMOTIONS)
    assert set(rows["unit"]) == {"listener"}
    row = rows.query("metric == 'recall' and language == 'de' and emotion == 'sad'").iloc[0]
    assert (row["a"], row["b"]) == ("CN listeners", "DE listeners")
    a, b = (
        [reference.recall(judgements(tables, rater=f"{group}{n}", language="de"), "sad") for n in range(6)]
        for group in ("CN", "DE")
    )
    theirs = stats.ttest_ind(a, b, equal_var=False)
    assert (row["t"], row["df"], row["p"]) == pytest.approx((theirs.statistic, theirs.df, theirs.pvalue))
    assert row["difference"] == pytest.approx(np.mean(a) - np.mean(b))


def test_each_family_is_corrected_by_itself():
    rows = compare(study(listeners=6))
    assert rows["family"].unique().tolist() == [
        "human groups: UA by language",
        "human groups: F1, Precision, Recall by emotion and language",
        "human groups: UA by language, permutation",
        "human groups: UA by language, equivalence within 0.1",
        "human groups: UA by language, bootstrap",
        "same listeners: UA between languages",
        "models and people: UA by language, bootstrap",
        "models and people: UA by language, runs",
        "models and people: UA by language, runs, equivalence within 0.1",
    ]
    for _, family in rows.groupby("family"):
        made = family[family["p"].notna()]
        np.testing.assert_allclose(made["p_holm"], reference.holm(made["p"].tolist()))
        np.testing.assert_allclose(made["p_fdr"], reference.benjamini_hochberg(made["p"].tolist()))


def test_models_are_in_no_test_between_groups_of_people():
    rows = compare(study())
    rows = rows[rows["family"].str.startswith("human groups")]
    assert set(rows["a"]) | set(rows["b"]) == {"CN listeners", "DE listeners"}


def test_three_groups_are_tested_in_pairs():
    rows = [(f"{group}{n}", clip, "sad") for group in "abc" for n in (1, 2) for clip in ("sad1", "happy1")]
    pairs = compare(answers(rows))[["a", "b"]].drop_duplicates().to_numpy().tolist()
    assert pairs == [["a", "b"], ["a", "c"], ["b", "c"]]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([("a1", "sad1", "sad"), ("b1", "sad1", "happy")], "group a has 1 value"),
        ([("a1", "sad1", "sad"), ("a2", "sad1", "sad"), ("b1", "sad1", "sad"), ("b2", "sad1", "sad")], "the same value"),
    ],
)
def test_a_test_that_cannot_be_made_says_why_and_shows_no_number(rows, says):
    tests = compare(answers(rows))
    ua = tests.query("metric == 'ua'").iloc[0]
    assert says in ua["note"]
    assert tests[["t", "p", "p_holm", "p_fdr", "bf10"]].isna().all(axis=None)


def test_listeners_whose_value_is_undefined_are_left_out_and_counted():
    rows = [(f"{g}{n}", clip, clip[:-1]) for g in "ab" for n in (1, 2, 3) for clip in ("sad1", "happy1")]
    rows = [(r, s, "happy" if (r, s) == ("a1", "sad1") else label) for r, s, label in rows]
    row = compare(answers(rows)).query("metric == 'precision' and emotion == 'sad'").iloc[0]
    assert (row["n_a"], row["n_b"]) == (2, 3)
    assert "1 of 6 listeners left out, whose value is undefined" in row["note"]


def test_one_group_alone_leaves_an_empty_table_with_its_header():
    tests = compare(answers([("a1", "sad1", "sad")]))
    assert len(tests) == 0
    assert tests.columns.tolist() == list(TESTS)
