"""The fixed parts of SERAB, by its rule: speakers in order, shuffled by a seed of 0, and cut at 60 and 80 %.

Agarla et al. 2023 (arXiv:2207.06767) list the speakers of six corpora; the rule gives these lists. Of ShEMO the code takes
two digits of the utterance's number for the speaker (``shemo.py``), so its parts share speakers: that, too, can be repeated,
by naming the column.

Source: Scheidwasser-Clow et al. 2022, "SERAB: A multi-lingual benchmark for speech emotion recognition" (ICASSP).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ser_core.errors import BadInput, Problem, nearest
from ser_core.splits import PARTS


def parts(speakers: Sequence[str]) -> dict[str, str]:
    """The part of each speaker.

    >>> dealt = parts(["03", "08", "09", "10", "11", "12", "13", "14", "15", "16"])
    >>> [who for who, part in dealt.items() if part == "test"]
    ['03', '12']
    """
    order = sorted(set(speakers))
    np.random.RandomState(0).shuffle(order)
    edges = int(0.6 * len(order)), int(0.8 * len(order))
    dealt = {who: PARTS[sum(n >= edge for edge in edges)] for n, who in enumerate(order)}
    return dict(sorted(dealt.items()))


def split(clips: pd.DataFrame, column: str = "speaker") -> pd.DataFrame:
    """The clips with a column ``split``, corpus by corpus.

    Args:
        clips: a stimuli table.
        column: who is taken for the speaker.

    Raises:
        BadInput: there is no such column or no clip, or clips of a corpus leave the column empty; each corpus.
    """
    if column not in clips:
        raise BadInput(f"no column '{column}' in these tables. {nearest(column, clips.columns)}")
    if clips.empty:
        raise BadInput("there is no clip to deal: the table is empty.")
    nameless = clips[clips[column] == ""]["corpus"].value_counts(sort=False)
    if len(nameless):
        raise BadInput(*(Problem(f"{corpus}: {n} clips say no {column}") for corpus, n in nameless.items()))
    dealt = {corpus: parts(list(own[column])) for corpus, own in clips.groupby("corpus")}
    return clips.assign(split=[dealt[corpus][who] for corpus, who in zip(clips["corpus"], clips[column], strict=True)])
