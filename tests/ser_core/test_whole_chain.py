"""The whole chain in miniature: layers, each way of tuning, two stages, within a language and across, as one grid.

The encoder is a small wav2vec 2.0 of the true architecture; its numbers are random, so how well it hears is not asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from ser_core import experiment_folders, ratings
from ser_core.cli import main
from ser_core.encoders import wav2vec2
from ser_core.experiment_tables import CURVES
from tests.ser_core import tiny_checkpoints, voices

LANGUAGES = ("en", "de", "pl")
FOLDS = 3
TUNES = ("lora", "adapter", "gating", "prompt", "full")
FILE = """
name: chain
stimuli: [en/stimuli.csv, de/stimuli.csv, pl/stimuli.csv]
encoders: {w2v2-en: en}
settings: [mono, cross, trans, two_stage]
splits: {folds: 3}
grid:
  - {method: layer_probe, with.layer: all, with.epochs: 2, settings: [mono, cross, trans]}
  - {method: tuned, with.tune: [lora, adapter, gating, prompt, full], with.layer: 1, with.epochs: 1, settings: mono}
  - {method: tuned, with.tune: lora+adapter+gating, with.layer: 2, with.epochs: 1}
"""
PLACES = {"mono": ["enen"], "cross": ["ende", "enpl"], "trans": ["dede", "plpl"], "two_stage": ["ende", "enpl"]}


@dataclass
class Counted:
    """An opened encoder that counts how often each sound goes through it, by what is asked of it."""

    hearing: Any
    forwards: Counter[tuple[str, bytes]]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.hearing, name)

    def __call__(self, clips: Sequence[np.ndarray]) -> Any:
        self.forwards.update(("frames", clip.tobytes()) for clip in clips)
        return self.hearing(clips)

    def pooled(self, clips: Sequence[np.ndarray], **how: Any) -> Any:
        self.forwards.update(("means", clip.tobytes()) for clip in clips)
        return self.hearing.pooled(clips, **how)


@pytest.fixture(scope="module")
def forwards() -> Counter[tuple[str, bytes]]:
    return Counter()


@pytest.fixture(scope="module")
def twice(tmp_path_factory, forwards) -> Iterator[list[Path]]:
    """The folders of the same experiment, run two times over."""
    top = tmp_path_factory.mktemp("chain")
    for language in LANGUAGES:
        voices.table(top / language, languages=(language,), speakers=[f"{language}{n}" for n in range(FOLDS)])
    (top / "chain.yaml").write_text(FILE)
    (top / "models").mkdir()
    (top / "models" / "w2v2-en").symlink_to(tiny_checkpoints.kept("w2v2-en"))
    small = tiny_checkpoints.small("w2v2-en")
    counted = replace(small, open=lambda *where: Counted(small.open(*where), forwards))
    with pytest.MonkeyPatch.context() as patch, tiny_checkpoints.one_thread():
        patch.setenv("EARWITNESS_FEATURES", str(top / "features"))
        patch.setenv("EARWITNESS_MODELS", str(top / "models"))
        patch.setitem(wav2vec2.ENCODERS, "w2v2-en", counted)
        for out in ("once", "again"):
            (top / out).mkdir()  # a rater's name begins with that of the folder
            words = ["run", str(top / "chain.yaml"), "--out", str(top / out / "chain"), "--threads", "1", "--device", "cpu"]
            assert main("ser_core", words) == 0
        yield [top / "once" / "chain", top / "again" / "chain"]


@pytest.fixture(scope="module")
def models(twice) -> pd.DataFrame:
    return experiment_folders.read(twice[0]).models


def test_every_point_of_the_grid_is_a_model_in_each_setting_language_and_fold(models):
    found = Counter(zip(models["method"], models["settings"], models["layer"], place(models), strict=True))
    probes = {("layer_probe", "epochs=2", layer) for layer in range(tiny_checkpoints.BLOCKS + 1)}
    wanted = {(*kind, f"{s} {p}"): FOLDS for kind in probes for s in ("mono", "cross", "trans") for p in PLACES[s]}
    wanted |= {("tuned", f"epochs=1 tune={tune}", 1, "mono enen"): FOLDS for tune in TUNES}
    both = ("tuned", "epochs=1 tune=lora+adapter+gating", 2)
    wanted |= {(*both, f"{s} {p}"): FOLDS for s, where in PLACES.items() for p in where}
    assert found == wanted


def place(models: pd.DataFrame) -> pd.Series:
    return models["setting"] + " " + models["source"] + models["target"]


def test_every_model_is_a_rater_of_the_clips_it_is_tested_on_and_learned_something(twice, models):
    tables = ratings.read(twice[0])
    assert tables.raters["rater"].tolist() == models["rater"].tolist()
    judged = tables.ratings.groupby("rater")["stimulus"].nunique()
    assert set(judged) == {len(voices.PITCH_HZ)}
    assert models["ua"].between(0, 1).all()
    assert (models["trainable"] > 0).all()
    curves = pd.read_csv(twice[0] / "curves.csv")
    assert list(curves.columns) == [column.name for column in CURVES.columns]
    stages = curves.groupby("model")["stage"].agg(list)
    assert stages[models["setting"] == "two_stage"].map(lambda s: s == [1, 2]).all()
    assert np.isfinite(curves[["train_loss", "dev_loss"]]).all(axis=None)


def test_each_clip_goes_through_the_encoder_once_for_each_thing_that_is_kept_of_it(twice, forwards):
    clips = len(LANGUAGES) * FOLDS * len(voices.PITCH_HZ)
    assert Counter(kept for kept, _ in forwards) == {"means": clips, "frames": clips}
    assert set(forwards.values()) == {1}  # in both runs together
    again = yaml.safe_load((twice[1] / "config.yaml").read_text())
    assert [each["heard"] for each in again["forwards"]] == [0, 0]


def test_the_same_seed_on_the_same_machine_gives_the_same_bytes(twice):
    one, other = twice
    for name in ("ratings.csv", "raters.csv", "stimuli.csv", "scores.csv", "confusion.csv", "findings.csv"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    first, second = (experiment_folders.read(folder).models.drop(columns=["seconds", "peak_memory_mb"]) for folder in twice)
    assert first.equals(second)
