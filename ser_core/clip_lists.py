"""Which clips stand behind a number, and who said what of one: what a reader opens when a cell of a table surprises.

Judgements are those of ``counting.py``: labels given to whole clips whose truth is known, a posterior as its most probable
label.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ser_core.coded import coded
from ser_core.counting import Counted, described
from ser_core.emotions import in_order
from ser_core.lazy_tables import rows_at
from ser_core.ratings import decide
from ser_core.tables import Tables

_SAID = ("confidence", "response_s", "repeat")


def in_cell(counted: Counted, *, group: str, language: str, truth: str, label: str) -> pd.DataFrame:
    """The clips in one cell of a group's confusion table, those where most of the group said so first.

    Args:
        counted: who judged what.
        group: whose table.
        language: of the clips; empty = all.
        truth: row of the table.
        label: column of the table.

    Returns:
        ``stimulus, given, judgements, share``: how many of the group's judgements of the clip are this label. The sum of
        ``given`` is the number in the cell.
    """
    clips, number = counted.clips, len(counted.clips)
    wanted = (clips["truth"] == truth) & ((clips["language"] == language) | (language == ""))
    own = (counted.raters["group"] == group).to_numpy(dtype=bool)
    here = own[counted.rater] & wanted.to_numpy(dtype=bool)[counted.clip]
    given = here & (counted.label == (counted.labels.index(label) if label in counted.labels else -1))
    clips = clips[["stimulus"]].assign(
        given=np.bincount(counted.clip[given], minlength=number),
        judgements=np.bincount(counted.clip[here], minlength=number),
    )
    clips = clips[clips["given"] > 0].assign(share=lambda found: found["given"] / found["judgements"])
    order = ["share", "given", "stimulus"]
    return pd.DataFrame(clips.sort_values(order, ascending=[False, False, True], ignore_index=True))


def by_group(counted: Counted, stimulus: str) -> pd.DataFrame:
    """How many of each group gave each label to a clip: ``group``, a column for each label given, ``judgements``."""
    rows = counted.in_words(np.flatnonzero((counted.clips["stimulus"] == stimulus).to_numpy(dtype=bool)[counted.clip]))
    rows = rows.sort_values(["rater_type", "group"])
    wide = pd.crosstab(rows["group"], rows["label"]).reindex(rows["group"].unique())
    wide = wide[in_order(set(wide.columns))]
    return wide.assign(judgements=wide.sum(axis=1)).reset_index().rename_axis(columns=None)


def answers(tables: Tables, stimulus: str) -> pd.DataFrame:
    """Every judgement of a whole clip, people's before models'.

    Returns:
        ``group, rater, rater_type, label, right, sure`` and what else listeners were asked; ``sure`` is the posterior of a
        model's label (NaN for people), ``right`` is ``yes``, ``no`` or empty where nobody knows.
    """
    said, own = coded(tables), (tables.stimuli["stimulus"] == stimulus).to_numpy(dtype=bool)
    rows = rows_at(tables, np.flatnonzero(own[said.clip] & said.whole))
    rows = described(decide(rows), tables)
    known = rows["truth"] != ""
    shown = rows.assign(
        right=np.where(known, np.where(rows["label"] == rows["truth"], "yes", "no"), ""),
        sure=rows["weight"].where(rows["rater_type"] == "machine"),
    )
    more = [name for name in _SAID if name in shown and (shown[name] != "").any()]
    columns = ["group", "rater", "rater_type", "label", "right", "sure", *more]
    return shown.sort_values(["rater_type", "group", "rater"])[columns].reset_index(drop=True)
