"""One's own experiment beside the tables of papers: what is printed is there once, and what is one's own in its place."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ser_core import experiment_folders, experiment_han2025, experiment_published, published
from ser_core.experiment_folders import Experiment
from tests.ser_core import made_experiments as made
from tests.ser_core.made_experiments import CROSS, MONO, TRANS, TWO_STAGE


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    folder = tmp_path_factory.mktemp("runs") / "tuned"
    tunes = ("", "tune=lora", "tune=lora+adapter+gating", "tune=prompt")
    encoders = {"w2v2-de": "de", "w2v2-cn": "cmn"}
    made.make(folder, encoders=encoders, layers=(None,), settings=tunes, places=(MONO, CROSS, TRANS, TWO_STAGE), folds=3)
    return experiment_folders.read(folder)


def test_each_printed_row_stands_beside_its_log_and_ones_own(tuned):
    rows = experiment_han2025.beside(published.read("han2025"), tuned.best, {"w2v2-de": "de", "w2v2-cn": "cmn"})
    theirs = rows[rows["model"] != ""].set_index(["model", "setting", "source", "target", "strategy"])
    at = theirs.loc[("W2V2-DE", "mono", "de", "de", "LoRA+BA+WG")]
    own = tuned.best[(tuned.best["encoder"] == "w2v2-de") & (tuned.best["setting"] == "mono")].set_index("settings")["ua"]
    assert (at["printed"], at["log"]) == (0.979, 0.979)
    assert at["own"] == own["tune=lora+adapter+gating"]
    assert theirs.loc[("W2V2-DE", "cross", "de", "cmn", "LoRA"), ["log_lowest", "log_highest"]].tolist() == [0.375, 0.75]
    two = theirs.loc[("W2V2-DE", "cross", "de", "cmn", "two-stage")]  # one row for each way of tuning
    assert two["log"].tolist() == [0.575] * 4
    assert two["own_model"].str.contains("w2v2-de tuned").all()
    assert theirs.loc[("W2V2-CN", "trans", "en", "en", "frozen probe"), "own_model"] == "w2v2-cn tuned"
    met = (rows["own"].notna() & (rows["model"] != "")).tolist()
    assert met == sorted(met, reverse=True)  # what can be compared comes first
    further = rows[rows["model"] == ""]
    assert further["own"].notna().all()
    assert "tuned tune=prompt" in set(further["strategy"])


def test_every_printed_value_and_every_log_is_there_once(tuned):
    paper = published.read("han2025")
    rows = experiment_han2025.beside(paper, tuned.best.assign(source="xx"), {})
    assert sorted(rows["printed"].dropna()) == pytest.approx(sorted(paper.tables["table1"]["ua_percent"] / 100))
    assert sorted(rows["log"].dropna()) == pytest.approx(sorted(paper.tables["logs"]["ua_percent"] / 100))
    assert rows.loc[rows["model"] != "", "own"].isna().all()
    where = rows[(rows["printed"] - rows["log"]).abs() > 0.0005]
    assert where[["printed", "log"]].values.tolist() == [[0.989, 0.988], [0.624, 0.65]]
    assert (where["note"] != "").all()


@pytest.mark.parametrize("one", experiment_published.TABLES, ids=lambda one: one.title)
def test_every_number_of_a_declared_table_stands_in_one_cell(one, tuned):
    paper = published.read(one.paper)
    rows = one.rows(paper, tuned.best, {"w2v2-de": "de", "w2v2-cn": "cmn"})
    printed = (
        rows[[name for name in rows if str(name).startswith(("printed", experiment_published.PRINTED))]].stack().dropna()
    )
    table = paper.tables[one.tables[0]]
    table = table[table["target"] == table["tested_on"]] if "tested_on" in table else table
    (value,) = [name for name in table if name in ("ua_percent", "uar_percent", "accuracy_percent")]
    assert sorted(printed) == pytest.approx(sorted(pd.to_numeric(table[value]) / 100))
    at_home = {"speaker_independent", "all_labels"}  # one's own emodb is the paper's EMO-DB
    german, chinese = 3 * 3 + 4, 3  # mono, cross, trans in three ways and four of two stages; trans alone
    assert one.met(rows) == {"han2025": german + chinese}.get(one.paper, int(one.tables[0] in at_home))


def test_ones_own_stand_where_corpus_shots_and_protocol_are_the_same(tuned):
    few = tuned.best[tuned.best["setting"] == "cross"].assign(setting="transfer", shots="0", wa=0.5)
    few = pd.concat([few.assign(source_corpus=a, target_corpus=b) for a, b in (("emo-db", "URDU"), ("emodb", "none"))])
    by_title = {one.title: one for one in experiment_published.TABLES}
    table = next(one for title, one in by_title.items() if "Shoukat" in title)
    rows = table.rows(published.read("shoukat2023"), few, {})
    assert table.met(rows) == 1
    (row,) = rows[(rows["source_corpus"] == "EMODB") & (rows["target_corpus"] == "URDU")].to_dict("records")
    mine = few[(few["encoder"] == "w2v2-de") & (few["settings"] == "tune=lora")]["ua"].iloc[0]
    assert (row["printed: MMS"], row["own: w2v2-de tuned tune=lora"]) == (0.5913, mine)
    table = next(one for title, one in by_title.items() if "few-shot" in title)
    rows = table.rows(published.read("tmlr9566"), few.assign(wa=[0.25] * 8 + [0.75] * 8), {})
    assert rows[["shots", "disjoint"]].values.tolist() == [
        ["0", "utterance"], ["100", "utterance"], ["0", "speaker"], ["100", "speaker"]
    ]  # fmt: skip
    assert rows["own: w2v2-de tuned tune=lora"].tolist() == pytest.approx([np.nan, np.nan, 0.5, np.nan], nan_ok=True)
