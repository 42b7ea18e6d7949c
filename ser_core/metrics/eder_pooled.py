"""EDER pooled over time: the share of all time, whatever clip it is in, of which something wrong was said.

    pooled = sum_u w_u D_u EDER_u / sum_u w_u D_u,    D_u the length of clip u

Long clips count for more than short ones; the mean over clips (``eder``) counts each the same. Undefined (NaN) where no clip
was marked.

>>> import numpy as np
>>> float(METRIC.value(np.array([1.0, 1.0]), np.array([0.5, 0.0]), np.array([1.0, 3.0])))
0.125
"""

from __future__ import annotations

from ser_core.metrics._confusion import Array, share
from ser_core.metrics._metric import SegmentMetric


def eder_pooled(weight: Array, rate: Array, duration_s: Array) -> Array:
    """Weights ``[..., clip]``, EDER and length in s of each clip ``[clip]`` -> EDER of all their time ``[...]``."""
    return share(weight @ (rate * duration_s), weight @ duration_s)


METRIC = SegmentMetric(
    title="EDER pooled over time",
    help="share of the time of all marked clips of which something wrong was said",
    bounds=(0, 1),
    higher_is_better=False,
    value=eder_pooled,
)
