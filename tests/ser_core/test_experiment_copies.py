"""Copies with noise never let a model learn what it is tested on, or what listeners heard, and are what their clips are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from ser_core import noise
from ser_core.errors import BadInput
from ser_core.experiments import plan
from ser_core.experiments.plan import Planned
from ser_core.stimuli import load
from tests.ser_core import voices

CLEAN, NOISY = "c/stimuli.csv", "noisy/stimuli.csv"
FILE = {
    "name": "copies",
    "stimuli": [CLEAN],
    "encoders": {"logmel": ""},
    "splits": {"folds": 3},
    "method": "layer_probe",
}


@pytest.fixture(scope="module")
def top(tmp_path_factory) -> Path:
    """Four voices, and copies of their clips with the babble of two others."""
    top = tmp_path_factory.mktemp("copies")
    clips = load(voices.table(top / "c", speakers="abcd"))
    noise.add(clips, noise.Adding({}, [10.0], voices=2), top / "noisy")
    return top


def resolved(top: Path, **changed: Any) -> Planned:
    (top / "copies.yaml").write_text(yaml.safe_dump({**FILE, **changed}))
    return plan.resolve(top / "copies.yaml", only_check=True)


def refused(top: Path, **changed: Any) -> list[str]:
    with pytest.raises(BadInput) as bad:
        resolved(top, **changed)
    assert all(problem.line for problem in bad.value.problems)
    return [problem.what for problem in bad.value.problems]


def changed(top: Path, column: str, row: int, value: str) -> str:
    table = pd.read_csv(top / NOISY, dtype=str, keep_default_na=False)
    table.loc[row, column] = value
    table.to_csv(top / "noisy" / "changed.csv", index=False)
    return "noisy/changed.csv"


def test_a_clip_and_its_copy_are_not_both_learned_from(top):
    [what] = refused(top, stimuli=[CLEAN, NOISY], splits={"folds": 3, "by": "utterance"})
    assert "copies with noise beside what these were made of" in what
    assert "under 'noisy'" in what


def test_copies_alone_are_clips_whose_noise_is_said(top):
    [found] = [f.what for f in resolved(top, stimuli=[NOISY]).findings if f.check == "noise"]
    assert found == "16 of 16 clips of 'stimuli' are copies with noise; what is tested on them has no condition"


def test_copies_of_what_listeners_heard_are_kept_out(top):
    table = pd.read_csv(top / CLEAN, dtype=str)
    table[table["speaker"] == "a"].to_csv(top / "c" / "heard.csv", index=False)
    found = resolved(top, stimuli=[NOISY], listened="c/heard.csv")
    assert set(found.clips["speaker"]) == set("bcd")


def test_a_table_without_a_copy_is_no_noise(top):
    pd.read_csv(top / NOISY, dtype=str).iloc[:0].to_csv(top / "noisy" / "none.csv", index=False)
    assert refused(top, noisy=["noisy/none.csv"]) == ["there is no noisy clip: the tables are empty"]


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("truth", "sad", "copies say another truth than their clips: 'c-de-a-angry-0.babble.10dB'"),
        ("speaker", "z", "copies say another speaker than their clips: 'c-de-a-angry-0.babble.10dB'"),
        ("stimulus", "c-de-a-angry-0", "copies have ids of clips: 'c-de-a-angry-0'; give each one of its own"),
    ],
)
def test_a_copy_is_what_its_clip_is_under_an_id_of_its_own(top, column, value, what):
    assert refused(top, noisy=[changed(top, column, 0, value)]) == [what]


def test_babble_in_training_is_said_to_hold_voices_of_the_test(top):
    checks = {where: [f.check for f in resolved(top, noisy=[NOISY], noise_in=where).findings] for where in ("test", "both")}
    assert ("babble" in checks["test"], "babble" in checks["both"]) == (False, True)
