"""Fixed parts: SERAB's rule gives the lists that a paper prints; an experiment takes what a table gives."""

from __future__ import annotations

import pandas as pd
import pytest

from ser_core import serab, settings, splits
from ser_core.cli import main
from ser_core.corpora import shemo
from ser_core.errors import BadInput
from ser_core.splits import Pool
from ser_core.stimuli import load
from tests.ser_core import voices
from tests.ser_core.test_splits import clips, problems, small

PRINTED = {  # Agarla et al. 2023, section 4.1
    "EMO-DB": ("09 15 11 16 08 13", "14 10", "03 12"),
    "EMOVO": ("m3 f3 f2", "m1", "f1 m2"),
    "CaFE": ("07 12 05 11 03 09 02", "08 10", "04 01 06"),
    "SAVEE": ("JK KL", "JE", "DC"),
    "TESS": ("YAF", "", "OAF"),
}


@pytest.mark.parametrize("lists", PRINTED.values(), ids=PRINTED)
def test_the_rule_gives_the_printed_lists(lists):
    wanted = {who: part for part, names in zip(splits.PARTS, lists, strict=True) for who in names.split()}
    assert serab.parts(list(wanted)) == wanted


def test_of_24_speakers_14_5_and_5_are_dealt():
    dealt = pd.Series(serab.parts([f"{n:02d}" for n in range(1, 25)])).value_counts().to_dict()
    assert dealt == {"train": 14, "dev": 5, "test": 5}


def test_the_command_writes_the_column_and_says_who_is_on_both_sides(tmp_path, capsys):
    table = voices.table(tmp_path / "c", speakers=[f"M0{n}" for n in range(1, 6)])
    assert main("ser_core", ["split", str(table), "--out", str(tmp_path / "out.csv")]) == 0
    assert "c: 12 train, 4 dev, 4 test\n" in capsys.readouterr().out
    own = load(tmp_path / "out.csv")
    assert own.groupby("speaker")["split"].nunique().eq(1).all()
    assert main("ser_core", ["split", str(table), "--speaker", "truth", "--out", str(tmp_path / "again.csv")]) == 0
    assert "; of 5 speakers there are clips in train and in test" in capsys.readouterr().out
    assert main("ser_core", ["split", str(table), "--speaker", "speakr", "--out", str(tmp_path / "no.csv")]) == 2
    assert "speaker" in capsys.readouterr().err
    with pytest.raises(BadInput, match="no clip to deal"):
        serab.split(clips(1).iloc[:0])


def test_the_published_speaker_of_shemo_is_its_number(tmp_path):
    voices.clip(tmp_path / "male" / "M01A012.wav", "angry")
    assert shemo.index(tmp_path)[["speaker", "serab_speaker"]].values.tolist() == [["M01", "01"]]


GIVEN = small(by="given", train=400, balance=False)


def given(**parts: str) -> pd.DataFrame:
    """Six speakers, each in the part that is told."""
    table = clips(6, 2)
    return table.assign(split=table["speaker"].map(parts).fillna("train"))


def test_given_parts_are_taken_as_they_are_in_one_fold():
    table = given(s4="Validation", s5="test")
    cut = splits.folds(table, GIVEN)
    pool = Pool("c", "de")
    assert cut.count(pool) == 1
    assert cut.findings == ()
    for part, who in (("train", {"s0", "s1", "s2", "s3"}), ("dev", {"s4"}), ("test", {"s5"})):
        assert {id_.split("-")[2] for id_ in cut.ids(pool, 0, part)} == {name[1:] for name in who}
    assert cut.by_utterance == frozenset()


def test_given_parts_that_share_speakers_are_an_alarm():
    table = given(s4="dev").assign(split=lambda t: t["split"].mask(t["stimulus"].str.endswith("-1"), "test"))
    cut = splits.folds(table, GIVEN)
    assert [(f.severity, f.what) for f in cut.findings] == [
        ("alarm", "c de is split as given, and 5 of 6 speakers of the test are in training, too")
    ]
    assert cut.by_utterance == {Pool("c", "de")}


def test_what_is_not_given_is_said():
    assert problems(clips(6), GIVEN) == ["c de: no column 'split' says which clips are train, dev and test"]
    assert problems(given(s5="night", s4="valdiation"), GIVEN) == [
        "c de: 'split' says 'night'. Known: dev, evaluation, test, train, training, val, valid, validation.",
        "c de: 'split' says 'valdiation'. Did you mean 'validation'?",
    ]
    assert "give it one in 'split', or leave the emotion out" in problems(given(s5="dev"), GIVEN)[0]
    undecided = given(s5="test", s3="dev").assign(split=lambda t: t["split"].mask(t["speaker"] == "s0", ""))
    assert [f.what for f in splits.folds(undecided, GIVEN).findings] == [
        "c de: 8 of 48 clips are in no part, and are left out"
    ]
    alone = given(s5="test")
    with pytest.raises(BadInput, match="mono c de: there is no dev clip that could stop a model"):
        settings.tasks(splits.folds(alone, GIVEN), alone, ["mono"])
