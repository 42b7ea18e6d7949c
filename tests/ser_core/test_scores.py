"""Scores against slow loops over single judgements, real listeners, and data that leaves little to say."""

from __future__ import annotations

import dataclasses
import math
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core import cli, scores
from ser_core.emotions import canonical
from ser_core.errors import BadInput
from ser_core.measures._measure import measures
from ser_core.metrics._metric import metrics
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, check, combine, frame, write
from tests import reference

EMOTIONS = ["angry", "happy", "neutral", "sad"]


def clips(languages=("de", "en"), each=3):
    return [
        {"stimulus": f"{language}-{emotion}-{n}", "language": language, "truth": emotion}
        for language in languages
        for emotion in EMOTIONS
        for n in range(each)
    ]


def study(*, seed=0, listeners=3, languages=("de", "en"), each=3) -> Tables:
    """Two groups of people who answer right more often in their own language, and two runs of a model with posteriors."""
    rng = np.random.default_rng(seed)
    stimuli = clips(languages, each)
    people = [
        {"rater": f"{group}{n}", "rater_type": "human", "group": f"{group} listeners"}
        for group in ("DE", "CN")
        for n in range(listeners)
    ]
    rows = []
    for person in people:
        for clip in stimuli:
            right = rng.random() < (0.9 if person["group"].startswith(clip["language"].upper()) else 0.6)
            label = clip["truth"] if right else rng.choice([*EMOTIONS, "cannot_say"])
            rows.append({"rater": person["rater"], "stimulus": clip["stimulus"], "label": label, "weight": 1.0})
    models = [
        {"rater": f"m.s{seed}", "rater_type": "machine", "group": "probe", "method": "probe", "seed": str(seed)}
        for seed in (0, 1)
    ]
    for model in models:
        for clip in stimuli:
            for label, weight in zip(EMOTIONS, rng.dirichlet(np.ones(4)), strict=True):
                rows.append({"rater": model["rater"], "stimulus": clip["stimulus"], "label": label, "weight": weight})
    made = Tables(frame(STIMULI, stimuli), frame(RATERS, [*people, *models]), frame(RATINGS, rows))
    assert check(made) == []
    return made


def answers(rows, *, truths=None, more=()) -> Tables:
    """rows of (rater, stimulus, label); a stimulus is called like its truth, with a digit; a rater starts with its group."""
    names = sorted({s for _, s, _ in rows} | set(truths or {}))
    stimuli = [{"stimulus": s, "language": "de", "truth": (truths or {}).get(s, s.rstrip("0123456789"))} for s in names]
    people = [{"rater": r, "rater_type": "human", "group": r[0]} for r in sorted({r for r, _, _ in rows})]
    ratings = [{"rater": r, "stimulus": s, "label": label, "weight": 1} for r, s, label in rows]
    made = Tables(frame(STIMULI, stimuli), frame(RATERS, people), frame(RATINGS, [*ratings, *more]))
    assert check(made) == []
    return made


def plus(ratings: pd.DataFrame, row: dict[str, object]) -> pd.DataFrame:
    return frame(RATINGS, pd.concat([ratings, frame(RATINGS, [row])], ignore_index=True))


def shuffled(tables: Tables, seed=3) -> Tables:
    return Tables(*(getattr(tables, f.name).sample(frac=1, random_state=seed) for f in dataclasses.fields(tables)))


def judgements(tables: Tables, *, rater="", group="", language="") -> list[tuple[str, str]]:
    """By loops: (truth, label of greatest weight) of each rater and clip."""
    stimuli = {s["stimulus"]: s for s in tables.stimuli.to_dict("records")}
    groups = {r["rater"]: r["group"] for r in tables.raters.to_dict("records")}
    best: dict[tuple[str, str], tuple[float, str]] = {}
    for row in tables.ratings.to_dict("records"):
        key = (row["rater"], row["stimulus"])
        if key not in best or row["weight"] > best[key][0]:
            best[key] = (row["weight"], row["label"])
    return [
        (stimuli[s]["truth"], label)
        for (r, s), (_, label) in best.items()
        if (not rater or r == rater)
        and (not group or groups[r] == group)
        and (not language or stimuli[s]["language"] == language)
    ]


def test_every_value_equals_the_slow_reference():
    tables = study()
    rows = scores.score(tables, draws=0).scores
    assert len(rows) == (3 + 8) * 3 * (3 + 5 * len(EMOTIONS))
    of = cache(partial(judgements, tables))
    for row in rows.to_dict("records"):
        pairs = of(rater=row["rater"], group=row["group"], language=row["language"])
        slow = getattr(reference, row["metric"])
        expected = slow(pairs, row["emotion"]) if row["emotion"] else slow(pairs)
        assert row["value"] == pytest.approx(math.nan if expected is None else expected, nan_ok=True)
        if not row["emotion"]:
            assert row["n"] == len(pairs)
        if row["metric"] == "recall":
            assert row["n"] == sum(truth == row["emotion"] for truth, _ in pairs)


def test_every_count_equals_the_slow_reference_and_every_row_of_shares_sums_to_1():
    tables = study()
    rows = scores.score(tables, draws=0).confusion
    groups = tables.raters.set_index("rater")["group"]
    of = cache(partial(judgements, tables))
    for row in rows[rows["language"] != ""].to_dict("records"):
        pairs = of(rater=row["rater"], group=row["group"], language=row["language"])
        assert row["count"] == pairs.count((row["truth"], row["label"]))
        given = sum(label == row["label"] for _, label in pairs)
        assert row["share_of_label"] == pytest.approx(row["count"] / given if given else math.nan, nan_ok=True)
        assert not row["rater"] or groups[row["rater"]] == row["group"]
    sums = rows.groupby(["rater", "group", "language", "truth"])["share"].sum()
    np.testing.assert_allclose(sums, 1)
    assert rows["label"].drop_duplicates().tolist() == [*EMOTIONS, "cannot_say"]


def test_columns_are_those_of_the_design():
    scored = scores.score(study(), draws=0)
    assert scored.files["scores.csv"].splitlines()[0] == (
        b"metric,rater,group,rater_type,language,corpus,emotion,value,n,ci_low,ci_high"
    )
    assert scored.files["confusion.csv"].splitlines()[0] == b"rater,group,language,truth,label,count,share,share_of_label"
    assert scored.files["segments.csv"] == b"rater,stimulus,eder,me_s,fa_s,ol_s,cf_s,duration_s\n"


def test_the_same_input_gives_the_same_bytes_whatever_the_order_of_its_rows():
    tables = study()
    first, again = (scores.score(t, draws=50).files for t in (tables, shuffled(tables)))
    assert first == again
    assert scores.score(tables, draws=50, seed=1).files["scores.csv"] != first["scores.csv"]


def test_one_more_group_leaves_the_numbers_of_the_others_as_they_were():
    tables = study()
    people = Tables(
        tables.stimuli,
        tables.raters[tables.raters["rater_type"] == "human"],
        tables.ratings[~tables.ratings["rater"].str.startswith("m.")],
    )
    alone, together = (scores.score(t, draws=50).scores for t in (people, tables))
    rest = together[together["rater_type"] == "human"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, rest)


def test_intervals_hold_their_value_and_groups_have_them_for_every_metric():
    rows = scores.score(study(listeners=5, each=5), draws=400).scores
    known = rows[rows["ci_low"].notna()]
    assert set(known["metric"]) == set(metrics())
    assert set(known.loc[known["rater"] != "", "metric"]) == {n for n, m in metrics().items() if not m.per_emotion}
    assert (known["ci_low"] <= known["ci_high"]).all()
    ua = known[known["metric"] == "ua"]
    assert ((ua["ci_low"] <= ua["value"]) & (ua["value"] <= ua["ci_high"])).mean() > 0.95


def test_more_listeners_and_clips_make_a_narrower_interval():
    def width(tables):
        rows = scores.score(tables, draws=300).scores.query("metric == 'ua' and group == 'CN listeners' and rater == ''")
        return (rows["ci_high"] - rows["ci_low"]).mean()

    assert width(study(listeners=12, each=12)) < 0.7 * width(study(listeners=3, each=3))


def test_a_model_of_one_run_has_an_interval_over_clips_and_more_runs_one_over_both():
    rows = scores.score(study(each=4), draws=200).scores.query(
        "metric == 'ua' and rater_type == 'machine' and language == 'de'"
    )
    assert rows["rater"].tolist() == ["", "m.s0", "m.s1"]
    assert (rows["ci_high"] > rows["ci_low"]).all()


def test_one_clip_of_each_emotion_and_one_rater_have_a_value_and_no_interval():
    rows = scores.score(answers([("a1", "sad1", "sad"), ("a1", "angry1", "sad")])).scores
    ua = rows.query("metric == 'ua'")
    assert set(ua["value"]) == {0.5}
    assert ua[["ci_low", "ci_high"]].isna().all(axis=None)
    assert b"nan" not in scores.score(answers([("a1", "sad1", "sad")])).files["scores.csv"].lower()


def test_an_emotion_nobody_chose_has_no_precision_and_rests_on_nothing():
    rows = scores.score(answers([("a1", "sad1", "happy"), ("a1", "happy1", "happy")])).scores
    row = rows.query("metric == 'precision' and emotion == 'sad' and rater == '' and language == 'de'").iloc[0]
    assert math.isnan(row["value"])
    assert row["n"] == 0


def test_cannot_say_has_its_own_column_and_counts_as_not_recognised():
    scored = scores.score(answers([("a1", "sad1", "cannot_say"), ("a1", "sad2", "sad")]))
    shares = scored.confusion.query("rater == '' and language == 'de'").set_index("label")["share"].to_dict()
    assert shares == {"sad": 0.5, "cannot_say": 0.5}
    assert scored.scores.query("metric == 'recall'")["value"].unique().tolist() == [0.5]


def test_what_is_left_out_is_said():
    whole = answers([("a1", "sad1", "sad"), ("a2", "sad1", "happy"), ("a1", "x", "sad")], truths={"x": "", "sad1": "sad"})
    part = {"rater": "a1", "stimulus": "sad1", "label": "sad", "weight": 1, "start_s": 0.1, "end_s": 0.5, "repeat": "2"}
    tables = Tables(whole.stimuli, whole.raters, plus(whole.ratings, part))
    tables.raters.loc[tables.raters["rater"] == "a2", "rater_type"] = "truth"
    scored = scores.score(tables)
    assert scored.left_out == (
        "1 judgement of raters of type truth left out.",
        "1 judgement of clips without a truth left out.",
        "1 marking of clips whose truth has no place in time (sad1) left out.",
    )
    assert set(scored.scores.query("metric == 'wa'")["n"]) == {1}


def test_nothing_to_score_is_bad_input_and_says_why():
    tables = answers([("a1", "x", "sad")], truths={"x": ""})
    with pytest.raises(BadInput, match=r"nothing can be scored. 1 judgement of clips without a truth left out."):
        scores.score(tables)


def test_a_second_hearing_is_a_second_judgement():
    tables = answers([("a1", "sad1", "sad"), ("a1", "sad2", "sad")])
    again = {"rater": "a1", "stimulus": "sad1", "label": "happy", "weight": 1, "repeat": "2"}
    tables = Tables(tables.stimuli, tables.raters, plus(tables.ratings, again))
    wa = scores.score(tables).scores.query("metric == 'wa' and rater == ''")
    assert wa["value"].tolist() == pytest.approx([2 / 3, 2 / 3])
    assert wa["n"].tolist() == [3, 3]


def test_a_rater_without_a_group_is_grouped_by_its_type():
    tables = answers([("a1", "sad1", "sad")])
    tables.raters["group"] = ""
    assert set(scores.score(tables).scores["group"]) == {"human"}


def test_two_spellings_of_one_language_are_one_language():
    tables = study(languages=("de",))
    tables.stimuli.loc[::2, "language"] = "de-Latn"
    assert sorted(set(scores.score(tables, draws=0).scores["language"])) == ["", "de"]


def with_corpora(tables: Tables) -> Tables:
    """German clips of one corpus; English ones of two, of which the second model heard one."""
    corpus = [
        "pavoque" if s["language"] == "de" else ("iemocap", "zed")[int(s["stimulus"][-1]) % 2]
        for s in tables.stimuli.to_dict("records")
    ]
    stimuli = tables.stimuli.assign(corpus=corpus)
    zed = set(stimuli.loc[stimuli["corpus"] == "zed", "stimulus"])
    kept = ~((tables.ratings["rater"] == "m.s1") & tables.ratings["stimulus"].isin(zed))
    return Tables(stimuli, tables.raters, tables.ratings[kept])


def test_a_language_of_several_corpora_has_rows_for_each_and_the_other_rows_stay_as_they_were():
    tables = with_corpora(study(each=4))
    rows = scores.score(tables, draws=50).scores
    assert set(zip(rows["language"], rows["corpus"], strict=True)) == {
        ("", ""), ("de", ""), ("en", ""), ("en", "iemocap"), ("en", "zed"),
    }  # fmt: skip
    without = scores.score(Tables(tables.stimuli.assign(corpus=""), tables.raters, tables.ratings), draws=50).scores
    pd.testing.assert_frame_equal(rows[rows["corpus"] == ""].reset_index(drop=True), without)
    corpus = tables.stimuli.set_index("stimulus")["corpus"]
    for name in ("iemocap", "zed"):
        part = Tables(
            tables.stimuli[tables.stimuli["corpus"] == name],
            tables.raters,
            tables.ratings[tables.ratings["stimulus"].map(corpus) == name],
        )
        for row in rows[(rows["corpus"] == name) & (rows["metric"] == "ua")].to_dict("records"):
            pairs = judgements(part, rater=row["rater"], group=row["group"], language="en")
            assert row["value"] == pytest.approx(reference.ua(pairs))
            assert row["n"] == len(pairs)
    bounds = rows.query("metric == 'ua' and rater == 'm.s1' and language == 'en'")
    assert bounds["corpus"].tolist() == ["", "iemocap"]
    assert len(bounds[["value", "n", "ci_low", "ci_high"]].drop_duplicates()) == 1


def test_corpora_change_neither_groups_nor_confusions():
    tables = with_corpora(study())
    plain = Tables(tables.stimuli.assign(corpus=""), tables.raters, tables.ratings)
    pd.testing.assert_frame_equal(scores.groups(tables), scores.groups(plain))
    pd.testing.assert_frame_equal(scores.score(tables, draws=0).confusion, scores.score(plain, draws=0).confusion)


def test_groups_are_described_over_their_raters():
    tables = study()
    row = scores.groups(tables).query("group == 'DE listeners' and language == 'de'").iloc[0]
    ua = [reference.ua(judgements(tables, rater=f"DE{n}", language="de")) for n in range(3)]
    assert (row["raters"], row["clips"], row["judgements"]) == (3, 12, 36)
    assert row["ua_mean"] == pytest.approx(np.mean(ua))
    assert row["ua_sd"] == pytest.approx(np.std(ua, ddof=1))
    assert row["ua_se"] == pytest.approx(np.std(ua, ddof=1) / math.sqrt(3))


# --- the commands ---


def test_score_writes_into_the_folder_what_the_function_returns(tmp_path, capsys):
    write(study(), tmp_path)
    assert cli.main("ser_core", ["score", str(tmp_path), "--seed", "4"]) == 0
    for name, content in scores.score(study(), seed=4).files.items():
        assert (tmp_path / name).read_bytes() == content
    out = capsys.readouterr().out
    assert "DE listeners" in out
    assert "probe" in out
    assert "nan" not in out


def test_people_and_models_in_two_folders_score_as_in_one(tmp_path):
    tables = study()
    is_model = tables.ratings["rater"].str.startswith("m.")
    human = tables.raters["rater_type"] == "human"
    parts = [
        Tables(tables.stimuli, tables.raters[human], tables.ratings[~is_model]),
        Tables(tables.stimuli, tables.raters[~human], tables.ratings[is_model]),
    ]
    for name, part in zip(("people", "models"), parts, strict=True):
        write(part, tmp_path / name, form="parquet" if name == "models" else "csv")
    folders = [str(tmp_path / "people"), str(tmp_path / "models")]
    assert cli.main("ser_core", ["score", *folders, "--out", str(tmp_path / "a")]) == 0
    assert cli.main("ser_core", ["compare", *folders[::-1], "--out", str(tmp_path / "b")]) == 0
    expected = scores.score(combine(parts)).files
    for name, content in expected.items():
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() == content
    assert sorted(p.name for p in (tmp_path / "b").iterdir()) == sorted(
        [*expected, "tests.csv", "groups.csv", *(f"{name}.csv" for name in measures()), "report.html", "report.zip"]
    )


def test_several_folders_without_out_and_a_folder_without_tables_exit_with_2(tmp_path, capsys):
    write(study(), tmp_path / "x")
    assert cli.main("ser_core", ["score", str(tmp_path / "x"), str(tmp_path / "x")]) == 2
    assert "--out" in capsys.readouterr().err
    assert cli.main("ser_core", ["score", str(tmp_path / "nowhere"), "--out", str(tmp_path / "o")]) == 2
    assert "nowhere: there is no such folder" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


# --- real listeners ---


def emozionalmente(shared: Path) -> Tables:
    folder = shared / "listeners/EMOZIONALMENTE/emozionalmente_dataset/metadata"
    said, samples = (pd.read_csv(folder / f"{n}.csv", dtype=str, keep_default_na=False) for n in ("evaluations", "samples"))
    hearing = said.groupby(["file_name", "evaluator"]).cumcount() + 1
    stimuli = {"stimulus": samples["file_name"], "language": "it", "truth": samples["emotion_expressed"].map(canonical)}
    listeners = {"rater": sorted(set(said["evaluator"])), "rater_type": "human", "group": "Italian listeners"}
    ratings = {
        "rater": said["evaluator"],
        "stimulus": said["file_name"],
        "label": said["emotion_recognized"].map(canonical),
        "weight": 1,
        "repeat": hearing.where(hearing > 1).map("{:.0f}".format, na_action="ignore"),
    }
    return Tables(
        frame(STIMULI, pd.DataFrame(stimuli)), frame(RATERS, pd.DataFrame(listeners)), frame(RATINGS, pd.DataFrame(ratings))
    )


def test_829_real_listeners_recognise_0_664_of_34510(shared):
    tables = emozionalmente(shared)
    assert check(tables) == []
    assert (tables.ratings["repeat"] == "2").sum() == 34
    scored = scores.score(tables, draws=100)
    row = scored.scores.query("metric == 'wa' and rater == '' and language == 'it'").iloc[0]
    assert round(row["value"], 3) == 0.664
    assert row["n"] == 34510
    group = scores.groups(tables).query("language == 'it'").iloc[0]
    assert (group["raters"], group["clips"], group["judgements"]) == (829, 6902, 34510)
    assert row["ci_low"] < row["value"] < row["ci_high"]
