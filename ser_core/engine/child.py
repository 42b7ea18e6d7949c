"""The child side of a job: runs one command of ours, and writes how it ended where the parent will look.

``python -m ser_core.engine.child FOLDER VERB ...`` is ``python -m ser_core VERB ...`` that leaves ``FOLDER/exit.json``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from ser_core.cli import main
from ser_core.ratings import write_whole


def run(folder: Path, args: list[str]) -> int:
    """Run the command and write its exit status: 0 done, 2 bad input, 1 our fault, 143 asked to end."""
    signal.signal(signal.SIGTERM, _asked_to_end)
    os.nice(10)  # listeners on the same machine come first
    try:
        code = main("ser_core", args)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    said = {"code": code, "ended_at": datetime.now(UTC).isoformat()}
    write_whole(folder / "exit.json", json.dumps(said).encode())
    return code


def _asked_to_end(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)  # so that whatever is half-written is cleared up on the way out


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2:]))
