"""EDER, emotion diarization error rate: the share of a clip's time of which something wrong was said.

    EDER = (ME + FA + CF + OL + uncovered) / D

with D the length of the clip and every moment of it in one class at most, by the emotions R that it shows (reference) and
the emotions P that were said of it:

    ====================================================  =========================================================
    ME, missed emotion                                    P is empty and R is not, or P lacks some of R and adds none
    FA, false alarm                                       R is empty and P is not
    CF, confusion                                         P and R share none; or P lacks some of R and adds others
    OL, overlap                                           P holds all of R and other emotions besides
    uncovered (only ``tail="error"``)                     nothing was said of it, not even that it is neutral
    ====================================================  =========================================================

Neutral time shows no emotion: it is the empty set. ``cannot_say`` is an emotion nobody asked for, and so never right.
With one emotion at a time these are the classes of the paper, which leaves open what holds where several overlap. As each
moment counts once, EDER lies in [0, 1], is 0 only where P = R always, and does not change when a part is cut in two.

What ``tail`` decides is the time of which nothing was said: after the last part, and between parts.

    ``error``    it is charged, whatever the reference says (as SpeechBrain does)
    ``hold``     what was said last goes on; before anything was said, neutral
    ``neutral``  it counts as neutral (a person who marks the emotion says nothing of the rest)

``compat="speechbrain"`` is the arithmetic of ``speechbrain.utils.EDER``: emotions are their first letters (so that sad is
surprised), overlaps of neighbours are halved, and the rate is 1 - right/D, which is negative where the reference ends after
the clip. It holds for one emotion in a clip.

Source: Y. Wang, M. Ravanelli, A. Yacoubi, Speech Emotion Diarization: Which emotion appears when?, ASRU 2023.
M. Ravanelli et al., SpeechBrain 1.0, ``speechbrain/utils/EDER.py`` (arithmetic only).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, get_args

from ser_core.emotions import NEUTRAL
from ser_core.errors import BadInput, Problem, nearest
from ser_core.metrics._confusion import Array, share
from ser_core.metrics._metric import SegmentMetric

Interval = tuple[float, float, str]
"""``(start_s, end_s, label)``, in seconds from the start of the clip."""

Tail = Literal["error", "hold", "neutral"]
Compat = Literal["", "speechbrain"]
TAILS: tuple[Tail, ...] = get_args(Tail)
COMPATS: tuple[Compat, ...] = get_args(Compat)


@dataclass(frozen=True)
class Eder:
    """Seconds of each kind of error, and their share of the clip.

    Attributes:
        me_s, fa_s, cf_s, ol_s: missed emotion, false alarm, confusion, overlap.
        uncovered_s: time of which nothing was said; 0 unless ``tail="error"``.
        duration_s: length of the clip.
        rate: EDER, in [0, 1] (with ``compat="speechbrain"``: at most 1).
    """

    me_s: float
    fa_s: float
    cf_s: float
    ol_s: float
    uncovered_s: float
    duration_s: float
    rate: float


def eder(
    predicted: Sequence[Interval],
    reference: Sequence[Interval],
    duration_s: float,
    *,
    tail: Tail = "error",
    compat: Compat = "",
) -> Eder:
    """Compare what was said with what holds, over the whole clip.

    Args:
        predicted: parts with what was said of them, in any order; they may overlap. What lies outside [0, duration_s] is
            cut off (not with ``compat``).
        reference: parts with the emotion they show; what they leave out is neutral.
        duration_s: length of the clip.
        tail: what becomes of time of which nothing was said.
        compat: ``speechbrain`` for its arithmetic; ``tail`` fills first.

    Raises:
        BadInput: a part that is not possible, a clip without length, with ``compat`` what SpeechBrain cannot do.

    >>> found = eder([(0, 0.6, "neutral"), (0.6, 1.2, "angry")], [(0.39, 1.1, "angry")], 1.22)
    >>> [round(v, 6) for v in (found.me_s, found.fa_s, found.cf_s, found.uncovered_s, found.rate)]
    [0.21, 0.1, 0.0, 0.02, 0.270492]
    >>> eder([(0.5, 1.5, "happy")], [(0.5, 1.5, "happy")], 2, tail="neutral").rate
    0.0
    """
    problems = list(_wrong(predicted, reference, duration_s, tail, compat))
    if problems:
        raise BadInput(*problems)
    said = [*predicted, *_filling(_inside(predicted, duration_s), duration_s, tail)]
    if compat == "speechbrain":
        return _speechbrain(said, reference, duration_s)
    return _errors(said, reference, duration_s)


def _wrong(
    predicted: Sequence[Interval], reference: Sequence[Interval], duration_s: float, tail: str, compat: str
) -> Iterator[Problem]:
    if tail not in TAILS:
        yield Problem(f"unknown tail policy '{tail}'. {nearest(tail, TAILS)}")
    if compat not in COMPATS:
        yield Problem(f"unknown compat '{compat}'. {nearest(compat, COMPATS[1:])}")
    if not (math.isfinite(duration_s) and duration_s > 0):
        yield Problem(f"a clip of {duration_s:g} s has no time that could be right or wrong; give its length in seconds")
    for name, parts in (("prediction", predicted), ("reference", reference)):
        for start_s, end_s, label in parts:
            if not (math.isfinite(start_s) and math.isfinite(end_s) and start_s < end_s):
                yield Problem(f"{name}: a part from {start_s:g} s to {end_s:g} s is not possible")
            if not label:
                yield Problem(f"{name}: the part from {start_s:g} s to {end_s:g} s has no label")


def _inside(parts: Sequence[Interval], duration_s: float) -> list[Interval]:
    """The parts as far as they lie in the clip, by their start."""
    cut = ((max(start, 0.0), min(end, duration_s), label) for start, end, label in parts)
    return sorted((start, end, label) for start, end, label in cut if start < end)


def _filling(parts: list[Interval], duration_s: float, tail: Tail) -> Iterator[Interval]:
    """Parts for the time of which nothing was said, as the policy has it; ``parts`` lie in the clip, by their start."""
    if tail == "error":
        return
    reach = 0.0
    for start, end, _ in [*parts, (duration_s, duration_s, NEUTRAL)]:
        if start > reach:
            last = {label for _, ended, label in parts if ended == reach} if tail == "hold" else {NEUTRAL}
            yield from ((reach, start, label) for label in sorted(last) or [NEUTRAL])
        reach = max(reach, end)


def _errors(said: Sequence[Interval], reference: Sequence[Interval], duration_s: float) -> Eder:
    kinds: dict[str, list[float]] = {"me": [], "fa": [], "cf": [], "ol": [], "uncovered": []}
    for length_s, p, r in _moments(_inside(said, duration_s), _inside(reference, duration_s), duration_s):
        kind = _kind(p, r)
        if kind:
            kinds[kind].append(length_s)
    seconds = {f"{kind}_s": math.fsum(lengths) for kind, lengths in kinds.items()}
    rate = min(math.fsum(seconds.values()) / duration_s, 1.0)  # a sum of many lengths may end an ulp above the whole
    return Eder(**seconds, duration_s=duration_s, rate=rate)


def _moments(
    said: list[Interval], reference: list[Interval], duration_s: float
) -> Iterator[tuple[float, AbstractSet[str], AbstractSet[str]]]:
    """Stretches in which nothing changes: length in s, labels said, labels that hold."""
    changes = [(duration_s, 0, "", 0)]
    for side, parts in enumerate((said, reference)):
        for start, end, label in parts:
            changes += [(start, side, label, 1), (end, side, label, -1)]
    now: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    at = 0.0
    for time, side, label, step in sorted(changes):
        if time > at:
            yield time - at, (+now[0]).keys(), (+now[1]).keys()
            at = time
        now[side][label] += step


def _kind(said: AbstractSet[str], holds: AbstractSet[str]) -> str:
    """Which error a moment is; empty for none. See the table above."""
    p, r = said - {NEUTRAL}, holds - {NEUTRAL}
    if not said:
        return "uncovered"
    if p == r:
        return ""
    if not r:
        return "fa"
    if p < r:
        return "me"
    return "ol" if r < p else "cf"


# --- as SpeechBrain computes it ---------------------------------------------------------------------------------------


def _speechbrain(said: Sequence[Interval], reference: Sequence[Interval], duration_s: float) -> Eder:
    """The components are those of the same letters and halved overlaps; their sum is the rate where all lies in the clip."""
    emotional = [part for part in reference if part[2] != NEUTRAL]
    parts = sorted((start, end, label[0]) for start, end, label in said)
    problems = list(_not_for_speechbrain(parts, emotional))
    if problems:
        raise BadInput(*problems)
    parts = _halved(_merged(parts))
    ((start, end, label),) = emotional
    truth = [(0.0, start, NEUTRAL[0]), (start, end, label[0]), (end, duration_s, NEUTRAL[0])]
    right = 0.0
    for begins, ends, letter in truth:
        for one, other, given in parts:
            if given == letter:
                right += max(0.0, min(ends, other) - max(begins, one))
    spelt = [(one, other, NEUTRAL if given == NEUTRAL[0] else given) for one, other, given in parts if one < other]
    return replace(_errors(spelt, [(start, end, label[0])], duration_s), rate=1 - right / duration_s)


def _not_for_speechbrain(parts: list[Interval], emotional: list[Interval]) -> Iterator[Problem]:
    if len(emotional) != 1:
        yield Problem(
            f"SpeechBrain's EDER needs exactly one part with an emotion in the reference, not {len(emotional)}; "
            "leave compat out for any number"
        )
    if not parts:
        yield Problem("SpeechBrain's EDER needs something that was said of the clip, and there is nothing")
    for (start, end, _), (later, ends, _) in pairwise(parts):
        if ends < end or later == start:
            yield Problem(
                f"SpeechBrain's EDER knows one label after the other: the part from {later:g} s to {ends:g} s does not "
                f"follow the one from {start:g} s to {end:g} s; leave compat out for emotions that overlap"
            )


def _merged(parts: list[Interval]) -> list[Interval]:
    """Neighbours of one label that touch or overlap as one part."""
    merged = parts[:1]
    for start, end, label in parts[1:]:
        first, last, before = merged[-1]
        if start <= last and label == before:
            merged[-1] = (first, end, label)
        else:
            merged.append((start, end, label))
    return merged


def _halved(parts: list[Interval]) -> list[Interval]:
    """Each overlap of two neighbours is shared out between them."""
    halved = parts[:1]
    for start, end, label in parts[1:]:
        first, last, before = halved[-1]
        if start <= last:
            half = (last - start) / 2.0
            halved[-1] = (first, last - half, before)
            start += half
        halved.append((start, end, label))
    return halved


# --- many clips -------------------------------------------------------------------------------------------------------


def mean_eder(weight: Array, rate: Array, duration_s: Array) -> Array:
    """Weights ``[..., clip]`` and EDER of each clip ``[clip]`` -> their weighted mean ``[...]``; lengths do not matter."""
    return share(weight @ rate, weight.sum(axis=-1))


METRIC = SegmentMetric(
    title="EDER",
    help="mean over clips of the share of time of which something wrong was said",
    bounds=(0, 1),
    higher_is_better=False,
    value=mean_eder,
)
