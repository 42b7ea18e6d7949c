"""Figures of where clips lie before and after a model, coloured by what they are; rows as of ``PROJECTIONS``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from ser_core import languages
from ser_core.emotions import in_order
from ser_core.figures import _frame
from ser_core.segment_figures import COLOURS

BY = ("emotion", "language", "speaker", "corpus")
WAYS = {"pca": "PCA", "tsne": "t-SNE"}
MOST = 24
"""More kinds than that have no place in a legend."""
_MARKS = ("circle", "square", "diamond", "cross", "x")  # those that there are in space, too
_OTHERS, _LINES = "#8a8f98", "rgba(128,128,128,0.4)"


def described(points: pd.DataFrame, clips: pd.DataFrame) -> pd.DataFrame:
    """The points with what their clips are: columns ``BY``.

    Args:
        points: columns ``PROJECTIONS``.
        clips: the stimuli table; clips that are not in it are left out.
    """
    what = {
        "stimulus": clips["stimulus"],
        "emotion": clips["truth"],
        "language": clips["language"].map(languages.normal),
        "speaker": (clips["corpus"] + " " + clips["speaker"]).str.strip(),
        "corpus": clips["corpus"],
    }
    return points.merge(pd.DataFrame(what), on="stimulus")


def scatter(points: pd.DataFrame, by: str, *, space: bool, names: Mapping[str, str] | None = None) -> go.Figure:
    """A mark for each clip.

    Args:
        points: of ``described``, of one model, ``when`` and way.
        by: one of ``BY``.
        space: whether in three dimensions.
        names: what to call each kind.
    """
    kinds = in_order(set(points[by])) if by == "emotion" else sorted(set(points[by]))
    figure = go.Figure()
    for n, kind in enumerate(kinds):
        own = points[points[by] == kind]
        listed = n < MOST
        marker = {
            "color": COLOURS[n % len(COLOURS)] if listed else _OTHERS,
            "symbol": _MARKS[n // len(COLOURS) % len(_MARKS)] if listed else _MARKS[0],
            "size": 4 if space else 7,
            "opacity": 0.8,
        }
        told = [f"{s}<br>{e}, {v}, {p}" for s, e, v, p in own[["stimulus", "emotion", "speaker", "part"]].to_numpy()]
        look: dict[str, Any] = {
            "mode": "markers", "marker": marker, "name": (names or {}).get(kind, kind) or "unknown", "showlegend": listed,
            "customdata": told, "hovertemplate": "%{customdata}<extra></extra>",
        }  # fmt: skip
        figure.add_trace(
            go.Scatter3d(x=own["x"], y=own["y"], z=own["z"], **look) if space else go.Scatter(x=own["x"], y=own["y"], **look)
        )
    bare = {"showticklabels": False, "zeroline": False, "title": ""}
    box = {"showgrid": False, "showline": True, "mirror": True, "linecolor": _LINES}
    figure.update_xaxes(**bare, **box).update_yaxes(**bare, **box)
    side = {
        "showticklabels": False,
        "title": {"text": ""},
        "backgroundcolor": "rgba(0,0,0,0)",
        "gridcolor": "rgba(128,128,128,0.4)",
    }
    figure.update_layout(scene={"xaxis": side, "yaxis": side, "zaxis": side, "aspectmode": "cube"})
    rows = min(len(kinds), MOST)
    height = 360 + 12 * rows
    below = {"orientation": "h", "y": -0.05, "yanchor": "top", "yref": "paper", "x": 0, "xref": "paper"}
    return _frame(figure, title="", height=height).update_layout(legend=below, margin_t=44)
