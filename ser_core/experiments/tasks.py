"""What workers do for an experiment: let models learn and rate, and let chosen ones rate what listeners heard.

Each is a frozen object that can be pickled, as those of ``engine/tasks.py``. The table of clips goes to a worker once, with
the function; a shard names clips by their ids. A model that another goes on from is read from where it was kept.
"""

from __future__ import annotations

import pickle
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.diverged import Diverged
from ser_core.engine.tasks import DIGITS, computing
from ser_core.errors import BadInput
from ser_core.experiments.learnings import Ids
from ser_core.features import close_kept, device_named
from ser_core.methods._find import find_method
from ser_core.methods._method import Lesson, Method, Told, Watch
from ser_core.table_files import make_folder


@dataclass(frozen=True)
class Kept:
    """Where a fitted model was kept: a shard's file, and its place in it."""

    file: Path
    position: int

    def model(self) -> Any:
        """The model.

        Raises:
            Diverged: it is none.
        """
        learned: Learned = pickle.loads(self.file.read_bytes())
        kept = learned.models[self.position]
        if kept.diverged:
            raise Diverged(f"in the stage before, {kept.diverged}")
        return kept.model


@dataclass(frozen=True)
class Item:
    """One model to make."""

    name: str
    number: int
    method: str
    config: Any
    train: Ids
    dev: Ids
    rates: Ids
    """What it says of these is kept."""
    after: Kept | None = None
    unlabelled: Ids = ()


@dataclass(frozen=True)
class Said:
    """What a model says of clips."""

    stimuli: Ids
    labels: tuple[str, ...]
    weights: npt.NDArray[np.float64]
    """[clip, label], rounded; see ``runs``."""


NOTHING = Said((), (), np.zeros((0, 0)))


@dataclass(frozen=True)
class Fitted:
    """One model that was made."""

    model: Any
    told: Told
    said: Said
    seconds: float
    """Its share of the time of its shard."""
    diverged: str = ""
    """Why there is no model; empty: there is."""


@dataclass(frozen=True)
class Learned:
    """What became of a shard."""

    models: tuple[Fitted, ...]
    device: str


@dataclass(frozen=True)
class Learn:
    """Make the models of a shard, all of one method, and let each rate its clips."""

    clips: pd.DataFrame
    threads: int
    folder: Path
    """Where a long training keeps what it needs to go on."""

    def __call__(self, items: Sequence[Item]) -> Learned:
        """Several at once where the method can."""
        close_kept()  # what training needs of a device's memory is more than an encoder leaves
        method, began = find_method(items[0].method), time.monotonic()
        with computing(self.threads):
            made = [self._fitted(method, *each) for each in zip(self._models(method, items), items, strict=True)]
        seconds = (time.monotonic() - began) / len(items)
        for item in items:
            shutil.rmtree(self._own(item), ignore_errors=True)
        device = device_named("auto") if "torch" in sys.modules else "cpu"
        return Learned(tuple(replace(one, seconds=seconds) for one in made), device)

    def _fitted(self, method: Method, model: Any, item: Item) -> Fitted:
        try:
            if isinstance(model, Diverged):
                raise model
            return Fitted(model, method.tells(model), rated(method, model, self._rows(item.rates)), 0.0)
        except Diverged as lost:
            return Fitted(None, Told(notes=(f"diverged: {lost}",)), NOTHING, 0.0, str(lost))

    def _models(self, method: Method, items: Sequence[Item]) -> list[Any]:
        """Or why one is none."""
        if method.fit_many and items[0].after is None:
            first, others = items[0], len(items) - 1
            with _named(first.name + (f", or of the {others} others learned with it" if others else "")):
                return method.fit_many(self._lessons(items))
        return [self._alone(method, item) for item in items]  # of one, for they are not put together

    def _lessons(self, items: Sequence[Item]) -> list[Lesson]:
        """Equal parts are one table."""
        tables = {part: self._rows(part) for item in items for part in (item.train, item.dev)}
        heard = {part: self._unlabelled(part) for part in {item.unlabelled for item in items}}
        return [Lesson(tables[item.train], tables[item.dev], item.config, heard[item.unlabelled]) for item in items]

    def _unlabelled(self, ids: Ids) -> pd.DataFrame | None:
        return self._rows(ids).assign(truth="") if ids else None

    def _alone(self, method: Method, item: Item) -> Any:
        with _named(item.name):
            try:
                return self._model(method, item)
            except Diverged as lost:
                return lost

    def _model(self, method: Method, item: Item) -> Any:
        given = (self._rows(item.train), self._rows(item.dev), item.config)
        more: dict[str, Any] = {}
        if item.unlabelled:
            more["unlabelled"] = self._unlabelled(item.unlabelled)
        if method.watched:
            more["watch"] = Watch(make_folder(self._own(item)), lambda text: _say(f"{item.name}: {text}"))
        if item.after is None:
            return method.fit(*given, **more)
        assert method.further is not None
        return method.further(item.after.model(), *given, **more)

    def _own(self, item: Item) -> Path:
        return self.folder / f"{item.number:05d}"

    def _rows(self, ids: Ids) -> pd.DataFrame:
        return self._by_id.loc[list(ids)].reset_index()

    @cached_property
    def _by_id(self) -> pd.DataFrame:
        return self.clips.set_index("stimulus")


@dataclass(frozen=True)
class Listen:
    """Let models rate clips that listeners heard: (method, model, ids) -> what it says."""

    clips: pd.DataFrame
    threads: int

    def __call__(self, shard: tuple[str, Kept, Ids]) -> Said:
        """As ``Learn`` rates."""
        method, kept, ids = shard
        close_kept()
        with computing(self.threads):
            return rated(find_method(method), kept.model(), self.clips[self.clips["stimulus"].isin(ids)])


def rated(method: Method, model: Any, clips: pd.DataFrame) -> Said:
    """What a model says of clips, as a matrix.

    Raises:
        Diverged: it says what is no number.
    """
    if clips.empty:
        return NOTHING
    rows = method.predict(model, clips.reset_index(drop=True)).ratings
    labels = tuple(rows["label"].iloc[: len(rows) // len(clips)])
    weights = rows["weight"].to_numpy().reshape(len(clips), -1)
    if not np.isfinite(weights).all():
        raise Diverged("what it says of clips is no number, since its weights are none; choose a lower learning_rate")
    return Said(tuple(clips["stimulus"]), labels, weights.round(DIGITS))


@contextmanager
def _named(name: str) -> Iterator[None]:
    """What is wrong is said of the model that it is wrong with."""
    try:
        yield
    except BadInput as bad:
        raise BadInput(*(replace(p, what=f"{name}: {p.what}") for p in bad.problems)) from bad


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
