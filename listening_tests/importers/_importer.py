"""What a file of this folder declares: one foreign format of listeners' judgements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ser_core.ratings import Tables


@dataclass(frozen=True)
class Importer:
    """A title, and how to turn the format's folder into the three tables (``BadInput`` where that fails)."""

    title: str
    read: Callable[[Path], Tables]
