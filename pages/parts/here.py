"""What Streamlit does not tell the browser: which language a page is in, and that another page begins at its top."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts import press
from pages.parts.interface import text

_tell: Any = st.components.v2.component("earwitness_here", js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"))


def tell(language: str, page: str = "") -> None:
    """Last on a page. ``page`` names what is shown: where it is another name than before, the browser goes to the top."""
    lost = {
        "title": text(language, "connection.lost"),
        "text": text(language, "connection.wait"),
        "close": text(language, "connection.close"),
    }
    with st.container(key="here"):
        _tell(key="page", data={"language": language, "page": page, "lost": lost})
    press.drawn()
