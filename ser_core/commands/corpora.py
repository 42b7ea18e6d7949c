"""Say which corpora can be indexed, under which licence, and how to get them; of one, all that is known."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator

from ser_core.cli import Command
from ser_core.corpora._corpus import Corpus
from ser_core.emotions import in_order
from ser_core.errors import BadInput, nearest
from ser_core.registry import discover


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", nargs="?", metavar="CORPUS", help="all that is known of this one")


def _run(options: argparse.Namespace) -> None:
    corpora: dict[str, Corpus] = discover("ser_core.corpora", "CORPUS")
    if options.corpus is None:
        print("\n".join(_table(corpora)))
    elif options.corpus in corpora:
        print("\n".join(_all(corpora[options.corpus])))
    else:
        raise BadInput(f"there is no corpus '{options.corpus}'. {nearest(options.corpus, corpora)}")


def _table(corpora: dict[str, Corpus]) -> Iterator[str]:
    rows = [("name", "title", "languages", "licence", "how to get it")]
    rows += [(name, c.title, " ".join(c.languages) or "any", c.licence, c.obtain) for name, c in corpora.items()]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _all(corpus: Corpus) -> Iterator[str]:
    """Each fact on lines of its own, its name before it."""
    facts = [
        ("title", corpus.title),
        ("licence", corpus.licence),
        ("languages", " ".join(corpus.languages) or "any"),
        ("citation", corpus.citation),
        ("how to get it", corpus.obtain),
        ("files", corpus.layout),
        ("labels", ", ".join(f"{code} = {label}" for code, label in corpus.label_map.items())),
        ("clips", held(corpus)),
        *(("note", remark) for remark in corpus.remarks),
    ]
    width = max(len(name) for name, _ in facts) + 2
    for name, fact in facts:
        if fact:
            first, later = name.ljust(width), " " * width
            yield textwrap.fill(
                fact, 100, initial_indent=first, subsequent_indent=later, break_on_hyphens=False, break_long_words=False
            )


def held(corpus: Corpus) -> str:
    """How many clips the corpus holds as published, in words; empty if only its own tables say it.

    >>> from ser_core.corpora.urdu import CORPUS
    >>> held(CORPUS)
    '400 (angry 100, happy 100, neutral 100, sad 100)'
    """
    if corpus.whole is None or not corpus.whole.clips:
        return ""
    truths = corpus.whole.truths
    each = ", ".join(f"{truth} {truths[truth]}" for truth in in_order(list(truths)))
    return f"{corpus.whole.clips}" + (f" ({each})" if each else "")


COMMAND = Command("say which corpora can be indexed, under which licence, and how to get them", _arguments, _run)
