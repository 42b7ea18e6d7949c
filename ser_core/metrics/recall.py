"""Recall: of the clips of an emotion, the share in which it was recognised.

    recall_c = n_cc / sum_l n_cl

with n_cl the judgements of clips of truth c that were labelled l. ``cannot_say`` stays in the denominator: the clip was
heard and not recognised. Undefined (NaN) where no clip of the emotion was heard.

Source: C. J. van Rijsbergen, Information Retrieval, 2nd ed., 1979, chapter 7.

>>> METRIC.value(np.array([[3.0, 1.0, 0.0], [2.0, 1.0, 1.0]]))
array([0.75, 0.25])
"""

from __future__ import annotations

import numpy as np

from ser_core.metrics._confusion import Array, heard, hits, share
from ser_core.metrics._metric import Metric


def recall(counts: Array) -> Array:
    """Counts ``[..., truth, label]`` -> recall ``[..., truth]`` in [0, 1]."""
    return share(hits(np.asarray(counts)), heard(counts))


METRIC = Metric(
    title="Recall",
    help="of the clips of this emotion, the share in which it was recognised",
    bounds=(0, 1),
    higher_is_better=True,
    per_emotion=True,
    value=recall,
    rests_on=heard,
)
