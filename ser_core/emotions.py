"""The labels every table uses, and the words that mean the same.

A label names the emotion *perceived* (or, in ``truth``, the one the speaker was asked for); nobody's feelings are claimed.
Codes of one corpus (EMO-DB's ``W``, RAVDESS's ``05``) stand in that corpus's file; here stand the words of the field.
"""

from __future__ import annotations

EMOTIONS = (
    "angry", "happy", "neutral", "sad", "fearful", "disgusted", "surprised", "calm", "bored", "excited", "frustrated",
)  # fmt: skip
"""Canonical labels, in the order in which tables and figures show them."""

NEUTRAL = "neutral"
"""The label of time that shows no emotion."""

CANNOT_SAY = "cannot_say"
"""A listener's answer that is none of the emotions; counts as heard, and as not recognised."""

SYNONYMS = {
    "anger": "angry", "happiness": "happy", "joy": "happy", "happily": "happy", "neutrality": "neutral",
    "sadness": "sad", "fear": "fearful", "afraid": "fearful", "disgust": "disgusted", "surprise": "surprised",
    "boredom": "bored", "calmness": "calm", "excitement": "excited", "frustration": "frustrated",
}  # fmt: skip


def canonical(word: str) -> str:
    """The canonical label for a word of the field.

    Raises:
        KeyError: the word names no emotion we know.

    >>> canonical("Joy"), canonical("angry")
    ('happy', 'angry')
    """
    label = word.strip().lower()
    label = SYNONYMS.get(label, label)
    if label not in EMOTIONS and label != CANNOT_SAY:
        raise KeyError(word)
    return label


def in_order(labels: set[str] | list[str]) -> list[str]:
    """Labels in the order every table shows them: canonical order, then ``cannot_say``, then others by name.

    >>> in_order({"sad", "cannot_say", "angry"})
    ['angry', 'sad', 'cannot_say']
    """
    known = [*EMOTIONS, CANNOT_SAY]
    return sorted(labels, key=lambda label: (known.index(label) if label in known else len(known), label))
