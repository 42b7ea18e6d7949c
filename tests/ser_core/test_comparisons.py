"""Tests between groups, of the same listeners, and of models with people, against scipy and slow loops over judgements."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ser_core.comparisons import TESTS, Asked, compare
from ser_core.errors import BadInput
from ser_core.ratings import Tables
from ser_core.statistics import assumptions
from tests import reference
from tests.ser_core.test_scores import EMOTIONS, answers, judgements, shuffled, study, with_corpora

DESIGN = (
    "family,test,unit,a,b,language,emotion,metric,mean_a,mean_b,difference,t,df,p,p_holm,p_fdr,ci_low,ci_high,"
    "effect,effect_ci_low,effect_ci_high,bf10,n_a,n_b"
)


@pytest.fixture(scope="module")
def six() -> pd.DataFrame:
    """All tests of six listeners a group, with every draw."""
    return compare(study(listeners=6))


def welch_of_people(rows: pd.DataFrame) -> pd.DataFrame:
    """The families of Welch's tests between groups of people."""
    between = ["UA by language", "F1, Precision, Recall by emotion and language"]
    return rows[rows["family"].isin([f"human groups: {name}" for name in between])].reset_index(drop=True)


def test_columns_begin_with_those_of_the_design(six):
    assert ",".join(six.columns).startswith(DESIGN)


def test_neither_the_order_of_the_rows_nor_corpora_change_a_test():
    tables = with_corpora(study())
    plain = Tables(tables.stimuli.assign(corpus=""), tables.raters, tables.ratings)
    found = compare(tables)
    pd.testing.assert_frame_equal(found, compare(shuffled(tables)))
    pd.testing.assert_frame_equal(found, compare(plain))


def test_tests_are_those_of_scipy_on_one_value_for_each_listener(six):
    tables = study(listeners=6)
    rows = welch_of_people(six)
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


def test_each_family_is_corrected_by_itself(six):
    assert six["family"].unique().tolist() == [
        "human groups: UA by language",
        "human groups: F1, Precision, Recall by emotion and language",
        "human groups: UA by language, permutation",
        "human groups: UA by language, equivalence within 0.1",
        "human groups: UA by language, bootstrap",
        "same listeners: UA between languages",
        "same listeners: F1, Precision, Recall by emotion, between languages",
        "models and people: UA by language, bootstrap",
        "models and people: UA by language, bootstrap, equivalence within 0.1",
        "models and people: UA by language, runs",
        "models and people: UA by language, runs, equivalence within 0.1",
    ]
    for _, family in six.groupby("family"):
        made = family[family["p"].notna()]
        np.testing.assert_allclose(made["p_holm"], reference.holm(made["p"].tolist()))
        np.testing.assert_allclose(made["p_fdr"], reference.benjamini_hochberg(made["p"].tolist()))


def test_models_are_in_no_test_between_groups_of_people(six):
    rows = six[six["family"].str.startswith("human groups")]
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


# --- what stands beside Welch's tests ---


def family(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    return rows[rows["family"] == name].reset_index(drop=True)


def test_listeners_of_two_languages_are_their_own_control(six):
    tables = study(listeners=6)
    rows = family(six, "same listeners: UA between languages")
    assert rows[["a", "b"]].to_numpy().tolist() == [[f"{g} listeners, de", f"{g} listeners, en"] for g in ("CN", "DE")]
    for row, group in zip(rows.to_dict("records"), ("CN", "DE"), strict=True):
        a, b = (
            [reference.ua(judgements(tables, rater=f"{group}{n}", language=language)) for n in range(6)]
            for language in ("de", "en")
        )
        theirs = stats.ttest_rel(a, b)
        assert (row["t"], row["df"], row["p"]) == pytest.approx((theirs.statistic, theirs.df, theirs.pvalue))
        assert (row["unit"], row["language"]) == ("listener", "")
    of_each = family(six, "same listeners: F1, Precision, Recall by emotion, between languages")
    assert len(of_each) == 2 * len(set(tables.stimuli["truth"])) * 3
    (happily,) = of_each.query("a == 'CN listeners, de' and emotion == 'happy' and metric == 'recall'").to_dict("records")
    happy = set(tables.stimuli.loc[tables.stimuli["truth"] == "happy", "stimulus"])
    said = tables.ratings[tables.ratings["stimulus"].isin(happy)].merge(tables.stimuli[["stimulus", "language"]])
    recall = (said["label"] == "happy").groupby([said["rater"], said["language"]]).mean().unstack()
    theirs = stats.ttest_rel(*(recall.loc[[f"CN{n}" for n in range(6)], tag] for tag in ("de", "en")))
    assert (happily["t"], happily["df"], happily["p"]) == pytest.approx((theirs.statistic, theirs.df, theirs.pvalue))


def test_a_column_of_clips_or_ratings_makes_pairs_within_group_and_language():
    tables = study(listeners=5)
    noise = np.where(tables.stimuli["stimulus"].str.endswith("0"), "noisy", "clean")
    by_clip = Tables(tables.stimuli.assign(noise=noise), tables.raters, tables.ratings)
    of_row = tables.ratings["stimulus"].map(dict(zip(tables.stimuli["stimulus"], noise, strict=True)))
    by_row = Tables(tables.stimuli, tables.raters, tables.ratings.assign(noise=of_row))
    asked = Asked(pair_by="noise")
    first, second = (compare(t, draws=0, asked=asked) for t in (by_clip, by_row))
    pd.testing.assert_frame_equal(first, second)
    rows = family(first, "same listeners: UA by language, between values of noise")
    assert rows[["a", "b", "language"]].to_numpy().tolist() == [
        [f"{g} listeners, clean", f"{g} listeners, noisy", language] for g in ("CN", "DE") for language in ("de", "en")
    ]
    clean, noisy = (by_clip.stimuli.loc[noise == value, "stimulus"] for value in ("clean", "noisy"))
    ua = [
        [
            reference.ua(
                judgements(Tables(tables.stimuli, tables.raters, tables.ratings[kept]), rater=f"CN{n}", language="de")
            )
            for n in range(5)
        ]
        for kept in (tables.ratings["stimulus"].isin(clips) for clips in (clean, noisy))
    ]
    assert rows.loc[0, "t"] == pytest.approx(stats.ttest_rel(*ua).statistic)


@pytest.mark.parametrize(
    ("asked", "says"), [(Asked(pair_by="room"), "column 'room'"), (Asked(margin=0.0), "above 0, not 0")]
)
def test_a_choice_that_cannot_be_is_refused(asked, says):
    with pytest.raises(BadInput, match=says):
        compare(study(), asked=asked)


def test_listeners_of_one_side_only_are_left_out_of_pairs_and_counted():
    tables = study(listeners=4)
    only_de = tables.stimuli.loc[tables.stimuli["language"] == "de", "stimulus"]
    lost = (tables.ratings["rater"] == "CN0") & ~tables.ratings["stimulus"].isin(only_de)
    rows = compare(Tables(tables.stimuli, tables.raters, tables.ratings[~lost]), draws=0)
    row = family(rows, "same listeners: UA between languages").iloc[0]
    assert (row["n_a"], row["n_b"]) == (3, 3)
    assert row["note"] == "1 of whom one side only is known left out"


def test_runs_of_a_model_are_the_unit_against_listeners_and_it_says_so():
    tables = study(listeners=5)
    rows = family(compare(tables, draws=0), "models and people: UA by language, runs")
    row = rows[(rows["b"] == "CN listeners") & (rows["language"] == "de")].iloc[0]
    runs = [reference.ua(judgements(tables, rater=f"m.s{n}", language="de")) for n in (0, 1)]
    people = [reference.ua(judgements(tables, rater=f"CN{n}", language="de")) for n in range(5)]
    assert row["t"] == pytest.approx(stats.ttest_ind(runs, people, equal_var=False).statistic)
    assert (row["n_a"], row["n_b"]) == (2, 5)
    assert "run" in row["unit"]
    assert "a run is the unit of a" in row["note"]


def test_a_single_run_is_compared_with_people_by_clips_alone():
    tables = study(listeners=5)
    one = tables.ratings["rater"] != "m.s1"
    rows = compare(Tables(tables.stimuli, tables.raters, tables.ratings[one]), draws=300)
    assert family(rows, "models and people: UA by language, runs").empty
    row = family(rows, "models and people: UA by language, bootstrap").iloc[0]
    assert "a is one rater: nothing is said of others like it" in row["note"]
    assert row["mean_a"] == pytest.approx(reference.ua(judgements(tables, rater="m.s0", language="de")))
    assert row["mean_b"] == pytest.approx(reference.ua(judgements(tables, group=row["b"], language="de")))
    assert row["ci_low"] < row["difference"] < row["ci_high"]


def test_comparable_is_said_with_its_margin():
    tables = study(listeners=6)
    rows = compare(tables, draws=0, asked=Asked(margin=0.6))
    found = family(rows, "human groups: UA by language, equivalence within 0.6")
    assert found["note"].eq("comparable: the difference lies within 0.6 (p < .05 by itself)").all()
    assert found["margin"].eq(0.6).all()
    assert rows.loc[~rows["family"].str.contains("equivalence"), "margin"].isna().all()


ALIKE = ("", ", equivalence within 0.1", ", permutation")


def test_assumptions_stand_beside_the_tests_that_make_them(six):
    said = six[six["test"].str.contains("Welch's t, two|paired") & six["p"].notna()]["assumptions"]
    assert said.str.contains("normal values").all()
    assert six[six["test"].str.contains("bootstrap")]["assumptions"].eq("").all()
    by_name = {name: six[six["family"] == f"human groups: UA by language{name}"]["assumptions"].tolist() for name in ALIKE}
    assert by_name[", equivalence within 0.1"] == by_name[""]
    assert by_name[", permutation"] == [""] * len(by_name[""])  # of one size: it assumes nothing


def test_a_spread_that_cannot_be_tested_and_a_tiny_p_are_no_numbers():
    assert "inf" not in assumptions.of_groups([0.25] * 6, [0.1, 0.3])
    assert "p < 0.001" in assumptions.of_splits([0.5] * 20 + [0.51, 0.49], list(np.linspace(0, 1, 21)))
    assert "Welch" not in assumptions.of_splits([0.1, 0.2, 0.4], [0.3, 0.8])
