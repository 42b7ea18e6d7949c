"""Every order that an imported study draws is one that webMUSHRA could have shown."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from listening_tests import study as studies
from listening_tests.importers import _webmushra_study
from listening_tests.importers._importer import Options
from listening_tests.timeline import Listener, draw
from tests.listening_tests.conftest import tone

ANSWERS = [{"value": "anger"}, {"value": "joy"}]
Page = dict[str, Any]
Pages = list[Any]


def _page(rng: random.Random, clips: list[str]) -> Page:
    if rng.random() < 0.15:
        return {"type": "generic", "content": "Read this"}
    count = 1 if rng.random() < 0.6 else rng.randint(2, 3)
    kind = "likert_multi_stimulus" if rng.random() < 0.2 else "likert_single_stimulus"
    text = rng.choice(["", "", "Listen!"])
    return {"type": kind, "content": text, "stimuli": dict(enumerate(rng.sample(clips, count))), "response": ANSWERS}


def _pages(rng: random.Random, clips: list[str], depth: int) -> Pages:
    items = [
        _pages(rng, clips, depth - 1) if depth and rng.random() < 0.25 else _page(rng, clips)
        for _ in range(rng.randint(1, 4))
    ]
    return ["random", *items] if rng.random() < 0.5 else items


def _ends(pages: Any, shown: list[str], at: int) -> Iterator[int]:
    """Where ``shown`` may go on after these pages, begun at ``at``; the oracle, read off webMUSHRA's description.

    A page plays its clips in any order; a list its items in order; one that begins with "random" its items in any order.
    """
    if isinstance(pages, dict):
        clips = list(pages.get("stimuli", {}).values())
        if Counter(shown[at : at + len(clips)]) == Counter(clips):
            yield at + len(clips)
    elif not pages:
        yield at
    elif pages[0] == "random":
        for i in range(1, len(pages)):
            rest = ["random", *pages[1:i], *pages[i + 1 :]]
            for end in set(_ends(pages[i], shown, at)):
                yield from _ends(rest if len(rest) > 1 else [], shown, end)
        if len(pages) == 1:
            yield at
    else:
        for end in set(_ends(pages[0], shown, at)):
            yield from _ends(pages[1:], shown, end)


def test_the_oracle_knows_a_wrong_order():
    page = [{"stimuli": {0: clip}} for clip in "abc"]
    assert len("abc") in set(_ends(page, list("abc"), 0))
    assert not set(_ends(page, list("acb"), 0))
    assert len("cab") in set(_ends(["random", [page[0], page[1]], page[2]], list("cab"), 0))
    assert not set(_ends(["random", [page[0], page[1]], page[2]], list("acb"), 0))


@pytest.mark.parametrize("seed", range(25))
def test_an_imported_study_shows_what_webmushra_could_have_shown(seed, tmp_path):
    rng = random.Random(seed)
    clips = [f"c{i}.wav" for i in range(6)]
    for i, clip in enumerate(clips):
        tone(tmp_path / "web" / clip, 200 + 40 * i, seconds=0.1)
    pages = _pages(rng, clips, depth=2)
    pages.append({"type": "likert_single_stimulus", "stimuli": {0: "c0.wav"}, "response": ANSWERS})
    if pages[0] == "random":
        pages = [pages]
    source = tmp_path / "web" / "test.yaml"
    source.write_text(json.dumps({"testId": "t", "pages": pages}, indent=1), encoding="utf-8")  # JSON is YAML as well
    _webmushra_study.make(source, tmp_path / "made", Options(language="de"))
    study = studies.load(tmp_path / "made")
    for listener in range(8):
        shown = [trial.stimulus for trial in draw(study, Listener(listener)) if trial.stimulus]
        assert len(shown) in set(_ends(pages, shown, 0)), shown
