"""What the compare page draws and lists beyond scores: differences, bars, the clips behind a cell, and notes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ser_core import clip_lists, compare_figures, figure_notes, figures, scores
from ser_core.counting import count
from ser_core.emotions import in_order
from ser_core.measures import clips, differences
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, frame
from ser_core.statistics.correction import holm
from ser_core.statistics.welch import welch

EMOTIONS = ("angry", "happy", "sad")
LONG = "listeners of a group whose name is far longer than any phone is wide"


SILENT = {"rater": "nobody heard", "rater_type": "human", "group": "A"}


@pytest.fixture(scope="module")
def tables() -> Tables:
    rng = np.random.default_rng(4)
    stimuli = [{"stimulus": f"{e}{n}", "language": "de", "truth": e} for e in EMOTIONS for n in range(6)]
    groups = {"A": ("human", 12, 0.9), LONG: ("human", 10, 0.2), "probe": ("machine", 1, 0.7)}
    raters = [
        {"rater": f"{g}{n}", "rater_type": kind, "group": g, "simulated": "yes" if g == "A" else "", "completed": "no"}
        for g, (kind, number, _) in groups.items()
        for n in range(number)
    ]
    said = [
        {
            "rater": who["rater"],
            "stimulus": clip["stimulus"],
            "label": clip["truth"] if rng.random() < groups[who["group"]][2] else rng.choice(["angry", "sad", "cannot_say"]),
            "weight": 1,
        }
        for who in raters
        for clip in stimuli
    ]
    return Tables(frame(STIMULI, stimuli), frame(RATERS, raters), frame(RATINGS, said))


def test_a_cell_of_the_difference_is_welchs_test_of_the_listeners_shares(tables):
    rows = differences.table(tables)
    here = rows[(rows["a"] == "A") & (rows["b"] == LONG) & (rows["language"] == "de")]
    judged = tables.ratings.merge(tables.raters, on="rater").merge(tables.stimuli, on="stimulus")
    assert len(here) == len(EMOTIONS) * 4
    for row in here.to_dict("records"):
        of = judged[judged["truth"] == row["truth"]]
        share = (of["label"] == row["label"]).groupby([of["group"], of["rater"]]).mean()
        expected = welch(share["A"].to_numpy(), share[LONG].to_numpy())
        assert row["value"] == pytest.approx(expected.difference)
        assert (row["n_a"], row["n_b"]) == (12, 10)
        if not expected.note:
            assert [row[n] for n in ("t", "df", "p", "ci_low", "ci_high")] == pytest.approx(
                [expected.t, expected.df, expected.p, expected.ci_low, expected.ci_high]
            )
    assert here["p_holm"].tolist() == pytest.approx(holm(here["p"].tolist()).tolist(), nan_ok=True)
    assert (here["p_holm"] < 0.05).any()


def test_a_single_model_is_not_tested_and_a_label_nobody_gave_has_no_p_value(tables):
    rows = differences.table(tables)
    model = rows[rows["b"] == "probe"]
    assert model["p"].isna().all()
    assert set(model["note"]) == {"not tested: group b has 1 rater here, want 2"}
    nobody = rows[(rows["mean_a"] == 0) & (rows["mean_b"] == 0) & (rows["b"] != "probe")]
    assert len(nobody)
    assert nobody["p"].isna().all()


def test_the_difference_turned_round_is_its_negative_and_is_drawn_so(tables):
    rows = differences.table(tables)
    here = rows[rows["language"] == "de"]
    one, other = compare_figures.turned(here, "A", LONG), compare_figures.turned(here, LONG, "A")
    for name, turned in (("value", "value"), ("t", "t"), ("ci_low", "ci_high")):
        assert one[name].tolist() == pytest.approx((-other[turned]).tolist(), nan_ok=True)
    assert (one["mean_a"] == other["mean_b"]).all()
    figure = compare_figures.difference(other, LONG, "A")
    shown = dict(zip(other["truth"] + other["label"], other["value"], strict=True))
    (heat,) = figure.data
    assert heat.z[0][0] == shown["angryangry"]
    stars = sum("*<" in text for line in heat.text for text in line)
    assert stars == len(figure.layout.shapes) == (other["p_holm"] < 0.05).sum() > 0
    assert max(map(len, figure.layout.title.text.split("<br>"))) < 52


def _of(confusion: pd.DataFrame, group: str) -> pd.DataFrame:
    return confusion[(confusion["group"] == group) & (confusion["rater"] == "") & (confusion["language"] == "de")]


def test_every_cell_can_be_pressed_and_knows_which_it_is(tables):
    confusion = scores.score(tables, draws=0).confusion
    rows = _of(confusion, "A")
    labels = in_order(set(confusion["label"]))
    figure = compare_figures.cells(figures.confusion(rows, "A", labels=labels), EMOTIONS, labels, chosen=("sad", "angry"))
    marks = figure.data[1]
    assert [tuple(point[:2]) for point in marks.customdata] == [(t, c) for t in EMOTIONS for c in labels]
    (outline,) = figure.layout.shapes
    assert (round(outline.x0 + 0.47), round(outline.y0 + 0.47)) == (labels.index("angry"), EMOTIONS.index("sad"))
    for row in rows.to_dict("records"):
        counted = count(tables)
        found = clip_lists.in_cell(counted, group="A", language="de", truth=row["truth"], label=row["label"])
        assert found["given"].sum() == row["count"]


def test_bars_leave_out_what_is_undefined_and_keep_to_the_bounds(tables):
    made = scores.score(tables, draws=50).scores
    here = made[made["language"] == "de"]
    figure = compare_figures.bars(here, "recall", "Recall", bounds=(0, 1))
    drawn = {(trace.yaxis, name): x for trace in figure.data for name, x in zip(trace.y, trace.x, strict=True)}
    recall = here[(here["metric"] == "recall") & (here["rater"] == "")]
    assert len(drawn) == len(recall) == 9
    assert sorted(drawn.values()) == pytest.approx(sorted(recall["value"]))
    assert figure.layout.xaxis.range[0] == 0
    empty = compare_figures.bars(here.iloc[:0], "recall", "Recall", bounds=(0, np.inf))
    assert not empty.data
    alike = here.assign(group=here["group"] + f" {'of a grid with many settings ' * 3}de " + here["group"])
    names = compare_figures.bars(alike, "recall", "Recall", bounds=(0, 1)).layout.yaxis.categoryarray
    assert len(set(names)) == 3  # long names that begin alike are three bars, not one over the other


def test_the_range_of_people_is_that_of_single_listeners_and_needs_two(tables):
    made = scores.score(tables, draws=0).scores
    here = made[made["language"] == "de"]
    ua = here[(here["metric"] == "ua") & (here["rater"] != "") & (here["rater_type"] == "human")]["value"]
    figure = compare_figures.shade_people(figures.ua_dots(here), here)
    (box,) = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert [box.x0, box.x1] == pytest.approx(np.quantile(ua, [0.025, 0.975]))
    alone = here[~here["rater"].isin(ua.index) & ((here["rater"] == "") | (here["rater"] == "A0"))]
    assert not [s for s in compare_figures.shade_people(figures.ua_dots(alone), alone).layout.shapes if s.type == "rect"]


def test_what_is_made_up_is_written_into_every_figure(tables):
    made = scores.score(tables, draws=0)
    for figure in (figures.ua_dots(made.scores), figures.confusion(_of(made.confusion, "A"), "A")):
        before = figure.layout.title.text or ""
        assert compare_figures.stamp(figure, "").layout.title.text == (before or None)
        high = figure.layout.height
        told = compare_figures.stamp(figure, made.made_up, number="judgements: 7").layout
        assert told.title.text.endswith("<i>Not real: simulated listeners</i><br>judgements: 7")
        assert told.height >= high + 36  # room for both


def test_under_a_figure_stands_what_it_rests_on(tables):
    counted = count(tables)
    unsure = (tables.ratings["label"] == "cannot_say").sum()
    assert figure_notes.rests_on(tables, counted, "de", ["2 ratings left out."]) == (
        "414 judgements of 18 clips by 22 listeners (12 simulated) and 1 model. 22 listeners did not come to the end; what "
        f"they answered counts. {unsure} answers “cannot say”, counted as not recognised. 2 ratings left out."
    )
    silent = f"22 listeners gave none here: A, {LONG}."
    assert figure_notes.rests_on(tables, counted, "fr") == f"0 judgements of 0 clips by nobody. {silent}"
    more = Tables(tables.stimuli, frame(RATERS, [*tables.raters.to_dict("records"), SILENT]), tables.ratings)
    assert "1 listener gave none here: A." in figure_notes.rests_on(more, counted, "de", groups=["A"])
    assert "216 judgements of 18 clips by 12 listeners" in figure_notes.rests_on(tables, counted, "de", groups=["A"])
    assert "gave none" not in figure_notes.rests_on(more, counted, "de", groups=["probe"])


def test_clip_by_clip_people_and_models_are_counted_by_loops(tables):
    made = clips.table(tables).set_index("stimulus")
    machine = tables.raters.set_index("rater")["rater_type"] == "machine"
    for stimulus, part in tables.ratings.groupby("stimulus"):
        ours = part[~part["rater"].map(machine)]["label"].value_counts(normalize=True)
        theirs = part[part["rater"].map(machine)]["label"].value_counts(normalize=True)
        both = pd.concat([ours, theirs], axis=1).fillna(0)
        assert made.loc[stimulus, "value"] == pytest.approx((both.iloc[:, 0] - both.iloc[:, 1]).abs().sum() / 2)
        assert made.loc[stimulus, "people_right"] == pytest.approx(ours.get(str(stimulus)[:-1], 0))
    said = clip_lists.answers(tables, "sad0")
    assert len(said) == 23
    assert set(said["right"]) <= {"yes", "no"}
    assert said["sure"].notna().sum() == 1
    assert clip_lists.by_group(count(tables), "sad0")["judgements"].tolist() == [12, 10, 1]
