"""The compare page: nothing yet, people and models side by side, and downloads equal to what the commands write."""

from __future__ import annotations

import base64
import io
import json
import re
import shlex
import shutil
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import soundfile
from streamlit.testing.v1 import AppTest

from listening_tests import export, simulate, study
from listening_tests.store import Store
from ser_core import places, power, published, report, runs
from ser_core.cli import main
from ser_core.ratings import write
from ser_core.tables import RATERS, RATINGS, STIMULI, Tables, frame
from tests.pages.conftest import tones

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "data" / "demo"
pytestmark = pytest.mark.usefixtures("signed_in")


@pytest.fixture
def all_draws() -> None:
    """For tests that set the page against a command: as many draws of the bootstrap as that takes."""


@pytest.fixture(autouse=True)
def few_draws(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ends of intervals are tested elsewhere."""
    if "all_draws" not in request.fixturenames:
        monkeypatch.setattr(report, "comparison", partial(report.comparison, draws=20))


def listen(count: int = 6) -> None:
    simulate.simulate(study.load(DEMO), Store(), listeners=count, seed=3)


def run_majority(name: str = "first", seed: int = 0) -> None:
    plan = runs.Plan(DEMO / "stimuli.csv", (DEMO / "training" / "stimuli.csv",), "majority", seed)
    runs.execute(plan, places.runs() / name)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What six listeners of the demo study and one run leave on a machine."""
    folder = tmp_path_factory.mktemp("compare")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARWITNESS_DATA", str(folder))
        listen()
        run_majority()
    return folder


@pytest.fixture
def listened(made: Path, data: Path) -> None:
    """Six listeners of the demo study have answered."""
    shutil.copytree(made / "answers", data / "answers", dirs_exist_ok=True)


@pytest.fixture
def ran(made: Path, data: Path) -> None:
    """The majority has run as ``first``."""
    shutil.copytree(made / "runs", data / "runs")


def shown(app, *columns: str) -> pd.DataFrame:
    """The first table on the page that has these columns."""
    return next(table.value for table in app.dataframe if set(columns) <= set(table.value.columns))


def test_without_answers_and_runs_the_page_says_what_to_do_next(look):
    app = look("compare")
    assert not app.exception
    assert "Nothing to compare yet" in app.info[0].value
    assert {link.proto.label for link in app.get("page_link")} >= {"Invite listeners", "Run a model"}
    assert not app.dataframe


def test_people_alone_are_shown_and_simulated_ones_are_called_so(look):
    listen(2)
    app = look("compare")
    assert not app.exception
    banners = " ".join(w.value for w in app.warning)
    assert "Synthetic voices" in banners
    assert "2 of 2 listeners are simulated" in banners


@pytest.mark.usefixtures("ran")
def test_a_run_alone_is_shown(look):
    app = look("compare")
    assert not app.exception
    assert "Simulated" not in " ".join(w.value for w in app.warning)
    assert "Tests need at least two groups of listeners" in " ".join(i.value for i in app.info)
    assert "listening_tests export" not in app.code[0].value


@pytest.mark.usefixtures("all_draws")
def test_downloads_are_to_the_byte_what_the_shown_commands_write(look, saved, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("EARWITNESS_STUDIES", str(tones(tmp_path / "tones")))
    simulate.simulate(study.load(tmp_path / "tones"), Store(), listeners=3, seed=3)
    app = look("compare")
    assert not app.exception
    assert "No model has rated these clips yet." in [caption.value for caption in app.caption]
    lines = app.code[0].value.splitlines()
    assert [line.split()[1:4] for line in lines] == [
        ["-m", "listening_tests", "export"],
        ["-m", "ser_core", "compare"],
    ]
    monkeypatch.chdir(tmp_path)
    as_shown(lines)
    for name in ("scores.csv", "confusion.csv", "tests.csv", "groups.csv"):
        assert saved[name] == (tmp_path / "comparison" / name).read_bytes()
    for form in ("html", "zip"):
        assert saved[f"tones-report.{form}"] == (tmp_path / "comparison" / f"report.{form}").read_bytes()


def as_shown(lines: list[str]) -> None:
    """Run commands, without a second Python that loads everything anew."""
    for line in lines:
        _, _, package, *words = shlex.split(line)
        assert main(package, words) == 0


@pytest.mark.usefixtures("listened", "ran")
def test_what_is_shown_of_a_language_is_what_the_download_holds(look, saved):
    app = look("compare")
    scores = pd.read_csv(io.BytesIO(saved["scores.csv"]), keep_default_na=False, na_values={"value": [""]})
    overview = app.dataframe[0].value.set_index("group")
    assert overview.loc["majority de mono", "German"] == 0.25  # one class of four is always right
    assert list(overview.columns)[-2:] == ["All together", "made_up"]
    unmarked = [list(table.value.columns) for table in app.dataframe if "made_up" not in table.value]
    assert unmarked == []  # what is copied from a table says it, too
    per_emotion = shown(app, "emotion", "recall").set_index(["group", "emotion"])
    groups = scores[(scores["rater"] == "") & (scores["language"] == "cmn") & (scores["metric"] == "recall")]
    assert len(per_emotion) == len(groups) > 8
    for row in groups.itertuples():
        assert per_emotion.loc[(row.group, row.emotion), "recall"] == pytest.approx(row.value, nan_ok=True)
    confusions = len(app.get("plotly_chart")) - 3  # beside UA, the difference and the bars
    assert confusions == overview["Mandarin Chinese"].notna().sum() > 4


def test_a_rater_with_duplicate_ratings_is_refused_with_file_and_line(tmp_path, monkeypatch):
    folder = tones(tmp_path / "tones", truths=tuple(CLIPS.values()))
    monkeypatch.setenv("EARWITNESS_STUDIES", str(folder))
    clips = study.load(folder).stimuli.drop(columns=["part", "gain_db"])
    told = said_by({"x1": CLIPS})
    run = places.runs() / "others"
    write(Tables(frame(STIMULI, clips), told.raters, told.ratings), run)
    (run / "config.yaml").write_text("written_at: '2026-01-01T00:00:00'\n", encoding="utf-8")
    with (run / "ratings.csv").open("a", encoding="utf-8") as file:
        file.write("x1,200-0,,,angry,1.0,\n")
    app = opened("compare")
    assert not app.exception
    assert "cannot be compared" in app.error[0].value
    assert "ratings.csv:6: duplicate row: rater 'x1', stimulus '200-0', label 'angry'" in app.code[0].value


@pytest.mark.usefixtures("listened")
def test_another_language_is_a_click_away(look):
    app = look("compare")
    language = app.segmented_control[0]
    assert language.options == ["Mandarin Chinese", "German", "English", "Scottish English", "All together"]
    language.set_value("de").run()
    assert not app.exception
    assert "clips in German" in " ".join(s.value for s in app.subheader)
    language = app.segmented_control[0]
    language.set_value("").run()
    assert not app.exception
    assert "all clips" in " ".join(s.value for s in app.subheader)


def test_of_two_runs_of_one_model_the_later_stands_there_at_first(look):
    run_majority("zebra")
    run_majority("aardvark")
    run_majority("other-seed", seed=1)
    app = look("compare")
    assert not app.exception
    finished = {r.id: r.config["written_at"] for r in runs.of(study.load(DEMO).stimuli)}
    latest = max(("zebra", "aardvark"), key=lambda name: (finished[name], name))
    assert set(app.multiselect[0].value) == {latest, "other-seed"}


def test_two_runs_of_one_model_together_are_refused_in_words(look):
    run_majority("one")
    run_majority("two")
    app = look("compare")
    app.multiselect[0].set_value(["one", "two"]).run()
    assert not app.exception
    assert "cannot be compared" in app.error[0].value
    assert app.code[0].value


@pytest.mark.usefixtures("listened")
def test_published_matrices_stand_beside_ones_own_where_the_paper_has_the_language(look, saved):
    app = look("compare")
    before = len(app.get("plotly_chart"))
    paper = "han2025"
    app.selectbox(key="paper").set_value(paper).run()
    assert not app.exception
    printed = published.read(paper)
    assert printed.citation in [m.value for m in app.markdown]
    here = printed.confusion[printed.confusion["language"] == "cmn"]["group"].nunique()
    assert len(app.get("plotly_chart")) - before == here > 0
    assert any("288 judgements of CN listeners; 288 judgements of DE listeners;" in c.value for c in app.caption)
    tables = [table.value for table in app.dataframe if "CN listeners" in set(table.value.get("group", ()))]
    assert any({"truth", "label", "count", "share"} <= set(table.columns) for table in tables)
    for name, data in printed.tables.items():
        assert len(pd.read_csv(io.BytesIO(saved[f"{paper}-{name}.csv"]))) == len(data)
    app.segmented_control[0].set_value("en-scotland").run()
    assert "prints no confusion matrix of clips in Scottish English" in " ".join(i.value for i in app.info)


def test_a_new_answer_is_seen_without_a_restart(look):
    listen(1)
    first = look("compare").warning[1].value
    listen(1)
    assert "1 of 1" in first
    assert "2 of 2" in look("compare").warning[1].value


def test_a_study_of_one_language_and_no_banner(look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tones(tmp_path / "tones")
    monkeypatch.setenv("EARWITNESS_STUDIES", str(folder))
    simulate.simulate(study.load(folder), Store(), listeners=2, seed=1)
    app = look("compare")
    assert not app.exception
    assert "Synthetic" not in " ".join(w.value for w in app.warning)
    assert app.segmented_control[0].options == ["German"]


def opened(page: str, **address: object) -> AppTest:
    app = AppTest.from_file(ROOT / "app.py", default_timeout=60).switch_page(f"pages/{page}.py")
    for name, value in address.items():
        app.query_params[name.replace("_", " ")] = value
    return app.run()


@pytest.mark.usefixtures("all_draws", "listened", "ran")
def test_a_filter_in_the_address_is_the_command_that_is_shown(saved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    app = opened("compare", group=["German listeners", "majority de mono"], emotion="angryy", language="de")
    assert not app.exception
    assert "emotion = angryy, which nobody here has" in " ".join(w.value for w in app.warning)
    assert app.multiselect(key="where group").value == ["German listeners", "majority de mono"]
    assert set(shown(app, "group", "German")["group"]) == {"German listeners", "majority de mono"}
    assert "group" in app.query_params
    assert "emotion" not in app.query_params
    told = app.code[0].value.splitlines()
    assert told[1].endswith("--where 'group=German listeners' --where 'group=majority de mono'")
    monkeypatch.chdir(tmp_path)
    as_shown(told)
    for name in ("scores.csv", "confusion.csv", "tests.csv", "groups.csv"):
        assert saved[name] == (tmp_path / "comparison" / name).read_bytes()
    header, *rows = saved["confusion-de.csv"].decode().splitlines()
    assert header.endswith(",made_up")
    assert all(row.endswith('"simulated listeners, synthetic voices"') for row in rows)

    app.multiselect(key="where group").set_value(["majority cmn mono"]).run()
    assert not app.exception
    assert "passed over" not in " ".join(w.value for w in app.warning)
    assert app.query_params["group"] == "majority cmn mono"
    assert "Dotted: pure guessing" in " ".join(c.value for c in app.caption)
    app.multiselect(key="where emotion").set_value(["sad"]).run()
    assert not app.exception
    assert "Dotted" not in " ".join(c.value for c in app.caption)  # who listened could answer the others all the same


@pytest.mark.usefixtures("listened", "ran")
def test_a_cell_opens_its_clips_with_their_sound_and_who_said_what():
    app = opened("compare", language="de", heard_by="majority de mono", spoken="sad", heard="angry")
    assert not app.exception
    people, machine = export.tables(study.load(DEMO), Store()), runs.of(study.load(DEMO).stimuli)[0].tables
    clips = people.stimuli[(people.stimuli["language"] == "de") & (people.stimuli["truth"] == "sad")]["stimulus"]
    box = app.selectbox(key="clip")
    assert {option.split(" · ")[0] for option in box.options} == set(clips)
    stimulus = sorted(clips)[-1]
    box.set_value(stimulus).run()
    assert not app.exception
    assert app.query_params["clip"] == stimulus
    assert lengths(app) == [length_of(people, stimulus)]
    said = shown(app, "rater", "sure").set_index("rater")
    given = people.ratings[(people.ratings["stimulus"] == stimulus) & people.ratings["start_s"].isna()]
    for row in given.itertuples():
        assert said.loc[row.rater, "label"] == row.label
    models = machine.ratings[machine.ratings["stimulus"] == stimulus]["rater"].nunique()
    assert len(said) == len(given) + models
    assert shown(app, "judgements", "angry").loc[:, "judgements"].sum() == len(said)

    app.selectbox(key="heard").set_value("happy").run()  # the model always says the same
    assert not app.exception
    assert "never heard sad as happy" in " ".join(i.value for i in app.info)

    listed = shown(app, "stimulus", "people_right")  # the hardest come first; of the same clip twice, each has its sound
    hardest = listed["stimulus"].iloc[0]
    assert listed["people_right"].is_monotonic_increasing
    app.selectbox(key="hardest").set_value(hardest)
    app.selectbox(key="apart").set_value(hardest).run()
    assert not app.exception
    assert (app.query_params["hardest"], app.query_params["apart"]) == (hardest, hardest)
    assert lengths(app) == [length_of(people, hardest)] * 2


def lengths(app: AppTest) -> list[int]:
    """How many samples each clip has that can be heard on the page."""
    sounds = [base64.b64decode(json.loads(component.proto.json)["sound"]) for component in app.get("bidi_component")]
    return [len(soundfile.read(io.BytesIO(sound), dtype="int16")[0]) for sound in sounds]


def length_of(people: Tables, stimulus: str) -> int:
    file = DEMO / people.stimuli.set_index("stimulus").loc[stimulus, "file"]
    return len(soundfile.read(file, dtype="int16")[0])


CLIPS = {"200-0": "angry", "200-1": "angry", "200-2": "happy", "200-3": "happy"}


GROUPS = {"x": "Hörerinnen und Hörer mit Migrationsvorgeschichte", "y": "中文听众"}
FOUR = ("x1", "x2", "y1", "y2")


def said_by(answers: dict[str, dict[str, str]], *, more: tuple[str, ...] = ()) -> Tables:
    """What an export would hold: raters with their answers by clip, and raters who have answered nothing."""
    clips = sorted({clip for given in answers.values() for clip in given})
    people = [
        {"rater": name, "rater_type": "human", "group": GROUPS[name[0]], "simulated": "no"} for name in (*answers, *more)
    ]
    said = [
        {"rater": name, "stimulus": clip, "label": label, "weight": 1}
        for name, given in answers.items()
        for clip, label in given.items()
    ]
    stimuli = [{"stimulus": clip, "language": "de", "truth": CLIPS[clip]} for clip in clips]
    return Tables(frame(STIMULI, stimuli), frame(RATERS, people), frame(RATINGS, said))


ANGRY = dict.fromkeys(CLIPS, "angry")
BAD = {
    "one listener": (said_by({"x1": CLIPS}), ("Only one group judged", "4 judgements of 4 clips by 1 listener.")),
    "one clip": (
        said_by({"x1": {"200-0": "angry"}, "y1": {"200-0": "sad"}, "y2": {"200-0": "angry"}}),
        ("not tested: group a has 1 value", "No clip was judged by people and by models"),
    ),
    "one class never chosen": (
        said_by({name: ANGRY | {"200-2": "sad"} if name == "x1" else ANGRY for name in FOUR}),
        ("Emotion by emotion",),
    ),
    "a group without answers": (said_by({"x1": CLIPS, "x2": CLIPS}, more=("y1", "y2")), ("Only one group judged",)),
    "all answers equal": (said_by(dict.fromkeys(FOUR, ANGRY)), ("not tested: ", "no variance")),
}


@pytest.mark.parametrize(("tables", "says"), BAD.values(), ids=BAD)
def test_of_little_or_odd_data_what_can_be_said_is_shown_and_why_the_rest_cannot(tables, says, tmp_path, monkeypatch):
    folder = tones(tmp_path / "tones", truths=tuple(CLIPS.values()))
    monkeypatch.setenv("EARWITNESS_STUDIES", str(folder))
    monkeypatch.setattr(export, "tables", lambda study, store: tables)
    app = opened("compare", more="krippendorff_alpha")
    assert not app.exception
    texts = [e.value for e in (*app.info, *app.caption, *app.error, *app.markdown, *app.subheader, *app.warning)]
    cells = [table.value.select_dtypes(["object", "str"]).to_numpy().ravel() for table in app.dataframe]
    texts += [str(text) for part in cells for text in part]
    texts += [chart.proto.spec for chart in app.get("plotly_chart")]
    assert [text for text in texts if "nan" in re.findall(r"\w+", text.lower())] == []
    for words in says:
        assert any(words in text for text in texts), words
    assert any("Dotted: pure guessing" in text for text in texts) == (tables.stimuli["truth"].nunique() > 1)


@pytest.mark.usefixtures("listened")
def test_every_choice_stands_in_the_address_and_what_is_asked_wrongly_is_told(saved):
    app = opened(
        "compare", margin="0.05", pair_by="gender", measure="hu", family="gibberish", effect="7", more="confidence",
        group_a="German listeners",
    )  # fmt: skip
    assert not app.exception
    told = " ".join(w.value for w in app.warning)
    assert "family = gibberish, which is not offered here" in told
    assert "effect = 7; a number from 0.01 to 0.9 is wanted" in told
    assert app.selectbox(key="measure").value == "hu"
    assert {"d_prime", "f1", "hu", "precision", "recall"} <= {str(o) for o in shown(app, "emotion", "hu").columns}
    assert app.selectbox(key="group a").value == "German listeners"
    assert app.selectbox(key="group b").value != "German listeners"
    assert app.code[-1].value.endswith("--margin 0.05 --pair-by gender")
    families = pd.read_csv(io.BytesIO(saved["tests.csv"]))["family"].unique()
    assert "human groups: UA by language, equivalence within 0.05" in families
    assert "same listeners: UA by language, between values of gender" in families
    assert not any("mixed" in family for family in families)
    app.number_input(key="margin").set_value(0.1)
    app.selectbox(key="pair by").set_value("")
    next(button for button in app.button if button.label == "Fit the mixed model").click().run()
    assert not app.exception
    assert {name for name in ("margin", "pair by", "mixed") if name in app.query_params} == {"mixed"}
    assert app.code[-1].value.endswith("comparison --mixed")
    mixed = [name for name in app.selectbox(key="family").options if "mixed model" in name]
    app.selectbox(key="family").set_value(mixed[0]).run()
    assert not app.exception
    assert app.query_params["family"] == mixed[0]
    assert len(shown(app, "a", "b", "note")) > 0


def test_power_is_told_when_it_is_asked_for_and_is_what_the_command_writes(saved, tmp_path, monkeypatch):
    monkeypatch.setenv("EARWITNESS_STUDIES", str(tones(tmp_path / "tones", truths=("angry", "happy") * 2)))
    monkeypatch.setattr(power, "table", partial(power.table, studies=50))
    simulate.simulate(study.load(tmp_path / "tones"), Store(), listeners=8, seed=3)
    app = opened("compare")
    assert "power.csv" not in saved
    app.number_input(key="effect").set_value(0.2)
    next(button for button in app.button if button.label == "Draw a thousand studies").click().run()
    assert not app.exception
    assert app.query_params["effect"] == "0.2"
    told = next(c.value for c in app.code if " power " in c.value).splitlines()
    assert told[1].endswith("--out power --effect 0.2")
    monkeypatch.chdir(tmp_path)
    as_shown([told[0], f"{told[1]} --studies 50"])
    assert saved["power.csv"] == (tmp_path / "power" / "power.csv").read_bytes()


@pytest.mark.usefixtures("ran")
def test_small_groups_are_marked_and_go_where_the_public_may_see():
    listen(12)
    app = opened("compare", public="yes", language="de")  # four listeners of each language
    assert not app.exception
    assert app.checkbox(key="where public").value
    listeners = [name for name in shown(app, "group", "German")["group"] if "listeners" in name]
    assert listeners == []
    assert app.code[-1].value.endswith("--where public=yes")
    assert "Not for the public: groups of fewer than 5 listeners: English listeners (cmn)" in " ".join(
        c.value for c in app.caption
    )
    app.checkbox(key="where public").set_value(False).run()
    assert not app.exception
    assert "public" not in app.query_params
    assert "Too few listeners to be shown to the public, below 5: English listeners, 4 in Mandarin Chinese" in " ".join(
        c.value for c in app.caption
    )
