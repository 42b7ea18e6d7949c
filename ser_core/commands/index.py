"""Make the stimuli table of a corpus that lies on this machine, and say what is to be seen of its files.

The table goes to ``--out``; a summary, one line for each kind of thing seen, to the standard output; each file that is named
to the standard error. Bad files never stop it: they are named with the reason, counted, and left out.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from ser_core.cli import Command
from ser_core.corpora._corpus import Corpus
from ser_core.corpora._survey import KINDS, Finding, missing_names, survey
from ser_core.emotions import in_order
from ser_core.errors import BadInput, Problem, nearest
from ser_core.ratings import make_folder, to_csv, write_whole
from ser_core.registry import discover
from ser_core.stimuli import placed, save

LISTED = 20
"""Files of one kind that are named; ``--findings`` has all. Those that cannot be heard are all named."""
LEFT_OUT = ("extra", "copy", "unreadable", "silent", "other")


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", metavar="CORPUS", help="its name; 'python -m ser_core corpora' lists them")
    parser.add_argument("root", type=Path, metavar="ROOT", help="the folder it lies in")
    parser.add_argument("--out", type=Path, required=True, metavar="stimuli.csv", help="the table to write")
    parser.add_argument("--findings", type=Path, metavar="CSV", help="a table of all that was seen, missing clips by name")


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
    found = survey(corpus, options.root, stimuli, left_out)
    save(placed(stimuli, options.root), options.out)
    if options.findings:
        _write(options.findings, found, missing_names(corpus, options.root, stimuli))
    for line in _named(found):
        print(line, file=sys.stderr)
    print(f"{options.out}: {counted(stimuli)}; {len(left_out)} files left out")
    print("\n".join(_summary(found, stimuli)))
    for remark in corpus.remarks:
        print(f"note: {remark}")


def counted(stimuli: pd.DataFrame) -> str:
    """The clips of each emotion, in words.

    >>> counted(pd.DataFrame({"truth": ["sad", "angry", "sad", ""], "speaker": ["1", "2", "2", "2"]}))
    '4 clips of 2 speakers (angry 1, sad 2, unknown 1)'
    """
    counts = stimuli["truth"].replace("", "unknown").value_counts()
    each = ", ".join(f"{label} {counts[label]}" for label in in_order(set(counts.index)))
    return f"{len(stimuli)} clips of {stimuli['speaker'].nunique()} speakers ({each})"


def _named(found: Sequence[Finding]) -> Iterator[str]:
    """One line for each file, of common kinds the first ``LISTED``."""
    kinds: dict[str, list[Finding]] = defaultdict(list)
    for finding in found:
        if finding.file:
            kinds[finding.kind].append(finding)
    for kind, findings in kinds.items():
        shown = findings if kind in ("unreadable", "silent") else findings[:LISTED]
        yield from (f"{'left out' if kind in LEFT_OUT else kind}: {finding}" for finding in shown)
        if len(shown) < len(findings):
            yield f"{kind}: {len(findings) - len(shown)} more; --findings writes them all"


def _summary(found: Sequence[Finding], stimuli: pd.DataFrame) -> Iterator[str]:
    """What was measured, and a line for each kind of which something was seen, then the kinds of which nothing was."""
    formats = (stimuli["sample_rate"] + " Hz x " + stimuli["channels"]).value_counts()
    seconds = float(stimuli["duration_s"].sum())
    told = ", ".join(f"{form}: {count}" for form, count in formats.items())
    yield f"  sound: {seconds / 3600:.2f} h, {seconds / len(stimuli):.2f} s each; rate x channels {told}"
    counts = Counter[str]()
    for finding in found:
        counts[finding.kind] += finding.clips
    width = max(map(len, KINDS))
    for kind, meaning in KINDS.items():
        whole = "; ".join(finding.what for finding in found if finding.kind == kind and not finding.file)
        files = sum(finding.clips for finding in found if finding.kind == kind and finding.file)
        if counts[kind]:
            said = "; ".join(part for part in (f"{files} {_files(files)}: {meaning}" if files else "", whole) if part)
            yield f"  {kind.ljust(width)}  {said}"
    if clean := [kind for kind in KINDS if not counts[kind]]:
        yield f"  none {', '.join(clean)}"


def _files(count: int) -> str:
    return "file" if count == 1 else "files"


def _write(path: Path, found: Sequence[Finding], missing: Sequence[str]) -> None:
    rows = [(finding.kind, finding.clips, finding.file, finding.what) for finding in found]
    rows += [("missing", 1, "", name) for name in missing]
    make_folder(path.parent)
    table = pd.DataFrame(rows, columns=["kind", "clips", "file", "what"])
    write_whole(path, to_csv(table).encode())


COMMAND = Command("make the stimuli table of a corpus that lies on this machine", _arguments, _run)
