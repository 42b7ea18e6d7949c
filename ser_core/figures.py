"""Figures: data frames in, plotly figures out. They compute nothing but the place of a mark.

All of them are drawn on nothing (transparent), so that they sit on a light and on a dark page; they name no text colour,
because the page's theme does. Cells carry their own background and a text colour that stands out from it. Every colour
scale has one hue, and marks differ in shape as well as in colour. They read at a width of 390 px.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from ser_core.emotions import in_order

SCALE = ((0.0, "#f2f6fc"), (0.25, "#b8cfec"), (0.5, "#6f9fd8"), (0.75, "#2f68b0"), (1.0, "#0b2f66"))
"""Light to dark blue: told apart by lightness alone, so also in grey and by colour-blind eyes."""

MARKS = {"human": ("circle", "#d55e00", "people"), "machine": ("diamond", "#0072b2", "models")}
"""Symbol, colour (Okabe and Ito 2008, vermilion and blue) and name of each kind of rater."""

_LINE = 26
"""Characters of a name beside an axis that stand in one line: 150 px or so."""

_NO_NAMES: Mapping[str, str] = {}

Scale = Sequence[tuple[float, str]]
"""Colours at places from 0 to 1; between them they blend evenly in RGB, as plotly does it."""


def tone(scale: Scale, share: float) -> tuple[str, str]:
    """The colour at a place of a scale, and black or white, whichever stands out from it more (WCAG 2.1's luminance).

    The better of the two has a contrast of at least 4.58 to any colour (the root of 21), so text in it is always legible.

    >>> tone(SCALE, 0), tone(SCALE, 1), tone(SCALE, 0.5)
    (('#f2f6fc', '#000'), ('#0b2f66', '#fff'), ('#6f9fd8', '#000'))
    """
    (found,) = sample_colorscale([list(step) for step in scale], [min(max(share, 0.0), 1.0)], colortype="tuple")
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in found]
    luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    ink = "#000" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#fff"
    return "#" + "".join(f"{round(255 * c):02x}" for c in found), ink


def inked(text: str, scale: Scale, share: float) -> str:
    """The text of a cell in the colour that stands out there: plotly alone takes a grey that is pale on a middle blue.

    >>> inked("0.50", SCALE, 0.5)
    '<span style="color:#000">0.50</span>'
    """
    return text if np.isnan(share) else f'<span style="color:{tone(scale, share)[1]}">{text}</span>'


def confusion(
    rows: pd.DataFrame, title: str, *, names: Mapping[str, str] = _NO_NAMES, labels: Sequence[str] = ()
) -> go.Figure:
    """One confusion table as a heat map: share of the row in each cell, number of judgements on hover.

    Args:
        rows: ``truth, label, count, share`` of one group in one language (``scores.CONFUSION``); ``count`` may be unknown,
            as in printed tables.
        title: shown above.
        names: what to call each emotion, in the reader's language.
        labels: columns to show even if nobody gave them; in the order of every table anyway.
    """
    columns = in_order({*rows["label"], *labels})
    truths = in_order(set(rows["truth"]))
    cells = rows.set_index(["truth", "label"]).reindex(pd.MultiIndex.from_product([truths, columns]))
    share = cells["share"].fillna(0.0).to_numpy(dtype=float).reshape(len(truths), len(columns))
    hover = [
        f"{_name(t, names)} heard as {_name(c, names)}: {s:.1%}" + ("" if pd.isna(n) else f" ({int(n):,} judgements)")
        for (t, c), s, n in zip(cells.index, share.ravel(), pd.to_numeric(cells["count"], errors="coerce"), strict=True)
    ]
    text = [[inked(f"{s:.2f}", SCALE, s) for s in line] for line in share]
    x, y = ([_name(label, names) for label in side] for side in (columns, truths))
    heat = heat_map(share, x, y, text, np.reshape(np.array(hover, dtype=object), share.shape), SCALE, (0, 1))
    return framed([heat], title=title, height=110 + 46 * max(len(truths), 1), **heard_and_spoken(len(columns)))


def heat_map(
    value: npt.NDArray[np.float64],
    x: Sequence[str],
    y: Sequence[str],
    text: Sequence[Sequence[str]],
    hover: npt.NDArray[np.object_],
    scale: Scale,
    ends: tuple[float, float],
) -> go.Heatmap:
    """Cells ``[y, x]`` with their texts, coloured by a scale between two values."""
    return go.Heatmap(
        z=value, x=x, y=y, zmin=ends[0], zmax=ends[1], colorscale=[list(step) for step in scale], showscale=False, xgap=1,
        ygap=1, text=text, texttemplate="%{text}", textfont={"size": text_px(text)}, customdata=hover,
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip


def text_px(text: Sequence[Sequence[str]]) -> int:
    """A size of letters at which the texts of cells fit on a phone; plotly would count the marks of their colour as letters.

    >>> text_px([["0.50"] * 5]), text_px([["+0.50*"] * 8]), text_px([[inked("0.50", SCALE, 0.5)] * 5])
    (12, 9, 12)
    """
    longest = max((len(line) for row in text for cell in row for line in _MARK.sub("", cell).split("<br>")), default=1)
    return int(max(8, min(12, _CELLS_PX / max(len(text[0]) if len(text) else 1, 1) / (_LETTER * max(longest, 1)))))


_MARK = re.compile(r"<(?!br>)[^>]*>")
_CELLS_PX = 262  # what is left for cells on a page of 390 px
_LETTER = 0.58  # width of a letter, as a share of its height


def heard_and_spoken(labels: int) -> dict[str, Any]:
    """The axes of a confusion table of so many columns."""
    return {
        "xaxis": {
            "title": {"text": "heard as"},
            "side": "bottom",
            "tickangle": 0 if labels <= 5 else -45,
            "showgrid": False,
        },
        "yaxis": {"title": {"text": "spoken as"}, "autorange": "reversed", "showgrid": False},
    }


def ua_dots(scores: pd.DataFrame) -> go.Figure:
    """UA of each group with its 95 % interval, one panel for each language, with the line of pure guessing.

    Args:
        scores: columns ``scores.SCORES``; rows of groups are drawn, those of single raters are not. Guessing is
            1 / number of emotions with a ``recall`` in that language, and not drawn where that is unknown.
    """
    whole = scores[scores["rater"] == ""]
    ua = whole[whole["metric"] == "ua"]
    recall = whole[whole["metric"] == "recall"]
    emotions = recall.groupby("language")["emotion"].nunique()
    lines = [
        {
            "type": "line", "xref": f"x{_nth(n)}", "yref": f"y{_nth(n)} domain", "y0": 0, "y1": 1, "x0": guess, "x1": guess,
            "line": {"dash": "dot", "color": "#8a8f98"},
        }
        for n, language in enumerate(_languages(ua)) if language in emotions.index for guess in [1 / emotions[language]]
    ]  # fmt: skip
    return _panels(ua, "group", "UA", lines)


def per_emotion(scores: pd.DataFrame, *, metric: str = "recall", names: Mapping[str, str] = _NO_NAMES) -> go.Figure:
    """One measure of each emotion for each group, with 95 % intervals; one panel for each language.

    Args:
        scores: columns ``scores.SCORES``; rows of groups are drawn.
        metric: a metric that has one value for each emotion.
        names: what to call each emotion.
    """
    rows = scores[(scores["rater"] == "") & (scores["metric"] == metric)]
    order = {emotion: n for n, emotion in enumerate(in_order(set(rows["emotion"])))}
    rows = rows.assign(_order=rows["emotion"].map(order)).sort_values(["_order", "rater_type", "group"])
    rows["line"] = [f"{_name(e, names)} · {g}" for e, g in zip(rows["emotion"], rows["group"], strict=True)]
    return _panels(rows, "line", metric.replace("_", " "))


def _panels(rows: pd.DataFrame, line: str, what: str, shapes: Sequence[dict[str, Any]] = ()) -> go.Figure:
    """Dots with intervals: a panel per language, a line per value of the column ``line``, in the order of the rows."""
    spoken = _languages(rows)
    parts = [rows[rows["language"] == language] for language in spoken]
    sizes = [part[line].nunique() for part in parts]
    layout = panels(
        [language or "all languages" for language in spoken],
        [size + 1 for size in sizes],
        gap=min(0.12, 0.5 / max(len(spoken), 1)),
        title=what,
        xaxis={"range": [-0.02, 1.02], "dtick": 0.25, "zeroline": False},
    )
    traces: list[go.Scatter] = []
    for n, here in enumerate(parts):
        shown = {trace.legendgroup for trace in traces}
        for kind, part in here.groupby("rater_type", sort=True):
            trace = _dots(part, line, kind=str(kind), legend=str(kind) not in shown)
            traces.append(trace.update(xaxis=f"x{_nth(n)}", yaxis=f"y{_nth(n)}"))
        order = list(dict.fromkeys(here[line]))
        ticks = {"tickmode": "array", "tickvals": order, "ticktext": [folded(name) for name in order]}
        layout[f"yaxis{_nth(n)}"] |= {"categoryorder": "array", "categoryarray": order[::-1], **ticks}
    each = max([30, *(6 + 15 * (1 + folded(name).count("<br>")) for name in rows[line])])
    height = 120 + sum(each * size + 34 for size in sizes)
    return framed(traces, title="", height=height, shapes=shapes, showlegend=True, **layout)


def panels(
    titles: Sequence[str], heights: Sequence[float], *, gap: float, title: str, xaxis: Mapping[str, Any]
) -> dict[str, Any]:
    """The layout of panels one above the other, as plotly's ``make_subplots`` has it, which takes ten times as long.

    Args:
        titles: of each panel, the uppermost first.
        heights: what each has of the height, in any unit.
        gap: between two panels, as a share of the height.
        title: of the axis below, which all have in common.
        xaxis: more of that axis.
    """
    number = max(len(titles), 1)
    room = 1 - gap * (number - 1)
    layout: dict[str, Any] = {"annotations": []}
    top = 1.0
    for n, (words, height) in enumerate(zip(titles or [""], heights or [1], strict=True)):
        bottom = max(0.0, top - room * height / sum(heights or [1]))
        last = n == number - 1
        shared = {"title": {"text": title}} if last else {"matches": f"x{_nth(number - 1)}"}
        layout[f"xaxis{_nth(n)}"] = {**xaxis, **shared, "anchor": f"y{_nth(n)}", "showticklabels": last}
        layout[f"yaxis{_nth(n)}"] = {"domain": [bottom, top], "anchor": f"x{_nth(n)}"}
        told = {"text": words, "showarrow": False, "font": {"size": 13}, "x": 0, "y": top, "xref": "paper", "yref": "paper"}
        layout["annotations"].append({**told, "xanchor": "left", "yanchor": "bottom"})
        top = bottom - gap
    return layout


def _nth(n: int) -> str:
    """What plotly calls the axes of the panel ``n``, from 0, after their letter."""
    return str(n + 1) if n else ""


def folded(name: str) -> str:
    """A name beside an axis, in lines that leave room for the figure on a phone.

    >>> folded("all emotions · probe encoder=byol-s-512 de mono")
    'all emotions · probe<br>encoder=byol-s-512 de mono'
    """
    return "<br>".join(textwrap.wrap(name, _LINE, break_long_words=False, break_on_hyphens=False)) or name


def _dots(part: pd.DataFrame, line: str, *, kind: str, legend: bool) -> go.Scatter:
    symbol, colour, called = MARKS.get(kind, ("square", "#555555", kind))
    up = (part["ci_high"] - part["value"]).clip(lower=0)
    down = (part["value"] - part["ci_low"]).clip(lower=0)
    hover = [
        f"{name}: {'undefined' if pd.isna(value) else f'{value:.3f}'}"
        + ("" if pd.isna(low) else f", 95 % interval {low:.3f} to {high:.3f}")
        + _judged(n)
        for name, value, low, high, n in zip(
            part[line], part["value"], part["ci_low"], part["ci_high"], part["n"], strict=True
        )
    ]
    return go.Scatter(
        x=part["value"],
        y=part[line],
        mode="markers",
        name=called,
        legendgroup=kind,
        showlegend=legend,
        marker={"symbol": symbol, "color": colour, "size": 10},
        error_x={"type": "data", "array": up, "arrayminus": down, "color": colour, "thickness": 1.5, "width": 3},
        customdata=hover,
        hovertemplate="%{customdata}<extra></extra>",
    )


def _judged(n: object) -> str:
    number = pd.to_numeric(n, errors="coerce")  # type: ignore[call-overload]
    return "" if pd.isna(number) else f", {int(number):,} judgements"


def _languages(rows: pd.DataFrame) -> list[str]:
    return sorted(set(rows["language"]))


def _name(emotion: str, names: Mapping[str, str]) -> str:
    return names.get(emotion, emotion.replace("_", " "))


def framed(data: Sequence[Any], *, title: str, height: int, **layout: Any) -> go.Figure:
    """A figure on nothing, of traces and what else its layout holds; made at once, for every change of one takes long."""
    axes = {name: {**_GRID[name[0]], **held} for name, held in layout.items() if name.startswith(("xaxis", "yaxis"))}
    return go.Figure(data, {**layout, **axes, **_look(title, height)})


def _frame(figure: go.Figure, *, title: str, height: int) -> go.Figure:
    """The same look for a figure that was made by plotly's subplots."""
    figure.update_layout(_look(title, height))
    return figure.update_xaxes(_GRID["x"]).update_yaxes(_GRID["y"])


_GRID = {
    "x": {"automargin": True, "gridcolor": "rgba(128,128,128,0.25)"},
    "y": {"automargin": True, "gridcolor": "rgba(128,128,128,0.15)"},
}


def _look(title: str, height: int) -> dict[str, Any]:
    return {
        **({"title": {"text": title, "font": {"size": 14}, "x": 0, "xanchor": "left"}} if title else {}),
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 40 if title else 60, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {"orientation": "h", "y": 1, "yanchor": "top", "yref": "container", "x": 0, "xref": "container"},
    }
