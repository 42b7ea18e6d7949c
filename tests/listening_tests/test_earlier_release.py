"""Sessions that the first release began go on: its tables and its trials, as it wrote them."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import alembic.command
import alembic.config
import pytest
import sqlalchemy as sa

from listening_tests import database, export
from listening_tests.session import Answered
from listening_tests.store import Store
from listening_tests.trial import trial_types

AT = "2025-03-01T10:00:00.000+00:00"
BACKGROUND = {
    "native_languages": "de",
    "dialects": "",
    "proficiency": "en:B",
    "age_band": "25–34",
    "hearing": "hearing_normal",
}
LABELLED = {"label": "sad", "plays": 1, "completions": 1, "coverage_s": 0.3, "response_s": 1.2, "failed": ""}
GIVEN = [{"agreed": True}, BACKGROUND, LABELLED, LABELLED, {**LABELLED, "label": "angry"}]
"""The first answers of a session of the fixture's study, each as the first release kept it."""


@pytest.fixture
def earlier(tmp_path, study):
    """A database of the first release with one session for each number of answers, from none to five."""
    path = tmp_path / "earlier.db"
    engine = sa.create_engine(f"sqlite:///{path}")
    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "0001")
        for n in range(len(GIVEN) + 1):
            _begin(connection, study, n)
    engine.dispose()
    return Store(f"sqlite:///{path}")


def _begin(connection: sa.Connection, study, n: int) -> None:
    def insert(table: str, **row) -> None:
        connection.execute(sa.table(table, *map(sa.column, row)).insert(), row)

    person = f"P{n}"
    token = hashlib.sha256(f"token {n}".encode()).hexdigest()
    about = {"ui_language": "de", "simulated": False, "completion_code": "CODE", "invited_at": AT, "started_at": AT}
    insert("participants", participant=person, study="tones", token_sha256=token, seed=n, study_version="gone", **about)
    hears = {"shuffled": True, "choices": ["angry", "happy", "neutral", "sad"], "cannot_say": True}
    clips = [("consent", "", {}), ("background", "", {}), ("training", "000", {"part": "practice", **hears})]
    clips += [("label", f"00{i}", {"part": "test", **hears}) for i in (3, 1, 4, 2)]
    content = dict(zip(study.stimuli["stimulus"], study.stimuli["sha256"], strict=True)) | {"": ""}
    for position, (kind, clip, parameters) in enumerate([*clips, ("debrief", "", {})]):
        key, block = f"{person}-{position}", min(position, 3)
        named = {"key": key, "sha256": content[clip], "parameters": json.dumps(parameters)}
        insert("trials", participant=person, position=position, type=kind, block=block, stimulus=clip, **named)
    for position, answer in enumerate(GIVEN[:n]):
        insert("answers", participant=person, position=position, answer=json.dumps(answer), answered_at=AT)


@pytest.mark.parametrize("answered", range(len(GIVEN) + 1))
def test_a_session_of_the_first_release_goes_on_at_its_open_trial_to_its_end(store, earlier, study, answered):
    person = f"P{answered}"
    session = earlier.begin(person, study)
    assert session.current is not None
    assert session.current.key == f"{person}-{answered}"
    while not session.finished:
        trial = session.current
        given = trial_types()[trial.type].simulate(trial, random.Random(trial.position))
        session = earlier.record(person, Answered(trial.position, given))
    kept = earlier.read_answers("tones")
    mine = kept[kept["participant"] == person]
    assert mine["position"].tolist() == list(range(7))
    assert mine["answer"].tolist()[:answered] == GIVEN[:answered]
    assert export.export(study, earlier).tables.ratings["rater"].tolist().count(person) == 4


def test_the_background_form_of_the_first_release_asks_for_the_languages_of_the_clips(store, earlier, study):
    assert earlier.session("P1").current.parameters == {"languages": ["de", "en"], "dialects": ["en-scotland"]}


def test_what_the_first_release_set_for_a_trial_stays(store, earlier):
    trial = earlier.session("P3").current
    assert trial.parameters["choices"] == ["angry", "happy", "neutral", "sad"]
    assert trial.parameters["confidence"] is False
    assert trial.parameters["plays"] == {"least": 1, "most": 0, "to_end": True}
