"""What a measure of recognition is: a few words for the reader, and one function of the counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ser_core.metrics._confusion import Array, total
from ser_core.registry import discover


@dataclass(frozen=True)
class Metric:
    """One measure of how well emotions were recognised.

    Attributes:
        title: its name in tables and figures.
        help: what it says, in one sentence.
        bounds: smallest and greatest value it can have.
        higher_is_better: whether the greater value is the better one.
        per_emotion: whether there is one value for each truth (else one for all).
        value: counts ``[..., truth, label]`` (see ``_confusion``) -> ``[..., truth]`` if ``per_emotion`` else ``[...]``;
            NaN where it is undefined.
        rests_on: counts -> how many judgements each value rests on, in the shape of ``value``.
    """

    title: str
    help: str
    bounds: tuple[float, float]
    higher_is_better: bool
    per_emotion: bool
    value: Callable[[Array], Array]
    rests_on: Callable[[Array], Array] = total


def metrics() -> dict[str, Metric]:
    """Every metric by its name, those of a whole table before those of each emotion.

    >>> list(metrics())
    ['macro_f1', 'ua', 'wa', 'f1', 'precision', 'recall']
    """
    found: dict[str, Metric] = discover("ser_core.metrics", "METRIC")
    return dict(sorted(found.items(), key=lambda item: item[1].per_emotion))
