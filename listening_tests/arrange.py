"""Orders of clips: Latin squares, and shuffles in which no value stands too often in a row and no clip returns too soon.

A shuffle with limits is drawn in two steps. First some order that keeps to them: a clip is drawn from those left, as
long as the rest can still be put in order. For one column that can be told from counts alone: with at most m in a row,
the c clips of a value fit if and only if c <= m * (others + 1), since every run but the last needs another clip after
it. Several columns at once have no such rule, so whoever ends in a dead end goes back and remembers it. Then pairs of
clips are exchanged at random, many times over, wherever the limits still hold. Such a walk goes as easily from any
order to another as back, and so comes to every order that it reaches equally often: which order the first step liked
best does not matter.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

Values = tuple[str, ...]
"""The values of one clip in the limited columns; an empty one is unknown, and the same as no other."""

_SHUFFLES = 20
_RESTARTS = 4
_EXCHANGES = 8  # per clip


def williams(count: int) -> list[list[int]]:
    """A Latin square that is balanced for what comes before: in all rows together, each thing stands at each place equally
    often, and right after each other thing equally often (Williams 1949, doi 10.1071/CH9490149).

    Returns:
        ``count`` rows for an even count, twice as many for an odd one, for which a single square cannot do it.

    >>> williams(4)
    [[0, 1, 3, 2], [1, 2, 0, 3], [2, 3, 1, 0], [3, 0, 2, 1]]
    """
    first = [(n + 1) // 2 if n % 2 else (count - n // 2) % count for n in range(count)]
    rows = [[(n + shift) % count for n in first] for shift in range(count)]
    return rows + [row[::-1] for row in rows] if count % 2 and count > 1 else rows


def apart(total: int) -> int:
    """How far apart the two hearings of a clip should be among so many: a quarter of them, and never one right after the
    other."""
    return max(2, -(-total // 4))


def order(
    values: Sequence[Values], most: Sequence[int], twins: Sequence[tuple[int, int]], rng: random.Random
) -> list[int] | None:
    """The numbers of the clips in an order drawn at random from those that keep to the limits.

    Args:
        values: for each clip, its value in each limited column.
        most: for each of these columns, how many in a row may have the same value.
        twins: pairs of numbers that stand for the same clip. They are kept ``apart``, or as far as can be, and are never
            neighbours.
        rng: all chance there is.

    Returns:
        The order, or None if there is none (or none was found within a reasonable time, which only happens with several
        columns that hardly leave one).
    """
    numbers = list(range(len(values)))
    if not twins:
        for _ in range(_SHUFFLES):  # where many orders will do, each of them is exactly as likely as the others
            rng.shuffle(numbers)
            if not _too_long(numbers, values, most):
                return numbers
    for attempt in range(_RESTARTS):
        begun = _sequence(values, most, rng, eager=attempt)
        if begun is None:
            return None
        if begun:
            walk = _Walk(begun, values, most, twins)
            if walk.walk(rng):
                return walk.order
    return [] if not values else None


def _too_long(order: Sequence[int], values: Sequence[Values], most: Sequence[int]) -> bool:
    last, runs = [""] * len(most), [0] * len(most)
    for number in order:
        for c, value in enumerate(values[number]):
            runs[c] = runs[c] + 1 if value and value == last[c] else 1
            if runs[c] > most[c]:
                return True
            last[c] = value
    return False


def _sequence(values: Sequence[Values], most: Sequence[int], rng: random.Random, *, eager: int) -> list[int] | None:
    """An order that keeps to ``most``: None if there is none, empty if the search took too long.

    ``eager``: how much the kinds of which most are left come first.
    """
    numbers: dict[Values, list[int]] = {}
    for number in rng.sample(range(len(values)), len(values)):
        numbers.setdefault(values[number], []).append(number)
    kinds = sorted(numbers)
    search = _Search(kinds, [len(numbers[kind]) for kind in kinds], most)
    found = search.run(rng, eager, budget=20 * len(values) + 5000)
    return None if found is None else [numbers[kinds[kind]].pop() for kind in found]


class _Search:
    """Puts kinds of clips, clips with the same values, in order; goes back from dead ends."""

    def __init__(self, kinds: Sequence[Values], counts: list[int], most: Sequence[int]):
        self.kinds, self.left, self.most = kinds, counts, most
        self.remaining = sum(counts)
        self.by_value: list[Counter[str]] = [Counter() for _ in most]
        for kind, count in zip(kinds, counts, strict=True):
            for c, value in enumerate(kind):
                self.by_value[c][value] += count
        self.runs: list[tuple[tuple[str, int], ...]] = [tuple(("", 0) for _ in most)]

    def run(self, rng: random.Random, eager: int, *, budget: int) -> list[int] | None:
        """The kinds in order; None if there is no order, empty if ``budget`` steps did not find one."""
        if any(not self._fits(c) for c in range(len(self.most))):
            return None
        dead: set[tuple[object, ...]] = set()
        path: list[int] = []
        open_kinds = [self._candidates()]
        for _ in range(budget):
            if not self.remaining:
                return path
            candidates = open_kinds[-1]
            if candidates and (tuple(self.left), self.runs[-1]) not in dead:
                weights = [self.left[kind] ** (1 + eager) for kind in candidates]
                kind = rng.choices(candidates, weights)[0]
                candidates.remove(kind)
                self._put(kind)
                path.append(kind)
                open_kinds.append(self._candidates())
                continue
            dead.add((tuple(self.left), self.runs[-1]))
            if not path:
                return None
            open_kinds.pop()
            self._take_back(path.pop())
        return []

    def _fits(self, c: int) -> bool:
        worst = max((n for value, n in self.by_value[c].items() if value), default=0)
        return worst <= self.most[c] * (self.remaining - worst + 1)

    def _candidates(self) -> list[int]:
        """The kinds that may come next: not too often in a row, and no other value has to come now to find room at all."""
        wanted = [self._urgent(c) for c in range(len(self.most))]
        full = [value if run >= self.most[c] else None for c, (value, run) in enumerate(self.runs[-1])]
        return [
            kind
            for kind, values in enumerate(self.kinds)
            if self.left[kind]
            and all(
                (not value or value != full[c]) and (not wanted[c] or wanted[c] == {value}) for c, value in enumerate(values)
            )
        ]

    def _urgent(self, c: int) -> set[str]:
        most, left = self.most[c], self.remaining
        return {value for value, n in self.by_value[c].items() if value and n and n > most * (left - n)}

    def _put(self, kind: int) -> None:
        self.left[kind] -= 1
        self.remaining -= 1
        for c, value in enumerate(self.kinds[kind]):
            self.by_value[c][value] -= 1
        before = self.runs[-1]
        self.runs.append(
            tuple((v, run + 1 if v and v == last else 1) for v, (last, run) in zip(self.kinds[kind], before, strict=True))
        )

    def _take_back(self, kind: int) -> None:
        self.runs.pop()
        self.left[kind] += 1
        self.remaining += 1
        for c, value in enumerate(self.kinds[kind]):
            self.by_value[c][value] += 1


class _Walk:
    """Exchanges clips of an order at random where its limits still hold; twins only ever come to stand further apart, until
    they are as far apart as they should be."""

    def __init__(
        self, order: list[int], values: Sequence[Values], most: Sequence[int], twins: Sequence[tuple[int, int]]
    ) -> None:
        self.order, self.values, self.most = order, values, most
        self.place = {number: i for i, number in enumerate(order)}
        self.twin = dict(twins) | {b: a for a, b in twins}
        self.wanted = apart(len(order))
        self.lacking = sum(self._lack(a) for a, _ in twins)

    def walk(self, rng: random.Random) -> bool:
        """Walk for as long as it needs; whether no twins are neighbours now."""
        n = len(self.order)
        if n < 2:
            return True
        for _ in range(_EXCHANGES):
            for _ in range(n):
                self._exchange(rng.randrange(n), rng.randrange(n))
        for _ in range(0 if not self.lacking else 20 * n):
            self._exchange(rng.randrange(n), rng.randrange(n))
        return all(abs(self.place[a] - self.place[b]) > 1 for a, b in self.twin.items())

    def _lack(self, number: int) -> int:
        other = self.twin.get(number)
        return 0 if other is None else max(0, self.wanted - abs(self.place[number] - self.place[other]))

    def _exchange(self, i: int, j: int) -> None:
        if i == j:
            return
        a, b = self.order[i], self.order[j]
        before = self._lack(a) + self._lack(b) if self.twin else 0
        self._swap(i, j)
        after = self._lack(a) + self._lack(b) if self.twin else 0
        if after > before or self._too_long_at(i) or self._too_long_at(j):
            self._swap(i, j)
        else:
            self.lacking += after - before

    def _swap(self, i: int, j: int) -> None:
        order = self.order
        order[i], order[j] = order[j], order[i]
        self.place[order[i]], self.place[order[j]] = i, j

    def _too_long_at(self, i: int) -> bool:
        order, values = self.order, self.values
        for c, value in enumerate(values[order[i]]):
            if not value:
                continue
            low = high = i
            while low and values[order[low - 1]][c] == value:
                low -= 1
            while high + 1 < len(order) and values[order[high + 1]][c] == value:
                high += 1
            if high - low >= self.most[c]:
                return True
        return False
