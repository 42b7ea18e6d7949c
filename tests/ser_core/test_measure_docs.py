"""The page on measures says what the measures say of themselves."""

from __future__ import annotations

from docs import measures


def test_the_page_on_measures_is_as_its_script_writes_it():
    assert measures.PAGE.read_text(encoding="utf-8") == measures.page(), "run: .venv/bin/python -m docs.measures"
