"""What may be shown to everybody: no group of fewer than five listeners, in any language.

A group of three is three people, whom their friends can tell apart. Therefore the judgements that a group gave of clips in a
language are taken out, before anything is counted, where fewer than ``LEAST`` of its listeners judged such clips. As nothing
is counted with them, no total less its parts gives them back. Models stay, and so does who stands for many together: the
votes of a corpus (weights below 1), or counts that a paper prints.

What it does not do: it makes nobody anonymous. Files still hold a row for each listener of the larger groups, under the
pseudonym of the export.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import languages
from ser_core.coded import Mask, coded
from ser_core.counting import named_group
from ser_core.errors import BadInput
from ser_core.lazy_tables import Part
from ser_core.tables import PUBLISHED_COUNTS, Tables

LEAST = 5


def too_small(tables: Tables, least: int = LEAST) -> pd.DataFrame:
    """Groups of people with fewer listeners than ``least`` in a language: ``group, language, listeners``.

    >>> from ser_core.ratings import RATERS, RATINGS, STIMULI, frame
    >>> clips = frame(STIMULI, [{"stimulus": "a", "language": "de", "truth": "sad"}])
    >>> people = frame(RATERS, [{"rater": n, "rater_type": "human", "group": "friends"} for n in "xyz"])
    >>> said = frame(RATINGS, [{"rater": n, "stimulus": "a", "label": "sad", "weight": 1} for n in "xyz"])
    >>> too_small(Tables(clips, people, said)).values.tolist()
    [['friends', 'de', 3]]
    """
    said, own = coded(tables), _people(tables)
    tag, spoken = pd.factorize(tables.stimuli["language"].map(languages.normal))
    judged = np.zeros((len(tables.raters), len(spoken)), dtype=bool)
    judged[said.rater, tag[said.clip]] = True
    rater, language = np.nonzero(judged & own[:, None])
    group = named_group(tables.raters).to_numpy(dtype=object)[rater]
    named = pd.DataFrame({"group": group, "language": spoken[language]}, dtype="str")
    sizes = named.groupby(["group", "language"]).size().rename("listeners").reset_index()
    return sizes[sizes["listeners"] < least].reset_index(drop=True)


def for_public(tables: Tables, least: int = LEAST) -> tuple[Tables, tuple[str, ...]]:
    """The tables without what ``too_small`` names, and a sentence on what that took out; clips and raters go with it.

    Raises:
        BadInput: nothing is left.
    """
    small = too_small(tables, least)
    if small.empty:
        return tables, ()
    left = ~_given(tables, small)
    named = "; ".join(f"{row['group']} ({row['language']})" for row in small.to_dict("records"))
    said = f"Not for the public: groups of fewer than {least} listeners: {named} ({(~left).sum():,} ratings left out)."
    if not left.any():
        raise BadInput(f"nothing may be shown to the public: every group has fewer than {least} listeners: {named}")
    return Part(tables, left, judgements=True), (said,)


def _people(tables: Tables) -> npt.NDArray[np.bool_]:
    """Which raters are single people, ``[rater]``."""
    said, raters = coded(tables), tables.raters
    people = (raters["rater_type"] == "human").to_numpy(dtype=bool, copy=True)
    if PUBLISHED_COUNTS in raters:
        people &= (raters[PUBLISHED_COUNTS] == "").to_numpy(dtype=bool)
    people[said.rater[said.weight < 1]] = False
    return people


def _given(tables: Tables, small: pd.DataFrame) -> Mask:
    """Which ratings single people of these groups gave of clips in these languages, ``[rating]``."""
    said, people = coded(tables), _people(tables)
    named = pd.MultiIndex.from_frame(small[["group", "language"]])
    group, groups = pd.factorize(named_group(tables.raters))
    tag, spoken = pd.factorize(tables.stimuli["language"].map(languages.normal))
    wanted = pd.MultiIndex.from_product([groups, spoken]).isin(named).reshape(len(groups), len(spoken))
    return np.asarray(people[said.rater] & wanted[group[said.rater], tag[said.clip]], dtype=bool)
