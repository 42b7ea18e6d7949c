"""d': how well an emotion is told from all the others, whatever the readiness to answer it.

Each emotion is a yes/no task of its own, one against the rest: was it said of its own clips (a hit), was it said of other
clips (a false alarm)? With 0.5 added to each of the four cells (the log-linear correction), so that shares of 0 and 1 have a
place on the normal curve,

    H_c = (n_cc + 0.5) / (n_c. + 1),    F_c = (n_.c - n_cc + 0.5) / (n - n_c. + 1),    d'_c = z(H_c) - z(F_c)

with n_c. the judgements of clips of c, n_.c the answers c, n all judgements, and z the inverse of the normal distribution.
0 is guessing; the greatest possible value grows with the number of judgements, since the correction shrinks with it.
Undefined (NaN) where no clip of the emotion was heard, or none of another.

What misleads: this is not the d' of a choice among m emotions, only comparable to other values made this way from as many
emotions. Of a group it is taken from pooled judgements: listeners of different readiness make it smaller than their mean.

Sources: D. M. Green, J. A. Swets, Signal Detection Theory and Psychophysics, 1966. M. J. Hautus, Corrections for extreme
proportions and their biasing effects on estimated values of d', Behavior Research Methods 27, 1995.

>>> METRIC.value(np.array([[3.0, 1.0], [1.0, 3.0]])).round(4)  # z(0.7) - z(0.3)
array([1.0488, 1.0488])
"""

from __future__ import annotations

import numpy as np

from ser_core.metrics._confusion import Array, chosen, heard, hits, total
from ser_core.metrics._metric import Metric


def d_prime(counts: Array) -> Array:
    """Counts ``[..., truth, label]`` -> d' ``[..., truth]``."""
    from scipy.special import ndtri  # here, because it takes as long as all else that a command needs

    own, right = heard(counts), hits(counts)
    other, wrong = total(counts)[..., None] - own, chosen(counts) - right
    value = ndtri((right + 0.5) / (own + 1)) - ndtri((wrong + 0.5) / (other + 1))
    return np.where((own > 0) & (other > 0), value, np.nan)


def _all(counts: Array) -> Array:
    return np.broadcast_to(total(counts)[..., None], counts.shape[:-1])


METRIC = Metric(
    title="d'",
    help="how well this emotion is told from all others, whatever the readiness to answer it; 0 is guessing",
    bounds=(-np.inf, np.inf),
    higher_is_better=True,
    per_emotion=True,
    value=d_prime,
    rests_on=_all,
    compared=False,
)
