"""``layers``: from tables of clips to a curve over layers and to raters that ``score`` and ``compare`` take as listeners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from ser_core import ratings
from ser_core.cli import main
from ser_core.encoders import wav2vec2
from tests.ser_core import tiny_checkpoints, voices

LAYERS = tiny_checkpoints.BLOCKS + 1


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Path:
    """Two languages of six voices; a tiny wav2vec 2.0 stands where the true one would."""
    folder = tmp_path_factory.mktemp("layers")
    for language in ("de", "en"):
        voices.table(folder / language, languages=(language,), speakers=[f"{language}{n}" for n in range(6)])
    (folder / "models").mkdir()
    (folder / "models" / "w2v2-en").symlink_to(tiny_checkpoints.kept("w2v2-en"))
    return folder


@dataclass
class Counted:
    """An opened encoder that counts how often each sound goes through it."""

    hearing: Any
    forwards: Counter[bytes]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.hearing, name)

    def __call__(self, clips: Sequence[np.ndarray]) -> Any:
        raise AssertionError("a probe needs means alone")

    def pooled(self, clips: Sequence[np.ndarray], **how: Any) -> Any:
        self.forwards.update(clip.tobytes() for clip in clips)
        return self.hearing.pooled(clips, **how)


@pytest.fixture(scope="module")
def forwards() -> Counter[bytes]:
    """How often each sound went through the encoder, in all tests so far."""
    return Counter()


@pytest.fixture
def run(work, forwards, monkeypatch):
    """``layers`` on both languages, with more words."""
    monkeypatch.setenv("EARWITNESS_FEATURES", str(work / "features"))
    monkeypatch.setenv("EARWITNESS_MODELS", str(work / "models"))
    encoder = tiny_checkpoints.small("w2v2-en")
    counted = replace(encoder, open=lambda *where: Counted(encoder.open(*where), forwards))
    monkeypatch.setitem(wav2vec2.ENCODERS, "w2v2-en", counted)

    def command(out: str, *words: object, tables=("de", "en")) -> int:
        stimuli = [str(work / name / "stimuli.csv") for name in tables]
        words = ("--encoder", "w2v2-en", "--folds", 3, "--device", "cpu", "--out", work / out, *words)
        with tiny_checkpoints.one_thread():
            return main("ser_core", ["layers", *stimuli, *map(str, words)])

    return command


def test_all_layers_folds_seeds_and_settings_become_rows_and_the_best_layers_raters(run, work, forwards, capsys):
    settings = ("--setting", "mono", "cross", "trans", "--encoder-language", "en", "--seeds", 0, 1)
    assert run("all", *settings) == 0
    table = pd.read_csv(work / "all" / "layers.csv")
    assert set(zip(table["setting"], table["source"], table["target"], strict=True)) == {
        ("mono", "en", "en"), ("cross", "en", "de"), ("trans", "de", "de"),
    }  # fmt: skip
    assert len(table) == 3 * LAYERS * 3 * 2
    # cross learns and stops where mono does, so these are the same probes
    assert f"{2 * LAYERS * 3 * 2} probes" in (said := capsys.readouterr()).out
    assert "48 clips heard now, 0 from the cache" in said.out
    assert (len(forwards), forwards.total()) == (48, 48)
    assert "note: de de: train has 8 clips a fold, not 1600" in said.err

    tables = ratings.read(work / "all")
    assert len(tables.raters) == 3 * 3 * 2
    chosen = table[table["chosen"] == "yes"]
    for where, rows in table.groupby("setting"):
        best = rows.groupby("layer")["dev_ua"].mean().round(9)
        assert set(chosen.loc[chosen["setting"] == where, "layer"]) == {best.idxmax()}
    wide = ratings.decide(ratings.join(tables))
    right = (wide["label"] == wide["truth"]).groupby(wide["rater"]).mean()
    key = ["setting", "fold", "seed"]
    raters = tables.raters.assign(share=tables.raters["rater"].map(right)).astype({"fold": int, "seed": int})
    both = chosen.merge(raters[[*key, "share"]], on=key)
    assert both["share"].to_numpy() == pytest.approx(both["wa"].to_numpy())
    assert both["ua"].to_numpy() == pytest.approx(both["wa"].to_numpy())  # every emotion has as many clips


def test_the_config_tells_what_decided_the_numbers(run, work):
    assert run("run", "--preset", "as_run", "--split-seed", 3) == 0
    told = yaml.safe_load((work / "run" / "config.yaml").read_text())
    assert told["recipe"]["hidden"] == [128, 16]
    assert told["splits"]["seed"] == 3
    assert told["revision"].startswith("files:")


def test_the_same_seed_gives_the_same_files_and_known_clips_are_not_heard_again(run, work, forwards, capsys):
    for out in ("once", "twice"):
        assert run(out, tables=("de",)) == 0
    assert "0 clips heard now, 24 from the cache" in capsys.readouterr().out.splitlines()[-1]
    assert set(forwards.values()) == {1}
    for name in ("layers.csv", "raters.csv", "ratings.csv", "findings.csv", "config.yaml"):
        assert (work / "once" / name).read_bytes() == (work / "twice" / name).read_bytes()


def test_score_takes_the_probes_as_raters(run, work):
    assert run("scored", tables=("de",)) == 0
    assert main("ser_core", ["score", str(work / "scored")]) == 0
    scores = pd.read_csv(work / "scored" / "scores.csv", keep_default_na=False)
    of_raters = scores[(scores["metric"] == "ua") & (scores["rater"] != "") & (scores["corpus"] == "")]
    layers = pd.read_csv(work / "scored" / "layers.csv").query("chosen == 'yes'")
    by_rater = of_raters[of_raters["language"] == "de"]["value"].astype(float)
    assert sorted(by_rater) == pytest.approx(sorted(np.array(layers["ua"])))


def test_what_cannot_be_is_refused_before_a_clip_is_heard(run, work, capsys):
    assert run("refused", "--folds", 7, "--setting", "mono") == 2
    said = capsys.readouterr().err
    assert "de de: 6 speakers, and 7 speaker-disjoint folds need 7" in said
    assert "en en: 6 speakers, and 7 speaker-disjoint folds need 7" in said
    assert run("refused", "--setting", "trans") == 2
    assert run("refused", "--seeds", "-1") == 2
    assert not (work / "refused").exists()
