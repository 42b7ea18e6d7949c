"""The segments page: what is drawn and played, and downloads equal to what the commands write."""

from __future__ import annotations

import base64
import io
import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import streamlit as st
import yaml

from listening_tests import simulate, study
from listening_tests.store import Store
from listening_tests.study import Study
from pages.parts import segments
from ser_core import places, ratings
from ser_core.cli import main
from tests.pages.conftest import tones

pytestmark = pytest.mark.usefixtures("signed_in")
LENGTH_S = 0.3


@pytest.fixture
def marking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A study of three clips in which parts are marked; where the truth is is known of the first two."""
    folder = tones(tmp_path / "tones", truths=("angry", "happy", "happy"))
    settings, clips = folder / "study.yaml", folder / "stimuli.csv"
    settings.write_text(settings.read_text(encoding="utf-8").replace("label}", "clip}"), encoding="utf-8")
    head, *rows = clips.read_text(encoding="utf-8").splitlines()
    where = (",0.05,0.2", ",0.1,0.3", ",,")
    lines = [f"{head},truth_start_s,truth_end_s", *(row + at for row, at in zip(rows, where, strict=True))]
    clips.write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setenv("EARWITNESS_STUDIES", str(folder))
    return study.load(folder)


def run_by_hand(of: Study) -> None:
    """A finished run of a model that hears the first clip's second half as angry, and says how sure it is."""
    folder = places.runs() / "by-hand"
    rater = {"rater": "head", "rater_type": "machine", "group": "head de mono", "run": folder.name}
    marks = [("neutral", 0.0, 0.15), ("angry", 0.15, LENGTH_S)]
    rows = pd.DataFrame(marks, columns=["label", "start_s", "end_s"]).assign(rater="head", stimulus="200-0", weight=1)
    tables = ratings.Tables(
        ratings.frame(ratings.STIMULI, of.stimuli),
        ratings.frame(ratings.RATERS, [rater]),
        ratings.frame(ratings.RATINGS, rows),
    )
    ratings.write(tables, folder)
    start = np.arange(3) * 0.1
    frames = {"rater": "head", "stimulus": "200-0", "start_s": start, "end_s": start + 0.1}
    sure = {"angry": np.float32([0.25, 0.5, 1]), "neutral": np.float32([0.75, 0.5, 0])}
    pd.DataFrame(frames | sure).to_parquet(folder / "posteriors.parquet", index=False)
    config = {"run": folder.name, "model": "head", "seed": 0, "written_at": "2026-01-01T00:00:00+00:00"}
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def drawn(app: Any) -> dict[str, Any]:
    """What the component is given."""
    (component,) = app.get("bidi_component")
    given: dict[str, Any] = json.loads(component.proto.json)
    return given


def test_without_marks_the_page_says_how_to_get_some(look, marking):
    app = look("segments")
    assert not app.exception
    assert "Nobody has marked a part" in app.info[0].value
    assert {link.proto.label for link in app.get("page_link")} >= {"Invite listeners", "Run a model"}
    assert not app.get("bidi_component")


def test_one_clip_with_everybody_who_marked_it(look, marking):
    simulate.simulate(marking, Store(), listeners=8, seed=2)
    run_by_hand(marking)
    app = look("segments")
    assert not app.exception
    assert "8 of 8 listeners are simulated" in " ".join(w.value for w in app.warning)
    app.selectbox(key="clip").set_value("200-0").run()
    assert not app.exception
    given = drawn(app)
    assert given["truth"] == {"label": "angry", "colour": "#d55e00", "start_s": 0.05, "end_s": 0.2}
    assert (given["missing"], given["duration_s"]) == ("", LENGTH_S)
    heard, rate = soundfile.read(io.BytesIO(base64.b64decode(given["sound"])), dtype="int16")
    clip, clip_rate = soundfile.read(marking.folder / "clips" / "0.wav", dtype="int16")
    assert rate == clip_rate
    assert np.array_equal(heard, clip)

    *people, model = given["blocks"]
    assert model["title"] == "head de mono"
    assert {row["label"]: [p for _, p in row["curve"]] for row in model["rows"]} == {
        "angry": [0.25, 0.5, 1.0],
        "neutral": [0.75, 0.5, 0.0],
    }
    told = app.dataframe[0].value  # the same for whoever cannot see the picture
    assert len(told) == sum(len(row["parts"]) for block in given["blocks"] for row in block["rows"])
    marks = Store().read_answers(marking.id)
    marks = marks[(marks["stimulus"] == "200-0") & marks["answer"].map(lambda a: a.get("part") in ("segment", "whole"))]
    assert sum(block["of"] for block in people) == len(marks) > 2

    file = places.runs() / "by-hand" / "posteriors.parquet"
    file.write_bytes(b"PAR1 but no more")
    st.cache_resource.clear()
    app.run()
    assert not app.exception
    assert "How sure the models are cannot be shown" in app.error[0].value
    assert str(file) in app.code[0].value
    assert len(drawn(app)["blocks"]) == len(given["blocks"])


def test_next_and_previous_go_through_the_clips_the_hardest_first(look, marking):
    simulate.simulate(marking, Store(), listeners=8, seed=2)
    app = look("segments")
    names = list(app.selectbox(key="clip").options)
    assert len(names) == 3
    rates = [float(name.rsplit("EDER ")[-1]) for name in names[:2]]
    assert rates == sorted(rates, reverse=True)
    assert "EDER" not in names[2]  # nobody knows where its emotion is
    first, following = app.button[1:3]
    assert (first.label, following.label) == ("Previous clip", "Next clip")
    assert first.disabled
    following.click().run()
    app.button[2].click().run()
    assert not app.exception
    assert app.selectbox(key="clip").value == "200-2"
    assert app.query_params["clip"] == "200-2"
    assert app.button[2].disabled
    assert "does not say where" in " ".join(c.value for c in app.caption)
    assert drawn(app)["truth"] is None


def test_downloads_are_to_the_byte_what_the_shown_commands_write(
    look, marking, saved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    simulate.simulate(marking, Store(), listeners=4, seed=2)
    run_by_hand(marking)
    app = look("segments")
    assert not app.exception
    assert not app.code[0].language or app.code[0].language == "plaintext"  # colours of a shell are too faint to read
    assert any(set(frame.value.get("who", [])) == {"people", "model"} for frame in app.dataframe)
    assert app.multiselect(key="runs").options == ["head · seed 0 · 2026-01-01 00:00"]
    monkeypatch.chdir(tmp_path)
    for line in app.code[0].value.splitlines():
        _, option, package, *arguments = shlex.split(line)
        assert option == "-m"
        assert main(package, arguments) == 0
    for name in ("segments.csv", "scores.csv", "agreement.csv", "deviations.csv", "density.csv"):
        assert saved[name] == (tmp_path / "scored" / name).read_bytes()
    assert {"eder", "eder_pooled"} <= set(pd.read_csv(io.BytesIO(saved["scores.csv"]))["metric"])
    assert len(pd.read_csv(io.BytesIO(saved["segments.csv"]))) > 3


def test_one_listener_no_model_and_no_truth_are_said_in_words_beside_the_picture(look, marking):
    clips = marking.folder / "stimuli.csv"
    text = clips.read_text(encoding="utf-8")
    clips.write_text(text.replace(",0.05,0.2", ",,").replace(",0.1,0.3", ",,"), encoding="utf-8")
    simulate.simulate(study.load(marking.folder), Store(), listeners=1, seed=2)
    app = look("segments")
    assert not app.exception
    assert "No model has marked" in " ".join(c.value for c in app.caption)
    said = " ".join(i.value for i in app.info)
    assert "No error rate" in said
    assert "Nobody to agree with yet" in said
    (block,) = drawn(app)["blocks"]
    assert (block["of"], block["said"]) == (1, "1 listener, 1 marked a part")


def test_a_clip_that_is_gone_is_said_and_what_was_marked_in_it_is_still_drawn(marking):
    clip = marking.stimuli.iloc[0].to_dict()
    (marking.folder / "clips" / "0.wav").unlink()
    found = segments.sound(marking, clip, at_least_s=0.1)
    assert (found["sound"], found["peaks"], found["duration_s"]) == ("", [], LENGTH_S)
    assert "clips/0.wav is missing" in found["missing"]
    assert segments.sound(marking, clip | {"duration_s": float("nan")}, at_least_s=0.1)["duration_s"] == 0.1
