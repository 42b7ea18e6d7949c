"""Consent: the study's text, and a yes or no that is stored with the text's version and the time."""

from __future__ import annotations

import random
from typing import Any

from listening_tests.trial import Answer, Field, Trial, TrialType, Ui
from listening_tests.trial_types._prose import prose


def show(trial: Trial, ui: Ui) -> None:
    """The text, then the two answers; a no can be taken back as long as the page is open."""
    st = ui.st
    if st.session_state.get("declined"):
        st.info(ui.text("consent.declined"))
        if ui.declined_url:
            st.link_button(ui.text("debrief.back"), ui.declined_url, type="primary", width="stretch")
        st.button(ui.text("consent.again"), on_click=lambda: st.session_state.pop("declined"))
        return
    st.header(ui.text("consent.title"))
    st.markdown(prose(ui.own(ui.study.settings.consent.text)))
    if ui.study.synthetic:
        st.info(ui.text("synthetic"))
    if ui.study.settings.contact:
        st.caption(ui.text("contact", contact=ui.study.settings.contact))
    st.markdown(ui.privacy)
    wide = {"width": "stretch", "on_click": ui.consent}
    st.button(ui.text("consent.agree"), type="primary", args=(trial, True), key=f"yes {trial.key}", **wide)
    st.button(ui.text("consent.decline"), args=(trial, False), key=f"no {trial.key}", **wide)


def check(_: Trial, answer: Answer) -> str | None:
    """Only a yes opens the study; a no is stored as a consent record, not as an answer."""
    return None if answer.get("agreed") is True else "required"


def simulate(_: Trial, __: random.Random) -> dict[str, Any]:
    """A simulated listener always agrees."""
    return {"agreed": True}


TRIAL = TrialType("Consent", show, check, simulate, answer=(Field("agreed", "whether the participant agreed", "flag"),))
