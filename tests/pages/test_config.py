"""The settings under which the app runs are ones that this version of Streamlit knows, and ones that can be read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit import config

from pages.parts import chart

FILE = Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml"
SETTINGS = tomllib.loads(FILE.read_text(encoding="utf-8"))


def flat(table: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


@pytest.mark.parametrize("name", [name for name, _ in flat(SETTINGS)])
def test_streamlit_knows_the_option(name: str):
    assert name in config._config_options_template
    assert not config._config_options_template[name].deprecated


def test_a_click_is_not_followed_by_a_full_garbage_collection():
    assert SETTINGS["runner"]["postScriptGC"] is False


def test_a_traceback_never_reaches_a_browser_and_nothing_is_reported_elsewhere():
    assert SETTINGS["client"]["showErrorDetails"] == "none"
    assert SETTINGS["browser"]["gatherUsageStats"] is False
    assert SETTINGS["server"]["address"] == "127.0.0.1"


def test_no_font_is_fetched():
    assert "://" not in SETTINGS["theme"]["font"] + SETTINGS["theme"]["headingFont"]
    assert "fontFaces" not in SETTINGS["theme"]


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio, WCAG 2.2; 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_of_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the well-known grey that just fails


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_stands_out_by_at_least_4_5_to_1(mode: str):
    theme = SETTINGS["theme"][mode]
    for background in (theme["backgroundColor"], theme["secondaryBackgroundColor"]):
        for text in (theme["textColor"], theme["linkColor"], theme["codeTextColor"]):
            assert contrast(text, background) >= 4.5
    assert contrast("#ffffff", theme["primaryColor"]) >= 4.5  # what stands on a button
    assert contrast(theme["primaryColor"], theme["backgroundColor"]) >= 3  # the button itself


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_charts_are_written_in_the_pages_own_colour(mode: str):
    assert chart.TEXT[mode] == SETTINGS["theme"][mode]["textColor"]
