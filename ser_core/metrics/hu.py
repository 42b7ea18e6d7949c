"""Hu, Wagner's unbiased hit rate: recall times precision of an emotion.

    Hu_c = (n_cc / n_c.) (n_cc / n_.c)

with n_c. the judgements of clips of c and n_.c the answers c: how likely it is that a clip of the emotion is recognised and
that the answer is right when it is given. Who answers "angry" to everything recognises all anger and has a small Hu. Chance
is the product of the two shares, (n_c. / n) (n_.c / n), so it differs between emotions and listeners. 0 where the emotion
was heard and never recognised, answered or not; undefined (NaN) where no clip of it was heard.

Source: H. L. Wagner, On measuring performance in category judgment studies of nonverbal behavior, Journal of Nonverbal
Behavior 17, 1993.

>>> METRIC.value(np.array([[3.0, 1.0, 0.0], [3.0, 1.0, 0.0]])).tolist()
[0.375, 0.125]
"""

from __future__ import annotations

import numpy as np

from ser_core.metrics._confusion import Array, chosen, heard, hits, share
from ser_core.metrics._metric import Metric


def hu(counts: Array) -> Array:
    """Counts ``[..., truth, label]`` -> unbiased hit rate ``[..., truth]`` in [0, 1]."""
    asked, right = heard(counts), hits(counts)
    return np.where(asked > 0, share(right, asked) * share(right, np.where(right > 0, chosen(counts), 1.0)), np.nan)


METRIC = Metric(
    title="Hu",
    help="unbiased hit rate: recall times precision of this emotion",
    bounds=(0, 1),
    higher_is_better=True,
    per_emotion=True,
    value=hu,
    rests_on=heard,
    compared=False,
)
