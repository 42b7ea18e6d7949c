"""Every measure on tables keeps the contract, says why where nothing can be said, and equals another library or loops."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache
from itertools import combinations, product

import krippendorff
import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, cohen_kappa_score, roc_auc_score
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

from ser_core.measures._answers import answers, coded
from ser_core.measures._measure import measures
from ser_core.measures._pairs import LEAST_COMMON
from ser_core.measures._votes import votes
from ser_core.measures.krippendorff_alpha import alpha
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, check, frame, to_csv
from ser_core.statistics import bootstrap
from tests.ser_core.test_scores import emozionalmente, shuffled

EMOTIONS = ["angry", "happy", "neutral", "sad"]
LABELS = [*EMOTIONS, "cannot_say"]


@cache
def study(*, seed=0, listeners=4, clips=24, heard=0.8, languages=("de", "cmn"), models=2, said=True) -> Tables:
    """Two groups of people, each clip heard by some, some twice; models with posteriors, some truths unknown."""
    rng = np.random.default_rng(seed)
    stimuli = [
        {"stimulus": f"c{n}", "language": languages[n % len(languages)], "truth": "" if n % 12 == 11 else EMOTIONS[n % 4]}
        for n in range(clips)
    ]
    people = [{"rater": f"{g}{n}", "rater_type": "human", "group": g} for g in ("DE", "CN") for n in range(listeners)]
    rows = []
    for person, clip in product(people, stimuli):
        for repeat in ("1", "2") if rng.random() < 0.1 else ("",):
            row = {"rater": person["rater"], "stimulus": clip["stimulus"], "weight": 1.0, "repeat": repeat}
            row["label"] = clip["truth"] if clip["truth"] and rng.random() < 0.6 else str(rng.choice(LABELS))
            if said:
                row |= {"confidence": str(rng.integers(1, 6)), "response_s": f"{rng.lognormal():.3f}"}
            if rng.random() < heard:
                rows.append(row)
    machines = [{"rater": f"m{n}", "rater_type": "machine", "group": "probe"} for n in range(models)]
    for machine, clip in product(machines, stimuli):
        for label, weight in zip(EMOTIONS, rng.dirichlet(np.full(4, 0.5)), strict=True):
            rows.append({"rater": machine["rater"], "stimulus": clip["stimulus"], "label": label, "weight": weight})
    return made(stimuli, [*people, *machines], rows)


def made(stimuli, raters, rows) -> Tables:
    tables = Tables(frame(STIMULI, stimuli), frame(RATERS, raters), frame(RATINGS, rows))
    assert check(tables) == []
    return tables


def said_of(table: list[list[str]], truths=None) -> Tables:
    """People's labels as a table ``[rater][clip]``; an empty one was not given."""
    clips = range(len(table[0]))
    stimuli = [{"stimulus": f"c{n:03}", "language": "de", "truth": truths[n] if truths else ""} for n in clips]
    people = [{"rater": f"r{n:03}", "rater_type": "human", "group": "people"} for n in range(len(table))]
    rows = [
        {"rater": f"r{r:03}", "stimulus": f"c{n:03}", "label": row[n], "weight": 1}
        for r, row in enumerate(table)
        for n in clips
        if row[n]
    ]
    return made(stimuli, people, rows)


def only(tables: Tables, *kinds: str) -> Tables:
    raters = tables.raters[tables.raters["rater_type"].isin(kinds)]
    return Tables(tables.stimuli, raters, tables.ratings[tables.ratings["rater"].isin(raters["rater"])])


HARD = {
    "a whole study": study(),
    "people alone": only(study(), "human"),
    "models alone": only(study(), "machine"),
    "one model, that gives no posterior": made(
        [{"stimulus": f"c{n}", "language": "de", "truth": "sad"} for n in range(12)],
        [{"rater": "m", "rater_type": "machine", "group": "m"}],
        [{"rater": "m", "stimulus": f"c{n}", "label": "sad", "weight": 1} for n in range(12)],
    ),
    "nobody was asked how sure, or timed": study(said=False),
    "one listener of each group": study(listeners=1),
    "one clip": study(clips=1, languages=("de",)),
    "one clip that everybody heard": said_of([["sad"], ["happy"], ["sad"]], ["sad"]),
    "one emotion never chosen": said_of([["sad", "happy"] * 6, ["happy", "sad"] * 6, ["sad"] * 12], ["angry", "sad"] * 6),
    "all answers equal, and right": said_of([["sad"] * 12] * 3, ["sad"] * 12),
    "all answers equal, and wrong": said_of([["sad"] * 12] * 3, ["happy"] * 12),
    "no truth": said_of([["sad", "happy"] * 6, ["happy", "sad"] * 6, ["sad"] * 12]),
    "votes that tie on every clip": said_of([["sad"] * 12, ["happy"] * 12], ["sad"] * 12),
    "only cannot say": said_of([["cannot_say"] * 12] * 3, ["sad"] * 12),
    "no two heard the same clip": said_of([["sad", "", ""], ["", "sad", ""], ["", "", "happy"]], ["sad"] * 3),
    "nothing": made([{"stimulus": "c", "language": "de"}], [{"rater": "r", "rater_type": "human", "group": "g"}], []),
}
NAMES = list(measures())
OF_GROUPS = [name for name, measure in measures().items() if "group" in {c.name for c in measure.columns}]


def table(name: str, tables: Tables, *, draws=0, **wanted) -> pd.DataFrame:
    rows = measures()[name].table(tables, draws=draws)
    for column, content in wanted.items():
        rows = rows[rows[column] == content]
    return rows.reset_index(drop=True)


def one(name: str, tables: Tables, **wanted) -> pd.Series:
    rows = table(name, tables, **wanted)
    assert len(rows) == 1
    return rows.iloc[0]


# --- the contract ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_measure_says_what_it_is(name):
    measure = measures()[name]
    columns = [c.name for c in measure.columns]
    assert measure.title
    assert measure.source
    assert measure.help[0].islower()
    assert not measure.help.endswith(".")
    assert measure.bounds[0] < measure.bounds[1]
    assert {"value", "note", "ci_low", "ci_high", "language"} <= set(columns)
    assert len(set(columns)) == len(columns)
    assert all(c.help for c in measure.columns)


@pytest.mark.parametrize("tables", HARD.values(), ids=list(HARD))
@pytest.mark.parametrize("name", NAMES)
def test_a_value_is_within_its_bounds_or_its_row_says_why_there_is_none(name, tables):
    measure = measures()[name]
    rows = measure.table(tables, draws=20)
    assert rows.columns.tolist() == [c.name for c in measure.columns]
    known = rows["value"].notna()
    assert (rows.loc[~known, "note"] != "").all()
    assert not rows.loc[known, "note"].str.contains("not defined").any()
    assert rows.loc[known, "value"].between(*measure.bounds).all()
    assert rows.loc[~known, ["ci_low", "ci_high"]].isna().all(axis=None)
    bounds = rows[["ci_low", "ci_high"]].dropna()
    assert (bounds["ci_low"] <= bounds["ci_high"]).all()
    assert "nan" not in to_csv(rows).lower()
    assert "inf" not in to_csv(rows).lower()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_tables_give_the_same_whatever_the_order_of_their_rows(name):
    first, again = (measures()[name].table(tables, draws=20) for tables in (study(), shuffled(study())))
    pd.testing.assert_frame_equal(first, again)


@pytest.mark.parametrize("name", OF_GROUPS)
def test_models_leave_the_numbers_of_people_as_they_were(name):
    alone, beside = (measures()[name].table(tables, draws=20) for tables in (only(study(), "human"), study()))
    models = np.logical_or.reduce([beside[c].isin(["probe"]) for c in ("group", "against") if c in beside])
    machines = beside["rater_type"] == "machine" if "rater_type" in beside else False
    pd.testing.assert_frame_equal(alone, beside[~(models | machines)].reset_index(drop=True))


# --- agreement -------------------------------------------------------------------------------------------------------


def random_labels(seed=0, raters=6, clips=40, given=0.7) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    truth = rng.choice(EMOTIONS, clips)
    label = np.where(rng.random((raters, clips)) < 0.5, truth, rng.choice(LABELS, (raters, clips)))
    return np.where(rng.random((raters, clips)) < given, label, "").tolist()


def matrix(labels: list[list[str]]) -> np.ndarray:
    return np.array([[LABELS.index(label) if label else math.nan for label in row] for row in labels])


def library_alpha(data: np.ndarray) -> float:
    return float(krippendorff.alpha(reliability_data=data, level_of_measurement="nominal"))


def test_alpha_is_that_of_krippendorffs_own_example():
    """K. Krippendorff, Computing Krippendorff's alpha-reliability, 2011, example C: nominal alpha = 0.743."""
    name = {"1": "angry", "2": "happy", "3": "neutral", "4": "sad", "5": "fearful", ".": ""}
    said = ["1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 ."]
    found = one("krippendorff_alpha", said_of([[name[c] for c in row.split()] for row in said]), language="")
    assert round(found["value"], 3) == 0.743
    assert found["judgements"] == 40  # one of the 41 values stands alone


@pytest.mark.parametrize("seed", range(3))
def test_alpha_is_that_of_the_library(seed):
    labels = random_labels(seed)
    assert one("krippendorff_alpha", said_of(labels), language="")["value"] == pytest.approx(library_alpha(matrix(labels)))


def test_alpha_of_829_real_listeners_is_that_of_the_library(shared):
    tables = emozionalmente(shared)
    rows = answers(tables).assign(code=lambda rows: pd.factorize(rows["label"])[0])
    data = rows.pivot(index="rater", columns="stimulus", values="code").to_numpy(dtype=float)
    found = one("krippendorff_alpha", tables, language="it")
    assert found["value"] == pytest.approx(library_alpha(data))
    assert round(found["value"], 3) == 0.476
    assert (found["raters"], found["clips"]) == data.shape


def test_alpha_of_a_draw_is_that_of_the_clips_and_raters_that_it_holds():
    labels = random_labels(3)
    judgements = coded(answers(said_of(labels)))
    rng = np.random.default_rng(0)
    often = rng.integers(0, 3, size=(4, 40)).astype(float)
    there = np.ones((4, 6))
    there[1:, 2], there[2:, 5] = 0, 0
    drawn = alpha(votes(judgements)(there, often))
    for n in range(4):
        held = np.repeat(matrix(labels)[there[n] > 0], often[n].astype(int), axis=1)
        assert drawn[n] == pytest.approx(library_alpha(held))


def test_a_listener_who_is_drawn_twice_does_not_agree_with_himself():
    apart = said_of([["sad", "happy", "sad", "sad"], ["happy", "sad", "angry", "sad"], ["sad", "sad", "sad", "happy"]])
    judgements = coded(answers(apart))
    found = votes(judgements)(np.array([[2.0, 1.0, 0.0]]), np.ones((1, 4)))
    np.testing.assert_allclose(found.agree[:, 0], [0, 0, 0, 1])


def test_fleiss_kappa_is_that_of_the_example_of_14_raters():
    """The worked example of 14 raters and 10 subjects in Wikipedia, Fleiss' kappa (read 2026): 0.210."""
    counts = [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
              [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]]  # fmt: skip
    clips = [[label for label, n in zip(LABELS, row, strict=True) for _ in range(n)] for row in counts]
    found = one("fleiss_kappa", said_of([list(row) for row in zip(*clips, strict=True)]), language="")
    assert round(found["value"], 3) == 0.210


def test_fleiss_kappa_is_that_of_statsmodels_on_the_clips_that_all_heard():
    labels = random_labels(4, given=0.95)
    found = one("fleiss_kappa", said_of(labels), language="")
    whole = matrix(labels).T
    whole = whole[~np.isnan(whole).any(axis=1)].astype(int)
    assert found["value"] == pytest.approx(fleiss_kappa(aggregate_raters(whole)[0]))
    assert found["clips"] == len(whole) < 40
    assert found["note"] == f"{40 - len(whole)} of 40 clips left out, which not every rater judged"


def test_cohens_kappa_of_a_table_that_can_be_worked_out_by_hand():
    """20 both yes, 5 and 10 apart, 15 both no: p_o = 0.7, p_e = 0.5 * 0.6 + 0.5 * 0.4 = 0.5, kappa = 0.4."""
    cells = [("sad", "sad")] * 20 + [("sad", "happy")] * 5 + [("happy", "sad")] * 10 + [("happy", "happy")] * 15
    found = one("cohen_kappa", said_of([list(row) for row in zip(*cells, strict=True)]), language="", kind="raters")
    assert (found["observed"], found["expected"], found["value"]) == pytest.approx((0.7, 0.5, 0.4))


def test_cohens_kappa_of_two_groups_is_the_mean_of_that_of_scikit_learn_over_pairs():
    tables = study()
    rows = answers(tables)
    said = {str(rater): part.set_index("stimulus")["label"] for rater, part in rows.groupby("rater")}
    for a, b in (("DE", "DE"), ("CN", "DE"), ("DE", "m")):
        pairs = [pair for pair in combinations(sorted(said), 2) if sorted(name[:-1] for name in pair) == sorted((a, b))]
        values = []
        for one_of, other in pairs:
            common = said[one_of].index.intersection(said[other].index)
            if len(common) >= LEAST_COMMON:
                values.append(cohen_kappa_score(said[one_of][common], said[other][common]))
        group, against = ("probe" if name == "m" else name for name in (a, b))
        found = one("cohen_kappa", tables, kind="raters", group=group, against=against, language="")
        assert found["value"] == pytest.approx(np.mean(values))
        assert found["pairs"] == len(values)
        assert found["pairs"] + found["undefined"] == len(pairs)


def test_the_votes_of_a_group_are_the_most_frequent_labels_without_ties():
    tables = study()
    rows = answers(tables)
    top = {}
    for (group, clip), part in rows.groupby(["group", "stimulus"]):
        (label, n), *rest = Counter(part["label"]).most_common()
        if not rest or rest[0][1] < n:
            top[group, clip] = label
    common = [clip for group, clip in top if group == "DE" and ("CN", clip) in top]
    found = one("cohen_kappa", tables, kind="votes", group="CN", against="DE", language="")
    assert found["clips"] == len(common)
    assert found["value"] == pytest.approx(cohen_kappa_score(*([top[g, c] for c in common] for g in ("CN", "DE"))))


def test_error_consistency_is_that_of_geirhos_by_loops():
    tables = study()
    rows = answers(tables)
    right = {(r["rater"], r["stimulus"]): r["label"] == r["truth"] for r in rows.to_dict("records") if r["truth"]}
    values = []
    for human, model in product([f"DE{n}" for n in range(4)], ["m0", "m1"]):
        common = [(right[human, c], right[model, c]) for r, c in right if r == human and (model, c) in right]
        p, q = (sum(side) / len(common) for side in zip(*common, strict=True))
        observed = sum(a == b for a, b in common) / len(common)
        expected = p * q + (1 - p) * (1 - q)
        values.append((observed - expected) / (1 - expected))
    found = one("error_consistency", tables, group="DE", against="probe", language="")
    assert found["value"] == pytest.approx(np.mean(values))
    assert found["pairs"] == 8


def test_raters_who_err_on_the_same_clips_are_consistent_whatever_they_answer():
    truths = ["sad", "happy"] * 10
    same = [[t if n % 3 else wrong for n, t in enumerate(truths)] for wrong in ("angry", "neutral")]
    found = one("error_consistency", said_of(same, truths), language="")
    assert found["value"] == pytest.approx(1)
    assert one("krippendorff_alpha", said_of(same, truths), language="")["value"] < 1


def test_the_votes_of_many_together_are_no_listener():
    stimuli = [{"stimulus": f"c{n}", "language": "en", "truth": "sad"} for n in range(12)]
    voters = [{"rater": f"v{n}", "rater_type": "human", "group": f"voters {n}"} for n in (1, 2)]
    weights = [("sad", 0.6, "6"), ("happy", 0.4, "4")]
    rows = [
        {"rater": v["rater"], "stimulus": s["stimulus"], "label": label, "weight": weight, "votes": votes}
        for v, s, (label, weight, votes) in product(voters, stimuli, weights)
    ]
    tables = made(stimuli, voters, rows)
    for name in ("krippendorff_alpha", "fleiss_kappa", "human_ceiling", "error_consistency"):
        rows_of = table(name, tables)
        assert rows_of["value"].isna().all(), name
        assert rows_of["note"].str.contains("votes of many people together").all(), name
    apart = table("label_divergence", tables, language="en", stimulus="")
    assert apart[["value", "votes"]].to_numpy().tolist() == [[0.0, 10.0]]


# --- the ceiling -----------------------------------------------------------------------------------------------------


def credit(label: str, others: list[str]) -> float:
    number = Counter(others)
    top = [name for name, n in number.items() if n == max(number.values())]
    return 1 / len(top) if label in top else 0.0


@pytest.mark.parametrize("language", ["", "de"])
def test_the_ceiling_is_one_listener_against_the_majority_of_the_others_by_loops(language):
    tables = study(listeners=5)
    rows = answers(tables)
    rows = rows[rows["language"] == language] if language else rows
    earned: dict[str, list[float]] = {"DE": [], "probe": []}
    for _, part in rows.groupby("stimulus"):
        people = part[part["group"] == "DE"]["label"].tolist()
        if len(people) < 3:
            continue
        left_out = [[*people[:n], *people[n + 1 :]] for n in range(len(people))]
        earned["DE"] += [credit(label, others) for label, others in zip(people, left_out, strict=True)]
        models = part[part["group"] == "probe"]["label"]
        earned["probe"] += [float(np.mean([credit(label, others) for others in left_out])) for label in models]
    for group, credits in earned.items():
        found = one("human_ceiling", tables, group=group, against="DE", language=language)
        assert found["value"] == pytest.approx(np.mean(credits))
        assert found["judgements"] == len(credits)


# --- distributions, calibration --------------------------------------------------------------------------------------


def test_divergence_of_each_clip_is_that_of_scipy_and_its_mean_stands_above():
    tables = study()
    people = answers(tables).query("group == 'DE' and label != 'cannot_say'")
    posteriors = tables.ratings[tables.ratings["rater"].str.startswith("m")]
    rows = table("label_divergence", tables, group="DE", against="probe")
    clips = rows[rows["stimulus"] != ""]
    assert sorted(clips["stimulus"]) == sorted(people["stimulus"].unique())
    for row in clips.to_dict("records"):
        votes_of = people[people["stimulus"] == row["stimulus"]]["label"]
        p = [sum(votes_of == label) / len(votes_of) for label in EMOTIONS]
        q = posteriors[posteriors["stimulus"] == row["stimulus"]].groupby("label")["weight"].mean()[EMOTIONS]
        assert row["value"] == pytest.approx(jensenshannon(p, q, base=2) ** 2)
        assert row["votes"] == len(votes_of)
    assert rows.loc[0, "language"] == ""
    assert rows.loc[0, "value"] == pytest.approx(clips["value"].mean())


def posterior_of(tables: Tables) -> pd.DataFrame:
    facts = tables.stimuli.set_index("stimulus")["truth"]
    rows = tables.ratings[tables.ratings["rater"].str.startswith("m")]
    wide = rows.pivot(index=["rater", "stimulus"], columns="label", values="weight").reset_index()
    return wide.assign(truth=wide["stimulus"].map(facts)).query("truth != ''")


def test_brier_is_that_of_scikit_learn_and_ece_the_gaps_of_its_bins_by_loops():
    tables = study(clips=60)
    said = posterior_of(tables)
    q = said[EMOTIONS].to_numpy()
    found = table("calibration", tables, language="").set_index("metric")
    brier = brier_score_loss(said["truth"], q, labels=EMOTIONS, scale_by_half=False)
    assert found.loc["brier", "value"] == pytest.approx(brier)
    confidence, right = q.max(axis=1), np.array(EMOTIONS)[q.argmax(axis=1)] == said["truth"].to_numpy()
    gap = 0.0
    for n in range(10):
        here = [k for k, c in enumerate(confidence) if n / 10 < c <= (n + 1) / 10]
        if here:
            gap += len(here) / len(confidence) * abs(np.mean(right[here]) - np.mean(confidence[here]))
    assert found.loc["ece", "value"] == pytest.approx(gap)
    share, mean = calibration_curve(right, confidence, n_bins=10)
    bins = table("reliability", tables, language="")
    np.testing.assert_allclose(bins["value"], share)
    np.testing.assert_allclose(bins["confidence"], mean)
    assert bins["judgements"].sum() == len(said)


def test_certainty_of_the_truth_has_no_calibration_error_and_of_another_label_the_greatest():
    stimuli = [{"stimulus": f"c{n}", "language": "de", "truth": "sad"} for n in range(4)]
    model = [{"rater": "m", "rater_type": "machine", "group": "m"}]
    for label, ece, brier in (("sad", 0, 0), ("angry", 1, 2)):
        other = "angry" if label == "sad" else "sad"
        weights = {label: 0.99999, other: 0.00001}
        rows = [{"rater": "m", "stimulus": f"c{n}", "label": k, "weight": w} for n in range(4) for k, w in weights.items()]
        found = table("calibration", made(stimuli, model, rows), language="").set_index("metric")["value"]
        assert found["ece"] == pytest.approx(ece, abs=1e-4)
        assert found["brier"] == pytest.approx(brier, abs=1e-4)


# --- people's confidence and times -----------------------------------------------------------------------------------


def test_confidence_is_the_roc_area_of_scikit_learn_and_times_are_medians():
    tables = study()
    rows = answers(tables).query("group == 'CN' and truth != ''")
    right = rows["label"] == rows["truth"]
    level = rows["confidence"].astype(float)
    found = one("confidence", tables, group="CN", language="")
    assert found["value"] == pytest.approx(roc_auc_score(right, level))
    assert (found["mean_right"], found["mean_wrong"]) == pytest.approx((level[right].mean(), level[~right].mean()))
    assert (found["right"], found["wrong"], found["without"]) == (right.sum(), (~right).sum(), 0)
    timed = table("response_time", tables, group="CN", language="").set_index(["emotion", "answers"])
    assert timed.loc[("", "right"), "value"] == pytest.approx(rows[right]["response_s"].astype(float).median())
    sad = rows[rows["truth"] == "sad"]["response_s"].astype(float)
    assert tuple(timed.loc[("sad", ""), ["quartile_1", "value", "quartile_3"]]) == pytest.approx(
        tuple(sad.quantile([0.25, 0.5, 0.75]))
    )


def test_an_answer_before_the_sound_or_after_no_end_of_time_is_no_time_and_is_told():
    stimuli = [{"stimulus": f"c{n}", "language": "de", "truth": "sad"} for n in range(5)]
    people = [{"rater": n, "rater_type": "human", "group": n} for n in ("a", "b")]
    times = {"a": ("-3", "inf", "soon", "1", "4"), "b": ("-1", "-2", "", "-inf", "-9")}
    rows = [
        {"rater": r, "stimulus": f"c{n}", "label": "sad", "weight": 1, "response_s": t, "confidence": "inf" if n else "2"}
        for r, of in times.items()
        for n, t in enumerate(of)
    ]
    found = table("response_time", made(stimuli, people, rows), language="", emotion="", answers="").set_index("group")
    assert found.loc["a", ["value", "judgements"]].tolist() == [2.5, 2]
    assert found.loc["a", "note"] == "1 answer left out, given before the sound began: the time is below 0"
    assert found.loc["b", "note"].startswith("3 answers left out")
    assert np.isnan(found.loc["b", "value"])
    sure = table("confidence", made(stimuli, people, rows), group="a", language="").iloc[0]
    assert (sure["mean"], sure["without"]) == (2.0, 4)


def test_the_first_hearing_of_a_clip_counts():
    stimuli = [{"stimulus": "c", "language": "de", "truth": "sad"}]
    person = [{"rater": "r", "rater_type": "human", "group": "g"}]
    rows = [
        {"rater": "r", "stimulus": "c", "label": k, "weight": 1, "repeat": n} for n, k in (("10", "sad"), ("2", "happy"))
    ]
    assert answers(made(stimuli, person, rows))["label"].tolist() == ["happy"]


# --- intervals -------------------------------------------------------------------------------------------------------


def test_intervals_hold_their_value_and_more_listeners_and_clips_make_them_narrower():
    few, many = (study(listeners=n, clips=6 * n, models=0, languages=("de",), seed=2) for n in (4, 12))
    for name in ("krippendorff_alpha", "cohen_kappa", "error_consistency", "human_ceiling", "confidence"):
        small, large = (table(name, tables, draws=100, group="DE", language="").iloc[0] for tables in (few, many))
        for row in (small, large):
            assert row["ci_low"] <= row["value"] <= row["ci_high"], name
        assert large["ci_high"] - large["ci_low"] < 0.7 * (small["ci_high"] - small["ci_low"]), name


def test_raters_of_two_groups_never_stand_for_each_other():
    judgements = coded(answers(study(languages=("de",))))
    drawn = bootstrap.weights(judgements.rater_stratum, draws=50, rng=np.random.default_rng(0))
    assert (drawn[:, :4].sum(axis=1) == 4).all()
    assert (drawn[:, 4:8].sum(axis=1) == 4).all()
