"""Every string that a participant can meet is there in every language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from listening_tests import languages
from ser_core.emotions import CANNOT_SAY, EMOTIONS

ROOT = Path(__file__).resolve().parents[2]
TAGS = sorted(languages.available())


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


@pytest.mark.parametrize("tag", TAGS)
def test_a_language_says_everything_that_english_says(tag):
    english, own = languages.texts("en"), languages.texts(tag)
    assert set(own) == set(english)
    assert all(own.values())
    assert {k: _placeholders(v) for k, v in own.items()} == {k: _placeholders(v) for k, v in english.items()}


@pytest.mark.parametrize("tag", TAGS)
def test_a_language_names_every_emotion_differently(tag):
    names = [languages.texts(tag)[f"emotion.{label}"] for label in (*EMOTIONS, CANNOT_SAY)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("tag", [t for t in TAGS if t != "en"])
def test_a_translation_is_not_left_in_english(tag):
    same = {k for k, v in languages.texts(tag).items() if v == languages.texts("en")[k]}
    assert same <= {"emotion.neutral", "dimension.dominance.high", "player.pause", "name"}


def test_every_key_that_the_code_asks_for_exists():
    asked = set()
    for path in [*(ROOT / "listening_tests").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]:
        source = path.read_text(encoding="utf-8")
        asked |= set(re.findall(r"\btext\(\s*(?:tag, )?\"([\w.]+)\"", source)) | set(
            re.findall(r"_say\(\s*\"([\w.]+)\"", source)
        )
    assert len(asked) > 20
    assert asked <= set(languages.texts("en"))


def test_every_key_is_asked_for_somewhere():
    code = "\n".join(
        p.read_text(encoding="utf-8") for top in ("listening_tests", "pages") for p in (ROOT / top).rglob("*.py")
    )
    families = ("emotion.", "background.", "language.", "player.")  # built from a variable
    unused = {k for k in languages.texts("en") if not k.startswith(families) and f'"{k}"' not in code}
    assert unused == set()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [(["de-AT"], "de"), (["zh-CN"], "zh-Hans"), (["zh"], "zh-Hans"), ([""], "en"), (["ko", "de"], "de")],
)
def test_the_browser_s_wish_decides_the_language(wanted, expected):
    assert languages.best(wanted, ["en", "de", "zh-Hans"]) == expected


@pytest.mark.parametrize("tag", TAGS)
def test_people_choose_from_named_languages_only(tag):
    names = languages.all_spoken(tag)
    assert {"de", "cmn", "yue", "pl", "ur"} <= set(names)
    assert all(names.values())
    assert "zh" not in names


@pytest.mark.parametrize("tag", TAGS)
def test_what_is_meant_to_be_bold_is_bold(tag):
    """Markdown takes ``**x。**y`` for asterisks: the closing ones must not stand between a full stop and a letter."""
    for text in languages.texts(tag).values():
        for closing in list(re.finditer(r"\*\*", text))[1::2]:
            before, after = text[closing.start() - 1], text[closing.end() : closing.end() + 1] or " "
            assert before.isalnum() or not after.isalnum(), text
