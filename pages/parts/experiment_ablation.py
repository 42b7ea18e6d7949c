"""What each part of a method adds: its settings, compared fold by fold with those that the reader takes as reference."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts import compare_figure, table
from pages.parts.experiment_results import of, rests_on
from pages.parts.experiment_transfer import one_of
from ser_core import experiment_ablation as ablation
from ser_core.experiment_folders import Experiment
from ser_core.experiment_tables import whole


def draw(experiment: Experiment, best: pd.DataFrame) -> None:
    """Where an encoder and method have several settings in one place."""
    several = best.groupby(["encoder", "method"], sort=False)["settings"].transform("nunique") > 1
    if not several.any():
        return
    st.subheader("What each part adds", anchor=False)
    offered = best[several]
    with st.container(horizontal=True):
        kind = one_of(offered[["encoder", "method"]], "Encoder and method", "parts of", width=320)
        own = offered[(offered["encoder"] == kind[0]) & (offered["method"] == kind[1])]
        found = list(dict.fromkeys(own["settings"]))
        usual = found.index(ablation.fullest(found))
        reference = st.selectbox(
            "Compared with", found, index=usual, key=f"parts reference {kind}",
            format_func=lambda words: words or ablation.USUAL, width=416,
        )  # fmt: skip
    rows = ablation.differences(own, of(experiment.folds, own), reference)
    if rows.empty:
        st.info("No other settings were tested where these were.")
        return
    st.caption(
        f"UA minus that of **{reference or ablation.USUAL}**, each fold with the same fold in the same place: the mean over "
        "places, the lowest and highest place, and in how many it is better. Folds share training clips, so no test is made."
    )
    table.draw(ablation.overall(rows))
    together = int((rows["things"] > 1).sum())
    if together:
        st.caption("Where several things differ (“things”), the difference is of all of them together.")
    st.caption(rests_on(experiment, own))
    name = f"{experiment.name} parts {' '.join(kind)} {reference}"
    with st.expander("Place by place", icon=":material/table:", key=f"numbers {name}"):
        table.draw(rows)
        compare_figure.save(whole(rows), name, made_up=experiment.made_up)
