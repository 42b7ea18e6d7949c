"""From corpus to corpus: one matrix for each encoder, of the shots and the condition that the reader chooses."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts import compare_figure
from pages.parts.experiment_results import rests_on
from ser_core import experiment_protocol as protocol
from ser_core import experiment_transfer
from ser_core.experiment_folders import Experiment
from ser_core.experiment_tables import whole

_ENDS = ["source_corpus", "source", "target_corpus", "target"]


def draw(experiment: Experiment, best: pd.DataFrame) -> None:
    """Where there is more than one place."""
    if len(best[["setting", *_ENDS]].drop_duplicates()) < 2:
        return
    st.subheader("From corpus to corpus", anchor=False)
    with st.container(horizontal=True):
        way = one_of(best[["method", "settings"]], "Method", "transfer of", width=416)
        here = best[(best["method"] == way[0]) & (best["settings"] == way[1])]
        shots = one_of_words(protocol.shots_in_order(here["shots"]), "Shots", "transfer shots")
        condition = one_of_words(protocol.conditions_in_order(here["condition"]), "Condition", "transfer condition")
    cells = experiment_transfer.at(here, shots, condition)
    if cells.empty:
        st.info("There is no such model.")
        return
    st.caption("Mean UA over the folds: learned in the row, tested in the column, at the layer chosen by dev clips.")
    chosen = (protocol.shots_words(shots), condition)
    name = " ".join(filter(None, (experiment.name, "transfer", *way, *chosen)))
    drawn = experiment_transfer.matrices(cells)
    compare_figure.draw(drawn, name, alt="UA by corpus learned and tested in; its numbers are in the table below",
                        made_up=experiment.made_up)  # fmt: skip
    compare_figure.under(whole(cells), name, rests_on=rests_on(experiment, cells), made_up=experiment.made_up)


def one_of(rows: pd.DataFrame, label: str, key: str, *, width: int) -> tuple[str, ...]:
    """One of the different rows, which the reader chooses where there are several."""
    found = list(dict.fromkeys(rows.itertuples(index=False, name=None)))
    if len(found) < 2:
        return found[0]
    chosen: tuple[str, ...] = st.selectbox(
        label, found, key=key, format_func=lambda row: " ".join(filter(None, row)) or "as it is by itself", width=width
    )
    return chosen


def one_of_words(found: list[str], label: str, key: str) -> str:
    """One of several words; empty where there are none to choose from."""
    if len(found) < 2:
        return found[0] if found else ""
    chosen: str = st.selectbox(label, found, key=key, format_func=protocol.condition_words, width=192)
    return chosen
