"""What turns sound into features: one file for each family, ``ENCODERS`` in it with one line for each checkpoint.

``find(name)``, ``all_encoders()`` and ``open_encoder(name)`` of ``_find.py`` are the door; ``python -m ser_core encoders``
lists them.
"""

from __future__ import annotations
