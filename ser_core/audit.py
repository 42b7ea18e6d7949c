"""What is wrong with a set of clips before any model learns from it: leaks between parts, confounds, damaged sound, a
label key that contradicts the voices.

A finding is an ``alarm`` (a result on these clips would mean something else than it says), a ``warning`` (think before
you use them) or a ``note``. Every check is a function from the clips (and their sounds) to findings, and all of them run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.emotions import in_order
from ser_core.sound_limits import CLIPPED_ABOVE, SOFT_BELOW, equal_lengths

Severity = Literal["alarm", "warning", "note"]
SPLITS = ("split", "part", "fold")
"""Columns that may say which part of the clips is for training and which for testing; the first there counts."""
TEXTS = ("sentence", "text", "prompt", "statement")
"""Columns that may say what is spoken."""

ONE_EMOTION = 0.5  # from this share of speakers on who speak one emotion only, the speaker stands for the emotion
UNBALANCED = 3.0  # most frequent emotion to rarest
CONFOUNDED = 0.3  # Cramér's V between gender and emotion, corrected for chance
ALL_EQUAL = 0.9  # from this share of clips with one and the same length on, it is more than a warning
ALIKE = 0.12  # distance of two pictures of unit length; the same speech resampled or cut lies below 0.1
SWAPPED_P = 0.01
SHOWN = 10
"""Clips that a finding names."""

_BLOCK = 2048  # pictures that are compared with as many others at once


@dataclass(frozen=True)
class Finding:
    """One thing that was found, in a sentence, with the clips it is about (some of them, where there are many)."""

    severity: Severity
    check: str
    what: str
    clips: tuple[str, ...] = ()


def audit(stimuli: pd.DataFrame, sounds: pd.DataFrame | None = None, *, split: str = "") -> list[Finding]:
    """All findings, alarms first.

    Args:
        stimuli: a table of clips.
        sounds: ``sound_facts.measure_all(stimuli)``, if the sound was looked at; its index is that of ``stimuli``.
        split: the column that parts training from test; empty = the first of ``SPLITS`` that is there.
    """
    column = split or next((name for name in SPLITS if name in stimuli), "")
    found = [finding for check in _TABLE_CHECKS for finding in check(stimuli, column)]
    if sounds is not None:
        heard = stimuli.drop(columns=list(sounds.columns), errors="ignore").join(sounds, how="inner")
        found += [finding for check in _SOUND_CHECKS for finding in check(heard)]
    return sorted(found, key=lambda finding: ("alarm", "warning", "note").index(finding.severity))


# --- leaks between parts ---


def _speaker_overlap(clips: pd.DataFrame, split: str) -> Iterator[Finding]:
    if not split:
        return
    known = clips[clips["speaker"] != ""]
    for (corpus, speaker), rows in known.groupby(["corpus", "speaker"]):
        parts = sorted(set(rows[split]))
        if len(parts) > 1:
            of = f" of {corpus}" if corpus else ""
            what = f"speaker '{speaker}'{of} is in {' and in '.join(parts)}: what is measured is partly the speaker"
            yield Finding("alarm", "speaker overlap", what, _some(rows))


def _text_overlap(clips: pd.DataFrame, split: str) -> Iterator[Finding]:
    text = next((name for name in TEXTS if name in clips), "")
    if not split or not text:
        return
    spoken = clips[clips[text] != ""]
    shared = spoken.groupby(["corpus", text]).filter(lambda rows: rows[split].nunique() > 1)
    if shared.empty:
        return
    n = shared.groupby(["corpus", text]).ngroups
    total = spoken.groupby(["corpus", text]).ngroups
    what = f"{n} of {total} sentences (column '{text}') are in more than one {split}: what is measured is partly the words"
    yield Finding("warning", "sentence overlap", what, _some(shared))
    takes = shared[shared["speaker"] != ""].groupby(["corpus", text, "speaker", "truth"])
    repeated = takes.filter(lambda rows: rows[split].nunique() > 1)
    if len(repeated):
        count = repeated.groupby(["corpus", text, "speaker", "truth"]).ngroups
        what = f"{count} times, takes of one sentence by one speaker with one emotion are in more than one {split}"
        yield Finding("alarm", "take overlap", what, _some(repeated))


def _same_content(clips: pd.DataFrame, split: str) -> Iterator[Finding]:
    hashed = clips[clips["sha256"] != ""]
    for _, rows in hashed[hashed.duplicated("sha256", keep=False)].groupby("sha256", sort=False):
        labels = set(rows["truth"])
        apart = bool(split) and rows[split].nunique() > 1
        more = f", labelled {' and '.join(in_order(labels))}" if len(labels) > 1 else ""
        more += f", in more than one {split}" if apart else ""
        severity: Severity = "alarm" if more else "warning"
        yield Finding(severity, "duplicate", f"{len(rows)} clips hold the same bytes{more}", _some(rows))


# --- confounds ---


def _speaker_is_emotion(clips: pd.DataFrame, _: str) -> Iterator[Finding]:
    for corpus, rows in _known(clips).groupby("corpus"):
        if rows["truth"].nunique() < 2 or rows["speaker"].nunique() < 2:
            continue
        often = rows.groupby("speaker").filter(lambda own: len(own) > 1)  # one clip can only be of one emotion
        single = often.groupby("speaker")["truth"].nunique() == 1
        if len(single) and single.mean() >= ONE_EMOTION:
            what = (
                f"{_of(corpus)}{int(single.sum())} of {len(single)} speakers with more than one clip speak one emotion "
                "only: whoever knows the speaker knows the emotion, and leaving speakers out does not help"
            )
            yield Finding("alarm", "speaker = emotion", what)


def _gender(clips: pd.DataFrame, _: str) -> Iterator[Finding]:
    if "gender" not in clips:
        return
    for corpus, rows in _known(clips[clips["gender"] != ""]).groupby("corpus"):
        table = pd.crosstab(rows["gender"], rows["truth"])
        if min(table.shape) < 2:
            continue
        strength = _cramers_v(table)
        if strength >= CONFOUNDED:
            counts = "; ".join(
                f"{gender}: {', '.join(f'{n} {e}' for e, n in row.items())}" for gender, row in table.iterrows()
            )
            what = f"{_of(corpus)}gender goes with emotion (Cramér's V {strength:.2f}): {counts}"
            yield Finding("warning", "gender x emotion", what)


def _cramers_v(table: pd.DataFrame) -> float:
    """Bergsma's bias-corrected V, in [0, 1]: Journal of the Korean Statistical Society 42(3), 2013."""
    from scipy.stats.contingency import association  # half a second, which every command would take to start

    n, (rows, columns) = int(table.to_numpy().sum()), table.shape
    phi2 = float(association(table.to_numpy(), method="cramer")) ** 2 * (min(rows, columns) - 1)
    corrected = max(0.0, phi2 - (rows - 1) * (columns - 1) / (n - 1))
    least = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(corrected / least)) if least > 0 else 0.0


def _class_counts(clips: pd.DataFrame, split: str) -> Iterator[Finding]:
    known = clips[clips["truth"] != ""]
    if len(known) < len(clips):
        yield Finding("note", "class counts", f"{len(clips) - len(known)} of {len(clips)} clips have no 'truth'")
    everywhere = set(known["truth"])
    by = ["language", *([split] if split else [])]
    for place, rows in known.groupby(by):
        counts = rows["truth"].value_counts()
        where = " / ".join(str(p) for p in (place if isinstance(place, tuple) else (place,)))
        missing = in_order(everywhere - set(counts.index))
        if missing:
            yield Finding("warning", "class counts", f"{where} has no clip that is {' or '.join(missing)}")
        if counts.max() / counts.min() > UNBALANCED:
            shown = ", ".join(f"{counts[e]} {e}" for e in in_order(set(counts.index)))
            yield Finding("warning", "class counts", f"{where} is unbalanced: {shown}")


# --- sound ---


def _equal_lengths(clips: pd.DataFrame) -> Iterator[Finding]:
    for corpus, rows in clips.groupby("corpus"):
        for seconds, count in equal_lengths(rows["frames"] / rows["sample_rate"]).items():
            what = f"{_of(corpus)}{count} of {len(rows)} clips last exactly {seconds:g} s: cut or padded to one length?"
            yield Finding("alarm" if count >= ALL_EQUAL * len(rows) else "warning", "equal length", what)


def _recording(clips: pd.DataFrame) -> Iterator[Finding]:
    for corpus, rows in clips.groupby("corpus"):
        usual = rows["channels"].mode().iloc[0]
        for channels, other in rows[rows["channels"] != usual].groupby("channels"):
            what = f"{_of(corpus)}{len(other)} of {len(rows)} clips have {channels} channel{'s' if channels > 1 else ''}"
            yield Finding("note", "channels", f"{what}, the others {usual}", _some(other))
        rates = rows["sample_rate"].value_counts()
        if len(rates) > 1:
            shown = ", ".join(f"{n} at {rate} Hz" for rate, n in rates.items())
            yield Finding("note", "sample rates", f"{_of(corpus)}{shown}: a model may learn the rate")
        for check, mask, said in (
            ("near-silent", rows["peak"] < SOFT_BELOW, f"peak below {SOFT_BELOW:g} of full scale"),
            ("clipped", rows["clipped"] > CLIPPED_ABOVE, f"stand at full scale in more than {CLIPPED_ABOVE:.2%} of samples"),
        ):
            if mask.any():
                what = f"{_of(corpus)}{int(mask.sum())} of {len(rows)} clips {said}"
                yield Finding("warning", check, what, _some(rows[mask]))


def _near_duplicates(clips: pd.DataFrame) -> Iterator[Finding]:
    once = clips[(clips["sha256"] == "") | ~clips.duplicated("sha256")]  # the same bytes are another finding
    if once.empty:
        return
    count, pairs = _alike(np.stack(once["picture"].to_list()))
    if count:
        ids = once["stimulus"].to_numpy()
        shown = tuple(f"{ids[a]} ~ {ids[b]}" for a, b in pairs)
        many = f"{count} pairs of clips begin" if count > 1 else "a pair of clips begins"
        what = f"{many} with the same speech: another copy, cut or converted?"
        yield Finding("warning", "near-duplicate", what, shown)


def _alike(pictures: npt.NDArray[np.float32]) -> tuple[int, list[tuple[int, int]]]:
    """How many pairs of pictures [clip, value] are less than ``ALIKE`` apart, and the first ``SHOWN`` of them by their rows.

    |a - b|^2 = 2 - 2 ab for pictures of unit length, so products of blocks of rows find all pairs, in the memory of a block
    however many are alike. How far two lie apart on one axis bounds their distance from below: in the order along the axis
    on which the pictures differ most, a block need not be compared with what lies too far behind it.
    """
    centred = pictures - pictures.mean(axis=0)
    along = pictures @ np.linalg.eigh(centred.T @ centred)[1][:, -1]
    order = np.argsort(along, kind="stable")
    along, pictures = along[order], pictures[order]
    count, first = 0, np.empty(0, np.int64)
    for start in range(0, len(pictures), _BLOCK):
        rows = pictures[start : start + _BLOCK]
        end = int(np.searchsorted(along, along[start : start + _BLOCK][-1] + ALIKE))
        for at in range(start, end, _BLOCK):
            near = rows @ pictures[at : min(at + _BLOCK, end)].T > 1 - ALIKE**2 / 2
            a, b = np.nonzero(np.triu(near, 1) if at == start else near)
            a, b = order[start + a], order[at + b]
            count += len(a)
            pairs = np.concatenate([first, np.minimum(a, b) * len(order) + np.maximum(a, b)])
            first = np.partition(pairs, SHOWN)[:SHOWN] if len(pairs) > SHOWN else pairs
    return count, [divmod(int(pair), len(order)) for pair in np.sort(first)]


def _label_key(clips: pd.DataFrame) -> Iterator[Finding]:
    """Anger is louder, higher and brighter than sadness in nearly every voice (Juslin & Laukka 2003, table 7)."""
    from scipy.stats import binomtest

    cues = ["level_db", "f0_hz", "bright_db"]
    for corpus, rows in clips.groupby("corpus"):
        angry, sad = (rows[rows["truth"] == emotion].groupby("speaker")[cues].mean() for emotion in ("angry", "sad"))
        difference = (sad - angry).dropna()  # voices with both
        against = int((np.count_nonzero(difference.to_numpy() > 0, axis=1) >= 2).sum())  # two of the three cues
        if len(difference) and binomtest(against, len(difference), alternative="greater").pvalue < SWAPPED_P:
            what = (
                f"{_of(corpus)}in {against} of {len(difference)} voices 'sad' is louder, higher or brighter than 'angry': "
                "are the two swapped in the label key?"
            )
            yield Finding("alarm", "label key", what)


# --- words ---


def _known(clips: pd.DataFrame) -> pd.DataFrame:
    return clips[(clips["truth"] != "") & (clips["speaker"] != "")]


def _of(corpus: object) -> str:
    return f"{corpus}: " if corpus else ""


def _some(rows: pd.DataFrame) -> tuple[str, ...]:
    return tuple(rows["stimulus"].head(SHOWN))


_TABLE_CHECKS: tuple[Callable[[pd.DataFrame, str], Iterator[Finding]], ...] = (
    _speaker_overlap,
    _text_overlap,
    _same_content,
    _speaker_is_emotion,
    _gender,
    _class_counts,
)
_SOUND_CHECKS: tuple[Callable[[pd.DataFrame], Iterator[Finding]], ...] = (
    _equal_lengths,
    _recording,
    _near_duplicates,
    _label_key,
)
