"""The study of Han et al. (2025), from generated corpora with true names to a study that can be opened."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from listening_tests import study as studies
from listening_tests.settings import leaves
from listening_tests.timeline import Listener, draw
from ser_core import filters, ratings, stimuli
from ser_core.cli import main
from tests.ser_core import corpus_trees as trees

ENGLISH = ("0011", "0012", "0015", "0016")
CORPORA = ("esd", "pavoque", "iemocap", "zed")
GERMAN = {"native_languages": "de", "dialects": "", "proficiency": "en:B cmn:none"}
MANDARIN = {"native_languages": "cmn", "dialects": "", "proficiency": "en:C de:none"}


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> dict[str, Path]:
    """The tables of the four corpora and of a dialect, indexed by command."""
    top = tmp_path_factory.mktemp("corpora")
    trees.esd(top / "esd", sentences=range(1, 53))  # 48 are heard, which no model may learn
    trees.esd(top / "esd", speakers=ENGLISH, sentences=range(1, 5))
    trees.pavoque(top / "pavoque", per_style=52)
    trees.iemocap(top / "iemocap")
    trees.zed(top / "zed")
    (top / "own").mkdir()
    trees.tianjin(top / "own")
    for name in (*CORPORA, "own"):
        assert main("ser_core", ["index", name, str(top / name), "--out", str(top / f"{name}.csv")]) == 0
    return {name: top / f"{name}.csv" for name in (*CORPORA, "own")}


def run(out: Path, *given: Path, more: tuple[str, ...] = ()) -> int:
    words = [word for path in given for word in ("--stimuli", str(path))]
    return main("listening_tests", ["assemble", "han2025", *words, "--out", str(out), *more])


@pytest.fixture(scope="module")
def made(tables, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("made") / "My Han"
    assert run(out, *tables.values()) == 0
    return out


def test_the_study_has_the_clips_of_the_paper(made):
    heard = stimuli.load(made / "stimuli.csv")
    counts = Counter(zip(heard["part"], heard["truth"], strict=True))
    four = ("angry", "happy", "neutral", "sad")
    assert {k: n for k, n in counts.items() if k[0].startswith("label")} == {
        (part, emotion): 12 for part in ("label-cmn", "label-de", "label-en") for emotion in four
    }
    assert {k: n for k, n in counts.items() if k[0] == "clip"} == {("clip", e): 8 for e in ("angry", "happy", "sad")}
    assert {k: n for k, n in counts.items() if k[0] == "dialect"} == {("dialect", e): 5 for e in ("angry", "happy")}
    languages = heard.groupby("part")["language"].agg(set).to_dict()
    assert languages == {
        "label-cmn": {"cmn"}, "label-de": {"de"}, "label-en": {"en"}, "dialect": {"cmn-x-tianjin"},
        "clip": {"en"}, "practice": {"en"},
    }  # fmt: skip


def test_what_the_paper_and_the_readme_say_of_the_clips_holds(made):
    heard = stimuli.load(made / "stimuli.csv")
    parts = {str(name): clips for name, clips in heard.groupby("part")}
    assert set(parts["label-en"]["style"]) == {"improvised"}
    assert set(parts["label-en"]["truth_of_corpus"]) == {"angry", "happy", "excited", "neutral", "sad"}
    assert parts["label-en"]["session"].nunique() == 2
    assert Counter(parts["label-cmn"].drop_duplicates("speaker")["gender"]) == {"female": 2, "male": 2}
    assert set(parts["label-de"]["script"]) == {"read"}
    assert parts["label-de"]["sentence"].is_unique
    assert parts["label-cmn"]["sentence"].is_unique
    assert parts["clip"]["speaker"].is_unique
    assert parts["clip"]["truth_start_s"].notna().all()


def test_models_may_learn_from_nothing_that_is_heard(made):
    heard, training = stimuli.load(made / "stimuli.csv"), stimuli.load(made / "training.csv")
    excluded = pd.read_csv(made / "excluded.csv", dtype=str)
    assert set(training["corpus"]) == {"esd", "pavoque", "iemocap"}
    assert set(training["truth"]) == {"angry", "happy", "neutral", "sad"}
    assert set(training["part"]) == {"train"}
    for name in ("stimulus", "sha256", "file"):
        assert not set(training[name]) & set(heard[name])
    speakers = {corpus: set(rows["speaker"]) for corpus, rows in heard[heard["part"] != "practice"].groupby("corpus")}
    for corpus in ("esd", "iemocap"):
        assert not set(training.loc[training["corpus"] == corpus, "speaker"]) & speakers[corpus]
    for corpus in ("esd", "pavoque"):
        sentences = set(heard.loc[heard["corpus"] == corpus, "sentence"])
        assert not set(training.loc[training["corpus"] == corpus, "sentence"]) & sentences
    assert set(heard["stimulus"]) <= set(excluded["stimulus"])
    assert not set(training["stimulus"]) & set(excluded["stimulus"])


def test_the_folder_is_a_study_that_says_how_it_was_made(made, capsys):
    assert main("listening_tests", ["check", str(made)]) == 0
    study = studies.load(made)
    assert study.id == "my-han"
    assert study.training == made / "training.csv"
    assert (study.quota("CN listeners"), study.quota("DE listeners")) == (6, 6)
    assert "seed 2025" in (made / "README.md").read_text(encoding="utf-8")


def test_who_knows_the_others_language_or_grew_up_with_english_is_in_no_group(made):
    study = studies.load(made)
    assert study.group(GERMAN) == "DE listeners"
    assert study.group(MANDARIN) == "CN listeners"
    for other in ({"proficiency": "en:B cmn:A"}, {"native_languages": "de en"}, {"proficiency": "en:A"}):
        assert study.group({**GERMAN, **other}) == studies.OTHERS
    assert study.group({**MANDARIN, "native_languages": "cmn de"}) == studies.OTHERS


def order(study: studies.Study, place: int) -> list[str]:
    """The parts in the order in which the listener at this place hears them."""
    part = study.stimuli.set_index("stimulus")["part"]
    trials = draw(study, Listener(seed=place, background=GERMAN, place=place))
    return list(dict.fromkeys(part[t.stimulus] for t in trials if t.stimulus))


def test_every_language_comes_first_second_and_third_equally_often_and_clipping_last(made):
    study = studies.load(made)
    orders = [order(study, place) for place in range(6)]
    assert {o[0] for o in orders} == {"practice"}
    assert {tuple(o[-2:]) for o in orders} == {("dialect", "clip")}
    for n in (1, 2, 3):
        assert Counter(o[n] for o in orders) == {"label-cmn": 2, "label-de": 2, "label-en": 2}


def test_a_listener_hears_every_clip_once_and_never_an_emotion_three_times_in_a_row(made):
    study = studies.load(made)
    trials = [t for t in draw(study, Listener(seed=3, background=MANDARIN, place=1)) if t.stimulus]
    assert Counter(t.stimulus for t in trials) == dict.fromkeys(study.stimuli["stimulus"], 1)
    truth = study.stimuli.set_index("stimulus")["truth"]
    part = study.stimuli.set_index("stimulus")["part"]
    for name in ("label-cmn", "label-de", "label-en", "clip"):
        heard = [truth[t.stimulus] for t in trials if part[t.stimulus] == name]
        assert not any(len(set(heard[i : i + 3])) == 1 for i in range(len(heard) - 2))


def test_each_block_offers_its_emotions_and_forces_a_choice(made):
    offered = {}
    for entry in leaves(studies.load(made).timeline):
        if entry.trial in ("label", "clip"):
            offered[entry.parameters["part"]] = (set(entry.parameters["choices"]), entry.parameters["cannot_say"])
    four = {"angry", "happy", "neutral", "sad"}
    assert offered == {
        **dict.fromkeys(("label-cmn", "label-de", "label-en", "dialect"), (four, False)),
        "clip": (four - {"neutral"}, False),
    }


def test_simulated_listeners_fill_both_groups_and_the_documents_way_to_table_2_counts_as_the_paper_does(
    made, tmp_path, monkeypatch
):
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("EARWITNESS_STUDIES", str(made))
    monkeypatch.delenv("EARWITNESS_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    assert main("listening_tests", ["simulate", str(made), "--listeners", "14", "--seed", "1"]) == 0
    assert main("listening_tests", ["export", str(made), "--out", "answers"]) == 0
    guide = (Path(__file__).parents[2] / "docs" / "han2025.md").read_text(encoding="utf-8")
    conditions = filters.parse(re.findall(r"--where (\S+)", guide))
    label, said = filters.keep(ratings.read("answers"), conditions)
    assert set(label.stimuli["part"]) == {"label-cmn", "label-de", "label-en"}
    assert len(said) == 1
    assert Counter(label.raters["group"]) == {"CN listeners": 6, "DE listeners": 6}
    wide = ratings.join(label)
    assert set(wide.groupby(["group", "language"]).size()) == {288}
    assert set(wide.groupby(["group", "language", "truth"]).size()) == {72}
    assert set(wide["label"]) == {"angry", "happy", "neutral", "sad"}


def test_without_dialect_clips_the_dialect_block_is_left_out_and_this_is_said(tables, tmp_path, capsys):
    out = tmp_path / "han"
    assert run(out, *(tables[name] for name in CORPORA)) == 0
    assert "dialect: no table has its clips (cmn-x-tianjin); the study goes without it." in capsys.readouterr().out
    text = (out / "study.yaml").read_text(encoding="utf-8")
    assert "Tianjin" not in text
    assert "part: dialect" not in text
    assert ">>>" not in text
    assert "goes without it" in (out / "README.md").read_text(encoding="utf-8")
    assert order(studies.load(out), 0)[-1] == "clip"


def test_without_the_english_half_of_esd_there_is_no_practice_and_this_is_said(tables, tmp_path, capsys):
    table = pd.read_csv(tables["esd"], dtype=str, keep_default_na=False)
    table["file"] = [str(tables["esd"].parent / name) for name in table["file"]]
    table[table["language"] == "cmn"].to_csv(tmp_path / "esd.csv", index=False)
    assert run(tmp_path / "han", tmp_path / "esd.csv", *(tables[name] for name in CORPORA[1:])) == 0
    assert "practice: no table has its clips (esd in en)" in capsys.readouterr().out
    kinds = [entry.trial for entry in leaves(studies.load(tmp_path / "han").timeline)]
    assert "training" not in kinds
    assert kinds.count("label") == 3


def test_the_seed_decides_which_clips(tables, made):
    for name, more in (("again", ()), ("other", ("--seed", "7"))):
        assert run(made.with_name(name), *tables.values(), more=more) == 0
    first, again, other = (
        (folder / "stimuli.csv").read_bytes() for folder in (made, *map(made.with_name, ("again", "other")))
    )
    assert first == again
    assert first != other


def test_a_missing_corpus_is_told_with_the_command_and_nothing_is_made(tables, tmp_path, capsys):
    assert run(tmp_path / "han", tables["esd"], tables["iemocap"]) == 2
    said = capsys.readouterr().err
    for name in ("pavoque", "zed"):
        assert f"python -m ser_core index {name} FOLDER --out {name}.csv" in said
    assert "2 problems; nothing was done." in said
    assert not (tmp_path / "han").exists()


def test_a_folder_that_is_there_is_left_as_it_is(tables, tmp_path, capsys):
    assert run(tmp_path, *tables.values()) == 2
    assert "exists already" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_clip_that_was_exchanged_since_its_table_was_made_is_refused_and_no_half_study_stays(tables, tmp_path, capsys):
    table = pd.read_csv(tables["zed"], dtype=str, keep_default_na=False)
    table["file"] = [str(tables["zed"].parent / name) for name in table["file"]]
    table.assign(sha256=[f"{n:064x}" for n in range(len(table))]).to_csv(tmp_path / "zed.csv", index=False)
    assert run(tmp_path / "han", tables["esd"], tables["pavoque"], tables["iemocap"], tmp_path / "zed.csv") == 2
    assert "is not the file this table was made for" in capsys.readouterr().err
    assert not (tmp_path / "han").exists()
