"""Agreement on segments against loops over single pairs, edges and densities that can be counted by hand."""

from __future__ import annotations

import itertools
import math
import statistics
import time

import numpy as np
import pandas as pd
import pytest

from ser_core import cli
from ser_core.emotions import NEUTRAL
from ser_core.errors import BadInput
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, check, frame, read_all, to_csv, write
from ser_core.segment_agreement import AGREEMENT, DENSITY, DEVIATIONS, agreement, density, deviations
from ser_core.segment_marks import marks
from ser_core.statistics.chance_overlap import expected_overlap


def study(rows, *, clips=None, types=None) -> Tables:
    """Rows of (rater, stimulus, start_s, end_s, label, ...); a rater's group is its id without digits."""
    clips = clips or {s: {} for s in dict.fromkeys(row[1] for row in rows)}
    stimuli = [{"stimulus": s, "language": "de", "truth": "happy", "duration_s": 4.0} | facts for s, facts in clips.items()]
    names = sorted({row[0] for row in rows})
    types = {"human": "human", **(types or {})}
    raters = [{"rater": n, "group": n.rstrip("0123456789")} for n in names]
    raters = [r | {"rater_type": types.get(r["group"], "human")} for r in raters]
    columns = ["rater", "stimulus", "start_s", "end_s", "label", "part", "repeat"]
    ratings = [dict(zip(columns, row, strict=False)) | {"weight": 1.0} for row in rows]
    made = Tables(frame(STIMULI, stimuli), frame(RATERS, raters), frame(RATINGS, ratings))
    assert check(made) == []
    return made


def random_study(*, seed=0, people=5, clips=4) -> Tables:
    """Two groups of people with one part each, two models that cut clips into parts, a truth; clips in two languages."""
    rng = np.random.default_rng(seed)
    facts = {
        f"c{n}": {
            "language": ("de", "cmn")[n % 2],
            "truth": ("happy", "sad")[n // 2 % 2],
            "duration_s": 3.0 + n / 8,
            "truth_start_s": 0.5,
            "truth_end_s": 1.75,
        }
        for n in range(clips)
    }
    rows = []
    for clip, fact in facts.items():
        for group, n in itertools.product("AB", range(people)):
            start_s = round(rng.uniform(0, 1.5), 3)
            rows.append(
                (f"{group}{n}", clip, start_s, round(start_s + rng.uniform(0.2, 1.5), 3), rng.choice(["happy", "sad"]))
            )
        for n in range(2):
            edges = [0.0, *np.sort(rng.uniform(0, fact["duration_s"], 4)).round(2), fact["duration_s"]]
            names = [NEUTRAL, "happy", NEUTRAL, "sad", "happy"]
            rows += [(f"m{n}", clip, *edge, name) for edge, name in zip(itertools.pairwise(edges), names, strict=True)]
    return study(rows, clips=facts, types={"m": "machine"})


def value(table: pd.DataFrame, a: str, b: str, *, kind="where", stimulus="", language="", emotion="") -> pd.Series:
    asked = {"kind": kind, "group": a, "against": b, "stimulus": stimulus, "language": language, "emotion": emotion}
    found = table[(table[list(asked)] == pd.Series(asked)).all(axis=1)]
    assert len(found) == 1, found
    return found.iloc[0]


# --- agreement -------------------------------------------------------------------------------------------------------


def lengths_and_shared(tables: Tables, kind: str) -> dict[tuple[str, str], list[float]]:
    """For each two groups: marked, shared and expected seconds, from a loop over clips, pairs of raters and labels."""
    length_s = dict(zip(tables.stimuli["stimulus"], tables.stimuli["duration_s"], strict=True))
    known = tables.stimuli.dropna(subset="truth_start_s")
    truth = [("", r["stimulus"], r["truth_start_s"], r["truth_end_s"], r["truth"]) for _, r in known.iterrows()]
    rows = [*tables.ratings[["rater", "stimulus", "start_s", "end_s", "label"]].itertuples(index=False, name=None), *truth]
    said: dict[str, dict[str, dict[str, list[tuple[float, float]]]]] = {}
    for rater, clip, start_s, end_s, label in sorted(rows):
        own = said.setdefault(clip, {}).setdefault(rater, {})
        if label != NEUTRAL:
            kept = own.setdefault("" if kind == "where" else label, [])
            if kept and kept[-1][1] >= start_s:
                kept[-1] = (kept[-1][0], end_s)
            else:
                kept.append((start_s, end_s))
    total: dict[tuple[str, str], list[float]] = {}
    for clip, by_rater in said.items():
        for a, b in itertools.combinations(by_rater, 2):
            first, second = sorted(name.rstrip("0123456789") or "truth" for name in (a, b))
            sums = total.setdefault((first, second), [0.0, 0.0, 0.0])
            for label in {*by_rater[a], *by_rater[b]}:
                p, q = (by_rater[rater].get(label, []) for rater in (a, b))
                sums[0] += sum(e - s for s, e in p) + sum(e - s for s, e in q)
                sums[1] += sum(max(0.0, min(x[1], y[1]) - max(x[0], y[0])) for x in p for y in q)
                if p and q:
                    lengths = [tuple(e - s for s, e in parts) for parts in (p, q)]
                    sums[2] += expected_overlap(lengths, length_s[clip])[0, 1]
    return total


@pytest.mark.parametrize("kind", ["where", "where_and_what"])
def test_agreement_of_every_two_groups_is_that_of_a_loop_over_pairs(kind):
    tables = random_study()
    found = agreement(tables, draws=0)
    wanted = lengths_and_shared(tables, kind)
    assert set(wanted) == {(a, b) for a, b in itertools.combinations_with_replacement(["A", "B", "m", "truth"], 2)} - {
        ("truth", "truth")
    }
    for (a, b), (marked, shared, expected) in wanted.items():
        row = value(found, a, b, kind=kind)
        assert row["observed"] == pytest.approx(2 * shared / marked)
        assert row["expected"] == pytest.approx(2 * expected / marked)
        assert row["value"] == pytest.approx((row["observed"] - row["expected"]) / (1 - row["expected"]))


def test_pairs_and_clips_are_counted_and_every_margin_is_there():
    found = agreement(random_study(), draws=0)
    assert list(found.columns) == list(AGREEMENT)
    assert value(found, "A", "A")[["pairs", "clips", "undefined"]].tolist() == [10 * 4, 4, 0]
    assert value(found, "A", "m", language="cmn", emotion="sad")[["pairs", "clips"]].tolist() == [10, 1]
    assert value(found, "m", "truth", stimulus="c1")[["pairs", "rater_type", "against_type"]].tolist() == [
        2,
        "machine",
        "truth",
    ]


def test_equal_marks_agree_perfectly_and_marks_apart_worse_than_chance():
    rows = [("A1", "c", 1, 2, "happy"), ("A2", "c", 1, 2, "happy"), ("B1", "c", 3, 4, "happy"), ("C1", "c", 1, 2, "sad")]
    found = agreement(study(rows), draws=0)
    assert value(found, "A", "A")["value"] == pytest.approx(1)
    assert value(found, "A", "B")["observed"] == 0
    assert value(found, "A", "B")["value"] < 0
    assert value(found, "A", "C")["value"] == pytest.approx(1)
    assert value(found, "A", "C", kind="where_and_what")["value"] == pytest.approx(0)


def test_agreement_is_the_same_for_a_segment_cut_in_two_and_for_rows_in_another_order():
    whole = [("A1", "c", 1.0, 2.0, "happy"), ("A2", "c", 1.25, 3.0, "happy"), ("A3", "c", 0.5, 1.5, "sad")]
    cut = [("A2", "c", 2.5, 3.0, "happy"), *whole[::2], ("A2", "c", 1.25, 2.5, "happy"), ("A1", "c", 3.0, 4.0, NEUTRAL)]
    pd.testing.assert_frame_equal(agreement(study(whole)), agreement(study(cut)))


def test_people_who_mark_at_random_agree_no_more_than_chance_where_kappa_would_see_agreement():
    rows = [(f"A{n}", "c", (n + 0.5) / 150, (n + 0.5) / 150 + 2.0, "happy") for n in range(300)]
    row = value(agreement(study(rows), draws=0), "A", "A")
    assert row["value"] == pytest.approx(0, abs=0.01)
    assert 2 * (row["observed"] - 0.5) == pytest.approx(
        1 / 3, abs=0.01
    )  # Cohen's kappa of frames: two halves share a quarter


def test_a_mark_of_all_or_nothing_says_nothing_about_where_and_is_counted():
    rows = [
        ("A1", "c", 0, 4, "happy"),
        ("A2", "c", 1, 2, "happy"),
        ("A3", "c", math.nan, math.nan, "happy", "none"),
        ("m1", "c", 0, 4, NEUTRAL),
    ]
    found = agreement(study(rows, types={"m": "machine"}))
    own, model = value(found, "A", "A"), value(found, "A", "m")
    assert own[["pairs", "undefined"]].tolist() == [0, 3]
    assert own[["value", "observed", "expected", "ci_low", "ci_high"]].isna().all()
    assert "all of the clip or nothing" in own["note"]
    assert model[["pairs", "undefined"]].tolist() == [0, 3]


def test_a_whole_clip_that_lacks_the_last_rounding_is_still_the_whole_clip():
    rows = [("A1", "c", 0, 3.9996, "happy"), ("A2", "c", 1, 2, "happy")]
    assert value(agreement(study(rows), draws=0), "A", "A")["undefined"] == 1


def test_a_marking_is_read_as_the_error_rate_reads_it():
    nowhere = math.nan, math.nan
    rows = [
        ("A1", "c", *nowhere, "happy", "whole"),  # as others' tables may say it, without a row of times
        ("A2", "c", 1, 2, "happy"),
        ("A2", "c", 1, 2, "sad"),
        ("A3", "c", *nowhere, "happy", "segment"),
        ("A4", "c", 1, 2, "sad"),
    ]
    tables = study(rows)
    table = agreement(tables, draws=0)
    assert value(table, "A", "A")[["pairs", "undefined", "value"]].tolist() == pytest.approx([1, 2, 1])
    assert value(table, "A", "A", kind="where_and_what")["observed"] == pytest.approx(2 / 3)
    assert marks(tables).left_out == ("1 marking without the part that was marked left out.",)


def test_the_first_hearing_counts_and_the_second_is_told():
    again = ("A1", "c", 3.0, 4.0, "happy", "", "10"), ("A1", "c", 1.0, 2.0, "happy", "", "2")
    tables = study([*again, ("A2", "c", 1.0, 2.0, "happy")])
    assert value(agreement(tables, draws=0), "A", "A")["value"] == pytest.approx(1)
    assert marks(tables).left_out == ("1 marking of a clip heard again left out; the first hearing counts.",)


def test_a_clip_of_unknown_length_has_no_agreement_and_is_told():
    rows = [("A1", "c", 1, 2, "happy"), ("A2", "c", 1, 2, "happy"), ("A1", "d", 1, 2, "happy"), ("A2", "d", 1, 2, "happy")]
    tables = study(rows, clips={"c": {}, "d": {"duration_s": math.nan}})
    assert value(agreement(tables, draws=0), "A", "A")["pairs"] == 1
    assert marks(tables).left_out == ("2 markings of clips of unknown length left out of agreement.",)


def test_tables_without_any_mark_are_refused():
    with pytest.raises(BadInput, match="nobody marked a part"):
        agreement(study([("A1", "c", math.nan, math.nan, "happy")]))


def test_a_rater_of_type_truth_stands_for_the_truth_of_the_corpus():
    clips = {"c": {"truth_start_s": 3.0, "truth_end_s": 4.0}}
    rows = [("A1", "c", 1.0, 2.0, "happy"), ("truth", "c", 1.0, 2.0, "happy")]
    tables = study(rows, clips=clips, types={"truth": "truth"})
    assert value(agreement(tables, draws=0), "A", "truth")[["value", "pairs"]].tolist() == pytest.approx([1, 1])


def test_intervals_hold_the_value_narrow_with_more_raters_and_come_again_with_the_seed():
    small, large = (agreement(random_study(people=n, clips=8), draws=200) for n in (4, 24))
    for table in (small, large):
        row = value(table, "A", "B")
        assert row["ci_low"] <= row["value"] <= row["ci_high"]
    width = [row["ci_high"] - row["ci_low"] for row in (value(t, "A", "A", stimulus="c1") for t in (small, large))]
    assert width[1] < width[0]
    tables = random_study(people=4, clips=8)
    pd.testing.assert_frame_equal(small, agreement(tables, draws=200))
    assert not agreement(tables, draws=200, seed=1)["ci_low"].equals(small["ci_low"])
    shuffled = Tables(*(t.sample(frac=1, random_state=2) for t in (tables.stimuli, tables.raters, tables.ratings)))
    pd.testing.assert_frame_equal(small, agreement(shuffled, draws=200))


def test_the_interval_of_two_single_raters_is_that_of_every_draw_of_the_clips():
    rows = [(r, f"c{n}", n / 4 + s, n / 4 + s + 1, "happy") for n in range(4) for r, s in (("A1", 0), ("B1", n / 5))]
    found = value(agreement(study(rows), draws=4000), "A", "B")
    parts = [lengths_and_shared(study(rows[2 * n : 2 * n + 2]), "where")["A", "B"] for n in range(4)]
    every = []
    for draw in itertools.product(range(4), repeat=4):
        marked, shared, expected = np.sum([parts[n] for n in draw], axis=0)
        every.append((shared - expected) / (marked / 2 - expected))
    wanted = np.quantile(every, [0.025, 0.975], method="inverted_cdf")
    assert found[["ci_low", "ci_high"]].to_numpy(dtype=float) == pytest.approx(wanted, abs=0.02)
    assert math.isnan(value(agreement(study(rows)), "A", "B", stimulus="c1")["ci_low"])  # nothing can be drawn


def test_a_hundred_times_the_pairs_take_no_hundred_times_as_long():
    rng = np.random.default_rng(0)

    def seconds(raters: int) -> float:
        starts = rng.uniform(0, 2.5, raters).round(3)
        tables = study([(f"A{n}", "c", s, s + 1.5 * rng.random() + 0.001, "happy") for n, s in enumerate(starts)])
        begun = time.process_time()
        row = value(agreement(tables, draws=50), "A", "A")
        assert row["pairs"] == raters * (raters - 1) // 2
        return time.process_time() - begun

    seconds(10)
    few, many = seconds(60), seconds(600)
    assert many < 30 * few


# --- deviations ------------------------------------------------------------------------------------------------------


def test_deviations_from_the_truth_are_signed_and_absolute_with_n():
    clips = {n: {"truth_start_s": 1.0, "truth_end_s": 2.0} for n in "cd"}
    rows = [("A1", "c", 0.5, 2.5, "happy"), ("A2", "c", 1.25, 2.25, "sad"), ("A1", "d", 2.0, 2.5, "happy")]
    rows += [("A2", "d", 0.75, 1.0, "happy"), ("A2", "d", 3.0, 3.5, "happy")]
    found = deviations(study(rows, clips=clips))
    assert list(found.columns) == list(DEVIATIONS)
    numbers = ["n", "mean_s", "median_s", "mean_abs_s", "median_abs_s"]
    late = found[
        (found["group"] == "A") & (found["against"] == "truth") & (found["language"] == "") & (found["emotion"] == "")
    ]
    late = late.set_index(["edge", "rater"])[numbers]
    by_hand = [-0.5, 0.25, 1.0, -0.25]
    wanted = [statistics.mean(by_hand), statistics.median(by_hand)]
    wanted += [f([abs(x) for x in by_hand]) for f in (statistics.mean, statistics.median)]
    assert late.loc["onset", ""].tolist() == pytest.approx([4, *wanted])
    assert late.loc["onset", "A1"].tolist() == pytest.approx([2, 0.25, 0.25, 0.75, 0.75])
    assert late.loc["offset", "A2"].tolist() == pytest.approx([2, 0.875, 0.875, 0.875, 0.875])


def test_deviations_between_raters_are_from_the_median_of_the_others():
    tables = random_study(people=4, clips=3)
    edges: dict[str, dict[str, float]] = {}
    for told in tables.ratings[tables.ratings["rater"].str.startswith(("A", "B"))].to_dict("records"):
        edges.setdefault(told["stimulus"], {})[told["rater"]] = told["end_s"]
    found = deviations(tables)
    for a, b in (("A", "A"), ("A", "B")):
        wanted = [
            own - statistics.median([s for other, s in by_rater.items() if other[0] == b and other != rater])
            for by_rater in edges.values()
            for rater, own in by_rater.items()
            if rater[0] == a
        ]
        rows = found[(found["edge"] == "offset") & (found["group"] == a) & (found["against"] == b)]
        row = rows[(rows[["rater", "language", "emotion"]] == "").all(axis=1)].iloc[0]
        assert row["n"] == len(wanted) == 12
        assert row["mean_s"] == pytest.approx(statistics.mean(wanted))
        assert row["median_abs_s"] == pytest.approx(statistics.median([abs(x) for x in wanted]))


# --- density ---------------------------------------------------------------------------------------------------------


def test_density_is_the_share_of_the_group_that_marked_each_moment():
    no_part = [("A4", "c", math.nan, math.nan, "sad", "none")]
    rows = [("A1", "c", 1, 2, "happy"), ("A2", "c", 1.5, 4, "sad"), ("A3", "c", 0, 4, NEUTRAL), ("B1", "c", 0, 4, "sad")]
    rows += [("B2", "c", 2, 3, "sad"), ("B2", "c", 3, 4, "happy")]
    found = density(study([*rows, *no_part]))
    assert list(found.columns) == list(DENSITY)
    steps = {g: part[["start_s", "end_s", "share", "n"]].to_numpy().tolist() for g, part in found.groupby("group")}
    assert steps["A"] == [[0, 1, 0, 4], [1, 1.5, 0.25, 4], [1.5, 2, 0.5, 4], [2, 4, 0.25, 4]]
    assert steps["B"] == [[0, 2, 0.5, 2], [2, 4, 1, 2]]


def test_the_marked_seconds_are_those_under_the_density():
    tables = random_study()
    found = density(tables)
    under = ((found["end_s"] - found["start_s"]) * found["share"] * found["n"]).groupby(found["rater_type"]).sum()
    places = marks(tables).places().merge(marks(tables).markings, on="marking")
    wanted = (places["end_s"] - places["start_s"]).groupby(places["rater_type"]).sum()
    pd.testing.assert_series_equal(under, wanted, check_names=False)
    assert found.groupby(["stimulus", "group"])["end_s"].max().eq(found.groupby(["stimulus", "group"])["end_s"].last()).all()


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_writes_what_the_functions_return(tmp_path, capsys):
    tables = random_study(people=2, clips=2)
    write(tables, tmp_path / "in")
    assert cli.main("ser_core", ["segments", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--seed", "3"]) == 0
    kept = read_all([tmp_path / "in"])
    for name, made in (("agreement", agreement(kept, seed=3)), ("deviations", deviations(kept)), ("density", density(kept))):
        assert (tmp_path / "out" / f"{name}.csv").read_text() == to_csv(made)
    said = capsys.readouterr().out
    assert "agreement.csv" in said
    assert "where_and_what" not in said
    tables.stimuli["synthetic"] = "yes"
    write(tables, tmp_path / "in")
    assert cli.main("ser_core", ["segments", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 0
    for name in ("agreement", "deviations", "density"):
        header, first, *_ = (tmp_path / "out" / f"{name}.csv").read_text().splitlines()
        assert (header.split(",")[-1], first.split(",")[-1]) == ("made_up", "synthetic voices")
