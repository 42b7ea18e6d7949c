"""What may be shown to everybody: no group of fewer than five listeners, in any language.

A group of three is three people, whom their friends can tell apart. Therefore the judgements that a group gave of clips in a
language are taken out, before anything is counted, where fewer than ``LEAST`` of its listeners judged such clips. The same
holds of the clips of one corpus, and of one emotion, of which tables have rows of their own. As nothing is counted with what
is taken out, no total less its parts gives it back. Models stay, and so does who stands for many together: the votes of a
corpus (weights below 1), or counts that a paper prints.

What it does not do: it makes nobody anonymous. Files still hold a row for each listener of the larger groups, under the
pseudonym of the export; and who compares two filtered views can tell what lies between them.
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


_OF_CLIPS = ("", "corpus", "truth")
"""What of clips a row of a table is of, beside their language."""


def too_small(tables: Tables, least: int = LEAST) -> pd.DataFrame:
    """Groups of people with fewer listeners than ``least`` in a language: ``group, language, listeners``.

    >>> from ser_core.ratings import RATERS, RATINGS, STIMULI, frame
    >>> clips = frame(STIMULI, [{"stimulus": "a", "language": "de", "truth": "sad"}])
    >>> people = frame(RATERS, [{"rater": n, "rater_type": "human", "group": "friends"} for n in "xyz"])
    >>> said = frame(RATINGS, [{"rater": n, "stimulus": "a", "label": "sad", "weight": 1} for n in "xyz"])
    >>> too_small(Tables(clips, people, said)).values.tolist()
    [['friends', 'de', 3]]
    """
    return _few(tables, slice(None), "", least)[0].drop(columns="of")


def for_public(tables: Tables, least: int = LEAST) -> tuple[Tables, tuple[str, ...]]:
    """The tables without what ``too_small`` names, and what small groups gave of a corpus or an emotion in a language; and a
    sentence on what that took out; clips and raters go with it.

    Raises:
        BadInput: nothing is left.
    """
    named: list[str] = []
    left, before = np.ones(len(coded(tables)), dtype=bool), -1
    while len(named) > before:  # who is gone from one emotion may have been the fifth of a language
        before = len(named)
        for by in _OF_CLIPS:
            small, given = _few(tables, left, by, least)
            left &= ~given
            rows = small.to_dict("records")
            named += [f"{row['group']} ({', '.join(filter(None, (row['language'], row['of'])))})" for row in rows]
    if not named:
        return tables, ()
    told = "; ".join(named)
    said = f"Not for the public: groups of fewer than {least} listeners: {told} ({(~left).sum():,} ratings left out)."
    if not left.any():
        raise BadInput(f"nothing may be shown to the public: every group has fewer than {least} listeners: {told}")
    return Part(tables, left, judgements=True), (said,)


def _few(tables: Tables, left: Mask | slice, by: str, least: int) -> tuple[pd.DataFrame, Mask]:
    """Groups with too few listeners left for a language and what ``by`` says of clips: ``group, language, of, listeners``;
    and which ratings they gave there, ``[rating]``."""
    said, people = coded(tables), _people(tables)
    clips = tables.stimuli
    of_clip = clips[["language"]].assign(language=clips["language"].map(languages.normal), of=clips[by] if by else "")
    places = of_clip.drop_duplicates().sort_values(["language", "of"], ignore_index=True)
    place = np.asarray(pd.MultiIndex.from_frame(places).get_indexer(pd.MultiIndex.from_frame(of_clip)), dtype=np.int64)
    group, groups = pd.factorize(named_group(tables.raters), sort=True)
    judged = np.zeros((len(group), len(places)), dtype=bool)
    rater, clip = said.rater[left], said.clip[left]
    judged[rater, place[clip]] = True
    number = (group == np.arange(len(groups))[:, None]).astype(np.int64) @ (judged & people[:, None])
    few = (number > 0) & (number < least)
    which, where = np.nonzero(few)
    found = places.iloc[where].reset_index(drop=True)
    found = pd.DataFrame({"group": groups[which], **found, "listeners": number[which, where]})
    given = np.zeros(len(said), dtype=bool)
    if len(found):
        given[left] = people[rater] & few[group[rater], place[clip]]
    return found, given


def _people(tables: Tables) -> npt.NDArray[np.bool_]:
    """Which raters are single people, ``[rater]``."""
    said, raters = coded(tables), tables.raters
    people = (raters["rater_type"] == "human").to_numpy(dtype=bool, copy=True)
    if PUBLISHED_COUNTS in raters:
        people &= (raters[PUBLISHED_COUNTS] == "").to_numpy(dtype=bool)
    people[said.rater[said.weight < 1]] = False
    return people
