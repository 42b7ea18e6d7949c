"""docs/results.md is what the folders of its experiments hold: each number is looked up in the models, another way."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from docs import results
from ser_core import ratings
from ser_core.experiment_folders import Experiment, read
from ser_core.experiment_tables import CELL, INTERVALS, MODELS
from tests.ser_core import made_experiments

TARGETS = ("de", "ko", "ur")
NOISES = ("", "dishes 10 dB", "dishes 0 dB")
ENCODERS = (results.ENCODER, "logmel")
REMOVED = {
    "remove=nothing": "speakers told apart on held-out training clips: 0.600",
    "": "12 of 512 directions removed (3 rounds); speakers told apart on held-out training clips: 0.500 before, 0.250 after",
    "remove=random": "12 of 512 directions removed (at random); "
    "speakers told apart on held-out training clips: 0.500 before, 0.400 after",
}
Place = tuple[str, str, str, str, str]
"""Setting, source, target, shots, condition."""


def mono(*conditions: str) -> list[Place]:
    return [("mono", target, target, "", condition) for target in TARGETS for condition in conditions]


def others(*conditions: str) -> list[Place]:
    return [("multi_source", "mul", target, "0", condition) for target in TARGETS for condition in conditions]


PAIRS: list[Place] = [("transfer", a, b, n, "") for a, b in product(TARGETS, TARGETS) if a != b for n in ("0", "10", "all")]


def experiment(top, name: str, kinds: list[tuple[str, str, str]], places: list[Place], seed: int) -> Experiment:
    """Two folds of each kind in each place, with accuracies drawn by chance; intervals a tenth to each side."""
    made_experiments.make(top / name, encoders={"x": ""}, places=[made_experiments.MONO], layers=(0,), folds=1)
    rng = np.random.default_rng(seed)
    rows = [
        {
            "model": n, "rater": f"r{n}", "encoder": encoder, "method": method, "settings": settings, "setting": setting,
            "source_corpus": f"c{source}", "source": source, "target_corpus": f"c{target}", "target": target, "shots": shots,
            "condition": condition, "fold": fold, "seed": 0, "ua": rng.uniform(0.2, 0.9), "n": 10, "n_train": 40,
            "notes": REMOVED[settings] if method == "speaker_removed" else "", "dev_ua": 0.5,
        }
        for n, ((encoder, method, settings), (setting, source, target, shots, condition), fold) in enumerate(
            product(kinds, places, (0, 1))
        )
    ]  # fmt: skip
    models = ratings.frame(MODELS, rows)
    means = models.groupby(list(CELL), sort=False, dropna=False)["ua"].mean().reset_index(name="ua_all")
    wide = {"ci_low": means["ua_all"] - 0.1, "ci_high": means["ua_all"] + 0.1, "speakers": 4, "why": ""}
    clips = [
        {"stimulus": f"{t}{n}", "corpus": f"c{t}", "language": t, "speaker": f"{t}{n % 4}"}
        for t in TARGETS
        for n in range(8)
    ]
    known = read(top / name)
    config = {**known.config, "machine": {"cores": 2, "processor": "arm64"}, "device": "cpu", "versions": {"python": "3.11"}}
    return Experiment(
        folder=top / name,
        models=models,
        findings=known.findings,
        config=config,
        asked=known.asked,
        clips=pd.DataFrame(clips).assign(truth="sad", noise_of=""),
        listened=None,
        intervals=ratings.frame(INTERVALS, means.assign(**wide)),
    )


@pytest.fixture(scope="module")
def three(tmp_path_factory) -> tuple[Experiment, Experiment, Experiment]:
    top = tmp_path_factory.mktemp("results")
    probes = [(encoder, "probe", "") for encoder in ENCODERS]
    rest = [(results.ENCODER, "dann", ""), (results.ENCODER, "supcon", "contrast=0")]
    removed = [(results.ENCODER, "speaker_removed", settings) for settings in REMOVED]
    return (
        experiment(top, "transfer", probes, [*mono(*NOISES), *others(*NOISES), *PAIRS], 1),
        experiment(top, "methods", [*rest, *removed], [*mono(""), *others("")], 2),
        experiment(top, "utterance", probes, mono(""), 3),
    )


@pytest.fixture(scope="module")
def page(three) -> str:
    return results.page(*three)


def percent(*values: float) -> list[str]:
    return [f"{100 * value:.0f}" for value in values]


def ua(of: Experiment, **wanted: str) -> float:
    """The mean over folds of the one cell that is meant."""
    models = of.models
    for column, value in wanted.items():
        models = models[models[column] == value]
    assert len(models) == 2
    return float(models["ua"].mean())


def row(page: str, heading: str, *first: str) -> list[str]:
    """The cells of the line that begins so, below a heading."""
    own = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    (line,) = [line for line in own.splitlines() if line.startswith("| " + " | ".join(first) + " |")][:1]
    return [cell.strip() for cell in line[2:-2].split(" | ")][len(first) :]


def with_interval(value: float) -> str:
    middle, low, high = percent(value, value - 0.1, value + 0.1)
    return f"{middle} ({low} to {high})"


def test_each_cell_of_the_matrix_is_that_of_its_models(page, three):
    heading = "From language to language"
    here = {"encoder": results.ENCODER, "condition": ""}
    within, abroad = (
        ua(three[0], setting="mono", target="ko", **here),
        ua(three[0], setting="transfer", source="ko", target="ur", shots="0", **here),
    )
    assert row(page, heading, "ko")[1:] == [with_interval(within), with_interval(abroad)]
    expected = [with_interval(ua(three[0], setting="multi_source", target=target, **here)) for target in TARGETS]
    assert row(page, heading, results.OTHERS) == expected
    mono = [ua(three[0], setting="mono", target=target, **here) for target in TARGETS]
    above = sum(value - 0.1 > 1 / 3 for value in mono)
    assert f"BYOL-S, within a corpus: {above} of 3 (mean UA {percent(np.mean(mono))[0]})" in page


def test_shots_are_means_over_sources_and_noise_is_told_from_clean_to_the_loudest(page, three):
    few = [ua(three[0], encoder="logmel", source=source, target="de", shots="10") for source in ("ko", "ur")]
    mean, low, high = percent(np.mean(few), min(few), max(few))
    assert row(page, "With a few labelled clips of the target", "logmel", "10")[0] == f"{mean} ({low} to {high})"
    noisy = {"encoder": results.ENCODER, "setting": "mono", "condition": NOISES[2]}
    cells = row(page, "In noise", "the corpus itself", NOISES[2])
    assert cells[:3] == [with_interval(ua(three[0], target=target, **noisy)) for target in TARGETS]
    told = [line.split(" | ")[1] for line in page.split("## In noise")[1].split("\n## ")[0].splitlines() if "itself" in line]
    assert told == ["clean", "dishes 10 dB", "dishes 0 dB"]


def test_voices_on_both_sides_and_directions_removed_are_told_from_the_models(page, three):
    apart, together = (
        [ua(e, encoder=results.ENCODER, setting="mono", target=t, condition="") for t in TARGETS]
        for e in (three[0], three[2])
    )
    more = [b - a for a, b in zip(apart, together, strict=True)][:2]
    mean, low, high = percent(np.mean(more), min(more), max(more))
    assert f"add {mean} points on average without Urdu (from {low} to {high})" in page
    assert row(page, "Without the speaker", "the corpus itself", "speakers")[-2:] == ["50, 25", "12; 40"]
    assert row(page, "Without the speaker", "the corpus itself", "nothing")[-2:] == ["60", ""]
    own = [ua(three[1], method="supcon", setting="multi_source", target=target) for target in TARGETS]
    assert row(page, "Methods against each other", "`supcon` contrast=0")[-1] == percent(np.mean(own))[0]


def test_the_page_says_what_was_run_and_no_number_that_is_none(page):
    assert row(page, "What was run", "cko") == ["ko", "8", "4"]
    assert "nan" not in page
