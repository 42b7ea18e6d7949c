"""Participant: consent, then the trials of the study one after the other, then the debrief.

The page is drawn from the database alone, so a reload, a second device or a restarted server go on at the same trial.
"""

from __future__ import annotations

import re

import streamlit as st

from listening_tests import languages
from listening_tests.store import Participant, Store
from listening_tests.study import Study
from listening_tests.trial import trial_types
from pages.parts import frame
from pages.parts.listener import LOOK, Listener
from ser_core.errors import BadInput


def _interface(offered: tuple[str, ...], before: str) -> str:
    """The language picker; chosen before, or else what the browser asks for."""
    names = {tag: languages.available()[tag] for tag in offered}
    first = before if before in names else languages.best([st.context.locale or ""], offered)
    with st.container(horizontal=True, horizontal_alignment="right"):
        chosen = st.segmented_control(
            languages.texts(first)["choose_language"],
            list(names),
            default=first,
            format_func=lambda tag: names[tag],
            label_visibility="collapsed",
            required=True,
            key="interface",
        )
    return str(chosen or first)


def _say(key: str, offered: tuple[str, ...], *, before: str = "", **values: str) -> None:
    """One polite sentence instead of a session."""
    interface = _interface(offered, before)
    st.markdown(languages.texts(interface)[key].format(**values))


def _plain(text: str) -> str:
    """Text that Streamlit shows as it is: a title is no Markdown."""
    return re.sub(r"([^\w\s])", r"\\\1", text)


def _run(found: Study, participant: Participant, store: Store) -> None:
    if participant.finished_at and not st.session_state.get("taking_part"):
        _say("finished_link", found.languages, before=participant.ui_language, code=participant.completion_code)
        return
    st.session_state["taking_part"] = True
    interface = _interface(found.languages, participant.ui_language)
    if interface != participant.ui_language:
        store.set_language(participant.participant, interface)
    session = store.begin(participant.participant, found)
    listener = Listener(found, participant, session, store, interface)
    st.caption(_plain(listener.own(found.title)))
    done = min(len(session.answered), session.total)
    st.progress(session.progress, text=listener.text("progress", done=done, total=session.total))
    if told := st.session_state.get("feedback"):
        trial, answer = told
        feedback = trial_types()[trial.type].feedback
        assert feedback is not None  # only such trials are put there
        feedback(trial, answer, listener)
        st.button(
            listener.text("training.begin"),
            type="primary",
            width="stretch",
            on_click=lambda: st.session_state.pop("feedback", None),
        )
    elif session.current is not None:
        trial_types()[session.current.type].show(session.current, listener)


def _token(given: str) -> str:
    """The token without what a mail program put behind the link, such as a full stop."""
    return re.sub(r"[^\w-]", "", given)


def _open() -> None:
    everything = tuple(languages.available())
    study_id, token = st.query_params.get("study", ""), _token(st.query_params.get("token", ""))
    if not study_id or not token:
        _say("no_link", everything)
        return
    store = Store()
    participant = store.participant(study_id, token)
    if participant is None:
        _say("wrong_link", everything)
        return
    try:
        found = store.study_of(participant.participant)
    except BadInput:
        _say("broken_study", everything)
        return
    _run(found, participant, store)


frame.begin("listen")
st.html(f"<style>{LOOK}</style>")
_open()
