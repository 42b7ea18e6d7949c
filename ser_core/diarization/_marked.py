"""From what a model makes of each clip's frames to what it says of the clips: the two tables of ``Rated``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.diarization._segments import Segmentation, Vector, segments
from ser_core.errors import BadInput, Problem
from ser_core.methods._method import Rated

Frames = tuple[Vector, npt.NDArray[np.floating]]
"""Edges in seconds [frame + 1], and posteriors [frame, label]."""


def marked(stimuli: pd.DataFrame, frames_of: Callable[[int], Frames], *, labels: Sequence[str], how: Segmentation) -> Rated:
    """All segments and all frame posteriors of clips.

    Args:
        stimuli: the clips.
        frames_of: what the model makes of the clip in a row (from 0), asked for in order.
        labels: in canonical order.
        how: segments are made.

    Raises:
        BadInput: clips that cannot be heard, or whose frames end too early (tail "error"); all of them.
    """
    parts: list[tuple[str, float, float, str]] = []
    ids: list[str] = []
    frames: list[Frames] = []
    problems: list[Problem] = []
    for row, clip in enumerate(stimuli.to_dict("records")):
        id_ = str(clip["stimulus"])
        try:
            edges_s, posteriors = _of_some_length(*frames_of(row))
            found = segments(posteriors, edges_s, float(clip["duration_s"]), labels=labels, how=how)
        except BadInput as bad:
            problems += [Problem(f"'{id_}' {problem.what}", problem.file or clip["file"]) for problem in bad.problems]
            continue
        parts += [(id_, *interval) for interval in found]
        ids.append(id_)
        frames.append((edges_s, posteriors.astype(np.float32)))
    if problems:
        raise BadInput(*problems)
    ratings = pd.DataFrame(parts, columns=["stimulus", "start_s", "end_s", "label"]).assign(weight=1.0)
    return Rated(ratings, _laid(ids, frames, labels))


def _of_some_length(edges_s: Vector, posteriors: npt.NDArray[np.floating]) -> Frames:
    """Without frames that begin where the clip ends: its length is rounded, and a sample more may begin another frame."""
    lasts = np.diff(edges_s) > 0
    return edges_s[np.append(True, lasts)], posteriors[lasts]


def _laid(ids: Sequence[str], frames: Sequence[Frames], labels: Sequence[str]) -> pd.DataFrame:
    """One row for each frame of all clips."""
    values = np.concatenate([posteriors for _, posteriors in frames])
    times = {
        "stimulus": np.repeat(np.array(ids, dtype=object), [len(posteriors) for _, posteriors in frames]),
        "start_s": np.concatenate([edges_s[:-1] for edges_s, _ in frames]),
        "end_s": np.concatenate([edges_s[1:] for edges_s, _ in frames]),
    }
    return pd.DataFrame(times | {label: values[:, n] for n, label in enumerate(labels)})
