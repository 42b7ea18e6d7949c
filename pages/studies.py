"""Which studies are there, are they sound, and how far have their listeners come?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from listening_tests import languages, overview
from listening_tests.store import Store
from listening_tests.study import Study
from pages.parts import frame, pick, table
from ser_core.ratings import to_csv

frame.begin("studies")

_TIMES = ("invited_at", "started_at", "finished_at")


def _about(study: Study) -> None:
    st.header(pick.title(study), anchor=False)
    st.caption(f"`{study.id}` · version `{study.version[:12]}` · shown to listeners in {', '.join(study.languages)}")
    if study.synthetic:
        frame.synthetic_banner()
    st.subheader("Clips", anchor=False)
    counts = overview.clips(study)
    table.draw(counts.assign(language=[f"{languages.spoken(tag, 'en')} ({tag})" for tag in counts["language"]]))
    table.save(to_csv(counts).encode(), f"{study.id}-clips.csv")


def _progress(study: Study, store: Store) -> None:
    st.subheader("Listeners", anchor=False)
    people = store.progress(study)
    if people.empty:
        st.info("Nobody has been invited yet. Make personal links below and send one to each listener.")
        return
    begun, done = int((people["started_at"] != "").sum()), int((people["finished_at"] != "").sum())
    with st.container(horizontal=True, gap="large"):
        st.metric("Invited", len(people), width="content")
        st.metric("Begun", begun, width="content")
        st.metric("Finished", done, width="content")
    most = max(1, int(people["trials"].max()))
    table.draw(
        people.drop(columns="trials").assign(**{name: _minute(people[name]) for name in _TIMES}),
        answered=st.column_config.ProgressColumn("answered", min_value=0, max_value=most, format=f"%d of {most}"),
        ui_language="language",
        **{name: name.replace("_at", " (UTC)") for name in _TIMES},
    )
    table.save(to_csv(people).encode(), f"{study.id}-progress.csv")


def _minute(times: pd.Series) -> pd.Series:
    return times.str[:16].str.replace("T", " ")


def _invite(study: Study, store: Store) -> None:
    st.subheader("Invite listeners", anchor=False)
    st.write("Each listener gets a personal link. It opens the test where they left it, on any device.")
    with st.form("invite", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        count = st.number_input("How many", 1, 500, 1, width=144)
        if st.form_submit_button("Make links", type="primary"):
            made = overview.links(study, store.invite(study, int(count)), _address())
            st.session_state["links"] = {**st.session_state.get("links", {}), study.id: made}
            st.rerun()  # the new listeners belong into the table above


def _links(study: Study) -> None:
    made = st.session_state.get("links", {}).get(study.id)
    if made is None:
        return
    st.success(
        f"{len(made)} personal link{'s' if len(made) != 1 else ''}. **Copy or save them now**: only a hash of each is kept, "
        "so they cannot be shown again.",
        icon=":material/key:",
    )
    st.code("\n".join(made["link"]), language=None, wrap_lines=True, height="content" if len(made) <= 8 else 240)
    with st.container(horizontal=True):
        table.save(to_csv(made).encode(), f"{study.id}-links.csv")
        if st.button("I have them, hide", type="tertiary", key="hide links"):
            del st.session_state["links"][study.id]
            st.rerun()


def _address() -> str:
    """The server as this browser reached it, which is what listeners need too; without the page's own name."""
    return (st.context.url or "http://127.0.0.1:8501/studies").rstrip("/").removesuffix("/studies")


st.title("Studies", anchor=False)
chosen = pick.study()
if chosen:
    opened = Store()
    _about(chosen)
    _progress(chosen, opened)
    _invite(chosen, opened)
    _links(chosen)
pick.show_broken(pick.read_all()[1])
