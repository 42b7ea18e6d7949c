"""Folds: no speaker on both sides, emotions alike, the same for the same seed; all that cannot be is said at once."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ser_core import settings as learned
from ser_core import splits
from ser_core.errors import BadInput
from ser_core.ratings import STIMULI, frame
from ser_core.splits import FOUR, Pool, Scheme


def clips(speakers: int = 6, takes: int = 3, *, corpus: str = "c", language: str = "de", emotions=FOUR) -> pd.DataFrame:
    rows = [
        {
            "stimulus": f"{corpus}-{language}-{s}-{e}-{t}",
            "corpus": corpus,
            "language": language,
            "speaker": f"s{s}",
            "truth": e,
        }
        for s in range(speakers)
        for e in emotions
        for t in range(takes)
    ]
    return frame(STIMULI, rows)


def small(**how) -> Scheme:
    return Scheme(**({"train": 40, "dev": 8, "test": 8} | how))


def problems(table: pd.DataFrame, scheme: Scheme) -> list[str]:
    with pytest.raises(BadInput) as bad:
        splits.folds(table, scheme)
    return [p.what for p in bad.value.problems]


@st.composite
def uneven(draw) -> pd.DataFrame:
    """Speakers who gave each emotion once to five times, most emotions many."""
    table = clips(draw(st.integers(5, 12)), 5)
    keep = draw(st.lists(st.integers(1, 5), min_size=12, max_size=12))
    number = table["stimulus"].str.rsplit("-", n=1).str[1].astype(int)
    return table[number < table["speaker"].str[1:].astype(int).map(dict(enumerate(keep)))]


@settings(max_examples=20, deadline=None)
@given(table=uneven(), count=st.integers(3, 5), seed=st.integers(0, 99), dev=st.sampled_from(["own", "test"]))
def test_no_speaker_is_in_training_and_in_test_and_emotions_are_alike(table, count, seed, dev):
    scheme = small(folds=count, seed=seed, dev_speakers=dev)
    if dev == "test":  # a group of one clip per emotion cannot serve two parts
        table = pd.concat([table, clips(12, 2, corpus="c", language="de").assign(stimulus=lambda t: t["stimulus"] + "x")])
    cut = splits.folds(table, scheme)
    speaker, truth = (dict(zip(table["stimulus"], table[name], strict=True)) for name in ("speaker", "truth"))
    tested = set[str]()
    for fold in range(count):
        parts = {part: cut.ids(Pool("c", "de"), fold, part) for part in splits.PARTS}
        voices = {part: {speaker[id_] for id_ in ids} for part, ids in parts.items()}
        assert not voices["train"] & (voices["test"] | voices["dev"])
        assert dev == "test" or not voices["dev"] & voices["test"]
        assert not set(parts["dev"]) & set(parts["test"])
        for part, ids in parts.items():
            counts = pd.Series([truth[id_] for id_ in ids]).value_counts()
            assert set(counts.index) == set(FOUR)
            assert counts.nunique() == 1
            assert len(ids) <= getattr(scheme, part)
        assert not tested & set(parts["test"])
        tested |= set(parts["test"])


def test_folds_do_not_depend_on_the_order_of_rows_nor_on_other_corpora_and_another_seed_gives_others():
    table = clips()
    first = splits.folds(table, small())
    beside = pd.concat([clips(7, corpus="b"), table.sample(frac=1, random_state=1)], ignore_index=True)
    again = splits.folds(beside, small()).rows
    assert again[again["corpus"] == "c"].reset_index(drop=True).equals(first.rows)
    assert not splits.folds(table, small(seed=1)).rows.equals(first.rows)


def test_with_enough_clips_every_part_has_the_size_of_the_paper():
    cut = splits.folds(clips(10, 70), Scheme())
    sizes = cut.rows.groupby(["fold", "part"]).size().unstack()
    assert sizes.to_dict("list") == {"dev": [200] * 5, "test": [200] * 5, "train": [1600] * 5}
    assert cut.findings == ()


def test_parts_that_are_smaller_than_asked_are_told_with_their_sizes():
    found = splits.folds(clips(5, 3), Scheme()).findings
    assert [f.what for f in found] == [
        "c de: train has 36 clips a fold, not 1600",
        "c de: dev has 12 clips a fold, not 200",
        "c de: test has 12 clips a fold, not 200",
    ]


def test_everything_that_cannot_be_split_is_said_at_once():
    rare = clips(6, corpus="rare")
    rare = rare[(rare["truth"] != "sad") | (rare["speaker"] == "s0")]
    table = [clips(1, corpus="one"), clips(4, corpus="four"), clips(6, corpus="no sad", emotions=FOUR[:3]), rare]
    table.append(clips(6, corpus="anonymous").assign(speaker=""))
    said = problems(pd.concat(table, ignore_index=True), small())
    assert [s for s in said if s.startswith("one de: one speaker, and 5 speaker-disjoint folds need 5; split by")]
    assert [s for s in said if s.startswith("four de: 4 speakers") and "take fewer folds, or" in s]
    assert [s for s in said if s.startswith("anonymous de: 72 of 72 clips say no speaker")]
    assert "no sad de has no clip that is sad; it has angry, happy, neutral" in said
    assert (
        len(
            [
                s
                for s in said
                if s.startswith("rare de, fold") and "is sad (1 of 6 speakers are sad at all); take fewer folds" in s
            ]
        )
        == 10
    )
    # one speaker has all of it: it is in the training part of three folds, in one dev and one test part; 10 of 15 lack it


def test_a_single_speaker_is_split_by_utterance_only_where_it_is_asked_for_and_flagged():
    table = pd.concat([clips(1, 20, corpus="one"), clips()], ignore_index=True)
    cut = splits.folds(table, small(by="where_needed"))
    assert cut.by_utterance == {Pool("one", "de")}
    alarm = next(f for f in cut.findings if f.severity == "alarm")
    assert alarm.what.startswith("one de has a single speaker and is split by utterance")
    assert learned.tasks(cut, table, ["mono"])


def test_clips_of_the_same_bytes_are_split_once():
    table = clips()
    table["sha256"] = ["same" if n < 2 else "" for n in range(len(table))]
    cut = splits.folds(table, small())
    assert cut.findings[0].clips == (sorted(table["stimulus"][:2])[1],)
    assert cut.findings[0].clips[0] not in set(cut.rows["stimulus"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"folds": 2}, "folds must be 3 or more"),
        ({"by": "speakers"}, "Did you mean 'speaker'"),
        ({"emotions": ("angry", "sadd")}, "Did you mean 'sad'"),
        ({"emotions": ("sad",)}, "two or more"),
        ({"dev": 3}, "dev must be 4 or more, not 3"),
    ],
)
def test_a_scheme_that_cannot_be_is_refused(wrong, said):
    with pytest.raises(BadInput, match=said):
        Scheme(**wrong)


@pytest.fixture(scope="module")
def three() -> pd.DataFrame:
    return pd.concat([clips(corpus="a"), clips(corpus="b", language="zh"), clips(corpus="d")], ignore_index=True)


def named(table: pd.DataFrame, setting: str, **how) -> list[str]:
    cut = splits.folds(table, small(folds=3))
    return list(dict.fromkeys(t.name for t in learned.tasks(cut, table, [setting], **how)))


def test_settings_join_pools_by_the_language_of_the_encoder(three):
    assert named(three, "mono") == ["a de", "b cmn", "d de"]
    assert named(three, "mono", encoder_language="de") == ["a de", "d de"]
    assert named(three, "trans", encoder_language="zh") == ["a de", "d de"]
    assert named(three, "cross", encoder_language="cmn") == ["b cmn -> a de", "b cmn -> d de"]
    assert named(three, "cross") == ["a de -> b cmn", "b cmn -> a de", "b cmn -> d de", "d de -> b cmn"]


@pytest.mark.parametrize("stops", learned.DEV_FROM)
def test_what_stops_a_cross_lingual_model_comes_from_where_it_is_told(three, stops):
    cut = splits.folds(three, small(folds=3))
    for task in learned.tasks(cut, three, ["cross"], dev_from=stops):
        pool = {"source": task.source, "target": task.target}[stops]
        assert task.dev == cut.ids(pool, task.fold, "dev")
        assert task.train == cut.ids(task.source, task.fold, "train")
        assert task.test == cut.ids(task.target, task.fold, "test")
        assert task.unlabelled == cut.ids(task.target, task.fold, "train")


def test_a_second_stage_learns_in_the_target_and_neither_stage_hears_a_voice_of_the_test(three):
    cut = splits.folds(three, small(folds=3))
    speaker = dict(zip(three["stimulus"], three["corpus"] + three["speaker"], strict=True))
    found = learned.tasks(cut, three, ["two_stage"], dev_from="target", encoder_language="zh")
    assert {t.name for t in found} == {"b cmn -> a de", "b cmn -> d de"}
    for task in found:
        own = tuple(cut.ids(task.target, task.fold, part) for part in splits.PARTS)
        assert (task.then_train, task.then_dev, task.test) == own
        assert task.dev == cut.ids(task.source, task.fold, "dev")  # each stage is stopped where it learns
        assert not {speaker[i] for i in (*task.train, *task.then_train)} & {speaker[i] for i in task.test}


def test_a_voice_of_the_first_stage_in_the_test_of_the_second_is_refused_even_where_the_target_is_split_by_utterance():
    one, many = clips(1, 20, language="en"), clips(6)  # speaker s0 of one corpus speaks both languages
    cut = splits.folds(pd.concat([one, many], ignore_index=True), small(folds=3, by="where_needed"))
    with pytest.raises(BadInput, match=r"^two_stage c de -> c en: speaker 'c s0' is in training and in test, for"):
        learned.tasks(cut, pd.concat([one, many]), ["two_stage"], encoder_language="de")


def test_settings_that_cannot_be_are_refused_together(three):
    cut = splits.folds(three, small(folds=3))
    with pytest.raises(BadInput, match=r"mono needs clips in 'fr'; the clips are in cmn, de\n.*cross needs"):
        learned.tasks(cut, three, ["mono", "cross"], encoder_language="fr")
    with pytest.raises(BadInput, match="trans needs the language that the encoder was pretrained on, and it is not told"):
        learned.tasks(cut, three, ["trans"])
    with pytest.raises(BadInput, match="Did you mean 'cross'"):
        learned.tasks(cut, three, ["cros"])


def test_a_speaker_of_two_languages_is_not_in_training_and_in_test():
    table = pd.concat([clips(), clips(language="en")], ignore_index=True)
    cut = splits.folds(table, small(folds=3))
    speaker = dict(zip(table["stimulus"].tolist(), table["speaker"].tolist(), strict=True))
    german, english = Pool("c", "de"), Pool("c", "en")
    both: set[str] = set()
    for source, target in ((german, english), (english, german)):
        for fold in range(3):
            both |= {speaker[i] for i in cut.ids(source, fold, "train")} & {
                speaker[i] for i in cut.ids(target, fold, "test")
            }
    with pytest.raises(BadInput) as bad:
        learned.tasks(cut, table, ["cross"])
    (said,) = bad.value.problems
    named = ", ".join(f"'c {voice}'" for voice in sorted(both))
    assert said.what.startswith(f"cross c de -> c en: speaker {named} are in training and in test, for")
