"""webMUSHRA's result files become the three tables, and what they cannot say is said."""

from __future__ import annotations

import pytest

from ser_core import ratings
from ser_core.cli import main
from tests.listening_tests.conftest import tone

HEADER = "session_test_id,age,trial_id,stimuli_rating,stimuli,rating_time"
TWO = [
    "t,30,p1, anger ,C1,4000", "t,30,p1, joy ,C2,4000",
    "t,41,p1, joy ,C2,5500", "t,41,p1, NA ,C1,5500",
]  # fmt: skip


class Read:
    """What the command made of files of rows."""

    def __init__(self, tmp_path, capsys, flags=("--language", "de"), **files):
        folder = tmp_path / "results" / "t"
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in files.items():
            (folder / f"{name}.csv").write_bytes("".join(row + "\n" for row in rows).encode())
        out = tmp_path / "tables"
        self.code = main(
            "listening_tests", ["import-ratings", "webmushra", str(tmp_path / "results"), "--out", str(out), *flags]
        )
        self.out, self.err = capsys.readouterr()
        self.exists = out.exists()
        if self.code == 0:
            self.tables = ratings.read(out)
            self.rows = self.tables.ratings
            self.notes = (out / "import-notes.md").read_text(encoding="utf-8")

    def given(self, *columns):
        return self.rows[list(columns)].values.tolist()


def test_padded_answers_are_ratings_and_missing_ones_are_counted(tmp_path, capsys):
    made = Read(tmp_path, capsys, lss=[HEADER, *TWO])
    assert made.given("rater", "stimulus", "label", "weight", "page_s") == [
        ["webmushra-001", "p1/C1", "angry", 1.0, "4.000"],
        ["webmushra-001", "p1/C2", "happy", 1.0, "4.000"],
        ["webmushra-002", "p1/C2", "happy", 1.0, "5.500"],
    ]
    assert made.tables.raters["age"].tolist() == ["30", "41"]
    assert "page 'p1': 1 of 4 clips were not answered" in made.notes
    assert "3 ratings of 2 raters on 2 clips" in made.out


def test_people_of_equal_answers_are_told_apart_by_clips_that_come_again_and_the_doubt_is_said(tmp_path, capsys):
    rows = ["t,30,p1,anger,C1,1", "t,30,p1,joy,C2,1", "t,30,p1,joy,C1,2", "t,30,p1,joy,C2,2"]
    made = Read(tmp_path, capsys, lss=[HEADER, *rows])
    assert made.given("rater", "label") == [
        ["webmushra-001", "angry"], ["webmushra-001", "happy"], ["webmushra-002", "happy"], ["webmushra-002", "happy"],
    ]  # fmt: skip
    assert "1 time, neighbouring sessions gave the same answers" in made.notes


def test_sessions_that_cannot_be_told_apart_are_said_to_be_so(tmp_path, capsys):
    rows = ["t,p1,anger,C1,1", "t,p1,joy,C2,2", "t,p1,joy,C1,3"]  # C2 may be of the first person or of another
    made = Read(tmp_path, capsys, lss=["session_test_id,trial_id,stimuli_rating,stimuli,rating_time", *rows])
    assert made.given("rater") == [["webmushra-001"], ["webmushra-001"], ["webmushra-002"]]
    assert "no clip in common would be read as one" in made.notes
    assert "(there is none)" in made.notes


def test_a_session_that_was_sent_twice_counts_once(tmp_path, capsys):
    again = [row.replace("t,30,", "t,30,30,") for row in TWO[:2]]  # the second sending doubles the questionnaire
    made = Read(tmp_path, capsys, lss=[HEADER, *TWO[:2], *again, *TWO[2:]])
    assert len(made.tables.raters) == 2
    assert len(made.rows) == 3
    assert "1 session was sent twice and counts once" in made.notes


def test_rows_that_do_not_fit_their_header_are_named_by_line(tmp_path, capsys):
    made = Read(tmp_path, capsys, lss=[HEADER, TWO[0], "t,30,female,p1,joy,C2,4000"])
    assert made.code == 2
    assert "lss.csv:3: has 7 fields, its header 6" in made.err
    assert not made.exists


def test_of_several_scales_the_one_of_emotions_is_the_rating_and_the_others_stay(tmp_path, capsys):
    header = HEADER.replace("stimuli_rating", "stimuli_rating1,stimuli_rating2,stimuli_rating3")
    made = Read(tmp_path, capsys, lss=[header, "t,30,p1,5,anger,NA,C1,1", "t,30,p1,2,joy,x,C2,1"])
    assert made.given("label", "other_scale1", "other_scale2") == [["angry", "5", "NA"], ["happy", "2", "x"]]


def test_two_scales_of_emotions_are_said(tmp_path, capsys):
    header = HEADER.replace("stimuli_rating", "stimuli_rating1,stimuli_rating2")
    made = Read(tmp_path, capsys, lss=[header, "t,30,p1,joy,anger,C1,1"])
    assert made.given("label", "other_scale1") == [["happy", "anger"]]
    assert "has 2 scales of emotions" in made.notes


def test_values_are_mapped_as_the_caller_says_and_unknown_ones_are_named_with_their_line(tmp_path, capsys):
    rows = [HEADER, "t,30,p1,1,C1,1", "t,30,p1,joy,C2,1", "t,30,p1,hapy,C3,1", "t,30,p1,hapy,C4,1"]
    made = Read(tmp_path, capsys, lss=rows)
    assert made.code == 2
    assert "lss.csv:2: '1' is no emotion we know." in made.err
    assert "lss.csv:4: 'hapy' is no emotion we know. Did you mean 'happy'?" in made.err
    assert "2 problems" in made.err
    flags = ("--language", "de", "--map", "1=cannot_say", "--map", "hapy=happy")
    assert Read(tmp_path, capsys, flags, lss=rows).given("label") == [["cannot_say"], ["happy"], ["happy"], ["happy"]]


def test_pages_that_ask_for_no_emotion_are_left_out_and_said(tmp_path, capsys):
    made = Read(tmp_path, capsys, lss=[HEADER, *TWO, "t,41,p2,5,C1,1", "t,41,p2,not at all,C2,1"])
    assert len(made.rows) == 3
    assert "page 'p2' is left out: its 2 answers are no emotions ('5', 'not at all')" in made.notes


def test_both_files_of_a_session_are_one_person_where_they_match(tmp_path, capsys):
    lms = [row.replace("p1", "q1") for row in TWO]
    made = Read(tmp_path, capsys, lss=[HEADER, *TWO], lms=[HEADER, *lms])
    assert len(made.tables.raters) == 2
    assert len(made.rows) == 6
    apart = Read(tmp_path, capsys, lss=[HEADER, *TWO], lms=[HEADER, *lms[:2]])
    assert len(apart.tables.raters) == 3
    assert "the same person may be two raters" in apart.notes


def test_files_without_emotions_are_named_and_left_out(tmp_path, capsys):
    paired = "session_test_id,trial_id,choice_reference,choice_non_reference,choice_answer,choice_time,choice_comment"
    made = Read(tmp_path, capsys, lss=[HEADER, *TWO], paired_comparison=[paired, "t,p,ref,C1,correct,1,"])
    assert "paired_comparison.csv is left out" in made.notes
    (tmp_path / "results" / "t" / "lss.csv").unlink()
    alone = Read(tmp_path, capsys)
    assert alone.code == 2
    assert "paired_comparison.csv: holds which of two sounds" in alone.err


def test_answers_of_any_kind_survive(tmp_path, capsys):
    odd = 'a;b "c" & 50%, +1 =cmd() 🙂'
    field = '"' + odd.replace('"', '""') + '"'
    made = Read(tmp_path, capsys, lss=[HEADER.replace("age", "language,comment"), f"t,de,{field},p1,joy,C1,1"])
    assert made.tables.raters[["asked_language", "comment"]].values.tolist() == [["de", odd]]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "is no result of webMUSHRA"),
        (["a,b"], "is no result of webMUSHRA"),
        ([HEADER], "holds no row of results"),
        ([HEADER, "t,30,p1,NA,C1,1"], "holds no answer that is an emotion"),
        ([HEADER, "t,30,p1,joy,C1,1", "u,30,p1,joy,C1,1"], "the results of several tests: t, u"),
        (["\xff\x00"], "is no result of webMUSHRA"),
    ],
)
def test_what_is_no_result_is_refused_in_words(tmp_path, capsys, rows, says):
    made = Read(tmp_path, capsys, lss=rows)
    assert (made.code, made.exists) == (2, False)
    assert says in made.err


def test_the_spoken_language_must_be_said(tmp_path, capsys):
    made = Read(tmp_path, capsys, flags=(), lss=[HEADER, *TWO])
    assert made.code == 2
    assert "add --language TAG" in made.err
    assert "not a BCP 47" in Read(tmp_path, capsys, flags=("--language", "?"), lss=[HEADER, *TWO]).err


def test_a_flag_that_a_format_cannot_use_is_refused(tmp_path, capsys):
    source, out = str(tmp_path), str(tmp_path / "out")
    assert main("listening_tests", ["import-ratings", "cremad", source, "--out", out, "--language", "de"]) == 2
    assert "--language means nothing for 'cremad'" in capsys.readouterr().err


def test_with_the_imported_study_ratings_are_of_its_clips(tmp_path, capsys):
    web = tmp_path / "web" / "configs"
    for i in range(3):
        tone(web / f"c{i}.wav", 200 + 40 * i)
    answers = "    response:\n      - value: anger\n      - value: joy\n"
    page = "  - type: likert_single_stimulus\n    id: {}\n    stimuli: {{C1: configs/{}}}\n" + answers
    pages = page.format("p1", "c0.wav") + page.format("p2", "c1.wav") + page.format("p1", "c0.wav")
    (web / "t.yaml").write_text(f"testId: t\npages:\n{pages}", encoding="utf-8")
    study = tmp_path / "study"
    made = ["import", "webmushra", str(web / "t.yaml"), "--out", str(study), "--language", "cmn"]
    assert main("listening_tests", made) == 0
    rows = ["t,30,p1,anger,C1,1", "t,30,p2,joy,C1,1", "t,30,p1,joy,C1,1", "t,30,p1,joy,C1,2"]
    found = Read(tmp_path, capsys, ("--study", str(study)), lss=[HEADER, *rows])
    # the study has page p1 twice, so its clip comes twice in one session and begins another only the third time
    assert found.given("rater", "stimulus", "repeat") == [
        ["webmushra-001", "configs/c0.wav", "1"],
        ["webmushra-001", "configs/c1.wav", ""],
        ["webmushra-001", "configs/c0.wav", "2"],
        ["webmushra-002", "configs/c0.wav", ""],
    ]
    assert set(found.tables.stimuli["language"]) == {"cmn"}
    wrong = Read(tmp_path, capsys, ("--study", str(study)), lss=[HEADER, "t,30,p9,joy,C1,1"])
    assert "page 'p9' has no clip 'C1' in the study" in wrong.err
    other = Read(tmp_path, capsys, ("--study", str(tmp_path / "web")), lss=[HEADER, *rows])
    assert (other.code, "stimuli.csv" in other.err) == (2, True)


def test_rows_wider_than_their_header_are_read_where_the_study_knows_their_page(tmp_path, capsys):
    web = tmp_path / "web"
    tone(web / "c0.wav", 200)
    scales = "    response:\n      - - value: anger\n        - value: joy\n      - - value: 1\n        - value: 2\n"
    text = f"testId: t\npages:\n  - type: likert_single_stimulus\n    id: p1\n    stimuli: {{C1: c0.wav}}\n{scales}"
    (web / "t.yaml").write_text(text, encoding="utf-8")
    study = tmp_path / "study"
    assert (
        main("listening_tests", ["import", "webmushra", str(web / "t.yaml"), "--out", str(study), "--language", "de"]) == 0
    )
    found = Read(tmp_path, capsys, ("--study", str(study)), lss=[HEADER, "t,30,p1,joy,2,C1,1"])
    assert found.given("label", "other_scale1") == [["happy", "2"]]
