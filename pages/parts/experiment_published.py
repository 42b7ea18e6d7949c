"""One's own models beside a paper's table of models and its authors' logs."""

from __future__ import annotations

import streamlit as st

from pages.parts import compare_figure, experiment_reads, table
from ser_core.experiment_folders import Experiment
from ser_core.ratings import to_csv

_PAPER = "han2025"
_TABLES = ("table1", "logs")


def draw(experiment: Experiment) -> None:
    """Row by row: as printed, in the logs, and here."""
    paper, rows = experiment_reads.beside(experiment.folder, _PAPER)
    st.subheader("Beside the paper’s Table I", anchor=False)
    st.write(paper.citation)
    met = rows["own"].notna() & (rows["model"] != "")
    st.caption(
        "UA as printed, in the authors’ logs (lowest and highest fold where they tell them), and here. Rows meet where the "
        "language the encoder was pretrained on, setting, source, target and strategy are the same; clips and encoders are "
        "others, so only the pattern can be compared. "
        + (
            f"{int(met.sum())} of your own stand in a row of theirs."
            if met.any()
            else "None of your own stands in a row of theirs."
        )
    )
    table.draw(rows, note=st.column_config.TextColumn(width="large"))
    compare_figure.save(rows, f"{experiment.name} beside {paper.name}", made_up=experiment.made_up)
    with st.expander("Where the paper does not agree with itself", icon=":material/rule:", key="does not fit"):
        st.markdown(paper.notes)
    with st.container(horizontal=True):
        for name in _TABLES:
            table.save(to_csv(paper.tables[name]).encode(), f"{paper.name}-{name}.csv")
