"""Debrief: thanks, and the code that proves the participant finished. Waits for no answer."""

from __future__ import annotations

import random
from typing import Any

from listening_tests.trial import Answer, Trial, TrialType, Ui


def show(_: Trial, ui: Ui) -> None:
    """Thanks and the completion code."""
    st = ui.st
    st.header(ui.text("debrief.title"), anchor=False)
    st.markdown(ui.text("debrief.text"))
    st.markdown(ui.text("debrief.code"))
    st.code(ui.completion_code, language=None)
    st.caption(ui.text("debrief.keep"))


def check(_: Trial, __: Answer) -> str | None:
    """There is nothing to answer."""
    return "not_open"


def simulate(_: Trial, __: random.Random) -> dict[str, Any]:
    """There is nothing to answer."""
    return {}


TRIAL = TrialType("Debrief", show, check, simulate)
