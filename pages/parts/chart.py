"""A figure on a page: text in the page's own colour, which stands out more than Streamlit's grey for charts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st
from plotly.basedatatypes import BaseFigure

TEXT = {"light": "#1d2329", "dark": "#e6e9ec"}  # textColor of .streamlit/config.toml
PAGE = {"light": "#fdfdfc", "dark": "#14181c"}  # its backgroundColor
_NOTHING = "\u00a0"  # a title beside names leaves them room: a saved picture has none of the page's fonts, and wider letters


def draw(
    figure: Any,
    *,
    key: str,
    save_as: tuple[str, str] | None = None,
    alt: str | None = None,
    on_select: Callable[[], None] | None = None,
) -> None:
    """Draw a plotly figure over the whole width, without the bar of tools that covers it on a phone.

    Args:
        figure: of plotly; it is changed.
        key: of the element.
        save_as: name without ending, and format, under which its camera saves it; None = no camera.
        alt: what it shows, for screen readers.
        on_select: called when a point is pressed, which ``st.session_state[key]`` then holds.
    """
    show(in_theme(figure, theme(), saved=save_as is not None), key=key, save_as=save_as, alt=alt, on_select=on_select)


def theme() -> str:
    """``light`` or ``dark``, as the page is."""
    return str(st.context.theme.type or "light")


def in_theme(figure: Any, theme: str, *, saved: bool) -> Any:
    """The figure with its axes, legend and panel titles in the colour of text, and if it can be saved, on the page's own
    background; it is finished, so that it is not looked through again each time that the page is drawn."""
    colour = TEXT.get(theme, TEXT["light"])
    told = figure.to_dict()
    layout = told["layout"]
    for axis in (axis for name, axis in layout.items() if name.startswith(("xaxis", "yaxis"))):
        axis.setdefault("tickfont", {})["color"] = colour
        axis.setdefault("title", {}).setdefault("font", {})["color"] = colour
    for part in (layout.setdefault("legend", {}), layout.setdefault("title", {}), *layout.get("annotations", ())):
        part.setdefault("font", {})["color"] = colour
    for trace in told["data"]:
        if trace["type"] == "scatter":
            trace["cliponaxis"] = False  # a mark at UA = 1 stands on the edge
    if saved:
        layout["paper_bgcolor"] = PAGE.get(theme, PAGE["light"])
        for axis in (axis for name, axis in layout.items() if name.startswith("yaxis")):
            axis["title"].setdefault("text", _NOTHING)
        layout["modebar"] = {"bgcolor": "rgba(0,0,0,0)", "color": colour, "activecolor": colour}
    return _Finished(told)


class _Finished(BaseFigure):  # type: ignore[misc]  # plotly tells no types
    """A figure that was checked when it was made: Streamlit checks dictionaries again at every run, and figures not."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__()
        self._told = told

    def to_dict(self) -> dict[str, Any]:
        return self._told


def show(
    figure: Any,
    *,
    key: str,
    save_as: tuple[str, str] | None = None,
    alt: str | None = None,
    on_select: Callable[[], None] | None = None,
) -> None:
    """Draw a figure that is ``in_theme``; arguments as of ``draw``."""
    bar: dict[str, Any] = {"displayModeBar": False}
    if save_as:
        name, form = save_as
        picture = {"filename": name, "format": form, "scale": 2 if form == "png" else 1}
        bar = {
            "displayModeBar": True,
            "modeBarButtons": [["toImage"]],
            "toImageButtonOptions": picture,
            "displaylogo": False,
        }
    selects: dict[str, Any] = {"on_select": on_select, "selection_mode": "points"} if on_select else {}
    st.plotly_chart(figure, config=bar, key=key, alt=alt, **selects)
