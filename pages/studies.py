"""Which studies are there, are they sound, and how far have their listeners come?"""

from __future__ import annotations

import streamlit as st

from listening_tests.store import Store
from pages.parts import (
    frame,
    pick,
    study_about,
    study_export,
    study_life,
    study_links,
    study_progress,
    study_simulation,
)

frame.begin("studies")

_TABS = {
    "Progress": study_progress.draw,
    "Links": study_links.draw,
    "Try out": study_simulation.draw,
    "Export": study_export.draw,
    "About": study_about.draw,
}

st.title("Studies", anchor=False)
chosen = pick.study()
if chosen:
    opened = Store()
    study_life.draw(chosen, opened)
    if chosen.synthetic:
        frame.synthetic_banner()
    tabs = st.tabs(list(_TABS), key="tab", on_change="rerun", bind="query-params")
    for tab, draw in zip(tabs, _TABS.values(), strict=True):
        with tab:
            if tab.open:  # what nobody looks at costs nothing
                draw(chosen, opened)
pick.show_broken(pick.read_all()[1])
