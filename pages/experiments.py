"""Which layer, which way of learning, from which language to which? What an experiment found, fold by fold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import streamlit as st

from pages.parts import (
    compare_figure,
    experiment_ablation,
    experiment_about,
    experiment_curves,
    experiment_layouts,
    experiment_listened,
    experiment_pick,
    experiment_published,
    experiment_reads,
    experiment_results,
    experiment_transfer,
    frame,
    pick,
    sign_in,
)
from ser_core.errors import BadInput
from ser_core.experiment_folders import Experiment

frame.begin("experiments")

_SHOWN = 5


def _page(folder: Path) -> None:
    experiment = experiment_reads.experiment(folder)
    experiment_about.headline(experiment)
    experiment_about.findings(experiment)
    cells = experiment_pick.only(experiment.cells)
    if cells.empty:
        st.info("No model is left by what is chosen above.")
        return
    best = experiment_results.of(experiment.best, cells)
    compare_figure.picture_format()
    experiment_results.folds(experiment, best)
    _alone(experiment_results.layers, experiment, cells)
    _alone(experiment_transfer.draw, experiment, best)
    _alone(experiment_curves.shots, experiment, best)
    _alone(experiment_curves.noise, experiment, best)
    _alone(experiment_ablation.draw, experiment, best)
    _alone(experiment_layouts.draw, experiment, best)
    experiment_published.draw(experiment)
    experiment_listened.draw(experiment)
    _alone(experiment_results.learning, experiment, best)
    experiment_about.ran(experiment)


@st.fragment
def _alone(draw: Callable[[Experiment, pd.DataFrame], None], experiment: Experiment, rows: pd.DataFrame) -> None:
    """A part of the page that its own choices draw anew without the rest; who has signed out meanwhile gets none."""
    if not sign_in.is_signed_in():
        st.rerun()
    draw(experiment, rows)


def _few(bad: BadInput) -> BadInput:
    """The first problems: of a damaged table there is one for each of thousands of rows."""
    more = len(bad.problems) - _SHOWN
    return BadInput(*bad.problems[:_SHOWN], f"and {more:,} more") if more > 0 else bad


st.title("Experiments", anchor=False)
chosen = experiment_pick.folder()
if chosen:
    try:
        _page(chosen)
    except BadInput as bad:
        pick.show_problems("This experiment cannot be shown; choose another, or mend this one.", _few(bad))
