"""The page on trial types says what the types say of themselves."""

from __future__ import annotations

from docs import trials


def test_the_page_on_trial_types_is_as_its_script_writes_it():
    assert trials.PAGE.read_text(encoding="utf-8") == trials.page(), "run: .venv/bin/python -m docs.trials"
