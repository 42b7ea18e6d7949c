"""Where the chosen models of an experiment lay clips: which are asked, what workers do, and the tables of it.

Of each kind of model and place the first fold, seed and trial is asked, without noise. It is shown the clips that it was
tested on and those that it was stopped by, for it has learned from neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import languages
from ser_core.engine._engine import Shard
from ser_core.engine.tasks import DIGITS, computing
from ser_core.experiment_folders import PROJECTIONS_FILE, SILHOUETTES_FILE
from ser_core.experiment_tables import KIND, PLACE, PROJECTIONS, SILHOUETTES
from ser_core.experiments import projections
from ser_core.experiments.learnings import Ids
from ser_core.experiments.plan import Planned
from ser_core.experiments.results import written
from ser_core.experiments.tasks import Kept
from ser_core.features import close_kept
from ser_core.methods._find import find_method
from ser_core.methods._heard import heard
from ser_core.methods._method import Ears


@dataclass(frozen=True)
class Laid:
    """Where a model lays clips."""

    points: pd.DataFrame
    """``stimulus, part, when, way, x, y, z`` of ``experiment_tables.PROJECTIONS``"""
    silhouettes: pd.DataFrame
    """``when, by, silhouette, n, explained`` of ``experiment_tables.SILHOUETTES``"""


@dataclass(frozen=True)
class Project:
    """Where models lay clips: (method, config, model, test clips, dev clips) -> ``Laid``."""

    clips: pd.DataFrame
    threads: int
    ways: tuple[str, ...]

    def __call__(self, shard: tuple[str, Any, Kept, Ids, Ids]) -> Laid:
        """Before, what is learned from, standardised over these clips; after, what the model makes of it."""
        method, (_, config, kept, test, dev) = find_method(shard[0]), shard
        assert method.embeds is not None
        close_kept()
        with computing(self.threads):
            clips = self.clips.set_index("stimulus").loc[[*test, *dev]].reset_index()
            before = projections.standardised(heard(Ears(config.encoder), clips).layer(config.layer))
            after = method.embeds(kept.model(), clips)
            part = np.repeat(["test", "dev"], [len(test), len(dev)])
            found = [_laid(clips, part, *what, self.ways) for what in (("before", before), ("after", after))]
        return Laid(*(pd.concat(tables, ignore_index=True) for tables in zip(*found, strict=True)))


def _laid(
    clips: pd.DataFrame, part: npt.NDArray[Any], when: str, points: npt.NDArray[np.float64], ways: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of one layout of clips."""
    coordinates, explained = projections.laid_out(points, ways)
    rows = [
        pd.DataFrame(axes.round(projections.DIGITS), columns=["x", "y", "z"][: axes.shape[1]]).assign(
            stimulus=clips["stimulus"], part=part, when=when, way=way
        )
        for way, axes in coordinates.items()
        if np.isfinite(axes).all()
    ]
    voices = clips["corpus"] + " " + clips["speaker"]
    kinds = {"emotion": clips["truth"], "language": clips["language"].map(languages.normal), "speaker": voices}
    apart = [(when, by, projections.silhouette(points, list(each)), len(clips), explained) for by, each in kinds.items()]
    columns = ["when", "by", "silhouette", "n", "explained"]
    return pd.concat(rows, ignore_index=True), pd.DataFrame(apart, columns=columns).round(DIGITS)


def shards(plan: Planned, models: pd.DataFrame, kept: Sequence[Kept]) -> list[Shard]:
    """One for each model that is asked, named by its number; none where no layout is wanted or no method tells of any.

    Args:
        plan: the experiment.
        models: columns ``experiment_tables.MODELS``, a row for each job of the plan.
        kept: where the model of each learning lies.
    """
    usual = models[(models["chosen"] == "yes") & (models["condition"] == "") & (models["fold"] == 0)]
    found: list[Shard] = []
    for number in usual.drop_duplicates([*KIND, *PLACE])["model"].astype(int) if plan.experiment.projections else ():
        job = plan.jobs[number]
        learned = plan.learnings[job.learning]
        if find_method(job.kind.method).embeds:
            content = (job.kind.method, learned.config, kept[job.learning], job.task.test, learned.dev)
            found.append(Shard(len(found), content, (str(number),), "models"))
    return found


def unheard(plan: Planned, asked: Sequence[Shard]) -> dict[Ears, pd.DataFrame]:
    """What must be heard for it that no model learned from: methods that hear single frames began with their means, too."""
    wanted: dict[Ears, set[str]] = {}
    for shard in asked:
        _, config, _, test, dev = shard.content
        wanted.setdefault(Ears(config.encoder), set()).update(test, dev)
    known = plan.heard()
    clips = {ears: plan.clips[plan.clips["stimulus"].isin(ids)] for ears, ids in wanted.items() if ears not in known}
    return {ears: own.drop_duplicates("sha256", ignore_index=True) for ears, own in clips.items()}


def files(laid: Mapping[int, Laid], made_up: str) -> dict[str, bytes]:
    """The files of an experiment's folder, from what each model said, by its number; none where none was asked."""
    tables = ((PROJECTIONS_FILE, PROJECTIONS, "points"), (SILHOUETTES_FILE, SILHOUETTES, "silhouettes"))
    return {
        name: written(table, pd.concat([getattr(each, which).assign(model=n) for n, each in laid.items()]), made_up)
        for name, table, which in tables
        if laid
    }
