"""Look at the features that were kept, check them, and take away what is of no use."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ser_core import feature_cache, places
from ser_core.cli import Command
from ser_core.encoders import _checkpoint
from ser_core.encoders._find import all_encoders
from ser_core.errors import BadInput
from ser_core.feature_store import describe, stores
from ser_core.stimuli import load_all


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", choices=("ls", "verify", "gc"), help="list; read all and check; take away what is of no use"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        nargs="+",
        metavar="STIMULI",
        help="gc: of clips that are in none of these tables, too",
    )
    parser.add_argument("--dry-run", action="store_true", help="gc: say what would go, and leave it")


def _run(options: argparse.Namespace) -> int | None:
    root = places.features()
    if options.action == "ls":
        rows = feature_cache.overview(root)
        for row in rows:
            held = f"{row.clips} clips  {_size(row.bytes)}"
            print(f"{row.encoder}  {row.revision}  {describe(row.settings)}  {held}  {row.folder}")
        for _, about in stores(root):
            if isinstance(about, BadInput):
                print(about, file=sys.stderr)
        print(f"{root}: {len(rows)} sets of features, {_size(sum(row.bytes for row in rows))}")
    elif options.action == "verify":
        clips, problems = feature_cache.verify(root)
        for problem in problems:
            print(problem, file=sys.stderr)
        print(f"{clips} clips' features are what was written; {len(problems)} damaged shards")
        return 2 if problems else None
    else:
        keep = None if options.keep is None else set(load_all(options.keep)["sha256"]) - {""}
        gone = feature_cache.collect(root, _revisions(), keep=keep, really=not options.dry_run)
        for what in gone:
            print(f"{'would take away' if options.dry_run else 'took away'} {what.path}: {what.why} ({_size(what.bytes)})")
        print(f"{len(gone)} things, {_size(sum(what.bytes for what in gone))}")
    return None


def _revisions() -> dict[str, str]:
    """The revision at which each encoder would be opened here, where that can be told."""
    found = {}
    for name, encoder in all_encoders().items():
        here = _checkpoint.found(name, encoder)
        if here is not None or not encoder.source or encoder.revision:
            found[name] = _checkpoint.revision(encoder, here)
    return found


def _size(bytes_: int) -> str:
    """Bytes as people say them.

    >>> _size(999), _size(12_345_678)
    ('999 B', '12.3 MB')
    """
    size = float(bytes_)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


COMMAND = Command("list, check or tidy the features that were kept", _arguments, _run)
