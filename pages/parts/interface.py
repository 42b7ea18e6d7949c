"""In which language a participant reads: the picker of all pages that are theirs, and single sentences."""

from __future__ import annotations

import re

import streamlit as st

from listening_tests import languages


def choose(offered: tuple[str, ...], before: str = "") -> str:
    """The language picker; chosen before, or else what the browser asks for."""
    names = {tag: languages.available()[tag] for tag in offered}
    first = wished(offered, before)
    with st.container(horizontal=True, horizontal_alignment="right"):
        chosen = st.segmented_control(
            languages.texts(first)["choose_language"],
            list(names),
            default=first,
            format_func=lambda tag: names[tag],
            label_visibility="collapsed",
            required=True,
            key="interface",
            on_change=_keep_choices,
        )
    return str(chosen or first)


def _keep_choices() -> None:
    """What is chosen stays chosen in the other language: browsers name a choice by its words, which are about to change."""
    for key, value in st.session_state.items():
        if isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value)):
            st.session_state[key] = value


def wished(offered: tuple[str, ...], before: str = "") -> str:
    """The language that a visitor reads as long as they have not picked one."""
    return before if before in offered else languages.best([st.context.locale or ""], offered)


def text(tag: str, key: str, **values: object) -> str:
    """A sentence in an interface language."""
    return languages.texts(tag)[key].format(**values)


def plain(words: str) -> str:
    """Text that Streamlit shows as it is: a title is no Markdown."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", words)  # ASCII's punctuation; before any other a backslash would be seen
