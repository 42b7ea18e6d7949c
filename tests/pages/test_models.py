"""The models page: real runs as child processes, what each model needs and says, and no polling where nothing runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.parts import model_queue, model_settings
from ser_core import places
from ser_core.encoders._find import all_encoders
from ser_core.engine import jobs
from ser_core.errors import BadInput
from ser_core.methods._find import all_methods
from tests.pages.conftest import tones

pytestmark = pytest.mark.usefixtures("signed_in")

LEARNING = [f"model {name}" for name, method in all_methods().items() if method.learns]
TRAINED = [f"model {name}" for name, method in all_methods().items() if not method.learns]


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tones(tmp_path / "tones", more="training: training/stimuli.csv")
    tones(folder / "training", pitch_hz=600, truths=("angry", "happy", "angry"))
    monkeypatch.setenv("EARWITNESS_STUDIES", str(folder))
    return folder


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the page queues, which nobody runs."""
    found: list[list[str]] = []
    monkeypatch.setattr(jobs, "start", lambda args, name: found.append(args))
    return found


def tick(app: AppTest, *models: str) -> AppTest:
    for model in models:
        app.checkbox(key=f"model {model}").check()
    app.run()
    assert not app.exception
    return app


def run(app: AppTest) -> AppTest:
    app.button(key="run").click().run()
    assert not app.exception
    return app


def after(args: list[str], option: str) -> list[str]:
    """The values that stand behind an option, wherever it is given."""
    return [value for name, value in pairwise(args) if name == option]


def told(app: AppTest) -> str:
    return "\n".join(caption.value for caption in app.caption)


# --- choosing --------------------------------------------------------------------------------------------------------


def test_before_the_first_run_the_page_offers_every_model_in_its_group(look, study: Path):
    app = look("models")
    assert not app.exception
    assert [box.label for box in app.checkbox] == [method.title for method in all_methods().values()]
    assert not any(box.disabled for box in app.checkbox)
    groups = [text.value for text in app.markdown if text.value.startswith("**")]
    assert groups == ["**Rate whole clips**", "**Mark parts of clips**"]
    assert app.button(key="run").disabled
    assert "No model has rated this study's clips yet." in app.info[0].value


def test_several_models_are_queued_each_as_the_command_of_a_shell(look, study: Path, queued: list[list[str]]):
    app = tick(look("models"), "majority", "logmel_probe")
    app.number_input(key="seed").set_value(3)
    app.number_input(key="logmel_probe.penalty").set_value(0.5)
    app.selectbox(key="device").set_value("cpu")
    run(app.run())
    assert [after(args, "--model") for args in queued] == [["logmel_probe"], ["majority"]]
    probe, majority = queued
    assert (after(probe, "--set"), after(majority, "--set")) == (["penalty=0.5"], [])
    assert app.toast[0].value == "2 models queued; how far, stands below."
    for args in queued:
        assert args[0] == "predict"
        assert after(args, "--train") == [str(study / "training" / "stimuli.csv")]
        assert (after(args, "--seed"), after(args, "--device")) == (["3"], ["cpu"])
        assert "--engine" not in args


def test_a_ray_cluster_takes_the_place_of_this_machine(look, study: Path, queued: list[list[str]]):
    app = tick(look("models"), "majority")
    app.text_input(key="address").set_value("10.0.0.5:6379")
    run(app.run())
    assert (after(queued[0], "--engine"), after(queued[0], "--address")) == (["ray"], ["10.0.0.5:6379"])


def test_settings_that_make_no_sense_are_refused_in_words_before_anything_starts(look, study: Path):
    app = tick(look("models"), "majority", "logmel_probe")
    assert not app.button(key="run").disabled
    app.number_input(key="logmel_probe.penalty").set_value(-1.0).run()
    assert app.error[0].value == "penalty must be more than 0, not -1.0."
    assert app.button(key="run").disabled


def test_a_refusal_calls_settings_as_the_page_does(look, study: Path):
    app = tick(look("models"), "frame_head")
    app.number_input(key="frame_head.begins_at").set_value(1.7).run()
    assert "“Ends below” <= “Begins at” <= 1, not “Begins at”=1.7" in app.error[0].value


def test_a_study_without_a_training_part_is_heard_by_models_that_come_trained(
    look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, queued: list[list[str]]
):
    monkeypatch.setenv("EARWITNESS_STUDIES", str(tones(tmp_path / "tones")))
    app = look("models")
    assert "`training:`" in app.info[0].value
    assert {box.key: box.disabled for box in app.checkbox} == dict.fromkeys(LEARNING, True) | dict.fromkeys(TRAINED, False)
    run(tick(app, "speechbrain_sed"))
    assert after(queued[0], "--model") == ["speechbrain_sed"]
    assert "--train" not in queued[0]


def test_an_encoder_that_is_not_here_is_told_with_licence_size_and_the_command_that_fetches_it(
    look, study: Path, data: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("HF_HUB_OFFLINE", "EARWITNESS_OFFLINE", "EARWITNESS_MODELS"):
        monkeypatch.delenv(name, raising=False)
    app = tick(look("models"), "speechbrain_sed")
    assert "licence Apache-2.0 · 1260 MB · its files are not here." in told(app)
    assert app.code[0].value.startswith("hf download speechbrain/emotion-diarization-wavlm-large ")
    assert not app.button(key="run").disabled

    monkeypatch.setenv("EARWITNESS_OFFLINE", "1")
    app.run()
    assert "nothing is fetched offline" in app.error[0].value
    assert "hf download speechbrain/" in app.error[0].value
    assert app.button(key="run").disabled

    put = data / "models" / "wavlm-large-sed"
    put.mkdir(parents=True)
    (put / "wav2vec2.ckpt").touch()
    app.run()
    assert "its files are here." in told(app)
    assert not app.button(key="run").disabled


# --- settings --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Base:
    seed: int = 0
    least_s: float | None = None
    """The shortest that
    is left."""


@dataclass(frozen=True)
class Config(Base):
    encoder: str = "logmel"
    """What ``hears``."""
    layer: int = -1
    norm: Literal["none", "speaker"] = "none"
    flips: bool = False
    rate: float = 1e-4
    note: str = ""


def _script() -> None:
    import streamlit as st

    from pages.parts import model_settings
    from ser_core.methods._method import Method
    from tests.pages.test_models import Config

    method = Method("It", Config, lambda train, dev, config: None, lambda model, stimuli: None)  # type: ignore[arg-type,return-value]
    st.session_state["chosen"] = model_settings.draw("it", method)


def test_each_field_of_a_config_has_the_widget_of_its_type():
    app = AppTest.from_function(_script).run()
    assert not app.exception
    assert app.session_state["chosen"] == {}
    widgets = [*app.selectbox, *app.number_input, *app.checkbox, *app.text_input]
    assert [w.label for w in widgets] == ["Encoder", "Layer", "Norm", "Rate", "Least, s", "Flips", "Note"]
    encoder, layer, norm = app.selectbox
    assert encoder.options == [found.title for found in all_encoders().values()]
    assert encoder.help == "What `hears`."
    assert layer.options == ["the last", "0"]
    assert norm.options == ["none", "speaker"]
    assert app.number_input(key="it.rate").step == pytest.approx(1e-4)

    encoder.set_value("w2v2-de")
    norm.set_value("speaker")
    app.number_input(key="it.least_s").set_value(0.25)
    app.checkbox(key="it.flips").check()
    app.text_input(key="it.note").set_value("x")
    app.run()
    app.selectbox(key="it.layer").set_value(12).run()
    assert app.selectbox(key="it.layer").options == ["the last", *map(str, range(13))]
    said = {"least_s": "0.25", "encoder": "w2v2-de", "layer": "12", "norm": "speaker", "flips": "True", "note": "x"}
    assert app.session_state["chosen"] == said
    app.selectbox(key="it.encoder").set_value("logmel")
    app.number_input(key="it.least_s").set_value(None)
    app.run()
    assert app.session_state["chosen"] == {"norm": "speaker", "flips": "True", "note": "x"}


def test_what_is_written_below_a_field_explains_it_in_the_classes_above_too():
    assert model_settings.explained(Config) == {"least_s": "The shortest that is left.", "encoder": "What `hears`."}


# --- running ---------------------------------------------------------------------------------------------------------


def test_a_model_started_here_ends_among_the_finished_runs(look, study: Path, saved: dict[str, bytes]):
    app = tick(look("models"), "loudness")
    app.number_input(key="loudness.share").set_value(0.25)
    run(app.run())
    (job,) = jobs.jobs()
    jobs.wait(job)
    app.run()
    assert not app.exception
    (done,) = [expander.label for expander in app.expander if f"`{job.name}` is done after " in expander.label]
    assert done.startswith("**The loudest stretch (baseline)** · `share=0.25` · ")
    (row,) = app.dataframe[0].value.to_dict("records")
    assert row["run"] == job.name
    assert (row["model"], row["settings"]) == ("The loudest stretch (baseline)", "share=0.25")
    assert (row["clips"], row["says"], row["learned from"]) == (2, "parts", "German")
    assert [link.label for link in app.get("page_link")][-2:] == ["Beside the listeners", "Segment by segment"]
    config = (places.runs() / job.name / "config.yaml").read_text(encoding="utf-8")
    assert config.strip() in [code.value for code in app.code]
    assert saved[f"{job.name}.yaml"] == config.encode()
    anew = look("models")
    assert done in [expander.label for expander in anew.expander]


def test_a_run_that_fails_shows_its_reason_and_leaves_nothing_half_written(look, study: Path):
    (study / "training" / "clips" / "1.wav").write_bytes(b"RIFF")
    app = run(tick(look("models"), "majority"))
    (job,) = jobs.jobs()
    jobs.wait(job)
    app.run()
    assert not app.exception
    assert f"`{job.name}` failed" in app.error[0].value
    assert "exit status 2" in app.error[0].value
    assert "1.wav" in "".join(code.value for code in app.code)
    assert [p.name for p in places.runs().iterdir() if p.name != ".jobs"] == []
    assert "No model has rated" in app.info[0].value


NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RUNNING = jobs.Job(
    name="tones-majority-s0-1",
    args=("predict", "--model", "majority", "--out", "a b"),
    state="running",
    place=0,
    turn=1,
    pid=0,
    folder=Path("jobs"),
    out=None,
    device="cuda:0",
    queued_at=NOW,
    started_at=NOW,
    ended_at=None,
    exit_code=None,
    reason="",
    resumable=False,
    done=3,
    total=12,
    what="hearing 007",
    clips_per_s=1.5,
    left_s=6.0,
    log_tail="first line\nsecond line",
)
WAITING = replace(
    RUNNING, name="tones-probe-s0-2", state="waiting", place=2, turn=2, started_at=None, done=0, total=0, what=""
)
FAILED = replace(
    RUNNING,
    name="tones-old-s0-0",
    state="failed",
    turn=0,
    ended_at=NOW + timedelta(minutes=3),
    reason="ended without saying why",
    resumable=True,
)


def test_a_time_is_told_in_its_two_largest_units():
    told = {0.4: "0 s", 59.4: "59 s", 59.6: "1 min", 3599: "1 h", 7260: "2 h 1 min"}
    assert {seconds: model_queue.lasting(seconds) for seconds in told} == told


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> list[jobs.Job]:
    """The jobs that there are, the one queued last first."""
    found: list[jobs.Job] = []
    monkeypatch.setattr(jobs, "jobs", lambda: list(found))
    return found


def test_the_queue_shows_how_far_each_job_is_and_the_command_that_does_the_same(look, study: Path, queue: list[jobs.Job]):
    queue += [WAITING, RUNNING]
    app = look("models")
    assert not app.exception
    (bar,) = app.get("progress")
    assert (bar.proto.value, bar.proto.text) == (25, "Hearing 007")
    assert f"**Majority of the training part** · `{RUNNING.name}`" in [text.value for text in app.markdown]
    assert "3 of 12 · 1.5 clips/s · about 6 s left · on cuda:0" in told(app)
    assert "Waits: 1 other before it for cuda:0." in told(app)
    told_log, typed = [code.value for code in app.code][:2]
    assert (told_log, typed) == (
        "first line\nsecond line",
        places.typed("ser_core", "predict", "--model", "majority", "--out", "a b"),
    )
    assert [b.key for b in app.button if b.label == "Cancel"] == [f"cancel {RUNNING.name}", f"cancel {WAITING.name}"]


def test_more_can_be_queued_while_a_model_runs(look, study: Path, queue: list[jobs.Job], queued: list[list[str]]):
    queue.append(RUNNING)
    run(tick(look("models"), "majority"))
    assert len(queued) == 1


@pytest.mark.parametrize(("act", "job"), [("cancel", RUNNING), ("cancel", WAITING), ("resume", FAILED), ("discard", FAILED)])
def test_what_can_be_done_about_a_job_reaches_it(
    act: str, job: jobs.Job, look, study: Path, queue: list[jobs.Job], monkeypatch: pytest.MonkeyPatch
):
    reached: list[str] = []
    queue.append(job)
    monkeypatch.setattr(jobs, act, lambda job: reached.append(job.name))
    app = look("models")
    app.button(key=f"{act} {job.name}").click().run()
    assert not app.exception
    assert reached == [job.name]


def test_a_failed_job_says_what_is_kept_and_only_then_offers_to_go_on(look, study: Path, queue: list[jobs.Job]):
    queue += [FAILED, replace(FAILED, name="lost", resumable=False, exit_code=1)]
    app = look("models")
    first, second = [error.value for error in app.error]
    model = "**Majority of the training part** · "
    assert first == f"{model}`tones-old-s0-0` failed after 3 min: ended without saying why. What it had finished is kept."
    assert second.startswith(f"{model}`lost` failed after 3 min: ended without saying why (exit status 1). ")
    assert second.endswith("Nothing of it was kept; it can be run again above.")
    assert [b.key for b in app.button if b.label in ("Resume", "Discard")] == [
        f"resume {FAILED.name}",
        f"discard {FAILED.name}",
    ]


def test_old_jobs_are_listed_apart_but_never_one_that_can_go_on(look, study: Path, queue: list[jobs.Job]):
    over = [replace(FAILED, name=f"n{i}", resumable=False, ended_at=NOW + timedelta(hours=i)) for i in range(1, 8)]
    queue += [*reversed(over), FAILED]
    app = look("models")
    assert [error.value.split("`")[1] for error in app.error] == ["n7", "n6", "n5", "n4", "n3", FAILED.name]
    assert app.dataframe[0].value["job"].tolist() == ["n2", "n1"]


def test_a_refusal_of_the_queue_is_told(look, study: Path, queue: list[jobs.Job], monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> jobs.Job:
        raise BadInput("it left nothing to go on from.")

    queue.append(FAILED)
    monkeypatch.setattr(jobs, "resume", refuse)
    monkeypatch.setattr(jobs, "start", refuse)
    app = look("models")
    app.button(key=f"resume {FAILED.name}").click().run()
    assert "nothing to go on from" in app.error[0].value
    run(tick(app, "majority"))
    assert "nothing to go on from" in app.error[0].value


@pytest.mark.parametrize(("there", "every_s"), [([RUNNING], 1), ([WAITING], 1), ([FAILED], None), ([], None)])
def test_the_page_comes_back_by_itself_only_while_a_model_waits_or_runs(
    there: list[jobs.Job],
    every_s: int | None,
    look,
    study: Path,
    queue: list[jobs.Job],
    monkeypatch: pytest.MonkeyPatch,
):
    asked: list[object] = []
    real = st.fragment

    def fragment(function, *, run_every):
        asked.append(run_every)
        return real(function, run_every=run_every)

    queue += there
    monkeypatch.setattr(st, "fragment", fragment)
    assert not look("models").exception
    assert asked == [every_s]


def test_what_begins_on_a_page_that_watches_nothing_is_watched_from_then_on(
    look, study: Path, monkeypatch: pytest.MonkeyPatch
):
    seen = iter([[], [WAITING]])  # nothing where the page is drawn, then what was resumed
    asked: list[object] = []
    real = st.fragment

    def fragment(function, *, run_every):
        asked.append(run_every)
        return real(function, run_every=run_every)

    monkeypatch.setattr(jobs, "jobs", lambda: next(seen, [WAITING]))
    monkeypatch.setattr(st, "fragment", fragment)
    assert not look("models").exception
    assert asked == [None, 1]
