"""One's own models beside the tables of papers that they stand in a place of."""

from __future__ import annotations

import streamlit as st

from pages.parts import compare_figure, experiment_reads, table
from ser_core import experiment_published
from ser_core.experiment_folders import Experiment
from ser_core.ratings import to_csv

_ONLY_THE_PATTERN = "Clips, splits and encoders are others than the paper’s, so only the pattern can be compared."


def draw(experiment: Experiment) -> None:
    """As printed, and here; those first in which most of one's own stand."""
    read = {one.title: experiment_reads.beside(experiment.folder, n) for n, one in enumerate(experiment_published.TABLES)}
    tables = {one.title: one for one in experiment_published.TABLES}
    met = {title: tables[title].met(rows) for title, (_, rows) in read.items()}
    st.subheader("Beside published tables", anchor=False)
    ordered = sorted(tables, key=lambda title: -met[title])
    title = st.selectbox(
        "Published table", ordered, key="published table", width=640,
        format_func=lambda one: f"{one} · {met[one]} of its rows" if met[one] else one,
    )  # fmt: skip
    one, (paper, rows) = tables[title], read[title]
    st.write(paper.citation)
    stand = f"Your own stand in {met[title]} of its rows." if met[title] else "None of your own stands in a row of it."
    st.caption(f"{one.said} {_ONLY_THE_PATTERN} {stand}")
    table.draw(rows, note=st.column_config.TextColumn(width="large"))
    name = f"{experiment.name} beside {paper.name}" + ("" if paper.name == "han2025" else f" {one.tables[0]}")
    compare_figure.save(rows, name, made_up=experiment.made_up)
    if paper.notes:
        with st.expander("Where the paper does not agree with itself", icon=":material/rule:", key="does not fit"):
            st.markdown(paper.notes)
    with st.container(horizontal=True):
        for file in one.tables:
            table.save(to_csv(paper.tables[file]).encode(), f"{paper.name}-{file}.csv")
