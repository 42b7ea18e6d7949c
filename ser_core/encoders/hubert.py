"""HuBERT: a transformer that learned to name its own clusters of sound.

Hsu et al.: HuBERT, IEEE/ACM TASLP 2021. How it is computed, and what the layers are: ``_packed.py``.
"""

from __future__ import annotations

from functools import partial

from ser_core.encoders._encoder import Encoder
from ser_core.encoders._transformers import open_packed

ENCODERS = {
    "hubert-base": Encoder(
        title="HuBERT base",
        licence="Apache-2.0",
        languages="English (960 h, LibriSpeech)",
        source="facebook/hubert-base-ls960",
        revision="dba3bb02fda4248b6e082697eee756de8fe8aa8a",
        layers=13,
        dim=768,
        open=partial(open_packed, kind="HubertModel"),
        whole="",
        size_mb=380,
    )
}
