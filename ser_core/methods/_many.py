"""What methods have in common that train many heads on pooled features as one program (``ser_core/probing*``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

import numpy as np
import pandas as pd

from ser_core.diverged import Diverged, finite
from ser_core.errors import BadInput
from ser_core.methods._learning import unteachable
from ser_core.methods._method import CURVE, Lesson, Told, emotions_of
from ser_core.probing import Fitted, Recipe, Rows

Model = TypeVar("Model")


def many(
    lessons: Sequence[Lesson],
    shared: Callable[[Lesson], object],
    together: Callable[[Sequence[Lesson]], list[Model | Diverged]],
) -> list[Model | Diverged]:
    """The models of all lessons, or why one is none; those that share what ``shared`` says are made together.

    Raises:
        BadInput: only one emotion to learn, a dev clip of an emotion that is not learned; of all lessons at once.
    """
    wrong = (unteachable(emotions_of(lesson.train), lesson.train, lesson.dev) for lesson in lessons)
    if problems := [problem for found in wrong for problem in found]:
        raise BadInput(*dict.fromkeys(problems))
    order = sorted(range(len(lessons)), key=lambda n: repr(shared(lessons[n])))
    models: dict[int, Model | Diverged] = {}
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


def astray(head: Fitted, recipe: Recipe) -> Diverged | None:
    """Why a head has not learned; None if it has."""
    losses = head.curve[:, 0]
    first = int((~np.isfinite(losses)).argmax())  # of those that are no numbers; 0 if all are
    try:
        finite(losses[first], epoch=first + 1, learning_rate=recipe.learning_rate)
    except Diverged as lost:
        return lost
    return None


def alone(models: Sequence[Model | Diverged]) -> Model:
    """The one model of a lesson that was learned by itself.

    Raises:
        Diverged: it is none.
    """
    (model,) = models
    if isinstance(model, Diverged):
        raise model
    return model


def told(head: Fitted, recipe: Recipe, *, others: int = 0, notes: tuple[str, ...] = ()) -> Told:
    """How a head learned, with so many ``others`` numbers beside its weights; ``seconds`` are empty, for it is not alone."""
    curve = pd.DataFrame(head.curve, columns=["train_loss", "dev_loss", "dev_ua"])
    curve = curve.assign(stage=1, epoch=np.arange(1, len(curve) + 1), seconds=np.nan)[list(CURVE)]
    trainable = others + sum(part.size for layer in head.weights for part in layer)
    return Told(curve, head.epochs, head.kept, head.stopped, trainable, recipe.batch, notes=notes)
