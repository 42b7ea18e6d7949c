"""A figure of the compare page with what belongs under it: what it rests on, its numbers as a table, and its files.

The picture is saved by the camera of the figure itself, as SVG or PNG; what was made up is written into it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, MutableMapping
from typing import Any

import pandas as pd
import streamlit as st

from pages.parts import chart, table
from ser_core import compare_figures
from ser_core.made_up import stamped
from ser_core.ratings import to_csv

FORMATS = ("SVG", "PNG")
_KEPT = 200


def picture_format() -> None:
    """Let the reader choose what the cameras save."""
    st.segmented_control(
        "Pictures are saved as", FORMATS, default=FORMATS[0], key="picture format", required=True,
        help="Press the camera at the top right of a figure.",
    )  # fmt: skip


def draw(
    figure: Any,
    name: str,
    *,
    alt: str,
    made_up: str,
    number: str = "",
    on_select: Callable[[], None] | None = None,
    kept: MutableMapping[Hashable, Any] | None = None,
    of: Hashable = (),
) -> None:
    """Draw a figure alone.

    Args:
        figure: of plotly, which is changed; or with ``kept`` what makes it.
        name: of its file, and its key on the page.
        alt: what it shows, for who does not see it.
        made_up: what of it was made up, which is written into it.
        number: how much it rests on, in a few words, which is written into it, too.
        on_select: called when a point is pressed.
        kept: where finished figures are kept, for to make one takes longer than all else on a page that was seen before.
        of: what decides the figure beside its name and what ``kept`` belongs to.
    """
    theme, finished = chart.theme(), kept if kept is not None else {}
    if len(finished) > _KEPT:
        finished.clear()
    if (name, of, theme) not in finished:
        made = figure() if kept is not None else figure
        finished[name, of, theme] = chart.in_theme(compare_figures.stamp(made, made_up, number=number), theme, saved=True)
    saved = str(st.session_state.get("picture format") or FORMATS[0]).lower()
    chart.show(finished[name, of, theme], key=name, save_as=(_file(name), saved), alt=alt, on_select=on_select)


def under(data: pd.DataFrame, name: str, *, rests_on: str, made_up: str) -> None:
    """What stands under a figure: what it rests on, and its numbers, shown and saved."""
    st.caption(rests_on)
    with st.expander("The numbers of this figure", icon=":material/table:", key=f"numbers {name}"):
        told = [name for name in data if not (data[name].isna() | (data[name] == "")).all()]
        table.draw(stamped(data[told], made_up))
        save(data, name, made_up=made_up)


def save(data: pd.DataFrame, name: str, *, made_up: str) -> None:
    """A button that saves rows as CSV; what was made up stands in them."""
    table.save(to_csv(stamped(data, made_up)).encode(), f"{_file(name)}.csv")


def _file(name: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in name).split())
