"""F1: the harmonic mean of precision and recall of an emotion.

    F1_c = 2 n_cc / (sum_l n_cl + sum_t n_tc)

which is 2PR / (P + R) wherever that is defined, and 0 where the emotion was heard and never recognised. Undefined (NaN)
where no clip of the emotion was heard.

Source: C. J. van Rijsbergen, Information Retrieval, 2nd ed., 1979, chapter 7 (1 - E with equal weights).

>>> METRIC.value(np.array([[3.0, 1.0, 0.0], [2.0, 2.0, 0.0]])).round(4)
array([0.6667, 0.5714])
"""

from __future__ import annotations

import numpy as np

from ser_core.metrics._confusion import Array, chosen, heard, hits, share
from ser_core.metrics._metric import Metric


def f1(counts: Array) -> Array:
    """Counts ``[..., truth, label]`` -> F1 ``[..., truth]`` in [0, 1]."""
    asked = heard(counts)
    return share(2 * hits(counts), np.where(asked > 0, asked + chosen(counts), 0.0))


def _heard_or_chosen(counts: Array) -> Array:
    return np.asarray(heard(counts) + chosen(counts) - hits(counts))


METRIC = Metric(
    title="F1",
    help="harmonic mean of precision and recall of this emotion",
    bounds=(0, 1),
    higher_is_better=True,
    per_emotion=True,
    value=f1,
    rests_on=_heard_or_chosen,
)
