"""How far the marks of a rater begin and end from those of others, and from the truth.

The *onset* of a marking is where its first part starts, the *offset* where its last part ends. A deviation is the edge of a
rater less the median edge of another group in the same clip, positive where the rater is later. Against the own group, the
rater is left out of the median. The truth is a group of one, so that a deviation from it is what the name says.

A marking without any part has no edge and is not counted; one of the whole clip begins at 0 and ends with the clip.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.segment_marks import emotion_order, margins, marks
from ser_core.tables import RATER_TYPES, Tables

DEVIATIONS = (
    "edge", "group", "rater_type", "rater", "against", "against_type", "language", "emotion", "n", "mean_s", "median_s",
    "mean_abs_s", "median_abs_s",
)  # fmt: skip
"""``edge`` is onset or offset; an empty ``rater`` is the whole group, an empty ``language`` or ``emotion`` (the truth of the
clip) is all of them; ``n`` counts deviations, one for each rater and clip."""


def deviations(tables: Tables) -> pd.DataFrame:
    """Means and medians of deviations, signed and absolute, of every group and rater; columns ``DEVIATIONS``.

    Raises:
        BadInput: nobody marked a part of any clip.
    """
    marked = marks(tables)
    edges = marked.places().groupby("marking").agg(onset=("start_s", "min"), offset=("end_s", "max")).reset_index()
    found = marked.markings.merge(edges, on="marking").rename(columns={"truth": "emotion"})
    singles = pd.concat(
        [_from_others(found.assign(edge=edge, at_s=found[edge])) for edge in ("onset", "offset")], ignore_index=True
    )
    groups = margins(singles.assign(rater=""))
    people = singles[(singles["rater"] != "") & (singles["rater_type"] != "truth")].assign(language="", emotion="")
    rows = pd.concat([groups, people], ignore_index=True)
    rows["size_s"] = rows["deviation_s"].abs()
    key = ["edge", "group", "rater_type", "rater", "against", "against_type", "language", "emotion"]
    grouped = rows.groupby(key)
    table = grouped.agg(
        n=("deviation_s", "size"),
        mean_s=("deviation_s", "mean"),
        median_s=("deviation_s", "median"),
        mean_abs_s=("size_s", "mean"),
        median_abs_s=("size_s", "median"),
    ).reset_index()
    place = {name: n for n, name in enumerate(RATER_TYPES)}
    table = table.assign(
        _edge=table["edge"] != "onset",
        _type=table["rater_type"].map(place),
        _against=table["against_type"].map(place),
        _emotion=emotion_order(table["emotion"]),
    )
    order = ["_edge", "_type", "group", "rater", "_against", "against", "language", "_emotion"]
    return table.sort_values(order, ignore_index=True)[list(DEVIATIONS)]


def _from_others(edges: pd.DataFrame) -> pd.DataFrame:
    """One row for each marking and each group that marked the same clip, with its deviation from the group's median."""
    ranked = edges.sort_values(["stimulus", "rater_type", "group", "at_s"], ignore_index=True)
    key = ["stimulus", "group", "rater_type"]
    first = ranked.drop_duplicates(key).index.to_numpy()
    groups = ranked.loc[first, key].assign(_first=first, _size=np.diff(np.append(first, len(ranked))))
    groups = groups.rename(columns={"group": "against", "rater_type": "against_type"})
    ranked["_place"] = np.arange(len(ranked))
    pairs = ranked.merge(groups, on="stimulus")
    within = (pairs["_place"] >= pairs["_first"]) & (pairs["_place"] < pairs["_first"] + pairs["_size"])
    own = np.where(within, pairs["_place"] - pairs["_first"], pairs["_size"])
    others = (pairs["_size"] - within).to_numpy()
    pairs, own, others = pairs[others > 0], own[others > 0], others[others > 0]
    middle = _median(ranked["at_s"].to_numpy(), pairs["_first"].to_numpy(), others, own)
    return pairs.assign(deviation_s=pairs["at_s"] - middle)


def _median(
    values: npt.NDArray[np.float64],
    first: npt.NDArray[np.int64],
    count: npt.NDArray[np.int64],
    without: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Medians of ``count`` sorted values from ``first`` on, passing over the one at place ``without`` of them."""
    lower, upper = (count - 1) // 2, count // 2
    at = [first + place + (place >= without) for place in (lower, upper)]
    return np.asarray((values[at[0]] + values[at[1]]) / 2)
