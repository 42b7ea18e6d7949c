"""The app as Streamlit's own test runner drives it, on data of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from listening_tests import researcher
from pages.parts import sign_in, table
from tests.listening_tests.conftest import quick_disk  # noqa: F401  (a fixture)

ROOT = Path(__file__).resolve().parents[2]
PATIENT_S = 60


@pytest.fixture(scope="session", autouse=True)
def _packages() -> Iterator[None]:
    """Every AppTest looks through all installed packages for components of theirs, where a server does so once."""
    with pytest.MonkeyPatch.context() as patch:
        once = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", once)
        yield


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the first start leaves on a fresh machine: a password. Made once, since argon2 is slow on purpose."""
    folder = tmp_path_factory.mktemp("first-start")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARWITNESS_DATA", str(folder))
        patch.delenv(researcher.VARIABLE, raising=False)
        researcher.ensure_password()
    return folder


@pytest.fixture(autouse=True)
def data(first_start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh machine on which the first start has made a password."""
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path))
    for name in ("EARWITNESS_DATABASE_URL", "EARWITNESS_STUDIES", researcher.VARIABLE, sign_in.RESEARCHERS):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(first_start, tmp_path, dirs_exist_ok=True)
    st.cache_data.clear()
    st.cache_resource.clear()
    return tmp_path


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks is a researcher."""
    monkeypatch.setattr(sign_in, "is_signed_in", lambda: True)


@pytest.fixture
def look() -> Callable[[str], AppTest]:
    """Open a page through the door, as ``look("studies")``."""

    def open_page(name: str) -> AppTest:
        app = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENT_S)
        return app.switch_page(f"pages/{name}.py").run()

    return open_page


STUDY = """\
id: tones
title: {{en: Tones, de: Töne}}
languages: [en, de]
emotions: [angry, happy]
consent:
  version: "1"
  text: {{en: Please agree., de: Bitte zustimmen.}}
groups:
  - {{name: German listeners, native: de}}
timeline: [{{trial: consent}}, {{trial: background}}, {{trial: label}}, {{trial: debrief}}]
{more}
"""


def tones(folder: Path, *, more: str = "", truths: tuple[str, ...] = ("angry", "happy"), pitch_hz: float = 200) -> Path:
    """A table of short tones, and the study.yaml of a study around it."""
    (folder / "clips").mkdir(parents=True)
    rows = ["stimulus,file,language,speaker,truth"]
    for i, truth in enumerate(truths):
        time_s = np.arange(4800) / 16000
        tone = 0.3 * np.sin(2 * np.pi * (pitch_hz + 50 * i) * time_s)
        soundfile.write(folder / "clips" / f"{i}.wav", tone, 16000, subtype="PCM_16")
        rows.append(f"{pitch_hz:g}-{i},clips/{i}.wav,de,s,{truth}")
    (folder / "stimuli.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "study.yaml").write_text(STUDY.format(more=more), encoding="utf-8")
    return folder


class Saved(dict[str, bytes]):
    """What buttons save, by file name; what is made when somebody presses is made when somebody asks."""

    def __init__(self) -> None:
        super().__init__()
        self.later: dict[str, Callable[[], bytes]] = {}

    def __missing__(self, file: str) -> bytes:
        self[file] = self.later[file]()
        return self[file]


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> Saved:
    """What the buttons of the page save: content by file name."""
    found = Saved()
    real = table.save

    def save(content: bytes | Callable[[], bytes], file: str) -> None:
        if callable(content):
            found.later[file] = content
        else:
            found[file] = content
        real(content, file)

    monkeypatch.setattr(table, "save", save)
    return found
