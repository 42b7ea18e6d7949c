"""Ratings that are read as numbers are the ratings that are read row by row, and what is wrong is told alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core import choices, ratings
from ser_core.coded import coded
from ser_core.errors import BadInput
from ser_core.lazy_tables import Choices, Together, columns, different, rows_at
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, combine, frame, read

STIMULI_CSV = "stimulus,language,duration_s,truth\na,de,2,sad\nb,zh,2,angry\nc,de,,\n"
RATERS_CSV = "rater,rater_type,group\n007,human,DE\n7,human,DE\nm,machine,model\n"
HEADER = "rater,stimulus,start_s,end_s,label,weight,repeat,confidence,block_name"
PLAIN = ("007,a,,,sad,1,,5,first", '7,b,,,angry,1.0,,2,"one, two"', "007,b,,,cannot_say,1,,,first", "7,a,,,sad,1e0,2,1,nan")
CHOICES = {
    "choices": PLAIN,
    "one choice": PLAIN[:1],
    "a clip heard again": (*PLAIN, "7,a,,,happy,1,1,,"),
    "a line break and quotes": (*PLAIN, '7,c,,,calm,1,,,"so ""it"" \n is"'),
    "a byte order mark": ("\ufeff", *PLAIN),
}
ROWS = {
    "a posterior": (*PLAIN, "m,a,,,sad,0.75,,,", "m,a,,,angry,0.25,,,"),
    "a part": (*PLAIN, "7,c,0.5,1,calm,1,,,"),
    "nothing": (),
}
WRONG = {
    "an unknown label": (*PLAIN, "7,c,,,glad,1,,,"),
    "a rater nobody knows": (*PLAIN, "8,c,,,sad,1,,,"),
    "a clip nobody knows": (*PLAIN, "7,d,,,sad,1,,,"),
    "no rater": (*PLAIN, ",c,,,sad,1,,,"),
    "no label": (*PLAIN, "7,c,,,,1,,,"),
    "no weight": (*PLAIN, "7,c,,,sad,,,,"),
    "a weight in words": (*PLAIN, "7,c,,,sad,one,,,"),
    "a weight without end": (*PLAIN, "7,c,,,sad,inf,,,"),
    "a weight above 1": (*PLAIN, "7,c,,,sad,2,,,"),
    "half of a choice": (*PLAIN, "7,c,,,sad,0.5,,,"),
    "a row twice": (*PLAIN, PLAIN[0]),
    "two labels of one clip": (*PLAIN, "007,a,,,happy,1,,,"),
    "a start without an end": (*PLAIN, "7,c,0.5,,calm,1,,,"),
    "a time in words": (*PLAIN, "7,c,early,late,calm,1,,,"),
    "a row of too few fields": (*PLAIN, "7,c,,,sad"),
    "a row of too many fields": (*PLAIN, "7,c,,,sad,1,,,,,"),
    "a latin letter": (*PLAIN, "7,c,,,sad,1,,,\udce9t\udce9"),
}


def written(folder: Path, rows: tuple[str, ...], header: str = HEADER) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stimuli.csv").write_text(STIMULI_CSV, encoding="utf-8")
    (folder / "raters.csv").write_text(RATERS_CSV, encoding="utf-8")
    mark = rows[:1] == ("\ufeff",)
    text = "\n".join([header, *rows[mark:]]) + "\n"
    (folder / "ratings.csv").write_bytes((rows[0] if mark else "").encode() + text.encode("utf-8", "surrogateescape"))
    return folder


def by_row(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Tables:
    with monkeypatch.context() as without:
        without.setattr(choices, "read", lambda *_: None)
        return read(folder)


def same(found: Tables, expected: Tables) -> None:
    """All texts, and all numbers that stand for them."""
    assert columns(found) == list(expected.ratings)
    for name in expected.ratings.columns.difference(RATINGS.numbers):
        code, known = different(found, name)
        assert known[code].tolist() == expected.ratings[name].tolist()
        assert sorted(known) == sorted(set(expected.ratings[name]))
    some = np.array([len(expected.ratings) - 1, 0])
    pd.testing.assert_frame_equal(rows_at(found, some), expected.ratings.iloc[some])
    numbers, words = coded(found), coded(expected)
    assert numbers.labels == words.labels
    for name in ("rater", "clip", "label", "weight", "whole"):
        assert getattr(numbers, name).tolist() == getattr(words, name).tolist()
    assert pd.factorize(numbers.repeat)[0].tolist() == words.repeat.tolist()
    for name in ("stimuli", "raters", "ratings"):  # texts last, for numbers must do without them
        pd.testing.assert_frame_equal(getattr(found, name), getattr(expected, name))


@pytest.mark.parametrize("kind", CHOICES)
def test_choices_are_what_is_read_row_by_row(kind, tmp_path, monkeypatch):
    folder = written(tmp_path, CHOICES[kind])
    found = read(folder)
    assert isinstance(found, Choices)
    same(found, by_row(folder, monkeypatch))


def test_columns_come_in_the_order_of_every_table_whatever_the_order_in_the_file(tmp_path, monkeypatch):
    folder = written(tmp_path, ("1,fine,a,sad,007", "1,,b,sad,007"), header="weight,mood,stimulus,label,rater")
    found = read(folder)
    assert isinstance(found, Choices)
    same(found, by_row(folder, monkeypatch))


@pytest.mark.parametrize("kind", ROWS)
def test_what_is_no_choice_is_read_row_by_row(kind, tmp_path, monkeypatch):
    folder = written(tmp_path, ROWS[kind])
    found = read(folder)
    assert not isinstance(found, Choices)
    pd.testing.assert_frame_equal(found.ratings, by_row(folder, monkeypatch).ratings)


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_is_told_with_its_line_as_ever(kind, tmp_path, monkeypatch):
    folder = written(tmp_path, WRONG[kind])
    with pytest.raises(BadInput) as found:
        read(folder)
    with pytest.raises(BadInput) as expected:
        by_row(folder, monkeypatch)
    assert [str(problem) for problem in found.value.problems] == [str(problem) for problem in expected.value.problems]
    assert "ratings.csv:" in str(found.value)


def test_people_and_models_together_are_their_rows_one_after_the_other(tmp_path):
    people = read(written(tmp_path / "people", PLAIN))
    models = read(written(tmp_path / "models", ("m,a,,,sad,0.75,,,", "m,a,,,angry,0.25,,,", "m,c,0.5,1,calm,1,,,")))
    only_models = models.raters["rater"] == "m"
    parts = [
        Tables(people.stimuli, people.raters[~only_models].reset_index(drop=True), people.ratings),
        Tables(models.stimuli, models.raters[only_models].reset_index(drop=True), models.ratings.assign(mood="fine")),
    ]
    both = combine([Together(parts[0].stimuli, parts[0].raters, parts[:1]), parts[1]])
    assert isinstance(both, Together)
    rows = frame(RATINGS, pd.concat([part.ratings for part in parts], ignore_index=True))
    expected = Tables(both.stimuli, frame(RATERS, pd.concat([part.raters for part in parts], ignore_index=True)), rows)
    same(both, expected)


def test_a_part_that_ends_after_the_other_folders_clip_is_still_refused():
    def tables(rater: str, length: float, end_s: float) -> Tables:
        clip = {"stimulus": "a", "language": "de", "truth": "sad", "duration_s": length}
        part = {"rater": rater, "stimulus": "a", "label": "sad", "weight": 1, "start_s": 0.0, "end_s": end_s}
        person = {"rater": rater, "rater_type": "human"}
        return Tables(frame(STIMULI, [clip]), frame(RATERS, [person]), frame(RATINGS, [part]))

    with pytest.raises(BadInput, match=r"row 2: .*ends at 3 s|ends at 3 s"):
        combine([tables("p", 2.0, 1.0), tables("q", 4.0, 3.0)])
    assert len(ratings.combine([tables("p", 4.0, 1.0), tables("q", 4.0, 3.0)]).ratings) == 2
