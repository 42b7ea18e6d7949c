"""What happens to the data of a study's participants: public, in their language, and true of the version they began."""

from __future__ import annotations

import re

import streamlit as st

from listening_tests import languages
from listening_tests.store import Store
from listening_tests.study import Study
from pages.parts import frame, here
from pages.parts.interface import choose, plain, text
from ser_core.errors import BadInput


def _open() -> None:
    study_id, version, wanted = (
        re.sub(r"[^\w-]", "", st.query_params.get(n, ""))[:200] for n in ("study", "version", "language")
    )
    try:
        study = Store().study_at(study_id, version) if study_id else None
    except BadInput:
        study = None
    if study is None:
        tag = choose(tuple(languages.available()), wanted)
        st.markdown(text(tag, "wrong_link"))
    else:
        tag = choose(study.languages, wanted)
        _draw(study, tag)
    here.tell(tag)


def _draw(study: Study, tag: str) -> None:
    settings = study.settings
    st.title(text(tag, "privacy.title"), anchor=False)
    of = text(tag, "privacy.of")
    st.markdown(f"{of} **{plain(study.title[tag])}**")
    days = settings.retention_days
    kept = text(tag, "privacy.days", days=days) if days else text(tag, "privacy.until")
    stored = text(tag, "privacy.stored_text")
    if settings.recruitment:
        stored += "\n" + text(tag, "privacy.stored_id")
    who = plain(settings.responsible) if settings.responsible else text(tag, "privacy.who_unnamed")
    if settings.contact:
        who += "\n\n" + text(tag, "contact", contact=plain(settings.contact))
    parts = {
        "privacy.who": who,
        "privacy.why": text(tag, "privacy.why_text"),
        "privacy.stored": stored,
        "privacy.not_stored": text(tag, "privacy.not_text"),
        "privacy.how_long": kept,
        "privacy.seen": text(tag, "privacy.seen_text"),
        "privacy.withdraw": text(tag, "privacy.withdraw_text", button=text(tag, "withdraw.button")),
        "privacy.rights": text(tag, "privacy.rights_text"),
    }
    for heading, words in parts.items():
        st.subheader(text(tag, heading), anchor=False)
        st.markdown(words)


frame.begin("privacy")
_open()
