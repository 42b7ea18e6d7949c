"""A table and its download: the bytes of the download are the bytes that a command writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import streamlit as st

from ser_core.ratings import to_csv

_P_VALUES = ("p", "p_holm", "p_fdr")
_KINDS = {".csv": "text/csv", ".html": "text/html", ".yaml": "application/yaml", ".zip": "application/zip"}
_SHORT = 20  # rows that are shown without scrolling inside the table


def draw(data: pd.DataFrame, **columns: Any) -> None:
    """Draw a table with numbers rounded for reading; the download has every digit.

    Args:
        data: the rows.
        **columns: how single columns are shown, as ``st.column_config`` takes it; None hides one.
    """
    numbers = {str(n): _rounded(str(n)) for n in data.select_dtypes("float").columns}
    height: Literal["content", "auto"] = "content" if len(data) <= _SHORT else "auto"
    st.dataframe(data, hide_index=True, placeholder="–", height=height, column_config={**numbers, **columns})


def _rounded(name: str) -> Any:
    return st.column_config.NumberColumn(format="%.2g" if name in _P_VALUES else "%.3f")


def show(data: pd.DataFrame, name: str, **columns: Any) -> None:
    """Draw a table, and under it a button that saves all of it as ``<name>.csv``."""
    draw(data, **columns)
    save(to_csv(data).encode(), f"{name}.csv")


def save(content: bytes | Callable[[], bytes], file: str) -> None:
    """A quiet button that saves ``content`` under this name; pressing it does not run the page again.

    What takes long is given as a function, which is called when somebody presses.
    """
    kind = _KINDS[Path(file).suffix]
    st.download_button(
        file, content, file, kind, key=f"save {file}", on_click="ignore", type="tertiary", icon=":material/download:"
    )
