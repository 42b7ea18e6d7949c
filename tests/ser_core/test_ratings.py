"""The three tables come back as they were written, and everything wrong with them is said with its line."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ser_core.errors import BadInput
from ser_core.ratings import (
    RATERS,
    RATINGS,
    STIMULI,
    TABLES,
    Tables,
    check,
    codebook,
    combine,
    decide,
    frame,
    join,
    read,
    read_all,
    read_table,
    relation,
    to_csv,
    write,
)

ODD_IDS = [
    "007", "2_493.01", "nan", "NaN", "no", "null", "None", "NA", "1e5", "0x1F", "TRUE", "1.0", "-0", "2024-01-01",
    " leading", "trailing ", 'a "quoted" id', '"', "a,b", "a;b", "two\nlines", "two\r\nlines", "a\rb", "tab\tin",
    "日本語", "😀", "עברית", "é", "e\u0301", "#N/A", "'", "\\n", "=1+1", "\u00a0", "\ufeff", "a\u2028b", "-", "inf",
]  # fmt: skip


def tables(ids=("a", "b"), *, rater="r1"):
    return Tables(
        frame(STIMULI, [{"stimulus": i, "language": "de", "truth": "sad", "duration_s": 2.5} for i in ids]),
        frame(RATERS, [{"rater": rater, "rater_type": "human", "group": "DE"}]),
        frame(RATINGS, [{"rater": rater, "stimulus": i, "label": "sad", "weight": 1} for i in ids]),
    )


def same(one: Tables, other: Tables) -> None:
    for a, b in ((getattr(one, name), getattr(other, name)) for name in ("stimuli", "raters", "ratings")):
        pd.testing.assert_frame_equal(a, b)


def problems(make) -> list[str]:
    with pytest.raises(BadInput) as bad:
        make()
    return [str(problem) for problem in bad.value.problems]


def csv_file(folder, table, text):
    path = folder / f"{table.name}.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# --- there and back ---


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_odd_ids_come_back_byte_for_byte(tmp_path, form):
    write(tables(ODD_IDS), tmp_path, form=form)
    assert read(tmp_path).stimuli["stimulus"].tolist() == ODD_IDS
    assert read(tmp_path).ratings["stimulus"].tolist() == ODD_IDS
    same(read(tmp_path), tables(ODD_IDS))


text_ids = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=12)


@settings(max_examples=25, deadline=None)
@given(
    ids=st.lists(text_ids, min_size=1, max_size=12, unique=True), rater=text_ids, form=st.sampled_from(["csv", "parquet"])
)
def test_any_text_is_an_id(tmp_path_factory, ids, rater, form):
    folder = tmp_path_factory.mktemp("any")
    write(tables(ids, rater=rater), folder, form=form)
    same(read(folder), tables(ids, rater=rater))


@settings(max_examples=15, deadline=None)
@given(numbers=st.lists(st.tuples(st.floats(0.001, 1e6), st.floats(0, 1)), min_size=1, max_size=12))
def test_numbers_keep_every_digit(tmp_path_factory, numbers):
    ids = [f"c{n}" for n in range(len(numbers))]
    made = tables(ids)
    made.stimuli["duration_s"] = [value for value, _ in numbers]
    both = [
        {"rater": "r1", "stimulus": id_, "label": label, "weight": share}
        for id_, (_, weight) in zip(ids, numbers, strict=True)
        for label, share in (("sad", weight), ("angry", 1 - weight))
    ]
    made = Tables(made.stimuli, made.raters, frame(RATINGS, both))
    folder = tmp_path_factory.mktemp("digits")
    write(made, folder)
    same(read(folder), made)


def test_a_label_like_nan_in_a_further_column_stays_text(tmp_path):
    made = tables()
    made.stimuli["note"] = ["nan", ""]
    write(made, tmp_path)
    assert read(tmp_path).stimuli["note"].tolist() == ["nan", ""]


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path):
    path = csv_file(tmp_path, RATERS, "\ufeffrater,rater_type\n007,human\n")
    assert read_table(path, RATERS)["rater"].tolist() == ["007"]


def test_line_ends_of_windows_are_read(tmp_path):
    path = csv_file(tmp_path, RATERS, "rater,rater_type\r\n007,human\r\n008,human\r\n")
    assert read_table(path, RATERS)["rater_type"].tolist() == ["human", "human"]


def test_a_header_alone_is_an_empty_table(tmp_path):
    assert len(read_table(csv_file(tmp_path, RATERS, "rater,rater_type\n"), RATERS)) == 0


def test_writing_the_other_form_removes_the_first_and_leaves_nothing_half_done(tmp_path):
    write(tables(), tmp_path)
    write(tables(), tmp_path, form="parquet")
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["codebook.csv", "raters.parquet", "ratings.parquet", "stimuli.parquet"]


def test_wrong_tables_are_not_written(tmp_path):
    made = tables(["a", "a"])
    assert any("duplicate row: stimulus 'a'" in p for p in problems(lambda: write(made, tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_the_codebook_explains_every_column():
    assert len(codebook()) == sum(len(t.columns) for t in TABLES)
    assert (codebook()["meaning"] != "").all()


def test_the_order_of_rows_and_columns_is_kept_and_csv_ends_lines_with_a_line_feed():
    assert to_csv(frame(RATERS, [{"rater": "b", "extra": "1"}, {"rater": "a"}])).split("\n")[1:] == [
        "b" + "," * 14 + ",1",
        "a" + "," * 14 + ",",
        "",
    ]


# --- files that cannot be read ---


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ("rater;rater_type\n1;human\n", "columns are parted by semicolons", 1),
        ("rater\trater_type\n1\thuman\n", "columns are parted by tabs", 1),
        (b"rater,rater_type\nJ\xfcrgen,human\n", "is not UTF-8", 2),
        ("rater,rater_type\nJürgen,human\n".encode("utf-16"), "is not UTF-8", 1),
        (b"rater,rater_type,Gr\xf6\xdfe\n1,human,2\n", "is not UTF-8", 1),
        ("rater,rater,rater_type\n1,2,human\n", "column 'rater' stands twice", 1),
        ("rater\n1\n", "column 'rater_type' is missing", 1),
        ("", "the file is empty", 1),
        ("rater,rater_type\n1,human,more\n", "3 fields where the header names 2", 2),
        ("rater,rater_type\n1,human\n2\n", "1 fields where the header names 2", 3),
        ('rater,rater_type\n"a\nb",human\n2\n', "1 fields where the header names 2", 4),
        ("rater,rater_type\n1,human\n\n2,human,\n", "3 fields where the header names 2", 4),
        ('rater,rater_type\n"never closed,human\n', "1 fields where the header names 2", 2),
        ('"rater,rater_type\n' + "x" * 140_000, "is a quote never closed?", 1),
    ],
)
def test_a_file_that_cannot_be_read_says_what_and_where(tmp_path, text, says, line):
    path = csv_file(tmp_path, RATERS, text)
    with pytest.raises(BadInput) as bad:
        read_table(path, RATERS)
    problem = bad.value.problems[0]
    assert says in problem.what
    assert (problem.file, problem.line) == (path, line)


def test_every_row_with_a_wrong_number_of_fields_is_listed(tmp_path):
    path = csv_file(tmp_path, RATERS, "rater,rater_type\n1\n2,human\n3,human,x\n")
    with pytest.raises(BadInput) as bad:
        read_table(path, RATERS)
    assert [p.line for p in bad.value.problems] == [2, 4]


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.bool_()])
def test_ids_stored_as_numbers_in_parquet_are_refused(tmp_path, kind):
    path = tmp_path / "raters.parquet"
    pq.write_table(pa.table({"rater": pa.array([1, 0]).cast(kind), "rater_type": ["human", "human"]}), path)
    (said,) = problems(lambda: read_table(path, RATERS))
    assert "column 'rater' is of type" in said
    assert "007 becomes 7" in said


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (
            "start,end_s",
            "column 'start_s' is missing (start of the rated part in seconds; empty = the whole clip); is it 'start'?",
        ),
        ("start_s,end_ms", "is it 'end_ms'?"),
        (
            "start_s",
            "column 'end_s' is missing (end of the rated part in seconds; empty = the whole clip), and the times go",
        ),
    ],
)
def test_times_of_another_name_are_asked_for_and_no_part_is_read_as_its_clip(tmp_path, columns, says):
    path = csv_file(tmp_path, RATINGS, f"rater,stimulus,label,weight,{columns}\np,a,sad,1{',1' * len(columns.split(','))}\n")
    (said,) = problems(lambda: read_table(path, RATINGS))
    assert says in said


@pytest.mark.parametrize("kind", [pa.duration("ms"), pa.time32("ms"), pa.list_(pa.float64())])
def test_times_that_are_no_numbers_in_parquet_are_one_problem(tmp_path, kind):
    path = tmp_path / "ratings.parquet"
    text = pa.array(["p", "p"])
    times = pa.nulls(2).cast(kind)
    pq.write_table(
        pa.table({"rater": text, "stimulus": text, "label": text, "weight": [1, 1], "start_s": times, "end_s": [1, 2]}), path
    )
    (said,) = problems(lambda: read_table(path, RATINGS))
    assert "column 'start_s' is of type" in said
    assert "store it as a number, times in seconds" in said


def test_further_columns_of_any_type_and_texts_that_are_all_missing_are_read_as_text_from_parquet(tmp_path):
    columns = {
        "stimulus": ["a", "b"], "language": ["de", "de"], "truth": pa.nulls(2), "duration_s": pa.nulls(2),
        "take": pa.array([1, None]), "level_db": [0.5, -3.0], "loud": [True, False], "note": pa.nulls(2),
        "emotion": pa.array(["x", None]).dictionary_encode(), "words": pa.array([["a"], []]),
    }  # fmt: skip
    pq.write_table(pa.table(columns), tmp_path / "stimuli.parquet")
    found = read_table(tmp_path / "stimuli.parquet", STIMULI)
    assert found["truth"].tolist() == found["note"].tolist() == ["", ""]
    assert found["duration_s"].isna().all()
    told = {name: found[name].tolist() for name in ("take", "level_db", "loud", "emotion", "words")}
    assert told == {
        "take": ["1", ""], "level_db": ["0.5", "-3.0"], "loud": ["True", "False"], "emotion": ["x", ""],
        "words": ["['a']", "[]"],
    }  # fmt: skip


def test_an_id_that_pandas_keeps_as_its_index_is_read_as_the_column_it_is(tmp_path):
    made = tables().stimuli
    made.set_index("stimulus").to_parquet(tmp_path / "stimuli.parquet")
    assert read_table(tmp_path / "stimuli.parquet", STIMULI)["stimulus"].tolist() == ["a", "b"]
    made.set_index(pd.Index([7, 3])).to_parquet(tmp_path / "stimuli.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "stimuli.parquet", STIMULI), made)


def test_an_id_that_is_missing_throughout_is_empty_and_said_so(tmp_path):
    pq.write_table(pa.table({"rater": pa.nulls(1), "rater_type": ["human"]}), tmp_path / "raters.parquet")
    (said,) = problems(lambda: read_table(tmp_path / "raters.parquet", RATERS))
    assert "row 1: 'rater' is empty" in said


def test_a_file_that_only_is_called_parquet_is_refused(tmp_path):
    (tmp_path / "raters.parquet").write_bytes(b"rater,rater_type\n")
    assert "cannot be read as Parquet" in problems(lambda: read_table(tmp_path / "raters.parquet", RATERS))[0]


def test_parquet_problems_name_the_row(tmp_path):
    path = tmp_path / "raters.parquet"
    pq.write_table(pa.table({"rater": ["a", "b"], "rater_type": ["human", "robot"]}), path)
    (said,) = problems(lambda: read_table(path, RATERS))
    assert "row 2: unknown rater_type 'robot'" in said


def test_a_folder_without_tables_and_one_with_two_forms_are_refused(tmp_path):
    assert len(problems(lambda: read(tmp_path))) == 3
    write(tables(), tmp_path)
    tables().raters.to_parquet(tmp_path / "raters.parquet")
    assert "keep the one that is right" in problems(lambda: read(tmp_path))[0]


# --- rows that are wrong ---

STIMULI_HEADER = "stimulus,language,truth,duration_s,truth_start_s,truth_end_s\n"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("a,de,sadd,,,", "unknown emotion 'sadd'. Did you mean 'sad'?"),
        ("a,de,cannot_say,,,", "unknown emotion 'cannot_say'"),
        ("a,German,sad,,,", "'German' is not a BCP 47 language tag"),
        (",de,sad,,,", "'stimulus' is empty"),
        ("a,,sad,,,", "'language' is empty"),
        ("a,de,sad,0,,", "'duration_s' must be more than 0"),
        ("a,de,sad,long,,", "'duration_s' is not a number: 'long'"),
        ("a,de,sad,inf,,", "'duration_s' is not a number: 'inf'"),
        ("a,de,sad,2,0.5,", "go together; one is empty"),
        ("a,de,sad,2,1,0.5", "a part from 1 s to 0.5 s is not possible"),
        ("a,de,sad,2,-1,0.5", "a part from -1 s to 0.5 s is not possible"),
        ("a,de,sad,2,1,2.5", "a part ends at 2.5 s, after its clip ends (2 s)"),
        ("ok,de,sad,,,", "duplicate row: stimulus 'ok' stands above already"),
    ],
)
def test_a_wrong_stimulus_is_named_with_its_line_even_after_fields_of_many_lines(tmp_path, row, says):
    path = csv_file(tmp_path, STIMULI, STIMULI_HEADER + 'ok,de,sad,,,\n"of\nthree\nlines",de,sad,,,\n\n' + row + "\n")
    with pytest.raises(BadInput) as bad:
        read_table(path, STIMULI)
    (problem,) = bad.value.problems
    assert says in problem.what
    assert problem.line == 7


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("rater_type", "people", "unknown rater_type 'people'"),
        ("setting", "monolingual", "unknown setting 'monolingual'. Known: cross, mono, multi_source, "),
        ("native_languages", "de German", "'native_languages' holds 'German'"),
        ("proficiency", "English:C1", "'proficiency' holds 'English:C1'"),
    ],
)
def test_a_wrong_rater_is_named(column, value, says):
    made = tables()
    made.raters[column] = value
    (said,) = map(str, check(made))
    assert said.startswith("raters:1: ")
    assert says in said


@pytest.mark.parametrize(("human", "machine"), [("DE", "DE"), ("machine", ""), ("", "human")])
def test_a_group_of_people_and_models_alike_is_refused_once_and_named_with_both_types(human, machine):
    made = tables()
    rows = [
        {"rater": "p1", "rater_type": "human", "group": human}, {"rater": "r1", "rater_type": "human", "group": human},
        {"rater": "m1", "rater_type": "machine", "group": machine},
        {"rater": "m2", "rater_type": "machine", "group": machine},
    ]  # fmt: skip
    (said,) = map(str, check(Tables(made.stimuli, frame(RATERS, rows), made.ratings)))
    assert said.startswith(f"raters:3: group '{human or machine}' holds a machine rater here and a human one above")


def test_two_types_may_both_have_no_group_and_truth_may_share_a_name():
    made = tables()
    rows = [
        {"rater": "r1", "rater_type": "human"}, {"rater": "m1", "rater_type": "machine"},
        {"rater": "t1", "rater_type": "truth", "group": "human"},
    ]  # fmt: skip
    assert check(Tables(made.stimuli, frame(RATERS, rows), made.ratings)) == []


def rating(**more):
    return {"rater": "r1", "stimulus": "a", "label": "sad", "weight": 1, **more}


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([rating(label="glad")], "unknown label 'glad'"),
        ([rating(weight=1.5)], "'weight' must lie between 0 and 1, not 1.5"),
        ([rating(weight=-0.1)], "'weight' must lie between 0 and 1"),
        ([rating(weight=None)], "'weight' is empty"),
        ([rating(rater="r2")], "unknown rater 'r2'; the rater table does not hold it"),
        ([rating(stimulus="c")], "unknown stimulus 'c'"),
        ([rating(start_s=1)], "'start_s' and 'end_s' go together"),
        ([rating(start_s=2, end_s=1)], "a part from 2 s to 1 s is not possible"),
        ([rating(start_s=1, end_s=2.6)], "a part ends at 2.6 s, after its clip ends (2.5 s)"),
        ([rating(), rating()], "duplicate row"),
        ([rating(weight=0.6), rating(label="angry", weight=0.5)], "sum to 1.1, not 1"),
        ([rating(weight=0.9)], "sum to 0.9, not 1"),
        ([rating(), rating(label="happy")], "sum to 2, not 1"),
    ],
)
def test_a_wrong_rating_is_named(rows, says):
    made = tables()
    assert any(says in str(p) for p in check(Tables(made.stimuli, made.raters, frame(RATINGS, rows))))


def part(start_s, end_s, **more):
    return rating(start_s=start_s, end_s=end_s, **more)


@pytest.mark.parametrize(
    ("rows", "line", "says"),
    [
        ([part(0.5, 0.5)], 1, "a part from 0.5 s to 0.5 s is not possible"),
        ([part(-0.1, 1)], 1, "a part from -0.1 s to 1 s is not possible"),
        ([part(100, 2100)], 1, "a part ends at 2100 s, after its clip ends (2.5 s); are these milliseconds?"),
        ([part(0, 1, label="glad")], 1, "unknown label 'glad'"),
        ([part(1, 2), part(0, 1.5)], 1, "'sad' in stimulus 'a' from 1 s, where an earlier row's part of the same label"),
        ([part(1, 1.2), part(0.5, 0.7), part(0.6, 0.65), part(0.75, 0.8)], 3, "has not ended (0.7 s)"),
        ([rating(), part(0, 1)], 1, "a label of the whole clip here, and a part of it in another row"),
        ([part(0, 1), rating(label="happy")], 2, "a label of the whole clip here"),
        ([part(0, 1, part="none"), rating(part="none")], 2, "'none' (no single part) here, and a part of the clip"),
        ([rating(part="whole"), part(0, 2.2, part="whole")], 2, "but the part is from 0 s to 2.2 s of 2.5 s"),
        ([part(0, 1, part="none")], 1, "'none' (no single part) and a part of the clip in one row"),
        ([rating(part="segment"), part(0, 1, part="none")], 2, "'none' (no single part) and a part of the clip in one row"),
        ([rating(part="Whole ")], 1, "'part' holds 'Whole '; write 'whole'"),
        (
            [rating(part="whole"), part(0, 1, part="segment")],
            2,
            "kind 'segment' here, and of the kind 'whole' in a row above",
        ),
        (
            [part(0, 1), rating(part="whole")],
            2,
            "a marking of the kind 'whole' here, and of the kind 'segment' in a row above",
        ),
        ([part(0, 2, label="neutral"), part(1, 2.5)], 2, "where an earlier row's neutral or cannot_say has not ended (2 s)"),
        ([part(0, 2), part(1, 2.5, label="cannot_say")], 2, "where an earlier row's other label has not ended (2 s)"),
    ],
)
def test_a_part_that_cannot_be_is_named_with_its_row(rows, line, says):
    made = tables()
    problems = check(Tables(made.stimuli, made.raters, frame(RATINGS, pd.DataFrame(rows))))
    assert [p.line for p in problems] == [line]
    assert says in problems[0].what


def test_parts_of_any_number_of_emotions_may_touch_and_overlap():
    rows = [
        rating(part="segment"),
        part(0, 1.5, part="segment"),
        part(1.5 - 1e-9, 2, part="segment"),
        part(0, 1.5, label="angry", part="segment"),
        part(1, 2.5, label="happy", part="segment"),
        rating(repeat="2", part="whole"),
        part(0, 2.5, repeat="2", part="whole"),
        rating(repeat="3", part="none"),
        part(0, 1, repeat="4", weight=0.6),
        part(0, 1, repeat="4", label="neutral", weight=0.4),
    ]
    made = tables()
    assert check(Tables(made.stimuli, made.raters, frame(RATINGS, pd.DataFrame(rows)))) == []


def test_a_place_in_time_of_an_unknown_emotion_is_named():
    made = tables()
    made.stimuli.loc[0, ["truth_start_s", "truth_end_s"]] = [0.5, 1.0]
    made.stimuli.loc[0, "truth"] = ""
    assert [p.what for p in check(made)] == ["'truth_start_s' says where an emotion starts, but 'truth' does not say which"]


def test_a_second_hearing_and_a_marked_part_are_judgements_of_their_own():
    rows = [rating(), rating(repeat="2", label="angry"), rating(start_s=0.5, end_s=2.5, repeat="3")]
    made = tables()
    assert check(Tables(made.stimuli, made.raters, frame(RATINGS, rows))) == []


def test_every_problem_of_every_table_is_listed_at_once(tmp_path):
    csv_file(tmp_path, STIMULI, "stimulus,language\na,German\nb,French\n")
    csv_file(tmp_path, RATERS, "rater,rater_type\nr1,robot\n")
    csv_file(tmp_path, RATINGS, "rater,stimulus,label\n")
    assert len(problems(lambda: read(tmp_path))) == 4


def test_a_join_problem_names_the_line_of_the_ratings(tmp_path):
    write(tables(), tmp_path)
    csv_file(tmp_path, RATINGS, 'rater,stimulus,label,weight,note\nr1,a,sad,1,"x\ny"\nr1,zz,sad,1,\n')
    (said,) = problems(lambda: read(tmp_path))
    assert said.startswith(f"{tmp_path / 'ratings.csv'}:4: unknown stimulus 'zz'")


# --- relation, join, decide ---


@pytest.mark.parametrize(
    ("rater", "language", "expected"),
    [
        ({"native_languages": "de"}, "de", "native"),
        ({"native_languages": "de"}, "de-AT", "native"),
        ({"native_languages": "de-AT"}, "de-at", "native"),
        ({"native_languages": "en"}, "en-GB", "native"),
        ({"native_languages": "en-US"}, "en-GB", "native"),
        ({"native_languages": "en"}, "en-scotland", "other_dialect"),
        ({"native_languages": "en-scotland"}, "en-scotland", "own_dialect"),
        ({"native_languages": "de", "proficiency": "eng:C1"}, "en-GB", "second_language"),
        ({"native_languages": "zho"}, "zh-CN", "native"),
        ({"native_languages": "cmn", "dialects": "zh-Hans-x-tianjin"}, "cmn-x-tianjin", "own_dialect"),
        ({"native_languages": "de-AT"}, "de", "native"),
        ({"native_languages": "zh"}, "cmn", "native"),
        ({"native_languages": "zh-Hans"}, "cmn-x-tianjin", "other_dialect"),
        ({"native_languages": "cmn", "dialects": "cmn-x-tianjin"}, "cmn-x-tianjin", "own_dialect"),
        ({"native_languages": "cmn", "dialects": "cmn-x-tianjin"}, "cmn", "native"),
        ({"native_languages": "de en"}, "en", "native"),
        ({"native_languages": "de", "proficiency": "en:C1"}, "en", "second_language"),
        ({"native_languages": "de", "proficiency": "en:C1"}, "en-scotland", "second_language"),
        ({"native_languages": "de", "proficiency": "en:none fr:A1"}, "en", "foreign"),
        ({"native_languages": "de"}, "cmn", "foreign"),
        ({"native_languages": "yue"}, "cmn", "foreign"),
        ({"native_languages": ""}, "de", ""),
        ({}, "de", ""),
        ({"rater_type": "machine", "native_languages": "de"}, "de", ""),
    ],
)
def test_relation(rater, language, expected):
    assert relation(rater, {"language": language}) == expected


def test_join_gives_each_rating_its_rater_its_clip_and_their_relation():
    made = tables()
    made.raters["native_languages"] = "de"
    wide = join(made)
    assert len(wide) == 2
    assert wide[["truth", "group", "relation"]].to_numpy().tolist() == [["sad", "DE", "native"]] * 2


def test_join_takes_the_language_of_the_clip_whatever_further_columns_raters_and_ratings_have():
    made = tables()
    made.raters["native_languages"], made.raters["language"], made.raters["part"] = "de", "cmn", "of a rater"
    made.ratings["language"], made.ratings["truth"], made.ratings["rater_type"] = "en", "happy", "machine"
    made.stimuli["part"], made.stimuli["group"], made.stimuli["relation"] = "test", "of a clip", "of a clip"
    wide = join(made)
    facts = {"language": "de", "truth": "sad", "part": "test", "group": "DE", "rater_type": "human", "relation": "native"}
    aside = {"language_rater": "cmn", "part_rater": "of a rater", "language_rating": "en", "truth_rating": "happy",
             "rater_type_rating": "machine", "group_stimulus": "of a clip", "relation_stimulus": "of a clip"}  # fmt: skip
    for name, value in (facts | aside).items():
        assert wide[name].tolist() == [value] * 2, name


def test_decide_takes_the_greatest_weight_and_of_equal_ones_the_first_in_canonical_order():
    rows = [
        rating(label="sad", weight=0.2), rating(label="angry", weight=0.5), rating(label="happy", weight=0.3),
        rating(stimulus="b", label="sad", weight=0.5), rating(stimulus="b", label="happy", weight=0.5),
        rating(label="neutral", repeat="2"),
    ]  # fmt: skip
    one = decide(frame(RATINGS, rows))
    assert sorted(zip(one["stimulus"], one["repeat"], one["label"], strict=True)) == [
        ("a", "", "angry"), ("a", "2", "neutral"), ("b", "", "happy"),
    ]  # fmt: skip
    other = decide(frame(RATINGS, rows[::-1]))
    assert sorted(one["label"]) == sorted(other["label"])


# --- combine ---


def test_people_and_models_of_the_same_clips_become_one():
    people, model = tables(rater="p"), tables(["b", "c"], rater="m")
    both = combine([people, model])
    assert both.stimuli["stimulus"].tolist() == ["a", "b", "c"]
    assert both.raters["rater"].tolist() == ["p", "m"]
    assert len(both.ratings) == 4
    assert check(both) == []


def test_one_folder_alone_stays_as_it_is():
    same(combine([tables(ODD_IDS)]), tables(ODD_IDS))


def test_a_folder_named_twice_counts_once():
    same(combine([tables(), tables()]), tables())


def test_what_one_folder_leaves_empty_is_taken_from_the_other():
    bare, full = tables(rater="p"), tables(rater="m")
    bare.stimuli["truth"], bare.stimuli["duration_s"] = "", math.nan
    full.stimuli["sha256"] = ["0" * 64, "1" * 64]
    both = combine([bare, full]).stimuli
    assert both["truth"].tolist() == ["sad", "sad"]
    assert both["duration_s"].tolist() == [2.5, 2.5]
    assert both["sha256"].tolist() == ["0" * 64, "1" * 64]


def test_where_the_file_lies_may_differ_and_the_first_is_kept():
    one, other = tables(rater="p"), tables(rater="m")
    one.stimuli["file"], other.stimuli["file"] = "clips/x.flac", "../x.flac"
    assert combine([one, other]).stimuli["file"].tolist() == ["clips/x.flac"] * 2


def test_two_spellings_of_one_language_are_no_difference():
    one, other = tables(rater="p"), tables(rater="m")
    one.stimuli["language"], other.stimuli["language"] = "zh-Hans", "cmn"
    assert combine([one, other]).stimuli["language"].tolist() == ["zh-Hans"] * 2


@pytest.mark.parametrize(
    ("column", "value"), [("truth", "happy"), ("language", "en"), ("sha256", "f" * 64), ("truth_end_s", 2.0)]
)
def test_a_clip_that_two_folders_describe_differently_is_refused_and_both_are_named(column, value):
    one, other = tables(rater="p"), tables(rater="m")
    one.stimuli["sha256"] = "0" * 64
    one.stimuli["truth_start_s"], one.stimuli["truth_end_s"] = 0.5, 1.0
    other.stimuli["truth_start_s"] = other.stimuli["truth_end_s"] = math.nan
    other.stimuli.loc[1, column] = value
    (said,) = problems(lambda: combine([one, other], names=["study", "run"]))
    assert said.startswith(f"stimulus 'b' has {column} ")
    assert "in study" in said
    assert "in run" in said


def test_a_rater_that_two_folders_describe_differently_is_refused():
    one, other = tables(), tables(["c"])
    other.raters["group"] = "CN"
    (said,) = problems(lambda: combine([one, other]))
    assert said.startswith("rater 'r1' has group 'DE' in table set 1 and 'CN' in table set 2")


def test_the_same_rater_in_two_folders_is_one_rater_with_all_its_ratings():
    both = combine([tables(["a"]), tables(["b"])])
    assert len(both.raters) == 1
    assert both.ratings["stimulus"].tolist() == ["a", "b"]


def test_two_answers_of_one_rater_to_one_clip_are_refused():
    one, other = tables(["a"]), tables(["a"])
    other.ratings["label"] = "happy"
    assert any("sum to 2, not 1" in p for p in problems(lambda: combine([one, other])))


def test_further_columns_of_one_folder_are_kept():
    one, other = tables(["a"], rater="p"), tables(["b"], rater="m")
    other.stimuli["synthetic"] = "yes"
    assert combine([one, other]).stimuli["synthetic"].tolist() == ["", "yes"]


def test_reading_several_folders_lists_the_problems_of_all(tmp_path):
    write(tables(rater="p"), tmp_path / "one")
    write(tables(rater="m"), tmp_path / "two")
    assert len(read_all([tmp_path / "one", tmp_path / "two"]).ratings) == 4
    (tmp_path / "y").mkdir()
    missing, *empty = problems(lambda: read_all([tmp_path / "x", tmp_path / "one", tmp_path / "y"]))
    assert missing == f"{tmp_path / 'x'}: there is no such folder, and no such report.zip"
    assert [problem.split(" or ")[0] for problem in empty] == [
        f"{tmp_path / 'y'}: no {t}.csv" for t in ("stimuli", "raters", "ratings")
    ]


def test_frame_fills_declared_columns_and_keeps_others_behind_them():
    made = frame(RATINGS, [{"rater": "r", "mine": 3, "weight": 1}])
    assert made.columns.tolist() == [*(c.name for c in RATINGS.columns), "mine"]
    assert made.loc[0, "mine"] == "3"
    assert np.isnan(made.loc[0, "start_s"])


def test_a_misspelt_column_is_guessed(tmp_path):
    path = tmp_path / "stimuli.csv"
    path.write_text("stimulus,langauge,part\na,de,test\n", encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_table(path, STIMULI)
    (problem,) = caught.value.problems
    assert problem.what.endswith("; is it 'langauge'?")


@pytest.mark.parametrize("table", TABLES)
def test_a_table_of_a_header_alone_is_an_empty_table(tmp_path, table):
    path = tmp_path / f"{table.name}.csv"
    path.write_text(",".join(c.name for c in table.columns if c.required) + "\n", encoding="utf-8")
    assert len(read_table(path, table)) == 0
