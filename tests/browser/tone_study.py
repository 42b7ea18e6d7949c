"""A study of clips that tell where they are played: their pitch rises evenly, so that what was heard names its own time."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from listening_tests import study as studies
from listening_tests.session import Answered
from listening_tests.study import Study
from listening_tests.trial import Trial, trial_types
from tests.browser.people import App, opened

SECONDS, RATE_HZ = 3.0, 16000
LOWEST_HZ, RISE_HZ_PER_S = 500.0, 500.0

STUDY = """\
id: rising
title: {en: Rising tones, de: Steigende Töne, zh-Hans: 上升音}
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
  - {trial: clip, part: one, segment: {shortest_s: 0.2, longest_s: 1.2}}
  - {trial: clip, part: many, segment: {shortest_s: 0.1, count: 2}}
  - {trial: label, part: rich, confidence: true, dimensions: [arousal], comment: true, plays: {most: 1}}
  - {trial: debrief}
"""


def rising() -> npt.NDArray[np.float64]:
    """``SECONDS`` of a sine of ``LOWEST_HZ + RISE_HZ_PER_S * t``."""
    time_s = np.arange(int(SECONDS * RATE_HZ)) / RATE_HZ
    sine: npt.NDArray[np.float64] = 0.5 * np.sin(2 * np.pi * (LOWEST_HZ + RISE_HZ_PER_S * time_s / 2) * time_s)
    return sine


def time_of(samples: npt.NDArray[np.float64], rate_hz: float) -> float:
    """The time in the clip of the middle of a short stretch of it, from its zero crossings."""
    signs = np.signbit(samples)
    before = np.flatnonzero(signs[1:] != signs[:-1])
    crossings = before + samples[before] / (samples[before] - samples[before + 1])
    hz = (len(crossings) - 1) / 2 / (crossings[-1] - crossings[0]) * rate_hz
    middle_s = (crossings[0] + crossings[-1]) / 2 / rate_hz  # within the stretch
    return float((hz - LOWEST_HZ) / RISE_HZ_PER_S + len(samples) / 2 / rate_hz - middle_s)


def make(folder: Path) -> Study:
    """The study in a new folder."""
    (folder / "clips").mkdir(parents=True)
    rows = ["stimulus,file,language,speaker,truth,part,corpus"]
    for n, part in enumerate(("one", "many", "rich")):
        soundfile.write(folder / "clips" / f"{part}.wav", rising() * (1 - n / 10), RATE_HZ, subtype="PCM_16")
        rows.append(f"{part},clips/{part}.wav,de,s{n},happy,{part},tones")
    (folder / "stimuli.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    return studies.load(folder)


def come_to(app: App, study: Study, wanted: Callable[[Trial], bool]) -> tuple[str, str]:
    """A participant who has answered all that comes before the wanted trial: their id, and their link."""
    store = opened(study)
    (invitation,) = store.invite(study)
    session = store.begin(invitation.participant, study)
    rng = random.Random(1)
    while session.current is not None and not wanted(session.current):
        trial = session.current
        answer = trial_types()[trial.type].simulate(trial, rng)
        session = store.record(invitation.participant, Answered(trial.position, answer))
    assert session.current is not None
    return invitation.participant, app.link(study, invitation)
