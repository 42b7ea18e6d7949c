"""What an encoder makes of clips, for methods that need all of them."""

from __future__ import annotations

import pandas as pd

from ser_core.errors import BadInput
from ser_core.features import Features, features
from ser_core.methods._method import Ears


def heard(ears: Ears, clips: pd.DataFrame) -> Features:
    """What the encoder makes of every clip.

    Raises:
        BadInput: each clip that it cannot hear.
    """
    found = features(ears.encoder, clips, pooling=ears.pooling, layer=ears.layer)
    if found.left_out:
        raise BadInput(*found.left_out)
    return found
