# ruff: noqa: N999  (study.yaml says "trial: break", and the file is called what the trial is called)
"""Break: a page to rest on.

How long somebody rested is measured on the server from when the page was first drawn. A page that is loaded again begins
to count again: nobody rests for less than asked.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field as Described

from listening_tests.trial import Answer, Field, Parameters, Texts, Trial, TrialType, Ui, cleaned
from listening_tests.trial_types import _asking
from listening_tests.trial_types._prose import prose

if TYPE_CHECKING:
    from listening_tests.study import Study

ANSWER = (Field("rested_s", "seconds from when the page was first drawn to the button", "number"),)


class Break(Parameters):
    """How long, and what is said."""

    least_s: float = Described(default=0, ge=0, le=3600, description="how long one must rest; 0 = as long as one likes")
    text: Texts = Described(default={}, description="what is said instead of our own text, by interface language")


def show(trial: Trial, ui: Ui) -> None:
    """A kind word, and a button that works once the time is up."""
    st, least_s = ui.st, trial.parameters["least_s"]
    since = st.session_state.setdefault(f"break {trial.key}", time.monotonic())
    st.header(ui.text("break.title"), anchor=False)
    st.markdown(prose(ui.own(trial.parameters["text"])) if trial.parameters["text"] else ui.text("break.text"))
    if least_s:
        st.markdown(ui.text("break.least", seconds=math.ceil(least_s)))
    if left := st.session_state.pop(f"break left {trial.key}", 0):
        st.info(ui.text("break.left", seconds=left))

    def go_on() -> None:
        rested_s = time.monotonic() - since
        if rested_s < least_s:
            st.session_state[f"break left {trial.key}"] = math.ceil(least_s - rested_s)
        else:
            ui.submit(trial, {"rested_s": round(rested_s, 1)})

    st.button(ui.text("continue"), type="primary", width="stretch", on_click=go_on, key=f"rested {trial.key}")


def check(trial: Trial, answer: Answer) -> str | None:
    """It was long enough."""
    rested_s = cleaned(ANSWER, answer)["rested_s"]
    return None if rested_s is not None and rested_s >= trial.parameters["least_s"] - 0.1 else "break.too_short"


def simulate(trial: Trial, rng: random.Random) -> dict[str, Any]:
    """A little longer than needed."""
    return {"rested_s": round(trial.parameters["least_s"] + rng.uniform(1, 30), 1)}


def fits(parameters: Mapping[str, Any], study: Study) -> list[str]:
    """The text, if there is one, is in every language of the study."""
    return _asking.missing({"text": parameters["text"]} if parameters["text"] else {}, study.languages)


TRIAL = TrialType("Break", show, check, simulate, Break, ANSWER, fits=fits)
