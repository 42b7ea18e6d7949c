"""A figure on a page: text in the page's own colour, which stands out more than Streamlit's grey for charts."""

from __future__ import annotations

from typing import Any

import streamlit as st

TEXT = {"light": "#1d2329", "dark": "#e6e9ec"}  # textColor of .streamlit/config.toml


def draw(figure: Any, *, key: str) -> None:
    """Draw a plotly figure over the whole width, without the bar of tools that covers it on a phone.

    The figure is changed: its axes, legend and panel titles get the colour of text.
    """
    colour = TEXT.get(st.context.theme.type or "light", TEXT["light"])
    axes = {"tickfont_color": colour, "title_font_color": colour}
    figure.update_xaxes(**axes).update_yaxes(**axes)
    figure.update_layout(legend_font_color=colour, title_font_color=colour).update_annotations(font_color=colour)
    figure.update_traces(cliponaxis=False, selector={"type": "scatter"})  # a mark at UA = 1 stands on the edge
    st.plotly_chart(figure, config={"displayModeBar": False}, key=key)
