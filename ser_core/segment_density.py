"""Overlap density: which share of a group marked each moment of a clip, as steps, exact to the boundaries of the marks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ser_core.segment_marks import marks
from ser_core.tables import Tables

DENSITY = ("stimulus", "group", "rater_type", "start_s", "end_s", "share", "n")
"""``share`` of the ``n`` raters of the group who marked anything of the clip (who marked nothing of it among them) lies
between ``start_s`` and ``end_s``; the steps of one clip and group lie beside each other, from 0 to the end of the clip."""


def density(tables: Tables) -> pd.DataFrame:
    """The steps of every clip and group; columns ``DENSITY``.

    Where the length of a clip is not known, the steps end with the last mark.

    Raises:
        BadInput: nobody marked a part of any clip.
    """
    marked = marks(tables)
    key = ["stimulus", "group", "rater_type"]
    who = marked.markings
    places = marked.places().merge(who[[*key, "marking"]], on="marking")
    clips = who[[*key, "duration_s"]].drop_duplicates()
    steps = pd.concat(
        [
            places[key].assign(at_s=places["start_s"], more=1),
            places[key].assign(at_s=places["end_s"], more=-1),
            clips[key].assign(at_s=0.0, more=0),
            clips[key].assign(at_s=clips["duration_s"], more=0).dropna(),
        ]
    )
    moments = steps.groupby([*key, "at_s"], sort=True)["more"].sum().reset_index()
    moments["count"] = moments.groupby(key)["more"].cumsum()
    first = ~moments.duplicated(key)
    moments = moments[first | (moments["more"] != 0) | ~moments.duplicated(key, keep="last")]
    moments["end_s"] = moments.groupby(key)["at_s"].shift(-1)
    made = moments.dropna(subset="end_s").merge(who.groupby(key).size().rename("n").reset_index(), on=key)
    made = made.assign(start_s=made["at_s"], share=made["count"] / made["n"], n=made["n"].astype(np.int64))
    return made[list(DENSITY)].reset_index(drop=True)
