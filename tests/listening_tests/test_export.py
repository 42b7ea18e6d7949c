"""People's answers become tables, and nothing of theirs is lost, doubled or changed on the way."""

from __future__ import annotations

import csv
import io
import json

import pandas as pd
import pytest

from listening_tests import export, export_tables, progress, reading
from listening_tests import study as studies
from listening_tests.session import Answered, Refused
from listening_tests.simulate import simulate
from listening_tests.spreadsheet import defused
from ser_core import ratings
from ser_core.cli import main
from tests.listening_tests.conftest import tone

BACKGROUND = {
    "native_languages": "de",
    "dialects": "",
    "proficiency": "en:B",
    "age_band": "25–34",
    "hearing": "hearing_normal",
}


def _listen(store, study, answers, *, background=BACKGROUND):
    """Consent, background, then these answers in order; the participant, and their session as it then is."""
    (invited,) = store.invite(study)
    session = store.begin(invited.participant, study)
    for answer in [{"agreed": True}, background, *answers]:
        if session.finished:
            break
        session = store.record(invited.participant, Answered(session.current.position, answer))
    return invited.participant, session


def _heard(label):
    return {"label": label, "plays": 2, "completions": 1, "response_s": 0.75, "failed": ""}


def test_what_a_listener_chose_is_what_comes_out(store, study):
    person, session = _listen(store, study, [_heard("sad"), _heard("angry"), _heard("cannot_say")])
    tables = export.tables(study, store)
    assert ratings.check(tables) == []
    expected = [(person, session.trials[3].stimulus, "angry"), (person, session.trials[4].stimulus, "cannot_say")]
    assert list(tables.ratings[["rater", "stimulus", "label"]].itertuples(index=False, name=None)) == expected
    assert tables.ratings["response_s"].tolist() == ["0.75", "0.75"]
    assert tables.raters.loc[0, ["rater", "rater_type", "group", "completed", "simulated"]].tolist() == [
        person, "human", "German listeners", "no", "no",
    ]  # fmt: skip


def test_the_relation_follows_from_what_the_listener_said(store, study):
    _listen(store, study, [_heard("sad")] * 5)
    wide = ratings.join(export.tables(study, store))
    by_language = dict(zip(wide["language"], wide["relation"], strict=True))
    assert by_language == {"de": "native", "en-scotland": "second_language"}


def test_training_and_failed_clips_are_no_ratings(store, study):
    _listen(store, study, [_heard("sad"), {"label": "", "failed": "media error 4"}, _heard("sad")])
    tables = export.tables(study, store)
    assert len(tables.ratings) == 1
    assert "000" not in set(tables.stimuli["stimulus"])


def test_a_listener_without_ratings_is_no_rater(store, study):
    _listen(store, study, [])
    tables = export.tables(study, store)
    assert len(tables.raters) == 0
    assert len(tables.ratings) == 0
    assert ratings.check(tables) == []


def test_simulated_listeners_are_marked_and_their_tables_are_valid(store, study, tmp_path):
    people = simulate(study, store, listeners=5, seed=3)
    tables = export.tables(study, store)
    assert set(tables.raters["rater"]) == set(people)
    assert set(tables.raters["simulated"]) == {"yes"}
    assert set(progress.listeners(study, store)["simulated"]) == {"yes"}
    assert len(tables.ratings) == 5 * 4
    ratings.write(tables, tmp_path / "out")
    assert len(ratings.read(tmp_path / "out").ratings) == 20
    for name, content in export.export(study, store).files.items():
        header, *rows = content.decode().splitlines()
        marked = {"raters.csv": "simulated", "stimuli.csv": "synthetic", "codebook.csv": "meaning"}.get(name, "made_up")
        assert header.split(",")[-1] == marked or marked in ("simulated", "synthetic"), name
        assert marked != "made_up" or {row.rpartition(",")[2] for row in rows} == {"simulated listeners"}, name


def test_the_same_seed_simulates_the_same_listeners(store, study):
    first, second = (simulate(study, store, listeners=4, seed=8) for _ in range(2))
    given = export.tables(study, store).ratings.set_index("rater")[["stimulus", "label", "response_s"]]
    for one, other in zip(first, second, strict=True):
        assert given.loc[one].to_numpy().tolist() == given.loc[other].to_numpy().tolist()
    assert len({tuple(given.loc[one]["stimulus"]) for one in first}) > 1


def test_the_same_export_twice_gives_the_same_bytes(store, study, folder, tmp_path, capsys):
    assert main("listening_tests", ["simulate", str(folder), "--listeners", "3", "--seed", "1"]) == 0
    for name in ("a", "b"):
        assert main("listening_tests", ["export", str(folder), "--out", str(tmp_path / name)]) == 0
    assert "12 ratings of 3 listeners" in capsys.readouterr().out
    names = ["stimuli", "raters", "ratings", "trials", "answers", "consents", "codebook"]
    assert sorted(path.stem for path in (tmp_path / "a").iterdir()) == sorted(names)
    for table in names:
        assert (tmp_path / "a" / f"{table}.csv").read_bytes() == (tmp_path / "b" / f"{table}.csv").read_bytes()


def test_invited_links_open_the_study(store, study, folder, capsys):
    assert main("listening_tests", ["invite", str(folder), "--count", "2", "--address", "https://example.org/"]) == 0
    lines = capsys.readouterr().out.split()
    links = [line for line in lines if line.startswith("https")]
    assert len(links) == 2
    for link in links:
        assert link.startswith("https://example.org/listen?study=tones&token=")
        assert store.participant("tones", link.rpartition("=")[2]) is not None


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_both_forms_hold_the_same(store, study, folder, tmp_path, form):
    simulate(study, store, listeners=2, seed=1)
    assert main("listening_tests", ["export", str(folder), "--out", str(tmp_path / form), "--form", form]) == 0
    assert ratings.read(tmp_path / form).ratings.equals(export.tables(study, store).ratings)


def test_nobody_cannot_be_simulated_or_invited(store, study, folder, capsys):
    for arguments in (["simulate", str(folder), "--listeners", "0"], ["invite", str(folder), "--count", "0"]):
        assert main("listening_tests", arguments) == 2
        assert "at least one listener" in capsys.readouterr().err
    assert len(store.read_participants("tones")) == 0


def test_a_link_needs_a_whole_address(store, folder, capsys):
    assert main("listening_tests", ["invite", str(folder), "--address", "example.org"]) == 2
    assert "must begin with http" in capsys.readouterr().err


def test_what_a_browser_makes_up_cannot_spoil_the_export(store, study):
    person, session = _listen(store, study, [_heard("sad")])
    position = session.trials[3].position
    for made_up in (
        {"failed": "x", "label": "bogus"},
        {"label": "bogus", "completions": 1},
        {"label": "sad", "completions": True},
    ):
        with pytest.raises(Refused):
            store.record(person, Answered(position, made_up))
    store.record(person, Answered(position, {**_heard("sad"), "plays": "\ud800", "response_s": float("nan")}))
    tables = export.tables(study, store)
    assert ratings.check(tables) == []
    assert tables.ratings.loc[0, ["label", "plays", "response_s"]].tolist() == ["sad", "", ""]


def test_a_clip_rated_in_two_blocks_has_two_ratings(store, folder):
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    (folder / "study.yaml").write_text(text.replace("  - {trial: label}\n", "  - {trial: label}\n" * 2), encoding="utf-8")
    study = studies.load(folder)
    simulate(study, store, listeners=2, seed=1)
    tables = export.tables(study, store)
    assert ratings.check(tables) == []
    assert sorted(tables.ratings["repeat"]) == ["1"] * 8 + ["2"] * 8


def test_ratings_of_a_clip_that_was_exchanged_since_are_left_out_and_counted(store, study, folder, tmp_path, capsys):
    simulate(study, store, listeners=3, seed=1)
    tone(folder / "clips" / "2.wav", 777)
    changed = studies.load(folder)
    assert len(export.tables(changed, store).ratings) == 9
    assert main("listening_tests", ["export", str(folder), "--out", str(tmp_path / "out")]) == 0
    assert "Left out: 3 ratings of clips that were exchanged" in capsys.readouterr().out


EVERYTHING = """
  - block: main
    order: fixed
    timeline:
      - {trial: label, shuffled: false, repeats: 1, confidence: true, dimensions: [arousal], comment: true}
      - {trial: clip, shuffled: false, part: marked, segment: {shortest_s: 0.05, count: 2}}
      - {trial: attention, choices: [angry, sad], answer: sad}
      - {trial: likert, part: marked, scales: [{name: strong, text: {en: 'How strong?', de: 'Wie stark?'}}]}
      - trial: questionnaire
        questions:
          - {name: job, kind: text, text: {en: 'Your work?', de: 'Ihre Arbeit?'}}
          - {name: more, kind: long_text, text: {en: 'More?', de: 'Noch etwas?'}, optional: true}
"""
ODD = [
    "& + % \" ; , '",
    "two\nlines",
    "Windows\r\nlines and a bare\rreturn",
    "😀 🇩🇪 👩‍🔬",
    "שלום עולם مرحبا \u202eback\u202c",
    "=cmd()",
    "+49 30 1234",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "a;=1+1",
    "NaN",
    "007",
    "1e5",
    " blanks around ",
    "null\u0000byte",
    "你好，世界",
]


@pytest.fixture
def everything(folder, store):
    """A study with nearly every type of trial: the last two clips belong to the part ``marked``."""
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    (folder / "study.yaml").write_text(text.replace("  - {trial: label}\n", EVERYTHING.lstrip("\n")), encoding="utf-8")
    table = pd.read_csv(folder / "stimuli.csv", dtype=str)
    table.loc[3:, "part"] = "marked"
    table.to_csv(folder / "stimuli.csv", index=False)
    study = studies.load(folder)
    store.open_study(study)
    return study


def _by_type(session, **answers):
    """The open trial's answer among these, by type; a list is used up."""
    found = answers[session.current.type]
    return found.pop(0) if isinstance(found, list) else found


def _through(store, study, **answers):
    (invited,) = store.invite(study)
    session = store.begin(invited.participant, study)
    given = {"consent": {"agreed": True}, "background": BACKGROUND, "training": _heard("sad"), **answers}
    while not session.finished:
        session = store.record(invited.participant, Answered(session.current.position, _by_type(session, **given)))
    return invited.participant


SURE = {**_heard("sad"), "confidence": 4, "arousal": 7, "comment": ""}
MARKED = [
    {**_heard("angry"), "part": "segment", "segments": [[0.05, 0.125], [0.2, 0.3155]]},
    {**_heard("cannot_say"), "part": "none", "segments": []},
]
ASIDE = {
    "attention": {"chosen": "angry"},
    "likert": {**_heard(""), "answers": {"strong": "3"}},
    "questionnaire": {"answers": {"job": "cook"}},
}


def test_what_is_marked_becomes_rows_of_its_own_and_ends_where_the_clip_ends(store, everything):
    person = _through(store, everything, label=SURE, clip=list(MARKED), **ASIDE)
    tables = export.tables(everything, store)
    assert ratings.check(tables) == []
    clips = tables.ratings[tables.ratings["part"] != ""]
    assert clips[["rater", "stimulus", "label", "part"]].to_numpy().tolist() == [
        [person, "003", "angry", "segment"],
        [person, "003", "angry", "segment"],
        [person, "003", "angry", "segment"],
        [person, "004", "cannot_say", "none"],
    ]
    parts = [[a, b] for a, b in clips[["start_s", "end_s"]].to_numpy().tolist() if a == a]
    assert parts == [[0.05, 0.125], [0.2, 0.3]]  # the clip is 0.3 s long


def test_the_whole_clip_as_an_answer_is_a_part_from_its_start_to_its_end(store, everything):
    whole = {**_heard("sad"), "part": "whole", "segments": []}
    _through(store, everything, label=SURE, clip=[whole, MARKED[1]], **ASIDE)
    rows = export.tables(everything, store).ratings
    rows = rows[rows["stimulus"] == "003"]
    assert rows["start_s"].isna().tolist() == [True, False]
    assert rows.iloc[1][["start_s", "end_s", "label", "part"]].tolist() == [0.0, 0.3, "sad", "whole"]


def test_only_ratings_are_ratings_and_planned_repeats_are_counted(store, everything):
    _through(store, everything, label=SURE, clip=list(MARKED), **ASIDE)
    rows = export.tables(everything, store).ratings
    labelled = rows[rows["part"] == ""]
    assert sorted(labelled["stimulus"].value_counts()) == [1, 2]
    again = labelled.groupby("stimulus")["repeat"].agg(list)
    assert sorted(again) == [[""], ["1", "2"]]
    assert set(labelled["confidence"]) == {"4"}
    assert set(labelled["arousal"]) == {"7"}
    assert set(rows["block_name"]) == {"main"}
    shown = export.trials(reading.trials(store, "tones"))
    kind = dict(zip(shown["position"], shown["type"], strict=True))
    assert {kind[position] for position in rows["position"]} == {"label", "clip"}


def test_a_hearing_that_failed_leaves_the_next_one_the_second(store, everything):
    broken = {"label": "", "failed": "media error 4"}
    _through(store, everything, label=[broken, SURE, SURE], clip=list(MARKED), **ASIDE)
    given = export.tables(everything, store).ratings
    drawn = reading.trials(store, "tones", types=["label"])
    first = drawn.iloc[0]["stimulus"]
    wanted = ["2"] if (drawn["stimulus"] == first).sum() == 2 else []
    assert given[(given["stimulus"] == first) & (given["part"] == "")]["repeat"].tolist() == wanted


@pytest.mark.parametrize("odd", ODD)
def test_what_was_typed_comes_back_byte_for_byte(store, everything, tmp_path, odd):
    answers = {**ASIDE, "questionnaire": {"answers": {"job": odd}}}
    _through(store, everything, label={**SURE, "comment": odd}, clip=list(MARKED), **answers)
    export.write(export.export(everything, store).files, tmp_path / "out")
    with (tmp_path / "out" / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["value"] for r in rows if r["field"] == "answers.job"] == [odd]
    assert [r["value"] for r in rows if r["field"] == "comment"] == [odd] * 3
    with (tmp_path / "out" / "ratings.csv").open(encoding="utf-8", newline="") as file:
        assert [r["comment"] for r in csv.DictReader(file) if r["confidence"]] == [odd] * 3
    by_pandas = pd.read_csv(tmp_path / "out" / "answers.csv", dtype=str, keep_default_na=False, na_filter=False)
    if "\0" not in odd:  # where pandas' reader ends a field
        assert by_pandas.loc[by_pandas["field"] == "answers.job", "value"].tolist() == [odd]


def test_a_text_of_blanks_is_no_answer(store, everything):
    answers = {**ASIDE, "questionnaire": {"answers": {"job": "  "}}}
    with pytest.raises(Refused, match="not_answered"):
        _through(store, everything, label=SURE, clip=list(MARKED), **answers)


def test_the_order_really_shown_comes_out_with_all_that_was_set(store, everything):
    person = _through(store, everything, label=SURE, clip=list(MARKED), **ASIDE)
    shown = export.trials(reading.trials(store, "tones"))
    drawn = store.session(person).trials
    assert shown["type"].tolist() == [t.type for t in drawn]
    assert shown["stimulus"].tolist() == [t.stimulus for t in drawn]
    assert shown["state"].tolist() == ["answered"] * (len(drawn) - 1) + ["open"]
    assert [json.loads(p) for p in shown["parameters"]] == [dict(t.parameters) for t in drawn]
    assert shown.set_index("type")["passed"].to_dict()["attention"] == "no"
    assert set(shown.loc[shown["type"] != "attention", "passed"]) == {""}


def test_what_was_said_to_the_consent_comes_out_in_order(store, study):
    person, _ = _listen(store, study, [])
    store.consent(person, study, language="de", agreed=False)
    store.consent(person, study, language="de", agreed=True)
    said = export.consents(reading.consents(store, "tones"))
    assert said[["participant", "text_version", "language", "agreed"]].to_numpy().tolist() == [
        [person, "3", "de", "no"],
        [person, "3", "de", "yes"],
    ]


def test_every_column_of_the_export_stands_in_the_codebook(store, everything):
    _through(store, everything, label=SURE, clip=list(MARKED), **ASIDE)
    files = export.export(everything, store, external_ids=True).files
    book = pd.read_csv(io.BytesIO(files["codebook.csv"]), keep_default_na=False)
    told = set(zip(book["table"], book["column"], strict=True))
    for name, content in files.items():
        table = name.removesuffix(".csv")
        if table != "codebook":
            columns = pd.read_csv(io.BytesIO(content), dtype=str).columns
            assert {(table, column) for column in columns} <= told
    assert not book.duplicated(["table", "column"]).any()
    assert (book["meaning"] != "").all()


def test_copies_for_spreadsheets_hold_no_formula_and_say_so(store, everything, folder, tmp_path, capsys):
    answers = {**ASIDE, "questionnaire": {"answers": {"job": "=1+1", "more": "a;=2 你好"}}}
    _through(store, everything, label={**SURE, "comment": "@a"}, clip=list(MARKED), **answers)
    out = tmp_path / "out"
    assert main("listening_tests", ["export", str(folder), "--out", str(out), "--for-spreadsheets"]) == 0
    assert "apostrophe" in capsys.readouterr().out
    content = (out / "answers.spreadsheet.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    for path in out.glob("*.spreadsheet.csv"):
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(keepends=True)))
        for field in (f for row in rows for f in row):
            assert not field.startswith(("=", "+", "@", "\t"))
            assert ";=" not in field
    assert "'=1+1" in content.decode()
    assert "a;'=2 你好" in content.decode()
    assert ",answers.job,=1+1\n" in (out / "answers.csv").read_text(encoding="utf-8")
    assert "apostrophe" in (out / "codebook.csv").read_text(encoding="utf-8")
    assert main("listening_tests", ["export", str(folder), "--out", str(out)]) == 0
    assert not list(out.glob("*.spreadsheet.csv"))  # of an earlier state of the answers


def test_numbers_stay_numbers_for_spreadsheets():
    assert [defused(text) for text in ("-3.5", "12", "1e-5", "", "so-so", "2026-11-21T09:00:00+00:00")] == [
        "-3.5", "12", "1e-5", "", "so-so", "2026-11-21T09:00:00+00:00",
    ]  # fmt: skip


def test_what_a_service_calls_listeners_is_left_out_unless_asked_for(store, study, folder, tmp_path, capsys):
    code = store.new_join_code(study)
    token = store.join("tones", code, external_id="prolific-5f3")
    person = store.participant("tones", token).participant
    session = store.begin(person, study)
    for answer in [{"agreed": True}, BACKGROUND, _heard("sad"), _heard("sad")]:
        session = store.record(person, Answered(session.current.position, answer))
    assert not any(b"prolific-5f3" in content for content in export.export(study, store).files.values())
    command = ["export", str(folder), "--out", str(tmp_path / "out"), "--with-external-ids"]
    assert main("listening_tests", command) == 0
    assert "as carefully as their names" in capsys.readouterr().out
    assert ratings.read(tmp_path / "out").raters["external_id"].tolist() == ["prolific-5f3"]


def test_the_own_tables_are_named_as_they_are_filled():
    names = [table.name for table in export_tables.OWN]
    assert names == ["trials", "answers", "consents"]
