"""Say which corpora can be indexed, under which licence, and how to get them."""

from __future__ import annotations

import argparse

from ser_core.cli import Command
from ser_core.corpora._corpus import Corpus
from ser_core.registry import discover


def _arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def _run(_: argparse.Namespace) -> None:
    corpora: dict[str, Corpus] = discover("ser_core.corpora", "CORPUS")
    rows = [("name", "title", "languages", "licence", "how to get it")]
    rows += [(name, c.title, " ".join(c.languages) or "any", c.licence, c.obtain) for name, c in corpora.items()]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


COMMAND = Command("say which corpora can be indexed, under which licence, and how to get them", _arguments, _run)
