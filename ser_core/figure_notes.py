"""What stands under every figure: how much it rests on, what is missing, and what was left out for which reason."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ser_core.coded import Mask
from ser_core.counting import Counted
from ser_core.emotions import CANNOT_SAY
from ser_core.made_up import number
from ser_core.tables import Tables


def rests_on(tables: Tables, counted: Counted, language: str, left_out: Sequence[str] = ()) -> str:
    """Sentences on the judgements of clips in one language; empty = of all of them.

    Args:
        tables: what was counted.
        counted: who judged what.
        language: of the clips.
        left_out: sentences on what was not counted, of all languages.
    """
    spoken = (counted.clips["language"] == language) | (language == "")
    here = spoken.to_numpy(dtype=bool)[counted.clip]
    met = np.bincount(counted.rater[here], minlength=len(counted.raters)) > 0
    raters = tables.raters[tables.raters["rater"].isin(counted.raters["rater"][met])]
    people = raters[raters["rater_type"] == "human"]
    clips = tables.stimuli[tables.stimuli["stimulus"].isin(counted.clips["stimulus"][spoken])]
    who = [_many(len(people), "listener") + _of_these(people, "simulated")] if len(people) else []
    models = len(raters) - len(people)
    who += [_many(models, "model")] if models else []
    first = (
        f"{_many(int(here.sum()), 'judgement')} of {_many(len(clips), 'clip')}{_of_these(clips, 'synthetic')} "
        f"by {' and '.join(who) or 'nobody'}."
    )
    return " ".join([first, *_missing(people, _unsure(counted, here)), *left_out])


def _unsure(counted: Counted, here: Mask) -> int:
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
