"""Our own browser component: plays a clip, counts and measures the listening, and takes the choice.

It is the one place on this floor that knows Streamlit, because it mounts itself. The browser is given a clip's random key
and address, never its name or label. See ``player.js`` for what it sends back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent

mount: Any = st.components.v2.component(
    "earwitness_player",
    css=(_HERE / "player.css").read_text(encoding="utf-8"),
    js=(_HERE / "player.js").read_text(encoding="utf-8"),
)
"""Mount the player; ``data`` as ``player.js`` says, ``on_answer_change`` is called when the participant answered."""
