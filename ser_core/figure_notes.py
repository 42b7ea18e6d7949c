"""What stands under every figure: how much it rests on, what is missing, and what was left out for which reason."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from ser_core.coded import Mask
from ser_core.counting import Judged, named_group
from ser_core.emotions import CANNOT_SAY
from ser_core.made_up import number
from ser_core.tables import Tables


def rests_on(
    tables: Tables,
    counted: Judged,
    language: str,
    left_out: Sequence[str] = (),
    *,
    groups: Collection[str] = (),
    what: str = "judgement",
) -> str:
    """Sentences on the judgements of clips in one language; empty = of all of them.

    Args:
        tables: what was counted.
        counted: who judged what.
        language: of the clips.
        left_out: sentences on what was not counted, of all languages.
        groups: those of which a figure is; none = all.
        what: what is counted: judgements, or markings.
    """
    spoken = (counted.clips["language"] == language) | (language == "")
    shown = counted.raters["group"].isin(groups) if groups else pd.Series(True, counted.raters.index)
    here = spoken.to_numpy(dtype=bool)[counted.clip] & shown.to_numpy(dtype=bool)[counted.rater]
    met = np.bincount(counted.rater[here], minlength=len(counted.raters)) > 0
    raters = tables.raters[tables.raters["rater"].isin(counted.raters["rater"][met])]
    people = raters[raters["rater_type"] == "human"]
    clips = tables.stimuli[tables.stimuli["stimulus"].isin(counted.clips["stimulus"][spoken])]
    who = [_many(len(people), "listener") + _of_these(people, "simulated")] if len(people) else []
    models = len(raters) - len(people)
    who += [_many(models, "model")] if models else []
    first = (
        f"{_many(int(here.sum()), what)} of {_many(len(clips), 'clip')}{_of_these(clips, 'synthetic')} "
        f"by {' and '.join(who) or 'nobody'}."
    )
    silent = _silent(tables, people, groups)
    return " ".join([first, *silent, *_missing(people, _unsure(counted, here)), *left_out])


def _silent(tables: Tables, people: pd.DataFrame, groups: Collection[str]) -> list[str]:
    """Who took part and gave nothing that counts here."""
    others = tables.raters[(tables.raters["rater_type"] == "human") & ~tables.raters["rater"].isin(people["rater"])]
    named = named_group(others)
    of = named[named.isin(groups)] if groups else named
    if not len(of):
        return []
    return [f"{_many(len(of), 'listener')} gave none here: {', '.join(dict.fromkeys(sorted(of)))}."]


def _unsure(counted: Judged, here: Mask) -> int:
    known = CANNOT_SAY in counted.labels
    return int((counted.label[here] == counted.labels.index(CANNOT_SAY)).sum()) if known else 0


def _missing(people: pd.DataFrame, unsure: int) -> list[str]:
    said = []
    early = int((people["completed"] == "no").sum()) if "completed" in people else 0
    if early:
        said.append(f"{_many(early, 'listener')} did not come to the end; what they answered counts.")
    if unsure:
        said.append(f"{_many(unsure, 'answer')} “cannot say”, counted as not recognised.")
    return said


def _of_these(data: pd.DataFrame, column: str) -> str:
    """
    >>> _of_these(pd.DataFrame({"simulated": ["yes", "no"]}), "simulated")
    ' (1 simulated)'
    """
    made = number(data, column)
    return f" ({made:,} {column})" if made else ""


def _many(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' if n != 1 else ''}"
