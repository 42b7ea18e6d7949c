"""Cuts hold the samples of the original and nothing else; what cannot be cut is told; the kinds are compared by clip."""

from __future__ import annotations

import itertools
import json
import math
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from ser_core import cli
from ser_core.cut import cut
from ser_core.cut_scores import COMPARED, compare
from ser_core.errors import BadInput
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, check, frame, read, to_csv, write
from ser_core.stimuli import load, placed
from tests.ser_core import voices

RATE_HZ = 8000


def clip(path: Path, *, seconds=2.0, channels=1, silent_to_s=0.0, subtype="PCM_16", rate_hz=RATE_HZ) -> np.ndarray:
    """A file of noise, silent at its beginning; returns its samples, [frame, channel]."""
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (round(seconds * rate_hz), channels))
    samples[: round(silent_to_s * rate_hz)] = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate_hz, subtype=subtype)
    return soundfile.read(path, always_2d=True)[0]


def people(folder: Path, marks, *, files=("a.wav",), duration_s=2.0) -> Tables:
    """marks: (rater, stimulus, start_s, end_s, label); a stimulus is called like its file; ``file`` is absolute."""
    stimuli = [{"stimulus": f.split(".")[0], "file": f, "language": "de", "truth": "sad", "corpus": "x"} for f in files]
    raters = [{"rater": r, "rater_type": "machine" if r == "model" else "human"} for r in sorted({m[0] for m in marks})]
    rows = [dict(zip(["rater", "stimulus", "start_s", "end_s", "label"], m, strict=True)) | {"weight": 1} for m in marks]
    stimuli = [s | {"duration_s": duration_s, "speaker": "s1", "gender": "female"} for s in stimuli]
    made = Tables(placed(frame(STIMULI, stimuli), folder), frame(RATERS, raters), frame(RATINGS, rows))
    assert check(made) == []
    return made


# --- cutting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("channels", "subtype"), [(1, "PCM_16"), (2, "PCM_24"), (1, "FLOAT")])
def test_a_cut_holds_exactly_the_samples_of_its_place(tmp_path, channels, subtype):
    original = clip(tmp_path / "a.wav", channels=channels, subtype=subtype)
    table, said = cut(people(tmp_path, [("p1", "a", 0.5, 1.25, "sad")]), tmp_path / "out", seed=1)
    assert said == []
    assert table["cut"].tolist() == ["whole", "picked", "random"]
    exactly = 2**-24 if subtype == "FLOAT" else 0  # FLAC holds no floats
    for row in table.to_dict("records"):
        samples, rate_hz = soundfile.read(row["file"], always_2d=True)
        first = round(float(row["start_s"]) * RATE_HZ)
        assert (rate_hz, samples.shape[1]) == (RATE_HZ, channels)
        assert len(samples) == round(row["duration_s"] * RATE_HZ) == {"whole": 16000}.get(row["cut"], 6000)
        assert np.abs(samples - original[first : first + len(samples)]).max() <= exactly


def test_a_cut_says_what_it_is_and_can_be_read_as_stimuli(tmp_path):
    clip(tmp_path / "a.wav")
    marks = [("p2", "a", 0.5, 1.25, "happy"), ("p1", "a", 0.5, 1.25, "sad"), ("p1", "a", 1.5, 2.0, "sad")]
    cut(people(tmp_path, [*marks, ("model", "a", 0, 1, "sad")]), tmp_path / "out", seed=1)
    table = load(tmp_path / "out" / "stimuli.csv").set_index("stimulus")
    assert list(table.index) == ["a.whole", "a.picked1", "a.random1", "a.picked2", "a.random2"]
    row = table.loc["a.picked1"]
    assert json.loads(row["raters"]) == ["p1", "p2"]
    assert json.loads(row["labels"]) == ["sad", "happy"]
    assert row[["cut_of", "start_s", "end_s", "truth", "language", "speaker", "gender"]].tolist() == [
        *("a", "0.500000", "1.250000", "sad", "de", "s1", "female")
    ]
    assert table.loc["a.whole", ["raters", "overlap"]].tolist() == ["", ""]
    other = table.loc["a.random1"]
    shared = max(0, min(1.25, float(other["end_s"])) - max(0.5, float(other["start_s"]))) / 0.75
    assert float(other["overlap"]) == pytest.approx(shared, abs=1e-4)


def test_a_cut_carries_no_tag(tmp_path):
    clip(tmp_path / "a.wav")
    with soundfile.SoundFile(tmp_path / "a.wav", "r+") as file:
        file.title = "sad 007"
    assert b"sad 007" in (tmp_path / "a.wav").read_bytes()
    table, _ = cut(people(tmp_path, [("p1", "a", 0.5, 1.25, "sad")]), tmp_path / "out", seed=1)
    for file in table["file"]:
        content = Path(file).read_bytes()
        at, last, comments = 4, False, []
        while not last:
            last, kind, size = content[at] >= 128, content[at] & 127, int.from_bytes(content[at + 1 : at + 4], "big")
            if kind == 4:  # VORBIS_COMMENT (RFC 9639): the vendor, then how many tags
                vendor = struct.unpack_from("<I", content, at + 4)[0]
                comments.append(struct.unpack_from("<I", content, at + 8 + vendor)[0])
            at += 4 + size
        assert sum(comments) == 0


def test_the_random_place_follows_from_seed_clip_and_part_alone(tmp_path):
    clip(tmp_path / "a.wav")
    clip(tmp_path / "b.wav", seconds=3)
    mark, more = ("p1", "a", 0.5, 0.7, "sad"), [("p1", "a", 1.0, 1.3, "sad"), ("p1", "b", 0.5, 0.7, "sad")]

    def start(name: str, marks, seed: int, stimulus="a") -> str:
        table, _ = cut(people(tmp_path, marks, files=("b.wav", "a.wav"), duration_s=2), tmp_path / name, seed=seed)
        part = table[(table["cut"] == "random") & (table["cut_of"] == stimulus)]
        return part["start_s"].tolist()[0]

    alone = start("one", [mark], 1)
    assert start("two", [*more, mark], 1) == alone
    assert start("three", [mark], 2) != alone
    assert start("four", [*more, mark], 1, "b") != alone


def test_random_places_lie_evenly_over_the_clip_and_are_never_the_picked_one(tmp_path):
    clip(tmp_path / "a.wav")
    marks = [(f"p{n}", "a", n / 1000, n / 1000 + 1.0, "sad") for n in range(5, 105)]
    table, _ = cut(people(tmp_path, marks), tmp_path / "out", seed=1)
    starts = table[table["cut"] == "random"]["start_s"].astype(float).to_numpy()
    assert np.abs(np.sort(starts) - (np.arange(100) + 0.5) / 100).max() < 1.63 / math.sqrt(100)  # Kolmogorov, 1 %
    clip(tmp_path / "a.wav", rate_hz=1000)
    for seed in range(10):  # three places, one of them taken
        table, _ = cut(people(tmp_path, [("p1", "a", 0.0, 1.998, "sad")]), tmp_path / f"t{seed}", seed=seed)
        assert float(table.set_index("cut").loc["random", "start_s"]) > 0


def test_what_cannot_be_cut_is_named_and_the_rest_goes_on(tmp_path):
    clip(tmp_path / "a.wav", silent_to_s=0.5)
    marks = [("p1", "a", 1.0, 1.02, "sad"), ("p2", "a", 0.0, 2.0, "sad"), ("p3", "a", 0.1, 0.3, "sad")]
    _, said = cut(people(tmp_path, [*marks, ("p4", "a", 0.75, 1.5, "sad")]), tmp_path / "out", seed=1)
    assert said == [
        "a: the part from 0 s to 2 s is the whole clip; it was not cut",
        "a: the part from 0.1 s to 0.3 s holds nothing to hear; it was not cut",
        "a: the part from 1 s to 1.02 s is shorter than one frame of the encoders (0.025 s); it was not cut",
    ]
    assert (tmp_path / "out" / "left_out.txt").read_text().splitlines() == said
    assert len(load(tmp_path / "out" / "stimuli.csv")) == 3
    with pytest.raises(BadInput, match="nothing is left to cut"):
        cut(people(tmp_path, marks), tmp_path / "none", seed=1)
    assert not (tmp_path / "none").exists()


def test_every_clip_that_is_missing_or_another_is_named_and_nothing_is_left(tmp_path):
    clip(tmp_path / "a.wav")
    marks = [("p1", name, 0.5, 1.0, "sad") for name in "abc"]
    tables = people(tmp_path, marks, files=("a.wav", "b.wav", "c.wav"))
    tables.stimuli["sha256"] = ["0" * 64, "", ""]
    tables.stimuli.loc[2, "file"] = ""
    with pytest.raises(BadInput) as bad:
        cut(tables, tmp_path / "out", seed=1)
    assert [p.what.split(";")[0].split(":")[0] for p in bad.value.problems] == [
        "is not the clip that was marked",
        "there is no such file",
        "'file' of clip 'c' is empty",
    ]
    assert not (tmp_path / "out").exists()


def test_without_a_mark_of_a_person_there_is_nothing_to_cut(tmp_path):
    clip(tmp_path / "a.wav")
    with pytest.raises(BadInput, match="no listener marked a part"):
        cut(
            people(tmp_path, [("model", "a", 0.5, 1.0, "sad"), ("p1", "a", math.nan, math.nan, "sad")]),
            tmp_path / "o",
            seed=1,
        )


# --- comparing -------------------------------------------------------------------------------------------------------


def rated(rows) -> Tables:
    """rows: (rater, cut, clip, truth, number of who picked it, posterior of the truth), as a run on cuts has them."""
    stimuli: dict[str, dict[str, object]] = {}
    ratings = []
    for at, (rater, kind, of, truth, picked_by, weight) in enumerate(rows):
        name = f"{of}.{kind}{at if kind != 'whole' else ''}"
        who = json.dumps([f"p{n}" for n in range(picked_by)]) if kind != "whole" else ""
        facts = {"stimulus": name, "language": "de", "truth": truth, "cut": kind, "cut_of": of, "raters": who}
        stimuli[name] = facts | {"start_s": "0", "end_s": "1"}
        other = "sad" if truth == "happy" else "happy"
        said = [(truth, weight), (other, 1 - weight)]
        ratings += [{"rater": rater, "stimulus": name, "label": label, "weight": w} for label, w in said]
    raters = [{"rater": r, "rater_type": "machine", "group": r.rstrip("0123456789")} for r in sorted({r[0] for r in rows})]
    made = Tables(frame(STIMULI, list(stimuli.values())), frame(RATERS, raters), frame(RATINGS, ratings))
    assert check(made) == []
    return made


def test_a_clip_counts_once_and_a_part_as_often_as_it_was_picked():
    rows = [("m", "whole", "a", "sad", 0, 0.4), ("m", "picked", "a", "sad", 3, 0.9), ("m", "picked", "a", "sad", 1, 0.1)]
    rows += [("m", "random", "a", "sad", 3, 0.2), ("m", "random", "a", "sad", 1, 0.6)]
    rows += [
        ("m", "whole", "b", "happy", 0, 0.7),
        ("m", "picked", "b", "happy", 1, 0.8),
        ("m", "random", "b", "happy", 1, 0.3),
    ]
    rows += [("m", "whole", "c", "happy", 0, 1.0)]  # of which nothing was picked
    found = compare(rated(rows))
    assert list(found.columns) == list(COMPARED)
    by = found[found["language"] == ""].set_index(["measure", "emotion", "cut", "against"])
    assert by.loc[("recall", "sad", "picked", ""), "value"] == pytest.approx(0.75)
    assert by.loc[("posterior", "sad", "picked", ""), "value"] == pytest.approx((3 * 0.9 + 0.1) / 4)
    assert by.loc[("posterior", "sad", "random", ""), "value"] == pytest.approx((3 * 0.2 + 0.6) / 4)
    assert by.loc[("ua", "", "picked", ""), ["value", "clips"]].tolist() == pytest.approx([(0.75 + 1) / 2, 2])
    assert by.loc[("ua", "", "picked", "whole"), "value"] == pytest.approx((0.75 + 1) / 2 - (0 + 1) / 2)
    assert by.loc[("posterior", "", "random", "whole"), "value"] == pytest.approx((0.3 - 0.4 + 0.3 - 0.7) / 2)
    assert by["ci_low"].isna().all()  # one clip of each emotion: nothing can be drawn


def test_the_paired_interval_is_that_of_every_draw_of_the_clips():
    rng = np.random.default_rng(0)
    weights = {kind: rng.uniform(size=4).round(3) for kind in ("picked", "random", "whole")}
    rows = [("m", kind, f"c{n}", "sad", 1, w[n]) for kind, w in weights.items() for n in range(4)]
    by = compare(rated(rows), draws=4000).set_index(["language", "measure", "emotion", "cut", "against"])
    less = weights["picked"] - weights["random"]
    every = [np.mean(less[list(draw)]) for draw in itertools.product(range(4), repeat=4)]
    wanted = np.quantile(every, [0.025, 0.975], method="inverted_cdf")
    found = by.loc[("", "posterior", "sad", "picked", "random"), ["value", "ci_low", "ci_high"]].to_numpy(dtype=float)
    assert found == pytest.approx([less.mean(), *wanted], abs=0.02)
    pd.testing.assert_frame_equal(compare(rated(rows)), compare(rated(rows[::-1])))


def test_ratings_of_other_clips_than_cuts_are_refused():
    rows = [("m", "picked", "a", "sad", 1, 0.9)]
    with pytest.raises(BadInput, match="no clip with a known truth was rated whole, picked and random"):
        compare(rated(rows))
    tables = rated(rows)
    with pytest.raises(BadInput, match="no column cut or cut_of"):
        compare(Tables(tables.stimuli.drop(columns=["cut", "cut_of"]), tables.raters, tables.ratings))


# --- the commands ----------------------------------------------------------------------------------------------------


def test_by_commands_alone_a_model_hears_more_in_the_part_that_shows_the_emotion(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("EARWITNESS_FEATURES", str(tmp_path / "features"))
    train, study, rows = voices.table(tmp_path / "train", takes=2), tmp_path / "study", []
    stimuli = []
    for take, emotion in itertools.product("ab", voices.PITCH_HZ):  # the pitch of the emotion after 1.5 s of noise
        shown = soundfile.read(voices.clip(tmp_path / f"{take}{emotion}.wav", emotion))[0]
        noise = np.random.default_rng(ord(take)).normal(0, 0.1, 24_000)
        study.mkdir(exist_ok=True)
        soundfile.write(study / f"{take}{emotion}.wav", np.concatenate([noise, shown]), 16_000)
        stimuli.append({"stimulus": take + emotion, "file": f"{take}{emotion}.wav", "language": "de", "truth": emotion})
        rows.append({"rater": "p1", "stimulus": take + emotion, "start_s": 1.5, "end_s": 1.8, "label": "sad", "weight": 1})
    made = [s | {"corpus": "study", "speaker": "s", "duration_s": 1.8} for s in stimuli]
    write(Tables(frame(STIMULI, made), frame(RATERS, [{"rater": "p1", "rater_type": "human"}]), frame(RATINGS, rows)), study)
    cuts, run = tmp_path / "cuts", tmp_path / "run"
    write(read(study), tmp_path / "export")
    assert cli.main("ser_core", ["cut", str(tmp_path / "export"), "--out", str(cuts), "--seed", "1"]) == 2
    assert "none of the clips is there; add --clips with the study's folder" in capsys.readouterr().err
    for words in (
        ("cut", study, "--out", cuts, "--seed", 1),
        ("predict", "--stimuli", cuts / "stimuli.csv", "--model", "logmel_probe", "--train", train, "--out", run),
        ("cut-compare", run, "--out", tmp_path / "scores", "--seed", 2),
    ):
        assert cli.main("ser_core", [str(word) for word in words]) == 0
    said = capsys.readouterr().out
    assert "8 picked, 8 random, 8 whole" in said
    assert "picked - random" in said
    assert (tmp_path / "scores" / "cuts.csv").read_text() == to_csv(compare(read(run), seed=2))
    found = compare(read(run)).set_index(["language", "measure", "emotion", "cut", "against"])
    assert found.loc[("", "ua", "", "picked", ""), "value"] == 1
    for against in ("random", "whole"):
        assert found.loc[("", "posterior", "", "picked", against), "ci_low"] > 0.1
