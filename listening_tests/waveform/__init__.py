"""Our own browser component: plays sounds, counts and measures the listening, asks, and lets a part be marked.

It is the one place on this floor that knows Streamlit, because it mounts itself. The browser is given a clip's random key
and address, never its name or label. See ``player.js`` for what it is given and what it sends back.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
_SCRIPTS = ("dom", "sound", "questions", "segment", "player", "main")
"""The files that make the one script the browser loads; Streamlit knows no imports between them."""


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


# Streamlit sends a component's code along with its data, and spares a browser what it was sent before only if both are the
# same. So what is long and what changes are two: 80 kB once for each listener, not for each trial.
_stage: Any = st.components.v2.component(
    "earwitness_player",
    css=_read("player.css") + _read("segment.css"),
    js="\n".join(_read(f"{name}.js") for name in _SCRIPTS),
)
_trial: Any = st.components.v2.component("earwitness_trial", js=_read("trial.js"))


def mount(*, key: str, data: dict[str, Any], on_answer_change: Callable[[], None]) -> None:
    """Mount the player.

    Args:
        key: under which ``st.session_state`` holds the answer while ``on_answer_change`` runs.
        data: what ``player.js`` says.
        on_answer_change: called when the participant answered.
    """
    _stage(key=f"{key}_stage")
    _trial(key=key, data=data, on_answer_change=on_answer_change, height=1)
