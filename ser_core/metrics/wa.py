"""WA, weighted accuracy: the share of all judgements that were right (plain accuracy).

    WA = sum_c n_cc / sum_cl n_cl

Emotions that were played more often count for more. Undefined (NaN) where nothing was judged.

Source: B. Schuller, S. Steidl, A. Batliner, The INTERSPEECH 2009 Emotion Challenge, Interspeech 2009.

>>> float(METRIC.value(np.array([[3.0, 1.0, 0.0], [0.0, 1.0, 0.0]])))
0.8
"""

from __future__ import annotations

import numpy as np

from ser_core.metrics._confusion import Array, hits, share, total
from ser_core.metrics._metric import Metric


def wa(counts: Array) -> Array:
    """Counts ``[..., truth, label]`` -> WA ``[...]`` in [0, 1]."""
    counts = np.asarray(counts)
    return share(hits(counts).sum(axis=-1), total(counts))


METRIC = Metric(
    title="WA",
    help="weighted accuracy: share of all judgements that were right",
    bounds=(0, 1),
    higher_is_better=True,
    per_emotion=False,
    value=wa,
)
