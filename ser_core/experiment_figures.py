"""Figures of an experiment: how far folds lie apart, layer by layer, and epoch by epoch.

As in ``figures.py``: data frames in, plotly figures out, transparent, no colour of text, one hue for a share; lines differ
in mark and dash as well as in colour, and every figure reads at a width of 390 px. Rows are those of
``experiment_tables.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ser_core.experiment_protocol import shots_words
from ser_core.experiment_tables import KIND, PLACE
from ser_core.figures import _frame, folded
from ser_core.segment_figures import COLOURS

MARKS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon")
DASHES = ("solid", "dash", "dot", "dashdot")
MOST_ROWS = 30
"""A figure with more rows would be longer than anybody reads; its table has them all."""
MOST_LINES = 8

_GUESSING = "#8a8f98"
_RING = {"symbol": "circle-open", "size": 16, "color": "#e69f00", "line": {"width": 3}}
_PLACE = list(PLACE)

Cell = Mapping[Any, Any]
"""A row of a table by the names of its columns."""


def place(row: Cell) -> str:
    """Where a model learned, and where and how it was tested, in words.

    >>> ends = dict(source_corpus="emodb", source="de", target_corpus="urdu", target="ur")
    >>> place(dict(setting="cross", **ends, shots="", condition=""))
    'cross: emodb de → urdu ur'
    >>> place(dict(setting="transfer", **ends, shots="10", condition="kitchen 10 dB"))
    'transfer: emodb de → urdu ur, 10 shots, kitchen 10 dB'
    """
    ends = dict.fromkeys(end(row, which) for which in ("source", "target"))
    shots = shots_words(row["shots"])
    where = ", ".join(filter(None, (" → ".join(ends), shots, str(row["condition"]))))
    return f"{str(row['setting']).replace('_', ' ')}: {where}"


def kinds(cells: pd.DataFrame) -> list[str]:
    """What to call the kind of model of each row: only that in which the rows differ.

    >>> rows = pd.DataFrame({"encoder": ["a", "a"], "method": ["tuned", "tuned"], "settings": ["", "tune=lora"]})
    >>> kinds(rows)
    ['as it is by itself', 'tune=lora']
    >>> kinds(rows.assign(method=["probe", "tuned"], settings=["", "epochs=5"]))
    ['probe', 'tuned']
    """
    own = cells.assign(settings=_unlike(cells))
    differing = [name for name in KIND if own[name].nunique() > 1]
    words = (" ".join(filter(None, row)) for row in own[differing].itertuples(index=False, name=None))
    return [text or ("as it is by itself" if differing else "") for text in words]


def _unlike(cells: pd.DataFrame) -> list[str]:
    """The settings of each row without the words that stand in all rows of its method."""
    split = [text.split() for text in cells["settings"]]
    common: dict[str, set[str]] = {}
    for method, words in zip(cells["method"], split, strict=True):
        common[method] = common.get(method, set(words)) & set(words)
    pairs = zip(cells["method"], split, strict=True)
    return [" ".join(word for word in words if word not in common[method]) for method, words in pairs]


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
    ends = drawn[["lowest", "highest"]].assign(_=np.nan).to_numpy().ravel()  # nothing joins one row to the next
    spans = go.Scatter(x=ends, y=np.repeat(np.arange(len(drawn)), 3), mode="lines", showlegend=False, hoverinfo="skip")
    hover = [
        f"{name}<br>fold {fold:g}: {value:.3f}" + layer_words(layer)
        for name, fold, value, layer in rows[["_row", "fold", "ua", "layer"]].itertuples(index=False)
    ]
    dot = {"symbol": "circle", "size": 7, "color": COLOURS[3], "opacity": 0.55}
    dots = _points(rows["ua"], rows["_n"], hover, dot, name="a fold")
    told = [
        f"{name}<br>mean {c['ua']:.3f}, from {c['lowest']:.3f} to {c['highest']:.3f} in {c['folds']} folds"
        for name, c in zip(names, drawn.to_dict("records"), strict=True)
    ]
    mean = {"symbol": "line-ns", "size": 15, "line": {"width": 3, "color": COLOURS[0]}}
    means = _points(drawn["ua"], np.arange(len(drawn)), told, mean, name="mean of the folds")
    figure = go.Figure([spans.update(line_color=COLOURS[3], line_width=2), dots, means])
    figure.add_vline(x=guessing, line_dash="dot", line_color=_GUESSING)
    texts = ["<br>".join(map(folded, pair)) for pair in pairs]
    figure.update_yaxes(tickmode="array", tickvals=list(range(len(drawn))), ticktext=texts, range=[len(drawn) - 0.4, -0.6])
    figure.update_xaxes(range=[-0.02, 1.02], dtick=0.25, zeroline=False, title="UA")
    each = max([30, *(12 + 15 * (1 + text.count("<br>")) for text in texts)])
    return _frame(figure, title="", height=120 + each * len(drawn))


def layers(cells: pd.DataFrame, folds: pd.DataFrame, *, chosen: pd.DataFrame, guessing: float) -> go.Figure:
    """UA over layers, a line for each source and target; folds are faint dots.

    Args:
        cells: of ``experiment_tables.summary``, of one kind of model; the first ``MOST_LINES`` lines are drawn.
        folds: of ``experiment_tables.by_fold``, of the same.
        chosen: of ``experiment_tables.best``: these layers get a ring.
        guessing: where pure guessing lies.
    """
    lines = list(cells.groupby(_PLACE, sort=False))[:MOST_LINES]
    dots, rings = (dict(list(rows.groupby(_PLACE))) for rows in (folds, chosen))
    traces = []
    for n, (where, cell) in enumerate(lines):
        shift = (n - (len(lines) - 1) / 2) * 0.5 / MOST_LINES  # else the dots of one layer would hide each other
        traces += _line(cell.sort_values("layer"), dots[where], rings[where], n, shift)
    figure = go.Figure(traces)
    figure.add_hline(y=guessing, line_dash="dot", line_color=_GUESSING)
    figure.update_yaxes(title="UA", range=[-0.02, 1.02], dtick=0.25, zeroline=False)
    figure.update_xaxes(title="layer", dtick=_every(cells["layer"]), zeroline=False)
    above = {"y": 1.02, "yref": "paper", "yanchor": "bottom", "xref": "paper"}  # makes itself room, more on a phone
    return _frame(figure, title="", height=320 + 16 * len(lines)).update_layout(legend=above, margin_t=30, showlegend=True)


def _line(cells: pd.DataFrame, folds: pd.DataFrame, chosen: pd.DataFrame, n: int, shift: float) -> list[go.Scatter]:
    """Faint dots, the ring, and the line of means, which alone stands in the legend."""
    name = place(cells.iloc[0].to_dict())
    colour, symbol, dash = (of[n % len(of)] for of in (COLOURS, MARKS, DASHES))
    each = [f"{name}<br>layer {a:g}, fold {b:g}: {c:.3f}" for a, b, c in _rows(folds, "layer", "fold", "ua")]
    best = [f"{name}<br>layer {a:g}: the best on dev clips" for (a,) in _rows(chosen, "layer")]
    means = [
        f"{name}<br>layer {a:g}: {b:.3f}, folds {c:.3f} to {d:.3f}"
        for a, b, c, d in _rows(cells, "layer", "ua", "lowest", "highest")
    ]
    known: dict[str, Any] = {"name": name, "legendgroup": name}
    quiet = {**known, "showlegend": False}
    line = {**known, "mode": "lines+markers", "line": {"color": colour, "width": 2, "dash": dash}, "showlegend": True}
    return [
        _points(folds["layer"] + shift, folds["ua"], each, {"color": colour, "size": 5, "opacity": 0.35}, **quiet),
        _points(chosen["layer"], chosen["ua"], best, _RING, **quiet),
        _points(cells["layer"], cells["ua"], means, {"color": colour, "size": 8, "symbol": symbol}, **line),
    ]


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
    drawn = curves[curves["model"].isin(models["model"])].sort_values(["stage", "epoch"])
    by_model = dict(list(drawn.groupby("model")))
    for n, model in enumerate(models.to_dict("records"), start=1):
        own = by_model[model["model"]]
        figure.add_traces(_curves(own, model["kept"], legend=n == 1), rows=n, cols=1)
        for edge in own.loc[own["stage"].diff() > 0, "epoch"]:
            figure.add_vline(x=edge - 0.5, line_dash="dot", line_color=_GUESSING, row=n, col=1)
    figure.update_yaxes(title="nats", rangemode="tozero", zeroline=False)
    figure.update_xaxes(dtick=_every(drawn["epoch"]), zeroline=False)
    figure.update_xaxes(title="epoch", row=max(len(models), 1), col=1)
    figure.update_annotations(font_size=13, x=0, xanchor="left")
    return _frame(figure, title="", height=90 + 210 * max(len(models), 1)).update_layout(margin_t=66)


def _curves(own: pd.DataFrame, kept: float, *, legend: bool) -> list[go.Scatter]:
    traces = []
    for column, name, colour, dash in (
        ("train_loss", "training", COLOURS[3], "solid"),
        ("dev_loss", "dev", COLOURS[0], "dash"),
    ):
        told = [f"epoch {epoch:g}: {loss:.4f} nats on {name} clips" for epoch, loss in _rows(own, "epoch", column)]
        look: dict[str, Any] = {"mode": "lines+markers", "line": {"color": colour, "width": 2, "dash": dash}}
        named = {"name": f"{name} loss", "legendgroup": name, "showlegend": legend}
        traces.append(_points(own["epoch"], own[column], told, {"color": colour, "size": 4}, **look, **named))
    at = own[own["epoch"] == kept]
    told = [f"epoch {epoch:g}: its weights were kept" for (epoch,) in _rows(at, "epoch")]
    return [*traces, _points(at["epoch"], at["dev_loss"], told, _RING, name="kept", legendgroup="kept", showlegend=legend)]


def _ended(model: Cell) -> str:
    why = {"patience": "patience ran out", "epochs": "all epochs"}.get(str(model["stopped"]), str(model["stopped"]))
    return f"fold {model['fold']:g}: {why}, kept {model['kept']:g} of {model['epochs']:g}, UA {model['ua']:.2f}"


def _points(x: Any, y: Any, hover: Sequence[str], marker: Mapping[str, Any], **look: Any) -> go.Scatter:
    told = {"customdata": list(hover), "hovertemplate": "%{customdata}<extra></extra>"}
    return go.Scatter(x=x, y=y, marker=dict(marker), **{"mode": "markers", **told, **look})


def _rows(data: pd.DataFrame, *columns: str) -> Iterator[tuple[Any, ...]]:
    return data[list(columns)].itertuples(index=False, name=None)


def end(cell: Cell, which: str) -> str:
    """The corpus and language of the ``source`` or ``target``."""
    return f"{cell[f'{which}_corpus']} {cell[which]}".strip()


def layer_words(number: float) -> str:
    """Behind what a model is: its layer, where it has one."""
    return "" if pd.isna(number) else f", layer {number:g}"


def interval_words(cell: Cell) -> str:
    """A line on a cell's interval over draws of speakers, or why there is none; empty where nothing is known of it."""
    if not pd.isna(cell["ci_low"]):
        return f"<br>95 % interval {cell['ci_low']:.3f} to {cell['ci_high']:.3f}, {cell['speakers']:g} speakers"
    return f"<br>no interval: {cell['why']}" if cell["why"] else ""


def _every(values: pd.Series) -> int:
    """So many layers or epochs between two marks of an axis that a phone has room for them.

    >>> _every(pd.Series([12.0])), _every(pd.Series([100.0]))
    (1, 8)
    """
    return max(1, int(np.ceil(values.fillna(0).max() / 14))) if len(values) else 1
