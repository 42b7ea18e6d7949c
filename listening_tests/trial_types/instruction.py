"""Instruction: a text to read, written in Markdown, or brought along as HTML from another tool.

HTML is sanitised whenever it is shown: no script, style, picture, frame or handler survives, whatever a study holds.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field as Described

from listening_tests.trial import Answer, Field, Parameters, Texts, Trial, TrialType, Ui
from listening_tests.trial_types import _asking
from listening_tests.trial_types._prose import prose

if TYPE_CHECKING:
    from listening_tests.study import Study


class Instruction(Parameters):
    """What is to be read."""

    title: Texts = Described(default={}, description="the heading, by interface language")
    text: Texts = Described(default={}, description="the text in Markdown, by interface language")
    html: Texts = Described(default={}, description="the text in HTML, by interface language; shown after 'text'")


def show(trial: Trial, ui: Ui) -> None:
    """The heading, the text, and a button."""
    st, parameters = ui.st, trial.parameters
    if parameters["title"]:
        st.header(prose(ui.own(parameters["title"])), anchor=False)
    if parameters["text"]:
        st.markdown(prose(ui.own(parameters["text"])))
    if parameters["html"]:
        st.html(sanitised(ui.own(parameters["html"])))
    st.button(
        ui.text("continue"),
        type="primary",
        width="stretch",
        on_click=ui.submit,
        args=(trial, {"read": True}),
        key=f"read {trial.key}",
    )


def sanitised(html: str) -> str:
    """HTML that can neither run nor load anything.

    >>> sanitised('<p onclick="x()">Listen<script>x()</script><img src="https://example.org/x.png"></p>')
    '<p>Listen</p>'
    """
    import nh3  # only studies that were imported from another tool have HTML

    return nh3.clean(html, tags=nh3.ALLOWED_TAGS - {"img", "map", "area"})


def check(_: Trial, answer: Answer) -> str | None:
    """It was read, as far as a button can tell."""
    return None if answer.get("read") is True else "not_answered"


def simulate(_: Trial, __: random.Random) -> dict[str, Any]:
    """A simulated listener reads everything."""
    return {"read": True}


def fits(parameters: Mapping[str, Any], study: Study) -> list[str]:
    """There is something to read, in every language of the study."""
    texts = {name: parameters[name] for name in ("title", "text", "html") if parameters[name]}
    if not {"text", "html"} & set(texts):
        return ["has nothing to read; give it a 'text'"]
    return _asking.missing(texts, study.languages)


TRIAL = TrialType(
    "Instruction",
    show,
    check,
    simulate,
    Instruction,
    (Field("read", "whether the button below the text was pressed", "flag"),),
    fits=fits,
)
