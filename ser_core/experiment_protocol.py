"""What must stand beside an accuracy: whom a model had heard, what stopped it, and what it was given of the target."""

from __future__ import annotations

import re

import pandas as pd

CLEAN = "clean"
_NOISE = re.compile(r"(.*) (-?[\d.]+) dB")


def sentences(cells: pd.DataFrame) -> list[str]:
    """How the models of some cells were tested; nothing is said of what a folder does not record.

    Args:
        cells: of ``experiment_tables.summary``.
    """
    loose = int((cells["disjoint"] == "utterance").sum())
    apart = int((cells["disjoint"] == "speaker").sum())
    said = []
    if apart and not loose:
        said.append("No speaker of the test was learned from.")
    elif loose:
        which = f"In {loose} of {len(cells)} rows speakers" if apart else "Speakers"
        said.append(f"{which} of the test were learned from, by other clips: the voice is measured, too.")
    if stops := [text for text in dict.fromkeys(cells["dev_from"]) if text]:
        said.append(f"Dev clips, which may stop training and choose settings, were of the {' or the '.join(stops)}.")
    given = {"learned from up to {:g} labelled clips of the target": "n_shots"}
    given |= {"adapted to up to {:g} of its clips without labels": "n_unlabelled"}
    for words, column in given.items():
        if (most := cells[column].max()) > 0:
            said.append(f"Models {words.format(most)}.")
    return said


def shots_in_order(counts: pd.Series) -> list[str]:
    """The numbers of shots that there are, from none to all.

    >>> shots_in_order(pd.Series(["all", "100", "", "10", "0"])), shots_in_order(pd.Series(["10 each", "2 each", "all"]))
    (['0', '10', '100', 'all'], ['2 each', '10 each', 'all'])
    """

    def rank(shots: str) -> tuple[bool, int]:
        number = shots.partition(" ")[0]
        return not number.isdigit(), int(number) if number.isdigit() else 0

    return sorted({str(shots) for shots in counts} - {""}, key=rank)


def shots_words(shots: str) -> str:
    """What a number of shots is called.

    >>> [shots_words(shots) for shots in ("1", "10", "all", "", "1 each")]
    ['1 shot', '10 shots', 'all shots', '', '1 shot of each emotion']
    """
    number, _, each = shots.partition(" ")
    return number and f"{number} shot{'s' if number != '1' else ''}{' of each emotion' if each else ''}"


def conditions_in_order(conditions: pd.Series) -> list[str]:
    """The conditions that there are: clean, then noise by noise, the loudest speech first.

    >>> conditions_in_order(pd.Series(["park 0 dB", "kitchen 0 dB", "", "kitchen 10 dB"]))
    ['', 'kitchen 10 dB', 'kitchen 0 dB', 'park 0 dB']
    """

    def rank(condition: str) -> tuple[bool, str, float]:
        parts = _NOISE.fullmatch(condition)
        return bool(condition), *((parts[1], -float(parts[2])) if parts else (condition, 0.0))

    return sorted({str(condition) for condition in conditions}, key=rank)


def condition_words(condition: str) -> str:
    """What a condition is called.

    >>> condition_words(""), condition_words("kitchen 10 dB")
    ('clean', 'kitchen 10 dB')
    """
    return condition or CLEAN
