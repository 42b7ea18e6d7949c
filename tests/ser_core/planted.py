"""What an encoder hears of clips, planted: for methods on pooled features (``methods/_course.py``)."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.methods import _course

EMOTIONS = ("angry", "happy", "neutral", "sad")
FEATURES: dict[str, np.ndarray] = {}
"""By the id of a clip; a test adds those of its clips."""


@pytest.fixture(autouse=True)
def planted_features(monkeypatch):
    """What the encoder hears is what the test planted."""

    def known(config, clips):
        return np.stack([FEATURES[id_] for id_ in clips["stimulus"]]).astype(np.float32)

    monkeypatch.setattr(_course, "vectors", known)
