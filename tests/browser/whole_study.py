"""A small study of tones with every type of trial there is, and all that each can ask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from listening_tests import settings
from listening_tests import study as studies
from listening_tests.study import Study
from listening_tests.trial import trial_types

SECONDS = {"two": 4.0}
"""How long a clip is, if not half a second."""
CLIPS = {"practice": ("warm-up",), "test": ("one",), "marked": ("two",), "rated": ("three",)}
"""The clips of each part."""

STUDY = """\
id: whole
title: {en: Everything, de: Alles, zh-Hans: 全部}
languages: [en, de, zh-Hans]
emotions: [angry, happy, sad]
consent:
  version: "1"
  text: {en: Please agree., de: Bitte stimmen Sie zu., zh-Hans: 请您同意。}
groups:
  - {name: German listeners, native: de}
timeline:
  - {trial: consent}
  - {trial: background}
  - trial: instruction
    title: {en: What you will do, de: Ihre Aufgabe, zh-Hans: 您的任务}
    text: {en: "Listen, then **answer**.", de: "Hören Sie zu, dann **antworten** Sie.", zh-Hans: "请先听，然后**回答**。"}
    html:
      {en: "<p>Take <i>your</i> time.</p>", de: "<p>Lassen Sie sich <i>Zeit</i>.</p>",
       zh-Hans: "<p>请<i>慢慢来</i>。</p>"}
  - {trial: level_check}
  - {trial: headphone_check, method: antiphase, rounds: 2, pass_mark: 2, retries: 1}
  - {trial: training, part: practice}
  - block: tests
    order: shuffled
    timeline:
      - trial: label
        part: test
        choice_order: shuffled
        confidence: true
        dimensions: [arousal, valence, dominance]
        comment: true
      - {trial: clip, part: marked, segment: {shortest_s: 0.05}, plays: {least: 2, most: 3}}
      - trial: likert
        part: rated
        scales:
          - name: strong
            text: {en: "How strong is it?", de: "Wie stark ist sie?", zh-Hans: 有多强烈？}
            low: {en: weak, de: schwach, zh-Hans: 弱}
            high: {en: strong, de: stark, zh-Hans: 强}
          - name: real
            text: {en: "How real is it?", de: "Wie echt ist sie?", zh-Hans: 有多真实？}
            options:
              - {value: acted, label: {en: acted, de: gespielt, zh-Hans: 表演的}}
              - {value: real, label: {en: real, de: echt, zh-Hans: 真实的}}
      - {trial: paired, emotion: angry, tie: true}
  - trial: questionnaire
    title: {en: A few questions, de: Einige Fragen, zh-Hans: 几个问题}
    questions:
      - name: city
        kind: text
        text: {en: "Where did you grow up?", de: "Wo sind Sie aufgewachsen?", zh-Hans: 您在哪里长大？}
      - name: years
        kind: number
        minimum: 0
        maximum: 99
        text: {en: "For how many years?", de: "Wie viele Jahre?", zh-Hans: 多少年？}
      - name: music
        kind: choice
        text: {en: "Do you make music?", de: "Machen Sie Musik?", zh-Hans: 您演奏音乐吗？}
        options:
          - {value: "no", label: {en: Not at all, de: Gar nicht, zh-Hans: 不}}
          - {value: "yes", label: {en: I do, de: Ja gern, zh-Hans: 是的}}
      - name: instruments
        kind: several
        only_if: {music: ["yes"]}
        text: {en: "Which instruments?", de: "Welche Instrumente?", zh-Hans: 哪些乐器？}
        options:
          - {value: piano, label: {en: Piano, de: Klavier, zh-Hans: 钢琴}}
          - {value: erhu, label: {en: Erhu, de: Erhu, zh-Hans: 二胡}}
          - {value: voice, label: {en: Voice, de: Gesang, zh-Hans: 歌唱}}
      - name: tired
        kind: likert
        points: 5
        text: {en: "How tired are you?", de: "Wie müde sind Sie?", zh-Hans: 您有多累？}
        low: {en: awake, de: wach, zh-Hans: 清醒}
        high: {en: exhausted, de: erschöpft, zh-Hans: 疲惫}
      - name: remark
        kind: long_text
        optional: true
        text: {en: "Anything else?", de: "Noch etwas?", zh-Hans: 还有别的吗？}
  - {trial: attention}
  - {trial: break}
  - {trial: debrief}
"""


def make(folder: Path) -> Study:
    """Write the study and read it as a researcher's is read."""
    (folder / "clips").mkdir(parents=True)
    rows = ["stimulus,file,language,speaker,truth,part"]
    names = [(part, name) for part, clips in CLIPS.items() for name in clips]
    for i, (part, name) in enumerate(names):
        time_s = np.arange(int(SECONDS.get(name, 0.5) * 16000)) / 16000
        tone = 0.3 * np.sin(2 * np.pi * (220 + 60 * i) * time_s)
        soundfile.write(folder / "clips" / f"{name}.wav", tone, 16000, subtype="PCM_16")
        rows.append(f"{name},clips/{name}.wav,de,s{i},{('angry', 'happy', 'sad')[i % 3]},{part}")
    (folder / "stimuli.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "pairs.csv").write_text("a,b\none,two\n", encoding="utf-8")
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    study = studies.load(folder)
    missing = set(trial_types()) - {entry.trial for entry in settings.leaves(study.timeline)}
    assert not missing, f"the whole study lacks the trial types {sorted(missing)}; add them to {__file__}"
    return study
