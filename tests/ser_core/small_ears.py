"""Three voices, heard by a tiny wav2vec 2.0 that stands where the true one would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from ser_core import audio
from ser_core.encoders import wav2vec2
from ser_core.stimuli import load
from tests.ser_core import tiny_checkpoints, voices

ENCODER = "w2v2-en"


@contextmanager
def heard(folder: Path) -> Iterator[pd.DataFrame]:
    """The clips of voices a, b and c in a folder, while the encoder is there; on one thread of a CPU."""
    (folder / "models").mkdir()
    (folder / "models" / ENCODER).symlink_to(tiny_checkpoints.kept(ENCODER))
    stimuli = load(voices.table(folder, speakers=("a", "b", "c"), takes=2))
    with pytest.MonkeyPatch.context() as patch, tiny_checkpoints.one_thread():
        patch.setenv("EARWITNESS_FEATURES", str(folder / "features"))
        patch.setenv("EARWITNESS_MODELS", str(folder / "models"))
        patch.setenv("EARWITNESS_DEVICE", "cpu")
        patch.setitem(wav2vec2.ENCODERS, ENCODER, tiny_checkpoints.small(ENCODER))
        yield stimuli.assign(sha256=[audio.sha256(file) for file in stimuli["file"]])


def of(clips: pd.DataFrame, speakers: str) -> pd.DataFrame:
    """Those of some of the voices."""
    return clips[clips["speaker"].isin(list(speakers))]
