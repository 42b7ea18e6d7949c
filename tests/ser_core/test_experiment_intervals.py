"""Intervals clustered by speaker are those of a slow loop over draws, and where there is none it says why."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score

from ser_core.experiment_intervals import intervals
from ser_core.experiment_tables import CELL, INTERVALS
from ser_core.statistics import bootstrap

EMOTIONS = ("angry", "happy", "sad")
DRAWS = 100


def models(settings: list[str]) -> pd.DataFrame:
    """One model for each of the settings, alike in all else."""
    rows = pd.DataFrame({"model": range(len(settings)), "settings": settings, "layer": np.nan})
    return rows.assign(**dict.fromkeys(set(CELL) - {"settings", "layer"}, "x"))


def judged(model: int, voices: str, *, seed: int, clips: int = 12, hit: float = 0.6) -> pd.DataFrame:
    """Each voice speaks ``clips`` clips, of each emotion as many; the second is understood by nobody."""
    rng = np.random.default_rng(seed)
    rows = [(model, voice, EMOTIONS[n % 3]) for voice in voices for n in range(clips)]
    table = pd.DataFrame(rows, columns=["model", "voice", "truth"])
    right = rng.random(len(table)) < np.where(table["voice"] == voices[1 % len(voices)], 0.0, hit)
    return table.assign(label=np.where(right, table["truth"], "sad"))


def recall(pairs: list[list[str]]) -> float:
    """The mean over emotions of the share that was taken for what it is."""
    return float(np.mean([np.mean([a == b for a, b in pairs if a == e]) for e in {a for a, _ in pairs}]))


def test_an_interval_is_that_of_a_loop_that_draws_speakers_with_all_their_clips():
    told = pd.concat([judged(0, "abcdefg", seed=1), judged(1, "abcdefg", seed=2), judged(2, "abcde", seed=3)])
    found = intervals(models(["layer=1", "layer=1", "k=1"]), told, draws=DRAWS, seed=5)
    assert list(found["settings"]) == ["", "k=1"]  # two models of one cell, and the layer has a column of its own
    for row, numbers in zip(found.to_dict("records"), ([0, 1], [2]), strict=True):
        own = told[told["model"].isin(numbers)]
        said = own[["voice", "truth", "label"]].values.tolist()
        voices = sorted(set(own["voice"]))
        picks = bootstrap.weights(np.zeros(len(voices), int), draws=DRAWS, rng=bootstrap.generator(5, *voices))
        drawn = [dict(zip(voices, pick, strict=True)) for pick in picks]
        values = [recall([pair for voice, *pair in said for _ in range(int(often[voice]))]) for often in drawn]
        assert row["ua_all"] == pytest.approx(balanced_accuracy_score(own["truth"], own["label"]))
        assert [row["ci_low"], row["ci_high"]] == pytest.approx(list(np.quantile(values, [0.025, 0.975])))
        assert (row["speakers"], row["why"]) == (len(voices), "")
    assert set(found.columns) == {column.name for column in INTERVALS.columns}


def test_speakers_and_not_clips_make_the_width():
    """One voice of three that nobody understands: with it drawn never or thrice, UA goes from all right to all wrong."""
    few = intervals(models([""]), judged(0, "abc", seed=1, clips=60, hit=1.0)).iloc[0]
    assert few["ci_high"] - few["ci_low"] > 0.6
    alike = judged(0, "abc", seed=1, clips=60, hit=1.0).assign(label=lambda rows: rows["truth"])
    assert intervals(models([""]), alike).iloc[0][["ci_low", "ci_high"]].tolist() == [1.0, 1.0]


def test_without_speakers_to_draw_it_says_why_there_is_no_interval():
    told = pd.concat([judged(0, "a", seed=1), judged(1, "ab", seed=1).assign(voice=["a"] * 12 + [""] * 12)])
    found = intervals(models(["", "k=1"]), told)
    assert found[["ci_low", "ci_high"]].isna().all(axis=None)
    assert found["why"].tolist() == [
        "one speaker: no other can be drawn",
        "12 of 24 tests are of clips that say no speaker",
    ]
    assert found["speakers"].tolist() == [1, 1]
    assert found["ua_all"].notna().all()


def test_a_cell_of_which_a_model_diverged_has_no_interval_and_says_how_many_did():
    told = pd.concat([judged(0, "abc", seed=1), judged(2, "abc", seed=2), judged(3, "abc", seed=3)])
    found = intervals(models(["k=1", "k=1", "", ""]), told, draws=DRAWS)
    assert found["why"].tolist() == ["1 of 2 models diverged", ""]
    assert found["ua_all"].isna().tolist() == [True, False]
