"""From which corpus to which a model carries over: UA by where it learned (rows) and where it was tested (columns).

A matrix is of one number of shots and one condition. Where models also learned and were tested in one corpus, they are its
diagonal; models that learned in all corpora of other languages at once are the row ``others``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ser_core.experiment_figures import end, interval_words, layer_words, place
from ser_core.figures import SCALE, _frame, folded, inked
from ser_core.shots import FEW
from ser_core.splits import SEVERAL

WIDE = 4
"""With more corpora than that a cell has room for its number alone."""
_LAST = SEVERAL.corpus
_TOLD = ("mono", "cross", "trans")
"""Settings that stand in a cell; of others the row or the panel tells."""


def at(best: pd.DataFrame, shots: str, condition: str) -> pd.DataFrame:
    """The cells of one matrix: those with so many shots, and those that have none to choose.

    Args:
        best: of ``experiment_tables.best``.
        shots: a number of shots, or ``all``; empty: there are none.
        condition: of the test clips; empty: as they are.
    """
    own = (best["shots"] == shots) | ~best["setting"].isin(FEW)
    return best[own & (best["condition"] == condition)].reset_index(drop=True)


def matrices(cells: pd.DataFrame) -> go.Figure:
    """A panel for each encoder, and for ways of learning that would stand in the same place.

    Args:
        cells: of ``at``, one kind of model for each encoder.
    """
    panels = list(cells.assign(_panel=cells["encoder"] + _apart(cells["setting"])).groupby("_panel", sort=False))
    records = cells.to_dict("records")
    rows, columns = (_in_order({end(cell, which) for cell in records}) for which in ("source", "target"))
    count = max(len(panels), 1)
    figure = make_subplots(
        rows=count, cols=1, shared_xaxes=True, vertical_spacing=min(0.1, 0.3 / count),
        subplot_titles=[str(name) for name, _ in panels],
    )  # fmt: skip
    for n, (_, part) in enumerate(panels, start=1):
        figure.add_trace(_heat(part, rows, columns), row=n, col=1)
    ticks = {"tickmode": "array", "showgrid": False}
    figure.update_yaxes(
        autorange="reversed", title="learned in", tickvals=rows, ticktext=[folded(name) for name in rows], **ticks
    )
    names = [name if len(columns) > WIDE else folded(name) for name in columns]
    figure.update_xaxes(
        side="bottom", tickvals=columns, ticktext=names, tickangle=0 if len(columns) <= WIDE else -45, **ticks
    )
    figure.update_xaxes(title="tested in", showticklabels=True, row=count, col=1)
    figure.update_annotations(font_size=13, x=0, xanchor="left")
    return _frame(figure, title="", height=140 + (48 * len(rows) + 40) * count)


def _apart(settings: pd.Series) -> pd.Series:
    """What is added to a panel's name, so that no two models stand in the same place."""
    words = {"two_stage": " · two stages"}
    if "transfer" in set(settings):
        words["cross"] = " · cross"
    return settings.map(words).fillna("")


def _in_order(names: set[str]) -> list[str]:
    return sorted(names, key=lambda name: (name.startswith(f"{_LAST} "), name))


def _heat(part: pd.DataFrame, rows: Sequence[str], columns: Sequence[str]) -> go.Heatmap:
    shape = len(rows), len(columns)
    value, text, hover = np.full(shape, np.nan), np.full(shape, "", object), np.full(shape, "", object)
    for cell in part.to_dict("records"):
        where = rows.index(end(cell, "source")), columns.index(end(cell, "target"))
        value[where] = cell["ua"]
        setting = f"<br>{cell['setting']}" if cell["setting"] in _TOLD and len(columns) <= WIDE else ""
        text[where] = inked(f"{cell['ua']:.2f}{setting}", SCALE, cell["ua"])
        hover[where] = (
            f"{place(cell)}{layer_words(cell['layer'])}<br>"
            f"{cell['ua']:.3f}, from {cell['lowest']:.3f} to {cell['highest']:.3f} in {cell['folds']} folds"
            f"{interval_words(cell)}"
        )
    return go.Heatmap(
        z=value, x=list(columns), y=list(rows), text=text, texttemplate="%{text}", customdata=hover,
        textfont_size=12 if len(columns) <= WIDE else 11,
        hovertemplate="%{customdata}<extra></extra>", hoverongaps=False, colorscale=[list(step) for step in SCALE],
        zmin=0, zmax=1, showscale=False, xgap=1, ygap=1,
    )  # fmt: skip
