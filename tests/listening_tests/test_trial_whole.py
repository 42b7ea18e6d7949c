"""A study of all types of trials: loaded from its folder, drawn, and answered to the end through the database."""

from __future__ import annotations

import json

import pytest

from listening_tests import study as studies
from listening_tests.simulate import simulate
from listening_tests.trial import trial_types
from ser_core.errors import BadInput

TIMELINE = """\
timeline:
  - {trial: consent}
  - {trial: background, languages: [fr]}
  - {trial: instruction, title: {en: Hello, de: Hallo}, html: {en: <p>Listen</p>, de: <p>Hören</p>}}
  - {trial: level_check}
  - {trial: headphone_check, retries: 2, on_fail: continue}
  - {trial: headphone_check, method: antiphase, retries: 0, on_fail: continue}
  - {trial: training, confidence: true}
  - block: clips
    timeline:
      - {trial: label, choice_order: shuffled, cannot_say: false, confidence: true, comment: true,
         dimensions: [arousal, valence], plays: {least: 2, most: 3}}
      - {trial: attention, count: 2, scattered: true}
      - {trial: break, least_s: 1.5, every: 2}
  - {trial: clip, segment: {shortest_s: 0.05, longest_s: 0.2, count: 2}}
  - {trial: paired, tie: true}
  - trial: likert
    scales: [{name: strength, text: {en: How strong, de: Wie stark}, low: {en: weak, de: schwach}}]
  - trial: questionnaire
    questions:
      - {name: music, kind: choice, text: {en: Music, de: Musik}, options: [{value: plays}, {value: hears}]}
      - {name: years, kind: number, text: {en: Years, de: Jahre}, minimum: 1, only_if: {music: [plays]}}
  - {trial: debrief, text: {en: It was about voices., de: Es ging um Stimmen.}}
"""


@pytest.fixture
def whole(folder):
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    (folder / "study.yaml").write_text(text[: text.index("timeline:")] + TIMELINE, encoding="utf-8")
    (folder / "pairs.csv").write_text("a,b,emotion\n001,002,angry\n003,004,sad\n", encoding="utf-8")
    return folder


def test_a_study_of_every_type_is_answered_to_its_end(whole, store):
    study = studies.load(whole)
    people = simulate(study, store, listeners=4, seed=1)
    sessions = [store.session(person) for person in people]
    assert {t.type for s in sessions for t in s.trials} == set(trial_types())
    assert all(session.finished for session in sessions)
    given = store.read_answers(study.id)
    skipped = given["answer"].map(lambda answer: bool(answer.get("skipped")))
    assert set(given[skipped]["type"]) <= {"headphone_check"}
    for row in given[~skipped].to_dict("records"):
        assert set(row["answer"]) == {f.name for f in trial_types()[row["type"]].answer}, row["type"]
    pairs = [t for s in sessions for t in s.trials if t.type == "paired"]
    assert {frozenset((t.stimulus, t.other)) for t in pairs} == {frozenset(("001", "002")), frozenset(("003", "004"))}
    assert all(len(s.trials) == len(sessions[0].trials) for s in sessions)


def test_what_is_drawn_can_be_kept_as_json(whole, store):
    study = studies.load(whole)
    (person,) = simulate(study, store, listeners=1, seed=2)
    for trial in store.session(person).trials:
        assert json.loads(json.dumps(dict(trial.parameters))) == dict(trial.parameters)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("retries: 2", "retreis: 2", "headphone_check: unknown key 'retreis'. Did you mean 'retries'?"),
        ("method: antiphase", "method: antifase", "'method': 'antifase' is not possible. Did you mean 'antiphase'?"),
        ("retries: 2", "pass_mark: 7", "'pass_mark' (7) is more than 'rounds' (6); nobody could pass"),
        ("least: 2, most: 3", "least: 3, most: 2", "'most' (2) is less than 'least' (3)"),
        ("[arousal, valence]", "[arousal, valance]", "Did you mean 'valence'?"),
        ("music: [plays]", "music: [play]", "questionnaire: question 'years': 'only_if': 'music' has no value 'play'."),
        ("kind: number", "kind: numbr", "Did you mean 'number'?"),
        ("de: Wie stark", "fr: Fort", "likert: question 'strength': 'text' has no text for the interface language 'de'"),
        ("languages: [fr]", "languages: [French!]", "background: 'French!' is not a BCP 47 language tag like de or cmn"),
        ("trial: paired", "trial: paired, pairs: pears.csv", "Did you mean 'pairs.csv'?"),
    ],
)
def test_a_slip_in_the_timeline_is_told_with_its_line(whole, right, wrong, said):
    text = (whole / "study.yaml").read_text(encoding="utf-8")
    assert right in text
    (whole / "study.yaml").write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(BadInput) as bad:
        studies.load(whole)
    (problem,) = (p for p in bad.value.problems if said in p.what)
    lines = text.replace(right, wrong, 1).splitlines()
    assert problem.line is not None
    near = " ".join(lines[problem.line - 1 : problem.line + 5])
    assert wrong.split(",")[0].split("[")[-1].strip() in near
