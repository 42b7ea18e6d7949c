"""From tasks to probes, and from probes to tables: how good each layer is, and what the best layer's probes say of clips.

Tasks that learn from the same clips and are stopped by the same clips are one probe, tested in several places: with dev
clips of the source, a cross-lingual model is the monolingual one, tested abroad. The best layer of a setting, source and
target is that of the highest mean UA on *dev* clips over folds and seeds (of equal ones the first): the test clips choose
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import probing, ratings
from ser_core.features import Features
from ser_core.methods._method import posterior
from ser_core.metrics.ua import ua
from ser_core.metrics.wa import wa
from ser_core.probing import Fitted, Probe, Progress, Recipe, Rows, Vector
from ser_core.splits import Task

LAYERS = (
    "setting", "source_corpus", "source", "target_corpus", "target", "layer", "fold", "seed", "ua", "wa", "n", "dev_ua",
    "epochs", "kept", "stopped", "n_train", "n_dev", "chosen",
)  # fmt: skip
"""Columns of ``layers.csv``: accuracies in [0, 1]; ``epochs`` learned, ``kept`` the one whose weights were tested (from 1),
``stopped`` by patience or by the most epochs; ``chosen``: yes for the best layer of the setting, source and target."""
_WHERE = ["setting", "source_corpus", "source", "target_corpus", "target"]


@dataclass(frozen=True)
class Probed:
    """All probes of an experiment, and what they were tested on."""

    encoder: str
    revision: str
    emotions: tuple[str, ...]
    clips: pd.DataFrame
    """The clips of the tasks, in the order of the bank."""
    bank: Vector
    """[layer, clip, dim]"""
    labels: Rows
    """[clip]: positions in ``emotions``."""
    models: tuple[tuple[Task, int, int, Fitted], ...]
    """Task, layer, seed, and the probe: task by task, layer by layer, seed by seed."""
    probes: int
    """How many different ones there are."""
    preset: str = ""

    def layers(self) -> pd.DataFrame:
        """``LAYERS``."""
        rows = []
        for task, layer, seed, fitted in self.models:
            test, dev = (self._counts(fitted, layer, ids) for ids in (task.test, task.dev))
            rows.append(
                _where(task)
                | {"layer": layer, "fold": task.fold, "seed": seed}
                | {"ua": float(ua(test)), "wa": float(wa(test)), "n": len(task.test), "dev_ua": float(ua(dev))}
                | {"epochs": fitted.epochs, "kept": fitted.kept, "stopped": fitted.stopped}
                | {"n_train": len(task.train), "n_dev": len(task.dev)}
            )
        table = pd.DataFrame(rows)
        means = table.groupby([*_WHERE, "layer"], sort=True)["dev_ua"].mean().round(12)
        best = means.reset_index().sort_values("dev_ua", ascending=False, kind="stable").drop_duplicates(_WHERE)
        chosen = table.merge(best[[*_WHERE, "layer"]], how="left", indicator=True)["_merge"] == "both"
        return table.assign(chosen=np.where(chosen, "yes", "no"))[list(LAYERS)]

    def tables(self, layers: pd.DataFrame) -> ratings.Tables:
        """The probes of the best layers as raters, with what they say of their test clips."""
        raters, rated = [], []
        for (task, layer, seed, fitted), chosen in zip(self.models, layers["chosen"], strict=True):
            if chosen != "yes":
                continue
            rows = self._rows(task.test)
            said = posterior(self.clips.iloc[rows], self.emotions, fitted.posterior(self.bank[layer][rows]))
            raters.append(self._rater(task, layer, seed))
            rated.append(said.ratings.assign(rater=raters[-1]["rater"]))
        rows_said = pd.concat(rated, ignore_index=True)
        heard = self.clips[self.clips["stimulus"].isin(rows_said["stimulus"])]
        return ratings.Tables(
            stimuli=ratings.frame(ratings.STIMULI, heard.reset_index(drop=True)),
            raters=ratings.frame(ratings.RATERS, pd.DataFrame(raters)),
            ratings=ratings.frame(ratings.RATINGS, rows_said),
        )

    def _rater(self, task: Task, layer: int, seed: int) -> dict[str, Any]:
        names = [self.encoder, f"layer {layer}", task.setting, task.name, f"fold {task.fold}", f"seed {seed}"]
        return {
            "rater": ", ".join(names),
            "rater_type": "machine",
            "group": f"{self.encoder} probe {task.source} {task.setting}",
            "encoder": self.encoder,
            "revision": self.revision,
            "method": f"layer probe {self.preset}".strip(),
            **_where(task),
            "fold": str(task.fold),
            "seed": str(seed),
            "layer": str(layer),
        }

    def _counts(self, fitted: Fitted, layer: int, ids: Sequence[str]) -> npt.NDArray[np.float64]:
        """[truth, label]"""
        rows = self._rows(ids)
        counts = np.zeros((len(self.emotions), len(self.emotions)))
        np.add.at(counts, (self.labels[rows], fitted.posterior(self.bank[layer][rows]).argmax(axis=1)), 1)
        return counts

    def _rows(self, ids: Sequence[str]) -> Rows:
        return np.array([self._at[id_] for id_ in ids])

    @cached_property
    def _at(self) -> dict[str, int]:
        """The row of each clip."""
        return {id_: n for n, id_ in enumerate(self.clips["stimulus"])}


def _where(task: Task) -> dict[str, Any]:
    source, target = task.source, task.target
    names = (task.setting, source.corpus, source.language, target.corpus, target.language)
    return dict(zip(_WHERE, names, strict=True))


def probe(
    tasks: Sequence[Task],
    clips: pd.DataFrame,
    heard: Features,
    *,
    emotions: tuple[str, ...],
    seeds: Sequence[int],
    recipe: Recipe,
    preset: str = "",
    device: str = "cpu",
    progress: Progress = lambda done, total: None,
) -> Probed:
    """Train all probes of all tasks, layers and seeds.

    Args:
        tasks: what ``splits.tasks`` gives.
        clips: the clips of all tasks.
        heard: what the encoder made of each of them, pooled over frames, in the same order.
        emotions: the classes.
        seeds: of the probes.
        recipe: how they learn.
        preset: what the recipe is called.
        device: where to compute.
        progress: told after each block of probes.
    """
    bank = np.stack([heard.layer(number) for number in range(heard.about.layers)])
    labels = np.array([emotions.index(truth) for truth in clips["truth"]])
    at = {id_: n for n, id_ in enumerate(clips["stimulus"])}
    sets = {key: tuple(np.array([at[id_] for id_ in ids]) for ids in key) for key in ((t.train, t.dev) for t in tasks)}
    places = [(key, layer, seed) for key in sets for layer in range(len(bank)) for seed in seeds]
    probes = [Probe(layer, seed, *sets[key]) for key, layer, seed in places]
    fitted = dict(zip(places, probing.fit(bank, labels, probes, recipe, device=device, progress=progress), strict=True))
    models = tuple(
        (task, layer, seed, fitted[(task.train, task.dev), layer, seed])
        for task in tasks
        for layer in range(len(bank))
        for seed in seeds
    )
    about = heard.about
    return Probed(about.encoder, about.revision, emotions, clips, bank, labels, models, len(probes), preset)
