"""Figures of what was changed step by step: UA over the number of shots, and over the noise that test clips have.

A panel for each place that was learned in, a line for each kind of model; the stroke through a mark is the interval over
draws of test speakers (``experiment_intervals.py``), and a dotted line is pure guessing.
"""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ser_core.experiment_figures import DASHES, MARKS, MOST_LINES, end, interval_words, kinds
from ser_core.experiment_protocol import condition_words, conditions_in_order, shots_in_order, shots_words
from ser_core.figures import _frame, folded
from ser_core.segment_figures import COLOURS

MOST_PANELS = 8
_GUESSING = "#8a8f98"
_BESIDE = 0.06
"""How far lines stand beside each other, in steps: else their intervals would hide each other."""

Over = Literal["shots", "condition"]
_STEPS = {"shots": shots_in_order, "condition": conditions_in_order}
_TITLES = {"shots": "labelled clips of the target", "condition": ""}


def panels(cells: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The cells of each place that was learned in, by its name."""
    names = [f"{cell['setting'].replace('_', ' ')}: {end(cell, 'source')}" for cell in cells.to_dict("records")]
    return [(str(name), part) for name, part in cells.groupby(pd.Series(names, cells.index, dtype="str"), sort=False)]


def curves(cells: pd.DataFrame, over: Over, *, guessing: float) -> go.Figure:
    """The figure of one target.

    Args:
        cells: of ``experiment_tables.best`` with ``INTERVALS``, of one target, and of one condition or number of shots.
        over: what was changed.
        guessing: where pure guessing lies.
    """
    drawn = panels(cells)[:MOST_PANELS]
    steps = _STEPS[over](cells[over])
    named = cells.assign(_kind=kinds(cells))
    lines = list(dict.fromkeys(named["_kind"]))[:MOST_LINES]
    count = max(len(drawn), 1)
    figure = make_subplots(
        rows=count, cols=1, shared_xaxes=True, vertical_spacing=0.22 / count, subplot_titles=[name for name, _ in drawn]
    )
    for row, (_, part) in enumerate(drawn, start=1):
        own = named.loc[part.index]
        for n, kind in enumerate(lines):
            line = own[own["_kind"] == kind]
            shift = (n - (len(lines) - 1) / 2) * _BESIDE
            figure.add_trace(_line(line, over, steps, n, shift, legend=row == 1 and len(lines) > 1), row=row, col=1)
        figure.add_hline(y=guessing, line_dash="dot", line_color=_GUESSING, row=row, col=1)
    words = [condition_words(step) if over == "condition" else step.replace("each", "of each emotion") for step in steps]
    words = [step.replace(" ", "<br>", 1) for step in words]
    places = list(range(len(steps)))
    figure.update_xaxes(tickmode="array", tickvals=places, ticktext=words, range=[-0.4, len(steps) - 0.6], zeroline=False)
    figure.update_xaxes(title=_TITLES[over], showticklabels=True, row=count, col=1)
    figure.update_yaxes(title="UA", range=[-0.02, 1.02], dtick=0.25, zeroline=False)
    figure.update_annotations(font_size=13, x=0, xanchor="left")
    height = 90 + 200 * count + (22 * len(lines) if len(lines) > 1 else 0)
    above: dict[str, Any] = {"y": 1 + 44 / height, "yref": "paper", "yanchor": "bottom", "xref": "paper", "entrywidth": 150}
    return _frame(figure, title="", height=height).update_layout(legend=above, margin_t=40)


def _line(cells: pd.DataFrame, over: Over, steps: list[str], n: int, shift: float, *, legend: bool) -> go.Scatter:
    ordered = cells.assign(_at=[steps.index(step) for step in cells[over]]).sort_values("_at")
    colour, symbol, dash = (of[n % len(of)] for of in (COLOURS, MARKS, DASHES))
    value = ordered["ua_all"].fillna(ordered["ua"])
    name = str(ordered["_kind"].iloc[0]) if len(ordered) else ""
    stroke: dict[str, Any] = {
        "type": "data", "symmetric": False, "array": ordered["ci_high"] - value, "arrayminus": value - ordered["ci_low"],
        "thickness": 1.5, "width": 3, "color": colour,
    }  # fmt: skip
    look = {"line": {"color": colour, "width": 2, "dash": dash}, "marker": {"color": colour, "size": 8, "symbol": symbol}}
    told = {
        "customdata": [_told(c, name) for c in ordered.to_dict("records")],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    known = {"name": folded(name) or "models", "legendgroup": name, "showlegend": legend}
    return go.Scatter(x=ordered["_at"] + shift, y=value, mode="lines+markers", error_y=stroke, **look, **told, **known)


def _told(cell: dict[Any, Any], name: str) -> str:
    where = f"{shots_words(cell['shots'])}, " if cell["shots"] else ""
    value = cell["ua"] if pd.isna(cell["ua_all"]) else cell["ua_all"]
    said = f"{where}{condition_words(cell['condition'])}: {value:.3f}{interval_words(cell)}"
    return "<br>".join(filter(None, (name, said)))
