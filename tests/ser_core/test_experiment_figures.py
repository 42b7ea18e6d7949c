"""Experiments read back, summed up over folds, drawn, and laid beside the paper's table."""

from __future__ import annotations

import os
import statistics
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core import experiment_figures as figures
from ser_core import (
    experiment_folders,
    experiment_tables,
    experiment_transfer,
)
from ser_core.errors import BadInput
from ser_core.experiment_folders import Experiment
from ser_core.experiment_tables import CELL, CURVES
from ser_core.methods._method import CURVE
from tests.ser_core import made_experiments as made
from tests.ser_core.made_experiments import CROSS, MONO, TRANS, TWO_STAGE

LAYERS = (0, 1, 2)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    made.make(folder / "layers", encoders={"w2v2-de": "de"}, layers=LAYERS, places=(MONO, CROSS, TRANS), seeds=(0, 1))
    tunes = ("", "tune=lora", "tune=lora+adapter+gating", "tune=prompt")
    places = (MONO, CROSS, TRANS, TWO_STAGE)
    encoders = {"w2v2-de": "de", "w2v2-cn": "cmn"}
    made.make(
        folder / "tuned", encoders=encoders, layers=(None,), settings=tunes, places=places, synthetic=True, listened=True
    )
    return folder


@pytest.fixture(scope="module")
def layers(runs: Path) -> Experiment:
    return experiment_folders.read(runs / "layers")


@pytest.fixture(scope="module")
def tuned(runs: Path) -> Experiment:
    return experiment_folders.read(runs / "tuned")


# --- what models come to ---------------------------------------------------------------------------------------------


def by_hand(models: pd.DataFrame) -> dict[tuple[object, ...], list[float]]:
    """The UA of each fold of each cell, its seeds averaged, by loops and dictionaries alone."""
    seeds: dict[tuple[object, ...], dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in models.to_dict("records"):
        seeds[tuple(str(row[name]) for name in CELL)][row["fold"]].append(row["ua"])
    return {cell: [statistics.fmean(values) for values in folds.values()] for cell, folds in seeds.items()}


def test_a_cell_is_the_mean_over_folds_of_the_mean_over_seeds(layers):
    rng = np.random.default_rng(7)
    models = layers.models.assign(ua=rng.random(len(layers.models))).sample(frac=1, random_state=1)
    uneven = models[(models["fold"] > 0) | (models["seed"] == 0)]  # one fold has one seed, and still counts as the others
    expected = by_hand(uneven)
    cells = experiment_tables.summary(uneven)
    assert len(cells) == len(expected) == 9
    for row in cells.to_dict("records"):
        folds = expected[tuple(str(row[name]) for name in CELL)]
        assert [row["ua"], row["lowest"], row["highest"], row["sd"]] == pytest.approx(
            [statistics.fmean(folds), min(folds), max(folds), statistics.stdev(folds)]
        )
        assert (row["folds"], row["seeds"], row["models"]) == (5, 2, 9)
    assert list(dict.fromkeys(cells["setting"])) == ["mono", "cross", "trans"]


def test_the_layer_is_chosen_by_dev_clips_and_of_equal_ones_the_first(layers):
    turned = layers.models.assign(dev_ua=layers.models["layer"].map({0: 0.5, 1: 0.5 - 1e-15, 2: 0.1}))
    best = experiment_tables.best(experiment_tables.summary(turned))
    assert best["layer"].tolist() == [0, 0, 0]
    assert (best["ua"] < layers.best["ua"]).all()  # test clips would have chosen layer 1
    assert layers.best["layer"].tolist() == [1, 1, 1]


def test_a_layer_of_which_one_model_diverged_has_no_mean_and_is_not_chosen(layers):
    first = layers.models.index[(layers.models["setting"] == "mono") & (layers.models["layer"] == 1)][0]
    gone = layers.models.assign(**{name: layers.models[name].drop(first) for name in ("ua", "wa", "dev_ua")})
    cells = experiment_tables.summary(gone)
    lost = cells[["ua", "wa", "dev_ua"]].isna()
    assert lost.any(axis=1).sum() == lost.all(axis=1).sum() == 1
    mono = experiment_tables.best(cells).set_index("setting").loc["mono"]
    whole = experiment_tables.best(experiment_tables.summary(layers.models[layers.models["layer"] != 1])).set_index(
        "setting"
    )
    assert mono["layer"] == whole.loc["mono", "layer"]
    assert mono["ua"] == pytest.approx(whole.loc["mono", "ua"])


def test_the_widest_cell_and_what_it_took_are_told(layers, tuned):
    cells = layers.best.assign(lowest=[0.5, 0.2, 0.5], highest=[0.6, 0.9, 0.7])
    assert experiment_tables.widest(cells)["setting"] == "cross"
    effort = experiment_tables.effort(tuned.models)
    assert effort["models"].tolist() == [20] * 8
    assert effort["hours"].tolist() == pytest.approx([20 * 1.5 / 3600] * 8)
    listened = experiment_tables.listened(tuned.models)
    assert listened[list(CELL)].equals(tuned.best[list(CELL)])
    assert listened["ua"].tolist() == pytest.approx((tuned.best["ua"] - 0.1).tolist())


def test_whole_numbers_are_written_without_a_point(layers):
    rows = experiment_tables.whole(layers.best.assign(layer=[1.0, np.nan, 12.0], ua=1.0))
    assert rows[["layer", "ua"]].to_csv(index=False).split() == ["layer,ua", "1,1.0", ",1.0", "12,1.0"]


# --- folders ---------------------------------------------------------------------------------------------------------


def test_what_a_curve_holds_is_what_methods_tell():
    assert [column.name for column in CURVES.columns] == ["model", *CURVE]


def test_the_median_of_two_different_numbers_of_epochs_is_shown_as_it_is(tuned):
    two = tuned.models[tuned.models["settings"] == ""].assign(encoder="e", revision="").head(2).assign(epochs=[4.0, 5.0])
    effort = experiment_tables.whole(experiment_tables.effort(two))
    assert effort[["epochs", "models", "n"]].values.tolist() == [[4.5, 2, 100]]


def test_a_folder_is_read_as_it_was_written(runs, layers, tuned):
    assert len(layers.models) == 90
    assert set(layers.models["settings"]) == {""}  # the layer has a column of its own
    assert layers.config["experiment"]["encoders"] == {"w2v2-de": "de"}
    assert layers.asked == made.ASKED
    assert layers.guessing == 0.25
    assert (layers.made_up, tuned.made_up) == ("", "synthetic voices")
    assert layers.listened is None
    assert tuned.listened is not None
    assert tuned.models["layer"].isna().all()
    assert len(experiment_folders.curves(runs / "layers")) == 90 * 4


def test_folders_that_are_made_or_are_none_are_passed_over(tmp_path):
    made.make(tmp_path / "b", encoders={"e": ""}, layers=(0,), places=(MONO,))
    made.make(tmp_path / ".a.working", encoders={"e": ""}, layers=(0,), places=(MONO,))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml").write_text("run: run\n")
    assert [folder.name for folder in experiment_folders.found(tmp_path)] == ["b"]
    before = experiment_folders.version(tmp_path / "b")
    assert before == experiment_folders.version(tmp_path / "b")
    os.utime(tmp_path / "b" / "models.csv", (1, 1))
    assert before != experiment_folders.version(tmp_path / "b")


BROKEN = {
    "no row": ("models.csv", lambda text: text.splitlines()[0] + "\n", "models.csv: has no rows"),
    "no column": ("models.csv", lambda text: text.replace("setting,", "seting,", 1), "is it 'seting'?"),
    "no number": (
        "models.csv",
        lambda text: text.replace(",100,", ",many,", 1),
        "models.csv:2: 'n' is not a number: 'many'",
    ),
    "cut off": ("models.csv", lambda text: text[:-40], "fields where the header names"),
    "half a clip": ("stimuli.csv", lambda text: text.replace(",de,", ",,", 1), "stimuli.csv:2: 'language' is empty"),
    "no config": ("config.yaml", lambda _: "- a\n- b\n", "config.yaml: is damaged: it does not tell of an experiment"),
    "no YAML": ("config.yaml", lambda _: "a: [1", "config.yaml: is not YAML"),
    "no text": ("experiment.yaml", lambda _: "\udcff", "experiment.yaml: cannot be read as text"),
    "no severity": ("findings.csv", lambda text: text.replace("alarm", "", 1), "findings.csv:2: 'severity' is empty"),
}


@pytest.mark.parametrize(("file", "change", "said"), BROKEN.values(), ids=BROKEN)
def test_a_damaged_file_is_refused_with_its_place(tmp_path, file, change, said):
    folder = tmp_path / "x"
    made.make(folder, encoders={"e": ""}, layers=(0,), places=(CROSS,), folds=3, epochs=1)
    text = (folder / file).read_text(encoding="utf-8")
    (folder / file).write_bytes(change(text).encode("utf-8", "surrogateescape"))
    with pytest.raises(BadInput) as refused:
        experiment_folders.read(folder)
    assert said in str(refused.value)


def test_every_file_that_is_missing_is_named(tmp_path):
    made.make(tmp_path / "x", encoders={"e": ""}, layers=(0,), places=(MONO,))
    for name in ("curves.csv", "config.yaml"):
        (tmp_path / "x" / name).unlink()
    assert experiment_folders.lacks(tmp_path / "x") == ["curves.csv", "config.yaml"]
    with pytest.raises(BadInput) as refused:
        experiment_folders.read(tmp_path / "x")
    assert len(refused.value.problems) == 2


# --- figures ---------------------------------------------------------------------------------------------------------


def named(figure, name: str):
    (trace,) = [trace for trace in figure.data if trace.name == name]
    return trace


def test_every_fold_is_a_dot_and_lines_go_from_the_lowest_to_the_highest(layers):
    figure = figures.fold_spread(layers.best, layers.folds, guessing=0.25)
    dots, means = named(figure, "a fold"), named(figure, "mean of the folds")
    assert list(means.x) == layers.best["ua"].tolist()
    expected = by_hand(layers.models)
    for n, cell in enumerate(layers.best.to_dict("records")):
        own = sorted(x for x, y in zip(dots.x, dots.y, strict=True) if y == n)
        assert own == pytest.approx(sorted(expected[tuple(str(cell[name]) for name in CELL)]))
        assert list(figure.data[0].x[3 * n : 3 * n + 2]) == [cell["lowest"], cell["highest"]]
    assert figure.layout.yaxis.ticktext[1] == "cross: emodb de → esd cmn"
    assert "fold 0: 0.505, layer 1" in dots.customdata[5]


def test_no_more_rows_are_drawn_than_anybody_reads(tuned):
    many = pd.concat([tuned.best.assign(encoder=f"{n}") for n in range(2)], ignore_index=True)
    folds = pd.concat([tuned.folds.assign(encoder=f"{n}") for n in range(2)], ignore_index=True)
    figure = figures.fold_spread(many, folds, guessing=0.25)
    assert len(many) == 64
    assert len(named(figure, "mean of the folds").x) == figures.MOST_ROWS == len(figure.layout.yaxis.ticktext)


def test_a_line_of_layers_holds_their_means_and_a_ring_the_chosen_one(layers):
    cells = layers.cells[layers.cells["setting"] == "cross"]
    figure = figures.layers(cells, layers.folds, chosen=layers.best, guessing=0.25)
    faint, ring, line = figure.data
    assert (list(line.x), list(line.y)) == ([0, 1, 2], cells["ua"].tolist())
    assert (list(ring.x), list(ring.y)) == ([1], [cells["ua"].max()])
    assert len(faint.x) == 3 * 5
    assert sorted(faint.y)[0] == pytest.approx(cells["lowest"].min())
    several = [
        pd.concat([rows.assign(target_corpus=f"{n}") for n in range(10)]) for rows in (cells, layers.folds, layers.best)
    ]
    drawn = figures.layers(several[0], several[1], chosen=several[2], guessing=0.25).data
    assert len({trace.name for trace in drawn}) == figures.MOST_LINES
    looks = {(t.marker.symbol, t.marker.color, t.line.dash) for t in drawn if t.showlegend is not False}
    assert len(looks) == figures.MOST_LINES


def test_a_cell_of_the_transfer_stands_where_it_learned_and_was_tested(tuned):
    way = tuned.best[tuned.best["settings"] == "tune=lora"]
    figure = experiment_transfer.matrices(way)
    titles = [note.text for note in figure.layout.annotations]
    assert titles == ["w2v2-cn", "w2v2-de", "w2v2-cn · two stages", "w2v2-de · two stages"]
    for title, heat in zip(titles, figure.data, strict=True):
        rows = way[(way["encoder"] == title[:7]) & (way["setting"].eq("two_stage") == title.endswith("stages"))]
        given = {(c["source_corpus"], c["target_corpus"]): c["ua"] for c in rows.to_dict("records")}
        for y, source in enumerate(heat.y):
            for x, target in enumerate(heat.x):
                pair = str(source).split()[0], str(target).split()[0]
                assert heat.z[y][x] == pytest.approx(given.get(pair, np.nan), nan_ok=True)
    assert "0.55<br>cross" in figure.data[0].text[0][1]


def test_a_learning_curve_marks_what_was_kept_and_where_the_second_stage_begins(runs, layers):
    curves = experiment_folders.curves(runs / "layers")
    models = layers.models[
        (layers.models["layer"] == 1) & (layers.models["setting"] == "mono") & (layers.models["seed"] == 0)
    ]
    figure = figures.learning(models, curves.assign(stage=np.where(curves["epoch"] > 2, 2.0, 1.0)))
    assert len(figure.data) == 3 * 5
    train, dev, kept = figure.data[:3]
    assert [list(train.y), list(dev.y)] == [pytest.approx([1.4, 0.7, 1.4 / 3, 0.35]), pytest.approx([1.5, 0.9, 0.7, 0.6])]
    assert list(kept.x) == [3]
    assert list(kept.y) == pytest.approx([0.7])
    assert [shape.x0 for shape in figure.layout.shapes] == [2.5] * 5
    assert figure.layout.annotations[1].text == "fold 1: patience ran out, kept 3 of 4, UA 0.87"


def test_only_that_in_which_models_differ_names_them(tuned):
    one = tuned.best[(tuned.best["settings"] == "") & (tuned.best["encoder"] == "w2v2-de")]
    assert set(figures.kinds(one)) == {""}
    assert "w2v2-cn tune=lora" in figures.kinds(tuned.best)
