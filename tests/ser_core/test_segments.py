"""What people and models mark becomes EDER: which rows count, against loops over single markings, and what is left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ser_core import cli, comparisons, report, scores
from ser_core.errors import BadInput
from ser_core.metrics.eder import eder
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, check, frame, write
from ser_core.segments import SEGMENTS, segments
from tests.ser_core.test_scores import shuffled

LENGTH_S = 2.0
TRUTH = (0.5, 1.5)


def clip(name: str, truth: str = "sad", **more: Any) -> dict[str, Any]:
    start, end = TRUTH
    facts = {"stimulus": name, "language": "en", "truth": truth, "duration_s": LENGTH_S}
    return {**facts, "truth_start_s": start, "truth_end_s": end, **more}


def said(rater: str, stimulus: str, label: str = "sad", **more: Any) -> dict[str, Any]:
    return {"rater": rater, "stimulus": stimulus, "label": label, "weight": 1, **more}


def part(rater: str, start_s: float, end_s: float, label: str = "sad", stimulus: str = "a", **more: Any) -> dict[str, Any]:
    return said(rater, stimulus, label, start_s=start_s, end_s=end_s, **more)


def tables(rows, clips=None) -> Tables:
    """A rater ``m…`` is a model, any other is a person; the group is the first letter."""
    raters = sorted({row["rater"] for row in rows})
    people = [{"rater": r, "rater_type": "machine" if r[0] == "m" else "human", "group": r[0]} for r in raters]
    made = Tables(
        frame(STIMULI, pd.DataFrame(clips or [clip("a")])), frame(RATERS, people), frame(RATINGS, pd.DataFrame(rows))
    )
    assert check(made) == []
    return made


def seconds(rows, **options) -> dict[str, float]:
    """Errors of the one marking, what is 0 left out."""
    (row,) = segments(tables(rows), **options).to_dict("records")
    return {name: row[name] for name in SEGMENTS[2:-1] if row[name]}


def test_a_part_that_a_person_marked_counts_and_the_rest_of_the_clip_is_neutral():
    assert seconds([part("p", 0.5, 1.5)]) == {}
    assert seconds([part("p", 1.0, 2.0)], tail="error") == {"eder": 0.5, "me_s": 0.5, "fa_s": 0.5}
    assert seconds([part("p", 0.5, 1.5, "happy")]) == {"eder": 0.5, "cf_s": 1.0}
    assert seconds([part("p", 0.5, 1.5), part("p", 0.5, 1.0, "angry")]) == {"eder": 0.25, "ol_s": 0.5}


def test_the_export_of_a_marked_clip_is_read_as_what_was_marked():
    one = [said("p", "a", part="segment"), part("p", 0.5, 1.0, part="segment"), part("p", 1.0, 1.5, part="segment")]
    assert seconds(one) == {}
    assert seconds([said("p", "a", part="whole"), part("p", 0, LENGTH_S, part="whole")]) == {"eder": 0.5, "fa_s": 1.0}
    assert seconds([said("p", "a", part="whole")]) == {"eder": 0.5, "fa_s": 1.0}
    assert seconds([said("p", "a", part="none")]) == {"eder": 0.5, "me_s": 1.0}
    assert seconds([said("p", "a", "cannot_say", part="whole")]) == {"eder": 1.0, "fa_s": 1.0, "cf_s": 1.0}


def test_a_plain_label_of_a_clip_is_no_marking():
    assert segments(tables([said("p", "a"), said("m", "a")])).empty
    assert segments(tables([said("p", "a", part="")])).columns.tolist() == list(SEGMENTS)


def test_what_a_model_said_nothing_of_follows_the_tail_policy_and_a_persons_is_always_neutral():
    rows = [part("m", 0.0, 0.5, "neutral"), part("m", 0.5, 1.5)]
    assert seconds(rows) == {}
    assert seconds(rows, tail="hold") == {"eder": 0.25, "fa_s": 0.5}
    assert seconds(rows, tail="error") == {"eder": 0.25}
    assert seconds([part("p", 0.5, 1.5)], tail="hold") == {}


def test_a_part_with_a_posterior_counts_as_its_most_probable_label():
    rows = [part("m", 0.5, 1.5, "sad", weight=0.6), part("m", 0.5, 1.5, "neutral", weight=0.4)]
    assert seconds(rows) == {}
    assert seconds([part("m", 0.5, 1.5, "sad"), part("m", 0.5, 1.5, "happy", weight=0)]) == {}


def test_a_clip_that_was_marked_twice_has_two_rows():
    rows = segments(tables([part("p", 0.5, 1.5, repeat="1"), part("p", 1.0, 1.5, repeat="2")]))
    assert rows["eder"].tolist() == [0.0, 0.25]


def test_what_is_not_scored_is_named():
    nowhere = {"truth_start_s": None, "truth_end_s": None}
    clips = [
        clip("a"),
        clip("b", "neutral"),
        clip("c", **nowhere),
        clip("d", "", **nowhere),
        clip("e", duration_s=None),
        *(clip(f"f{n}", **nowhere) for n in range(3)),
    ]
    made = tables([part("p", 0.5, 1.0, stimulus=str(c["stimulus"])) for c in clips] + [part("t", 0.5, 1.5)], clips)
    made.raters.loc[made.raters["rater"] == "t", "rater_type"] = "truth"
    cut_off = frame(RATINGS, [said("p", "a", part="segment", repeat="2")])
    made = Tables(made.stimuli, made.raters, pd.concat([made.ratings, cut_off], ignore_index=True))
    scored = scores.score(made)
    assert scored.segments["stimulus"].tolist() == ["a"]
    assert scored.left_out == (
        "1 marking of raters of type truth left out.",
        "1 marking without the part that was marked (a) left out.",
        "1 marking of clips whose truth is neutral (b) left out.",
        "5 markings of clips whose truth has no place in time (c, d, f0 and 2 more) left out.",
        "1 marking of clips of unknown length (e) left out.",
    )
    with pytest.raises(BadInput, match=r"nothing can be scored. 1 marking of clips whose truth is neutral \(b\) left out"):
        scores.score(tables([part("p", 0.5, 1.0, stimulus="b")], [clip("b", "neutral")]))


def test_what_speechbrain_cannot_do_is_refused_for_every_rater_and_clip_at_once():
    rows = [part("m1", 0, 2), part("m1", 0.5, 1, "angry"), part("m2", 0, 2), part("m2", 1, 1.5, "happy")]
    with pytest.raises(BadInput) as refused:
        segments(tables(rows), compat="speechbrain")
    assert [p.what.split(":")[0] for p in refused.value.problems] == ["rater 'm1', stimulus 'a'", "rater 'm2', stimulus 'a'"]
    assert segments(tables([said("p", "a", part="none")]), compat="speechbrain")["eder"].tolist() == [0.5]


# --- scores ---


def study(*, listeners: int = 4, clips: int = 4, seed: int = 0) -> Tables:
    """Two groups of people and a model of two runs, on clips of two languages, three emotions and many lengths."""
    rng = np.random.default_rng(seed)
    emotions = ("angry", "happy", "sad")
    heard = [
        clip(f"{language}-{emotion}-{n}", emotion, language=language, duration_s=float(rng.integers(3, 9)))
        for language in ("de", "en")
        for emotion in emotions
        for n in range(clips)
    ]
    rows = []
    for rater in [f"{group}{n}" for group in "ab" for n in range(listeners)]:
        for c in heard:
            start = rng.integers(0, 8) / 4
            label = c["truth"] if rng.random() < (0.9 if rater[0] == "a" else 0.5) else rng.choice(emotions)
            rows.append(part(rater, start, start + rng.integers(1, 5) / 4, str(label), str(c["stimulus"])))
    for rater in ("m0", "m1"):
        for c in heard:
            at = float(rng.integers(1, 6)) / 2
            rows.append(part(rater, 0, at, "neutral", str(c["stimulus"])))
            rows.append(part(rater, at, at + 0.5, str(rng.choice(emotions)), str(c["stimulus"])))
    return tables(rows, heard)


def markings(made: Tables) -> list[dict[str, Any]]:
    """By loops: who marked what, its EDER and its length."""
    clips = {c["stimulus"]: c for c in made.stimuli.to_dict("records")}
    given: dict[tuple[str, str], list[tuple[float, float, str]]] = {}
    for row in made.ratings.to_dict("records"):
        given.setdefault((row["rater"], row["stimulus"]), []).append((row["start_s"], row["end_s"], row["label"]))
    found = []
    for (rater, stimulus), parts in given.items():
        c = clips[stimulus]
        error = eder(parts, [(*TRUTH, c["truth"])], c["duration_s"], tail="neutral")
        facts = {"rater": rater, "group": rater[0], "emotion": c["truth"]} | {
            n: c[n] for n in ("stimulus", "language", "corpus")
        }
        found.append({**facts, "eder": error.rate, "duration_s": c["duration_s"]})
    return found


def of(found: list[dict[str, Any]], row: dict[str, Any], *names: str) -> list[dict[str, Any]]:
    """The markings that a row of the results is about; an empty field is all of them."""
    return [m for m in found if all(row[name] in ("", m[name]) for name in names)]


def test_every_value_is_the_mean_over_markings_or_pooled_over_their_time():
    made = study(listeners=2, clips=2)
    made.stimuli["corpus"] = made.stimuli["stimulus"].str[:2] + made.stimuli["stimulus"].str[-1].where(
        made.stimuli["language"] == "en", ""
    )  # one corpus of German, two of English
    rows = scores.score(made, draws=0).scores
    assert set(rows["metric"]) == {"eder", "eder_pooled"}
    assert set(rows["corpus"]) == {"", "en0", "en1"}
    assert len(rows) == 2 * (3 + 6) * (3 + 2) * (1 + 3)
    found = markings(made)
    for row in rows.to_dict("records"):
        known = of(found, row, "rater", "group", "language", "corpus", "emotion")
        weight = [1.0 if row["metric"] == "eder" else m["duration_s"] for m in known]
        assert row["value"] == pytest.approx(np.average([m["eder"] for m in known], weights=weight))
        assert row["n"] == len(known)


def test_groups_have_intervals_for_every_value_and_raters_over_all_emotions():
    rows = scores.score(study(), draws=200).scores
    known = rows[rows["ci_low"].notna()]
    assert ((known["ci_low"] <= known["value"]) & (known["value"] <= known["ci_high"])).mean() > 0.95
    assert set(rows.loc[rows["ci_low"].isna(), "emotion"]) == {"angry", "happy", "sad"}
    assert set(known.loc[known["rater"] != "", "emotion"]) == {""}
    assert (rows["ci_low"].notna() == ((rows["rater"] == "") | (rows["emotion"] == ""))).all()


def test_the_interval_is_that_of_drawing_listeners_and_clips_of_one_truth_by_hand():
    made = study(listeners=6)
    where = {"metric": "eder_pooled", "group": "a", "language": "en"}
    row = scores.score(made, draws=2000).scores.query(
        " and ".join(f"{name} == '{value}'" for name, value in where.items()) + " and rater == '' and emotion == ''"
    )
    known = {(m["rater"], m["stimulus"]): m for m in of(markings(made), where, "group", "language")}
    listeners = sorted({rater for rater, _ in known})
    clips = made.stimuli.query("language == 'en'").groupby("truth")["stimulus"].agg(list).tolist()
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(1000):
        people = rng.choice(listeners, len(listeners))
        heard = [c for of_truth in clips for c in rng.choice(of_truth, len(of_truth))]
        taken = [known[p, c] for p in people for c in heard]
        drawn.append(sum(m["eder"] * m["duration_s"] for m in taken) / sum(m["duration_s"] for m in taken))
    bounds = row[["ci_low", "ci_high"]].iloc[0].tolist()
    assert bounds == pytest.approx(np.quantile(drawn, [0.025, 0.975]).tolist(), abs=0.008)


def test_the_order_of_the_rows_changes_nothing():
    made = study(listeners=2, clips=2)
    assert scores.score(made, draws=20).files == scores.score(shuffled(made), draws=20).files


def test_labels_beside_parts_leave_the_numbers_of_both_as_they_were():
    made = study(listeners=2, clips=2)
    labels = frame(RATINGS, [said(r, "en-sad-0") | {"repeat": "2"} for r in ("a0", "b1")])
    both = Tables(made.stimuli, made.raters, frame(RATINGS, pd.concat([made.ratings, labels], ignore_index=True)))
    alone = Tables(made.stimuli, made.raters, labels)
    rows = scores.score(both, draws=20).scores
    is_eder = rows["metric"].isin(["eder", "eder_pooled"])
    pd.testing.assert_frame_equal(rows[is_eder].reset_index(drop=True), scores.score(made, draws=20).scores)
    pd.testing.assert_frame_equal(rows[~is_eder].reset_index(drop=True), scores.score(alone, draws=20).scores)
    subjects = rows[["rater", "group", "rater_type", "language", "corpus"]]
    assert (subjects != subjects.shift()).any(axis=1).sum() == len(subjects.drop_duplicates())


def test_tests_between_groups_are_those_of_scipy_on_each_listeners_mean_in_families_of_their_own():
    made = study()
    rows = comparisons.compare(made)
    sizes = rows.groupby("family", sort=False).size().to_dict()
    between = {"human groups: EDER by language": 2, "human groups: EDER by emotion and language": 6}
    within = {"same listeners: EDER between languages": 2, "same listeners: EDER by emotion, between languages": 6}
    assert sizes == between | within
    found = markings(made)
    for row in rows.to_dict("records"):
        sides: list[tuple[str, str]] = (
            [(row[side][0], row[side].removeprefix(f"{row[side][0]}, ")) for side in "ab"]
            if row["family"] in within
            else [(row[side], row["language"]) for side in "ab"]
        )
        a, b = (
            [np.mean([m["eder"] for m in of(found, who | {"rater": f"{group}{n}"}, *who, "rater")]) for n in range(4)]
            for group, language in sides
            for who in [{"language": language, "emotion": row["emotion"]}]
        )
        theirs = stats.ttest_rel(a, b) if row["family"] in within else stats.ttest_ind(a, b, equal_var=False)
        assert (row["t"], row["df"], row["p"]) == pytest.approx((theirs.statistic, theirs.df, theirs.pvalue))
        assert row["metric"] == "eder"
    for _, family in rows.groupby("family"):
        np.testing.assert_allclose(family["p_holm"].min(), family["p"].min() * len(family))


# --- the commands and the report ---


def test_score_writes_and_prints_eder_and_says_how(tmp_path, capsys):
    made = study(listeners=2, clips=1)
    write(made, tmp_path)
    assert cli.main("ser_core", ["score", str(tmp_path), "--tail", "hold"]) == 0
    out = capsys.readouterr().out
    for name, content in scores.score(made, tail="hold").files.items():
        assert (tmp_path / name).read_bytes() == content
    assert len((tmp_path / "segments.csv").read_text().splitlines()) == 1 + 6 * 6
    assert "time of which a model said nothing counts as what it said last." in out
    assert "EDER pooled" in out
    assert "judgements" not in out
    assert "nan" not in out
    assert cli.main("ser_core", ["score", str(tmp_path), "--compat", "speechbrain"]) == 0
    assert "EDER by SpeechBrain" in capsys.readouterr().out


def test_the_report_holds_eder_by_group_and_emotion_only_where_there_is_any(tmp_path):
    made = study(listeners=2, clips=1)
    write(made, tmp_path / "in")
    arguments = [
        "compare",
        str(tmp_path / "in"),
        "--out",
        str(tmp_path / "out"),
        "--tail",
        "error",
        "--compat",
        "speechbrain",
    ]
    assert cli.main("ser_core", arguments) == 0
    html = (tmp_path / "out/report.html").read_text()
    assert "Which part shows the emotion" in html
    assert "Recognition" not in html
    assert "<td>a</td><td>all</td>" in html
    for emotion in ("angry", "happy", "sad"):
        assert f'<th class="n">{emotion}</th>' in html
    assert "EDER by SpeechBrain’s arithmetic" in html
    assert "--tail error --compat speechbrain" in html
    plain = report.comparison(tables([said("p", "a")]), draws=0).report
    assert "EDER" not in plain
    entries = report.eder_overview(scores.score(made, draws=0).scores)
    assert len(entries) == 3 * 3 * 4
    assert {entry["emotion"] for entry in entries} == {"", "angry", "happy", "sad"}
