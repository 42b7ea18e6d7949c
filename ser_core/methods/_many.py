"""What methods have in common that train many heads on pooled features as one program (``ser_core/probing*``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

import numpy as np
import pandas as pd

from ser_core.errors import BadInput, Problem
from ser_core.methods._learning import unteachable
from ser_core.methods._method import CURVE, Lesson, Told, emotions_of
from ser_core.probing import Fitted, Recipe, Rows

Model = TypeVar("Model")


def many(
    lessons: Sequence[Lesson], shared: Callable[[Lesson], object], together: Callable[[Sequence[Lesson]], list[Model]]
) -> list[Model]:
    """The models of all lessons; those that share what ``shared`` says are made together.

    Raises:
        BadInput: only one emotion to learn, a dev clip of an emotion that is not learned; of all lessons at once.
    """
    wrong = (unteachable(emotions_of(lesson.train), lesson.train, lesson.dev) for lesson in lessons)
    if problems := [problem for found in wrong for problem in found]:
        raise BadInput(*dict.fromkeys(problems))
    order = sorted(range(len(lessons)), key=lambda n: repr(shared(lessons[n])))
    models: dict[int, Model] = {}
    for _, alike in groupby(order, key=lambda n: shared(lessons[n])):
        block = list(alike)
        models |= zip(block, together([lessons[n] for n in block]), strict=True)
    return [models[n] for n in range(len(lessons))]


@dataclass(frozen=True)
class Pool:
    """The clips of lessons, each once."""

    clips: pd.DataFrame
    truth: Rows
    """[clip], the place of each clip's emotion among the labels."""
    _rows: Mapping[int, Rows]

    def parts(self, lesson: Lesson) -> tuple[Rows, Rows]:
        """Which clips a lesson learns from, and which stop it."""
        return self._rows[id(lesson.train)], self._rows[id(lesson.dev)]


def pool(lessons: Sequence[Lesson], labels: tuple[str, ...]) -> Pool:
    """Of lessons that learn the same emotions; a clip that is said to be of two is two."""
    tables = {id(table): table for lesson in lessons for table in (lesson.train, lesson.dev)}  # many learn from one table
    clips = pd.concat(list(tables.values()), ignore_index=True).drop_duplicates(["sha256", "truth"], ignore_index=True)
    at = {clip: n for n, clip in enumerate(zip(clips["sha256"], clips["truth"], strict=True))}
    rows = {
        key: np.array([at[clip] for clip in zip(table["sha256"], table["truth"], strict=True)], dtype=np.int64)
        for key, table in tables.items()
    }
    return Pool(clips, np.array([labels.index(label) for label in clips["truth"]]), rows)


def all_numbers(heads: Sequence[Fitted], recipe: Recipe) -> None:
    """Whether all have learned.

    Raises:
        BadInput: the loss of one is no number any more.
    """
    if problems := list(dict.fromkeys(_lost(heads, recipe))):
        raise BadInput(*problems)


def _lost(heads: Sequence[Fitted], recipe: Recipe) -> Iterator[Problem]:
    for head in heads:
        lost = ~np.isfinite(head.curve[:, 0])
        if lost.any():
            yield Problem(
                f"the loss is no number any more in epoch {int(lost.argmax()) + 1} (learning_rate "
                f"{recipe.learning_rate:g}); choose a lower learning_rate."
            )


def told(head: Fitted, recipe: Recipe, *, others: int = 0, notes: tuple[str, ...] = ()) -> Told:
    """How a head learned, with so many ``others`` numbers beside its weights; ``seconds`` are empty, for it is not alone."""
    curve = pd.DataFrame(head.curve, columns=["train_loss", "dev_loss", "dev_ua"])
    curve = curve.assign(stage=1, epoch=np.arange(1, len(curve) + 1), seconds=np.nan)[list(CURVE)]
    trainable = others + sum(part.size for layer in head.weights for part in layer)
    return Told(curve, head.epochs, head.kept, head.stopped, trainable, recipe.batch, notes=notes)
