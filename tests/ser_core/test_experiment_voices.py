"""What a row says of whose voices a model knew is what the clips say that the model was given."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from ser_core.experiments import plan
from ser_core.experiments.learnings import Job
from ser_core.experiments.plan import Planned
from ser_core.experiments.voices import Voices
from tests.ser_core import voices

FILE = {
    "name": "known",
    "stimuli": ["many/stimuli.csv", "one/stimuli.csv"],
    "encoders": {"logmel": ""},
    "settings": ["mono", "transfer"],
    "shots": {"counts": [0, 4]},
    "splits": {"folds": 3, "by": "where_needed"},
    "grid": [{"method": "layer_probe"}, {"method": "dann"}],
}


@pytest.fixture(scope="module")
def top(tmp_path_factory) -> Path:
    """A corpus of four voices, and one of a single voice."""
    top = tmp_path_factory.mktemp("known")
    voices.table(top / "many", languages=("de",), speakers="abcd", takes=2)
    voices.table(top / "one", languages=("ko",), speakers="z", takes=6)
    return top


def resolved(top: Path, **changed) -> Planned:
    (top / "known.yaml").write_text(yaml.safe_dump({**FILE, **changed}))
    return plan.resolve(top / "known.yaml", only_check=True)


def told(found: Planned) -> dict[tuple[str, str, str, str], set[tuple[str, str]]]:
    """Of each method, setting, target and number of shots."""
    known = Voices(found)

    def place(job: Job) -> tuple[str, str, str, str]:
        return job.kind.method, job.task.setting, job.task.target.corpus, job.task.shots

    return {
        key: {(known.disjoint(job), known.dev_from(job)) for job in found.jobs if place(job) == key}
        for key in {place(job) for job in found.jobs}
    }


def test_shots_and_clips_without_labels_of_the_tested_voice_are_said_and_nothing_else_is(top):
    found = told(resolved(top))
    assert found["layer_probe", "mono", "one", "0"] == {("utterance", "target, the test's speakers")}
    assert found["layer_probe", "transfer", "one", "0"] == {("speaker", "source")}
    assert found["layer_probe", "transfer", "one", "4"] == {("utterance", "source")}
    assert found["dann", "transfer", "one", "0"] == {("utterance", "source")}  # it adapts to clips of that voice
    for method in ("layer_probe", "dann"):
        assert found[method, "mono", "many", "0"] == {("speaker", "target")}
        for shots in ("0", "4"):
            assert found[method, "transfer", "many", shots] == {("speaker", "source")}


def test_shots_of_the_tested_voices_and_dev_clips_of_the_target_are_said(top):
    shots = {"counts": [0, 4], "voices": "tested"}
    found = told(resolved(top, shots=shots, settings=["transfer"], dev_from="target", grid={"method": "layer_probe"}))
    assert found["layer_probe", "transfer", "many", "0"] == {("speaker", "target")}
    assert found["layer_probe", "transfer", "many", "4"] == {("utterance", "target")}
    assert found["layer_probe", "transfer", "one", "0"] == {("speaker", "target, the test's speakers")}


def test_given_parts_are_believed_in_what_they_are_and_not_in_what_a_preset_says_of_others(top):
    table = pd.read_csv(top / "many" / "stimuli.csv", dtype=str)
    parts = {"a": "train", "b": "train", "c": "dev", "d": "test"}
    table.assign(split=table["speaker"].map(parts)).to_csv(top / "many" / "given.csv", index=False)
    asked = {"stimuli": ["many/given.csv"], "settings": ["mono"], "shots": {}, "grid": {"method": "layer_probe"}}
    found = told(resolved(top, **asked, splits={"by": "given"}, preset="as_run"))
    assert found == {("layer_probe", "mono", "many", "0"): {("speaker", "target")}}


def test_clips_that_say_no_speaker_are_not_called_another_voice(top):
    table = pd.read_csv(top / "one" / "stimuli.csv", dtype=str)
    table.assign(speaker="").to_csv(top / "one" / "nobody.csv", index=False)
    found = told(resolved(top, stimuli=["one/nobody.csv"], settings=["mono"], shots={}, grid={"method": "layer_probe"}))
    assert found == {("layer_probe", "mono", "one", "0"): {("utterance", "target, the test's speakers")}}
