"""What changes step by step: corpora, shots, noise and parts of a method; figures hold the numbers of their tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core import experiment_ablation as ablation
from ser_core import experiment_curves, experiment_folders, experiment_protocol, experiment_transfer
from ser_core.experiment_folders import Experiment
from tests.ser_core import made_experiments as made

DE, EN, OTHERS = ("emodb", "de"), ("ravdess", "en"), ("others", "mul")
FEW = [(*ends, k) for ends in (("transfer", *DE, *EN), ("transfer", *EN, *DE), ("multi_source", *OTHERS, *DE)) for k in
       ("0", "10", "all")]  # fmt: skip
PLACES = [(*place, condition) for place in FEW for condition in ("", "park 0 dB", "park 10 dB")]
HOME = [("mono", *DE, *DE, "", condition) for condition in ("", "park 0 dB", "park 10 dB")]
SETTINGS = ("contrast=0.5", "contrast=0.5 adversary=0.0", "contrast=0.0", "contrast=0.0 adversary=0.0")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "few"
    made.make(folder, encoders={"e": ""}, settings=SETTINGS, layers=(None,), places=(*HOME, *PLACES), folds=3, further=True)
    return folder


@pytest.fixture(scope="module")
def few(folder: Path) -> Experiment:
    return experiment_folders.read(folder)


# --- from corpus to corpus -------------------------------------------------------------------------------------------


def test_a_matrix_is_of_one_number_of_shots_and_one_condition_with_its_diagonal(few):
    own = few.best[few.best["settings"] == SETTINGS[0]]
    cells = experiment_transfer.at(own, "10", "park 0 dB")
    assert set(cells["condition"]) == {"park 0 dB"}
    assert cells.groupby("setting").size().to_dict() == {"mono": 1, "transfer": 2, "multi_source": 1}
    (heat,) = experiment_transfer.matrices(cells).data
    assert (list(heat.x), list(heat.y)) == (["emodb de", "ravdess en"], ["emodb de", "ravdess en", "others mul"])
    by_end = {(c["source_corpus"], c["target_corpus"]): c["ua"] for c in cells.to_dict("records")}
    for row, source in zip(heat.z, ("emodb", "ravdess", "others"), strict=True):
        for value, target in zip(row, ("emodb", "ravdess"), strict=True):
            assert value == pytest.approx(by_end.get((source, target), np.nan), nan_ok=True)


def test_models_that_would_stand_in_one_place_have_panels_of_their_own(few):
    own = experiment_transfer.at(few.best[few.best["settings"] == SETTINGS[0]], "0", "")
    cross = own[own["setting"] == "transfer"].assign(setting="cross", ua=0.1)
    both = experiment_transfer.matrices(pd.concat([own, cross], ignore_index=True))
    assert [note.text for note in both.layout.annotations] == ["e", "e · cross"]
    assert "cross" in both.data[1].text[0][1]


# --- shots and noise -------------------------------------------------------------------------------------------------


def test_a_curve_has_a_panel_for_each_source_and_a_line_for_each_kind(few):
    cells = few.best[(few.best["target"] == "de") & (few.best["condition"] == "") & (few.best["shots"] != "")]
    figure = experiment_curves.curves(cells, "shots", guessing=0.25)
    assert [note.text for note in figure.layout.annotations] == ["transfer: ravdess en", "multi source: others mul"]
    assert len(figure.data) == 2 * len(SETTINGS)
    assert list(figure.layout.xaxis.ticktext) == ["0", "10", "all"]
    line = figure.data[0]
    own = (
        cells[(cells["settings"] == SETTINGS[0]) & (cells["setting"] == "transfer")]
        .set_index("shots")
        .loc[["0", "10", "all"]]
    )
    assert list(line.y) == pytest.approx(list(own["ua_all"]))
    assert list(line.y + line.error_y.array) == pytest.approx(list(own["ci_high"]))
    assert list(line.y - line.error_y.arrayminus) == pytest.approx(list(own["ci_low"]))
    assert "4 speakers" in line.customdata[0]
    assert len({(t.line.color, t.line.dash, t.marker.symbol) for t in figure.data}) == len(SETTINGS)


def test_noise_begins_with_clean_clips_and_goes_from_little_to_much(few):
    cells = few.best[(few.best["target"] == "de") & few.best["shots"].isin(["", "0"])]
    figure = experiment_curves.curves(cells, "condition", guessing=0.25)
    assert list(figure.layout.xaxis.ticktext) == ["clean", "park<br>10 dB", "park<br>0 dB"]
    assert len(figure.layout.annotations) == 3  # mono, transfer and multi_source
    mono = cells[(cells["setting"] == "mono") & (cells["settings"] == SETTINGS[0])]
    assert figure.data[0].y[0] == pytest.approx(mono.loc[mono["condition"] == "", "ua_all"].item())


def test_without_intervals_the_mean_over_folds_is_drawn_and_the_reason_told(few):
    cells = few.best[(few.best["target"] == "de") & (few.best["condition"] == "") & (few.best["shots"] != "")]
    bare = cells.assign(ua_all=np.nan, ci_low=np.nan, ci_high=np.nan, why="one speaker: no other can be drawn")
    line = experiment_curves.curves(bare, "shots", guessing=0.25).data[0]
    own = cells[(cells["settings"] == SETTINGS[0]) & (cells["setting"] == "transfer")]
    assert sorted(line.y) == pytest.approx(sorted(own["ua"]))
    assert "no interval: one speaker" in line.customdata[0]


# --- parts -----------------------------------------------------------------------------------------------------------


def test_differences_are_those_of_a_loop_over_places_and_folds(few):
    rng = np.random.default_rng(3)
    models = few.models.assign(ua=rng.random(len(few.models)), dev_ua=0.5)
    own = Experiment(few.folder, models, few.findings, few.config, few.asked, few.clips, None, few.intervals)
    reference = SETTINGS[0]
    rows = ablation.differences(own.best, own.folds, reference)
    assert len(rows) == 3 * len((*HOME, *PLACES))
    key = [name for name in rows if name in ("setting", "source_corpus", "source", "target", "shots", "condition")]
    words = {"adversary=0.0": SETTINGS[1], "contrast=0.0": SETTINGS[2], "contrast=0.0, adversary=0.0": SETTINGS[3]}
    assert list(dict.fromkeys(rows["things"])) == [1, 2]  # one thing first
    for row in rows.sample(12, random_state=0).to_dict("records"):
        here = models[(models[key] == [row[name] for name in key]).all(axis=1)]
        mine, theirs = (here[here["settings"] == s].set_index("fold")["ua"] for s in (words[row["changed"]], reference))
        gaps = [mine[fold] - theirs[fold] for fold in range(3)]
        assert [row["difference"], row["lowest"], row["highest"]] == pytest.approx([np.mean(gaps), min(gaps), max(gaps)])
        assert (row["better"], row["folds"]) == (sum(gap > 0 for gap in gaps), 3)
        assert row["difference"] == pytest.approx(row["ua"] - row["ua_reference"])
    whole = ablation.overall(rows).set_index("changed")
    assert whole["places"].tolist() == [len((*HOME, *PLACES))] * 3
    one = rows[rows["changed"] == "contrast=0.0"]["difference"]
    assert whole.loc["contrast=0.0", ["difference", "lowest", "highest", "better"]].tolist() == pytest.approx(
        [one.mean(), one.min(), one.max(), (one > 0).sum()]
    )


# --- what stands beside a number -------------------------------------------------------------------------------------


def test_how_models_were_tested_is_said_and_a_known_voice_above_all(few):
    said = experiment_protocol.sentences(few.cells)
    assert said == [
        "No speaker of the test was learned from.",
        "Dev clips, which may stop training and choose settings, were of the source.",
        "Models learned from up to 10 labelled clips of the target.",
    ]
    loose = few.cells.assign(disjoint=["utterance"] + ["speaker"] * (len(few.cells) - 1), n_unlabelled=7, dev_from="target")
    said = experiment_protocol.sentences(loose)
    assert said[0].startswith(f"In 1 of {len(loose)} rows speakers of the test were learned from")
    assert said[-1] == "Models adapted to up to 7 of its clips without labels."
    old = few.cells.assign(disjoint="", dev_from="", n_shots=np.nan, n_unlabelled=np.nan)
    assert experiment_protocol.sentences(old) == []
