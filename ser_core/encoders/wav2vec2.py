"""wav2vec 2.0: the Chinese, German and English models of Han et al. (2025), and the multilingual ones.

Baevski et al.: wav2vec 2.0, NeurIPS 2020; Conneau et al.: XLSR, Interspeech 2021; Babu et al.: XLS-R, Interspeech 2022;
Pratap et al.: MMS, JMLR 2024. How they are computed, and what the layers are: ``_packed.py``.
"""

from __future__ import annotations

from functools import partial

from ser_core.encoders._checkpoint import SAFE_FILES
from ser_core.encoders._encoder import Encoder
from ser_core.encoders._transformers import open_packed

_line = partial(Encoder, open=partial(open_packed, kind="Wav2Vec2Model"), whole="")
_base, _large = partial(_line, layers=13, dim=768, size_mb=380), partial(_line, layers=25, dim=1024, size_mb=1270)

ENCODERS = {
    "w2v2-cn": _base(
        title="wav2vec 2.0 base, Chinese",
        licence="MIT",
        languages="Mandarin (10,000 h, WenetSpeech)",
        source="TencentGameMate/chinese-wav2vec2-base",
        revision="3991242c806928916fff4a8c0e4f76acf661b743",
    ),
    "w2v2-de": _base(
        title="wav2vec 2.0 base, German",
        licence="CC BY-NC 4.0",
        languages="German (23,200 h, VoxPopuli)",
        source="facebook/wav2vec2-base-de-voxpopuli-v2",
    ),
    "w2v2-en": _base(
        title="wav2vec 2.0 base, English, fine-tuned to transcribe",
        licence="Apache-2.0",
        languages="English (960 h, LibriSpeech)",
        source="facebook/wav2vec2-base-960h",
        revision="22aad52d435eb6dbaf354bdad9b0da84ce7d6156",
        files=SAFE_FILES,
    ),
    "w2v2-base": _base(
        title="wav2vec 2.0 base, English",
        licence="Apache-2.0",
        languages="English (960 h, LibriSpeech)",
        source="facebook/wav2vec2-base",
        revision="0b5b8e868dd84f03fd87d01f9c4ff0f080fecfe8",
    ),
    "xlsr-53": _large(
        title="wav2vec 2.0 XLSR-53 large",
        licence="Apache-2.0",
        languages="53 languages (56,000 h)",
        source="facebook/wav2vec2-large-xlsr-53",
        revision="c3f9d884181a224a6ac87bf8885c84d1cff3384f",
    ),
    "xls-r-300m": _large(
        title="wav2vec 2.0 XLS-R 300m",
        licence="Apache-2.0",
        languages="128 languages (436,000 h)",
        source="facebook/wav2vec2-xls-r-300m",
        revision="1a640f32ac3e39899438a2931f9924c02f080a54",
    ),
    "mms-300m": _large(
        title="wav2vec 2.0 MMS 300m",
        licence="CC BY-NC 4.0",
        languages="1,406 languages (491,000 h)",
        source="facebook/mms-300m",
        revision="4ee317ce793c53dbc041fc4376c7558292dd38dc",
    ),
}
