"""Debrief: thanks, and the code that proves the participant finished. Waits for no answer.

Where a service such as Prolific sent the participant, a button leads back to it; the code is shown all the same, so that
nobody depends on the way back.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field as Described

from listening_tests.trial import Answer, Parameters, Texts, Trial, TrialType, Ui
from listening_tests.trial_types import _asking
from listening_tests.trial_types._prose import prose

if TYPE_CHECKING:
    from listening_tests.study import Study


class Debrief(Parameters):
    """What is said at the end."""

    text: Texts = Described(default={}, description="what the study was about, in Markdown, by interface language")


def show(trial: Trial, ui: Ui) -> None:
    """Thanks, the study's text, the way back, and the completion code."""
    st = ui.st
    st.header(ui.text("debrief.title"), anchor=False)
    st.markdown(ui.text("debrief.text"))
    if trial.parameters["text"]:
        st.markdown(prose(ui.own(trial.parameters["text"])))
    if ui.completion_url:
        st.link_button(ui.text("debrief.back"), ui.completion_url, type="primary", width="stretch")
    st.markdown(ui.text("debrief.code"))
    st.code(ui.completion_code, language=None)
    st.caption(ui.text("debrief.keep"))


def check(_: Trial, __: Answer) -> str | None:
    """There is nothing to answer."""
    return "not_open"


def simulate(_: Trial, __: random.Random) -> dict[str, Any]:
    """There is nothing to answer."""
    return {}


def fits(parameters: Mapping[str, Any], study: Study) -> list[str]:
    """The text, if there is one, is in every language of the study."""
    return _asking.missing({"text": parameters["text"]} if parameters["text"] else {}, study.languages)


TRIAL = TrialType("Debrief", show, check, simulate, Debrief, fits=fits)
