"""Try a study out with listeners who are nobody: fill it, look at what comes out, and delete them again."""

from __future__ import annotations

import streamlit as st

from listening_tests import progress
from listening_tests.store import Store
from listening_tests.study import Study
from pages.parts import child, sign_in, study_progress

_MOST = 1000


def draw(study: Study, store: Store) -> None:
    """What simulated listeners shall be like, how far they are, and a way to be rid of them."""
    st.write(
        "Simulated listeners go through the whole study as people do: groups, quotas, order, checks. They are **marked as "
        "simulated** in every table and fill nobody's place, so that you can try out a draft and every step after it."
    )
    busy = (running := child.find(_name(study))) is not None and running.running
    with st.form("simulate", border=False):
        with st.container(horizontal=True):
            st.number_input("Listeners", 1, _MOST, 20, key="sim listeners", width=144)
            st.number_input(
                "Right answers, %", 0, 100, 70, 5, key="sim accuracy", width=144,
                help="How often they hear what the speaker was asked for.",
            )  # fmt: skip
            st.number_input("Drop-outs, %", 0, 100, 10, 5, key="sim drop outs", width=144)
            st.number_input("Seed", 0, 2**31 - 1, 0, key="sim seed", width=144)
        st.form_submit_button("Simulate", type="primary", disabled=busy, on_click=_start, args=(study,))
    st.caption(
        "This runs as a process of its own at low priority, and stores one listener after the other: people who are "
        "listening just now do not wait for it."
    )

    def watch() -> None:
        if not sign_in.is_signed_in():
            st.rerun()
        _watch(study)

    st.fragment(watch, run_every=1 if busy else None)()
    _remove(study, store, busy=busy)


def _name(study: Study) -> str:
    return f"simulate {study.id}"


def _start(study: Study) -> None:
    """Start with what the form says now."""
    if not sign_in.is_signed_in():
        return
    said = st.session_state
    options = {
        "--listeners": str(int(said["sim listeners"])),
        "--accuracy": f"{said['sim accuracy'] / 100:g}",
        "--drop-outs": f"{said['sim drop outs'] / 100:g}",
        "--seed": str(int(said["sim seed"])),
    }
    child.start(
        _name(study), ["simulate", str(study.folder.resolve()), *(part for pair in options.items() for part in pair)]
    )


def _watch(study: Study) -> None:
    found = child.find(_name(study))
    if found is None:
        return
    if found.running:
        st.session_state["simulating"] = study.id
        st.info("Working … the counts under **Progress** grow meanwhile.", icon=":material/hourglass_top:")
        return
    if st.session_state.pop("simulating", None) == study.id:
        study_progress.refresh()
        st.rerun()  # the whole page: the button works again, and nothing needs to be watched
    (st.error if found.failed else st.success)(found.said or "It ended without a word.")
    st.caption(f"`{found.command}`")


def _remove(study: Study, store: Store, *, busy: bool) -> None:
    count = int((progress.listeners(study, store)["simulated"] == "yes").sum())
    if not count:
        return
    st.subheader("Delete them", anchor=False)
    with st.popover(
        f"Delete {count} simulated listener{'s' if count != 1 else ''} …", icon=":material/delete:", disabled=busy
    ):
        st.write("All their answers go with them; people's answers are not touched. This cannot be undone.")
        st.button("Delete them all", type="primary", key="remove simulated", on_click=_delete, args=(study,))


def _delete(study: Study) -> None:
    if sign_in.is_signed_in():
        child.start(_name(study), ["simulate", str(study.folder.resolve()), "--remove"])
