"""Macro-F1: the mean of the F1 of the emotions that were heard, each emotion counting the same.

    macro-F1 = mean over heard emotions c of F1_c

Of the two definitions in use this is the mean of F1 scores, not the F1 of mean precision and mean recall; they differ.

Source: J. Opitz, S. Burst, Macro F1 and Macro F1, arXiv:1911.03347, 2019.

>>> float(METRIC.value(np.array([[3.0, 1.0, 0.0], [2.0, 2.0, 0.0]])).round(4))
0.619
"""

from __future__ import annotations

import numpy as np

from ser_core.metrics._confusion import Array, mean_of_known
from ser_core.metrics._metric import Metric
from ser_core.metrics.f1 import f1


def macro_f1(counts: Array) -> Array:
    """Counts ``[..., truth, label]`` -> macro-F1 ``[...]`` in [0, 1]."""
    return mean_of_known(f1(np.asarray(counts)))


METRIC = Metric(
    title="Macro-F1",
    help="mean F1 of the emotions that were heard",
    bounds=(0, 1),
    higher_is_better=True,
    per_emotion=False,
    value=macro_f1,
)
