"""Intervals of single raters are those of adding up clip by clip, in draws that raters of the same clips share."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core import rater_intervals, scores
from ser_core.counting import count
from ser_core.metrics._metric import metrics
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, frame
from ser_core.statistics import bootstrap

DRAWS = 20
EMOTIONS = ["angry", "happy", "sad"]
LABELS = [*EMOTIONS, "cannot_say"]
WHOLE = [metric for metric in metrics().values() if not metric.per_emotion]


@pytest.fixture(scope="module")
def tables() -> Tables:
    """Four who judged all clips, one of them some twice; one who judged half, and one of whom no draw can differ."""
    rng = np.random.default_rng(3)
    clips = [{"stimulus": f"c{n:02}", "language": ("de", "fr")[n % 2], "truth": EMOTIONS[n % 3]} for n in range(18)]
    heard = {"a": clips, "b": clips, "c": clips, "d": clips[9:], "e": clips[:3], "m": clips}
    who = [{"rater": n, "rater_type": "machine" if n == "m" else "human", "group": "m" if n == "m" else "g"} for n in heard]
    said = [
        {"rater": name, "stimulus": clip["stimulus"], "label": str(rng.choice(LABELS)), "weight": 1.0, "repeat": again}
        for name, some in heard.items()
        for clip in some
        for again in (["1", "2"] if (name, clip["stimulus"]) == ("b", "c04") else [""])
    ]
    return Tables(frame(STIMULI, clips), frame(RATERS, who), frame(RATINGS, said))


@pytest.fixture
def several_at_a_time(monkeypatch):
    monkeypatch.setattr(rater_intervals, "_CELLS", 2 * DRAWS * 12)


def test_intervals_of_single_raters_are_those_of_clips_added_one_by_one(tables, several_at_a_time):
    rows = scores.score(tables, draws=DRAWS).scores
    counted = count(tables)
    compared = 0
    for subject in counted.subjects[counted.subjects["rater"] != ""].itertuples():
        own = counted.judged[counted.judged["rater"] == subject.rater]
        own = own[own["language"] == subject.language] if subject.language else own
        clips = own.drop_duplicates("stimulus").sort_values("stimulus")
        stratum = clips.groupby(["language", "truth"]).ngroup().to_numpy()
        rng = bootstrap.generator(0, "single raters of", *clips["stimulus"])
        often = bootstrap.weights(stratum, draws=DRAWS, rng=rng)
        drawn = np.zeros((DRAWS, 3, 4))
        for draw in range(DRAWS):
            times = dict(zip(clips["stimulus"], often[draw], strict=True))
            for clip, truth, label in own[["stimulus", "truth", "label"]].itertuples(index=False):
                drawn[draw, EMOTIONS.index(truth), LABELS.index(label)] += times[clip]
        mine = rows[(rows["rater"] == subject.rater) & (rows["language"] == subject.language) & (rows["emotion"] == "")]
        for name, metric in metrics().items():
            if metric.per_emotion:
                continue
            found = mine.loc[mine["metric"] == name, ["ci_low", "ci_high"]].to_numpy()[0]
            if np.bincount(stratum).max() < 2:
                assert np.isnan(found).all()
                continue
            assert found == pytest.approx(np.quantile(metric.value(drawn), [0.025, 0.975]), abs=1e-12)
            compared += 1
    assert compared == 3 * (4 * 3 + 3)


def test_raters_of_the_same_clips_share_their_draws_and_nobody_else_moves_them(tables):
    counted = count(tables)
    everybody = [n for n, who in enumerate(counted.subjects["rater"]) if who]
    together = rater_intervals.of(counted, everybody, WHOLE, seed=0, draws=DRAWS)
    one_by_one = [rater_intervals.of(counted, [subject], WHOLE, seed=0, draws=DRAWS)[0] for subject in everybody]
    np.testing.assert_array_equal(together, np.array(one_by_one))
    twice = tables.ratings[tables.ratings["rater"] == "a"].assign(rater="z")  # says what a says
    rows = frame(RATINGS, [*tables.ratings.to_dict("records"), *twice.to_dict("records")])
    raters = frame(RATERS, [*tables.raters.to_dict("records"), {"rater": "z", "rater_type": "human", "group": "other"}])
    found = scores.score(Tables(tables.stimuli, raters, rows), draws=DRAWS).scores
    one, other = (found[found["rater"] == name].drop(columns=["rater", "group"]).reset_index(drop=True) for name in "az")
    assert one.equals(other)
    assert one["ci_low"].lt(one["ci_high"]).any()
