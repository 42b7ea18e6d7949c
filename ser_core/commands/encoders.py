"""Say which encoders there are, under which licence, whether their files are here, and the command that fetches them."""

from __future__ import annotations

import argparse

from ser_core.cli import Command
from ser_core.encoders import _checkpoint
from ser_core.encoders._encoder import Encoder
from ser_core.encoders._find import all_encoders, find
from ser_core.errors import BadInput


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these encoders (default: all)")


def _run(options: argparse.Namespace) -> None:
    encoders = {name: find(name) for name in options.names} or all_encoders()
    rows = [("name", "title", "layers x dim", "learned from", "licence", "source", "revision", "files")]
    for name, encoder in encoders.items():
        size = f"{encoder.layers} x {encoder.dim}"
        pinned = encoder.revision or "not pinned: recorded when opened"
        source = encoder.source or "-"
        rows.append((name, encoder.title, size, encoder.languages, encoder.licence, source, pinned, _files(name, encoder)))
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    missing = {name: encoder for name, encoder in encoders.items() if _files(name, encoder) == "not here"}
    if missing:
        print(
            "\nTo fetch those that are not here (an encoder that is used is fetched by itself, unless --offline is given):"
        )
        for name, encoder in missing.items():
            print(f"  {_checkpoint.command(name, encoder)}")


def _files(name: str, encoder: Encoder) -> str:
    if not encoder.source:
        return "none needed"
    try:
        folder = _checkpoint.found(name, encoder)
    except BadInput:
        return "not here"
    return str(folder) if folder else "not here"


COMMAND = Command("say which encoders there are, their licence, and whether their files are here", _arguments, _run)
