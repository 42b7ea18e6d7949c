"""Figures of an experiment: how far folds lie apart, layer by layer, from corpus to corpus, and epoch by epoch.

As in ``figures.py``: data frames in, plotly figures out, transparent, no colour of text, one hue for a share; lines differ
in mark and dash as well as in colour, and every figure reads at a width of 390 px. Rows are those of
``experiment_tables.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ser_core.experiment_tables import KIND, PLACE
from ser_core.figures import SCALE, _frame, folded
from ser_core.segment_figures import COLOURS

MARKS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon")
DASHES = ("solid", "dash", "dot", "dashdot")
MOST_ROWS = 30
"""A figure with more rows would be longer than anybody reads; its table has them all."""
MOST_LINES = 8
CHOSEN = "#e69f00"

_GUESSING = "#8a8f98"
_PLACE = list(PLACE)

Cell = Mapping[Any, Any]
"""A row of a table by the names of its columns."""


def place(row: Cell) -> str:
    """Where a model learned and was tested, in words.

    >>> place(dict(setting="cross", source_corpus="emodb", source="de", target_corpus="urdu", target="ur"))
    'cross: emodb de → urdu ur'
    """
    ends = dict.fromkeys(_end(row, which) for which in ("source", "target"))
    return f"{str(row['setting']).replace('_', ' ')}: {' → '.join(ends)}"


def kinds(cells: pd.DataFrame) -> list[str]:
    """What to call the kind of model of each row: only that in which the rows differ.

    >>> rows = pd.DataFrame({"encoder": ["a", "a"], "method": ["tuned", "tuned"], "settings": ["", "tune=lora"]})
    >>> kinds(rows)
    ['as it is by itself', 'tune=lora']
    """
    differing = [name for name in KIND if cells[name].nunique() > 1]
    words = (" ".join(filter(None, row)) for row in cells[differing].itertuples(index=False, name=None))
    return [text or ("as it is by itself" if differing else "") for text in words]


def fold_spread(cells: pd.DataFrame, folds: pd.DataFrame, *, guessing: float) -> go.Figure:
    """A row for each cell: a dot for each fold, a line from the lowest to the highest, and a mark at their mean.

    Args:
        cells: of ``experiment_tables.best``; the first ``MOST_ROWS`` are drawn.
        folds: of ``experiment_tables.by_fold``.
        guessing: where pure guessing lies.
    """
    drawn = cells.head(MOST_ROWS)
    pairs = [tuple(filter(None, pair)) for pair in zip(map(place, drawn.to_dict("records")), kinds(drawn), strict=True)]
    names = [" · ".join(pair) for pair in pairs]
    rows = folds.merge(drawn.assign(_row=names, _n=range(len(drawn))), on=[*KIND, *PLACE, "layer"], suffixes=("", "_mean"))
    figure = go.Figure()
    for n, cell in enumerate(drawn.to_dict("records")):
        span = {"x": [cell["lowest"], cell["highest"]], "y": [n, n]}
        figure.add_scatter(**span, mode="lines", line={"color": COLOURS[3], "width": 2}, showlegend=False, hoverinfo="skip")
    hover = [
        f"{name}<br>fold {fold:g}: {value:.3f}" + _layer(layer)
        for name, fold, value, layer in rows[["_row", "fold", "ua", "layer"]].itertuples(index=False)
    ]
    dot = {"symbol": "circle", "size": 7, "color": COLOURS[3], "opacity": 0.55}
    figure.add_trace(_points(rows["ua"], rows["_n"], hover, name="a fold", marker=dot))
    told = [
        f"{name}<br>mean {c['ua']:.3f}, from {c['lowest']:.3f} to {c['highest']:.3f} in {c['folds']} folds"
        for name, c in zip(names, drawn.to_dict("records"), strict=True)
    ]
    mean = {"symbol": "line-ns", "size": 15, "line": {"width": 3, "color": COLOURS[0]}}
    figure.add_trace(_points(drawn["ua"], np.arange(len(drawn)), told, name="mean of the folds", marker=mean))
    figure.add_vline(x=guessing, line_dash="dot", line_color=_GUESSING)
    texts = ["<br>".join(map(folded, pair)) for pair in pairs]
    figure.update_yaxes(tickmode="array", tickvals=list(range(len(drawn))), ticktext=texts, range=[len(drawn) - 0.4, -0.6])
    figure.update_xaxes(range=[-0.02, 1.02], dtick=0.25, zeroline=False, title="UA")
    each = max([30, *(6 + 15 * (1 + text.count("<br>")) for text in texts)])
    return _frame(figure, title="", height=120 + each * len(drawn))


def layers(cells: pd.DataFrame, folds: pd.DataFrame, *, chosen: pd.DataFrame, guessing: float) -> go.Figure:
    """UA over layers, a line for each source and target; folds are faint dots.

    Args:
        cells: of ``experiment_tables.summary``, of one kind of model; the first ``MOST_LINES`` lines are drawn.
        folds: of ``experiment_tables.by_fold``, of the same.
        chosen: of ``experiment_tables.best``: these layers get a ring.
        guessing: where pure guessing lies.
    """
    figure = go.Figure()
    lines = list(cells.groupby(_PLACE, sort=False))[:MOST_LINES]
    for n, (where, cell) in enumerate(lines):
        own, at = (rows[(rows[_PLACE] == list(where)).all(axis=1)] for rows in (folds, chosen))
        shift = (n - (len(lines) - 1) / 2) * 0.5 / MOST_LINES  # else the dots of one layer would hide each other
        figure.add_traces(_line(cell.sort_values("layer"), own, at, n, shift))
    figure.add_hline(y=guessing, line_dash="dot", line_color=_GUESSING)
    figure.update_yaxes(title="UA", range=[-0.02, 1.02], dtick=0.25, zeroline=False)
    figure.update_xaxes(title="layer", dtick=_every(cells["layer"]), zeroline=False)
    above = {"y": 1.02, "yref": "paper", "yanchor": "bottom", "xref": "paper"}  # makes itself room, more on a phone
    return _frame(figure, title="", height=320 + 16 * len(lines)).update_layout(legend=above, margin_t=30, showlegend=True)


def _line(cells: pd.DataFrame, folds: pd.DataFrame, chosen: pd.DataFrame, n: int, shift: float) -> list[go.Scatter]:
    name = place(cells.iloc[0].to_dict())
    colour, symbol, dash = (of[n % len(of)] for of in (COLOURS, MARKS, DASHES))
    layer = [
        f"{name}<br>layer {a:g}, fold {b:g}: {c:.3f}" for a, b, c in folds[["layer", "fold", "ua"]].itertuples(index=False)
    ]
    faint = _points(
        folds["layer"] + shift, folds["ua"], layer, name=name, marker={"color": colour, "size": 5, "opacity": 0.35}
    )
    told = [
        f"{name}<br>layer {a:g}: {b:.3f}, folds {c:.3f} to {d:.3f}"
        for a, b, c, d in cells[["layer", "ua", "lowest", "highest"]].itertuples(index=False)
    ]
    mean = _points(cells["layer"], cells["ua"], told, name=name, marker={"color": colour, "size": 8, "symbol": symbol})
    mean.update(mode="lines+markers", line={"color": colour, "width": 2, "dash": dash}, showlegend=True)
    ring = {"symbol": "circle-open", "size": 17, "color": CHOSEN, "line": {"width": 3}}
    best = [f"{name}<br>layer {a:g}: the best on dev clips" for a in chosen["layer"]]
    made = [faint, _points(chosen["layer"], chosen["ua"], best, name=name, marker=ring), mean]
    for trace in made:
        trace.update(legendgroup=name)
    faint.showlegend = made[1].showlegend = False
    return made


def transfer(cells: pd.DataFrame) -> go.Figure:
    """UA by corpus learned in (rows) and tested in (columns): a panel for each encoder and way of learning.

    Args:
        cells: of ``experiment_tables.best``, one kind of model for each encoder.
    """
    stages = cells["setting"].eq("two_stage").map({True: " · two stages", False: ""})
    panels = list(cells.assign(_panel=cells["encoder"] + stages).groupby("_panel", sort=False))
    ends = ([_end(cell, end) for cell in cells.to_dict("records")] for end in ("source", "target"))
    rows, columns = (sorted(set(names)) for names in ends)
    figure = make_subplots(
        rows=max(len(panels), 1), cols=1, shared_xaxes=True, vertical_spacing=min(0.1, 0.3 / max(len(panels), 1)),
        subplot_titles=[str(name) for name, _ in panels],
    )  # fmt: skip
    for n, (_, part) in enumerate(panels, start=1):
        figure.add_trace(_cells_of(part, rows, columns), row=n, col=1)
    figure.update_yaxes(autorange="reversed", showgrid=False, title="learned in")
    figure.update_xaxes(side="bottom", showgrid=False, tickangle=0 if len(columns) <= 4 else -45)
    figure.update_xaxes(title="tested in", showticklabels=True, row=max(len(panels), 1), col=1)
    figure.update_annotations(font_size=13, x=0, xanchor="left")
    return _frame(figure, title="", height=140 + (48 * len(rows) + 40) * max(len(panels), 1))


def _cells_of(part: pd.DataFrame, rows: Sequence[str], columns: Sequence[str]) -> go.Heatmap:
    shape = len(rows), len(columns)
    value, text, hover = np.full(shape, np.nan), np.full(shape, "", object), np.full(shape, "", object)
    for cell in part.to_dict("records"):
        at = (
            rows.index(f"{cell['source_corpus']} {cell['source']}".strip()),
            columns.index(f"{cell['target_corpus']} {cell['target']}".strip()),
        )
        value[at] = cell["ua"]
        text[at] = f"{cell['ua']:.2f}<br>{cell['setting'].replace('_', ' ')}"
        hover[at] = (
            f"{place(cell)}{_layer(cell['layer'])}<br>"
            f"{cell['ua']:.3f}, from {cell['lowest']:.3f} to {cell['highest']:.3f} in {cell['folds']} folds"
        )
    return go.Heatmap(
        z=value, x=list(columns), y=list(rows), text=text, texttemplate="%{text}", customdata=hover,
        hovertemplate="%{customdata}<extra></extra>", hoverongaps=False, colorscale=[list(step) for step in SCALE],
        zmin=0, zmax=1, showscale=False, xgap=1, ygap=1,
    )  # fmt: skip


def learning(models: pd.DataFrame, curves: pd.DataFrame) -> go.Figure:
    """Loss over epochs of training and dev clips, a panel for each model; the epoch whose weights were kept has a ring.

    Args:
        models: columns ``MODELS``, of those to draw.
        curves: columns ``CURVES``.
    """
    titles = [_ended(row) for row in models.to_dict("records")]
    figure = make_subplots(
        rows=max(len(models), 1), cols=1, vertical_spacing=0.3 / max(len(models), 1), subplot_titles=titles
    )
    for n, model in enumerate(models.to_dict("records"), start=1):
        own = curves[curves["model"] == model["model"]].sort_values(["stage", "epoch"])
        for column, name, colour, dash in (("train_loss", "training", 3, "solid"), ("dev_loss", "dev", 0, "dash")):
            told = [f"epoch {e:g}: {v:.4f} nats on {name} clips" for e, v in own[["epoch", column]].itertuples(index=False)]
            trace = _points(
                own["epoch"], own[column], told, name=f"{name} loss", marker={"color": COLOURS[colour], "size": 4}
            )
            trace.update(mode="lines+markers", line={"color": COLOURS[colour], "width": 2, "dash": dash})
            figure.add_trace(trace.update(legendgroup=name, showlegend=n == 1), row=n, col=1)
        kept = own[own["epoch"] == model["kept"]]
        ring = {"symbol": "circle-open", "size": 15, "color": CHOSEN, "line": {"width": 3}}
        told = [f"epoch {e:g}: its weights were kept" for e in kept["epoch"]]
        trace = _points(kept["epoch"], kept["dev_loss"], told, name="kept", marker=ring)
        figure.add_trace(trace.update(legendgroup="kept", showlegend=n == 1), row=n, col=1)
        for edge in own.loc[own["stage"].diff() > 0, "epoch"]:
            figure.add_vline(x=edge - 0.5, line_dash="dot", line_color=_GUESSING, row=n, col=1)
    figure.update_yaxes(title="nats", rangemode="tozero", zeroline=False)
    figure.update_xaxes(dtick=_every(curves["epoch"]), zeroline=False)
    figure.update_xaxes(title="epoch", row=max(len(models), 1), col=1)
    figure.update_annotations(font_size=13, x=0, xanchor="left")
    return _frame(figure, title="", height=90 + 210 * max(len(models), 1)).update_layout(margin_t=66)


def _ended(model: Cell) -> str:
    why = {"patience": "patience ran out", "epochs": "all epochs"}.get(str(model["stopped"]), str(model["stopped"]))
    return f"fold {model['fold']:g}: {why}, kept {model['kept']:g} of {model['epochs']:g}, UA {model['ua']:.2f}"


def _points(x: object, y: object, hover: Sequence[str], *, name: str, marker: dict[str, object]) -> go.Scatter:
    data = {"x": x, "y": y, "customdata": list(hover), "hovertemplate": "%{customdata}<extra></extra>"}
    return go.Scatter(**data, mode="markers", name=name, marker=marker)


def _end(cell: Cell, which: str) -> str:
    """The corpus and language of the ``source`` or ``target``."""
    return f"{cell[f'{which}_corpus']} {cell[which]}".strip()


def _layer(number: float) -> str:
    return "" if pd.isna(number) else f", layer {number:g}"


def _every(values: pd.Series) -> int:
    """So many layers or epochs between two marks of an axis that a phone has room for them.

    >>> _every(pd.Series([12.0])), _every(pd.Series([100.0]))
    (1, 8)
    """
    return max(1, int(np.ceil(values.fillna(0).max() / 14))) if len(values) else 1
