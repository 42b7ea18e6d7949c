"""The figures of the compare page as still pictures, for a report: made without a browser, legible on a phone and in print.

As in ``figures.py`` and ``compare_figures.py``, whose colours and symbols they take: data frames in, and nothing is computed
but the place of a mark. A name stands in a line of its own above its mark, since nobody knows how wide its letters are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from ser_core.compare_figures import SIGNIFICANT, TWO_HUES, people_range, short
from ser_core.emotions import in_order
from ser_core.figures import MARKS, SCALE, tone
from ser_core.svg import Picture

WIDTH = 352
_SIDE, _HEAD, _ROW, _SECTION, _AXIS = 14, 28, 36, 26, 40
_CELL = 58, 34
_NAMES = 80


@dataclass(frozen=True)
class Axis:
    """The axis of a measure.

    Attributes:
        title: what it shows.
        low, high: its ends.
        shaded: a range that is shaded.
        dotted: where a dotted line stands; NaN = nowhere.
    """

    title: str
    low: float = 0.0
    high: float = 1.0
    shaded: tuple[float, float] | None = None
    dotted: float = math.nan

    @property
    def ticks(self) -> list[float]:
        """Where lines stand: at quarters of a share, else at whole numbers, six of them or so.

        >>> Axis("UA").ticks, Axis("d′", -2, 4).ticks
        ([0.0, 0.25, 0.5, 0.75, 1.0], [-2, -1, 0, 1, 2, 3, 4])
        """
        if self.high - self.low <= 1:
            return [self.low + (self.high - self.low) * n / 4 for n in range(5)]
        step = max(1, math.ceil((self.high - self.low) / 8))
        return list(range(int(self.low), int(self.high) + 1, step))

    def place(self, value: float) -> float:
        """Where a value stands, in px; what lies outside stands at the end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return _SIDE + share * (WIDTH - 2 * _SIDE)


def ua(scores: pd.DataFrame, language: str, *, guess: bool = True, made_up: str = "") -> Picture:
    """UA of each group with its interval, the range of single listeners shaded, guessing dotted.

    Args:
        scores: columns ``scores.SCORES``, all of them.
        language: of the clips; empty = all.
        guess: whether guessing has a line: not where emotions were filtered out that could still be guessed.
        made_up: what of it was made up.
    """
    here = scores[(scores["language"] == language) & (scores["corpus"] == "")]
    groups = here[here["rater"] == ""]
    emotions = groups.loc[groups["metric"] == "recall", "emotion"].nunique()
    axis = Axis("UA", shaded=people_range(here), dotted=1 / emotions if emotions > 1 and guess else math.nan)
    told = ["shaded: where 95 % of single listeners lie"] if axis.shaded else []
    told += [] if math.isnan(axis.dotted) else ["dotted: guessing"]
    rows = groups[groups["metric"] == "ua"]
    return dots(rows, f"UA, {language or 'all languages'}", axis, "; ".join(told), made_up=made_up)


def eder(scores: pd.DataFrame, language: str, *, made_up: str = "") -> Picture:
    """EDER of each group with its interval, over all clips and of each emotion.

    Args:
        scores: columns ``scores.SCORES``.
        language: of the clips; empty = all.
        made_up: what of it was made up.
    """
    rows = _of_groups(scores, language, "eder")
    rows = rows.assign(emotion=rows["emotion"].replace("", "all emotions"))
    most = np.nanmax(rows[["value", "ci_high"]].to_numpy(dtype=float), initial=1)
    axis = Axis("EDER", 0, math.ceil(most))
    return dots(rows, f"EDER, {language or 'all languages'}", axis, "0 is best", made_up=made_up)


def of_each(scores: pd.DataFrame, language: str, metric: str, title: str, *, made_up: str = "") -> Picture:
    """One measure of each emotion for each group, with its interval.

    Args:
        scores: columns ``scores.SCORES``.
        language: of the clips; empty = all.
        metric: one with a value for each emotion.
        title: what it is called.
        made_up: what of it was made up.
    """
    rows = _of_groups(scores, language, metric)
    values = rows[["value", "ci_low", "ci_high"]].to_numpy(dtype=float)
    known = [0.0, 1.0, *values[np.isfinite(values)]]
    axis = Axis(title, math.floor(min(known)), math.ceil(max(known)))
    return dots(rows, f"{title}, {language or 'all languages'}", axis, "", made_up=made_up)


def _of_groups(scores: pd.DataFrame, language: str, metric: str) -> pd.DataFrame:
    """Rows of groups, those over all emotions first, then emotion by emotion."""
    here = scores[(scores["language"] == language) & (scores["corpus"] == "") & (scores["rater"] == "")]
    rows = here[here["metric"] == metric]
    order = {emotion: n for n, emotion in enumerate(["", *in_order(set(rows["emotion"]) - {""})])}
    return rows.assign(_order=rows["emotion"].map(order)).sort_values(["_order", "rater_type", "group"])


def dots(rows: pd.DataFrame, title: str, axis: Axis, told: str, *, made_up: str = "") -> Picture:
    """A mark with its interval for each row, below the emotion it is of.

    Args:
        rows: ``group, rater_type, emotion, value, ci_low, ci_high`` in their order.
        title: above.
        axis: where values stand.
        told: what else is to be seen, in words; below.
        made_up: what of it was made up.
    """
    parts = [(str(name), list(part)) for name, part in groupby(rows.to_dict("records"), key=lambda row: row["emotion"])]
    inner = sum((_SECTION if name else 0) + _ROW * len(part) for name, part in parts)
    top = _HEAD + 4 + (18 if made_up else 0)
    picture = Picture(WIDTH, top + inner + _AXIS, _told(title, made_up))
    _title(picture, title, made_up)
    _grid(picture, axis, top, top + inner)
    picture.below("; ".join(filter(None, ["lines: 95 % intervals", told])), size=11)
    y = float(top)
    for name, part in parts:
        if name:
            picture.text(_SIDE, y + 18, name.replace("_", " "), bold=True, size=13)
            y += _SECTION
        for row in part:
            _dot(picture, axis, y, row)
            y += _ROW
    return picture


def _dot(picture: Picture, axis: Axis, y: float, row: Mapping[Any, Any]) -> None:
    symbol, colour, _ = MARKS.get(row["rater_type"], ("square", "#555555", ""))
    value, low, high = (float(row[name]) for name in ("value", "ci_low", "ci_high"))
    picture.text(_SIDE, y + 13, short(str(row["group"]), 46))
    picture.text(WIDTH - _SIDE, y + 13, "undefined" if math.isnan(value) else f"{value:.3f}", anchor="end")
    if not math.isnan(low):
        picture.line(axis.place(low), y + 25, axis.place(high), y + 25, colour=colour)
    if not math.isnan(value):
        picture.mark(axis.place(value), y + 25, symbol, colour)


def _grid(picture: Picture, axis: Axis, top: float, bottom: float) -> None:
    if axis.shaded:
        left, right = (axis.place(end) for end in axis.shaded)
        picture.rect(left, top, right - left, bottom - top, fill=MARKS["human"][1], opacity=0.15)
    for value in axis.ticks:
        picture.line(axis.place(value), top, axis.place(value), bottom)
        picture.text(axis.place(value), bottom + 14, f"{value:.3g}", anchor="middle", size=11)
    if not math.isnan(axis.dotted):
        picture.line(axis.place(axis.dotted), top, axis.place(axis.dotted), bottom, dotted=True)
    picture.text(_SIDE, bottom + 31, axis.title, size=11)
    for n, (symbol, colour, called) in enumerate(MARKS.values()):
        picture.mark(WIDTH - _SIDE - 54 - 74 * n, bottom + 27, symbol, colour)
        picture.text(WIDTH - _SIDE - 44 - 74 * n, bottom + 31, called, size=11)


def confusion(rows: pd.DataFrame, group: str, language: str, *, made_up: str = "") -> Picture:
    """What one group heard as what: the share of the row, and below it the number of judgements.

    Args:
        rows: columns ``scores.CONFUSION`` of one group in one language.
        group: its name.
        language: of the clips.
        made_up: what of it was made up.
    """
    cells = {(r["truth"], r["label"]): (r["share"], f"{r['share']:.2f}", f"{r['count']:,}") for r in rows.to_dict("records")}
    return _matrix(cells, f"{group}, {language}", lambda share: tone(SCALE, share), made_up=made_up)


def difference(rows: pd.DataFrame, a: str, b: str, language: str, *, made_up: str = "") -> Picture:
    """The share of group a less that of group b in each cell; what is significant has a star and a frame.

    Args:
        rows: columns of ``measures/differences.py``, of two groups in one language.
        a: the one group.
        b: the other.
        language: of the clips.
        made_up: what of it was made up.
    """
    most = max(0.1, float(np.nanmax(np.abs(rows["value"].to_numpy(dtype=float)), initial=0)))
    cells = {
        (r["truth"], r["label"]): (r["value"], "" if math.isnan(r["value"]) else f"{r['value']:+.2f}{_star(r)}", "")
        for r in rows.to_dict("records")
    }
    title = f"{short(a)}\nminus {short(b, 38)}, {language}"
    return _matrix(cells, title, lambda value: tone(TWO_HUES, (value / most + 1) / 2), made_up=made_up)


def _star(row: Mapping[Any, Any]) -> str:
    return "*" if row["p_holm"] < SIGNIFICANT else ""


Cells = dict[tuple[str, str], tuple[float, str, str]]


def _matrix(cells: Cells, title: str, shade: Callable[[float], tuple[str, str]], *, made_up: str) -> Picture:
    """Cells of truth and label, each with a value that gives its colour, and two lines of text; a title of several lines."""
    truths, labels = in_order({truth for truth, _ in cells}), in_order({label for _, label in cells})
    top = _HEAD + 18 * (title.count("\n") + bool(made_up)) + 34
    wide, high = _CELL
    width = max(WIDTH, _NAMES + wide * len(labels) + 4)
    picture = Picture(width, top + high * len(truths) + 22, _told(title, made_up))
    _title(picture, title, made_up)
    for column, label in enumerate(labels):
        for line, word in enumerate(_words(label)):
            picture.text(_NAMES + wide * (column + 0.5), top - 18 + 12 * line, word, anchor="middle", size=11)
    for row, truth in enumerate(truths):
        picture.text(_NAMES - 6, top + high * row + 21, truth.replace("_", " "), anchor="end")
        for column, label in enumerate(labels):
            _cell(picture, _NAMES + wide * column, top + high * row, cells.get((truth, label)), shade)
    picture.text(_SIDE, top + high * len(truths) + 16, "rows: spoken as; columns: heard as", size=11)
    return picture


def _cell(
    picture: Picture, x: float, y: float, cell: tuple[float, str, str] | None, shade: Callable[[float], tuple[str, str]]
) -> None:
    if cell is None or math.isnan(cell[0]):
        return
    value, text, small = cell
    (wide, high), (fill, ink) = _CELL, shade(value)
    framed = text.endswith("*")
    edge = 2 if framed else 0.5
    picture.rect(x + edge, y + edge, wide - 2 * edge, high - 2 * edge, fill=fill, line="#e69f00" if framed else "")
    picture.text(x + wide / 2, y + (15 if small else 21), text, anchor="middle", colour=ink)
    if small:
        picture.text(x + wide / 2, y + 28, small, anchor="middle", size=10, colour=ink)


def _title(picture: Picture, title: str, made_up: str) -> None:
    lines = title.split("\n")
    for n, line in enumerate(lines):
        picture.text(_SIDE, 18 * (n + 1), short(line, 48), size=13, bold=True)
    if made_up:
        picture.text(_SIDE, 18 * (len(lines) + 1), f"Not real: {made_up}", size=12)


def _told(title: str, made_up: str) -> str:
    words = title.replace("\n", " ")
    return f"{words}. Not real: {made_up}" if made_up else words


def _words(label: str) -> list[str]:
    """
    >>> _words("cannot_say"), _words("sad")
    (['cannot', 'say'], ['', 'sad'])
    """
    first, _, second = label.partition("_")
    return [first, second.replace("_", " ")] if second else ["", first]


def languages(rows: pd.DataFrame) -> Iterator[str]:
    """Those of a table's rows, all of them together first where there are several."""
    known = sorted(set(rows["language"]) - {""})
    yield from ["", *known] if len(known) > 1 else known
