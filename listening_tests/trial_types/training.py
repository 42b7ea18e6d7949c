"""Training: label a clip that does not count, then hear from the page what it was meant to be, and why.

Why stands in a column of stimuli.csv: ``why.<interface language>``, or ``why`` for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field as Described

from listening_tests.trial import Answer, Trial, TrialType, Ui
from listening_tests.trial_types import label

if TYPE_CHECKING:
    from listening_tests.study import Study


class Training(label.Label):
    """As for labelling, of other clips."""

    part: str = Described(default="practice", min_length=1, description="which clips: those with this `part` in stimuli.csv")


def show(trial: Trial, ui: Ui) -> None:
    """The label trial, with a word on what to do."""
    ui.st.header(ui.text("training.title"), anchor=False)
    ui.st.markdown(ui.text("training.intro"))
    label.show(trial, ui)


def feedback(trial: Trial, answer: Answer, ui: Ui) -> None:
    """Shown after the answer was stored: what the clip was meant to be, and why; after the last one, that this was it."""
    ui.st.header(ui.text("training.title"), anchor=False)
    if not answer.get("failed"):  # who heard nothing was not wrong
        _tell(answer.get("label"), _row(trial, ui.study), ui)
    if ui.following != trial.type:
        ui.st.markdown(ui.text("training.next"))


def _tell(chosen: Any, row: Mapping[str, Any], ui: Ui) -> None:
    truth = row["truth"]
    key = "training.right" if chosen == truth else "training.wrong"
    (ui.st.success if chosen == truth else ui.st.info)(ui.text(key, truth=ui.label(truth)))
    if why := str(row.get(f"why.{ui.interface}") or row.get("why") or ""):
        ui.st.markdown(ui.text("training.why"))
        ui.st.text(why)  # a table's cell is no Markdown


def _row(trial: Trial, study: Study) -> dict[str, Any]:
    rows = study.stimuli[study.stimuli["stimulus"] == trial.stimulus].to_dict("records")
    return {str(name): value for name, value in rows[0].items()}


def fits(parameters: Mapping[str, Any], study: Study) -> list[str]:
    """As for labelling; and feedback needs to know what was meant, and that it could be chosen."""
    clips = study.stimuli[study.stimuli["part"] == parameters["part"]]
    choices = list(parameters["choices"]) or list(study.emotions)
    problems = label.fits(parameters, study)
    for clip, truth in zip(clips["stimulus"], clips["truth"], strict=True):
        if not truth:
            problems.append(f"tells what was meant, but clip '{clip}' has no 'truth' in stimuli.csv")
        elif truth not in choices:
            problems.append(f"clip '{clip}' was meant to sound {truth}, which is none of the choices")
    return problems


TRIAL = TrialType(
    "Training",
    show,
    label.check,
    label.simulate,
    Training,
    label.ANSWER,
    feedback,
    hears=True,
    resolve=label.resolve,
    fits=fits,
)
