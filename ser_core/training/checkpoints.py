"""What a training needs to go on exactly from where it was cut off, in one file that is whole or not there.

The file opens with a line that holds the hash of what follows, so that damage is seen; what follows tells of what lesson it
is, so that no other one goes on from it.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ser_core.errors import BadInput, Problem
from ser_core.table_files import make_folder, write_whole
from ser_core.training.state import Stand, State

_OPENS = b"earwitness training 1 "
_CURE = "Delete it to learn from the beginning"


@dataclass(frozen=True)
class Checkpoint:
    """Where a training keeps its state."""

    file: Path
    lesson: Mapping[str, str]
    """All that decides what is learned, in words: two trainings of equal words are the same."""

    def write(self, stand: Stand) -> None:
        """Keep where a training stands.

        Raises:
            BadInput: it cannot be written there.
        """
        import torch

        kept = io.BytesIO()
        torch.save({"lesson": dict(self.lesson), **_plain(stand)}, kept)
        digest = hashlib.sha256(kept.getbuffer()).hexdigest().encode()
        make_folder(self.file.parent)
        write_whole(self.file, _OPENS + digest + b"\n" + kept.getvalue())

    def read(self) -> Stand | None:
        """Where it stood; None if nothing was kept.

        Raises:
            BadInput: it is damaged, or of another lesson.
        """
        import torch

        if not self.file.exists():
            return None
        opens, _, rest = self.file.read_bytes().partition(b"\n")
        damaged = BadInput(Problem(f"is damaged: it is not what a training wrote. {_CURE}", self.file))
        if opens != _OPENS + hashlib.sha256(rest).hexdigest().encode():
            raise damaged
        try:
            kept = torch.load(io.BytesIO(rest), map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:  # more than numbers: somebody made it
            raise damaged from error
        if other := _differing(kept["lesson"], self.lesson):
            raise BadInput(Problem(f"is of another lesson: {'; '.join(other)}. {_CURE}, or name another folder", self.file))
        del kept["lesson"]
        return _stand(kept)


def _plain(stand: Stand) -> dict[str, Any]:
    """As torch writes and reads it without running anything."""
    return {**vars(stand), "state": asdict(stand.state), "turn": _plain(stand.turn) if stand.turn else None}


def _stand(plain: dict[str, Any]) -> Stand:
    turn = _stand(plain["turn"]) if plain["turn"] else None
    return Stand(**{**plain, "state": State(**plain["state"]), "turn": turn})


def _differing(there: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """What two lessons differ in.

    >>> _differing({"seed": "1", "batch": "2"}, {"seed": "1", "batch": "3"})
    ['batch was 2 and is 3']
    """
    keys = [key for key in {**there, **here} if there.get(key) != here.get(key)]
    return [f"{key} was {there.get(key, 'not there')} and is {here.get(key, 'not there')}" for key in keys]
