"""Participant: consent, then the trials of the study one after the other, then the debrief.

The page is drawn from the database alone, so a reload, a second device or a restarted server go on at the same trial. It is
opened by a personal link (``token``), by the one link for all (``join``), which leads to a personal one, or by a
researcher's preview (``preview``), which stores nothing. Whatever stands in a link comes from outside.
"""

from __future__ import annotations

import re

import streamlit as st

from listening_tests import languages, life, preview, recruitment
from listening_tests.clock import now
from listening_tests.session import Refused, Session, too_late
from listening_tests.store import Participant, Store
from listening_tests.study import Study
from listening_tests.trial import trial_types
from pages.parts import farewell, frame, here, press
from pages.parts.interface import choose, plain, text, wished
from pages.parts.listener import LOOK, Listener
from ser_core.errors import BadInput


def _open() -> None:
    study_id, token, code, shown = (_word(st.query_params.get(n, "")) for n in ("study", "token", "join", "preview"))
    if study_id and shown:
        _preview(study_id, shown)
    elif study_id and token:
        _visit(Store(), study_id, token)
    elif study_id and code:
        _join(Store(), study_id, code)
    else:
        _say("no_link")


def _word(given: str) -> str:
    """An id or token without what a mail program put behind the link, such as a full stop."""
    return re.sub(r"[^\w-]", "", given)[:200]


def _say(key: str, offered: tuple[str, ...] = ()) -> None:
    """One polite sentence instead of a session."""
    tag = choose(offered or tuple(languages.available()))
    st.markdown(text(tag, key))
    here.tell(tag)


# --- a personal link ---


def _visit(store: Store, study_id: str, token: str) -> None:
    participant = store.participant(study_id, token)
    if participant is None:
        if left := store.receipt(study_id, token):
            tag = choose(tuple(languages.available()))
            farewell.receipt(left, tag)
            here.tell(tag)
        else:
            _say("wrong_link")
        return
    try:
        study = store.study_at(study_id, participant.study_version)
    except BadInput:
        tag = choose(tuple(languages.available()), participant.ui_language)
        st.markdown(text(tag, "broken_study"))
        farewell.foot(None, participant, store, tag)
        here.tell(tag)
        return
    tag = choose(study.languages, participant.ui_language)
    if tag != participant.ui_language:
        store.set_language(participant.participant, tag)
    shown = _stand(study, participant, store, tag)
    farewell.foot(study, participant, store, tag)
    here.tell(tag, shown)


def _stand(study: Study, participant: Participant, store: Store, tag: str) -> str:
    """Show what is to be shown to somebody at this point of their way; a name for it."""
    if participant.finished_at and not st.session_state.get("taking_part"):
        farewell.finished(study, participant, tag)
    elif participant.outcome:
        farewell.ended(study, participant, participant.outcome, tag)
    elif not participant.finished_at and participant.started_at and _is_too_late(study, participant):
        st.markdown(text(tag, "too_late"))
    else:
        try:
            session = store.begin(participant.participant, study)
        except Refused as refused:  # not open yet, closed, or withdrawn in another tab a moment ago
            st.markdown(text(tag, refused.reason))
            return refused.reason
        st.session_state["taking_part"] = True
        return _run(session, Listener(study, participant, session, store, tag))
    return "over"


def _is_too_late(study: Study, participant: Participant) -> bool:
    return too_late(participant.started_at, study.settings.resume_h, now())


def _run(session: Session, listener: Listener) -> str:
    if session.ended:  # while the rest of the order was drawn, a moment ago
        farewell.ended(listener.study, listener.participant, session.ended, listener.interface)
        return "over"
    st.caption(plain(listener.own(listener.study.title)))
    done = min(len(session.answered), session.total)
    st.progress(session.progress, text=listener.text("progress", done=done, total=session.total))
    if told := st.session_state.get("feedback"):
        trial, answer = told
        feedback = trial_types()[trial.type].feedback
        assert feedback is not None  # only such trials are put there
        feedback(trial, answer, listener)
        begins = trial.type == "training" and listener.following != "training"
        st.button(
            listener.text("training.begin" if begins else "continue"),
            type="primary",
            width="stretch",
            on_click=lambda: st.session_state.pop("feedback", None),
        )
        return f"after {trial.key}"
    if session.current is None:
        farewell.finished(listener.study, listener.participant, listener.interface)
        return "over"
    if session.current.type == "consent":
        _before_consent(listener)
    trial_types()[session.current.type].show(session.current, listener)
    return listener.shown or session.current.key


def _before_consent(listener: Listener) -> None:
    if link := st.session_state.get("keep_link"):
        st.info(listener.text("join.keep"), icon=":material/bookmark:")
        st.code(link, language=None, wrap_lines=True)


# --- the one link for all ---


def _join(store: Store, study_id: str, code: str) -> None:
    study = None
    try:
        life.check_code(store.engine, study_id, code)
        study = store.current(study_id)
        external_id = recruitment.external_id(study, st.query_params)
        joined = st.session_state.get("joined", {}).get((study_id, external_id), "")  # they went back to this link
        if token := joined or store.returning(study_id, external_id):
            st.query_params.from_dict({"study": study_id, "token": token})
            _visit(store, study_id, token)
            return
        life.check_open(store.engine, study_id)
    except Refused as refused:
        _say(refused.reason, study.languages if study else ())
        return
    except BadInput:
        _say("broken_study")
        return
    tag = choose(study.languages)
    st.header(plain(study.title[tag]), anchor=False)
    st.markdown(text(tag, "join.text"))
    press.button(
        text(tag, "join.start"), type="primary", width="stretch", on_click=_start, args=(store, study_id, code, external_id)
    )
    st.markdown(farewell.privacy_link(study, tag))
    here.tell(tag, "join")


def _start(store: Store, study_id: str, code: str, external_id: str) -> None:
    joined = st.session_state.setdefault("joined", {})
    try:  # a double click comes twice
        token = joined.get((study_id, external_id)) or store.join(study_id, code, external_id=external_id)
    except Refused:
        return  # closed a moment ago: the next run says so
    joined[study_id, external_id] = token
    if not external_id:  # whom a service sends comes again through the service
        address = (st.context.url or "").partition("?")[0].rstrip("/").removesuffix("/listen")
        st.session_state["keep_link"] = recruitment.personal_link(study_id, token, address)
    st.query_params.from_dict({"study": study_id, "token": token})


# --- a researcher's preview ---


def _preview(study_id: str, token: str) -> None:
    store = preview.find(token)
    participant = store.participant(study_id, token) if store else None
    if store is None:
        _say("preview.over")
        return
    offered = store.study_at(study_id, participant.study_version).languages if participant else ()
    before = participant.ui_language if participant else ""
    tag = str(st.session_state.get("interface") or wished(offered or tuple(languages.available()), before))
    with st.container(border=True, key="preview"):
        st.markdown(text(tag, "preview.banner"))
        with st.container(horizontal=True):
            if participant and not participant.finished_at and not participant.outcome:
                who = participant.participant
                st.button(text(tag, "preview.next"), on_click=_skip, args=(store, who), key="skip")
                st.button(text(tag, "preview.part"), on_click=_skip, args=(store, who, True), key="skip_part")
            st.button(text(tag, "preview.again"), on_click=_again, args=(token, study_id, store), key="again")
    _visit(store, study_id, token)


def _skip(store: Store, participant: str, part: bool = False) -> None:
    if st.session_state.pop("feedback", None) is None:
        preview.skip(store, participant, part=part)
    st.session_state.pop("declined", None)


def _again(token: str, study_id: str, store: Store) -> None:
    study = store.current(study_id)
    for name in ("feedback", "taking_part", "declined", "withdrawing"):
        st.session_state.pop(name, None)
    st.query_params.from_dict({"study": study_id, "preview": preview.again(token, study)})


frame.begin("listen")
st.html(f"<style>{LOOK}</style>")
_open()
