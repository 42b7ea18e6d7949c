"""People's answers become the three tables, and nothing of theirs is lost or doubled on the way."""

from __future__ import annotations

import pytest

from listening_tests import export
from listening_tests import study as studies
from listening_tests.session import Answered, Refused
from listening_tests.simulate import simulate
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
    (invited,) = store.invite(study)
    session = store.begin(invited.participant, study)
    for trial, answer in zip(session.trials, [{"agreed": True}, background, *answers], strict=False):
        store.record(invited.participant, Answered(trial.position, answer))
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
    assert set(store.progress(study)["simulated"]) == {"yes"}
    assert len(tables.ratings) == 5 * 4
    ratings.write(tables, tmp_path / "out")
    assert len(ratings.read(tmp_path / "out").ratings) == 20


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
    for table in ("stimuli", "raters", "ratings", "codebook"):
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
