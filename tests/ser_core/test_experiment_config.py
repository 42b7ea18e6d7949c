"""An experiment's file: all that is wrong is said at once, with lines and the nearest right word, before anything runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ser_core import places
from ser_core.cli import main
from ser_core.errors import BadInput
from ser_core.experiments import config
from ser_core.experiments.kinds import kinds
from ser_core.experiments.plan import Planned, resolve
from tests.ser_core import voices

SHIPPED = sorted((places.ROOT / "data" / "experiments").glob("*.yaml"))
GOOD = {
    "name": "tried",
    "stimuli": "[de/stimuli.csv, en/stimuli.csv]",
    "encoders": "{logmel: en}",
    "settings": "[mono, cross, trans]",
    "splits": "{folds: 3}",
    "method": "probe",
    "with": "{penalty: 2}",
    "seeds": "[0]",
}

LONE = {
    "stimuli": "[lone/stimuli.csv]",
    "encoders": "{logmel: it}",
    "settings": "[mono]",
    "splits": "{folds: 3, by: where_needed}",
}
OF_LONE = "mono lone it, fold 0 and 2 more): all clips are of one speaker"


@pytest.fixture(scope="module")
def top(tmp_path_factory) -> Path:
    """Two languages of four voices; a table without anybody sad; one of a single voice."""
    top = tmp_path_factory.mktemp("config")
    for name, how in {
        "de": {"languages": ("de",), "speakers": "abcd", "takes": 2},
        "en": {"languages": ("en",), "speakers": "efgh", "takes": 2},
        "glad": {"languages": ("fr",), "speakers": "ijkl", "emotions": ("angry", "happy", "neutral")},
        "lone": {"languages": ("it",), "speakers": "m", "takes": 3},
    }.items():
        voices.table(top / name, **how)
    header = "stimulus,file,sha256,corpus,language,speaker,truth\n"
    (top / "none.csv").write_text(header)
    (top / "gone.csv").write_text(f"{header}x,gone.wav,{'0' * 64},de,de,a,sad\n")
    return top


@pytest.fixture(autouse=True)
def _data(top, monkeypatch) -> None:
    monkeypatch.setenv("EARWITNESS_DATA", str(top / "data"))


def resolved(top: Path, **changed: str) -> Planned:
    told = {key: value for key, value in {**GOOD, **changed}.items() if value}
    file = top / "tried.yaml"
    file.write_text("\n".join(f"{key.rstrip('_')}: {value}" for key, value in told.items()))
    return resolve(file)


def problems(top: Path, **changed: str) -> list[str]:
    with pytest.raises(BadInput) as bad:
        resolved(top, **changed)
    return [str(problem).replace(str(top), "") for problem in bad.value.problems]


WRONG = {
    "an unknown key": ({"setings": "[mono]"}, ["/tried.yaml:9: unknown key 'setings'. Did you mean 'settings'?"]),
    "a key of the folds": ({"splits": "{folds: 3, fold: 4}"}, ["/tried.yaml:5: unknown key 'fold'. Did you mean 'folds'?"]),
    "a name with a folder": ({"name": "a/b"}, ["/tried.yaml:1: 'name': string should match"]),
    "a setting": (
        {"settings": "[mono, cros]"},
        ["/tried.yaml:4: 'settings.1': 'cros' is not possible. Did you mean 'cross'?"],
    ),
    "a setting twice": ({"settings": "[mono, mono]"}, ["/tried.yaml:4: 'settings': 'mono' stands twice"]),
    "an emotion": ({"emotions": "[angry, hapy]"}, ["/tried.yaml:9: unknown emotion 'hapy'. Did you mean 'happy'?"]),
    "too few folds": ({"splits": "{folds: 2}"}, ["/tried.yaml:5: folds must be 3 or more, not 2"]),
    "a table": ({"stimuli": "[de/stimuli.csv, fr.csv]"}, ["/tried.yaml:2: there is no table /fr.csv; tables are told from"]),
    "a language": (
        {"encoders": "{logmel: German (DE)}"},
        ["/tried.yaml:3: 'encoders': 'German (DE)' of logmel is not a BCP"],
    ),
    "an encoder": ({"encoders": "{logmell: en}"}, ["/tried.yaml:3: there is no encoder 'logmell'. Did you mean 'logmel'?"]),
    "trans without its language": ({"encoders": "{logmel: }"}, ["/tried.yaml:3: logmel: trans needs the language that"]),
    "a language without clips": (
        {"encoders": "{logmel: pl}", "settings": "[mono]"},
        ["/tried.yaml:3: logmel: mono needs clips in 'pl'; the clips are in de, en"],
    ),
    "a method": ({"method": "prob"}, ["/tried.yaml:6: there is no model 'prob'. Did you mean 'probe'?"]),
    "no method": ({"method": ""}, ["/tried.yaml:1: 'method' is missing: name one for the experiment, or in each grid"]),
    "a method without an encoder": (
        {"method": "majority", "with": ""},
        ["/tried.yaml:6: 'majority' has no encoder to choose"],
    ),
    "a method that marks": ({"method": "loudness", "with": ""}, ["/tried.yaml:6: 'loudness' marks parts of clips"]),
    "a second stage of who has none": (
        {"settings": "[two_stage]"},
        ["/tried.yaml:4: two_stage goes on from a fitted model"],
    ),
    "a setting of the method": (
        {"with": "{penalti: 2}"},
        ["/tried.yaml:7: logmel: 'Linear probe on any encoder' has nothing"],
    ),
    "a value of the method": ({"with": "{penalty: much}"}, ["/tried.yaml:7: logmel: 'penalty' cannot be 'much'"]),
    "a value that makes no sense": ({"with": "{penalty: 0}"}, ["/tried.yaml:7: logmel: penalty must be more than 0"]),
    "an encoder among settings": (
        {"with": "{encoder: logmel}"},
        ["/tried.yaml:7: 'encoder' is no setting here; it stands under"],
    ),
    "a layer": (
        {"grid": "{with.layer: [0, 4]}"},
        ["/tried.yaml:9: logmel: Log-mel spectrogram (torchaudio) has no layer 4"],
    ),
    "a key of the grid": (
        {"grid": "{layer: [0]}"},
        ["/tried.yaml:9: unknown key 'layer' of a grid. Did you mean 'with.layer'?"],
    ),
    "an empty axis": ({"grid": "{with.penalty: []}"}, ["/tried.yaml:9: 'with.penalty' has no value to try"]),
    "a grid of another setting": (
        {"grid": "{settings: two_stage}"},
        ["/tried.yaml:9: 'two_stage' is none of the experiment's settings. Known: cross, mono, trans."],
    ),
    "no grid at all": ({"grid": "3"}, ["/tried.yaml:9: 'grid': must hold lines of 'key: values', or be a list of such"]),
    "a point twice": (
        {"grid": "{with.layer: [0, -1]}"},
        ["/tried.yaml:9: logmel probe layer=0 penalty=2.0 (mono) stands twice"],
    ),
    "folds of parts that are given": ({"splits": "{by: given, folds: 5}"}, ["/tried.yaml:5: folds: 5 says nothing where"]),
    "a number of folds that is a word": (
        {"splits": "{folds: speaker, train: 3}"},
        [
            "/tried.yaml:5: 'splits.folds': must be a whole number or speakers, not 'speaker'",
            "/tried.yaml:5: train must be 4 or more, not 3: each emotion needs a clip",
        ],
    ),
    "folds that are no number, where there are fewer voices than folds by default": (
        {"splits": "{folds: three}"},
        ["/tried.yaml:5: 'splits.folds': must be a whole number or speakers, not 'three'"],
    ),
    "an unknown key of the folds, likewise": (
        {"splits": "{fold: 3}"},
        ["/tried.yaml:5: unknown key 'fold'. Did you mean 'folds'?"],
    ),
    "a number of shots that is a word": (
        {"settings": "[transfer]", "shots": "{counts: [0, ten]}"},
        ["/tried.yaml:9: 'shots.counts.1': must be a whole number or all, not 'ten'"],
    ),
    "a corpus to learn in": (
        {"settings": "[transfer]", "sources": "[d]"},
        ["/tried.yaml:9: there is no clip of a corpus 'd'. Did you mean 'de'?"],
    ),
    "sources that leave nothing": (
        {"settings": "[transfer]", "sources": "[de]", "targets": "[de]"},
        ["/tried.yaml:3: logmel: transfer needs clips of two corpora; sources are de de and targets are de de"],
    ),
    "a seed": ({"seeds": "[0, -1]"}, ["/tried.yaml:8: 'seeds': a seed must be 0 or more, not -1"]),
    "a preset": ({"preset": "asrun"}, ["/tried.yaml:9: 'preset': 'asrun' is not possible. Did you mean 'as_run'?"]),
    "a corpus without an emotion": (
        {"stimuli": "[de/stimuli.csv, glad/stimuli.csv]", "encoders": "{logmel: de}"},
        ["/tried.yaml:5: glad fr has no clip that is sad; it has angry, happy, neutral"],
    ),
    "no clip at all": ({"stimuli": "[none.csv]"}, ["/tried.yaml:2: there is no clip to learn from"]),
    "a clip that is not there": ({"stimuli": "[de/stimuli.csv, gone.csv]", "settings": "[trans]"}, ["/gone.wav: "]),
    "a single speaker": (
        {"stimuli": "[de/stimuli.csv, lone/stimuli.csv]", "encoders": "{logmel: de}"},
        ["/tried.yaml:5: lone it: one speaker, and 3 speaker-disjoint folds need 3"],
    ),
    "a single speaker from whom nobody can be told": (
        {**LONE, "method": "supcon", "with": ""},
        [f"/tried.yaml:6: logmel supcon layer=0 ({OF_LONE}, so there is no adversary; set adversary=0."],
    ),
    "an adversary that was asked for of a single speaker": (
        {**LONE, "method": "supcon", "with": "{hidden: 8}", "grid": "{with.adversary: [0, 0.5]}"},
        [f"/tried.yaml:9: logmel supcon layer=0 hidden=8 adversary=0.5 ({OF_LONE}, so there is"],
    ),
    "a single speaker who is to be removed": (
        {**LONE, "method": "speaker_removed", "with": "{remove: random}"},
        [f"/tried.yaml:7: logmel speaker_removed layer=0 remove=random ({OF_LONE}, and there is nobody"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_its_line(top, case):
    changed, said = WRONG[case]
    found = problems(top, **changed)
    assert len(found) == len(said), found
    assert all(one.startswith(begin) for one, begin in zip(found, said, strict=True)), found


def test_everything_that_is_wrong_is_told_at_once(top):
    found = problems(
        top,
        nme="x",
        stimuli="[de/stimuli.csv, glad/stimuli.csv]",
        encoders="{logmel: en, w2v: de}",
        grid="{with.layer: [0, 7]}",
        seeds="[a]",
    )
    said = [
        "unknown key 'nme'",
        "'seeds.0': must be a whole number",
        "no encoder 'w2v'",
        "no layer 7",
        "no clip that is sad",
    ]
    assert all(any(what in one for one in found) for what in said), found
    assert len(found) == len(said)


def test_a_fold_without_a_class_and_a_voice_in_training_and_test_are_refused(top, tmp_path):
    table = (top / "de" / "stimuli.csv").read_text()
    lines = table.replace("clips/", f"{top}/de/clips/").splitlines()
    rare = [line for line in lines if "-sad-" not in line or "-de-a-" in line]
    (top / "rare.csv").write_text("\n".join(rare) + "\n")
    found = problems(top, stimuli="[rare.csv, en/stimuli.csv]")
    assert any(
        re.search(r"tried.yaml:5: de de, fold 0: no clip of its \w+ part is sad \(1 of 4 speakers", one) for one in found
    )
    both = table.replace("clips/", f"{top}/en/clips/").replace("de-de-", "en-en-").replace(",de,de,", ",de,en,")
    english = re.sub(r"en-en-(\w)", lambda m: f"en-en-{'efgh'['abcd'.index(m[1])]}", both)
    (top / "both.csv").write_text(english)  # the same voices speak English in the same corpus
    found = problems(top, stimuli="[de/stimuli.csv, both.csv]", encoders="{logmel: de}", settings="[cross]")
    (said,) = found
    assert said.startswith(
        "/tried.yaml:3: logmel: cross de de -> de en: speaker 'de a' is in training and in test, for a corpus"
    )
    assert "learn and be tested in corpora that share no voice ('sources', 'targets')" in said


def test_an_experiment_that_is_there_already_is_not_written_over(top, capsys):
    out = top / "data" / "runs" / "tried"
    out.mkdir(parents=True)
    try:
        assert problems(top)[0].endswith("exists already; an experiment never writes over another. Choose another --out")
        assert main("ser_core", ["run", str(top / "tried.yaml")]) == 2
        assert main("ser_core", ["run", "--check", str(top / "tried.yaml")]) == 0
    finally:
        out.rmdir()
    assert main("ser_core", ["run", str(top / "tried.yaml"), "--threads", "0"]) == 2
    assert main("ser_core", ["run", str(top / "nothing.yaml")]) == 2
    assert not out.exists()


def test_a_preset_decides_what_is_disputed_and_a_name_in_the_file_counts_more(top):
    changed = {"method": "layer_probe", "with": "{epochs: 3}", "splits": "{folds: 3, dev: 4, test: 4}", "preset": "as_run"}
    as_run = resolved(top, **changed)
    assert (as_run.experiment.dev_from, as_run.experiment.splits.dev_speakers) == ("target", "test")
    assert as_run.jobs[0].kind.config.recipe.hidden == (128, 16)
    assert as_run.jobs[0].kind.words == "preset=as_run epochs=3"
    named = resolved(top, **{**changed, "dev_from": "source", "with": "{preset: paper}"})
    assert (named.experiment.dev_from, named.experiment.splits.dev_speakers) == ("source", "test")
    assert named.jobs[0].kind.words == ""


def test_dev_clips_of_the_target_make_a_cross_lingual_model_one_of_its_own(top):
    alike, apart = (resolved(top, dev_from=place) for place in ("source", "target"))
    assert (len(alike.jobs), len(alike.learnings)) == (9, 6)
    assert (len(apart.jobs), len(apart.learnings)) == (9, 9)


@pytest.mark.parametrize("file", SHIPPED, ids=[file.stem for file in SHIPPED])
def test_a_shipped_experiment_is_good_as_far_as_it_can_be_known_without_its_corpora(file):
    experiment, lines, wrong = config.read(file)
    assert wrong == []
    assert experiment.name == file.stem
    said: list[object] = []
    models, revisions = kinds(experiment, lambda *what: said.append(what))
    assert said == []
    assert models
    assert set(revisions) == set(experiment.encoders)
    text = file.read_text().splitlines()
    keys = {where[0]: line for where, line in lines.items() if len(where) == 1}
    assert [key for key, line in keys.items() if "  #" not in text[line - 1]] == []
    assert f"python -m ser_core run data/experiments/{file.name}" in "\n".join(text)
