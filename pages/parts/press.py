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
    """``st.button``; ``on_click`` is called in any case, maybe before this returns: what it reads stands above."""
    pressed = st.button(label, on_click=on_click, args=tuple(args), **options)
    if pressed and _DRAWN not in st.session_state:
        drawn()  # once, whatever comes of it
        on_click(*args)
        st.rerun()


class Pressed:
    """Streamlit, with this button: what trials draw on."""

    button = staticmethod(button)

    def __getattr__(self, name: str) -> Any:
        return getattr(st, name)
