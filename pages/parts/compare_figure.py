"""A figure of the compare page with what belongs under it: what it rests on, its numbers as a table, and its files.

The picture is saved by the camera of the figure itself, as SVG or PNG; what was made up is written into it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from pages.parts import chart, table
from ser_core import compare_figures
from ser_core.made_up import stamped
from ser_core.ratings import to_csv

FORMATS = ("SVG", "PNG")


def picture_format() -> None:
    """Let the reader choose what the cameras save."""
    st.segmented_control(
        "Pictures are saved as", FORMATS, default=FORMATS[0], key="picture format", required=True,
        help="Press the camera at the top right of a figure.",
    )  # fmt: skip


def draw(figure: Any, name: str, *, alt: str, made_up: str, on_select: Callable[[], None] | None = None) -> None:
    """Draw a figure alone.

    Args:
        figure: of plotly; it is changed.
        name: of its file, and its key on the page.
        alt: what it shows, for who does not see it.
        made_up: what of it was made up, which is written into it.
        on_select: called when a point is pressed.
    """
    stamped_figure = compare_figures.stamp(figure, made_up)
    saved = str(st.session_state.get("picture format") or FORMATS[0]).lower()
    chart.draw(stamped_figure, key=name, save_as=(_file(name), saved), alt=alt, on_select=on_select)


def under(data: pd.DataFrame, name: str, *, rests_on: str, made_up: str) -> None:
    """What stands under a figure: what it rests on, and its numbers, shown and saved."""
    st.caption(rests_on)
    with st.expander("The numbers of this figure", icon=":material/table:", key=f"numbers {name}"):
        table.draw(data)
        save(data, name, made_up=made_up)


def save(data: pd.DataFrame, name: str, *, made_up: str) -> None:
    """A button that saves rows as CSV; what was made up stands in them."""
    table.save(to_csv(stamped(data, made_up)).encode(), f"{_file(name)}.csv")


def _file(name: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in name).split())
