"""Precision: of the answers that named an emotion, the share that were right.

    precision_c = n_cc / sum_t n_tc

with n_tc the judgements of clips of truth t that were labelled c. Undefined (NaN) where nobody gave the answer, and where
no clip of the emotion was heard: it could then only be 0, which says nothing about the rater.

Precision depends on how often each emotion was played: a study with many neutral clips flatters ``neutral``.

Source: C. J. van Rijsbergen, Information Retrieval, 2nd ed., 1979, chapter 7.

>>> METRIC.value(np.array([[3.0, 1.0, 0.0], [2.0, 1.0, 1.0]]))
array([0.6, 0.5])
"""

from __future__ import annotations

import numpy as np

from ser_core.metrics._confusion import Array, chosen, heard, hits, share
from ser_core.metrics._metric import Metric


def precision(counts: Array) -> Array:
    """Counts ``[..., truth, label]`` -> precision ``[..., truth]`` in [0, 1]."""
    return share(hits(counts), np.where(heard(counts) > 0, chosen(counts), 0.0))


METRIC = Metric(
    title="Precision",
    help="of the answers that named this emotion, the share that were right",
    bounds=(0, 1),
    higher_is_better=True,
    per_emotion=True,
    value=precision,
    rests_on=chosen,
)
