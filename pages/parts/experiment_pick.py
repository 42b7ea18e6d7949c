"""Which experiment the page is about, and which of its models; the address holds both."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from pages.parts import beside
from ser_core import experiment_folders, places
from ser_core.experiment_protocol import condition_words

_COLUMNS = {
    "encoder": "Encoders",
    "method": "Methods",
    "settings": "Settings of the method",
    "setting": "Mono, cross, trans",
    "source": "Learned in",
    "target": "Tested in",
    "shots": "Shots",
    "condition": "Condition",
}
_KEY = "of "


def folder() -> Path | None:
    """Let the researcher choose, the latest first; None (and a way on) where there is none."""
    found = sorted(
        experiment_folders.found(places.runs()),
        key=lambda f: max(t for _, _, t in experiment_folders.version(f)),
        reverse=True,
    )
    whole = {f.name: f for f in found if not experiment_folders.lacks(f)}
    for broken in (f for f in found if f.name not in whole):
        lacks = ", ".join(f"`{name}`" for name in experiment_folders.lacks(broken))
        st.warning(
            f"**{broken.name}** is left out: its folder lacks {lacks}. Copy it again as a whole, or remove `{broken}`.",
            icon=":material/block:",
        )
    if not whole:
        _nothing()
        return None
    names = list(whole)
    if "experiment" not in st.session_state:
        asked = st.query_params.get("experiment", names[0])
        if asked not in names:
            st.warning(f"The address asks for the experiment '{asked}', which is not here; it is passed over.")
        st.session_state["experiment"] = asked
    if st.session_state["experiment"] not in names:
        st.session_state["experiment"] = names[0]
    chosen = st.selectbox("Experiment", names, key="experiment", width=416)
    st.query_params["experiment"] = chosen
    return whole[chosen]


def _nothing() -> None:
    st.info(
        "No experiment yet. One file says which encoders, corpora, settings and methods; one command learns and tests them "
        "all, and this page shows what it wrote. A small one on the demo’s synthetic voices, to begin with:"
    )
    st.code(places.typed("ser_core", "run", "data/experiments/demo.yaml"), language=None, wrap_lines=True)
    st.caption(f"It writes a folder into `{places.runs()}`; load this page again when it is done.")


def only(cells: pd.DataFrame) -> pd.DataFrame:
    """Let the researcher choose which models are shown, by everything in which they differ."""
    offered = {name: list(dict.fromkeys(cells[name])) for name in _COLUMNS if cells[name].nunique() > 1}
    if not offered:
        return cells
    _told(offered)
    number = sum(bool(st.session_state[_KEY + name]) for name in offered)
    label = f"Models shown: {number} filter{'s' if number > 1 else ''} set" if number else "Models shown: all"
    box = st.expander(label, icon=":material/filter_alt:", expanded=bool(number), key="which models")
    with box, st.container(horizontal=True):
        for name, values in offered.items():
            words = _WORDS.get(name, _word)
            st.multiselect(_COLUMNS[name], values, key=_KEY + name, placeholder="all", format_func=words, width=320)
    kept = cells
    for name in offered:
        if wanted := st.session_state[_KEY + name]:
            kept = kept[kept[name].isin(wanted)]
            st.query_params[name] = wanted
        elif name in st.query_params:
            del st.query_params[name]
    return kept


def _told(offered: dict[str, list[str]]) -> None:
    """Begin with what the address says; what is not there, in this experiment or at all, cannot be chosen."""
    for name, values in offered.items():
        wanted = st.session_state.get(_KEY + name, st.query_params.get_all(name))
        st.session_state[_KEY + name] = [value for value in wanted if value in values]


def _word(value: str) -> str:
    return value.replace("_", " ") or "as it is by itself"


_WORDS = {
    "source": beside.name,
    "target": beside.name,
    "shots": lambda value: value or "none to choose",
    "condition": condition_words,
}
