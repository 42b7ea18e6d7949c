"""What is chosen on the compare page stands in its address, so that a view can be sent and a reload keeps it.

A box has one name: its key on the page and its name in the address. What is chosen as usual is left out there, so that an
address stays short. What an address asks for and this study does not have is told and passed over.
"""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st


def begin(name: str, offered: Collection[str], usual: str | None = None) -> None:
    """Before a box is drawn: let it begin with what the address says, else with the usual; keep it to what is offered."""
    if name not in st.session_state:
        asked = st.query_params.get(name)
        if asked is not None and asked not in offered:
            st.warning(f"The address asks for {name} = {asked}, which is not offered here; it is passed over.")
        st.session_state[name] = asked if asked in offered else usual
    elif st.session_state[name] not in offered:  # other runs or another language
        st.session_state[name] = usual


def keep(name: str, usual: str | None = None) -> None:
    """After the box: write into the address what is chosen, unless it is the usual."""
    chosen = st.session_state.get(name)
    if chosen is not None and chosen != usual:
        st.query_params[name] = chosen
    elif name in st.query_params:
        del st.query_params[name]


def number(name: str, usual: float, *, least: float, most: float) -> float:
    """A number that is chosen on the page, or that the address asks for; the page's box has the same name.

    Asked for before the box is drawn, for what is computed further up.
    """
    if name not in st.session_state:
        asked = st.query_params.get(name, f"{usual:g}")
        found = _float(asked)
        if found is None or not least <= found <= most:
            st.warning(f"The address asks for {name} = {asked}; a number from {least:g} to {most:g} is wanted. Passed over.")
            found = usual
        st.session_state[name] = found
    chosen = float(st.session_state[name])
    if chosen != usual:
        st.query_params[name] = f"{chosen:g}"
    elif name in st.query_params:
        del st.query_params[name]
    return chosen


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
