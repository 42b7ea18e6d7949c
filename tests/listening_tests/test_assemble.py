"""A described study is drawn from tables: how many, of whom, by what seed, and what is kept from the models."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from listening_tests import assemble as assembling
from listening_tests.assemble import Part, Selection, Units, assemble, draw
from ser_core.cli import main
from ser_core.errors import BadInput
from ser_core.ratings import STIMULI, frame, to_csv

EMOTIONS = {"angry": ["angry"], "sad": ["sad"]}


def clips(*, speakers: str = "abcd", sentences: int = 6, corpus: str = "x", language: str = "de") -> pd.DataFrame:
    """Every speaker says every sentence angrily and sadly; a and c are women."""
    rows = [
        {
            "stimulus": f"{corpus}-{speaker}{sentence}{truth[0]}",
            "sha256": f"{corpus}{speaker}{sentence}{truth}",
            "corpus": corpus,
            "language": language,
            "speaker": speaker,
            "truth": truth,
            "sentence": f"s{sentence}",
            "gender": "female" if speaker in "ac" else "male",
        }
        for speaker in speakers
        for sentence in range(sentences)
        for truth in ("angry", "sad")
    ]
    return frame(STIMULI, pd.DataFrame(rows))


def part(**more: object) -> Part:
    return Part.model_validate(
        {"part": "p", "corpus": "x", "language": "de", "emotions": EMOTIONS, "per_emotion": 3, **more}
    )


def table(folder: Path, data: pd.DataFrame) -> Path:
    path = folder / f"{data['corpus'].iloc[0] or 'none'}.csv"
    path.write_text(to_csv(data), encoding="utf-8")
    return path


# --- one part --------------------------------------------------------------------------------------------------------


def test_speakers_give_each_emotion_as_evenly_as_can_be():
    drawn = draw(clips(), part(per_emotion=6), seed=1)
    assert Counter(drawn["truth"]) == {"angry": 6, "sad": 6}
    for emotion in EMOTIONS:
        each = Counter(drawn.loc[drawn["truth"] == emotion, "speaker"])
        assert sorted(each.values()) == [1, 1, 2, 2]
    assert sorted(Counter(drawn["speaker"]).values()) == [3, 3, 3, 3]


def test_no_value_of_a_column_that_is_to_be_heard_once_is_heard_twice():
    drawn = draw(clips(), part(once=["sentence"]), seed=1)
    assert drawn["sentence"].is_unique
    assert len(drawn) == 6  # all sentences there are: a draw that ran out of them was drawn again


def test_empty_fields_are_not_one_value_that_is_heard_once():
    data = clips()
    data.loc[data["sentence"] != "s1", "sentence"] = ""
    drawn = draw(data, part(once=["sentence"], per_emotion=20), seed=1)
    assert Counter(drawn["sentence"])[""] >= 39


@pytest.mark.parametrize("seed", range(5))
def test_a_part_may_be_of_few_speakers_and_as_many_women_as_men(seed):
    drawn = draw(clips(), part(units=Units(by="speaker", count=2, evenly="gender")), seed=seed)
    assert drawn["speaker"].nunique() == 2
    assert drawn["gender"].nunique() == 2


def test_labels_that_count_as_one_emotion_are_named_so_and_the_corpuss_own_is_kept():
    data = clips(speakers="a").replace({"truth": {"sad": "excited"}})
    drawn = draw(data, part(emotions={"happy": ["excited", "angry"]}, per_emotion=12), seed=1)
    assert set(drawn["truth"]) == {"happy"}
    assert Counter(drawn["truth_of_corpus"]) == {"excited": 6, "angry": 6}


def test_the_draw_depends_on_the_seed_and_not_on_the_order_of_rows_or_on_other_corpora():
    def ids(data: pd.DataFrame, seed: int) -> list[str]:
        return draw(data, part(), seed=seed)["stimulus"].tolist()

    others = pd.concat([clips(corpus="y"), clips().iloc[::-1], clips(language="en", corpus="x2")], ignore_index=True)
    assert ids(clips(), 1) == ids(others, 1)
    assert ids(clips(), 1) != ids(clips(), 2)


def test_only_clips_of_the_wanted_values_are_drawn():
    drawn = draw(clips(), part(where={"speaker": ["b", "d"], "sentence": ["s1", "s2"]}, per_emotion=4), seed=1)
    assert set(drawn["speaker"]) == {"b", "d"}
    assert set(drawn["sentence"]) == {"s1", "s2"}


def test_too_few_clips_are_refused_with_what_was_asked_and_what_there_is():
    with pytest.raises(BadInput) as refused:
        draw(clips(sentences=3), part(per_emotion=4, where={"speaker": ["a"]}, once=["sentence"]), seed=1)
    assert str(refused.value) == (
        "part p: 4 clips of each emotion asked for (speaker a, no sentence twice); there are 3 angry, 3 sad, "
        "3 different values of sentence."
    )


def test_a_part_may_take_what_there_is_but_as_many_of_each_emotion():
    data = clips(speakers="a", sentences=3)
    data = data[data["stimulus"] != "x-a0s"]
    assert Counter(draw(data, part(fewer=True), seed=1)["truth"]) == {"angry": 2, "sad": 2}


@pytest.mark.parametrize("data", [clips(), clips().assign(session="")])
def test_a_column_that_a_table_lacks_or_leaves_empty_is_named_once(data):
    with pytest.raises(BadInput, match="does not tell the session of its clips; make it again") as refused:
        draw(data, part(units=Units(by="session", count=1), apart=["session"]), seed=1)
    assert len(refused.value.problems) == 1


# --- several parts ---------------------------------------------------------------------------------------------------


def selection(*parts: Part) -> Selection:
    return Selection(seed=1, parts=list(parts))


@pytest.mark.parametrize("seed", range(6))
def test_training_shares_no_clip_content_speaker_or_sentence_with_what_is_heard(tmp_path, seed):
    twin = clips(speakers="a", sentences=1).assign(stimulus=["twin1", "twin2"], speaker="z", sentence="s99")
    data = pd.concat([clips(sentences=12), twin], ignore_index=True)
    kept = part(units=Units(by="speaker", count=2), training=True, apart=["speaker", "sentence"], per_emotion=2)
    made = assemble("s", selection(kept), [table(tmp_path, data)], seed=seed)
    for name in ("stimulus", "sha256", "speaker", "sentence"):
        assert not set(made.training[name]) & set(made.heard[name])
    speakers, sentences = set(made.heard["speaker"]), set(made.heard["sentence"])
    tied = data[data["speaker"].isin(speakers) | data["sentence"].isin(sentences)]
    assert set(made.training["sha256"]) == set(data["sha256"]) - set(tied["sha256"])  # nothing is withheld without a reason
    assert "x-a0a: left out, it has the same content as twin1." in made.notes
    reasons = made.excluded.set_index("stimulus")["reason"]
    assert not set(made.training["stimulus"]) & set(reasons.index)
    assert Counter(reasons)["in the study"] == 4
    assert any(reason.startswith("sentence s") for reason in reasons)


def test_a_speaker_of_another_corpus_with_the_same_id_is_another_person(tmp_path):
    heard = part(corpus="y", units=Units(by="speaker", count=1), apart=["speaker"])
    learned = part(part="q", training=True, apart=["speaker"], units=Units(by="speaker", count=1))
    tables = [table(tmp_path, clips(corpus="x")), table(tmp_path, clips(corpus="y"))]
    made = assemble("s", selection(heard, learned), tables, seed=1)
    assert made.training["speaker"].nunique() == 3
    assert set(made.training["corpus"]) == {"x"}


def test_no_clip_is_in_two_parts(tmp_path):
    both = selection(part(per_emotion=12), part(part="q", per_emotion=12))
    made = assemble("s", both, [table(tmp_path, clips())], seed=1)
    assert made.heard["stimulus"].is_unique
    assert Counter(made.heard["part"]) == {"p": 24, "q": 24}


def test_an_optional_part_without_clips_is_left_out_and_told(tmp_path):
    dialect = part(part="dialect", corpus="", language="cmn-x-tianjin", optional=True)
    made = assemble("s", selection(part(), dialect), [table(tmp_path, clips())], seed=1)
    assert made.missing == ("dialect",)
    assert made.notes == ["dialect: no table has its clips (cmn-x-tianjin); the study goes without it."]


def test_every_corpus_that_is_missing_is_told_with_the_command_that_makes_its_table(tmp_path):
    wanted = selection(part(), part(part="q", corpus="emodb"), part(part="r", corpus="ravdess", language="en"))
    with pytest.raises(BadInput) as refused:
        assemble("s", wanted, [table(tmp_path, clips())], seed=1)
    said = [p.what for p in refused.value.problems]
    assert len(said) == 2
    assert "'python -m ser_core index emodb FOLDER --out emodb.csv'" in said[0]
    assert "--stimuli ravdess.csv" in said[1]


def test_a_corpus_under_a_name_like_the_right_one_is_guessed(tmp_path):
    wanted = selection(part(corpus="emodb"), part(part="q"))
    tables = [table(tmp_path, clips()), table(tmp_path, clips(corpus="emo-db", language="cmn-x-tianjin"))]
    any_ = part(part="r", corpus="", language="cmn-x-tianjin", optional=True)
    with pytest.raises(BadInput, match="Did you mean 'emo-db' as its corpus"):
        assemble("s", Selection(seed=1, parts=[*wanted.parts, any_]), tables, seed=1)


def test_a_table_of_another_corpus_and_one_that_is_not_there_are_both_told(tmp_path):
    other = table(tmp_path, clips(corpus="ravdess", language="en"))
    with pytest.raises(BadInput) as refused:
        assemble("s", selection(part()), [table(tmp_path, clips()), other, tmp_path / "gone.csv"], seed=1)
    assert [p.file for p in refused.value.problems] == [other, tmp_path / "gone.csv"]
    assert "holds ravdess in en, which s does not use; it uses x in de" in refused.value.problems[0].what


def test_one_id_in_two_tables_is_refused(tmp_path):
    first = table(tmp_path, clips())
    shutil.copyfile(first, tmp_path / "again.csv")
    with pytest.raises(BadInput, match="stands in another table too"):
        assemble("s", selection(part()), [first, tmp_path / "again.csv"], seed=1)


# --- descriptions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("study", assembling.known())
def test_a_description_is_whole_and_its_timeline_names_its_parts(study):
    folder, found = assembling.described(study)
    assert (folder / "README.md").is_file()
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    for described in found.parts:
        named = f"part: {described.part}\n" in text or described.part == "practice"  # what training hears if nothing is said
        assert named, described.part
        assert (f"# >>> {described.part}\n" in text and f"# <<< {described.part}\n" in text) == described.optional


def test_an_unknown_study_is_guessed(tmp_path, capsys):
    assert main("listening_tests", ["assemble", "han2052", "--stimuli", "x.csv", "--out", str(tmp_path / "s")]) == 2
    assert "Did you mean 'han2025'?" in capsys.readouterr().err


def test_a_description_that_is_wrong_is_told_with_its_line(tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "selection.yaml").write_text("seed: 1\nparts:\n  - part: a\n    language: de\n    emotion: {}\n")
    monkeypatch.setattr(assembling, "STUDIES", tmp_path)
    with pytest.raises(BadInput) as refused:
        assembling.described("mine")
    assert {p.line for p in refused.value.problems} >= {3, 5} or {p.line for p in refused.value.problems} >= {5}
    assert len(refused.value.problems) == 3  # emotion, emotions, per_emotion
