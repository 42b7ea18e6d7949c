"""Which of a study's clips one listener hears, where each hears a part of them only.

The least covered come first, so that in the end every clip was heard equally often. ``balanced_by`` says of which columns
each share must hold the values as often as all clips together do: equally often, where there are equally many clips of each.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

from listening_tests.arrange import Values


def share(
    clips: Sequence[str],
    count: int,
    *,
    values: Mapping[str, Values],
    coverage: Mapping[str, int],
    rng: random.Random,
) -> list[str]:
    """So many of the clips, in their order.

    Each combination of values gets its share rounded down. What is left goes to the clips that are covered least, and among
    them to those of the values that are, as long as no value gets more than its share rounded up. Chance decides the rest.

    >>> values = {"a1": ("angry",), "a2": ("angry",), "s1": ("sad",), "s2": ("sad",)}
    >>> share(list(values), 2, values=values, coverage={"a1": 1, "s2": 1}, rng=random.Random(0))
    ['a2', 's1']
    """
    bounds = _Bounds(clips, count, values)
    chance = {clip: n for n, clip in enumerate(rng.sample(list(clips), len(clips)))}
    covered = bounds.covered(coverage)
    waiting = sorted(
        clips, key=lambda clip: (coverage.get(clip, 0), sum(covered[p] for p in bounds.parts(clip)), chance[clip])
    )
    room = {cell: count * n // len(clips) for cell, n in Counter(values[clip] for clip in clips).items()}
    chosen: set[str] = set()
    for clip in waiting:
        if room[values[clip]]:
            room[values[clip]] -= 1
            chosen.add(clip)
    bounds.used.update(part for clip in chosen for part in bounds.parts(clip))
    while len(chosen) < count:
        waiting = [clip for clip in waiting if clip not in chosen]
        allowed = (clip for clip in waiting if not bounds.excess(clip))
        clip = next(allowed, None) or min(waiting, key=bounds.excess)  # always the first: the least covered
        chosen.add(clip)
        bounds.used.update(bounds.parts(clip))
    return [clip for clip in clips if clip in chosen]


def most_of(total: int, part: int, count: int) -> int:
    """How many clips of a value a share of ``count`` of ``total`` holds at most, if ``part`` of them all have it."""
    return -(-count * part // total)


class _Bounds:
    """How many clips of a value, and of a combination of values, a share may hold."""

    def __init__(self, clips: Sequence[str], count: int, values: Mapping[str, Values]):
        self.values = values
        self.clips = clips
        self.total = Counter(part for clip in clips for part in self.parts(clip))
        self.most = {part: most_of(len(clips), n, count) for part, n in self.total.items()}
        self.used: Counter[object] = Counter()

    def parts(self, clip: str) -> list[object]:
        """The clip's combination of values, and each value with its column."""
        return [self.values[clip], *enumerate(self.values[clip])]

    def covered(self, coverage: Mapping[str, int]) -> dict[object, Fraction]:
        """How often the clips of each combination and value are covered on average."""
        sums: Counter[object] = Counter()
        for clip in self.clips:
            for part in self.parts(clip):
                sums[part] += coverage.get(clip, 0)
        return {part: Fraction(sums[part], n) for part, n in self.total.items()}

    def excess(self, clip: str) -> int:
        """How many bounds it would break to choose the clip too."""
        return sum(self.used[part] >= self.most[part] for part in self.parts(clip))
