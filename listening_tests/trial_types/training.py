"""Training: label a clip that does not count, then hear from the page what it was meant to be."""

from __future__ import annotations

from dataclasses import replace

from listening_tests.trial import Answer, Trial, TrialType, Ui
from listening_tests.trial_types import label

PARAMETERS = tuple(replace(p, default="practice") if p.name == "part" else p for p in label.PARAMETERS)


def show(trial: Trial, ui: Ui) -> None:
    """The label trial, with a word on what to do."""
    ui.st.header(ui.text("training.title"), anchor=False)
    ui.st.markdown(ui.text("training.intro"))
    ui.player(trial, label.choices(trial))


def feedback(trial: Trial, answer: Answer, ui: Ui) -> None:
    """Shown after the answer was stored: what the clip was meant to be, and that listeners may differ."""
    clips = ui.study.stimuli
    truth = clips.loc[clips["stimulus"] == trial.stimulus, "truth"].iloc[0]
    chosen = answer.get("label")
    ui.st.header(ui.text("training.title"), anchor=False)
    key = "training.right" if chosen == truth else "training.wrong"
    (ui.st.success if chosen == truth else ui.st.info)(ui.text(key, truth=ui.label(truth)))
    ui.st.markdown(ui.text("training.next"))


TRIAL = TrialType("Training", show, label.check, label.simulate, PARAMETERS, label.ANSWER, feedback, hears=True)
