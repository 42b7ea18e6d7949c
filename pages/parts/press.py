"""Buttons whose press counts even where the server has forgotten the page that they stand on.

Streamlit calls what a button is to do (``on_click``) only if the same session has drawn the button before. A phone that
slept for some minutes comes back to a new session, and so does every page after the server was started anew: its first press
draws the page for the first time, and would do nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

_DRAWN = "a page was drawn"


def drawn() -> None:
    """Called at the end of a run: from now on Streamlit knows the buttons."""
    st.session_state[_DRAWN] = True


def button(label: str, *, on_click: Callable[..., None], args: Sequence[Any] = (), **options: Any) -> None:
    """``st.button``; ``on_click`` is called in any case."""
    _count(st.button(label, on_click=on_click, args=tuple(args), **options), on_click, args)


def form_submit_button(label: str, *, on_click: Callable[..., None], args: Sequence[Any] = (), **options: Any) -> None:
    """``st.form_submit_button``; the last in its form, since ``on_click`` may be called before it returns."""
    _count(st.form_submit_button(label, on_click=on_click, args=tuple(args), **options), on_click, args)


def _count(pressed: bool, on_click: Callable[..., None], args: Sequence[Any]) -> None:
    if pressed and _DRAWN not in st.session_state:
        drawn()  # once, whatever comes of it
        on_click(*args)
        st.rerun()


class Pressed:
    """Streamlit, with these buttons: what trials draw on."""

    button = staticmethod(button)
    form_submit_button = staticmethod(form_submit_button)

    def __getattr__(self, name: str) -> Any:
        return getattr(st, name)
