"""The frame of every page: its title, who may see it, and the way to the other pages.

Conventions
    Every file of ``pages/`` calls ``begin`` with its own name before it does anything else. For a researcher's page nothing
    after that call runs until somebody has signed in. A page that is missing in ``RESEARCHER`` is for participants: it gets
    neither sign-in nor any link to another page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import streamlit as st

from pages.parts import sign_in

PAGES = Path(__file__).resolve().parent.parent
RESEARCHER = {
    "studies": "Studies",
    "models": "Models",
    "experiments": "Experiments",
    "segments": "Segments",
    "compare": "Compare",
}
"""Pages behind the sign-in, in the order of the navigation, with their names."""

_ICON = Path(__file__).with_name("icon.svg")
_LOOK = Path(__file__).with_name("frame.css").read_text(encoding="utf-8")


def pages() -> list[Any]:
    """Every page of the app, as ``st.navigation`` takes them; ``/`` leads on to the studies."""
    found = [st.Page(path, title=RESEARCHER.get(path.stem, "Earwitness")) for path in sorted(PAGES.glob("[!_]*.py"))]
    return [st.Page(_home, title="Earwitness", default=True), *found]


def _home() -> None:
    st.switch_page(str(PAGES / "studies.py"))


def begin(name: str) -> None:
    """Open the page ``name`` (its file without ``.py``); ends the run here where the visitor may not see it."""
    title = f"{RESEARCHER[name]} · Earwitness" if name in RESEARCHER else "Earwitness"
    layout: Literal["wide", "centered"] = "wide" if name in RESEARCHER else "centered"
    st.set_page_config(title, str(_ICON), layout=layout, initial_sidebar_state="collapsed")
    st.html(f"<style>{_LOOK}</style>")
    if name in RESEARCHER:
        sign_in.require()
        _navigation()


def _navigation() -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="navigation"):
        st.html('<span class="wordmark">Earwitness</span>', width="content")
        for name, label in RESEARCHER.items():
            st.page_link(str(PAGES / f"{name}.py"), label=label, width="content")
        st.space("stretch")
        st.button("Sign out", type="tertiary", on_click=sign_in.leave, width="content")


def synthetic_banner() -> None:
    """Say that nobody spoke: whatever is measured here says nothing about people's voices."""
    st.warning(
        "**Synthetic voices.** The clips of this study were made by a speech synthesiser. They show how Earwitness works; "
        "results say nothing about human speech.",
        icon=":material/smart_toy:",
    )
