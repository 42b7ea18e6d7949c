"""The picture of a clip and of every part that was marked in it, as a component of its own: ``segments.js`` draws and plays.

The sound comes with the picture, in the same message that only a signed-in researcher's page gets, so there is no address
that somebody else could ask for. It is the copy that listeners hear (``listening_tests/copies.py``), a FLAC of 16 bits.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import soundfile
import streamlit as st

from listening_tests import copies, peaks, waveform
from listening_tests.study import Study
from ser_core import segment_figures
from ser_core.ratings import Tables

_HERE = Path(__file__).parent
_PLAYER = Path(waveform.__file__).parent
_SCRIPTS = (_PLAYER / "dom.js", _PLAYER / "sound.js", _HERE / "segments.js")

_timeline: Any = st.components.v2.component(
    "earwitness_segments",
    css=(_HERE / "segments.css").read_text(encoding="utf-8"),
    js="\n".join(path.read_text(encoding="utf-8") for path in _SCRIPTS),
)


def draw(
    study: Study, stimulus: str, tables: Tables, *, errors: pd.DataFrame, posteriors: Mapping[str, pd.DataFrame]
) -> None:
    """Draw a clip with all that was marked in it.

    Args:
        study: whose clip it is.
        stimulus: the clip.
        tables: what people and models said.
        errors: columns ``rater, stimulus, eder``; may have no rows.
        posteriors: by rater, as ``segment_figures.blocks`` takes them.
    """
    clip = tables.stimuli[tables.stimuli["stimulus"] == stimulus].iloc[0].to_dict()
    blocks = segment_figures.blocks(tables, stimulus, errors=errors, posteriors=posteriors)
    ends = [part.end_s for block in blocks for row in block.rows for part in row.parts]
    data = {
        **sound(study, clip, at_least_s=max(ends)),
        "truth": _truth(clip),
        "blocks": [asdict(block) for block in blocks],
    }
    _timeline(key="timeline", data=data)


def play(study: Study, stimulus: str, tables: Tables, *, key: str) -> None:
    """Draw a clip to be heard, with nothing that was marked in it; each on a page has a key of its own."""
    clip = tables.stimuli[tables.stimuli["stimulus"] == stimulus].iloc[0].to_dict()
    _timeline(key=key, data={**sound(study, clip, at_least_s=1.0), "truth": None, "blocks": []})


def sound(study: Study, clip: Mapping[Any, Any], *, at_least_s: float) -> dict[str, Any]:
    """The clip as ``segments.js`` wants it; or why there is none, with its length as the tables know it."""
    try:
        copy = copies.of(study, clip["stimulus"])
        outline, content = peaks.outline(copy), copy.read_bytes()
    except (OSError, KeyError, soundfile.LibsndfileError):
        known = float(clip["duration_s"])
        why = f"The clip cannot be played: {clip['file']} is missing, or is not any more what was heard."
        return {"duration_s": at_least_s if math.isnan(known) else known, "peaks": [], "sound": "", "missing": why}
    inline = base64.b64encode(content).decode()
    return {"duration_s": outline.duration_s, "peaks": outline.pairs, "sound": inline, "missing": ""}


def _truth(clip: Mapping[Any, Any]) -> dict[str, Any] | None:
    start_s, end_s = float(clip["truth_start_s"]), float(clip["truth_end_s"])
    if not clip["truth"] or math.isnan(start_s) or math.isnan(end_s):
        return None
    colour = segment_figures.colour(clip["truth"])
    return {"label": clip["truth"], "colour": colour, "start_s": start_s, "end_s": end_s}
