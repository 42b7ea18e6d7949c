"""What a measure is: a few words for the reader, and one function: of counts for recognition, of clips for marked parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ser_core.metrics._confusion import Array, total
from ser_core.registry import discover


@dataclass(frozen=True)
class Measure:
    """What every measure says of itself.

    Attributes:
        title: its name in tables and figures.
        help: what it says, in one sentence.
        bounds: smallest and greatest value it can have.
        higher_is_better: whether the greater value is the better one.
    """

    title: str
    help: str
    bounds: tuple[float, float]
    higher_is_better: bool


@dataclass(frozen=True)
class Metric(Measure):
    """One measure of how well emotions were recognised.

    Attributes:
        per_emotion: whether there is one value for each truth (else one for all).
        value: counts ``[..., truth, label]`` (see ``_confusion``) -> ``[..., truth]`` if ``per_emotion`` else ``[...]``;
            NaN where it is undefined.
        rests_on: counts -> how many judgements each value rests on, in the shape of ``value``.
        compared: for one of each emotion, whether groups of people are tested on it. Measures that ask the same of the
            same cells in other words are not: each would make the family larger, and every corrected p value with it.
    """

    per_emotion: bool
    value: Callable[[Array], Array]
    rests_on: Callable[[Array], Array] = total
    compared: bool = True


@dataclass(frozen=True)
class SegmentMetric(Measure):
    """One measure of how well it was found where an emotion shows; of all clips, or of those of one truth.

    Attributes:
        value: weight ``[..., clip]``, EDER of each clip ``[clip]`` and its length in s ``[clip]`` -> ``[...]``; NaN where
            all weights are 0.
    """

    value: Callable[[Array, Array, Array], Array]


def metrics() -> dict[str, Metric]:
    """Every metric of recognition by its name, those of a whole table before those of each emotion.

    >>> list(metrics())
    ['macro_f1', 'ua', 'wa', 'd_prime', 'f1', 'hu', 'precision', 'recall']
    """
    found = {name: metric for name, metric in _all().items() if isinstance(metric, Metric)}
    return dict(sorted(found.items(), key=lambda item: item[1].per_emotion))


def segment_metrics() -> dict[str, SegmentMetric]:
    """Every metric of marked parts by its name.

    >>> list(segment_metrics())
    ['eder', 'eder_pooled']
    """
    return {name: metric for name, metric in _all().items() if isinstance(metric, SegmentMetric)}


def _all() -> dict[str, Measure]:
    return discover("ser_core.metrics", "METRIC")
