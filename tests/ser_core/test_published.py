"""The published tables are the printed ones, and where they disagree with themselves is stated."""

from __future__ import annotations

import re

import pytest

from ser_core import figures, published
from ser_core.errors import BadInput
from ser_core.scores import CONFUSION, SCORES

LANGUAGE = {"CN": "cmn", "DE": "de", "EN": "en", "TJ": "cmn-x-tianjin"}
EMOTION = {"A": "angry", "H": "happy", "N": "neutral", "S": "sad"}


@pytest.fixture(scope="module")
def han():
    return published.read("han2025")


@pytest.fixture(scope="module")
def paper(shared):
    return next((shared / "papers").glob("001*.txt")).read_text(encoding="utf-8")


def test_every_paper_can_be_read_and_is_cited():
    for name in published.papers():
        paper = published.read(name)
        assert paper.title
        assert re.search(r"\b20\d\d\b", paper.citation)
        assert tuple(paper.scores.columns[: len(SCORES)]) == SCORES
        assert tuple(paper.confusion.columns[: len(CONFUSION)]) == CONFUSION


def test_a_paper_we_do_not_have_is_bad_input():
    with pytest.raises(BadInput, match="Did you mean 'han2025'"):
        published.read("han2024")


def test_table_1_holds_24_values_as_printed(han, paper):
    printed = re.findall(r"\b\d\d\.\d\b", paper.split("TABLE I:")[1].split("TABLE II:")[0])
    assert han.tables["table1"]["ua_percent"].tolist() == [float(v) for v in printed]
    rows = paper.split("TABLE I:")[1].split("TABLE II:")[0].splitlines()
    ticks = [line.count("✓") for line in rows if "✓" in line]
    assert (han.tables["table1"][["lora", "ba_wg", "two_stage"]] == "yes").sum(axis=1).tolist() == ticks


def test_table_1_notes_every_value_that_differs_from_the_authors_log(han):
    table, logs = han.tables["table1"], han.tables["logs"]
    for number, strategy in ((1, "LoRA"), (2, "LoRA+BA+WG")):
        rows = table.iloc[number::3]
        for row in rows.to_dict("records"):
            same = (logs["model"] == row["model"]) & (logs["target"] == row["target"]) & (logs["strategy"] == strategy)
            (log,) = logs[same & (logs["setting"] == row["setting"])]["ua_percent"]
            assert (f"log says {log}" in row["note"]) == (log != row["ua_percent"])
    assert table[table["note"].str.contains("scrambled")]["ua_percent"].tolist() == [85.8, 62.4]


def test_the_folds_of_the_logs_have_the_printed_mean(han):
    folds = han.tables["logs"].query("folds_percent != ''")
    assert len(folds) == 4
    for row in folds.to_dict("records"):
        values = [float(v) for v in row["folds_percent"].split()]
        assert sum(values) / len(values) == pytest.approx(row["ua_percent"], abs=0.1)


def test_table_2_is_as_printed(han, paper):
    for group, values in re.findall(r"\| (CN|DE) participants ((?:\| \d\d\.\d )+)\|", paper):
        for language, value in zip(LANGUAGE.values(), re.findall(r"\d\d\.\d", values), strict=True):
            here = (han.scores["group"] == f"{group} listeners") & (han.scores["language"] == language)
            assert han.scores[here]["value"].tolist() == [pytest.approx(float(value) / 100)]
    assert len(han.scores) == 8


def test_table_3_is_as_printed(han, paper):
    panels = re.findall(r"\| \| A \| H \| N \| S \|\n\|[-|]+\|\n((?:\|.*\n){4})\n\((\w)\) (.*)\n", paper)
    assert len(panels) == 12
    for body, letter, caption in panels:
        panel = han.confusion[han.confusion["panel"] == letter]
        assert set(panel["caption"]) == {caption}
        printed = {
            (EMOTION[line.split("|")[1].strip()], EMOTION[label]): float(value)
            for line in body.strip().splitlines()
            for label, value in zip("AHNS", line.split("|")[2:6], strict=True)
        }
        found = panel.set_index(["truth", "label"])["share"].to_dict()
        assert found == printed


def test_two_panels_of_table_3_are_not_in_our_copy_and_no_count_is_printed(han):
    assert "".join(han.confusion["panel"].unique()) == "abcdefghklmn"
    assert han.confusion["count"].isna().all()


def test_table_4_is_as_printed(han, paper):
    rows = re.findall(r"\| (Angry|Happy|Sad|Average) \| (\d\d\.\d) \| (\d\d\.\d) \| (\d\d\.\d) \|", paper)
    assert len(rows) == 4
    for name, *values in rows:
        table = han.tables["table4"]
        found = table[table["emotion"] == ("" if name == "Average" else name.lower())]["eder_percent"].tolist()
        assert found == [float(v) for v in values]


def test_our_figures_show_the_published_tables(han):
    panel = han.confusion[han.confusion["panel"] == "a"]
    assert figures.confusion(panel, "CN").data[0].z[0][0] == 0.71
    assert len(figures.ua_dots(han.scores).data) == 4
