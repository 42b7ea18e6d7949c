"""What is made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

T = TypeVar("T")


class Later(Mapping[str, T]):
    """Things by their names, each made when it is first asked for, and once.

    >>> Later({"a": lambda: 1, "b": lambda: 1 // 0})["a"]
    1
    """

    def __init__(self, makers: Mapping[str, Callable[[], T]]):
        self._makers = makers
        self._made: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)
