"""Draw clips for a study or for training: so many of each emotion, from as many speakers as can be.

The draw depends on ids, emotions and seed, not on the order of rows or on what other corpora the tables hold: the clips
drawn from one corpus and language are the same whatever is selected beside them.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import pandas as pd

from ser_core.cli import Command, add_seed
from ser_core.commands.index import counted
from ser_core.emotions import EMOTIONS, in_order
from ser_core.errors import BadInput, nearest
from ser_core.splits import shuffled
from ser_core.stimuli import load, load_all, save


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stimuli", type=Path, nargs="+", metavar="STIMULI", help="tables to draw from")
    parser.add_argument(
        "--per-emotion", type=int, required=True, metavar="N", help="clips of each corpus, language and emotion"
    )
    add_seed(parser, help="the same seed draws the same clips")
    parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="the table to write")
    parser.add_argument("--emotions", metavar="a,b", help="only these (default: all that the tables hold)")
    parser.add_argument("--speakers", type=int, metavar="N", help="only N speakers of each corpus, drawn by the seed")
    parser.add_argument(
        "--without-speakers-of", type=Path, metavar="CSV", help="no speaker of that table, so that training and study differ"
    )


def _run(options: argparse.Namespace) -> None:
    pool = load_all(list(dict.fromkeys(options.stimuli)))
    if options.without_speakers_of:
        pool = without_speakers(pool, load(options.without_speakers_of))
    if options.speakers is not None:
        pool = some_speakers(pool, options.speakers, seed=options.seed)
    emotions = _wanted(options.emotions, pool)
    chosen = draw(pool, options.per_emotion, seed=options.seed, emotions=emotions)
    save(chosen, options.out)
    print(f"{options.out}: {counted(chosen)}")


def _wanted(spoken: str | None, pool: pd.DataFrame) -> list[str]:
    words = [word.strip() for word in spoken.split(",")] if spoken else in_order(set(pool["truth"]) - {""})
    unknown = [word for word in words if word not in EMOTIONS]
    if unknown:
        raise BadInput(*(f"unknown emotion '{word}'. {nearest(word, EMOTIONS)}" for word in unknown))
    return words


def without_speakers(pool: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """The clips of speakers that ``other`` does not hold; a speaker is known by corpus and id."""
    taken = set(zip(other["corpus"], other["speaker"], strict=True))
    return pool[[pair not in taken for pair in zip(pool["corpus"], pool["speaker"], strict=True)]]


def some_speakers(pool: pd.DataFrame, count: int, *, seed: int) -> pd.DataFrame:
    """The clips of ``count`` speakers of each corpus.

    Raises:
        BadInput: a corpus has fewer.
    """
    drawn: set[tuple[str, str]] = set()
    problems: list[str] = []
    for corpus, part in pool.groupby("corpus"):
        speakers = sorted(set(part["speaker"]))
        if not 0 < count <= len(speakers):
            problems.append(f"{corpus}: {count} speakers asked for, {len(speakers)} there")
        drawn |= {(str(corpus), speaker) for speaker in shuffled(speakers, f"{corpus}", seed=seed)[:count]}
    if problems:
        raise BadInput(*problems)
    return pool[[pair in drawn for pair in zip(pool["corpus"], pool["speaker"], strict=True)]]


def draw(pool: pd.DataFrame, per_emotion: int, *, seed: int, emotions: list[str]) -> pd.DataFrame:
    """``per_emotion`` clips of each corpus, language and emotion, in the order of their ids.

    The next clip of an emotion is always of the speaker who has given it fewest; of those, who has given fewest in all; of
    those, by lot. So no speaker gives an emotion two clips more than another who had some left.

    Raises:
        BadInput: a group has fewer; every such group with its numbers.
    """
    if per_emotion < 1:
        raise BadInput(f"--per-emotion must be at least 1, not {per_emotion}.")
    if pool.empty:
        raise BadInput("no clip is left to draw from.")
    chosen: list[str] = []
    problems: list[str] = []
    for (corpus, language), part in pool.groupby(["corpus", "language"]):
        given: Counter[str] = Counter()
        for emotion in in_order(emotions):
            group = part[part["truth"] == emotion]
            name = f"{corpus} {language} {emotion}".strip()
            if len(group) < per_emotion:
                speakers = group["speaker"].nunique()
                problems.append(f"{name}: {per_emotion} clips asked for, {len(group)} there, of {speakers} speakers")
            else:
                chosen += _in_turn(group, per_emotion, name, seed=seed, given=given)
    if problems:
        raise BadInput(*problems)
    return pool[pool["stimulus"].isin(chosen)].sort_values("stimulus").reset_index(drop=True)


def _in_turn(group: pd.DataFrame, count: int, name: str, *, seed: int, given: Counter[str]) -> list[str]:
    """``count`` ids of a group; ``given``, the clips of each speaker so far, goes on counting."""
    parts = {str(speaker): sorted(part["stimulus"]) for speaker, part in group.groupby("speaker")}
    clips = {speaker: shuffled(ids, f"{name} {speaker}", seed=seed) for speaker, ids in parts.items()}
    lot = {speaker: place for place, speaker in enumerate(shuffled(sorted(parts), name, seed=seed))}
    here: Counter[str] = Counter()
    chosen: list[str] = []
    for _ in range(count):
        speaker = min((s for s in clips if clips[s]), key=lambda s: (here[s], given[s], lot[s]))
        chosen.append(clips[speaker].pop())
        here[speaker] += 1
        given[speaker] += 1
    return chosen


COMMAND = Command("draw clips for a study or for training, evenly over emotions and speakers", _arguments, _run)
