"""UA, unweighted accuracy: the mean of the recalls of the emotions that were heard.

    UA = mean over heard emotions c of n_cc / sum_l n_cl

Each emotion counts the same, however many of its clips were played; chance is 1 / number of emotions. Also called
unweighted average recall (UAR) or balanced accuracy. Never confuse it with WA, the share of right answers.

Source: B. Schuller, S. Steidl, A. Batliner, The INTERSPEECH 2009 Emotion Challenge, Interspeech 2009.

>>> float(METRIC.value(np.array([[3.0, 1.0, 0.0], [2.0, 1.0, 1.0]])))
0.5
"""

from __future__ import annotations

import numpy as np

from ser_core.metrics._confusion import Array, mean_of_known
from ser_core.metrics._metric import Metric
from ser_core.metrics.recall import recall


def ua(counts: Array) -> Array:
    """Counts ``[..., truth, label]`` -> UA ``[...]`` in [0, 1]."""
    return mean_of_known(recall(np.asarray(counts)))


METRIC = Metric(
    title="UA",
    help="unweighted accuracy: mean recall of the emotions that were heard",
    bounds=(0, 1),
    higher_is_better=True,
    per_emotion=False,
    value=ua,
)
