"""Ratings as numbers say what the words say, and nothing that is put off comes out otherwise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ser_core import comparisons, score_intervals, scores
from ser_core.coded import coded
from ser_core.counting import count
from ser_core.lazy_tables import Part, columns, different, rows_at
from ser_core.measures import differences
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, decide, frame
from ser_core.statistics import bootstrap
from ser_core.tables import only

LABELS = ["angry", "happy", "sad", "cannot_say"]


@pytest.fixture(scope="module")
def tables() -> Tables:
    """Two groups of people of whom each heard most of the clips, one of them twice, and two models with posteriors."""
    rng = np.random.default_rng(0)
    clips = [
        {"stimulus": f"c{n}", "language": ("de", "zh")[n % 2], "corpus": ("x", "y", "z")[n % 3], "truth": LABELS[n % 3]}
        for n in range(12)
    ]
    people = [{"rater": f"p{n}", "rater_type": "human", "group": ("one", "two")[n % 2]} for n in range(6)]
    models = [{"rater": f"m{n}", "rater_type": "machine", "group": "model"} for n in range(2)]
    said = [
        {
            "rater": who["rater"],
            "stimulus": clip["stimulus"],
            "label": str(rng.choice(LABELS)),
            "weight": 1.0,
            "repeat": again,
        }
        for who in people
        for clip in clips
        for again in (["1", "2"] if clip["stimulus"] == "c3" else [""])
        if rng.random() < 0.8
    ]
    for who in models:
        for clip in clips:
            weights = rng.integers(0, 3, 3) + np.array([0, 0, 1])
            said += [
                {"rater": who["rater"], "stimulus": clip["stimulus"], "label": label, "weight": float(w)}
                for label, w in zip(LABELS, weights / weights.sum(), strict=False)
            ]
    said.append({"rater": "p0", "stimulus": "c1", "label": "sad", "weight": 1.0, "start_s": 0.0, "end_s": 1.0})
    rows = frame(RATINGS, said).sample(frac=1, random_state=1).reset_index(drop=True)
    return Tables(frame(STIMULI, clips[::-1]), frame(RATERS, [*models, *people]), rows)


def test_what_numbers_decide_is_what_words_decide(tables):
    whole = tables.ratings[tables.ratings["start_s"].isna()]
    by_numbers = tables.ratings.iloc[coded(tables).decided()].reset_index(drop=True)
    pd.testing.assert_frame_equal(by_numbers, decide(whole))


def test_a_part_is_what_is_left_when_the_rest_is_taken_away(tables):
    left = (tables.ratings["label"] != "sad") & (tables.ratings["rater"] != "p2")
    part, expected = Part(tables, left.to_numpy()), only(tables, left)
    for name in ("stimuli", "raters", "ratings"):
        pd.testing.assert_frame_equal(getattr(part, name), getattr(expected, name))
    numbers = coded(part)
    assert part.raters["rater"].iloc[numbers.rater].tolist() == part.ratings["rater"].tolist()
    assert part.stimuli["stimulus"].iloc[numbers.clip].tolist() == part.ratings["stimulus"].tolist()
    assert [numbers.labels[n] for n in numbers.label] == part.ratings["label"].tolist()
    again = Part(part, (part.ratings["rater"] != "p4").to_numpy())
    code, known = different(again, "label")
    assert known[code].tolist() == again.ratings["label"].tolist()
    assert set(known) == set(again.ratings["label"])
    code, known = different(again, "mood")
    assert known[code].tolist() == [""] * len(again.ratings)
    assert columns(again) == list(again.ratings)
    pd.testing.assert_frame_equal(rows_at(again, np.array([3, 0])), again.ratings.iloc[[3, 0]])


def test_what_was_counted_before_a_filter_need_not_be_decided_again(tables):
    someone, german = (
        (tables.ratings["rater"] != "p2").to_numpy(),
        tables.ratings["stimulus"].isin(["c0", "c2", "c4", "c10"]),
    )
    once = Part(tables, someone, judgements=True)
    twice = Part(once, german.to_numpy()[someone], judgements=True)
    for part, left in ((once, someone), (twice, someone & german.to_numpy())):
        found, expected = count(part), count(only(tables, pd.Series(left)))
        assert found.before is not None
        assert expected.before is None
        pd.testing.assert_frame_equal(found.judged, expected.judged)
        pd.testing.assert_frame_equal(found.subjects, expected.subjects)
        assert (found.truths, found.labels, found.drawn_by) == (expected.truths, expected.labels, expected.drawn_by)
        assert (found.counts == expected.counts).all()
        assert found.row.tolist() == expected.row.tolist()
        for subject in range(len(found.subjects)):
            assert found.rows(subject).tolist() == expected.rows(subject).tolist()
    truth = tables.stimuli["truth"].where(tables.stimuli.index > 3, "")
    truthless = Tables(tables.stimuli.assign(truth=truth), tables.raters, tables.ratings)
    said = count(Part(truthless, someone, judgements=True)).left_out
    assert said == count(only(truthless, pd.Series(someone))).left_out != ()


def test_intervals_of_the_same_judgements_are_drawn_once_and_others_anew(tables, monkeypatch):
    drawn: list[int] = []
    confusions = bootstrap.confusions
    monkeypatch.setattr(score_intervals, "_kept", {})

    def counted(*given, **how):
        drawn.append(1)
        return confusions(*given, **how)

    monkeypatch.setattr(bootstrap, "confusions", counted)
    before = scores.score(tables, draws=20).of_groups["de"]
    number = len(drawn)
    left = tables.ratings["rater"].str.startswith("m") | tables.ratings["rater"].isin(["p0", "p2", "p4"])
    after = scores.score(Part(tables, left.to_numpy(), judgements=True), draws=20).of_groups["de"]
    assert len(drawn) == number  # both groups that are left are as they were
    pd.testing.assert_frame_equal(after, before[before["group"] != "two"].reset_index(drop=True))
    scores.score(Part(tables, (left & (tables.ratings["rater"] != "p4")).to_numpy(), judgements=True), draws=20).of_groups[
        "de"
    ]
    assert len(drawn) > number
    number = len(drawn)
    scores.score(tables, draws=21).of_groups["de"]
    assert len(drawn) > number


@pytest.mark.parametrize(("raters", "clips"), [(5, 6), (1, 9), (20, 40)])
def test_counts_of_each_draw_are_those_of_adding_judgement_by_judgement(raters, clips):
    rng = np.random.default_rng(raters)
    number = 60 if raters == 20 else raters * clips  # of the last, few raters judged the same clip
    rater, clip = (rng.integers(0, size, number) for size in (raters, clips))
    rater[:raters], clip[:clips] = np.arange(raters), np.arange(clips)
    truth = np.arange(clips) % 3
    said = bootstrap.Judgements(rater, clip, truth[clip], rng.integers(0, 4, number), np.arange(raters) % 2, truth, (3, 4))
    for judged in (said, replace(said, truth=rng.integers(0, 3, number))):  # a truth of each judgement, too
        drawn = bootstrap.confusions(judged, draws=50, rng=bootstrap.generator(1, "x"))
        expected = np.zeros((50, 3, 4))
        for rows, often in bootstrap.times(judged, draws=50, rng=bootstrap.generator(1, "x")):
            for n in range(number):
                expected[rows, judged.truth[n], judged.label[n]] += often[:, n]
        assert (drawn == expected).all()


def test_what_a_page_shows_first_is_what_the_files_say(tables):
    scored = scores.score(tables, draws=20)
    whole = scored.scores
    for language, rows in scored.of_groups.items():
        expected = whole[(whole["rater"] == "") & (whole["language"] == language)]
        pd.testing.assert_frame_equal(rows, expected.reset_index(drop=True))
    ua = whole[whole["metric"] == "ua"].drop(columns=["ci_low", "ci_high"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(scored.ua.drop(columns=["ci_low", "ci_high"]), ua, check_dtype=False)
    assert scored.ua[["ci_low", "ci_high"]].isna().all(axis=None)
    of_groups = scored.confusion[scored.confusion["rater"] == ""]
    pd.testing.assert_frame_equal(scored.confusion_of_groups, of_groups.reset_index(drop=True))
    every = differences.MEASURE.table(tables)
    for language in ("", "cmn", "de"):
        rows = every[every["language"] == language].reset_index(drop=True)
        pd.testing.assert_frame_equal(differences.in_language(scored.counted, language), rows)


def test_a_family_of_tests_is_made_when_it_is_asked_for(tables, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a permutation nobody asked for")

    monkeypatch.setattr(comparisons, "permutation", refuse)
    found = comparisons.families(tables, draws=20)
    first = found["human groups: UA by language"]
    assert first.languages == {"cmn", "de"}
    assert first.table["p_holm"].notna().any()
    with pytest.raises(AssertionError, match="nobody asked"):
        _ = found["human groups: UA by language, permutation"].table
