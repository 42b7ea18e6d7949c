"""Listeners who are nobody: they go the way of people, are told from them everywhere, and can be taken out again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from listening_tests import export, reading
from listening_tests import study as studies
from listening_tests.clock import stamp
from listening_tests.session import Answered
from listening_tests.simulate import Crowd, remove, simulate
from ser_core.cli import main
from ser_core.errors import BadInput

QUOTAS = """\
groups:
  - {name: German listeners, native: de, quota: 4}
  - {name: others who know German, who: "native(en) and knows(de)", quota: 2}
only_groups: true
"""


@pytest.fixture
def quotas(folder, store):
    """The study with two groups of which four and two are wanted, and nobody else."""
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    changed = text.replace("groups:\n  - {name: German listeners, native: de}\n", QUOTAS)
    (folder / "study.yaml").write_text(changed, encoding="utf-8")
    study = studies.load(folder)
    store.open_study(study)
    return study


def _people(store):
    return reading.people(store, "tones")


def test_groups_fill_as_their_quotas_want_and_then_are_full(store, quotas):
    simulate(quotas, store, listeners=9, seed=1)
    people = _people(store)
    finished = people[people["finished_at"] != ""]
    assert finished["group"].value_counts().to_dict() == {"German listeners": 4, "others who know German": 2}
    assert people["outcome"].value_counts().to_dict() == {"": 6, "full": 3}


def test_the_places_of_those_who_dropped_out_are_given_again(store, quotas):
    gone = simulate(quotas, store, listeners=6, seed=1, crowd=Crowd(drop_outs=1.0))
    simulate(quotas, store, listeners=6, seed=2)
    people = _people(store).set_index("participant")
    assert not people.loc[gone, "finished_at"].any()
    later = people.drop(gone)
    assert later["finished_at"].all()
    assert sorted(later["place"]) == [0, 0, 1, 1, 2, 3]


def test_nobody_simulated_takes_the_place_of_a_person(store, quotas):
    simulate(quotas, store, listeners=6, seed=1)
    (invited,) = store.invite(quotas)
    session = store.begin(invited.participant, quotas)
    said = {
        "native_languages": "de",
        "dialects": "",
        "proficiency": "en:C",
        "age_band": "25–34",
        "hearing": "hearing_normal",
    }
    for answer in ({"agreed": True}, said):
        session = store.record(invited.participant, Answered(session.current.position, answer))
    assert session.ended == ""
    assert session.current.type == "training"


@pytest.mark.parametrize(("accuracy", "right"), [(1.0, {True}), (0.0, {False})])
def test_they_hear_what_was_meant_as_often_as_asked(store, study, accuracy, right):
    simulate(study, store, listeners=5, seed=1, crowd=Crowd(accuracy=accuracy))
    tables = export.tables(study, store)
    truth = tables.stimuli.set_index("stimulus")["truth"]
    assert set(tables.ratings["label"] == tables.ratings["stimulus"].map(truth)) == right


def test_by_themselves_they_answer_at_random(store, study):
    simulate(study, store, listeners=40, seed=1)
    given = export.tables(study, store).ratings
    counts = given["label"].value_counts()
    assert set(counts.index) == {"angry", "happy", "neutral", "sad", "cannot_say"}
    assert counts.between(15, 50).all()  # 160 answers over five choices: 32 each, within 3.4 standard deviations


def test_whoever_leaves_has_left_long_ago_and_nobody_answers_in_the_future(store, study):
    gone = simulate(study, store, listeners=3, seed=1, crowd=Crowd(drop_outs=1.0))
    stayed = simulate(study, store, listeners=3, seed=2)
    standing = reading.standing(store, "tones").set_index("participant")
    now = stamp(datetime.now(UTC))
    assert (standing["last_at"] < now).all()
    assert standing.loc[gone, "last_at"].max() < standing.loc[stayed, "last_at"].min()
    people = _people(store).set_index("participant")
    assert (people["started_at"] < standing["last_at"].reindex(people.index)).all()
    assert people.loc[gone, "place"].min() >= 0  # they left after the background form


def test_the_same_seed_gives_the_same_listeners_in_a_study_as_empty_as_before(store, study):
    def said():
        rows = export.answers(reading.trials(store, "tones")).drop(columns=["participant", "answered_at"])
        return rows.to_numpy().tolist()

    simulate(study, store, listeners=4, seed=3, crowd=Crowd(0.7, 0.3))
    first = said()
    assert remove("tones", store) == 4
    simulate(study, store, listeners=4, seed=3, crowd=Crowd(0.7, 0.3))
    assert said() == first


def test_simulated_listeners_go_without_a_trace_and_people_stay(store, study):
    (person,) = store.invite(study)
    store.begin(person.participant, study)
    store.consent(person.participant, study, language="en", agreed=True)
    store.record(person.participant, Answered(0, {"agreed": True}))
    simulate(study, store, listeners=3, seed=1)
    assert remove("tones", store) == 3
    assert _people(store)["participant"].tolist() == [person.participant]
    assert set(reading.trials(store, "tones")["participant"]) == {person.participant}
    assert set(reading.consents(store, "tones")["participant"]) == {person.participant}
    assert remove("tones", store) == 0


@pytest.mark.parametrize("crowd", [{"accuracy": 1.5}, {"drop_outs": -0.1}])
def test_a_share_that_is_none_is_refused(crowd):
    with pytest.raises(BadInput, match="a share from 0 to 1"):
        Crowd(**crowd)


def test_the_command_says_who_came_how_far_and_removes_them_again(store, quotas, folder, capsys):
    command = ["simulate", str(folder)]
    assert main("listening_tests", [*command, "--listeners", "8", "--accuracy", "0.8"]) == 0
    assert "8 simulated listeners: 6 finished, 2 full" in capsys.readouterr().out
    assert main("listening_tests", [*command, "--remove"]) == 0
    assert "8 simulated listeners and all their answers are deleted" in capsys.readouterr().out
    assert main("listening_tests", [*command, "--listeners", "1", "--drop-outs", "2"]) == 2
    assert "not 2" in capsys.readouterr().err
