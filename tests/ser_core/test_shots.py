"""Shots are drawn evenly, nested and of whom they are asked for; noisy copies stand for their clips."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from ser_core import noisy, settings, shots, splits
from ser_core.errors import BadInput
from ser_core.experiment_protocol import shots_words
from ser_core.settings import Task
from ser_core.shots import Shots
from ser_core.splits import SEVERAL, Folds
from tests.ser_core.test_splits import clips, small

LANGUAGES = ("de", "en", "zh")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.concat([clips(6, 3, corpus=f"c{tag}", language=tag) for tag in LANGUAGES], ignore_index=True)


@pytest.fixture(scope="module")
def cut(table) -> Folds:
    return splits.folds(table, small(folds=3))


@pytest.fixture(scope="module")
def tasks(cut, table) -> list[Task]:
    return settings.tasks(cut, table, ["transfer"])


def drawn(tasks: list[Task], table: pd.DataFrame, **how) -> list[Task]:
    return shots.drawn(tasks, table, Shots(**how))[0]


def truths(table: pd.DataFrame, ids: tuple[str, ...]) -> dict[Any, int]:
    return table.set_index("stimulus").loc[list(ids), "truth"].value_counts().to_dict()


def test_every_ordered_pair_of_corpora_is_a_transfer_whatever_the_encoder_was_pretrained_on(cut, table):
    found = settings.tasks(cut, table, ["transfer"], encoder_language="de")
    pairs = {(t.source.corpus, t.target.corpus) for t in found}
    assert pairs == {(f"c{a}", f"c{b}") for a in LANGUAGES for b in LANGUAGES if a != b}
    assert len(found) == 6 * 3


def test_several_sources_are_all_but_the_language_left_out(cut, table):
    [one, *_] = found = settings.tasks(cut, table, ["multi_source"])
    assert {t.source for t in found} == {SEVERAL}
    assert len(found) == 3 * 3
    assert one.target.language == "de"
    spoken = table.set_index("stimulus")["language"]
    assert set(spoken[list(one.train)]) == {"en", "zh"}
    assert len(one.train) == 2 * len(cut.ids(splits.Pool("cen", "en"), 0, "train"))


def test_sources_and_targets_are_those_that_are_named(cut, table):
    found = settings.tasks(cut, table, ["transfer"], sources=["cde"], targets=["cen", "cde"])
    assert {t.name for t in found} == {"cde de -> cen en"}
    with pytest.raises(BadInput, match=r"no clip of a corpus 'cdee'.*cde"):
        settings.tasks(cut, table, ["transfer"], sources=["cdee"])


def test_shots_are_drawn_evenly_from_voices_that_are_not_tested_and_larger_numbers_hold_the_smaller(tasks, table):
    found = drawn(tasks[:1], table, counts=(0, 6, 9, "all"), trials=2)
    assert [(t.shots, t.trial) for t in found] == [("0", 0), ("6", 0), ("6", 1), ("9", 0), ("9", 1), ("all", 0)]
    none, six, other_six, nine, _, every = found
    assert sorted(truths(table, six.own).values()) == [1, 1, 2, 2]
    assert set(six.own) < set(nine.own) < set(every.own) == set(none.unlabelled)
    assert six.own != other_six.own
    voice = table.set_index("stimulus")["speaker"]
    for task in found:
        assert task.test == none.test
        assert task.train == (*none.train, *task.own)
        assert not set(voice[list(task.own)]) & set(voice[list(task.test)])
        assert set(task.unlabelled) | set(task.own) == set(none.unlabelled)
        assert not set(task.unlabelled) & set(task.own)


def test_shots_of_each_emotion_are_as_many_of_each(tasks, table):
    [three] = drawn(tasks[:1], table, counts=(3,), of="emotion")
    assert (three.shots, shots_words(three.shots)) == ("3 each", "3 shots of each emotion")
    assert set(truths(table, three.own).values()) == {3}


def test_shots_of_the_tested_voices_leave_the_same_clips_to_test_at_every_number(tasks, table):
    none, four = drawn(tasks[:1], table, counts=(0, 4), voices="tested")
    assert none.test == four.test
    assert set(four.own) | set(four.test) == set(tasks[0].test)
    assert four.unlabelled == tasks[0].unlabelled


def test_more_shots_than_there_are_clips_are_refused_or_capped_and_said(tasks, table):
    with pytest.raises(BadInput, match=r"cen en: 100 shots are more than a fold has \(6 angry, 6 happy, 6 neutral, 6 sad\)"):
        drawn(tasks[:1], table, counts=(0, 100))
    found, findings = shots.drawn(tasks[:1], table, Shots(counts=(100,), too_few="cap"))
    assert len(found[0].own) == 24
    assert [f.what for f in findings] == [
        "cen en: 100 shots are more than a fold has (6 angry, 6 happy, 6 neutral, 6 sad): all there are were taken"
    ]
    with pytest.raises(BadInput, match="leave no clip of some emotion to test"):
        drawn(tasks[:1], table, counts=(2,), of="emotion", voices="tested")


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ({"counts": ()}, "one or more"),
        ({"counts": (5, 5)}, "each once"),
        ({"counts": (-1,)}, "0 or more, or all, not -1"),
        ({"trials": 0}, "trials must be 1 or more"),
        ({"counts": ("all",), "voices": "tested"}, "none would be left to test"),
    ],
)
def test_shots_that_cannot_be_are_refused(how, what):
    with pytest.raises(BadInput, match=what):
        Shots(**how)


def test_leaving_one_speaker_out_tests_each_once_and_an_emotion_may_be_missing_there(table):
    speakers = table[table["language"] == "de"]
    lacking = speakers[(speakers["speaker"] != "s0") | (speakers["truth"] != "sad")]
    cut = splits.folds(lacking, small(folds="speakers", balance=False, train=400))
    assert cut.count(splits.Pool("cde", "de")) == 6
    tested = cut.rows[cut.rows["part"] == "test"].merge(lacking[["stimulus", "speaker"]], on="stimulus")
    assert tested.groupby("fold")["speaker"].nunique().eq(1).all()
    assert sorted(tested.drop_duplicates("fold")["speaker"]) == [f"s{n}" for n in range(6)]
    with pytest.raises(BadInput, match="is sad"):
        splits.folds(lacking, small(folds="speakers"))
    with pytest.raises(BadInput, match="by must be speaker, not utterance"):
        small(folds="speakers", by="utterance")


def test_a_source_of_fewer_folds_begins_anew_where_one_speaker_is_left_out():
    both = pd.concat([clips(4, 3, corpus="few", language="de"), clips(6, 3, corpus="many", language="en")])
    cut = splits.folds(both, small(folds="speakers"))
    found = settings.tasks(cut, both, ["transfer"], sources=["few"])
    assert [t.fold for t in found] == list(range(6))
    assert found[4].train == found[0].train
    assert found[4].test != found[0].test


def copied(table: pd.DataFrame) -> pd.DataFrame:
    more = {"noise": "park", "snr_db": "10", "noise_of": table["stimulus"], "stimulus": table["stimulus"] + "@park"}
    return table.assign(**more)


def test_with_noise_in_the_test_the_model_is_the_same_and_with_noise_in_both_it_is_another(tasks, table):
    by_condition = noisy.copies_of(copied(table))
    clean, loud = noisy.with_noise(tasks[:1], by_condition, "test")
    assert (clean, loud.condition, loud.train) == (tasks[0], "park 10 dB", clean.train)
    assert loud.test == tuple(f"{id_}@park" for id_ in clean.test)
    _, both = noisy.with_noise(tasks[:1], by_condition, "both")
    assert both.train == tuple(f"{id_}@park" for id_ in clean.train)
    assert both.dev == tuple(f"{id_}@park" for id_ in clean.dev)


def test_one_noise_of_several_for_each_clip_and_babble_for_all_are_two_conditions(table):
    drawn_ = copied(table).assign(noise=["park", "hall"] * (len(table) // 2))
    babble = copied(table).assign(noise="babble", stimulus=table["stimulus"] + "@babble")
    found = noisy.copies_of(pd.concat([drawn_, babble], ignore_index=True))
    assert {name: len(by_clip) for name, by_clip in found.items()} == {
        "mixed 10 dB": len(table),
        "babble 10 dB": len(table),
    }
    every = pd.concat([copied(table).assign(noise=name).iloc[skip:] for skip, name in enumerate(("park", "hall"))])
    lacking = noisy.copies_of(pd.concat([every, babble.iloc[2:]]).assign(stimulus=lambda t: t["stimulus"] + t["noise"]))
    assert set(lacking) == {"park 10 dB", "hall 10 dB", "babble 10 dB"}


def test_clips_without_a_copy_are_counted_and_tables_without_noise_are_refused(tasks, table):
    few = copied(table[table["truth"] != "sad"])
    with pytest.raises(BadInput, match="2 of 8 clips have no copy with park 10 dB"):
        noisy.with_noise(tasks[:1], noisy.copies_of(few), "test")
    with pytest.raises(BadInput, match="lacks noise_of, noise, snr_db"):
        noisy.copies_of(table)
    with pytest.raises(BadInput, match="two copies with park at 10 dB"):
        noisy.copies_of(pd.concat([few, few.assign(stimulus=few["stimulus"] + "2")]))
