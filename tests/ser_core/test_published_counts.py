"""A paper's counts, rebuilt and scored, and the places where it does not agree with itself, by hand and by other ways."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest

from ser_core import cli, published, published_checks, published_counts
from ser_core.errors import BadInput
from ser_core.measures._measure import measures
from ser_core.scores import SCORES

LOGGED = {
    ("W2V2-CN mono", "cmn"): 97.1, ("W2V2-DE mono", "de"): 97.5, ("W2V2-CN cross", "de"): 77.1,
    ("W2V2-DE cross", "cmn"): 47.9, ("W2V2-CN trans", "en"): 73.8, ("W2V2-DE trans", "en"): 67.1,
}  # fmt: skip
"""UA of the models on the listeners' clips in the logs of the authors' public code (zhan7721/Crosslingual_SER)."""


@pytest.fixture(scope="module")
def han():
    return published.read("han2025")


@pytest.fixture(scope="module")
def found(han):
    return published_checks.contradictions(han)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What ``published`` and then ``score`` write."""
    out = tmp_path_factory.mktemp("han")
    assert cli.main("ser_core", ["published", "han2025", "--out", str(out)]) == 0
    assert cli.main("ser_core", ["score", str(out)]) == 0
    return out


def rows(file) -> pd.DataFrame:
    return pd.read_csv(file, keep_default_na=False, na_values={"value": [""], "printed": [""], "found": [""]})


def test_every_cell_of_table_3_comes_back_from_score_as_k_of_72_or_60(folder, han):
    scored = rows(folder / "confusion.csv").query("rater == '' and language != ''")
    both = scored.merge(han.confusion, on=["group", "language", "truth", "label"], suffixes=("", "_printed"))
    assert len(both) == len(han.confusion) == len(scored) == 12 * 16
    size = both["rater_type"].map({"human": 72, "machine": 60})
    assert (
        both.groupby(["group", "language", "truth"])["count"]
        .sum()
        .eq(size.groupby([both[n] for n in ("group", "language", "truth")]).first())
        .all()
    )
    assert np.allclose(both["share"], both["count"] / size)
    rounded = (both["share"] - both["share_printed"]).abs() <= 0.005 + 1e-9
    odd = both[~rounded][["panel", "truth", "label", "count"]].to_numpy().tolist()
    assert sorted(odd) == [["c", "happy", "neutral", 4], ["f", "happy", "neutral", 31]]


def test_ua_comes_back_from_score_as_counted_by_hand_and_as_in_the_authors_logs(folder):
    ua = rows(folder / "scores.csv").query("metric == 'ua' and rater == '' and language != ''")
    value = ua.set_index(["group", "language"])["value"]
    by_hand = {
        ("CN", "cmn"): 230,
        ("CN", "de"): 212,
        ("CN", "en"): 183,
        ("DE", "cmn"): 238,
        ("DE", "de"): 267,
        ("DE", "en"): 212,
    }
    for (group, language), right in by_hand.items():
        assert value[f"{group} listeners", language] == pytest.approx(right / 288)
    for where, percent in LOGGED.items():
        assert 100 * value[where] == pytest.approx(percent, abs=0.05)
    assert len(value) == len(by_hand) + len(LOGGED)
    assert ua["ci_low"].eq("").all()  # the spread of listeners is not printed, so there is none to tell


def test_nobody_is_made_up_and_what_needs_single_listeners_is_not_told():
    tables = published_counts.tables("han2025")
    assert tables.raters["rater"].str.endswith(", published counts").all()
    assert tables.raters["published_counts"].str.contains("who said what is not printed").all()
    for name in ("krippendorff_alpha", "cohen_kappa", "human_ceiling", "label_divergence", "calibration"):
        assert measures()[name].table(tables, seed=0, draws=0).empty


def test_ua_that_does_not_fit_is_found(found):
    ua = found[found["what"] == published_checks.UA_AGAINST_COUNTS]
    assert ua[["group", "language", "printed"]].to_numpy().tolist() == [
        ["CN listeners", "cmn", 0.795], ["CN listeners", "de", 0.733], ["DE listeners", "de", 0.917],
    ]  # fmt: skip
    assert np.allclose(288 * ua["found"], [230, 212, 267])


def test_rows_that_do_not_sum_to_1_are_found(found):
    sums = found[found["what"] == published_checks.ROW_SUM]
    panel = sums["place"].str.extract(r"\((.)\)")[0]
    assert dict(zip(panel + " " + sums["emotion"], sums["printed"], strict=True)) == {
        "a angry": 1.01, "b happy": 1.01, "c happy": 0.99, "e angry": 1.01, "e happy": 1.01, "e neutral": 0.99,
        "e sad": 0.99, "f happy": 0.99, "g angry": 1.01, "g happy": 0.99, "g sad": 1.01, "h happy": 1.01,
        "h neutral": 0.99, "m neutral": 1.01, "n angry": 1.01, "n neutral": 0.99,
    }  # fmt: skip
    cut = found[found["what"] == published_checks.CUT_SHARE]
    assert cut["note"].tolist() == ["heard as neutral: 4/72", "heard as neutral: 31/60"]


def test_table_1_is_set_against_the_logs(found, han):
    table = found[found["place"] == "Table I"].set_index(["group", "language"])
    right = table.loc[[("W2V2-CN trans", "de")], "what"]
    assert not right.str.contains("LoRA+BA+WG by", regex=False).any()  # the one row whose ticks and value have their log
    orphans = table[table["what"].str.endswith("stands in no row")]["found"]
    assert (100 * orphans).round(1).tolist() == [69.4, 57.5, 65.0]
    assert table["what"].str.contains("2 rows have the same ticks").sum() == 1
    assert table["what"].str.contains("by the ticks").sum() == len(han.tables["table1"]) - 1


def test_means_degrees_of_freedom_and_a_t_that_stands_twice_are_found(found):
    (eder,) = found[found["place"] == "Table IV"].to_dict("records")
    assert (eder["group"], eder["printed"], round(eder["found"], 4)) == ("WavLM", 0.382, 0.3813)
    said = found[found["place"] == "Section IV-B 2"]["what"]
    assert said.str.startswith("df 10 of a Welch's test").sum() == 4
    assert said.str.startswith("df 10 where the same 6 listeners").sum() == 1
    assert said.str.startswith("t = -7.511 is printed twice").sum() == 1
    assert len(said) == 6  # every printed p fits its t and df, and every sign its confusion tables


def test_what_the_text_says_and_its_tables_do_not_is_found(found):
    said = found[found["what"].str.startswith("the text says")]
    assert said["note"].tolist() == [
        "DE listeners: 0.736; W2V2-DE trans, LoRA: 0.858",  # 73.6 % of Table II, 85.8 % of Table I
        "CN listeners: 0.815; DE listeners: 0.917",  # (58 + 60 + 58) / 216, (69 + 66 + 63) / 216
        "DE listeners: 0.805; CN listeners: 0.871",  # 198 / 246, 176 / 202 answers "sad"
    ]


def planted(han, name: str, row: int, **changed: object):
    """The paper with values of one row of a table changed."""
    tables = {key: data.copy() for key, data in han.tables.items()}
    for column, value in changed.items():
        tables[name].loc[row, column] = value
    return published.Published(**{**vars(han), "tables": tables})


@pytest.mark.parametrize(
    ("table", "row", "changed", "says"),
    [
        ("statistics", 0, {"t": 7.511}, "the sign of t for recall of happy"),
        ("statistics", 0, {"p": "= 0.022"}, "p = 0.022 against t and df"),
        ("claims", 8, {"greater": "CN listeners", "less": "DE listeners"}, "DE speakers are better on EN"),
        ("table4", 4, {"eder_percent": 40.0}, "the mean of EDER"),
        ("table1", 10, {"ba_wg": ""}, "2 rows have the same ticks"),
    ],
)
def test_a_planted_slip_is_found(han, found, table, row, changed, says):
    more = published_checks.contradictions(planted(han, table, row, **changed))["what"]
    assert more.str.contains(says, regex=False).sum() == found["what"].str.contains(says, regex=False).sum() + 1


def test_shares_that_no_counts_give_are_refused(han):
    wrong = han.confusion.assign(share=han.confusion["share"].where(han.confusion.index > 0, 0.73))
    with pytest.raises(BadInput, match="CN listeners, cmn, angry: no whole numbers of 72"):
        published_counts.counts(published.Published(**{**vars(han), "confusion": wrong}))


def test_the_command_writes_the_list_and_refuses_a_paper_it_does_not_have(folder, found, capsys, tmp_path):
    written = list(csv.DictReader((folder / "contradictions.csv").open(encoding="utf-8")))
    assert [row["what"] for row in written] == found["what"].tolist()
    assert tuple(written[0]) == published_checks.CONTRADICTIONS
    capsys.readouterr()
    assert cli.main("ser_core", ["published", "han2024", "--out", str(tmp_path)]) == 2
    assert "Did you mean 'han2025'" in capsys.readouterr().err


def test_a_paper_without_confusion_tables_is_not_counted(han):
    assert published_counts.countable(han)
    assert not published_counts.countable(published.Published(**{**vars(han), "confusion": han.confusion.iloc[:0]}))


def test_own_ua_stands_beside_what_was_printed_and_counted(han):
    own = pd.DataFrame([["ua", "", "CN listeners", "human", "cmn", "", "", 0.5, 48, 0.4, 0.6]], columns=list(SCORES))
    table = published_counts.beside(han, own, "cmn").set_index("group")
    assert table.loc["CN listeners", ["printed", "own"]].tolist() == [0.795, 0.5]
    assert table.loc["CN listeners", "counted"] == pytest.approx(230 / 288)
    assert published_counts.beside(han, own, "fr").empty
