"""How a participant leaves: with thanks, before the end, or by taking everything back.

The way out stands at the foot of every page that a personal link opens, quietly, and asks once before it deletes.
"""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from listening_tests import recruitment
from listening_tests.session import ENDINGS
from listening_tests.store import Participant, Store
from listening_tests.study import Study
from listening_tests.withdrawal import Receipt
from pages.parts import press
from pages.parts.interface import text

_OF_A_SESSION = ("feedback", "taking_part", "withdrawing", "declined", "refused", "keep_link")


def privacy_link(study: Study, tag: str) -> str:
    """A link to the data-protection page, as Markdown; it opens in a tab of its own."""
    asked = {"study": study.id, "version": study.version, "language": tag}
    return f"[{text(tag, 'privacy.title')}](privacy?{urlencode(asked)})"


def finished(study: Study, participant: Participant, tag: str) -> None:
    """Who has finished before and comes again."""
    st.markdown(text(tag, "finished_link", code=participant.completion_code))
    if url := recruitment.completion_url(study, participant):
        st.link_button(text(tag, "debrief.back"), url, type="primary", width="stretch")


def ended(study: Study, participant: Participant, outcome: str, tag: str) -> None:
    """Whose session ended before its end."""
    st.header(text(tag, "ended.title"), anchor=False)
    st.markdown(text(tag, ENDINGS[outcome]))
    if url := recruitment.ended_url(study, participant):
        st.link_button(text(tag, "debrief.back"), url, type="primary", width="stretch")


def receipt(left: Receipt, tag: str) -> None:
    """What the link of somebody who withdrew shows."""
    st.header(text(tag, "withdrawn.title"), anchor=False)
    st.markdown(text(tag, "withdrawn.text", answers=left.answers, date=left.withdrawn_at[:10]))
    st.markdown(text(tag, "withdrawn.receipt"))
    st.code(left.receipt, language=None)
    st.caption(text(tag, "withdrawn.keep"))


def foot(study: Study | None, participant: Participant, store: Store, tag: str) -> None:
    """The data-protection page, and the way out."""
    st.space("medium")
    with st.container(key="foot"):
        if st.session_state.get("withdrawing"):
            _confirm(participant, store, tag)
            return
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            if study:
                st.markdown(privacy_link(study, tag), width="content")
            press.button(
                text(tag, "withdraw.button"),
                type="tertiary",
                on_click=lambda: st.session_state.update(withdrawing=True),
                key="withdraw",
            )


def _confirm(participant: Participant, store: Store, tag: str) -> None:
    with st.container(border=True):
        st.subheader(text(tag, "withdraw.title"), anchor=False)
        st.markdown(text(tag, "withdraw.text"))
        st.button(
            text(tag, "withdraw.no"),
            type="primary",
            width="stretch",
            on_click=lambda: st.session_state.pop("withdrawing", None),
        )
        st.button(text(tag, "withdraw.yes"), width="stretch", on_click=_withdraw, args=(participant.participant, store))


def _withdraw(participant: str, store: Store) -> None:
    store.withdraw(participant)
    for name in _OF_A_SESSION:
        st.session_state.pop(name, None)
