"""Where the server answers, as a listener will reach it."""

from __future__ import annotations

import streamlit as st


def address() -> str:
    """The server as this browser reached it, without the page's own name: ``https://listen.example.org``."""
    return (st.context.url or "http://127.0.0.1:8501/studies").split("?")[0].rstrip("/").removesuffix("/studies")
