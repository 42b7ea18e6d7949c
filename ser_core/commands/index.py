"""Make the stimuli table of a corpus that lies on this machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

from ser_core.cli import Command
from ser_core.corpora._corpus import Corpus
from ser_core.emotions import in_order
from ser_core.errors import BadInput, Problem, nearest
from ser_core.registry import discover
from ser_core.stimuli import placed, save


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", metavar="CORPUS", help="its name; 'python -m ser_core corpora' lists them")
    parser.add_argument("root", type=Path, metavar="ROOT", help="the folder it lies in")
    parser.add_argument("--out", type=Path, required=True, metavar="stimuli.csv", help="the table to write")


def _run(options: argparse.Namespace) -> None:
    corpora: dict[str, Corpus] = discover("ser_core.corpora", "CORPUS")
    if options.corpus not in corpora:
        raise BadInput(f"there is no corpus '{options.corpus}'. {nearest(options.corpus, corpora)}")
    if not options.root.is_dir():
        raise BadInput(Problem("there is no such folder", options.root))
    corpus = corpora[options.corpus]
    left_out: list[Problem] = []
    stimuli = corpus.index(options.root, left_out.append)
    if stimuli.empty:
        raise BadInput(Problem(f"holds no clip of {corpus.title}, which lie as {corpus.layout}", options.root), *left_out)
    save(placed(stimuli, options.root), options.out)
    for problem in left_out:
        print(f"left out: {problem}", file=sys.stderr)
    print(f"{options.out}: {counted(stimuli)}; {len(left_out)} files left out")


def counted(stimuli: pd.DataFrame) -> str:
    """The clips of each emotion, in words.

    >>> counted(pd.DataFrame({"truth": ["sad", "angry", "sad", ""], "speaker": ["1", "2", "2", "2"]}))
    '4 clips of 2 speakers (angry 1, sad 2, unknown 1)'
    """
    counts = stimuli["truth"].replace("", "unknown").value_counts()
    each = ", ".join(f"{label} {counts[label]}" for label in in_order(set(counts.index)))
    return f"{len(stimuli)} clips of {stimuli['speaker'].nunique()} speakers ({each})"


COMMAND = Command("make the stimuli table of a corpus that lies on this machine", _arguments, _run)
