"""What a study will be, and how far its listeners have come; counted a second way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import soundfile

from listening_tests import overview, progress, reading
from listening_tests import study as studies
from listening_tests.clock import stamp
from listening_tests.schema import participants
from listening_tests.session import Answered
from listening_tests.simulate import Crowd, simulate
from ser_core.cli import main
from tests.listening_tests.test_export import BACKGROUND, _heard

GROUPS = """\
groups:
  - {name: German listeners, native: de, quota: 5}
  - {name: English listeners, native: en}
"""


def _edit(folder, **changes):
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    return studies.load(folder)


@pytest.fixture
def two(folder, store):
    """The study with two groups; one hears more, and heeds its attention."""
    attention = "  - {trial: attention, count: 2}\n  - {trial: label, only: native(en)}\n  - {trial: debrief}"
    study = _edit(
        folder,
        groups=("groups:\n  - {name: German listeners, native: de}\n", GROUPS),
        timeline=("  - {trial: debrief}", attention),
    )
    store.open_study(study)
    return study


def _answer(store, study, *answers, background=BACKGROUND):
    (invited,) = store.invite(study)
    session = store.begin(invited.participant, study)
    for answer in ({"agreed": True}, background, *answers):
        session = store.record(invited.participant, Answered(session.current.position, answer))
    return invited.participant


def test_what_listeners_of_each_group_get_is_counted_by_hand(two):
    rows = overview.plan(two).set_index("group")
    assert list(rows.index) == ["German listeners", "English listeners", "other listeners"]
    # consent, background, 1 practice, 4 clips, 2 times attention; who grew up with English hears the 4 clips again
    assert rows["trials"].to_dict() == {"German listeners": 9, "English listeners": 13, "other listeners": 9}
    assert set(rows["clips"]) == {5}
    assert rows["wanted"].tolist() == [5, 0, 0]
    seconds = 9 * 0.3 + 13 * overview.PAGE_S
    assert rows.loc["English listeners", ["sound_min", "about_min"]].tolist() == [0.0, round(seconds / 60)]


def test_a_clip_that_must_be_heard_three_times_counts_three_times(folder):
    study = _edit(folder, plays=("{trial: label}", "{trial: label, plays: {least: 3}}"))
    for path in (folder / "clips").iterdir():
        sound, rate = soundfile.read(path)
        soundfile.write(path, list(sound) * 40, rate, subtype="PCM_16")  # 12 s each
    study = studies.load(folder)
    assert overview.plan(study)["sound_min"].tolist() == [pytest.approx((1 + 4 * 3) * 12 / 60, abs=0.05)] * 2


def test_clips_that_stay_softer_than_wanted_are_named(folder, capsys):
    study = _edit(folder, loudness=("timeline:", "loudness: {target_lufs: -5}\ntimeline:"))
    at_the_limit = []
    for clip in study.stimuli.to_dict("records"):
        sound, _ = soundfile.read(folder / clip["file"])
        played_db = 20 * np.log10(np.abs(sound).max()) + clip["gain_db"]
        at_the_limit += [clip["stimulus"]] if played_db > -1.02 else []
    assert 0 < len(at_the_limit) < 5
    assert overview.limited(study) == at_the_limit
    assert main("listening_tests", ["check", str(folder)]) == 0
    assert f"since their peaks leave no room: {at_the_limit[0]}" in capsys.readouterr().out
    soft = _edit(folder, loudness=("target_lufs: -5", "target_lufs: -30"))
    assert overview.limited(soft) == []


def test_everybody_stands_somewhere(store, two):
    store.invite(two)
    under_way = _answer(store, two, _heard("sad"))
    finished = _answer(store, two, *[_heard("sad")] * 5, {"chosen": "angry"}, {"chosen": "angry"})
    opened = store.invite(two)[0].participant
    store.begin(opened, two)
    away = _answer(store, two)
    long_ago = stamp(datetime.now(UTC) - timedelta(hours=30))
    with store.engine.begin() as connection:  # the link was opened, and nothing was answered
        who = participants.c.participant == opened
        connection.execute(participants.update().where(who).values(started_at=long_ago))
        connection.execute(participants.update().where(participants.c.participant == away).values(outcome="failed_check"))
    people = progress.listeners(two, store)
    states = people.set_index("participant")["state"].to_dict()
    assert states.pop(under_way) == "under_way"
    assert states.pop(finished) == "finished"
    assert states.pop(opened) == "dropped_out"
    assert states.pop(away) == "failed_check"
    assert list(states.values()) == ["invited"]
    rows = progress.groups(two, people).set_index("group")
    german = rows.loc["German listeners"]
    assert german[["wanted", "finished", "under_way", "still_wanted", "failed_check"]].tolist() == [5, 1, 1, 3, 1]
    assert rows.loc[progress.UNKNOWN, ["invited", "dropped_out"]].tolist() == [1, 1]
    assert rows.drop(columns=["wanted", "still_wanted"]).to_numpy().sum() == len(people)
    done = people.set_index("participant").loc[finished]
    assert (done["answered"], done["trials"]) == (9, 9)


def test_blocks_are_counted_for_those_who_count(store, two):
    simulate(two, store, listeners=6, seed=1)
    gone = simulate(two, store, listeners=3, seed=2, crowd=Crowd(drop_outs=1.0))
    people = progress.listeners(two, store)
    rows = progress.blocks(two, store, people)
    drawn = reading.trials(store, "tones")
    drawn = drawn[~drawn["participant"].isin(gone)]
    for row in rows.to_dict("records"):
        group = people.loc[people["group"] == row["group"], "participant"]
        mine = drawn[drawn["participant"].isin(group) & (drawn["type"] == row["type"])]
        same = rows[(rows["type"] == row["type"]) & (rows["group"] == row["group"])]
        assert same["trials"].sum() == len(mine)
        assert row["answered"] == row["trials"]
    assert set(rows["type"]) == {"consent", "background", "training", "label", "attention"}
    wide = progress.shares(two, rows)
    assert wide["entry"].tolist() == [0, 1, 2, 3, 4, 5]
    assert list(wide.columns[3:]) == ["German listeners", "English listeners"]
    assert wide["English listeners"].tolist() == [100.0] * 6
    assert wide["German listeners"].isna().tolist() == [False] * 5 + [True]  # nothing was drawn for them there
    assert (rows["type"] == "label").sum() == 3  # two entries, of which one is for those who grew up with English


def test_the_time_of_a_trial_runs_from_the_answer_before_it(store, two):
    simulate(two, store, listeners=5, seed=1)
    people = progress.listeners(two, store)
    took: dict[str, list[float]] = {}
    for person, given in reading.times(store, "tones").groupby("participant"):
        before = people.set_index("participant").loc[person, "started_at"]
        for row in given.to_dict("records"):
            step = datetime.fromisoformat(row["answered_at"]) - datetime.fromisoformat(before)
            took.setdefault(row["type"], []).append(step.total_seconds())
            before = row["answered_at"]
    rows = progress.times(store, "tones", people).set_index("type")
    assert set(rows.index) == set(took)
    for kind, seconds in took.items():
        half = sorted(seconds)
        middle = (half[(len(half) - 1) // 2] + half[len(half) // 2]) / 2
        assert rows.loc[kind, "median_s"] == pytest.approx(middle, abs=0.051)
        assert rows.loc[kind, "answers"] == len(seconds)


def test_failed_checks_are_counted_by_listener(store, two):
    for answers in (["right", "right"], ["right", "wrong"], ["wrong", "wrong"]):
        (invited,) = store.invite(two)
        session = store.begin(invited.participant, two)
        for answer in ({"agreed": True}, BACKGROUND, *[_heard("sad")] * 5):
            session = store.record(invited.participant, Answered(session.current.position, answer))
        for how in answers:
            asked = session.current.parameters
            named = asked["answer"]
            other = next(c for c in asked["choices"] if c != named)
            chosen = named if how == "right" else other
            session = store.record(invited.participant, Answered(session.current.position, {"chosen": chosen}))
    rows = progress.checks(store, "tones", progress.listeners(two, store))
    assert rows.to_numpy().tolist() == [["attention", "German listeners", 3, 1, 1, 1]]


def test_versions_say_who_began_with_which(store, folder, study):
    simulate(study, store, listeners=2, seed=1)
    changed = _edit(folder, title=("Töne", "Die Töne"))
    simulate(changed, store, listeners=3, seed=1, crowd=Crowd(drop_outs=1.0))
    rows = progress.versions(changed, store, progress.listeners(changed, store))
    assert rows[["version", "now", "begun", "finished"]].to_numpy().tolist() == [
        [study.version[:12], "no", 2, 2],
        [changed.version[:12], "yes", 3, 0],
    ]


def test_a_study_that_nobody_was_invited_to_has_empty_tables(store, study):
    people = progress.listeners(study, store)
    assert people.empty
    assert progress.groups(study, people)["finished"].tolist() == [0]
    assert progress.blocks(study, store, people).empty
    assert progress.times(store, "tones", people).empty
    assert progress.checks(store, "tones", people).empty
    assert progress.versions(study, store, people)["begun"].tolist() == [0]


def test_check_makes_no_database_and_tells_of_one_that_is_there(store, study, folder, tmp_path, monkeypatch, capsys):
    simulate(study, store, listeners=2, seed=1)
    assert main("listening_tests", ["check", str(folder)]) == 0
    assert "open; 2 participants (2 of them simulated), 2 have finished" in capsys.readouterr().out
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path / "elsewhere"))
    assert main("listening_tests", ["check", str(folder)]) == 0
    assert "participants" not in capsys.readouterr().out
    assert not (tmp_path / "elsewhere").exists()
