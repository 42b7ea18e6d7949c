"""Published results beside one's own: UA, confusion tables, and beside each where a paper does not agree with itself."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts import beside, compare_address, compare_figure, table
from pages.parts.reads import Compared
from ser_core import figures, places, published, published_checks, published_counts
from ser_core.emotions import in_order
from ser_core.made_up import stamped
from ser_core.published import Published
from ser_core.ratings import to_csv

_IN_A_ROW = 3
_KEY = "paper"


def draw(compared: Compared, language: str) -> None:
    """Let the reader choose a paper, and show what it prints of clips in this language."""
    st.subheader("Beside published results", anchor=False)
    papers = _papers()
    compare_address.begin(_KEY, papers)
    chosen = st.selectbox(
        "Paper", list(papers), format_func=lambda name: papers[name].title, index=None, placeholder="none", key=_KEY
    )
    compare_address.keep(_KEY)
    if chosen:
        _paper(papers[chosen], compared, language)


@st.cache_resource(show_spinner=False)
def _papers() -> dict[str, Published]:
    """Those whose results can be counted; they come with the program and do not change while it runs."""
    known = (published.read(name) for name in published.papers())
    return {paper.name: paper for paper in known if published_counts.countable(paper)}


def _paper(paper: Published, compared: Compared, language: str) -> None:
    st.write(paper.citation)
    found = _misfits(paper.name)
    _ua(paper, compared, language, found)
    here = published_counts.scored(paper.name).confusion.query("rater == '' and language == @language and language != ''")
    if here.empty:
        has = ", ".join(beside.name(tag) for tag in sorted(set(paper.confusion["language"])))
        st.info(f"It prints no confusion matrix of {beside.clips(language)}. It has: {has}.")
    else:
        _matrices(here, f"{paper.name} {language}")
        _notes(found, language, published_checks.ROW_SUM, published_checks.CUT_SHARE)
    with st.expander(
        f"Where the paper does not agree with itself: {len(found)} places", icon=":material/rule:", key="misfits"
    ):
        st.caption("Found by computing the paper’s own tables again; below, what no computation can tell.")
        table.draw(found, difference=None)
        st.markdown(paper.notes)
    st.caption("The counts behind the tables, to score and compare, and this list:")
    st.code(places.typed("ser_core", "published", paper.name, "--out", paper.name), language=None, wrap_lines=True)
    with st.container(horizontal=True):
        table.save(to_csv(found).encode(), f"{paper.name}-contradictions.csv")
        for name, data in paper.tables.items():
            table.save(to_csv(data).encode(), f"{paper.name}-{name}.csv")


@st.cache_data(show_spinner=False)
def _misfits(name: str) -> pd.DataFrame:
    return published_checks.contradictions(published.read(name))


def _ua(paper: Published, compared: Compared, language: str, found: pd.DataFrame) -> None:
    rows = published_counts.beside(paper, compared.scored.of_groups[language], language)
    if rows.empty:
        st.info(f"It prints no UA of {beside.clips(language)}.")
        return
    st.caption(
        "UA as printed, as counted from the printed confusion tables, and one’s own; groups of one name share a row. The "
        "printed ones are rounded to 0.001. Clips and people are others than here."
    )
    table.draw(stamped(rows, compared.made_up))
    compare_figure.save(rows, f"{paper.name} beside own UA {beside.tag(language)}", made_up=compared.made_up)
    _notes(found, language, published_checks.UA_AGAINST_COUNTS)


def _notes(found: pd.DataFrame, language: str, *kinds: str) -> None:
    """What does not fit in the figure above, in words."""
    for what, rows in found[found["what"].isin(kinds) & (found["language"] == language)].groupby("what", sort=False):
        each = "; ".join(
            f"{' '.join(filter(None, (row['group'], row['emotion'])))}: {row['printed']:.3g} printed, {row['note']}"
            for row in rows.to_dict("records")
        )
        st.caption(f":material/rule: {str(what)[0].upper()}{str(what)[1:]}. {each}.")


def _matrices(here: pd.DataFrame, key: str) -> None:
    st.caption("Confusion tables as counted: every printed share is a whole number of judgements.")
    groups, labels = list(here["group"].unique()), in_order(set(here["label"]))
    given = here.groupby("group", sort=False)["count"].sum()
    for start in range(0, len(groups), _IN_A_ROW):
        row = st.columns(_IN_A_ROW)
        for column, group in zip(row, groups[start : start + _IN_A_ROW], strict=False):
            with column:
                figure = figures.confusion(here[here["group"] == group], group, labels=labels)
                told = f"Confusion table of {group}; its numbers are in the table below"
                compare_figure.draw(figure, f"{key} {group}", alt=told, made_up="", number=f"judgements: {given[group]:,}")
    rests_on = "; ".join(f"{number:,} judgements of {group}" for group, number in given.items())
    compare_figure.under(here, key, rests_on=f"{rests_on}, as printed.", made_up="")
