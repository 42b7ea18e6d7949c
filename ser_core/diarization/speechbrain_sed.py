"""SpeechBrain's emotion diarization, as it was published: angry, happy, neutral or sad for each 20 ms; it comes trained.

With the default settings segments are those of SpeechBrain: the most probable label of each frame, equal neighbours merged,
the last one held to the clip's end (its recipe repeats the last frame). How frames are computed: ``encoders/wavlm_sed.py``.

It was trained on utterances of acted English with at most one emotional part (RAVDESS, ESD, IEMOCAP, JL-Corpus, EmoV-DB), so
clips of these corpora are no test of it. Wang et al.: Speech Emotion Diarization: Which Emotion Appears When?, 2023.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ser_core.diarization._marked import Frames, marked
from ser_core.diarization._segments import Segmentation, frame_edges
from ser_core.encoders._pass import PIECE_S
from ser_core.encoders.wavlm_sed import LABELS
from ser_core.methods._heard import heard
from ser_core.methods._method import Ears, Method, Rated

HOP_S = 0.02

_EARS = Ears("wavlm-large-sed", "frames", -1)


@dataclass(frozen=True)
class Config(Segmentation):
    """How its posteriors become segments; the seed is kept because every method has one, and changes nothing."""

    seed: int = 0


def fit(train: pd.DataFrame, dev: pd.DataFrame, config: Config) -> Config:
    """Nothing is learned; both tables are left alone."""
    return config


def predict(model: Config, stimuli: pd.DataFrame) -> Rated:
    """What it says of each 20 ms, and the segments.

    Raises:
        BadInput: a clip cannot be heard, or the model's files are not here; all clips that cannot.
    """
    found, lengths_s = heard(_EARS, stimuli), stimuli["duration_s"].astype(float).to_list()

    def frames_of(row: int) -> Frames:
        # Each piece of a long clip ends with less than a frame, so its frames are spread.
        hop_s = HOP_S if lengths_s[row] <= PIECE_S else 0.0
        return frame_edges(len(found[row]), lengths_s[row], hop_s=hop_s), found[row]

    return marked(stimuli, frames_of, labels=LABELS, how=model)


def _hears(config: Config) -> Ears:
    return _EARS


METHOD = Method(
    title="Emotion diarization by SpeechBrain (WavLM large)",
    config=Config,
    fit=fit,
    predict=predict,
    hears=_hears,
    learns=False,
    trained_on="en",
    marks=True,
)
