"""Whether a study is open, and what can be done with it as a whole: open, close, preview, copy."""

from __future__ import annotations

import streamlit as st

from listening_tests import preview
from listening_tests.commands.copy import copy
from listening_tests.store import Store
from listening_tests.study import Study
from pages.parts import pick, sign_in, where
from ser_core import places
from ser_core.errors import BadInput

_BADGES = {
    "draft": ("Draft", "gray", ":material/edit:", "Nobody can begin yet: every link says that the study is not open."),
    "open": ("Open", "green", ":material/play_circle:", "Links work. Edit the folder, and whoever begins then gets the new "
             "version; who has begun goes on with theirs."),
    "closed": ("Closed", "orange", ":material/lock:", "Nobody new can begin; who has begun can finish."),
}  # fmt: skip


def draw(study: Study, store: Store) -> None:
    """The title with the study's state, and the buttons that change it."""
    state = store.state(study.id)
    label, colour, icon, means = _BADGES[state]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.header(pick.title(study), anchor=False, width="content")
        st.badge(label, icon=icon, color=colour)  # type: ignore[arg-type]
    st.caption(f"`{study.id}` · version `{study.version[:12]}` · shown to listeners in {', '.join(study.languages)}")
    if said := st.session_state.pop("said of the study", None):
        (st.error if said[0] else st.success)(said[1])
    with st.container(horizontal=True, vertical_alignment="center"):
        if state == "open":
            st.button("Close the study", icon=":material/lock:", key="close", on_click=_close, args=(study, store))
        else:
            again = "Open the study" if state == "draft" else "Open it again"
            st.button(again, icon=":material/play_circle:", type="primary", key="open", on_click=_open, args=(study, store))
        st.button("Preview as a listener", icon=":material/visibility:", key="preview", on_click=_preview, args=(study,))
        with st.popover("Copy", icon=":material/content_copy:"):
            _copy_form(study)
    st.caption(means)
    _show_preview(study)


def _open(study: Study, store: Store) -> None:
    if not sign_in.is_signed_in():
        return
    try:
        store.open_study(study)
    except OSError as error:
        _say(f"It could not be opened: {error}. Please load this page and try again.", wrong=True)
        return
    settings = study.settings
    missing = [name for name in ("responsible", "contact", "retention_days") if not getattr(settings, name)]
    hint = f" Its data-protection page has gaps: `study.yaml` does not set {', '.join(f'`{m}`' for m in missing)}."
    _say("The study is open; links work from now on." + (hint if missing else ""))


def _close(study: Study, store: Store) -> None:
    if sign_in.is_signed_in():
        store.close_study(study.id)


def _preview(study: Study) -> None:
    if sign_in.is_signed_in():
        st.session_state["preview link"] = (study.id, study.version, preview.link(study, where.address()))


def _show_preview(study: Study) -> None:
    made = st.session_state.get("preview link")
    if made is None or made[:2] != (study.id, study.version):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.link_button("Open the preview", made[2], icon=":material/open_in_new:", type="primary")
        st.caption(
            "Nothing of it is stored or counted. Each press of *Preview* makes a new one; it is gone with the server."
        )


def _copy_form(study: Study) -> None:
    with st.form("copy", border=False):
        st.text_input("Id of the copy", f"{study.id}-2", key="copy id", max_chars=64)
        st.caption("A draft of its own, without participants, links or answers.")
        st.form_submit_button("Copy the study", type="primary", on_click=_copy, args=(study,))


def _copy(study: Study) -> None:
    if not sign_in.is_signed_in():
        return
    name = str(st.session_state["copy id"]).strip()
    if not name or name != name.strip("./") or "/" in name or "\\" in name:
        _say("Give the copy an id of lower-case letters, digits, - and _.", wrong=True)
        return
    try:
        made = copy(study, places.data() / "studies" / name)
    except BadInput as bad:
        _say("It was not copied: " + "; ".join(p.what for p in bad.problems), wrong=True)
        return
    found = made.folder.resolve() in [folder.resolve() for folder in places.studies()]
    if found:
        st.session_state["study"] = made.id  # the choice among studies, which now has it
    where_to = "Edit its `study.yaml`, then load this page again." if found else _NOT_FOUND
    _say(f"Copied to `{made.folder}`, which is the draft `{made.id}`. {where_to}")


_NOT_FOUND = "It is not among the folders that `EARWITNESS_STUDIES` names: add it there, or move it."


def _say(text: str, *, wrong: bool = False) -> None:
    st.session_state["said of the study"] = (wrong, text)
