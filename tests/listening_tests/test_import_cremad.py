"""CREMA-D's votes become the three tables, and the numbers agree with the raw file counted in another way."""

from __future__ import annotations

import csv

import pytest

from ser_core import ratings
from ser_core.cli import main

HEADER = ",A,D,F,H,N,S,fileName,numResponses"
ROWS = [
    "100001,3,0,0,1,0,0,1001_IEO_ANG_HI,4",
    "200001,1,1,0,0,0,0,1001_IEO_ANG_HI,2",
    "300002,0,0,0,0,0,5,1002_TIE_SAD_XX,5",
]


def run(tmp_path, rows, *, demographics=True):
    (tmp_path / "data" / "processedResults").mkdir(parents=True, exist_ok=True)
    (tmp_path / "data" / "processedResults" / "tabulatedVotes.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    if demographics:
        (tmp_path / "data" / "VideoDemographics.csv").write_text("ActorID,Age,Sex\n1001,51,Male\n")
    out = tmp_path / "tables"
    return main("listening_tests", ["import-ratings", "cremad", str(tmp_path / "data"), "--out", str(out)]), out


def test_a_condition_is_one_rater_whose_weights_are_shares_of_votes(tmp_path, capsys):
    code, out = run(tmp_path, ROWS)
    assert code == 0
    tables = ratings.read(out)
    assert tables.ratings[["rater", "stimulus", "label", "weight", "votes"]].values.tolist() == [
        ["cremad-both", "1002_TIE_SAD_XX", "sad", 1.0, "5"],
        ["cremad-face", "1001_IEO_ANG_HI", "angry", 0.5, "1"],
        ["cremad-face", "1001_IEO_ANG_HI", "disgusted", 0.5, "1"],
        ["cremad-voice", "1001_IEO_ANG_HI", "angry", 0.75, "3"],
        ["cremad-voice", "1001_IEO_ANG_HI", "happy", 0.25, "1"],
    ]
    assert tables.raters[["rater", "group", "voters_per_clip"]].values.tolist() == [
        ["cremad-voice", "CREMA-D voters, voice only", "4.00"],
        ["cremad-face", "CREMA-D voters, face only", "2.00"],
        ["cremad-both", "CREMA-D voters, voice and face", "5.00"],
    ]
    clips = tables.stimuli[["stimulus", "speaker", "truth", "sentence", "level", "gender", "speaker_age"]].values.tolist()
    assert clips == [
        ["1001_IEO_ANG_HI", "1001", "angry", "IEO", "high", "male", "51"],
        ["1002_TIE_SAD_XX", "1002", "sad", "TIE", "unspecified", "", ""],
    ]
    assert "not with single listeners" in capsys.readouterr().out


def test_the_actors_table_may_be_missing(tmp_path):
    code, out = run(tmp_path, ROWS, demographics=False)
    assert code == 0
    assert "gender" not in ratings.read(out).stimuli


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("100003,3,0,0,1,0,0,1001_IEO_ANG_HI,4", "stands in this condition above already"),
        ("100003,3,0,0,1,0,0,1001_IEO_HAP_HI,5", "do not add up"),
        ("100003,x,0,0,1,0,0,1001_IEO_HAP_HI,1", "no whole number"),
        ("100003,1,0,0,0,0,0,1001_IEO_XXX_HI,1", "name is not like"),
        ("400003,1,0,0,0,0,0,1001_IEO_HAP_HI,1", "must begin with the condition"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(tmp_path, capsys, row, says):
    code, out = run(tmp_path, [*ROWS, row])
    assert code == 2
    (problem,) = [line for line in capsys.readouterr().err.splitlines() if "tabulatedVotes.csv:5: " in line]
    assert says in problem
    assert not out.exists()


def test_a_clip_without_votes_is_left_out_and_counted(tmp_path, capsys):
    code, _ = run(tmp_path, [*ROWS, "100003,0,0,0,0,0,0,1001_IEO_HAP_HI,0"])
    assert code == 0
    assert "1 clips and conditions without a voter are left out" in capsys.readouterr().out


def test_the_published_votes_agree_with_the_raw_file(shared, tmp_path, capsys):
    """The oracle counts the raw rows by hand; the data's own README gives the same three shares."""
    source = shared / "listeners" / "CREMA-D"
    assert main("listening_tests", ["import-ratings", "cremad", str(source), "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    right, total, top = dict.fromkeys("123", 0), dict.fromkeys("123", 0), dict.fromkeys("123", 0)
    with (source / "processedResults" / "tabulatedVotes.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            condition, acted = row[""][0], row["fileName"].split("_")[2][0]
            counts = {letter: int(row[letter]) for letter in "ADFHNS"}
            right[condition] += counts[acted]
            total[condition] += sum(counts.values())
            first = max("AHNSFD", key=lambda letter: counts[letter])  # ties as `score` breaks them: canonical order
            top[condition] += first == acted
    shares = {c: right[c] / total[c] for c in "123"}
    assert [round(shares[c], 3) for c in "123"] == [0.400, 0.574, 0.631]
    tables = ratings.read(tmp_path)
    wide = ratings.join(tables)
    assert (len(tables.stimuli), len(tables.raters)) == (7442, 3)
    for condition, name in zip("123", ("voice", "face", "both"), strict=True):
        mine = wide[wide["rater"] == f"cremad-{name}"]
        votes = mine["votes"].astype(int)
        assert votes[mine["label"] == mine["truth"]].sum() / votes.sum() == pytest.approx(shares[condition])
        assert votes.sum() == total[condition]
        decided = ratings.decide(mine)
        assert (decided["label"] == decided["truth"]).sum() == top[condition]
        assert f"{name} {shares[condition]:.3f}" in out
