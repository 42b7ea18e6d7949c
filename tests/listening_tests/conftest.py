"""A small study made of tones, and a database of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from listening_tests import database
from listening_tests import study as studies
from listening_tests.store import Store
from listening_tests.study import Study
from ser_core.emotions import EMOTIONS

STUDY_YAML = """\
id: tones
title: {en: Tones, de: Töne}
languages: [en, de]
emotions: [angry, happy, neutral, sad]
consent:
  version: "3"
  text: {en: Please agree., de: Bitte zustimmen.}
groups:
  - {name: German listeners, native: de}
timeline:
  - {trial: consent}
  - {trial: background}
  - {trial: training}
  - {trial: label}
  - {trial: debrief}
"""
HEADER = "stimulus,file,language,speaker,truth,part"


def tone(path: Path, hz: float, *, seconds: float = 0.3) -> None:
    """A quiet sine; every test clip has another pitch, so that no two have the same content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(int(seconds * 16000)) / 16000
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * hz * time_s), 16000, subtype="PCM_16")


DURABLE = database._SQLITE


@pytest.fixture(scope="session", autouse=True)
def quick_disk() -> Iterator[None]:
    """No power cut happens in a test, so none waits for the disk at every answer; a process that is killed loses nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_SQLITE", (*DURABLE, "synchronous=OFF"))
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A valid study folder: one practice clip, four test clips."""
    top = tmp_path / "tones"
    rows = [HEADER]
    for i, truth in enumerate(("happy", *EMOTIONS[:4])):
        tone(top / "clips" / f"{i}.wav", 200 + 50 * i)
        rows.append(
            f"00{i},clips/{i}.wav,{'de' if i < 3 else 'en-scotland'},s{i},{truth},{'practice' if i == 0 else 'test'}"
        )
    (top / "stimuli.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (top / "study.yaml").write_text(STUDY_YAML, encoding="utf-8")
    return top


@pytest.fixture
def study(folder: Path) -> Study:
    """That study, loaded."""
    return studies.load(folder)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Store:
    """A database in which that study is open; EARWITNESS_DATA and EARWITNESS_STUDIES point to this test's folders."""
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("EARWITNESS_STUDIES", str(folder))
    monkeypatch.delenv("EARWITNESS_DATABASE_URL", raising=False)
    opened = Store()
    opened.open_study(studies.load(folder))
    return opened
