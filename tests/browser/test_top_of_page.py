"""What a page tells the browser beside its contents: that it begins at its top, and in which language it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from playwright.sync_api import expect

from listening_tests import study as studies
from tests.browser.people import Listener, opened

_STUDY = """\
id: long
title: {de: Viel zu lesen}
languages: [de]
emotions: [angry, sad]
consent: {version: "1", text: {de: "%(consent)s"}}
timeline:
  - {trial: consent}
  - {trial: instruction, text: {de: "%(first)s"}}
  - {trial: instruction, text: {de: "%(second)s"}}
  - {trial: label}
  - {trial: debrief}
"""


def _text(words: str) -> str:
    return (words + " ") * 400


def test_after_a_long_page_the_next_one_begins_at_its_top(tmp_path: Path, start_app, context, monkeypatch) -> None:
    folder = tmp_path / "studies" / "long"
    folder.mkdir(parents=True)
    words = {name: _text(name) for name in ("consent", "first", "second")}
    (folder / "study.yaml").write_text(_STUDY % words, encoding="utf-8")
    (folder / "stimuli.csv").write_text("stimulus,file,language,speaker\ntone,tone.wav,de,s1\n", encoding="utf-8")
    soundfile.write(folder / "tone.wav", 0.1 * np.sin(np.arange(8000) / 5), 16000)
    monkeypatch.setenv("EARWITNESS_STUDIES", str(folder))
    app = start_app()
    study = studies.load(folder)
    invitation = opened(study).invite(study)[0]
    page = Listener.at(context(viewport={"width": 390, "height": 844}), app.link(study, invitation), "de")
    main = page.page.get_by_test_id("stMain")
    page.agree()
    for part in ("first", "second"):
        expect(page.page.get_by_text(f"{part} {part}")).to_be_visible()
        expect(page.page.locator("html")).to_have_attribute("lang", "de")
        expect(main).to_have_js_property("scrollTop", 0)
        page.button("continue").click()
    expect(page.button("player.play")).to_be_visible()
    expect(main).to_have_js_property("scrollTop", 0)
