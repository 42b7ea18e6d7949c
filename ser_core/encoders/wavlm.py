"""WavLM: HuBERT's task on speech with other speech and noise mixed in; attention knows how far apart two frames are.

Chen et al.: WavLM, IEEE JSTSP 2022. How it is computed, and what the layers are: ``_packed.py``.
"""

from __future__ import annotations

from functools import partial

from ser_core.encoders._encoder import Encoder
from ser_core.encoders._transformers import open_packed

_line = partial(
    Encoder,
    licence="CC BY-SA 3.0 by the hub's card, MIT by github.com/microsoft/unilm; which, its issue 1757 asks",
    open=partial(open_packed, kind="WavLMModel"),
    whole="",
)

ENCODERS = {
    "wavlm-base": _line(
        title="WavLM base",
        languages="English (960 h, LibriSpeech)",
        source="microsoft/wavlm-base",
        revision="efa81aae7ff777e464159e0f877d54eac5b84f81",
        layers=13,
        dim=768,
        size_mb=380,
    ),
    "wavlm-base-plus": _line(
        title="WavLM base plus",
        languages="English (94,000 h)",
        source="microsoft/wavlm-base-plus",
        revision="4c66d4806a428f2e922ccfa1a962776e232d487b",
        layers=13,
        dim=768,
        size_mb=380,
    ),
    "wavlm-large": _line(
        title="WavLM large",
        languages="English (94,000 h)",
        source="microsoft/wavlm-large",
        revision="c1423ed94bb01d80a3f5ce5bc39f6026a0f4828c",
        layers=25,
        dim=1024,
        size_mb=1260,
    ),
}
