"""What methods that learn by epochs share: settings that fall back on a preset, and lessons that cannot be learned."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import pandas as pd

from ser_core.emotions import in_order
from ser_core.errors import BadInput, Problem
from ser_core.probing import Recipe

AnyRecipe = TypeVar("AnyRecipe", bound=Recipe)


@dataclass(frozen=True)
class Learning:
    """How it is learned; what is left empty is the preset's."""

    seed: int = 0
    """Of all that is drawn: what weights start from, the order of clips, what dropout drops."""
    preset: Literal["paper", "as_run"] = "paper"
    """Han et al. 2025: as its text says, or as its authors' code did."""
    hidden: str | tuple[int, ...] = ""
    """Widths of the head's hidden layers, such as 128,16; none: no hidden layer."""
    learning_rate: float | None = None
    epsilon: float | None = None
    weight_decay: float | None = None
    batch: int | None = None
    """Clips of one step of the optimizer."""
    epochs: int | None = None
    """At most."""
    patience: int | None = None
    """Epochs without a lower dev loss after which it is over."""
    keep: Literal["loss", "accuracy"] | None = None
    """Kept are the weights of the lowest dev loss, or of the first highest dev accuracy."""

    def __post_init__(self) -> None:
        """Refuse a seed that there is not; widths are written as ``--set`` takes them."""
        if not isinstance(self.hidden, str):
            object.__setattr__(self, "hidden", ",".join(map(str, self.hidden)) or "none")
        if self.seed < 0:
            raise BadInput(f"seed must be 0 or more, not {self.seed}.")

    def recipe_of(self, presets: Mapping[str, AnyRecipe]) -> AnyRecipe:
        """The preset's, with what was chosen beside it.

        Raises:
            BadInput: it cannot be learned with; all of it at once.
        """
        preset = presets[self.preset]
        chosen: dict[str, Any] = {field.name: getattr(self, field.name) for field in dataclasses.fields(preset)}
        chosen["hidden"] = widths(str(self.hidden)) if self.hidden else None
        return dataclasses.replace(preset, **{name: value for name, value in chosen.items() if value is not None})


def refused(*checks: Callable[[], object]) -> list[Problem]:
    """Whatever is wrong with what is checked, each once."""
    problems: dict[Problem, None] = {}
    for check in checks:
        try:
            check()
        except BadInput as bad:
            problems |= dict.fromkeys(bad.problems)
    return list(problems)


def widths(written: str) -> tuple[int, ...]:
    """Of hidden layers.

    >>> widths("128,16"), widths("none")
    ((128, 16), ())

    Raises:
        BadInput: it is no list of numbers.
    """
    words = [] if written == "none" else written.replace(",", " ").split()
    if wrong := [word for word in words if not word.isdecimal()]:
        raise BadInput(f"hidden must be widths such as 128,16, or none, not '{written}' ('{wrong[0]}' is no width).")
    return tuple(map(int, words))


def unteachable(labels: tuple[str, ...], train: pd.DataFrame, dev: pd.DataFrame) -> list[Problem]:
    """Why a model of these emotions can learn nothing from these clips; empty if it can."""
    problems = []
    if len(labels) < 2:
        held = f"only {labels[0]}" if labels else "none"
        problems.append(Problem(f"at least two emotions are needed to tell apart; the training part holds {held}."))
    for part, clips in (("training", train), ("dev", dev)):
        if strange := in_order(set(clips["truth"]) - set(labels)):
            problems.append(Problem(f"{part} clips are {', '.join(strange)}; the model learns {', '.join(labels)} alone."))
    return problems
