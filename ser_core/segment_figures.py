"""Who marked which part of a clip, laid out as rows over one axis of time; and error rates as dots with intervals.

A row is one label as one group of listeners, or one model, gave it; its place and its name tell the label, the colour only
repeats it. In a row each listener has a lane, and lanes are sorted by where their part starts, so that listeners who agree
form a block. A model's row has its posterior of that label over time beside its segments. Times are seconds from the start
of the clip. Nothing is judged here: error rates come from ``segments.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from ser_core import figures
from ser_core.emotions import EMOTIONS, NEUTRAL, in_order
from ser_core.segment_density import density
from ser_core.tables import Tables

COLOURS = ("#d55e00", "#009e73", "#7f8790", "#0072b2", "#c06a9a", "#8c7418", "#8a63d2", "#2f8fa3")
"""By place in the canonical order, over and over: Okabe and Ito (2008), darkened to stand out on a light and a dark page."""
OTHER = "#7f8790"
ON_TIME_S = 0.005
"""An edge that is less far off rounds to nothing."""
MOST_FRAMES = 1200
"""More posteriors than that over a clip are averaged to at most so many: a wide screen has no room for more."""

Steps = list[tuple[float, int]]


@dataclass(frozen=True)
class Part:
    """A part that somebody marked; ``lane`` counts from 0 at the top of its row."""

    start_s: float
    end_s: float
    lane: int
    who: str
    note: str = ""


@dataclass(frozen=True)
class Row:
    """What one group, or one model, marked with one label."""

    label: str
    colour: str
    parts: list[Part] = field(default_factory=list)
    covered: Steps = field(default_factory=list)
    """How many listeners marked each moment: ``(from here on, so many)``."""
    curve: list[tuple[float, float]] = field(default_factory=list)
    """A model's posterior of the label: ``(middle of the frame, probability)``."""


@dataclass(frozen=True)
class Block:
    """A group of listeners or a model, with its rows."""

    title: str
    kind: str
    said: str
    of: int
    """How many of its raters marked a part."""
    rows: list[Row]
    shares: list[tuple[float, float]]
    """Which share of them marked each moment with an emotion (``segment_density.py``): ``(from here on, share)``."""


def colour(label: str) -> str:
    """The colour of a label, the same in every study.

    >>> colour("angry"), colour("cannot_say")
    ('#d55e00', '#7f8790')
    """
    return COLOURS[EMOTIONS.index(label) % len(COLOURS)] if label in EMOTIONS else OTHER


def clips(tables: Tables, errors: pd.DataFrame) -> pd.DataFrame:
    """The clips in which somebody marked a part, the hardest first.

    Args:
        tables: checked tables.
        errors: columns ``rater, stimulus, eder``, as of ``segments.segments``; may have no rows.

    Returns:
        ``stimulus, truth, language, people, models, eder``: how many of each marked a part, and the mean error rate over
        all of them (NaN where no one has one; those come last, the ones that most people marked first).
    """
    marks = tables.ratings.loc[tables.ratings["start_s"].notna(), ["rater", "stimulus"]].drop_duplicates()
    kinds = marks["rater"].map(tables.raters.set_index("rater")["rater_type"])
    number = {kind: marks.loc[kinds == kind, "stimulus"].value_counts() for kind in ("human", "machine")}
    found = tables.stimuli[tables.stimuli["stimulus"].isin(marks["stimulus"])]
    found = found.assign(
        people=found["stimulus"].map(number["human"]).fillna(0).astype(int),
        models=found["stimulus"].map(number["machine"]).fillna(0).astype(int),
        eder=found["stimulus"].map(errors.groupby("stimulus")["eder"].mean()).astype(float),
    )
    order = found.sort_values(["eder", "people"], ascending=False, kind="stable", na_position="last")
    return order[["stimulus", "truth", "language", "people", "models", "eder"]].reset_index(drop=True)


def blocks(
    tables: Tables, stimulus: str, *, errors: pd.DataFrame, posteriors: Mapping[str, pd.DataFrame] | None = None
) -> list[Block]:
    """Everybody who rated a clip, people before models, each group with one row for each label it marked.

    Args:
        tables: checked tables.
        stimulus: the clip.
        errors: columns ``rater, stimulus, eder``, as of ``segments.segments``; may have no rows.
        posteriors: by rater, that model's ``start_s, end_s`` and a column for each label, a row for each frame of the clip.

    Raises:
        BadInput: nobody marked a part of the clip.
    """
    own = tables.ratings[tables.ratings["stimulus"] == stimulus]
    clip = tables.stimuli[tables.stimuli["stimulus"] == stimulus].iloc[0].to_dict()
    rate = errors[errors["stimulus"] == stimulus].groupby("rater")["eder"].mean().to_dict()
    who = tables.raters.set_index("rater")
    here = own.assign(
        rater_type=own["rater"].map(who["rater_type"]),
        group=own["rater"].map(who["group"].where(who["group"] != "", who["rater_type"])),
        note=[_note(row, clip, rate) for row in own.to_dict("records")],
    )
    # of two models of one group each is a block of its own: their posteriors cannot be laid over each other
    single = here["rater_type"] == "machine"
    here = here.assign(block=here["group"].where(~single, here["group"] + "\n" + here["rater"]))
    marked = density(Tables(tables.stimuli[tables.stimuli["stimulus"] == stimulus], tables.raters, own))
    found = []
    for (kind, name), rows in here.groupby(["rater_type", "block"], sort=True):
        group, _, rater = str(name).partition("\n")
        shares = marked[(marked["group"] == group) & (marked["rater_type"] == kind)] if kind == "human" else marked.iloc[:0]
        found.append(_block(group, str(kind), rows, shares, (posteriors or {}).get(rater, pd.DataFrame())))
    return [block for block in found if block.rows]


def _block(title: str, kind: str, rows: pd.DataFrame, shares: pd.DataFrame, curves: pd.DataFrame) -> Block:
    parts = rows[rows["start_s"].notna()]
    labels = in_order(set(parts["label"]) | (set(curves.columns) - {"start_s", "end_s"}))
    raters, marked = rows["rater"].unique(), parts["rater"].nunique()
    people = f"{len(raters)} listener{'s' if len(raters) > 1 else ''}, {marked} marked a part"
    said = people if kind == "human" else ", ".join(raters)
    made = [_row(label, parts[parts["label"] == label], curves) for label in labels]
    return Block(title, kind, said, marked, made, list(zip(shares["start_s"], shares["share"], strict=True)))


def _row(label: str, parts: pd.DataFrame, curves: pd.DataFrame) -> Row:
    return Row(label, colour(label), list(_lanes(parts)), steps(parts), _curve(curves, label))


def _lanes(parts: pd.DataFrame) -> Iterator[Part]:
    ordered = parts.sort_values(["start_s", "end_s", "rater"], kind="stable")
    lane = pd.factorize(ordered["rater"] + "\n" + ordered["repeat"])[0]
    placed = ordered.assign(_lane=lane).sort_values(["_lane", "start_s"], kind="stable")
    for row in placed.to_dict("records"):
        yield Part(row["start_s"], row["end_s"], int(row["_lane"]), row["rater"], row["note"])


def parts(tables: Tables, stimulus: str, *, errors: pd.DataFrame) -> pd.DataFrame:
    """Every part that was marked in a clip, as a table: ``group, rater, label, start_s, end_s, length_s, eder``.

    ``eder`` is that of its rater on the whole clip; NaN where there is none.
    """
    here = tables.ratings[(tables.ratings["stimulus"] == stimulus) & tables.ratings["start_s"].notna()]
    rate = errors[errors["stimulus"] == stimulus].groupby("rater")["eder"].mean()
    found = here.assign(
        group=here["rater"].map(tables.raters.set_index("rater")["group"]),
        length_s=here["end_s"] - here["start_s"],
        eder=here["rater"].map(rate).astype(float),
    )
    columns = ["group", "rater", "label", "start_s", "end_s", "length_s", "eder"]
    return found.sort_values(["group", "start_s", "end_s", "rater"], kind="stable")[columns].reset_index(drop=True)


def steps(parts: pd.DataFrame) -> Steps:
    """How many raters marked each moment; one who marked it twice counts once.

    >>> steps(pd.DataFrame([("a", 0.0, 2.0), ("b", 1.0, 3.0), ("b", 1.5, 2.5)], columns=["rater", "start_s", "end_s"]))
    [(0.0, 1), (1.0, 2), (2.0, 1), (3.0, 0)]
    """
    if parts.empty:
        return []
    start, end = parts["start_s"].to_numpy(), parts["end_s"].to_numpy()
    edges = np.unique(np.concatenate([start, end]))
    inside = (start[:, None] <= edges) & (edges < end[:, None])  # [part, edge]
    rater = pd.factorize(parts["rater"])[0]
    order = np.argsort(rater, kind="stable")
    first = np.flatnonzero(np.diff(rater[order], prepend=-1))
    number = np.logical_or.reduceat(inside[order], first, axis=0).sum(axis=0)
    changes = np.diff(number, prepend=0) != 0
    return [(float(t), int(n)) for t, n in zip(edges[changes], number[changes], strict=True)]


def _curve(frames: pd.DataFrame, label: str) -> list[tuple[float, float]]:
    if label not in frames:
        return []
    middle = (frames["start_s"].to_numpy() + frames["end_s"].to_numpy()) / 2
    several = -(-len(frames) // MOST_FRAMES)
    pairs = zip(_averaged(middle, several), _averaged(frames[label].to_numpy(dtype=float), several), strict=True)
    return [(round(float(t), 4), round(float(p), 3)) for t, p in pairs]


def _averaged(values: npt.NDArray[np.float64], several: int) -> npt.NDArray[np.float64]:
    at = np.arange(0, len(values), several)
    return np.add.reduceat(values, at) / np.diff(at, append=len(values))


def _note(row: Mapping[Any, Any], clip: Mapping[Any, Any], rate: Mapping[Any, float]) -> str:
    """How far from the truth: both edges of an emotional part, and the error rate of its rater on this clip."""
    said = []
    for name, edge in (("starts", "start_s"), ("ends", "end_s")):
        late_s = float(row[edge]) - float(clip[f"truth_{edge}"])
        if row["label"] != NEUTRAL and not np.isnan(late_s):
            off = f"{abs(late_s):.2f} s {'late' if late_s > 0 else 'early'}"
            said.append(f"{name} {off if abs(late_s) >= ON_TIME_S else 'on time'}")
    if row["rater"] in rate:
        said.append(f"EDER of the clip {rate[row['rater']]:.2f}")
    return ", ".join(said)


def eder_dots(scores: pd.DataFrame, *, names: Mapping[str, str]) -> go.Figure:
    """The error rate of each group for each emotion, and over all of them, with 95 % intervals; 0 is a perfect match.

    Args:
        scores: columns ``scores.SCORES``, in one language; rows of groups with the metric ``eder`` are drawn.
        names: what to call each emotion; the empty one is all of them.
    """
    figure = figures.per_emotion(scores, metric="eder", names=names)
    return figure.update_xaxes(title="EDER").update_annotations(text="")
