"""Figures of the compare page beyond ``figures.py``: the range of people, bars by emotion, differences, and cells to choose.

As there: data frames in, plotly figures out, no colour of text, one hue for a share. A difference has two hues, blue and
orange, which every common colour blindness tells apart, and its sign stands in the cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ser_core.emotions import in_order
from ser_core.figures import MARKS, _judged, _name, _nth, folded, framed, heard_and_spoken, heat_map, inked, panels

TWO_HUES = ((0.0, "#8a3d00"), (0.25, "#e39a5b"), (0.5, "#f7f7f7"), (0.75, "#6f9fd8"), (1.0, "#0b2f66"))
"""Orange (b more often) over nearly white to blue (a more often); Okabe and Ito's hues, told apart by lightness as well."""

SIGNIFICANT = 0.05
_CELL_PX = 44


def shade_people(figure: go.Figure, scores: pd.DataFrame) -> go.Figure:
    """Shade where single listeners lie in a figure of UA of one language.

    Args:
        figure: of ``figures.ua_dots``; it is changed.
        scores: columns ``scores.SCORES``, of one language, single raters among them.
    """
    found = people_range(scores)
    if found:
        low, high = found
        figure.add_vrect(x0=low, x1=high, fillcolor=MARKS["human"][1], opacity=0.12, line_width=0, layer="below")
    return figure


def people_range(scores: pd.DataFrame) -> tuple[float, float] | None:
    """UA of single listeners from the 2.5th to the 97.5th percentile; None of fewer than two."""
    ua = scores.loc[
        (scores["metric"] == "ua") & (scores["rater"] != "") & (scores["rater_type"] == "human"), "value"
    ].dropna()
    if len(ua) < 2:
        return None
    low, high = np.quantile(ua, [0.025, 0.975])
    return float(low), float(high)


def bars(scores: pd.DataFrame, metric: str, title: str, *, bounds: tuple[float, float]) -> go.Figure:
    """One measure of each emotion: a panel for each emotion, in it a bar with its 95 % interval for each group.

    Args:
        scores: columns ``scores.SCORES``, of one language; rows of groups are drawn.
        metric: one with a value for each emotion.
        title: what it is called on the axis.
        bounds: smallest and greatest value, as the metric declares them; where one is infinite the axis follows the data.
    """
    rows = scores[(scores["rater"] == "") & (scores["metric"] == metric)]
    emotions = in_order(set(rows["emotion"]))
    groups = list(rows.sort_values(["rater_type", "group"])["group"].unique())
    names = [folded(group) for group in groups]
    height = 120 + len(emotions) * (44 + sum(max(24, 6 + 15 * (1 + name.count("<br>"))) for name in names))
    low, high = bounds
    ends = {"range": [low, high + 0.02 * (high - low)]} if all(np.isfinite(bounds)) else {}
    titles = [_name(emotion, {}) for emotion in emotions]
    layout = panels(titles, [1] * len(titles), gap=36 / height, title=title, xaxis=ends)
    traces: list[go.Bar] = []
    for n, emotion in enumerate(emotions):
        for kind, part in rows[rows["emotion"] == emotion].groupby("rater_type", sort=True):
            traces.append(_bar(part, str(kind), legend=n == 0).update(xaxis=f"x{_nth(n)}", yaxis=f"y{_nth(n)}"))
        ticks = {"tickmode": "array", "tickvals": groups, "ticktext": names}
        layout[f"yaxis{_nth(n)}"] |= {"categoryorder": "array", "categoryarray": groups[::-1], **ticks}
    return framed(traces, title="", height=height, barmode="overlay", bargap=0.35, showlegend=True, **layout)


def _bar(part: pd.DataFrame, kind: str, *, legend: bool) -> go.Bar:
    _, colour, called = MARKS.get(kind, ("square", "#555555", kind))
    hover = [
        f"{group}: {'undefined' if pd.isna(value) else f'{value:.3f}'}"
        + ("" if pd.isna(low) else f", 95 % interval {low:.3f} to {high:.3f}")
        + _judged(n)
        for group, value, low, high, n in part[["group", "value", "ci_low", "ci_high", "n"]].itertuples(index=False)
    ]
    return go.Bar(
        y=list(part["group"]),
        x=part["value"],
        name=called,
        legendgroup=kind,
        showlegend=legend,
        orientation="h",
        marker_color=colour,
        error_x={
            "type": "data",
            "array": (part["ci_high"] - part["value"]).clip(lower=0),
            "arrayminus": (part["value"] - part["ci_low"]).clip(lower=0),
            "thickness": 1.5,
            "width": 3,
            "color": "#8a8f98",
        },
        customdata=hover,
        hovertemplate="%{customdata}<extra></extra>",
    )


def cells(figure: go.Figure, truths: Sequence[str], labels: Sequence[str], *, chosen: tuple[str, str] | None) -> go.Figure:
    """Make each cell of a confusion figure something to press; plotly selects no cells, so unseen marks lie on them.

    Args:
        figure: of ``figures.confusion``; it is changed. A selected point has ``customdata`` of truth and label.
        truths: its rows.
        labels: its columns.
        chosen: truth and label of the cell that gets a frame.
    """
    (heat,) = figure.data
    where = [(truth, label) for truth in truths for label in labels]
    hidden = {"marker": {"opacity": 0}}
    figure.add_trace(
        go.Scatter(
            x=[_name(label, {}) for _, label in where],
            y=[_name(truth, {}) for truth, _ in where],
            mode="markers",
            marker={"symbol": "square", "size": _CELL_PX, "opacity": 0},
            selected=hidden,
            unselected=hidden,
            showlegend=False,
            customdata=[[truth, label, text] for (truth, label), text in zip(where, heat.customdata.ravel(), strict=True)],
            hovertemplate="%{customdata[2]}<extra></extra>",
        )
    )
    if chosen in where:
        figure.add_shape(_frame_of(truths.index(chosen[0]), labels.index(chosen[1])))
    # marks would widen the axes
    figure.layout.xaxis.update(range=[-0.5, len(labels) - 0.5], fixedrange=True)
    figure.layout.yaxis.update(range=[len(truths) - 0.5, -0.5], autorange=False, fixedrange=True)
    return figure


def _frame_of(row: int, column: int) -> dict[str, Any]:
    """A frame around a cell of a heat map, counted from the top left."""
    edges = {"x0": column - 0.47, "x1": column + 0.47, "y0": row - 0.47, "y1": row + 0.47}
    return {"type": "rect", "line": {"color": "#e69f00", "width": 3}, "layer": "above", **edges}


def difference(rows: pd.DataFrame, a: str, b: str) -> go.Figure:
    """The share of group a less that of group b in each cell; what is significant has a star and a frame.

    Args:
        rows: ``truth, label, value, p, p_holm`` of two groups in one language (``measures/differences.py``).
        a: name of the one.
        b: name of the other.
    """
    truths, labels = in_order(set(rows["truth"])), in_order(set(rows["label"]))
    table = rows.set_index(["truth", "label"]).reindex(pd.MultiIndex.from_product([truths, labels]))
    shape = len(truths), len(labels)
    value = table["value"].to_numpy(dtype=float).reshape(shape)
    sure = (table["p_holm"].to_numpy(dtype=float) < SIGNIFICANT).reshape(shape)
    most = max(0.1, float(np.nanmax(np.abs(value), initial=0)))
    text = [
        [
            "" if np.isnan(v) else inked(f"{v:+.2f}{'*' if s else ''}", TWO_HUES, (v / most + 1) / 2)
            for v, s in zip(*line, strict=True)
        ]
        for line in zip(value, sure, strict=True)
    ]
    hover = [
        f"{_name(t, {})} heard as {_name(c, {})}: "
        + ("unknown, one group judged none" if np.isnan(v) else f"{v:+.1%}")
        + ("" if pd.isna(p) else f", p = {p:.2g} (Holm)")
        for (t, c), v, p in zip(table.index, value.ravel(), table["p_holm"], strict=True)
    ]
    x, y = ([_name(label, {}) for label in side] for side in (labels, truths))
    heat = heat_map(value, x, y, text, np.reshape(np.array(hover, dtype=object), shape), TWO_HUES, (-most, most))
    framed_cells = [_frame_of(int(row), int(column)) for row, column in zip(*np.nonzero(sure), strict=True)]
    made = framed(
        [heat],
        title=f"{short(a)}<br>minus {short(b)}",
        height=130 + 46 * max(len(truths), 1),
        shapes=framed_cells,
        **heard_and_spoken(len(labels)),
    )
    made.layout.margin.t = 64
    return made


def turned(rows: pd.DataFrame, a: str, b: str) -> pd.DataFrame:
    """The rows of two groups in one language, the difference and its interval taken as a minus b whichever way they stand.

    Args:
        rows: columns of ``measures/differences.py``.
        a: name of the one.
        b: name of the other.
    """
    straight = rows[(rows["a"] == a) & (rows["b"] == b)]
    if len(straight):
        return straight.reset_index(drop=True)
    found = rows[(rows["a"] == b) & (rows["b"] == a)].reset_index(drop=True)
    pairs = {"a": "b", "mean_a": "mean_b", "n_a": "n_b"}
    both = found.rename(columns={**pairs, **{y: x for x, y in pairs.items()}})
    negative = {"value": -found["value"], "t": -found["t"], "ci_low": -found["ci_high"], "ci_high": -found["ci_low"]}
    return both.assign(**negative)[list(rows.columns)]


def stamp(figure: go.Figure, made_up: str, *, number: str = "") -> go.Figure:
    """Write into the figure itself what a saved picture must say without the page around it; the figure is changed.

    Args:
        figure: of this module or ``figures.py``.
        made_up: what of it was made up.
        number: how much it rests on, in a few words.
    """
    told = [f"<i>Not real: {made_up}</i>"] if made_up else []
    told += [number] if number else []
    if not told:
        return figure
    words, room = "<br>".join(told), 18 * len(told)
    title, margin = figure.layout.title.text, figure.layout.margin
    if title:
        # from the top: else the first of the lines is in the middle
        high = {"text": f"{title}<br>{words}", "y": 1, "yanchor": "top", "pad": {"t": 14}}
        figure.update_layout(title=high, margin_t=margin.t + room, height=figure.layout.height + room)
    else:
        pad = {"b": room - 14}  # lines go on downwards from the first
        low = {"text": words, "font": {"size": 13}, "x": 0, "xanchor": "left", "y": 0, "yanchor": "bottom", "pad": pad}
        figure.update_layout(title=low, margin_b=margin.b + 38 + room, height=figure.layout.height + 38 + room)
    return figure


def short(name: str, most: int = 44) -> str:
    """A name that fits the width of a phone: what begins alike often ends differently, so the middle goes.

    >>> short("logmel tuned learning_rate=0.01 epochs=20 de cross", 30)
    'logmel tune…epochs=20 de cross'
    """
    if len(name) <= most:
        return name
    first = (most - 1) * 2 // 5
    return f"{name[:first].rstrip()}…{name[first + 1 - most :].lstrip()}"
