"""Published results beside one's own: UA, confusion tables, and where a paper does not agree with itself."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts import beside, compare_figure, table
from pages.parts.reads import Compared
from ser_core import figures, published
from ser_core.emotions import in_order
from ser_core.published import Published
from ser_core.ratings import to_csv

_IN_A_ROW = 3


def draw(compared: Compared, language: str) -> None:
    """Let the reader choose a paper, and show what it prints of clips in this language."""
    st.subheader("Beside published results", anchor=False)
    papers = {name: published.read(name) for name in published.papers()}
    chosen = st.selectbox(
        "Paper", list(papers), index=None, format_func=lambda name: papers[name].title, placeholder="none", key="paper"
    )
    if chosen:
        _paper(papers[chosen], compared, language)


def _paper(paper: Published, compared: Compared, language: str) -> None:
    st.write(paper.citation)
    scores = compared.result.scored.scores
    beside_each_other = published.beside(paper, scores, language)
    if beside_each_other.empty:
        st.info(f"It prints no UA of {beside.clips(language)}.")
    else:
        st.caption(
            "UA as printed, as rebuilt from the printed confusion table, and one’s own; groups of one name share a row. "
            "Printed shares are rounded, so a difference of up to 0.005 says nothing by itself. Clips and people are others "
            "than here."
        )
        table.draw(beside_each_other)
        compare_figure.save(
            beside_each_other, f"{paper.name} beside own UA {beside.tag(language)}", made_up=compared.made_up
        )
    here = paper.confusion[paper.confusion["language"] == language]
    if here.empty:
        has = ", ".join(beside.name(tag) for tag in sorted(set(paper.confusion["language"])))
        st.info(f"It prints no confusion matrix of {beside.clips(language)}. It has: {has}.")
    else:
        _matrices(here, f"{paper.name} {language}")
    with st.expander("Where the paper does not agree with itself", icon=":material/rule:", key="does not fit"):
        st.markdown(paper.notes)
    with st.container(horizontal=True):
        for name, data in paper.tables.items():
            table.save(to_csv(data).encode(), f"{paper.name}-{name}.csv")


def _matrices(here: pd.DataFrame, key: str) -> None:
    groups, labels = list(here["group"].unique()), in_order(set(here["label"]))
    for start in range(0, len(groups), _IN_A_ROW):
        row = st.columns(_IN_A_ROW)
        for column, group in zip(row, groups[start : start + _IN_A_ROW], strict=False):
            with column:
                figure = figures.confusion(here[here["group"] == group], group, labels=labels)
                compare_figure.draw(figure, f"{key} {group}", alt=f"Confusion table of {group}, as printed", made_up="")
