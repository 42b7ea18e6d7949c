"""The child side of a job: waits for its turn, runs one command of ours, and writes how it ended where others will look.

``python -m ser_core.engine.child FOLDER LOCKS VERB ...`` is ``python -m ser_core VERB ...`` that begins when nobody holds
any of the locks (a JSON list of files) and leaves ``FOLDER/began.json`` and ``FOLDER/exit.json``. Nothing large is imported
before its turn: a job that waits holds little memory.
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

from ser_core.locks import wait_until_free


def run(folder: Path, before: list[str], args: list[str]) -> int:
    """Wait, run the command and write its exit status: 0 done, 2 bad input, 1 our fault, 143 cancelled."""
    signal.signal(signal.SIGTERM, lambda number, frame: _asked_to_end(folder, number, frame))
    os.nice(10)  # listeners on the same machine come first
    for lock in before:
        wait_until_free(Path(lock))
    from ser_core.cli import main
    from ser_core.table_files import write_whole

    write_whole(folder / "began.json", json.dumps({"at": datetime.now(UTC).isoformat()}).encode())
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


def _asked_to_end(folder: Path, number: int, _: FrameType | None) -> None:
    if (folder / "cancelled").exists():
        raise SystemExit(128 + number)  # so that whatever is half-written is cleared up on the way out
    os._exit(128 + number)  # the machine is going down: what is finished stays, and the job can be resumed


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]))
