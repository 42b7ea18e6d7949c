"""How far the accuracy of an experiment's cell would move with other test speakers: intervals clustered by speaker.

A cell's clips are not independent: those of one speaker go together, and so do the answers that several models (folds,
seeds, trials) give to the same clip. So speakers are drawn with replacement, each with all that was ever said of its clips,
and UA is computed anew from the counts of all clips of all folds together; the interval is the percentile interval of these
draws. Cells with the same speakers see the same draws.

What it does not promise
    Nothing is said of other training clips, other corpora or other seeds than those that were run. With few speakers (fewer
    than ten or so) the interval is too narrow, since they cannot stand for all there are. Of one speaker there is none.

Source: A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application, 1997, section 3.8 (strategy 1).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.cli import several
from ser_core.emotions import in_order
from ser_core.experiment_tables import CELL, without_layer
from ser_core.metrics.ua import ua
from ser_core.statistics import bootstrap

DRAWS = 2000
FEW = 10
"""With fewer speakers than that an interval is too narrow to be shown without a word."""


def intervals(models: pd.DataFrame, judged: pd.DataFrame, *, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """UA of each cell over all its test clips, with the interval.

    Args:
        models: columns ``experiment_tables.MODELS``.
        judged: a row for each clip that a model was tested on: ``model``; ``voice``, whose it is (empty: nobody knows);
            ``truth`` and ``label``, emotions. A model without any diverged, and its cell has no interval.
        draws: of speakers.
        seed: of the draws.

    Returns:
        ``experiment_tables.INTERVALS``, cells in the order of the models.
    """
    cells = models.assign(settings=models["settings"].map(without_layer)).groupby(list(CELL), sort=False, dropna=False)
    cell = pd.Series(cells.ngroup().to_numpy(), index=models["model"].astype(int))
    lost = cell[~cell.index.isin(judged["model"])].value_counts()
    size = cell.value_counts()
    names = in_order(set(judged["truth"]) | set(judged["label"]))
    voice, voices = pd.factorize(judged["voice"].to_numpy(dtype=object), sort=True)
    truth, label = (pd.Categorical(judged[column], categories=names).codes for column in ("truth", "label"))
    counted = pd.DataFrame({"voice": voice, "given": truth.astype(np.int64) * len(names) + label})
    parts = {key: part for (key,), part in counted.groupby([cell[judged["model"]].to_numpy()], sort=False)}

    def rows() -> Iterator[dict[str, Any]]:
        for number, key in enumerate(cells.first().index):
            if number in lost:
                why = f"{lost[number]} of {several(int(size[number]), 'model')} diverged"
                yield dict(zip(CELL, key, strict=True)) | {"why": why}
                continue
            own = parts[number]
            known, place = np.unique(own["voice"], return_inverse=True)
            counts = np.zeros((len(known), len(names) ** 2))
            np.add.at(counts, (place, own["given"].to_numpy()), 1)
            spoken = tuple(voices[known].tolist())
            yield dict(zip(CELL, key, strict=True)) | _interval(counts, spoken, draws, seed)

    return pd.DataFrame(rows())


def _interval(counts: npt.NDArray[np.float64], voices: tuple[str, ...], draws: int, seed: int) -> dict[str, Any]:
    """Of counts [voice, truth * label]."""
    side = int(np.sqrt(counts.shape[1]))
    nameless = int(counts[voices.index("")].sum()) if "" in voices else 0
    found = {"ua_all": float(ua(counts.sum(axis=0).reshape(side, side))), "speakers": len([v for v in voices if v])}
    why = f"{nameless} of {int(counts.sum())} tests are of clips that say no speaker" if nameless else ""
    if not why and len(voices) < 2:
        why = "one speaker: no other can be drawn"
    if why:
        return {**found, "ci_low": np.nan, "ci_high": np.nan, "why": why}
    drawn = (_times(voices, draws, seed) @ counts).reshape(draws, side, side)
    low, high = bootstrap.interval(ua(drawn))
    return {**found, "ci_low": float(low), "ci_high": float(high), "why": ""}


@lru_cache(maxsize=16)
def _times(voices: tuple[str, ...], draws: int, seed: int) -> npt.NDArray[np.float64]:
    """How often each draw holds each voice, [draw, voice]."""
    rng = bootstrap.generator(seed, *voices)
    return bootstrap.weights(np.zeros(len(voices), dtype=np.int64), draws=draws, rng=rng)
