"""What a study consists of and what its listeners get, as tables a page shows and a researcher downloads."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from listening_tests.store import Invitation
from listening_tests.study import Study
from ser_core.emotions import in_order


def clips(study: Study) -> pd.DataFrame:
    """How many clips of each emotion there are: one row per part (test, practice) and language, test first.

    Clips whose emotion nobody knows count as ``unknown``.
    """
    known = study.stimuli.assign(truth=study.stimuli["truth"].replace("", "unknown"))
    counted = known.groupby(["part", "language", "truth"]).size().unstack(fill_value=0)
    counted = counted[in_order(set(counted.columns))]
    counted.insert(len(counted.columns), "total", counted.sum(axis=1))
    rows = counted.reset_index()
    return pd.DataFrame(rows.sort_values(["part", "language"], key=_test_first, ignore_index=True).rename_axis(columns=None))


def _test_first(column: pd.Series) -> pd.Series:
    return column.map(lambda name: (name != "test", name)) if column.name == "part" else column


def links(study: Study, invitations: Sequence[Invitation], address: str) -> pd.DataFrame:
    """A personal link for each invitation: ``participant, link``. Only hashes of tokens are kept, so keep this table.

    Args:
        study: what they are invited to.
        invitations: as ``Store.invite`` gave them.
        address: of the server, such as ``https://listen.example.org``, with nothing after it.
    """
    rows = [(i.participant, f"{address}/listen?study={study.id}&token={i.token}") for i in invitations]
    return pd.DataFrame(rows, columns=["participant", "link"])
