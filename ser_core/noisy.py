"""Experiments on noisy clips: the same tasks, tested on (or also learned from) copies with noise in them.

A table of ``python -m ser_core noise`` holds copies of clips, each with the clip it was made of, the noise and its ratio.
What was done to the clips of a test is its *condition*: ``kitchen 10 dB``; where each clip got one noise of several,
``mixed 10 dB``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

import pandas as pd

from ser_core.audit import SHOWN, Finding
from ser_core.errors import BadInput, Problem
from ser_core.settings import Task

BABBLE = "babble"
"""The noise that is made of other speakers of the same corpus."""
NEEDED = ("noise_of", "noise", "snr_db")
SAME = ("corpus", "language", "speaker", "truth")
"""What a copy has of its clip."""

Copies = dict[str, dict[str, str]]
"""By condition and the id of a clip, that of its copy."""


def copies_of(noisy: pd.DataFrame) -> Copies:
    """The conditions of a table of noisy clips.

    At one ratio each noise that all clips have is a condition of its own; the others are one together, if no clip has two
    of them.

    Raises:
        BadInput: it is no such table, or a clip has two copies of one condition.

    >>> rows = [["a1", "a", "kitchen", "10"], ["b1", "b", "park", "10"], ["a2", "a", "kitchen", "0"]]
    >>> copies_of(pd.DataFrame(rows, columns=["stimulus", *NEEDED]))
    {'mixed 10 dB': {'a': 'a1', 'b': 'b1'}, 'kitchen 0 dB': {'a': 'a2'}}
    """
    if absent := [name for name in NEEDED if name not in noisy]:
        raise BadInput(f"no noisy clips: the table lacks {', '.join(absent)}; make it by 'python -m ser_core noise'.")
    found: Copies = {}
    for ratio, rows in noisy.groupby("snr_db", sort=False):
        of_all = rows.groupby("noise")["noise_of"].transform("nunique") == rows["noise_of"].nunique()
        several = bool(rows.loc[~of_all, "noise_of"].duplicated().any())
        for _, part in rows.groupby(rows["noise"].where(of_all | several, ""), sort=False):
            name = str(part["noise"].iloc[0]) if part["noise"].nunique() == 1 else "mixed"
            if twice := sorted(part.loc[part["noise_of"].duplicated(), "noise_of"])[:3]:
                raise BadInput(f"clips have two copies with {name} at {ratio!s} dB: {', '.join(twice)}; leave one out.")
            found[f"{name} {ratio!s} dB"] = dict(zip(part["noise_of"], part["stimulus"], strict=True))
    return found


def origins(clips: pd.DataFrame) -> pd.Series:
    """The id of the clip that each was made of; of one that is no copy its own.

    >>> origins(pd.DataFrame({"stimulus": ["a", "a1"], "noise_of": ["", "a"]})).tolist()
    ['a', 'a']
    """
    if "noise_of" not in clips:
        return clips["stimulus"]
    return clips["noise_of"].where(clips["noise_of"] != "", clips["stimulus"])


def repeated(clips: pd.DataFrame) -> list[str]:
    """Clips that were made of another of the clips, or of the same as another."""
    ids = origins(clips)
    return clips.loc[ids.duplicated(keep=False) & (ids != clips["stimulus"]), "stimulus"].tolist()


def noise_among(clips: pd.DataFrame) -> list[Finding]:
    """That some of the clips are copies with noise, which no condition tells."""
    ids = clips.loc[origins(clips) != clips["stimulus"], "stimulus"].tolist()
    what = f"{len(ids)} of {len(clips)} clips of 'stimuli' are copies with noise; what is tested on them has no condition"
    return [Finding("warning", "noise", what, tuple(ids[:SHOWN]))] if ids else []


def babble_of_tests(noisy: pd.DataFrame) -> list[Finding]:
    """That who talks in the background of training clips may be who is tested."""
    ids = noisy.loc[noisy["noise"] == BABBLE, "stimulus"].tolist() if len(noisy) else []
    what = (
        "training clips with babble hold clips of other speakers of their corpus in the background, tested ones among them"
    )
    return [Finding("warning", "babble", what, tuple(ids[:SHOWN]))] if ids else []


def strange(noisy: pd.DataFrame, clips: pd.DataFrame) -> list[str]:
    """What is wrong with copies beside the clips that they were made of: ids of these, or another truth or voice.

    Args:
        noisy: a table of noisy clips.
        clips: the clips.

    >>> clip = pd.DataFrame([["a", "c", "de", "x", "sad"]], columns=["stimulus", *SAME])
    >>> strange(clip.assign(stimulus="a1", truth="happy", noise_of="a"), clip)
    ["copies say another truth than their clips: 'a1'"]
    """
    if both := sorted(set(noisy["stimulus"]) & set(clips["stimulus"])):
        return [f"copies have ids of clips: {_first(both)}; give each one of its own"]
    known = noisy.merge(clips[["stimulus", *SAME]], left_on="noise_of", right_on="stimulus", suffixes=("", "_of"))
    found = []
    for name in SAME:
        if other := known.loc[known[name] != known[f"{name}_of"], "stimulus"].tolist():
            found.append(f"copies say another {name} than their clips: {_first(other)}")
    return found


def with_noise(tasks: Sequence[Task], copied: Copies, where: Literal["test", "both"]) -> list[Task]:
    """Each task as it is, then under each condition.

    Args:
        tasks: of ``settings.tasks``.
        copied: of ``copies_of``.
        where: whether clips are noisy in the ``test``, or in ``both`` training (dev included) and test.

    Raises:
        BadInput: clips have no copy under a condition; each condition once.
    """
    if missing := list(_missing(tasks, copied, where)):
        raise BadInput(*(Problem(what) for what in missing))
    parts = ("test",) if where == "test" else ("train", "dev", "test", "then_train", "then_dev", "unlabelled", "own")
    found = []
    for task in tasks:
        found.append(task)
        for name, by_clip in copied.items():
            changed: dict[str, Any] = {part: tuple(by_clip[id_] for id_ in getattr(task, part)) for part in parts}
            found.append(replace(task, condition=name, **changed))
    return found


def _missing(tasks: Sequence[Task], copied: Copies, where: str) -> Iterator[str]:
    asked = {id_ for task in tasks for id_ in task.test}
    if where == "both":
        asked |= {id_ for t in tasks for part in (t.train, t.dev, t.then_train, t.then_dev, t.unlabelled) for id_ in part}
    for name, by_clip in copied.items():
        if lacking := sorted(asked - set(by_clip)):
            yield f"{len(lacking)} of {len(asked)} clips have no copy with {name}: {_first(lacking)}"


def _first(ids: Sequence[str]) -> str:
    return ", ".join(f"'{id_}'" for id_ in ids[:3]) + (" ..." if len(ids) > 3 else "")
