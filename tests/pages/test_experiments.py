"""The experiments page: nothing yet, what an experiment found, which models are shown, and folders that are damaged."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from listening_tests import simulate, study
from listening_tests.store import Store
from ser_core import places
from ser_core.ratings import to_csv
from tests.pages.conftest import PATIENT_S, tones
from tests.ser_core import made_experiments as made
from tests.ser_core.made_experiments import CROSS, MONO, TRANS, TWO_STAGE

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.usefixtures("signed_in")


def headings(app) -> list[str]:
    return [heading.value for heading in app.subheader]


def shown(app, *columns: str) -> pd.DataFrame:
    """The first table on the page that has these columns."""
    return next(table.value for table in app.dataframe if set(columns) <= set(table.value.columns))


def box(app, label: str):
    return next(widget for widget in (*app.selectbox, *app.multiselect) if widget.label == label)


def make_layers(name: str = "layers", **more) -> pd.DataFrame:
    given = {"encoders": {"w2v2-de": "de"}, "layers": (0, 1, 2), "places": (MONO, CROSS, TRANS), **more}
    return made.make(places.runs() / name, **given)


def asked_for(**address: str) -> AppTest:
    """The page as an address opens it."""
    app = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENT_S).switch_page("pages/experiments.py")
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def test_without_an_experiment_the_page_says_what_to_type(look):
    app = look("experiments")
    assert not app.exception
    assert "No experiment yet" in app.info[0].value
    command = app.code[0].value.split()
    assert command[1:4] == ["-m", "ser_core", "run"]
    assert (ROOT / command[4]).is_file()
    assert not app.subheader


def test_an_experiment_is_shown_from_its_alarms_to_the_file_that_makes_it_again(look, saved):
    models = make_layers()
    app = look("experiments")
    assert not app.exception
    assert headings(app) == [
        "Fold by fold", "Layer by layer", "From corpus to corpus", "Beside published tables", "How they learned",
        "What ran", "The same again",
    ]  # fmt: skip
    assert "speaker '03' of emodb is in dev and in test" in app.error[0].value
    assert not app.warning
    # the widest: all cells have a range of 0.16
    assert "up to **0.16** apart from fold to fold (mono: emodb de: 0.83 to 0.99)" in " ".join(m.value for m in app.markdown)
    folds = shown(app, "ua", "lowest", "highest", "sd")
    assert folds["layer"].tolist() == [1, 1, 1]
    mono = models[(models["setting"] == "mono") & (models["layer"] == 1)]["ua"]
    assert folds.loc[0, ["ua", "lowest", "highest"]].tolist() == pytest.approx([mono.mean(), mono.min(), mono.max()])
    assert len(app.get("plotly_chart")) == 1 + 3 + 1 + 1  # folds, a figure of layers for each setting, transfer, learning
    effort = shown(app, "hours", "trainable")
    assert effort[["models", "trainable"]].values.tolist() == [[45, 3076]]
    code = [c.value for c in app.code]
    assert made.ASKED.rstrip() in code
    assert places.typed("ser_core", "run", "asked/made.yaml", "--out", f"{places.runs() / 'layers'}-again") in code
    assert saved["layers-models.csv"] == (places.runs() / "layers" / "models.csv").read_bytes()
    layers = pd.read_csv(io.BytesIO(saved["layers-layers-w2v2-de-layer-probe-cross.csv"]))
    assert layers["layer"].tolist() == [0, 1, 2]
    assert layers["ua"].round(4).tolist() == [0.53, 0.58, 0.53]
    beside = shown(app, "printed", "log", "own")
    assert beside.loc[0, ["model", "setting", "strategy"]].tolist() == ["W2V2-DE", "mono", "frozen probe"]
    assert beside.loc[0, "own"] == folds.loc[0, "ua"]


def test_models_are_chosen_by_what_they_differ_in_and_the_address_holds_it(look):
    make_layers(encoders={"w2v2-de": "de", "w2v2-cn": "cmn"}, layers=(0, 1), places=(MONO, CROSS), folds=2, seeds=(0, 1))
    app = look("experiments")
    assert {m.label for m in app.multiselect} == {"Encoders", "Mono, cross, trans", "Tested in"}
    box(app, "Mono, cross, trans").set_value(["cross"])
    box(app, "Encoders").set_value(["w2v2-cn"]).run()
    assert not app.exception
    assert app.query_params["setting"] == "cross"
    assert set(shown(app, "ua", "lowest")["encoder"]) == {"w2v2-cn"}
    assert "From corpus to corpus" not in headings(app)
    box(app, "Seed").set_value(1.0)
    box(app, "Encoders").set_value([]).run()
    assert not app.exception
    assert "encoder" not in app.query_params
    box(app, "Kind of model").set_value(("w2v2-de", "layer_probe", ""))
    box(app, "Tested in").set_value(["de"]).run()  # in which nothing cross is tested
    assert "No model is left" in app.info[0].value


def test_what_was_tuned_is_told_from_what_has_layers_and_from_methods_without_epochs():
    tunes = ("", "tune=lora", "tune=lora+adapter+gating")
    make_layers("tuned", layers=(None,), settings=tunes, places=(MONO, TWO_STAGE), folds=3, synthetic=True)
    make_layers("zero", epochs=1, places=(MONO,))
    (places.runs() / "zero" / "curves.csv").write_text("model,stage,epoch,train_loss,dev_loss,dev_ua,seconds\n", "utf-8")
    app = asked_for(experiment="tuned")
    assert not app.exception
    assert "Layer by layer" not in headings(app)
    assert "Not real: synthetic voices" in app.warning[0].value
    beside = shown(app, "printed", "own").dropna(subset=["own"])
    assert beside["strategy"].tolist() == ["frozen probe", "LoRA", "LoRA+BA+WG", "two-stage", "two-stage", "two-stage"]
    box(app, "Method").set_value(("tuned", "tune=lora")).run()
    assert not app.exception
    box(app, "Experiment").set_value("zero").run()  # what was chosen of the other does not trouble it
    assert not app.exception
    assert app.query_params["experiment"] == "zero"
    assert "tell nothing of single epochs" in " ".join(i.value for i in app.info)


def test_the_address_opens_an_experiment_and_what_it_asks_wrongly_is_passed_over():
    for name in ("late", "early"):
        make_layers(name, layers=(0,), places=(MONO, CROSS), epochs=1)
    app = asked_for(experiment="late", setting="nonsense")
    assert not app.exception
    assert not app.warning
    assert box(app, "Experiment").value == "late"
    assert box(app, "Mono, cross, trans").value == []
    app = asked_for(experiment="none", setting="cross")
    assert "asks for the experiment 'none', which is not here" in app.warning[0].value
    assert box(app, "Experiment").value == "early"  # the latest
    assert set(shown(app, "ua", "lowest")["setting"]) == {"cross"}


def test_a_half_copied_folder_costs_one_sentence_and_a_damaged_one_its_first_problems(look):
    for name in ("good", "half", "wrong", "curved"):
        make_layers(name, layers=(0,), places=(MONO, CROSS), epochs=1)
    (places.runs() / "half" / "curves.csv").unlink()
    wrong = places.runs() / "wrong" / "models.csv"
    wrong.write_text(wrong.read_text(encoding="utf-8").replace(",100,", ",hundred,"), encoding="utf-8")
    (places.runs() / "curved" / "curves.csv").write_text("model,stage\n0,1\n", encoding="utf-8")
    app = look("experiments")
    (said,) = app.warning
    assert "**half** is left out: its folder lacks `curves.csv`" in said.value
    assert set(box(app, "Experiment").options) == {"good", "wrong", "curved"}
    box(app, "Experiment").set_value("wrong").run()
    assert not app.exception
    problems = app.code[0].value.splitlines()
    assert problems[0] == f"{wrong}:2: 'n' is not a number: 'hundred'"
    assert problems[-1] == "and 5 more"
    assert not app.subheader
    box(app, "Experiment").set_value("curved").run()
    assert "The learning curves cannot be read." in [e.value for e in app.error]
    assert headings(app)[-1] == "The same again"


def test_models_stand_beside_the_people_who_heard_the_same_clips(look, tmp_path, monkeypatch):
    monkeypatch.setenv("EARWITNESS_STUDIES", str(tones(tmp_path / "tones")))
    make_layers(listened=True, layers=(0, 1), places=(MONO,), epochs=1)
    app = look("experiments")
    assert not app.exception
    assert "No study of these clips is here" in " ".join(i.value for i in app.info)
    heard = study.load(tmp_path / "tones").stimuli
    listened = places.runs() / "layers" / "listened" / "stimuli.csv"
    listened.write_text(to_csv(heard[["stimulus", "sha256", "language", "truth"]].head(1)), encoding="utf-8")
    simulate.simulate(study.load(tmp_path / "tones"), Store(), listeners=2, seed=3, crowd=simulate.Crowd(accuracy=1.0))
    app.run()
    assert not app.exception
    people = shown(app, "group", "language", "ua")
    assert people["ua"].tolist() == [1.0] * len(people)
    assert "Not real: simulated listeners" in " ".join(c.value for c in app.caption)
    models = shown(app, "ua", "clips")
    assert models[["ua", "clips"]].values.tolist() == [[pytest.approx(0.8 + 0.08 + 0.03 - 0.1), 4]]
    (link,) = [link for link in app.get("page_link") if link.proto.label == "People and models side by side"]
    assert "study=tones" in str(link.proto)


def steps(**more) -> pd.DataFrame:
    """An experiment of two corpora, shots and noise, whose models say where they lay clips."""
    places = [("transfer", "emodb", "de", "esd", "cmn", k, c) for k in ("0", "10", "all") for c in ("", "park 10 dB")]
    given = {"layers": (None,), "settings": ("", "contrast=0.0"), "places": (MONO, *places), "folds": 2, "further": True}
    return make_layers("few", epochs=1, **given, **more)


def test_shots_noise_parts_and_layouts_are_shown_where_there_are_any(look):
    models = steps()
    app = look("experiments")
    assert not app.exception
    assert headings(app) == [
        "Fold by fold", "From corpus to corpus", "With a few clips of the target", "In noise", "What each part adds",
        "Where clips lie", "Beside published tables", "How they learned", "What ran", "The same again",
    ]  # fmt: skip
    said = " ".join(caption.value for caption in app.caption)
    assert "4 speakers are few, so it is too narrow" in said
    assert "Numbers are those of each emotion." in said
    assert "No speaker of the test was learned from." in said
    assert "Silhouette by emotion: 0.500" in said
    matrix = shown(app, "shots", "condition", "ci_low", "wa")
    assert box(app, "Shots").value == "0"
    box(app, "Shots").set_value("all")
    box(app, "Condition").set_value("park 10 dB").run()
    assert not app.exception
    tables = [t.value for t in app.dataframe if {"shots", "condition", "ci_low"} <= set(t.value)]
    assert any((table["shots"].eq("all") & table["condition"].eq("park 10 dB")).all() for table in tables)
    assert len(matrix) > 0
    parts = shown(app, "changed", "difference", "places")
    assert parts["changed"].tolist() == ["contrast=0.0"]
    assert parts["difference"].tolist() == pytest.approx([0.02])
    assert parts["places"].tolist() == [7]
    box(app, "Axes").set_value("tsne")
    box(app, "Coloured by").set_value("speaker")
    next(t for t in app.toggle if t.label == "In three dimensions").set_value(True).run()
    assert not app.exception
    assert "t-SNE (seed 0) shows who is near whom" in " ".join(caption.value for caption in app.caption)
    title = next(t for t in box(app, "Published table").options if t.startswith("TMLR") and "unheard" in t)
    assert title.endswith("1 of its rows")
    assert len(models) == 2 * 2 * 7


def test_what_speakers_make_of_numbers_is_a_warning_and_a_damaged_layout_one_sentence(look):
    steps()
    folder = places.runs() / "few"
    models = (folder / "models.csv").read_text(encoding="utf-8")
    (folder / "models.csv").write_text(models.replace(",speaker,source,", ",utterance,source,"), encoding="utf-8")
    (folder / "projections.csv").write_text("model,stimulus,when,way,x\n0,a,after,pca,1\n", encoding="utf-8")
    (folder / "intervals.csv").unlink()
    app = look("experiments")
    assert not app.exception
    assert "All models had learned from the very speakers that they were tested on" in app.warning[0].value
    (wrong,) = app.error[1:]  # after the audit's alarm
    assert wrong.value == "Where clips lie cannot be read."
    assert len([c for c in app.code if "projections.csv" in c.value]) == 1
    assert "the folder was written by an earlier release" in " ".join(caption.value for caption in app.caption)
