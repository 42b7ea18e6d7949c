"""What is to be seen of a corpus once it is indexed: what is missing, extra, silent, clipped, twice there, of equal length.

A ``Finding`` is one sentence about one file, or about the whole. Nothing here judges labels or splits: ``audit`` does.

What is soft, clipped or of equal length, ``sound_limits`` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ser_core.corpora._corpus import Corpus, LeftOut
from ser_core.emotions import in_order
from ser_core.errors import Problem
from ser_core.sound_limits import CLIPPED_ABOVE, SOFT_BELOW, equal_lengths

LONG_S = 60.0
"""A clip that lasts longer is hardly one utterance."""
LISTED = 3
"""Missing clips that a sentence names."""

KINDS = {
    "missing": "in the corpus as published, and not here",
    "extra": "here, and no clip of the corpus",
    "copy": "a second file of a clip",
    "unreadable": "cannot be decoded",
    "silent": "holds nothing to hear",
    "other": "tables and recordings that give no clip",
    "soft": f"peaks below {SOFT_BELOW:g} of full scale",
    "clipped": f"more than {CLIPPED_ABOVE:.2%} of its samples at full scale",
    "duplicated": "byte by byte the same as another clip",
    "equal length": "lasts as long as suspiciously many others",
    "long": f"longer than {LONG_S:g} s",
    "channels": "other channels or another rate than most",
}
"""What a finding may be about; the first six are of what was left out."""


@dataclass(frozen=True)
class Finding:
    """One thing seen: of which kind, how many clips it is about, and a sentence; no ``file`` where these are many."""

    kind: str
    clips: int
    what: str
    file: str = ""

    def __str__(self) -> str:
        """Read like a problem.

        >>> str(Finding("soft", 1, "peaks at 0.008", "a.wav"))
        'a.wav: peaks at 0.008'
        """
        return f"{self.file}: {self.what}" if self.file else self.what


def survey(corpus: Corpus, root: Path, stimuli: pd.DataFrame, left_out: Sequence[Problem]) -> list[Finding]:
    """All that is to be seen, in the order of ``KINDS``.

    Args:
        corpus: what was indexed.
        root: where.
        stimuli: what came of it, ``file`` told from ``root``.
        left_out: what the index reported.
    """
    found = [*_left_out(left_out), *_missing(corpus, root, stimuli, left_out)]
    if len(stimuli):
        found += [*_levels(stimuli), *_duplicated(stimuli), *_equal_length(stimuli), *_long(stimuli), *_channels(stimuli)]
    order = list(KINDS)
    return sorted(found, key=lambda finding: order.index(finding.kind))


def _left_out(problems: Sequence[Problem]) -> Iterator[Finding]:
    for problem in problems:
        why = problem.why if isinstance(problem, LeftOut) else "other"
        where = ":".join(str(part) for part in (problem.file, problem.line) if part is not None)
        yield Finding(why, 1, _written(problem.what), _written(where))


def _written(text: str) -> str:
    """As a line of a file or screen takes it: bytes of a name that are no UTF-8 become ``\\udc82``, a line's end ``\\n``."""
    return text.replace("\n", "\\n").encode("utf-8", "backslashreplace").decode()


def _missing(corpus: Corpus, root: Path, stimuli: pd.DataFrame, left_out: Sequence[Problem]) -> Iterator[Finding]:
    if corpus.whole is None:
        return
    whole, here = corpus.whole, set(stimuli["stimulus"])
    here |= {p.stimulus for p in left_out if isinstance(p, LeftOut) and p.why != "missing"}  # there, but not to be heard
    named = list(whole.names(root, stimuli)) if whole.names else []
    absent = sorted(set(named) - here - {""})
    clips = whole.clips or len(named)
    lacking = max(len(absent), clips - len(here - {""})) if clips else 0
    if lacking > 0:
        counts = stimuli["truth"].value_counts()
        short = {truth: n - int(counts.get(truth, 0)) for truth, n in whole.truths.items()}
        by_truth = ", ".join(f"{truth} {short[truth]}" for truth in in_order([t for t, n in short.items() if n > 0]))
        listed = ", ".join(absent[:LISTED]) + (f" and {len(absent) - LISTED} more" if len(absent) > LISTED else "")
        details = "; ".join(part for part in (by_truth, listed) if part)
        yield Finding("missing", lacking, f"{lacking} of {clips} clips" + (f" ({details})" if details else ""))
    beyond = len(stimuli) - whole.clips if whole.clips else 0
    if beyond > 0:
        yield Finding("extra", beyond, f"{beyond} clips more than the {whole.clips} that were published: another release?")


def missing_names(corpus: Corpus, root: Path, stimuli: pd.DataFrame) -> list[str]:
    """The ids of all clips that are not in the table, as far as they can be told; sorted."""
    if corpus.whole is None or corpus.whole.names is None:
        return []
    return sorted(set(corpus.whole.names(root, stimuli)) - set(stimuli["stimulus"]))


def _levels(stimuli: pd.DataFrame) -> Iterator[Finding]:
    for row in stimuli[stimuli["peak"].astype(float) < SOFT_BELOW].to_dict("records"):
        yield Finding("soft", 1, f"is nearly silent: its peak is {float(row['peak']):.2g} of full scale", row["file"])
    for row in stimuli[stimuli["clipped"].astype(float) > CLIPPED_ABOVE].to_dict("records"):
        yield Finding("clipped", 1, f"is clipped: {float(row['clipped']):.2%} of its samples are at full scale", row["file"])


def _duplicated(stimuli: pd.DataFrame) -> Iterator[Finding]:
    twice = stimuli[stimuli.duplicated("sha256", keep=False)]
    for _, same in twice.groupby("sha256", sort=False):
        first, *others = same["file"]
        for other in others:
            yield Finding("duplicated", 1, f"is byte by byte the same as {first}", other)


def _equal_length(stimuli: pd.DataFrame) -> Iterator[Finding]:
    for seconds, count in equal_lengths(stimuli["duration_s"]).items():
        what = f"{count} of {len(stimuli)} clips last exactly {seconds:g} s: cut or padded to one length?"
        yield Finding("equal length", count, what)


def _long(stimuli: pd.DataFrame) -> Iterator[Finding]:
    for row in stimuli[stimuli["duration_s"] > LONG_S].to_dict("records"):
        minutes = row["duration_s"] / 60
        yield Finding("long", 1, f"lasts {minutes:.0f} minutes: is it a whole recording?", row["file"])


def _channels(stimuli: pd.DataFrame) -> Iterator[Finding]:
    formats = stimuli["sample_rate"].astype(str) + " Hz, " + stimuli["channels"].astype(str) + " channels"
    counts = formats.value_counts()
    for row, form in zip(stimuli.to_dict("records"), formats, strict=True):
        if form != counts.index[0]:
            what = f"has {form}; {counts.iloc[0]} of {len(stimuli)} have {counts.index[0]}"
            yield Finding("channels", 1, what.replace(" 1 channels", " 1 channel"), row["file"])
