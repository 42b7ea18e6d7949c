"""Our own browser component: plays sounds, counts and measures the listening, asks, and lets a part be marked.

It is the one place on this floor that knows Streamlit, because it mounts itself. The browser is given a clip's random key
and address, never its name or label. See ``player.js`` for what it is given and what it sends back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
_SCRIPTS = ("dom", "sound", "questions", "segment", "player", "main")
"""The files that make the one script the browser loads; Streamlit knows no imports between them."""


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


mount: Any = st.components.v2.component(
    "earwitness_player",
    css=_read("player.css") + _read("segment.css"),
    js="\n".join(_read(f"{name}.js") for name in _SCRIPTS),
)
"""Mount the player; ``data`` as ``player.js`` says, ``on_answer_change`` is called when the participant answered."""
