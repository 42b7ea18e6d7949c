"""The filters of the compare page. The address holds them, so that a view can be sent and a reload keeps it."""

from __future__ import annotations

import streamlit as st

from ser_core.filters import FACTS, PUBLIC, values
from ser_core.public import LEAST
from ser_core.ratings import Tables

_KEY = "where "
_ELSEWHERE = ("language",)  # chosen above the figures: every table has its rows for each language anyway


def choose(tables: Tables) -> dict[str, list[str]]:
    """Let the reader choose which ratings are looked at; every fact in which the tables differ can be chosen by."""
    offered = {name: known for name, known in values(tables).items() if name not in _ELSEWHERE}
    _told(offered)
    chosen = {name: list(st.session_state.get(_KEY + name, [])) for name in offered}
    public = _public_asked()
    number = sum(bool(wanted) for wanted in chosen.values()) + public
    label = f"Filters: {number} set" if number else "Filters"
    with st.expander(label, icon=":material/filter_alt:", expanded=bool(number), key="filters"):
        st.caption("Everything below is computed anew for what is left. The address of this page holds the choice.")
        with st.container(horizontal=True):
            for name, known in offered.items():
                st.multiselect(FACTS[name].title, known, key=_KEY + name, placeholder="all", format_func=_word, width=320)
        st.checkbox(
            "As the public may see it",
            key=_KEY + PUBLIC,
            help=f"Without groups of fewer than {LEAST} listeners in a language, for figures and files that are handed on.",
        )
        if number:
            st.button("Clear all filters", on_click=_clear, args=(tuple(offered),), type="tertiary")
    for name in FACTS:
        if name in _ELSEWHERE:
            continue
        if wanted := chosen.get(name):
            st.query_params[name] = wanted
        elif name in st.query_params:
            del st.query_params[name]
    return {name: wanted for name, wanted in chosen.items() if wanted} | ({PUBLIC: ["yes"]} if public else {})


def _public_asked() -> bool:
    """Whether only what the public may see is wanted; the address says it, too."""
    if _KEY + PUBLIC not in st.session_state:
        st.session_state[_KEY + PUBLIC] = st.query_params.get(PUBLIC) == "yes"
    asked = bool(st.session_state[_KEY + PUBLIC])
    if asked:
        st.query_params[PUBLIC] = "yes"
    elif PUBLIC in st.query_params:
        del st.query_params[PUBLIC]
    return asked


def _told(offered: dict[str, list[str]]) -> None:
    """Begin with what the address says; what it says wrongly is told and passed over."""
    for name in FACTS:
        asked = st.query_params.get_all(name)
        if name in _ELSEWHERE:
            continue
        known = offered.get(name, [])
        kept = st.session_state.get(_KEY + name)
        if kept is None:
            wrong = [value for value in asked if value not in known]
            if wrong:
                st.warning(f"The address asks for {name} = {', '.join(wrong)}, which nobody here has; it is passed over.")
            st.session_state[_KEY + name] = [value for value in asked if value in known]
        elif not set(kept) <= set(known):  # other runs or another study: what is not there any more cannot stay chosen
            st.session_state[_KEY + name] = [value for value in kept if value in known]


def _clear(names: tuple[str, ...]) -> None:
    for name in names:
        st.session_state[_KEY + name] = []
    st.session_state[_KEY + PUBLIC] = False


def _word(value: str) -> str:
    return value.replace("_", " ")
